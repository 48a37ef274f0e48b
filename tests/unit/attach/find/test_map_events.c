/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "map_events.h"

/* type 10, misc 2, 72 bytes; pid 5, tid 6; address 0x1000; bytes, offset; device 8:1; inode 77,
 * generation 3; protection, flags */
static const uint32_t mapped[18] = {
	10, 2 | 72u << 16, 5, 6, 0x1000, 0, 0x2000, 0, 0, 0, 8, 1, 77, 0, 3, 0, 5, 2
};
/* type 2; 24 bytes; id 9; 40 were lost */
static const uint32_t lost[6] = { 2, 24u << 16, 9, 0, 40, 0 };

static void test_map_events_parse_a_mapping(void **state)
{
	struct map_event event = { 0 };
	uint64_t lost_cnt = 0;

	(void)state;
	assert_true(map_event__parse(mapped, sizeof(mapped), &event, &lost_cnt));
	assert_int_equal(event.pid, 5);
	assert_int_equal(event.address, 0x1000);
	assert_int_equal(event.inode, 77);
	assert_int_equal(event.generation, 3);
	assert_int_equal(event.dev, makedev(8, 1));
	assert_int_equal(lost_cnt, 0);
}

static void test_map_events_count_what_was_lost(void **state)
{
	struct map_event event;
	uint64_t lost_cnt = 2;

	(void)state;
	assert_false(map_event__parse(lost, sizeof(lost), &event, &lost_cnt));
	assert_int_equal(lost_cnt, 42);
}

static void test_map_events_skip_what_is_no_file(void **state)
{
	struct map_event event;
	uint32_t record[18];
	uint64_t lost_cnt = 0;

	(void)state;
	memcpy(record, mapped, sizeof(record));
	record[12] = 0;
	assert_false(map_event__parse(record, sizeof(record), &event, &lost_cnt));
	for (size_t bytes = 0; bytes < sizeof(mapped); bytes++)
		assert_false(map_event__parse(mapped, bytes, &event, &lost_cnt));
}

struct seen {
	pid_t pid;
	ino_t inode;
	size_t cnt;
};

static void see(void *ctx, const struct map_event *event)
{
	struct seen *seen = ctx;

	seen->cnt += event->pid == (uint32_t)seen->pid && event->inode == seen->inode;
}

static void stay_on_one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		_exit(1);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		_exit(1);
}

/* A process maps the program of this one so often, on the first CPU that it may use. */
static pid_t run_child(int fd, int protection, size_t cnt)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		stay_on_one_cpu();
		for (size_t i = 0; i < cnt; i++) {
			void *at = mmap(NULL, 1, protection, MAP_PRIVATE, fd, 0);

			if (at == MAP_FAILED || munmap(at, 1))
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return pid;
}

static void test_map_events_report_mappings_for_execution(void **state)
{
	struct map_events *events = map_events__new();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct seen seen;

	(void)state;
	if (!events)
		skip();
	assert_int_equal(fstat(fd, &status), 0);
	seen = (struct seen){ .inode = status.st_ino, .pid = run_child(fd, PROT_READ, 3) };
	map_events__take(events, see, &seen);
	assert_int_equal(seen.cnt, 0);
	seen.pid = run_child(fd, PROT_READ | PROT_EXEC, 3);
	map_events__take(events, see, &seen);
	assert_int_equal(seen.cnt, 3);
	assert_int_equal(map_events__lost_cnt(events), 0);
	assert_false(map_events__add_cpus(events));
	map_events__free(events);
	(void)close(fd);
}

/* More than a buffer has room for: the first ones are there, the rest is counted with the next. */
static void test_map_events_say_what_was_dropped(void **state)
{
	struct map_events *events = map_events__new();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct seen seen;

	(void)state;
	if (!events)
		skip();
	assert_int_equal(fstat(fd, &status), 0);
	seen = (struct seen){ .inode = status.st_ino, .pid = run_child(fd, PROT_EXEC, 20000) };
	map_events__take(events, see, &seen);
	assert_in_range(seen.cnt, 100, 19999);
	(void)run_child(fd, PROT_EXEC, 200);
	map_events__take(events, see, &seen);
	assert_in_range(map_events__lost_cnt(events), 1, 20000);
	map_events__free(events);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_events_parse_a_mapping),
		cmocka_unit_test(test_map_events_count_what_was_lost),
		cmocka_unit_test(test_map_events_skip_what_is_no_file),
		cmocka_unit_test(test_map_events_report_mappings_for_execution),
		cmocka_unit_test(test_map_events_say_what_was_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
