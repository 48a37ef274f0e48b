/* SPDX-License-Identifier: MIT */
/*
 * Private directories: found if the user may have them, refused if another user made them first.
 *
 * Root's directory is fixed, so the cases run as another user when the tests run as root.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "runtime_dir.h"

#define OTHER_USER 54321

static char base[] = "/tmp/ttlog-runtime-XXXXXX";
static uid_t user;

static const char *in_base(const char *name)
{
	static char path[4][256];
	static size_t next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", base, name);
	return path[next];
}

static const char *own_name(const char *parent)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/ttlog-%u", parent, (unsigned)user);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static int setup(void **state)
{
	(void)state;
	strcpy(base + strlen(base) - 6, "XXXXXX");
	if (!mkdtemp(base) || chmod(base, 01777))
		return -1;
	user = geteuid() ? geteuid() : OTHER_USER;
	if (seteuid(user))
		return -1;
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("TMPDIR");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (user == OTHER_USER && seteuid(0))
		return -1;
	return temp_dir__remove(base);
}

static void test_runtime_dir_prefers_xdg(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(mkdir(in_base("xdg"), 0700), 0);
	setenv("XDG_RUNTIME_DIR", in_base("xdg"), 1);
	setenv("TMPDIR", base, 1);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, in_base("xdg/ttlog"));
	assert_int_equal(mode_of(path), 0700);
	/* and again, now that it exists */
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, in_base("xdg/ttlog"));
}

static void test_runtime_dir_falls_back(void **state)
{
	char path[PATH_MAX];

	(void)state;
	setenv("TMPDIR", base, 1);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, own_name(base));
	assert_int_equal(mode_of(path), 0700);
	/* no such directory, or no absolute path: as if it weren't set */
	setenv("XDG_RUNTIME_DIR", in_base("none"), 1);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, own_name(base));
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, own_name(base));
}

static void test_runtime_dir_takes_rights_away(void **state)
{
	char path[PATH_MAX];

	(void)state;
	setenv("TMPDIR", base, 1);
	assert_int_equal(mkdir(own_name(base), 0755), 0);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_int_equal(mode_of(path), 0700);
}

static void test_runtime_dir_refuses_what_others_may_write(void **state)
{
	char path[PATH_MAX] = "untouched";

	(void)state;
	setenv("TMPDIR", base, 1);
	assert_int_equal(mkdir(own_name(base), 0700), 0);
	assert_int_equal(chmod(own_name(base), 0770), 0);
	assert_int_equal(runtime_dir__find(path), -EPERM);
	assert_string_equal(path, "untouched");
	assert_int_equal(chmod(own_name(base), 0702), 0);
	assert_int_equal(runtime_dir__find(path), -EPERM);
}

static void test_runtime_dir_refuses_links_and_files(void **state)
{
	char path[PATH_MAX];
	FILE *file;

	(void)state;
	setenv("TMPDIR", base, 1);
	assert_int_equal(mkdir(in_base("target"), 0700), 0);
	assert_int_equal(symlink(in_base("target"), own_name(base)), 0);
	assert_int_equal(runtime_dir__find(path), -EPERM);
	assert_int_equal(unlink(own_name(base)), 0);
	file = fopen(own_name(base), "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(runtime_dir__find(path), -EPERM);
}

static void test_runtime_dir_refuses_other_owners(void **state)
{
	char path[PATH_MAX];

	(void)state;
	if (user != OTHER_USER)
		skip();
	setenv("TMPDIR", base, 1);
	assert_int_equal(mkdir(own_name(base), 0700), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(own_name(base), OTHER_USER + 1, (gid_t)-1), 0);
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(runtime_dir__find(path), -EPERM);
	/* it makes no difference whether we can read it */
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(own_name(base), 0755), 0);
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(runtime_dir__find(path), -EPERM);
}

static void test_runtime_dir_of_root(void **state)
{
	char path[PATH_MAX];
	struct stat st;
	int had;

	(void)state;
	if (user != OTHER_USER)
		skip();
	assert_int_equal(seteuid(0), 0);
	had = !stat("/run/ttlog", &st);
	/* sudo may have kept the user's variable */
	setenv("XDG_RUNTIME_DIR", base, 1);
	assert_int_equal(runtime_dir__find(path), 0);
	assert_string_equal(path, "/run/ttlog");
	assert_int_equal(mode_of(path), 0700);
	if (!had)
		(void)rmdir(path);
	assert_int_equal(seteuid(user), 0);
}

static int is_tmpfs(const char *path)
{
	struct statfs fs;

	assert_int_equal(statfs(path, &fs), 0);
	return fs.f_type == TMPFS_MAGIC;
}

static void test_runtime_dir_has_rings_in_memory(void **state)
{
	char path[PATH_MAX], shm[64];

	(void)state;
	if (!is_tmpfs("/dev/shm"))
		skip();
	snprintf(shm, sizeof(shm), "/dev/shm/ttlog-test-%d", (int)getpid());
	assert_int_equal(mkdir(shm, 0700), 0);
	setenv("XDG_RUNTIME_DIR", shm, 1);
	assert_int_equal(runtime_dir__find_for_rings(path), 0);
	assert_int_equal(strncmp(path, shm, strlen(shm)), 0);
	assert_string_equal(path + strlen(shm), "/ttlog");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(shm), 0);

	unsetenv("XDG_RUNTIME_DIR");
	setenv("TMPDIR", base, 1);
	assert_int_equal(runtime_dir__find_for_rings(path), 0);
	assert_true(is_tmpfs(path));
	assert_int_equal(mode_of(path), 0700);
	if (!is_tmpfs(base)) {
		assert_string_equal(path, own_name("/dev/shm"));
		if (user == OTHER_USER)
			assert_int_equal(rmdir(path), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runtime_dir_prefers_xdg, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_falls_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_takes_rights_away, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_refuses_what_others_may_write,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_refuses_links_and_files, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_refuses_other_owners, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_of_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime_dir_has_rings_in_memory, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
