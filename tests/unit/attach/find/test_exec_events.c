/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "exec_events.h"
#include "temp_dir.h"

struct fixture {
	struct exec_events *events;
	char dir[32], path[64]; /* a copy of true(1) in there */
	int fd;
	struct find_file file;
	size_t report_cnt; /* of that file */
	struct find_message last;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	char command[96];

	fixture = (struct fixture){ .events = exec_events__new() };
	*state = &fixture;
	if (!fixture.events)
		return 0;
	strcpy(fixture.dir, "/tmp/ttlog-events.XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/true", fixture.dir);
	(void)snprintf(command, sizeof(command), "cp /bin/true %s", fixture.path);
	assert_int_equal(system(command), 0);
	fixture.fd = open(fixture.path, O_RDONLY | O_CLOEXEC);
	assert_true(fixture.fd >= 0);
	assert_int_equal(exec_events__identify(fixture.events, fixture.fd, &fixture.file), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	exec_events__free(fixture->events);
	if (!fixture->dir[0])
		return 0;
	(void)close(fixture->fd);
	return temp_dir__remove(fixture->dir);
}

static struct fixture *fixture_of(void **state)
{
	struct fixture *fixture = *state;

	if (!fixture->events)
		skip();
	return fixture;
}

static void take(void *ctx, const struct find_message *message)
{
	struct fixture *fixture = ctx;

	if (memcmp(&message->file, &fixture->file, sizeof(message->file)) != 0)
		return;
	fixture->report_cnt++;
	fixture->last = *message;
}

/* How often the file is reported, if another process executes it. */
static size_t count_reports(struct fixture *fixture, pid_t *ret_pid)
{
	char *const argv[] = { (char *)"true", NULL };
	const pid_t pid = fork();
	int status;

	if (!pid) {
		(void)execv(fixture->path, argv);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fixture->report_cnt = 0;
	exec_events__take(fixture->events, take, fixture);
	*ret_pid = pid;
	return fixture->report_cnt;
}

static void test_exec_events_report_an_exec(void **state)
{
	struct fixture *fixture = fixture_of(state);
	pid_t pid;

	assert_int_equal(count_reports(fixture, &pid), 1);
	assert_int_equal(fixture->last.pid, pid);
	assert_true(fixture->last.address);
	assert_true(fixture->last.start_ns);
}

static void test_exec_events_are_silent_about_a_known_file(void **state)
{
	struct fixture *fixture = fixture_of(state);
	pid_t pid;

	exec_events__set(fixture->events, &fixture->file, FIND_KNOWN);
	assert_int_equal(count_reports(fixture, &pid), 0);
	exec_events__forget(fixture->events, &fixture->file);
	assert_int_equal(count_reports(fixture, &pid), 1);
}

static void test_exec_events_report_each_process(void **state)
{
	struct fixture *fixture = fixture_of(state);
	pid_t pid;

	exec_events__set(fixture->events, &fixture->file, FIND_EACH);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(count_reports(fixture, &pid), 1);
		assert_int_equal(fixture->last.pid, pid);
	}
}

/* A process that is gone before it can be looked at leaves its file new. */
static void test_exec_events_report_a_new_file_less_often(void **state)
{
	struct fixture *fixture = fixture_of(state);
	size_t cnt = 0;
	pid_t pid;

	for (int i = 0; i < 200; i++)
		cnt += count_reports(fixture, &pid);
	assert_in_range(cnt, 1, 100);
}

static void test_exec_events_see_that_a_file_was_written_over(void **state)
{
	struct fixture *fixture = fixture_of(state);
	struct find_file now;
	char command[96];

	exec_events__set(fixture->events, &fixture->file, FIND_KNOWN);
	(void)snprintf(command, sizeof(command), "cat /bin/false /bin/true >%s", fixture->path);
	assert_int_equal(system(command), 0);
	assert_int_equal(exec_events__identify(fixture->events, fixture->fd, &now), 0);
	assert_memory_not_equal(&now, &fixture->file, sizeof(now));
	assert_int_equal(now.inode, fixture->file.inode);
	assert_true(now.bytes > fixture->file.bytes);
}

static void test_exec_events_identify_a_file(void **state)
{
	struct fixture *fixture = fixture_of(state);
	const uint64_t before = exec_events__report_cnt(fixture->events);
	struct find_file again;

	assert_int_equal(exec_events__identify(fixture->events, fixture->fd, &again), 0);
	assert_memory_equal(&again, &fixture->file, sizeof(again));
	fixture->report_cnt = 0;
	exec_events__take(fixture->events, take, fixture);
	assert_int_equal(fixture->report_cnt, 0);
	assert_true(exec_events__report_cnt(fixture->events) >= before);
	assert_int_equal(exec_events__missed_cnt(fixture->events), 0);
}

static void *map_and_unmap(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		void *at = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (at != MAP_FAILED)
			(void)munmap(at, 64 << 10);
	}
	return NULL;
}

/* bpf_find_vma() fails while another thread has the lock of the mappings. */
static void test_exec_events_identify_while_mappings_change(void **state)
{
	struct fixture *fixture = fixture_of(state);
	struct find_file file;
	pthread_t threads[4];
	bool stop = false;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, map_and_unmap, &stop), 0);
	for (unsigned i = 0; i < 2000; i++) {
		assert_int_equal(exec_events__identify(fixture->events, fixture->fd, &file), 0);
		assert_memory_equal(&file, &fixture->file, sizeof(file));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_exec_events_report_an_exec),
		CASE(test_exec_events_are_silent_about_a_known_file),
		CASE(test_exec_events_report_each_process),
		CASE(test_exec_events_report_a_new_file_less_often),
		CASE(test_exec_events_see_that_a_file_was_written_over),
		CASE(test_exec_events_identify_a_file),
		CASE(test_exec_events_identify_while_mappings_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
