/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "out_name.h"

#define DIGITS        "0123456789"
#define HEX           DIGITS "abcdef"
#define TIME_DIGITS   17u
#define NUMBER_DIGITS 16u
#define NS_PER_MS     1000000u
#define NS_PER_S      1000000000u

/* After some of the characters, and the separator. cnt: so many; 0: at least one. NULL: it is not so. */
static const char *skip(const char *text, const char *characters, size_t cnt, char separator)
{
	const size_t len = text ? strspn(text, characters) : 0;

	return len && (!cnt || len == cnt) && text[len] == separator ? text + len + 1 : NULL;
}

static const char *skip_word(const char *text, const char *word)
{
	const size_t len = strlen(word);

	return text && strncmp(text, word, len) == 0 ? text + len : NULL;
}

static enum out_name visible_kind(const char *name)
{
	static const char bin[] = ".bin";
	const char *pid_end = skip(skip_word(name, "ttlog-"), DIGITS, 0, '-');
	const char *reason = skip(pid_end, DIGITS, TIME_DIGITS, '-');
	size_t len;

	if (!reason || strchr(reason, '/'))
		return OUT_NAME_FOREIGN;
	if (strcmp(reason, "stream.bin.part") == 0)
		return OUT_NAME_PART;
	len = strlen(reason);
	if (len < sizeof(bin) || strcmp(reason + len - (sizeof(bin) - 1), bin) != 0)
		return OUT_NAME_FOREIGN;
	return OUT_NAME_FILE;
}

enum out_name out_name__kind(const char *name)
{
	const char *at;

	if (name[0] != '.')
		return visible_kind(name);
	if (strcmp(name, OUT_NAME_AGE) == 0 || strcmp(name, OUT_NAME_NEW_AGE) == 0)
		return OUT_NAME_CLOCK;
	at = skip(skip_word(name, ".ttlog-"), DIGITS, 0, '-');
	at = skip(at, HEX, NUMBER_DIGITS, '.');
	return at && strcmp(at, "tmp") == 0 ? OUT_NAME_HIDDEN : OUT_NAME_FOREIGN;
}

static int number_of(const char *digits, size_t cnt)
{
	int number = 0;

	while (cnt--)
		number = number * 10 + (*digits++ - '0');
	return number;
}

uint64_t out_name__real_ns(const char *name)
{
	const char *time = strchr(name + strlen("ttlog-"), '-') + 1;
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
