/* SPDX-License-Identifier: MIT */
/* How much memory cgroups have left, in directory trees as v1 and v2 make them. */
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "memory_group.h"

#define MIB ((uint64_t)1 << 20)

static char root[32];

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/test_group.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the file and the directories above it. */
static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static uint64_t left_bytes(const char *cgroups)
{
	char path[PATH_MAX];

	put("cgroup", cgroups);
	(void)snprintf(path, sizeof(path), "%s/cgroup", root);
	return memory_group__left_bytes(path, root);
}

static void test_memory_group_without_a_limit(void **state)
{
	(void)state;
	assert_true(left_bytes("") == UINT64_MAX);
	assert_true(left_bytes("0::/a\n") == UINT64_MAX);
	put("a/memory.max", "max\n");
	put("a/memory.current", "1048576\n");
	assert_true(left_bytes("0::/a\n") == UINT64_MAX);
	put("memory/b/memory.limit_in_bytes", "9223372036854771712\n");
	put("memory/b/memory.usage_in_bytes", "1048576\n");
	assert_true(left_bytes("4:memory:/b\n0::/\n") == UINT64_MAX);
	assert_true(memory_group__left_bytes("/nowhere", root) == UINT64_MAX);
}

static void test_memory_group_v2(void **state)
{
	(void)state;
	put("a/b/memory.max", "67108864\n");
	put("a/b/memory.current", "16777216\n");
	assert_true(left_bytes("0::/a/b\n") == 48 * MIB);
	put("a/b/memory.stat", "anon 5\nfile 8388608\ninactive_file 4194304\n");
	assert_true(left_bytes("0::/a/b\n") == 52 * MIB);
	put("a/b/memory.current", "134217728\n");
	assert_true(left_bytes("0::/a/b\n") == 0);
	put("a/b/memory.current", "1\n");
	assert_true(left_bytes("0::/a/b\n") == 64 * MIB);
}

static void test_memory_group_v1(void **state)
{
	(void)state;
	put("memory/a/memory.limit_in_bytes", "67108864\n");
	put("memory/a/memory.usage_in_bytes", "16777216\n");
	put("memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 4194304\n");
	assert_true(left_bytes("9:pids:/x\n4:memory:/a\n0::/\n") == 52 * MIB);
}

/* The smallest of the group's own and its parents' counts. A container that sees its own group as
 * the root works, too. */
static void test_memory_group_above(void **state)
{
	(void)state;
	put("a/b/memory.max", "67108864\n");
	put("a/b/memory.current", "0\n");
	put("a/memory.max", "33554432\n");
	put("a/memory.current", "1048576\n");
	assert_true(left_bytes("0::/a/b\n") == 31 * MIB);
	assert_true(left_bytes("0::/a/b/\n") == 31 * MIB);
	put("memory.max", "8388608\n");
	put("memory.current", "1048576\n");
	assert_true(left_bytes("0::/a/b\n") == 7 * MIB);
	assert_true(left_bytes("0::/\n") == 7 * MIB);
	assert_true(left_bytes("0::/docker/1234\n") == 7 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory_group_without_a_limit, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(test_memory_group_v2, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_memory_group_v1, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_memory_group_above, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
