/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "array.h"
#include "kept_file.h"
#include "out_name.h"

#define TIME_DIGITS 17u /* YYYYMMDDHHMMSSmmm */
#define NS_PER_MS   1000000u
#define NS_PER_S    1000000000u

static int number_of(const char *digits, size_t cnt)
{
	int number = 0;

	while (cnt--)
		number = number * 10 + (*digits++ - '0');
	return number;
}

static uint64_t real_ns_of(const char *time)
{
	struct tm utc = {
		.tm_year = number_of(time, 4) - 1900,
		.tm_mon = number_of(time + 4, 2) - 1,
		.tm_mday = number_of(time + 6, 2),
		.tm_hour = number_of(time + 8, 2),
		.tm_min = number_of(time + 10, 2),
		.tm_sec = number_of(time + 12, 2),
	};
	const time_t seconds = timegm(&utc);

	if (seconds < 0)
		return 0;
	return (uint64_t)seconds * NS_PER_S + (uint64_t)number_of(time + 14, 3) * NS_PER_MS;
}

/* reason: with the suffix. */
static enum kept_rank rank_of(const char *reason)
{
	static const struct {
		const char *reason;
		enum kept_rank rank;
	} ranks[] = {
		{ "timer.bin", KEPT_TIMER },       { "stream.bin", KEPT_TIMER },
		{ "stream.bin.part", KEPT_TIMER }, { "killed.bin", KEPT_KILLED },
		{ "recovered.bin", KEPT_KILLED },  { "crash.bin", KEPT_CRASH },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranks); i++) {
		if (strcmp(reason, ranks[i].reason) == 0)
			return ranks[i].rank;
	}
	return KEPT_REQUEST;
}

bool kept_file__parse(struct kept_file *file, const char *name)
{
	const enum out_name kind = out_name__kind(name);
	const char *time;

	if (kind != OUT_NAME_FILE && kind != OUT_NAME_PART)
		return false;
	time = strchr(name + strlen("ttlog-"), '-') + 1;
	file->real_ns = real_ns_of(time);
	file->rank = rank_of(time + TIME_DIGITS + 1);
	file->is_open = kind == OUT_NAME_PART;
	return true;
}

const char *kept_file__why(enum kept_why why)
{
	static const char *const names[] = {
		[KEPT_STAYS] = "",
		[KEPT_MAX_SNAPSHOTS] = "max-snapshots",
		[KEPT_MAX_DISK] = "max-disk",
		[KEPT_MAX_AGE] = "max-age",
		[KEPT_KEEP_FREE] = "keep-free",
	};

	return names[why];
}
