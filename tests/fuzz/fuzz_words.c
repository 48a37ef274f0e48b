/* SPDX-License-Identifier: MIT */
/* Arguments of command lines: times, sizes, durations, lists of processes, globs. */
#include <string.h>

#include "fuzz.h"
#include "glob.h"
#include "parse.h"
#include "duration_unit.h"
#include "value.h"
#include "time_expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *source = malloc(size + 1), *second;
	struct number number;
	struct time_expr time;
	uint64_t value;
	pid_t *pids = NULL;
	size_t cnt = 0;

	FUZZ_CHECK(source);
	memcpy(source, data, size);
	source[size] = '\0';
	fuzz__begin();
	if (!time_expr__parse(&time, source))
		(void)time_expr__resolve(&time, UINT64_C(1795240800000000000));
	(void)parse__size(source, &value);
	(void)parse__duration(source, &value);
	FUZZ_CHECK(value__parse_level(source) <= 5);
	if (!parse__pids(source, &pids, &cnt))
		FUZZ_CHECK(cnt && pids[0] > 0);
	free(pids);
	second = memchr(source, '\n', size);
	if (second) {
		struct ttlog_text first = { source, (size_t)(second - source) };
		struct ttlog_text rest = { second + 1, size - first.len - 1 };

		(void)glob__match(first, rest);
		(void)duration_unit__parse(&number, first, rest);
	}
	free(source);
	fuzz__end();
	return 0;
}
