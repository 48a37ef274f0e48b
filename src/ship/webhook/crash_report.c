/* SPDX-License-Identifier: MIT */
/* Texts come from programs that crashed: each is cut to its place, at a whole character. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash_report.h"
#include "utf8.h"

#define SECOND_NS UINT64_C(1000000000)
#define MOST_S    INT64_C(18446744072) /* whose nanoseconds can be counted */

/* ---- reading ---- */

static void copy(char *ret, size_t size, const char *text)
{
	const size_t len = strlen(text), cut = len < size - 1 ? len : size - 1;
	const size_t valid = utf8__valid_bytes((const unsigned char *)text, cut);

	memcpy(ret, text, valid);
	ret[valid] = '\0';
}

/* As a list of the fleet has it. -EINVAL, -ENOMEM. */
static int read_summary(struct index_summary *ret, const char *info)
{
	char *message = NULL, *summary;
	int err;

	if (asprintf(&message, "{\"info\":%s}", info) < 0)
		return -ENOMEM;
	summary = index_summary__of_message(message, strlen(message));
	err = summary ? index_summary__decode(ret, summary, strlen(summary)) : -errno;
	free(summary);
	free(message);
	return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

/* Of "ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin"; 0: it has none. */
static uint64_t time_of(const char *file)
{
	struct tm tm = { 0 };
	time_t time_s;

	if (sscanf(file, "ttlog-%*[0-9]-%4d%2d%2d%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_s = timegm(&tm);
	return time_s < 0 ? 0 : time_s > MOST_S ? MOST_S : (uint64_t)time_s;
}

int crash_report__read(struct crash_report *ret, const char *info, const char *service,
		       const char *file, const char *host)
{
	struct index_summary summary = { .pid = 0 };
	const int err = read_summary(&summary, info);

	if (err)
		return err;
	*ret = (struct crash_report){ .time_s = time_of(file) };
	copy(ret->file, sizeof(ret->file), file);
	copy(ret->host, sizeof(ret->host), host);
	copy(ret->service, sizeof(ret->service), service);
	copy(ret->signature, sizeof(ret->signature), summary.signature);
	copy(ret->signal, sizeof(ret->signal), summary.signal);
	copy(ret->frame, sizeof(ret->frame), summary.frame);
	rfc3339__text(ret->time, summary.created_ns ? summary.created_ns : ret->time_s * SECOND_NS);
	if (fleet_name__object(ret->object, host, service, file))
		ret->object[0] = '\0';
	return 0;
}

void crash_report__key(const struct crash_report *report, char ret[CRASH_KEY_BYTES])
{
	if (report->signature[0])
		copy(ret, CRASH_KEY_BYTES, report->signature);
	else
		(void)snprintf(ret, CRASH_KEY_BYTES, "none: %s %s", report->service,
			       report->signal);
}

/* ---- writing ---- */

/* One line for people, which chat programs show. */
static void sentence(const struct crash_report *report, enum crash_news news, char *ret,
		     size_t size)
{
	(void)snprintf(ret, size, "%s crashed on %s: %s%s%s (%s)", report->service, report->host,
		       report->signal[0] ? report->signal : "unknown signal",
		       report->frame[0] ? " in " : "", report->frame,
		       news == CRASH_BACK ? "back after a week or more" : "new");
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text[0])
		(void)json_object_set_new(object, key, json_string(text));
}

char *crash_report__json(const struct crash_report *report, enum crash_news news, uint64_t cnt,
			 uint64_t before_s)
{
	char text[2 * FLEET_NAME_BYTES + INDEX_FRAME_BYTES + 128], before[RFC3339_BYTES + 1] = "";
	json_t *object = json_object();
	char *json;

	sentence(report, news, text, sizeof(text));
	if (news == CRASH_BACK)
		rfc3339__text(before, before_s * SECOND_NS);
	set_text(object, "text", text);
	set_text(object, "event", news == CRASH_BACK ? "back" : "new");
	set_text(object, "signature", report->signature);
	set_text(object, "host", report->host);
	set_text(object, "service", report->service);
	set_text(object, "reason", "crash");
	set_text(object, "signal", report->signal);
	set_text(object, "frame", report->frame);
	set_text(object, "time", report->time);
	set_text(object, "last_time", before);
	set_text(object, "file", report->file);
	set_text(object, "object", report->object);
	(void)json_object_set_new(object, "count", json_integer((json_int_t)cnt));
	json = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return json;
}
