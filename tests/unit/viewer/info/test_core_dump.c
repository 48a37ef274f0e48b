/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ttlog/read.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_dump.h"

#define BOOT_ID "0123456789abcdef0123456789abcdef"
#define REAL_S  1795240800ull

struct fixture {
	char dir[64], pattern[128];
	struct ttlog_crash crash;
	struct ttlog_info info;
	struct core_dump_places places;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)strcpy(fixture->dir, "/tmp/ttlog-core.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	fixture->crash = (struct ttlog_crash){ .is_there = true, .has_number = true, .number = 11 };
	fixture->info = (struct ttlog_info){
		.has_pid = true,
		.pid = 42,
		.real_ns = REAL_S * 1000000000,
		.comm = ttlog_text_of("a/b"),
		.boot_id = ttlog_text_of("01234567-89ab-cdef-0123-456789abcdef"),
		.crash = &fixture->crash,
	};
	fixture->places = (struct core_dump_places){ .systemd_dir = fixture->dir };
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -r %s", fixture->dir);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

static void make(const struct fixture *fixture, const char *name)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static void assert_found(const struct fixture *fixture, const char *name)
{
	char path[256];
	char *found = core_dump__find_in(&fixture->info, &fixture->places);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	(void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
	assert_string_equal(found, path);
	free(found);
}

static void use_pattern(struct fixture *fixture, const char *pattern)
{
	(void)snprintf(fixture->pattern, sizeof(fixture->pattern), "%s/%s", fixture->dir, pattern);
	fixture->places.pattern = fixture->pattern;
}

static void test_core_dump_of_systemd(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "core.a.b.0." BOOT_ID ".43.1795240800000000.zst");
	make(fixture, "core.a.b.0.fedcba9876543210fedcba9876543210.42.1795240800000000.zst");
	make(fixture, "core.a.b.0." BOOT_ID ".42.text");
	make(fixture, "other.a.b.0." BOOT_ID ".42.1795240800000000.zst");
	assert_found(fixture, NULL);
	make(fixture, "core.a.b.0." BOOT_ID ".42.1795240799000000.zst");
	assert_found(fixture, "core.a.b.0." BOOT_ID ".42.1795240799000000.zst");
	make(fixture, "core.a.b.0." BOOT_ID ".42.1795240700000000.zst");
	assert_found(fixture, "core.a.b.0." BOOT_ID ".42.1795240799000000.zst");
	fixture->info.real_ns += 3600ull * 1000000000;
	assert_found(fixture, NULL);
}

static void test_core_dump_of_pattern(void **state)
{
	struct fixture *fixture = *state;

	use_pattern(fixture, "core.%e.%p.%s.%t.%%");
	assert_found(fixture, NULL);
	make(fixture, "core.a!b.42.11.1795240799.%");
	assert_found(fixture, "core.a!b.42.11.1795240799.%");
	use_pattern(fixture, "core.%p.%u");
	make(fixture, "core.42.0");
	assert_found(fixture, NULL); /* whose it was is not known */
	fixture->info.has_uid = true;
	assert_found(fixture, "core.42.0");
	use_pattern(fixture, "core.42.%I");
	assert_found(fixture, NULL);
	fixture->places.pattern = "|/usr/share/apport/apport %p";
	assert_found(fixture, NULL);
	fixture->places.pattern = "core";
	assert_found(fixture, NULL);
}

static void test_core_dump_of_no_crash(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "core.a.b.0." BOOT_ID ".42.1795240799000000.zst");
	fixture->crash.is_there = false;
	assert_found(fixture, NULL);
	fixture->crash.is_there = true;
	fixture->info.boot_id = ttlog_text_of("0123");
	assert_found(fixture, NULL);
	fixture->places.systemd_dir = "/nonexistent";
	assert_found(fixture, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_core_dump_of_systemd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_core_dump_of_pattern, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_core_dump_of_no_crash, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
