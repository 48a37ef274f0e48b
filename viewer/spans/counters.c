/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "counters.h"
#include "format_number.h"

/* Powers of ten and integers that a double holds exactly. */
#define EXACT_POWERS   22u
#define EXACT_INTEGERS (1ll << 53)

static bool is_number(uint8_t type)
{
	return type >= TTLOG_TYPE_I8 && type != TTLOG_TYPE_STR && type != TTLOG_TYPE_BYTES &&
	       type != TTLOG_TYPE_PTR && type != TTLOG_TYPE_HEX;
}

static size_t count_keys(const char *keys)
{
	size_t cnt = 1;

	for (; *keys; keys++)
		cnt += *keys == ',';
	return cnt;
}

size_t counters__key(const struct counters *counters, struct ttlog_text key)
{
	const char *keys = counters->keys;
	size_t i = 0;

	for (; i < counters->key_cnt; i++) {
		size_t len = strcspn(keys, ",");

		if (ttlog_text_equal(key, (struct ttlog_text){ keys, len }))
			break;
		keys += len + 1;
	}
	return i;
}

static uint16_t choose_fields(const struct counters *counters, const struct ttlog_site *site)
{
	unsigned chosen = 0;

	for (unsigned i = 0; i < site->nfields; i++) {
		if (is_number(site->types[i]) &&
		    counters__key(counters, site->keys[i]) < counters->key_cnt)
			chosen |= 1u << i;
	}
	return (uint16_t)chosen;
}

int counters__init(struct counters *ret, const struct provenances *provenances, const char *keys)
{
	struct counters counters = { .keys = keys };

	*ret = counters;
	if (!keys)
		return 0;
	counters.key_cnt = count_keys(keys);
	counters.fields = calloc(provenances->site_cnt + 1, sizeof(*counters.fields));
	if (!counters.fields)
		return -ENOMEM;
	for (size_t i = 0; i < provenances->cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(provenances->list[i].reader);
		uint16_t *to = counters.fields + provenances->list[i].first_site;

		for (size_t k = 0; k < header->site_cnt; k++)
			to[k] = choose_fields(&counters, header->sites[k]);
	}
	*ret = counters;
	return 0;
}

void counters__fini(struct counters *counters)
{
	free(counters->fields);
	counters->fields = NULL;
}

bool counters__value(const struct ttlog_event *event, unsigned field, struct ttlog_field *ret)
{
	ttlog_event_field(event, field, ret);
	if (ret->null || ret->type == TTLOG_TYPE_NONE)
		return false;
	return (ret->type != TTLOG_TYPE_F32 && ret->type != TTLOG_TYPE_F64) || isfinite(ret->d);
}

double counters__double(const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES + 1];

	switch (field->type) {
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
		return field->d;
	case TTLOG_TYPE_DECIMAL:
		/* both are exact, so the quotient is the nearest double */
		if (field->scale <= EXACT_POWERS && field->i < EXACT_INTEGERS &&
		    field->i > -EXACT_INTEGERS)
			return (double)field->i / pow(10, field->scale);
		buf[format__decimal(buf, field->i, field->scale)] = '\0';
		return strtod(buf, NULL);
	default:
		return ttlog_type_is_signed(field->type) ? (double)field->i : (double)field->u;
	}
}
