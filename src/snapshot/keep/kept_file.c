/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "array.h"
#include "kept_file.h"
#include "out_name.h"

#define TIME_DIGITS 17u /* YYYYMMDDHHMMSSmmm */

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
	file->real_ns = out_name__real_ns(name);
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
