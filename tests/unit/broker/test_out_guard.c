/* SPDX-License-Identifier: MIT */
/* A broker with a strict policy, in a process of its own, and a recorder that asks for what it must
 * not have. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "array.h"
#include "temp_dir.h"
#include "broker.h"
#include "broker_server.h"
#include "dir_calls.h"
#include "new_file.h"
#include "out_dir.h"
#include "out_name.h"
#include "output_dir.h"

#define NAME  "ttlog-1-20261130143304123-crash.bin"
#define OTHER "ttlog-2-20261130143304123-crash.bin"
#define PART  "ttlog-1-20261130143304123-stream.bin.part"
#define READ  (O_RDONLY | O_NOFOLLOW | O_NONBLOCK)

static struct {
	char root[40], out[64], elsewhere[64], path[PATH_MAX];
	int dir_fd, elsewhere_fd;
} fixture;

static const char *const foreign[] = {
	"passwd", "..", "../" NAME, "sub/" NAME, "/etc/passwd", "", "ttlog-1-crash.bin",
};

static int setup_group(void **state)
{
	static struct broker_policy policy = { .is_strict = true };

	(void)state;
	strcpy(fixture.root, "/tmp/test_out_guard.XXXXXX");
	if (!mkdtemp(fixture.root))
		return -1;
	(void)snprintf(fixture.out, sizeof(fixture.out), "%s/out", fixture.root);
	(void)snprintf(fixture.elsewhere, sizeof(fixture.elsewhere), "%s/elsewhere", fixture.root);
	policy.out_dir = fixture.out;
	policy.group = getegid();
	if (mkdir(fixture.elsewhere, 0700) || broker__start(&policy))
		return -1;
	output_dir__use_broker();
	/* what it asks for does not matter */
	fixture.dir_fd = out_dir__open("/etc", OUT_DIR_NO_GROUP, fixture.path);
	fixture.elsewhere_fd = open(fixture.elsewhere, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fixture.dir_fd < 0 || fixture.elsewhere_fd < 0;
}

static int teardown_group(void **state)
{
	(void)state;
	dir_calls__use(&dir_calls__plain);
	broker__end();
	return temp_dir__remove(fixture.root);
}

static int empty(void **state)
{
	char command[256];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s/* %s/.ttlog*", fixture.out,
		       fixture.out);
	return system(command);
}

static void expect(int result, int err)
{
	assert_int_equal(result, -1);
	assert_int_equal(errno, err);
}

static void make(int dir_fd, const char *name)
{
	const int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(close(fd), 0);
}

static void test_out_guard_path_is_that_of_the_policy(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	assert_string_equal(fixture.path, fixture.out);
	assert_int_equal(fstat(fixture.dir_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(out_dir__open(fixture.out, OUT_DIR_NO_GROUP, path), -EPERM);
}

/* All that the recorder does there works. */
static void test_out_guard_allow_the_recorder(void **state)
{
	struct new_file file;
	struct stat st;
	int fd;

	(void)state;
	for (int can_be_unnamed = 0; can_be_unnamed < 2; can_be_unnamed++) {
		const char *name = can_be_unnamed ? NAME : OTHER;

		assert_int_equal(new_file__open(&file, fixture.dir_fd, can_be_unnamed), 0);
		assert_int_equal(new_file__share(&file, getegid()), 0);
		if (dir_calls__set_attribute(file.fd, "user.ttlog.service", "api", 3))
			assert_int_equal(errno, EOPNOTSUPP);
		assert_int_equal(new_file__publish(&file, name), 0);
		new_file__close(&file);
		assert_int_equal(dir_calls__look(fixture.dir_fd, name, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0640);
		fd = dir_calls__open(fixture.dir_fd, name, READ | O_NOCTTY, 0);
		assert_true(fd >= 0);
		assert_int_equal(close(fd), 0);
	}
	if (dir_calls__set_attribute(fixture.dir_fd, "user.ttlog.newest", "1", 1))
		assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(dir_calls__unlink(fixture.dir_fd, OTHER), 0);
	fd = dir_calls__open(fixture.dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	assert_true(fd >= 0);
	assert_int_equal(dir_calls__look(fd, NAME, &st), 0);
	assert_int_equal(close(fd), 0);
	fd = dir_calls__open(fixture.dir_fd, OUT_NAME_NEW_AGE, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(dir_calls__rename(fixture.dir_fd, OUT_NAME_NEW_AGE, OUT_NAME_AGE, 0), 0);
	make(fixture.dir_fd, PART);
	fd = dir_calls__open(fixture.dir_fd, PART, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void test_out_guard_refuse_another_directory(void **state)
{
	const int dir_fd = fixture.elsewhere_fd;
	const int fd = dir_calls__open(fixture.dir_fd, ".", O_TMPFILE | O_RDWR, 0600);
	struct stat st;
	int fresh = -1;

	(void)state;
	assert_true(fd >= 0);
	make(dir_fd, NAME);
	expect(dir_calls__open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0), EPERM);
	expect(dir_calls__open(dir_fd, NAME, READ, 0), EPERM);
	expect(dir_calls__open(dir_fd, OTHER, O_RDWR | O_CREAT | O_EXCL, 0600), EPERM);
	expect(dir_calls__look(dir_fd, NAME, &st), EPERM);
	expect(dir_calls__unlink(dir_fd, NAME), EPERM);
	expect(dir_calls__link(dir_fd, NAME, OTHER), EPERM);
	expect(dir_calls__rename(dir_fd, NAME, OTHER, 0), EPERM);
	expect(dir_calls__link_unnamed(dir_fd, fd, OTHER), EPERM);
	expect(dir_calls__set_attribute(dir_fd, "user.ttlog.newest", "1", 1), EPERM);
	expect(dir_calls__share(dir_fd, getegid()), EPERM);
	assert_int_equal(dir_calls__used()->find_new(fixture.elsewhere, getegid(), dir_fd, &fresh),
			 -EPERM);
	assert_int_equal(temp_dir__file_cnt(fixture.elsewhere), 1);
	assert_int_equal(unlinkat(dir_fd, NAME, 0), 0);
	assert_int_equal(close(fd), 0);
}

static void test_out_guard_refuse_foreign_names(void **state)
{
	const int dir_fd = fixture.dir_fd;
	const int fd = dir_calls__open(dir_fd, ".", O_TMPFILE | O_RDWR, 0600);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	make(dir_fd, "passwd");
	make(dir_fd, NAME);
	assert_int_equal(mkdirat(dir_fd, "sub", 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		expect(dir_calls__open(dir_fd, foreign[i], READ, 0), EPERM);
		expect(dir_calls__open(dir_fd, foreign[i], O_RDWR | O_CREAT | O_EXCL, 0600), EPERM);
		expect(dir_calls__look(dir_fd, foreign[i], &st), EPERM);
		expect(dir_calls__unlink(dir_fd, foreign[i]), EPERM);
		expect(dir_calls__link(dir_fd, foreign[i], OTHER), EPERM);
		expect(dir_calls__link(dir_fd, NAME, foreign[i]), EPERM);
		expect(dir_calls__rename(dir_fd, foreign[i], OTHER, 0), EPERM);
		expect(dir_calls__rename(dir_fd, NAME, foreign[i], RENAME_NOREPLACE), EPERM);
		expect(dir_calls__link_unnamed(dir_fd, fd, foreign[i]), EPERM);
	}
	assert_int_equal(temp_dir__file_cnt(fixture.out), 3);
	assert_int_equal(close(fd), 0);
}

static void test_out_guard_refuse_flags(void **state)
{
	const int dir_fd = fixture.dir_fd;
	static const int flags[] = {
		O_RDWR, /* of a file that is whole */
		O_WRONLY | O_NOFOLLOW,
		READ | O_TRUNC,
		READ | O_DIRECTORY,
		O_RDWR | O_CREAT,
		O_RDWR | O_CREAT | O_TRUNC,
		O_RDWR | O_CREAT | O_EXCL | O_TRUNC,
		O_PATH | O_NOFOLLOW,
	};

	(void)state;
	make(dir_fd, NAME);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		expect(dir_calls__open(dir_fd, NAME, flags[i], 0600), EPERM);
	expect(dir_calls__open(dir_fd, OTHER, O_RDWR | O_CREAT | O_EXCL, 04755), EPERM);
	expect(dir_calls__open(dir_fd, OTHER, O_RDWR | O_CREAT | O_EXCL, 0644), EPERM);
	expect(dir_calls__open(dir_fd, ".", O_TMPFILE | O_RDWR, 0666), EPERM);
	expect(dir_calls__open(dir_fd, ".", O_PATH, 0), EPERM);
	expect(dir_calls__rename(dir_fd, NAME, OTHER, RENAME_EXCHANGE), EPERM);
	expect(dir_calls__rename(dir_fd, NAME, OTHER, RENAME_WHITEOUT), EPERM);
	assert_int_equal(temp_dir__file_cnt(fixture.out), 1);
}

static void test_out_guard_open_no_links_and_fifos(void **state)
{
	const int dir_fd = fixture.dir_fd, write_part = O_RDWR | O_NOFOLLOW | O_NONBLOCK;

	(void)state;
	make(fixture.elsewhere_fd, "victim");
	assert_int_equal(symlinkat("../elsewhere/victim", dir_fd, NAME), 0);
	expect(dir_calls__open(dir_fd, NAME, READ, 0), ELOOP);
	expect(dir_calls__open(dir_fd, NAME, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	assert_int_equal(symlinkat("../elsewhere/victim", dir_fd, PART), 0);
	expect(dir_calls__open(dir_fd, PART, write_part, 0), ELOOP);
	assert_int_equal(dir_calls__unlink(dir_fd, PART), 0);
	assert_int_equal(linkat(fixture.elsewhere_fd, "victim", dir_fd, PART, 0), 0);
	expect(dir_calls__open(dir_fd, PART, write_part, 0), ENODEV);
	assert_int_equal(dir_calls__unlink(dir_fd, PART), 0);
	assert_int_equal(mkfifoat(dir_fd, PART, 0600), 0);
	expect(dir_calls__open(dir_fd, PART, write_part, 0), ENODEV);
	expect(dir_calls__open(dir_fd, PART, READ, 0), ENODEV);
	assert_int_equal(dir_calls__unlink(dir_fd, PART), 0);
	assert_int_equal(mkdirat(dir_fd, PART, 0700), 0);
	expect(dir_calls__open(dir_fd, PART, READ, 0), ENODEV);
	expect(dir_calls__unlink(dir_fd, PART), EISDIR);
	assert_int_equal(faccessat(fixture.elsewhere_fd, "victim", F_OK, 0), 0);
	assert_int_equal(unlinkat(fixture.elsewhere_fd, "victim", 0), 0);
}

/* It changes files that were opened for writing, and no others. */
static void test_out_guard_refuse_files(void **state)
{
	const int dir_fd = fixture.dir_fd;
	struct stat st;
	int fd;

	(void)state;
	make(fixture.elsewhere_fd, "victim");
	fd = openat(fixture.elsewhere_fd, "victim", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	expect(dir_calls__share(fd, getegid()), EPERM);
	expect(dir_calls__set_attribute(fd, "user.ttlog.service", "api", 3), EPERM);
	expect(dir_calls__link_unnamed(dir_fd, fd, NAME), EPERM);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(close(fd), 0);
	/* it has a name already */
	fd = openat(fixture.elsewhere_fd, "victim", O_RDWR | O_CLOEXEC);
	expect(dir_calls__link_unnamed(dir_fd, fd, NAME), EPERM);
	expect(dir_calls__set_attribute(fd, "user.other", "api", 3), EPERM);
	expect(dir_calls__set_attribute(fd, "security.capability", "api", 3), EPERM);
	assert_int_equal(linkat(fixture.elsewhere_fd, "victim", fixture.elsewhere_fd, "two", 0), 0);
	expect(dir_calls__share(fd, getegid()), EPERM);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlinkat(fixture.elsewhere_fd, "two", 0), 0);
	assert_int_equal(unlinkat(fixture.elsewhere_fd, "victim", 0), 0);
	assert_int_equal(temp_dir__file_cnt(fixture.out), 0);
}

/* Requests that no caller of dir_calls.h makes. */
static void test_out_guard_refuse_odd_requests(void **state)
{
	static const uint32_t ops[] = {
		BROKER_OUT_OPEN,  BROKER_OUT_LOOK,          BROKER_OUT_UNLINK,
		BROKER_OUT_LINK,  BROKER_OUT_LINK_UNNAMED,  BROKER_OUT_RENAME,
		BROKER_OUT_SHARE, BROKER_OUT_SET_ATTRIBUTE, BROKER_OUT_FIND_NEW,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		struct broker_call without = { .request.op = ops[i] };
		struct broker_call nameless = {
			.request.op = ops[i],
			.fds = { fixture.elsewhere_fd },
			.fd_cnt = 1,
		};

		assert_int_equal(broker__call(&without), -EBADF);
		assert_true(broker__call(&nameless) < 0);
	}
	for (size_t i = 3; i < 6; i++) {
		/* one name, or one without its end */
		struct broker_call call = {
			.request.op = ops[i],
			.payload = NAME,
			.payload_bytes = strlen(NAME),
			.fds = { fixture.dir_fd },
			.fd_cnt = 1,
		};

		assert_int_equal(broker__call(&call),
				 ops[i] == BROKER_OUT_LINK_UNNAMED ? -EBADF : -EPERM);
	}
}

/* Of the thread; those that it may have stay, so that it gets them back. */
static void set_effective(bool has_all)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &head, sets), 0);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i].effective = has_all ? sets[i].permitted : 0;
	assert_int_equal(syscall(SYS_capset, &head, sets), 0);
}

/* `ttlog-collect -o .` as root in the directory of a user. */
static void test_out_guard_directory_of_another_user(void **state)
{
	struct new_file file;
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chown(fixture.out, 1234, 1234) || chmod(fixture.out, 0700), 0);
	set_effective(false);
	expect(openat(fixture.dir_fd, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES);
	for (int can_be_unnamed = 0; can_be_unnamed < 2; can_be_unnamed++) {
		assert_int_equal(new_file__open(&file, fixture.dir_fd, can_be_unnamed), 0);
		assert_int_equal(new_file__share(&file, 1234), 0);
		assert_int_equal(new_file__publish(&file, can_be_unnamed ? NAME : OTHER), 0);
		new_file__close(&file);
	}
	assert_int_equal(dir_calls__look(fixture.dir_fd, NAME, &st), 0);
	/* the group is that of the policy */
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(dir_calls__unlink(fixture.dir_fd, OTHER), 0);
	set_effective(true);
	assert_int_equal(temp_dir__file_cnt(fixture.out), 1);
	assert_int_equal(chown(fixture.out, 0, getegid()) || chmod(fixture.out, 0750), 0);
}

/* Another user's directory does not become the new one; the recorder chooses no path. */
static void test_out_guard_find_it_anew(void **state)
{
	struct stat st, there;
	int fd = fcntl(fixture.dir_fd, F_DUPFD_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(out_dir__refresh(fixture.elsewhere, getegid(), fd), 0);
	assert_int_equal(fstat(fd, &st) || stat(fixture.out, &there), 0);
	assert_int_equal(st.st_ino, there.st_ino);
	assert_int_equal(rmdir(fixture.out), 0);
	if (!geteuid()) {
		assert_int_equal(mkdir(fixture.out, 0700) || chown(fixture.out, 1234, 1234), 0);
		assert_int_equal(out_dir__refresh(fixture.elsewhere, getegid(), fd), -EPERM);
		assert_int_equal(rmdir(fixture.out), 0);
	}
	assert_int_equal(out_dir__refresh(fixture.elsewhere, getegid(), fd), 0);
	assert_int_equal(fstat(fd, &st) || stat(fixture.out, &there), 0);
	assert_int_equal(st.st_ino, there.st_ino);
	assert_int_equal(there.st_mode & 07777, 0750);
	/* a thread that has the old one is told that it is gone */
	expect(dir_calls__look(fixture.dir_fd, NAME, &st), ENOENT);
	make(fd, NAME);
	assert_int_equal(dir_calls__look(fd, NAME, &st), 0);
	assert_int_equal(dup3(fd, fixture.dir_fd, O_CLOEXEC), fixture.dir_fd);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, empty)
		CASE(test_out_guard_path_is_that_of_the_policy),
		CASE(test_out_guard_allow_the_recorder),
		CASE(test_out_guard_refuse_another_directory),
		CASE(test_out_guard_refuse_foreign_names),
		CASE(test_out_guard_refuse_flags),
		CASE(test_out_guard_open_no_links_and_fifos),
		CASE(test_out_guard_refuse_files),
		CASE(test_out_guard_refuse_odd_requests),
		CASE(test_out_guard_directory_of_another_user),
		CASE(test_out_guard_find_it_anew),
	};

	return cmocka_run_group_tests_name("out_guard", tests, setup_group, teardown_group);
}
