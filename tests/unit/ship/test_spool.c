/* SPDX-License-Identifier: MIT */
/* Which file's turn it is, as files come and go. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#include "clock.h"
#include "spool.h"
#include "temp_dir.h"

#define SECOND_NS UINT64_C(1000000000)
#define CONTENT   "x"
#define OLD_CRASH "ttlog-1-20261101000000000-crash.bin"
#define NEW_CRASH "ttlog-2-20261103000000000-crash.bin"
#define OLD_TIMER "ttlog-3-20261031000000000-timer.bin"
#define NEW_TIMER "ttlog-4-20261104000000000-timer.bin"

static char dir[] = "/tmp/ttlog-spool-XXXXXX";
static char gone[64];

static void note_gone(void *ctx, const char *name)
{
	(void)ctx;
	(void)snprintf(gone, sizeof(gone), "%s", name);
}

/* Of the last file that was told. */
static char told[64];

static void note_proven(void *ctx, const char *name, bool is_proven)
{
	(void)ctx;
	(void)snprintf(told, sizeof(told), "%s %s", is_proven ? "yes" : "no", name);
}

static const struct spool_events events = { .gone = note_gone, .proven = note_proven };

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make(const char *name)
{
	const int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, CONTENT, sizeof(CONTENT)), sizeof(CONTENT));
	(void)close(fd);
}

static void take_changes(struct spool *spool)
{
	struct pollfd wait = { .fd = spool__watch_fd(spool), .events = POLLIN };

	assert_int_equal(poll(&wait, 1, 60000), 1);
	assert_int_equal(spool__take_changes(spool), 0);
}

/* Of what is due now. */
static struct spool_work next(struct spool *spool, size_t destination)
{
	struct spool_work work;

	spool__wait(spool, destination, clock__now_mono_ns(), &work);
	return work;
}

static void assert_next(struct spool *spool, size_t destination, enum spool_task task,
			const char *name)
{
	const struct spool_work work = next(spool, destination);

	assert_int_equal(work.task, task);
	assert_string_equal(work.name, name);
}

static void finish(struct spool *spool, size_t destination, uint64_t after_ns)
{
	const struct spool_work work = next(spool, destination);

	spool__set(spool, destination, work.name, work.inode, SPOOL_AUDIT,
		   clock__now_mono_ns() + after_ns);
}

static int make_dir(void **state)
{
	struct spool *spool;

	if (temp_dir__make(dir))
		return -1;
	make(OLD_CRASH);
	make(NEW_TIMER);
	make("ttlog-9-20261101000000000-stream.bin.part");
	make("other");
	spool = spool__open(dir, 2, &events);
	*state = spool;
	return spool ? 0 : -1;
}

static int remove_dir(void **state)
{
	spool__free(*state);
	return temp_dir__remove(dir);
}

static void test_spool_sends_the_newest_crash_first(void **state)
{
	struct spool *spool = *state;
	struct spool_counts counts;

	make(OLD_TIMER);
	make(NEW_CRASH);
	take_changes(spool);
	assert_next(spool, 0, SPOOL_SEND, NEW_CRASH);
	assert_true(spool__is_urgent(spool, 0));
	assert_true(next(spool, 0).is_crash);
	finish(spool, 0, SECOND_NS * 3600);
	assert_next(spool, 0, SPOOL_SEND, OLD_CRASH);
	finish(spool, 0, SECOND_NS * 3600);
	assert_false(spool__is_urgent(spool, 0));
	/* then by age */
	assert_next(spool, 0, SPOOL_SEND, OLD_TIMER);
	finish(spool, 0, 0);
	/* an audit that is due waits for what was never sent */
	assert_next(spool, 0, SPOOL_SEND, NEW_TIMER);
	finish(spool, 0, 0);
	assert_next(spool, 0, SPOOL_AUDIT, OLD_TIMER);
	finish(spool, 0, SECOND_NS * 3600);
	assert_next(spool, 0, SPOOL_AUDIT, NEW_TIMER);
	finish(spool, 0, SECOND_NS * 3600);
	assert_int_equal(next(spool, 0).task, SPOOL_NOTHING);
	/* another destination has its own progress */
	assert_next(spool, 1, SPOOL_SEND, NEW_CRASH);
	spool__count(spool, 0, &counts);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.oldest_ns, 0);
	assert_int_equal(counts.unaudited, 4);
	spool__count(spool, 1, &counts);
	assert_int_equal(counts.waiting, 4);
	assert_int_equal(counts.waiting_bytes, 4 * sizeof(CONTENT));
	assert_int_equal(counts.oldest_ns, UINT64_C(1793404800000000000)); /* OLD_TIMER */
	assert_int_equal(counts.unaudited, 0);
	spool__audit_all(spool, 0);
	assert_int_equal(next(spool, 0).task, SPOOL_AUDIT);
}

static void test_spool_looks_ahead(void **state)
{
	struct spool *spool = *state;
	struct spool_names next_names;
	char name[64];

	make(OLD_TIMER);
	make(NEW_CRASH);
	take_changes(spool);
	spool__look_ahead(spool, 0, 1000, &next_names);
	assert_int_equal(next_names.cnt, 4);
	assert_string_equal(next_names.names[0], NEW_CRASH);
	assert_string_equal(next_names.names[1], OLD_CRASH);
	assert_string_equal(next_names.names[2], OLD_TIMER);
	assert_string_equal(next_names.names[3], NEW_TIMER);
	/* as many as are so large, but one */
	spool__look_ahead(spool, 0, 2 * sizeof(CONTENT), &next_names);
	assert_int_equal(next_names.cnt, 2);
	spool__look_ahead(spool, 0, 1, &next_names);
	assert_int_equal(next_names.cnt, 1);
	/* not what is under way, and not more than there is room for */
	spool__set(spool, 0, NEW_CRASH, next(spool, 0).inode, SPOOL_SEND, UINT64_MAX);
	for (int i = 0; i < SPOOL_AHEAD_MOST; i++) {
		(void)snprintf(name, sizeof(name), "ttlog-9-202611040000000%02d-timer.bin", i);
		make(name);
	}
	take_changes(spool);
	spool__look_ahead(spool, 0, 1000, &next_names);
	assert_int_equal(next_names.cnt, SPOOL_AHEAD_MOST);
	assert_string_equal(next_names.names[0], OLD_CRASH);
}

static void test_spool_forgets_what_is_gone(void **state)
{
	struct spool *spool = *state;
	struct spool_counts counts;

	finish(spool, 0, 0);
	assert_int_equal(unlink(path_of(OLD_CRASH)), 0);
	take_changes(spool);
	assert_string_equal(gone, OLD_CRASH);
	assert_next(spool, 1, SPOOL_SEND, NEW_TIMER);
	spool__count(spool, 0, &counts);
	assert_int_equal(counts.dropped, 0);
	spool__count(spool, 1, &counts);
	assert_int_equal(counts.dropped, 1);
}

static struct spool_counts counts_of(struct spool *spool, size_t destination)
{
	struct spool_counts counts;

	spool__count(spool, destination, &counts);
	return counts;
}

static void test_spool_counts_what_was_never_looked_at(void **state)
{
	struct spool *spool = *state;

	make(NEW_CRASH);
	assert_int_equal(unlink(path_of(NEW_CRASH)), 0);
	take_changes(spool);
	assert_int_equal(counts_of(spool, 0).dropped, 1);
	assert_int_equal(counts_of(spool, 1).dropped, 1);
}

static void test_spool_counts_what_goes_while_it_is_sent(void **state)
{
	struct spool *spool = *state;
	const struct spool_work work = next(spool, 0);

	assert_int_equal(unlink(path_of(OLD_CRASH)), 0);
	take_changes(spool);
	assert_int_equal(counts_of(spool, 0).dropped, 1);
	spool__set_sent(spool, 0, work.name, work.inode, 0);
	assert_int_equal(counts_of(spool, 0).dropped, 0);
	assert_int_equal(counts_of(spool, 0).unproven, 1);
	assert_int_equal(counts_of(spool, 1).dropped, 1);
}

static void test_spool_counts_what_goes_before_its_audit(void **state)
{
	struct spool *spool = *state;
	const struct spool_work work = next(spool, 0);

	spool__set_sent(spool, 0, work.name, work.inode, 0);
	spool__set_sent(spool, 1, work.name, work.inode, 0);
	spool__set_proven(spool, 1, work.name, work.inode, 0);
	assert_int_equal(unlink(path_of(OLD_CRASH)), 0);
	take_changes(spool);
	assert_int_equal(counts_of(spool, 0).unproven, 1);
	assert_int_equal(counts_of(spool, 1).unproven, 0);
	assert_int_equal(counts_of(spool, 0).dropped, 0);
}

static void test_spool_takes_a_file_that_gets_its_name(void **state)
{
	struct spool *spool = *state;
	char to[128];

	(void)strcpy(to, path_of("ttlog-9-20261101000000000-stream.bin"));
	assert_int_equal(rename(path_of("ttlog-9-20261101000000000-stream.bin.part"), to), 0);
	take_changes(spool);
	finish(spool, 0, SECOND_NS * 3600);
	assert_next(spool, 0, SPOOL_SEND, "ttlog-9-20261101000000000-stream.bin");
}

static void test_spool_knows_another_file_of_the_same_name(void **state)
{
	struct spool *spool = *state;
	const struct spool_work work = next(spool, 0);

	spool__set(spool, 0, work.name, work.inode + 1, SPOOL_AUDIT, 0);
	assert_next(spool, 0, SPOOL_SEND, OLD_CRASH);
	spool__set(spool, 0, "none", work.inode, SPOOL_AUDIT, 0);
}

static void test_spool_waits_for_what_is_due_later(void **state)
{
	struct spool *spool = *state;
	struct spool_work work;
	const uint64_t begin_ns = clock__now_mono_ns();

	finish(spool, 0, SECOND_NS * 3600);
	finish(spool, 0, SECOND_NS / 20);
	spool__wait(spool, 0, UINT64_MAX, &work);
	assert_int_equal(work.task, SPOOL_AUDIT);
	assert_string_equal(work.name, NEW_TIMER);
	assert_true(clock__now_mono_ns() - begin_ns >= SECOND_NS / 20);
	spool__stop(spool);
	spool__wait(spool, 0, UINT64_MAX, &work);
	assert_int_equal(work.task, SPOOL_STOP);
	assert_true(spool__rest(spool, UINT64_MAX));
	assert_true(spool__is_stopped(spool));
}

static void prove(struct spool *spool, size_t destination)
{
	const struct spool_work work = next(spool, destination);

	spool__set_proven(spool, destination, work.name, work.inode,
			  clock__now_mono_ns() + SECOND_NS * 3600);
}

/* At all destinations, and not before all have said what they know. */
static void test_spool_tells_what_is_proven(void **state)
{
	struct spool *spool = *state;
	const uint64_t inode = next(spool, 0).inode;

	told[0] = '\0';
	prove(spool, 0);
	spool__know(spool);
	assert_string_equal(told, "");
	prove(spool, 1);
	assert_string_equal(told, "");
	prove(spool, 0); /* the other file */
	spool__know(spool);
	assert_true(strstr(told, " ttlog-") != NULL);
	told[0] = '\0';
	prove(spool, 1);
	assert_string_equal(told, "yes " NEW_TIMER);
	told[0] = '\0';
	spool__set_proven(spool, 1, OLD_CRASH, inode, UINT64_MAX); /* again */
	assert_string_equal(told, "");
	spool__set(spool, 1, OLD_CRASH, inode, SPOOL_SEND, 0);
	assert_string_equal(told, "no " OLD_CRASH);
	spool__set(spool, 1, OLD_CRASH, inode, SPOOL_AUDIT, 0);
	told[0] = '\0';
	prove(spool, 1);
	assert_string_equal(told, "yes " OLD_CRASH);
}

static void test_spool_tells_that_the_directory_went(void **state)
{
	struct spool *spool = *state;
	struct pollfd wait = { .fd = spool__watch_fd(spool), .events = POLLIN };
	char to[64];

	(void)snprintf(to, sizeof(to), "%s.moved", dir);
	assert_int_equal(rename(dir, to), 0);
	assert_int_equal(poll(&wait, 1, 60000), 1);
	assert_int_equal(spool__take_changes(spool), -ESTALE);
	assert_int_equal(rename(to, dir), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		CASE(test_spool_sends_the_newest_crash_first),
		CASE(test_spool_looks_ahead),
		CASE(test_spool_forgets_what_is_gone),
		CASE(test_spool_takes_a_file_that_gets_its_name),
		CASE(test_spool_counts_what_was_never_looked_at),
		CASE(test_spool_counts_what_goes_while_it_is_sent),
		CASE(test_spool_counts_what_goes_before_its_audit),
		CASE(test_spool_knows_another_file_of_the_same_name),
		CASE(test_spool_waits_for_what_is_due_later),
		CASE(test_spool_tells_what_is_proven),
		CASE(test_spool_tells_that_the_directory_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
