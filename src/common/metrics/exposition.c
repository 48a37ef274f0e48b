/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "exposition.h"
#include "utf8.h"

/* A double that is read back as the same value needs 17 digits; a bound and a sum need less. */
#define REAL "%.12g"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static const char *kind_name(enum exposition_kind kind)
{
	switch (kind) {
	case EXPOSITION_COUNTER:
		return "counter";
	case EXPOSITION_GAUGE:
		return "gauge";
	case EXPOSITION_HISTOGRAM:
		return "histogram";
	}
	return "untyped";
}

void exposition__begin(FILE *out, const struct exposition_family *family)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		kind_name(family->kind));
}

void exposition__label_value(FILE *out, const char *value)
{
	const char *const end = value + strlen(value);
	uint32_t point;

	while (value < end) {
		const size_t bytes = utf8__next(value, end, &point);

		if (point == '\n')
			fputs("\\n", out);
		else if (point == '"' || point == '\\')
			fprintf(out, "\\%c", (int)point);
		else if (point == UTF8_INVALID || point < ' ' || point == 0x7f)
			fputs(replacement, out);
		else
			(void)fwrite(value, 1, bytes, out);
		value += bytes;
	}
}

static void write_labels(FILE *out, const struct exposition_label *labels, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		fprintf(out, "%s%s=\"", i ? "," : "{", labels[i].name);
		exposition__label_value(out, labels[i].value);
		fputc('"', out);
	}
	if (cnt)
		fputc('}', out);
}

void exposition__count(FILE *out, const struct exposition_family *family,
		       const struct exposition_label *labels, size_t cnt, uint64_t value)
{
	fputs(family->name, out);
	write_labels(out, labels, cnt);
	fprintf(out, " %" PRIu64 "\n", value);
}

void exposition__real(FILE *out, const struct exposition_family *family,
		      const struct exposition_label *labels, size_t cnt, double value)
{
	fputs(family->name, out);
	write_labels(out, labels, cnt);
	fprintf(out, " " REAL "\n", value);
}

void exposition__histogram(FILE *out, const struct exposition_family *family,
			   const struct exposition_bucket *buckets, size_t cnt, double sum)
{
	for (size_t i = 0; i + 1 < cnt; i++)
		fprintf(out, "%s_bucket{le=\"" REAL "\"} %" PRIu64 "\n", family->name,
			buckets[i].bound, buckets[i].cnt);
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", family->name, buckets[cnt - 1].cnt);
	fprintf(out, "%s_sum " REAL "\n%s_count %" PRIu64 "\n", family->name, sum, family->name,
		buckets[cnt - 1].cnt);
}
