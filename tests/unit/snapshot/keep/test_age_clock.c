/* SPDX-License-Identifier: MIT */
/* How old files are when the wall clock jumps. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "age_clock.h"
#include "out_name.h"
#include "array.h"
#include "kept_file.h"
#include "temp_dir.h"

#define NS_PER_S 1000000000ull
#define HOUR     3600
#define DAY      (24 * HOUR)
#define YEAR     (365 * DAY)
#define NOW      1767268800 /* seconds since 1970 */
#define MAX_FILE 8
#define BOOT     "11111111-2222-3333-4444-555555555555"
#define NEXT     "66666666-2222-3333-4444-555555555555"

static void advance(struct age_clock *clock, const char *boot_id, int64_t real_s, uint64_t boot_s)
{
	struct age_clock_time now = {
		.real_ns = (uint64_t)real_s * NS_PER_S,
		.boot_ns = boot_s * NS_PER_S,
	};

	strcpy(now.boot_id, boot_id);
	(void)age_clock__advance(clock, &now);
}

/* Files made at these times, in this order; 0 ends them. Which are more than a day old: a digit
 * each. */
static const char *old(struct age_clock *clock, const int64_t made_s[MAX_FILE], size_t *ret_held)
{
	static char text[MAX_FILE + 1];
	struct kept_file files[MAX_FILE] = { 0 };
	size_t cnt = 0;

	for (; cnt < MAX_FILE && made_s[cnt]; cnt++) {
		files[cnt].real_ns = (uint64_t)made_s[cnt] * NS_PER_S;
		files[cnt].order = (int64_t)cnt;
	}
	assert_int_equal(age_clock__find_old(clock, files, cnt, DAY * NS_PER_S, ret_held), 0);
	for (size_t i = 0; i < cnt; i++)
		text[i] = files[i].why == KEPT_MAX_AGE ? '1' : '0';
	text[cnt] = '\0';
	return text;
}

static const int64_t three[MAX_FILE] = { NOW - 2 * DAY, NOW - DAY - 1, NOW - DAY };

static void test_age_clock_without_jumps(void **state)
{
	struct age_clock clock = { .ahead_ns = 0 };
	size_t held;

	(void)state;
	advance(&clock, BOOT, NOW, 1000);
	assert_string_equal(old(&clock, three, &held), "110");
	/* slower or faster by less than a minute is no jump */
	advance(&clock, BOOT, NOW + 30, 1000 + 80);
	assert_string_equal(old(&clock, three, &held), "111");
	/* no collector ran for a week, on a machine that did */
	advance(&clock, BOOT, NOW + 7 * DAY, 1000 + 7 * DAY);
	assert_int_equal(clock.ahead_ns, 0);
	assert_int_equal(held, 0);
}

static void test_age_clock_jumps_ahead(void **state)
{
	const int64_t files[MAX_FILE] = { NOW - HOUR, NOW, NOW + YEAR + 70 };
	struct age_clock clock = { .ahead_ns = 0 };
	size_t held;

	(void)state;
	advance(&clock, BOOT, NOW, 1000);
	advance(&clock, BOOT, NOW + YEAR, 1060);
	assert_string_equal(old(&clock, files, &held), "000");
	assert_int_equal(held, 2);
	/* and back: all is as before */
	advance(&clock, BOOT, NOW + 120, 1120);
	assert_int_equal(clock.ahead_ns / (int64_t)NS_PER_S, 0);
	/* or not: they go when they are a day old, and then nothing is left of the jump */
	advance(&clock, BOOT, NOW + YEAR + 60, 1120);
	advance(&clock, BOOT, NOW + YEAR + DAY - HOUR + 100, 1060 + DAY - HOUR + 100);
	assert_string_equal(old(&clock, files, &held), "100");
	advance(&clock, BOOT, NOW + YEAR + DAY + 3 * HOUR, 1060 + DAY + 3 * HOUR);
	assert_string_equal(old(&clock, files, &held), "111");
	assert_int_equal(held, 0);
	assert_int_equal(clock.ahead_ns, 0);
}

/* Over a reboot a day of the time that passed may have passed. */
static void test_age_clock_over_a_reboot(void **state)
{
	const int64_t files[MAX_FILE] = { NOW - HOUR, NOW - 10 };
	const int64_t later[MAX_FILE] = { NOW + 10ll * YEAR - HOUR, NOW + 10ll * YEAR + 60 };
	struct age_clock clock = { .ahead_ns = 0 };
	size_t held;

	(void)state;
	advance(&clock, BOOT, NOW, 1000);
	advance(&clock, NEXT, NOW + DAY - HOUR + 10, 20);
	assert_int_equal(clock.ahead_ns, 0);
	assert_string_equal(old(&clock, files, &held), "10");
	/* a wrong clock after a boot, which is then set from the network */
	advance(&clock, BOOT, 1000, 10);
	assert_string_equal(old(&clock, files, &held), "00");
	advance(&clock, BOOT, NOW + DAY - HOUR + 70, 70);
	assert_string_equal(old(&clock, files, &held), "10");
	/* ten years at a boot */
	advance(&clock, NEXT, NOW + 10ll * YEAR, 30);
	assert_string_equal(old(&clock, files + 1, &held), "1");
	advance(&clock, BOOT, NOW + 20ll * YEAR, 30);
	assert_string_equal(old(&clock, later, &held), "10");
}

/* The first collector ever runs before the time is set. */
static void test_age_clock_first_time_is_wrong(void **state)
{
	const int64_t files[MAX_FILE] = { 1000, 1010, NOW, NOW + 10 };
	struct age_clock clock = { .ahead_ns = 0 };
	size_t held;

	(void)state;
	advance(&clock, BOOT, 1000, 10);
	advance(&clock, BOOT, NOW, 70);
	assert_string_equal(old(&clock, files, &held), "0000");
	advance(&clock, BOOT, NOW + DAY - 61, 9 + DAY);
	assert_string_equal(old(&clock, files, &held), "0000");
	advance(&clock, BOOT, NOW + DAY - 59, 11 + DAY);
	assert_string_equal(old(&clock, files, &held), "1000");
	advance(&clock, BOOT, NOW + DAY + 5, 75 + DAY);
	assert_string_equal(old(&clock, files, &held), "1110");
}

/* The clock was ahead, and was set back: what was written then is as old as what came next. */
static void test_age_clock_files_of_the_future(void **state)
{
	const int64_t files[MAX_FILE] = { NOW + YEAR, NOW - DAY, NOW + 2 * YEAR, NOW - 10,
					  NOW + YEAR };
	struct age_clock clock = { .ahead_ns = 0 };
	size_t held;

	(void)state;
	advance(&clock, BOOT, NOW + 20, 1000);
	assert_string_equal(old(&clock, files, &held), "11000");
	/* a copy of an old file looks like the newest: that makes no other one old */
	assert_string_equal(old(&clock, (const int64_t[MAX_FILE]){ NOW, NOW - 9 * DAY }, &held),
			    "01");
	/* a jump back is forgotten after a day */
	advance(&clock, BOOT, NOW - YEAR, 1060);
	advance(&clock, BOOT, NOW - YEAR + DAY, 1060 + DAY);
	assert_true(clock.ahead_ns < 0);
	advance(&clock, BOOT, NOW - YEAR + DAY + 60, 1120 + DAY);
	assert_int_equal(clock.ahead_ns, 0);
}

static void test_age_clock_is_kept(void **state)
{
	static const char *const damaged[] = { "", "ttlog-age 2 boot x\n",
					       "ttlog-age 1 boot " BOOT };
	char dir[] = "/tmp/test_age_clock.XXXXXX";
	struct age_clock clock = { .ahead_ns = -5, .behind_ns = 7 }, read;
	int dir_fd, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	age_clock__load(&read, dir_fd);
	assert_int_equal(read.last.real_ns, 0);
	age_clock__now(&clock.last);
	assert_true(clock.last.boot_id[0]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(age_clock__save(&clock, dir_fd), 0);
		age_clock__load(&read, dir_fd);
		assert_int_equal(read.last.real_ns, clock.last.real_ns);
		assert_int_equal(read.last.boot_ns, clock.last.boot_ns);
		assert_string_equal(read.last.boot_id, clock.last.boot_id);
		assert_int_equal(read.ahead_ns, -5);
		assert_int_equal(read.behind_ns, 7);
	}
	assert_int_equal(temp_dir__file_cnt(dir), 1);
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		fd = openat(dir_fd, OUT_NAME_AGE, O_WRONLY | O_TRUNC | O_CLOEXEC);
		assert_int_equal(write(fd, damaged[i], strlen(damaged[i])), strlen(damaged[i]));
		(void)close(fd);
		age_clock__load(&read, dir_fd);
		assert_int_equal(read.last.real_ns, 0);
	}
	/* what a killed collector left there, or what was planted, is neither followed nor written */
	assert_int_equal(mkfifoat(dir_fd, OUT_NAME_NEW_AGE, 0600), 0);
	assert_int_equal(age_clock__save(&clock, dir_fd), 0);
	assert_int_equal(symlinkat("victim", dir_fd, OUT_NAME_NEW_AGE), 0);
	assert_int_equal(age_clock__save(&clock, dir_fd), 0);
	assert_int_equal(temp_dir__file_cnt(dir), 1);
	assert_int_equal(unlinkat(dir_fd, OUT_NAME_AGE, 0), 0);
	assert_int_equal(mkfifoat(dir_fd, OUT_NAME_AGE, 0600), 0);
	age_clock__load(&read, dir_fd);
	assert_int_equal(read.last.real_ns, 0);
	assert_int_equal(age_clock__save(&clock, dir_fd), 0);
	age_clock__load(&read, dir_fd);
	assert_int_equal(read.ahead_ns, -5);
	(void)close(dir_fd);
	assert_int_equal(age_clock__save(&clock, -1), -EBADF);
	assert_int_equal(temp_dir__remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age_clock_without_jumps),
		cmocka_unit_test(test_age_clock_jumps_ahead),
		cmocka_unit_test(test_age_clock_over_a_reboot),
		cmocka_unit_test(test_age_clock_first_time_is_wrong),
		cmocka_unit_test(test_age_clock_files_of_the_future),
		cmocka_unit_test(test_age_clock_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
