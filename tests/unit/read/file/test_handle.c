/* SPDX-License-Identifier: MIT */
/*
 * Not all of the files may be open at once. Each is read as if it were, and a file that was
 * replaced meanwhile is reported.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include "handle.h"
#include "reader_fixture.h"

#define FILE_CNT 64

struct fixture {
	char directory[32];
	struct rlimit limit;
	int last_fd; /* the lowest free number; this test may use the numbers above it */
};

static const char *path_of(const struct fixture *fixture, unsigned number)
{
	static _Thread_local char path[64];

	snprintf(path, sizeof(path), "%s/%u", fixture->directory, number);
	return path;
}

static void write_file(const char *path, unsigned number)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%06u", number);
	assert_int_equal(fclose(file), 0);
}

static void allow(const struct fixture *fixture, int fd_cnt)
{
	struct rlimit limit = fixture->limit;

	limit.rlim_cur = (rlim_t)(fixture->last_fd + fd_cnt);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->directory, "/tmp/handle-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	for (unsigned i = 0; i < FILE_CNT; i++)
		write_file(path_of(fixture, i), i);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &fixture->limit), 0);
	fixture->last_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fixture->last_fd >= 0);
	close(fixture->last_fd);
	allow(fixture, 32);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &fixture->limit), 0);
	for (unsigned i = 0; i < FILE_CNT; i++)
		(void)unlink(path_of(fixture, i));
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

static void open_handle(struct handle *ret, const char *path)
{
	int fd = handle__open(path);

	assert_true(fd >= 0);
	assert_int_equal(handle__init(ret, fd, path), 0);
}

static void open_all(const struct fixture *fixture, struct handle *ret)
{
	for (unsigned i = 0; i < FILE_CNT; i++)
		open_handle(&ret[i], path_of(fixture, i));
}

static void close_all(struct handle *handles)
{
	for (unsigned i = 0; i < FILE_CNT; i++)
		handle__fini(&handles[i]);
}

static void assert_reads(struct handle *handle, unsigned number)
{
	char text[8] = "", wanted[8];

	snprintf(wanted, sizeof(wanted), "%06u", number);
	assert_int_equal(handle__read(handle, text, 6, 0), 6);
	assert_string_equal(text, wanted);
}

static void assert_stale(struct handle *handle)
{
	char text[8];

	assert_int_equal(handle->fd, -1);
	assert_int_equal(handle__read(handle, text, 6, 0), -ESTALE);
}

static void test_handle_more_than_may_be_open(void **state)
{
	struct handle handles[FILE_CNT];

	open_all(*state, handles);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < FILE_CNT; i++)
			assert_reads(&handles[(i * 29) % FILE_CNT], (i * 29) % FILE_CNT);
	}
	close_all(handles);
}

/* Other code that opens files finds free descriptors. */
static void test_handle_leaves_some(void **state)
{
	struct handle handles[FILE_CNT];
	int fd;

	open_all(*state, handles);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_reads(&handles[0], 0);
	close(fd);
	close_all(handles);
}

/* Other code has opened files meanwhile: fewer descriptors are left than a share of the limit. */
static void test_handle_gives_way(void **state)
{
	const struct fixture *fixture = *state;
	struct handle handles[FILE_CNT];
	int fd;

	open_all(fixture, handles);
	allow(fixture, 100);
	for (unsigned i = 0; i < FILE_CNT; i++)
		assert_reads(&handles[i], i);
	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0);
	assert_int_equal(errno, EMFILE);
	for (unsigned i = 0; i < FILE_CNT; i++)
		assert_reads(&handles[i], i);
	for (fd = fixture->last_fd; fd < fixture->last_fd + 100; fd++) {
		bool is_handles = false;

		for (unsigned i = 0; i < FILE_CNT; i++)
			is_handles |= handles[i].fd == fd;
		if (!is_handles)
			(void)close(fd);
	}
	close_all(handles);
}

/* A file that stays open may have any name, or none. */
static void test_handle_open_needs_no_name(void **state)
{
	const struct fixture *fixture = *state;
	struct handle handle;

	open_handle(&handle, path_of(fixture, 5));
	assert_int_equal(unlink(path_of(fixture, 5)), 0);
	assert_reads(&handle, 5);
	handle__fini(&handle);
}

static void test_handle_without_a_path_stays_open(void **state)
{
	const struct fixture *fixture = *state;
	struct handle handles[FILE_CNT], own;

	assert_int_equal(handle__init(&own, handle__open(path_of(fixture, 7)), NULL), 0);
	open_all(fixture, handles);
	assert_true(own.fd >= 0);
	assert_reads(&own, 7);
	close_all(handles);
	handle__fini(&own);
}

static void test_handle_notices_another_file(void **state)
{
	const struct fixture *fixture = *state;
	const struct timespec past[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000 } };
	struct handle handles[FILE_CNT];
	char other[80];

	open_all(fixture, handles);
	/* the last files are open, these are not */
	snprintf(other, sizeof(other), "%s.new", path_of(fixture, 0));
	write_file(other, 77);
	assert_int_equal(rename(other, path_of(fixture, 0)), 0);
	assert_int_equal(truncate(path_of(fixture, 1), 3), 0);
	assert_int_equal(unlink(path_of(fixture, 2)), 0);
	assert_int_equal(utimensat(AT_FDCWD, path_of(fixture, 3), past, 0), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_stale(&handles[i]);
	for (unsigned i = 4; i < FILE_CNT; i++)
		assert_reads(&handles[i], i);
	close_all(handles);
}

/* ---- Readers ---- */

static void copy_golden(const char *path)
{
	struct bytes golden = bytes__golden("golden.bin");
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(golden.p, 1, golden.len, file), golden.len);
	assert_int_equal(fclose(file), 0);
	free(golden.p);
}

/* The window holds the whole of so small a file. Without it, a reader comes back to the file. */
static uint64_t count_loaded(struct ttlog_snapshot *reader)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		ttlog_snapshot_unload(reader);
		cnt += ttlog_snapshot_load(reader, i) ? 0 : ttlog_snapshot_chunk(reader)->n;
	}
	return cnt;
}

static void test_handle_readers(void **state)
{
	const struct fixture *fixture = *state;
	struct ttlog_snapshot *readers[FILE_CNT];
	char why[160] = "";

	for (unsigned i = 0; i < FILE_CNT; i++) {
		copy_golden(path_of(fixture, i));
		readers[i] = ttlog_snapshot_open(path_of(fixture, i), why, sizeof(why));
		if (!readers[i])
			fail_msg("%s: %s", path_of(fixture, i), why);
	}
	assert_int_equal(unlink(path_of(fixture, 1)), 0);
	for (unsigned i = 0; i < FILE_CNT; i++) {
		assert_int_equal(count_loaded(readers[i]), i == 1 ? 0 : 14);
		if (i != 1)
			assert_sound(readers[i]);
	}
	/* three chunks, each once */
	assert_int_equal(ttlog_snapshot_contents(readers[1])->problem_cnt, 1);
	assert_true(has_problem(readers[1], "changed, replaced or removed"));
	for (unsigned i = 0; i < FILE_CNT; i++)
		ttlog_snapshot_close(readers[i]);
}

static void *read_all(void *arg)
{
	const struct fixture *fixture = arg;
	struct handle handles[FILE_CNT];
	uintptr_t wrong_cnt = 0;

	for (unsigned i = 0; i < FILE_CNT; i++)
		wrong_cnt += handle__init(&handles[i], handle__open(path_of(fixture, i)),
					  path_of(fixture, i)) != 0;
	for (unsigned i = 0; i < 20 * FILE_CNT; i++) {
		char text[8] = "", wanted[8];

		snprintf(wanted, sizeof(wanted), "%06u", i * 29 % FILE_CNT);
		wrong_cnt += handle__read(&handles[i * 29 % FILE_CNT], text, 6, 0) != 6 ||
			     strcmp(text, wanted);
	}
	close_all(handles);
	return (void *)wrong_cnt;
}

static void test_handle_threads(void **state)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, *state), 0);
	for (unsigned i = 0; i < 4; i++) {
		void *wrong_cnt;

		assert_int_equal(pthread_join(threads[i], &wrong_cnt), 0);
		assert_null(wrong_cnt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handle_more_than_may_be_open, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_handle_leaves_some, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_handle_gives_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_handle_open_needs_no_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_handle_without_a_path_stays_open, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_handle_notices_another_file, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_handle_readers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_handle_threads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
