/* SPDX-License-Identifier: MIT */
/*
 * We open a path that a recorded program chose: only a regular file is opened. The kernel reports
 * each open of a fifo (IN_OPEN); O_PATH is not reported.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_id.h"
#include "make.h"

#include "attach.h"
#include "autopsy.h"
#include "crash.h"
#include "inspect.h"
#include "maps.h"
#include "plain_file.h"

static char dir[] = "/tmp/test_plain_file.XXXXXX", fifo[64], program[64], link_to_fifo[64];

static int make_files(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	(void)snprintf(program, sizeof(program), "%s/program", dir);
	(void)snprintf(link_to_fifo, sizeof(link_to_fifo), "%s/link", dir);
	fd = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "text", 4) != 4 || close(fd))
		return -1;
	return mkfifo(fifo, 0600) || symlink(fifo, link_to_fifo) ? -1 : 0;
}

static int delete_files(void **state)
{
	(void)state;
	(void)unlink(fifo);
	(void)unlink(program);
	(void)unlink(link_to_fifo);
	return rmdir(dir);
}

/* ---- what opens a path ---- */

static int open_path(const char *path)
{
	int fd = plain_file__open(path);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 ? fd : 0;
}

static int open_build_id(const char *path)
{
	char build_id[41];

	return build_id__read_path(path, build_id);
}

/* A crash in a file that was deleted: the file now at its path has to be checked. */
static int resolve_death(const char *path)
{
	struct maps_entry entry = {
		.start = 0x401000, .end = 0x402000, .executable = true, .path = (char *)path
	};
	const struct maps maps = { .entries = &entry, .cnt = 1 };
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);
	struct crash crash = { .has_crash = true, .frame_cnt = 1 };
	bool is_named;

	assert_non_null(attach);
	assert_int_equal(mappings__take(&crash.mappings, &maps), 0);
	crash.frames[0].ip = 0x401000;
	(void)strcpy(crash.frames[0].build_id, "00");
	autopsy__resolve(&crash, 0, attach, NULL);
	is_named = crash.frames[0].symbol;
	crash__fini(&crash);
	attach__free(attach);
	return is_named ? 0 : -ENOEXEC;
}

static void take_attached(void *ctx, struct attached_process *attached)
{
	(void)ctx;
	(void)attached;
}

static int attach_file(const char *path)
{
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);
	struct attach_result result;
	int err;

	assert_non_null(attach);
	err = attach__file(attach, path, take_attached, NULL, &result);
	attach__free(attach);
	return err;
}

static int list_sites(const char *path)
{
	return inspect__file(path, NULL) ? -ENOEXEC : 0;
}

static void test_plain_file_opens_no_fifo(void **state)
{
	int (*const openers[])(const char *path) = {
		open_path, open_build_id, resolve_death, attach_file, list_sites,
	};
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct inotify_event event;
	int fd;

	(void)state;
	assert_true(inotify_add_watch(watch, fifo, IN_OPEN) >= 0);
	for (size_t i = 0; i < sizeof(openers) / sizeof(*openers); i++) {
		assert_true(openers[i](fifo) < 0);
		assert_true(openers[i](link_to_fifo) < 0);
		assert_true(read(watch, &event, sizeof(event)) < 0);
		assert_int_equal(errno, EAGAIN);
	}
	/* an open would be reported */
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(read(watch, &event, sizeof(event)), sizeof(event));
	(void)close(fd);
	(void)close(watch);
}

static void test_plain_file_opens_files_alone(void **state)
{
	char text[5] = { 0 };
	int path_fd, fd;

	(void)state;
	fd = plain_file__open(program);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	assert_int_equal(write(fd, text, 1), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
	assert_int_equal(plain_file__open(dir), -ENODEV);
	assert_int_equal(plain_file__open("/dev/null"), -ENODEV);
	assert_int_equal(plain_file__open(fifo), -ENODEV);
	assert_int_equal(plain_file__open("/dev/none/of/that/name"), -ENOENT);
	path_fd = open(program, O_PATH | O_CLOEXEC);
	assert_true(path_fd >= 0);
	fd = plain_file__reopen(path_fd);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 4);
	(void)close(fd);
	(void)close(path_fd);
	assert_int_equal(plain_file__reopen(-1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_file_opens_no_fifo),
		cmocka_unit_test(test_plain_file_opens_files_alone),
	};

	return cmocka_run_group_tests(tests, make_files, delete_files);
}
