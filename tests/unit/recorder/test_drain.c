/* SPDX-License-Identifier: MIT */
/*
 * The drain thread at work, with the real kernel side and a child that logs: events that were
 * flushed and that were not, how it ends, and too many requests.
 */
#include "recording.h"

#define FLUSHED 5000u /* more events of 16 bytes than fit into a batch of 32 KiB */

/* No site is enabled yet; when this returns, the recorder knows the process. */
static void take_attached(void *ctx, struct attached_process *attached)
{
	struct recording *recording = ctx;

	attached->given = true;
	drain__add_process(recording->drain, attached);
}

static struct recording *start(unsigned int on)
{
	struct recording *recording = recording__start(on);
	const struct drain_options options = {
		.kernel = recording->kernel,
		.batches_bytes = MARKED_BATCHES_BYTES,
		.clock = recording->clock,
		.recorder = recording->recorder,
		.status = recording->status,
	};
	struct attach_result result;

	recording->drain = drain__new(&options);
	assert_non_null(recording->drain);
	assert_int_equal(kernel__track(recording->kernel, recording->child.pid), 0);
	assert_int_equal(attach__process(recording->attach, recording->child.pid, take_attached,
					 recording, &result),
			 0);
	assert_int_equal(result.site_cnt, MARKED_SITES);
	return recording;
}

static void stop(struct recording *recording)
{
	attach__close_gates(recording->attach);
	drain__stop(recording->drain, recording__request(recording, 0, true));
}

static void test_drain_shows_its_status(void **state)
{
	struct recording *recording = start(0);
	const struct status_process *process;
	const struct status *status;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(marked_child__log(&recording->child, FLUSHED), FLUSHED);
	drain__request(recording->drain, recording__request(recording, 0, false));
	recording__read_answer(recording, path);
	status = drain__ask_status(recording->drain, 0, DEADLINE_MS);
	assert_non_null(status);
	assert_int_equal(status->process_cnt, 1);
	process = &status->processes[0];
	assert_int_equal(process->pid, recording->child.pid);
	assert_false(process->ended);
	assert_int_equal(process->accounts.emitted, FLUSHED);
	assert_int_equal(process->accounts.recorded, FLUSHED);
	assert_int_equal(process->accounts.lost_total, 0);
	assert_int_equal(process->enabled_cnt, MARKED_SITES);
	assert_true(process->flushes >= 1);
	assert_true(process->bytes >= FLUSHED * 16);
	assert_int_equal(process->ring_bytes, 1 << 20);
	assert_true(process->ring_used_bytes > 0);
	assert_int_equal(process->unsaved_bytes, 0);
	assert_true(process->newest_ns > 0 && process->newest_ns <= status->mono_ns);
	assert_int_equal(process->snapshots, 1);
	assert_int_equal(status->snapshots.by_reason[SNAPSHOT_OTHER].made, 1);
	assert_int_equal(status->snapshots.by_reason[SNAPSHOT_OTHER].events, FLUSHED);
	assert_true(status->snapshots.by_reason[SNAPSHOT_OTHER].bytes > 0);
	assert_int_equal(status->batches.bytes, MARKED_BATCHES_BYTES);
	assert_true(status->program_cnt > 0);
	status_board__release(recording->status, status);
	(void)marked_child__end(&recording->child, 0);
	stop(recording);
	recording__free(recording);
}

static void test_drain_takes_what_was_flushed_and_what_was_not(void **state)
{
	struct recording *recording = start(0);
	char path[PATH_MAX];

	(void)state;
	for (uint64_t cnt = FLUSHED; cnt <= 2 * FLUSHED; cnt += FLUSHED) {
		assert_int_equal(marked_child__log(&recording->child, FLUSHED), FLUSHED);
		drain__request(recording->drain, recording__request(recording, 0, false));
		recording__read_answer(recording, path);
		recording__assert_file(path, cnt, 0);
	}
	(void)marked_child__end(&recording->child, 0);
	stop(recording);
	recording__free(recording);
}

static void test_drain_tells_when_the_last_one_has_ended(void **state)
{
	struct recording *recording = start(TRIGGER_ON_KILLED);
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(marked_child__log(&recording->child, 100), 100);
	(void)marked_child__end(&recording->child, SIGKILL);
	recording__assert_done_is_told(recording);
	recording__find_file(recording, "killed", path);
	recording__assert_file(path, 100, 0);
	stop(recording);
	recording__read_answer(recording, path);
	assert_string_equal(path, "error: nothing is recorded");
	recording__free(recording);
}

static void test_drain_takes_what_is_left_when_it_is_stopped(void **state)
{
	struct recording *recording = start(0);
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(marked_child__log(&recording->child, 7), 7);
	stop(recording);
	recording__read_answer(recording, path);
	recording__assert_file(path, 7, 0);
	(void)marked_child__end(&recording->child, 0);
	recording__free(recording);
}

/* Reports that it was called, and waits until it is told to go on. */
struct stuck {
	int came[2], go[2];
};

static void answer_late(struct trigger_request *request)
{
	const struct stuck *stuck = request->ctx;
	char byte = 0;

	if (write(stuck->came[1], &byte, 1) != 1 || read(stuck->go[0], &byte, 1) != 1)
		abort();
}

/* While the thread is busy, the number of waiting requests is limited; a refused client is told at
 * once. */
static void test_drain_refuses_more_requests_than_it_has_room_for(void **state)
{
	struct recording *recording = start(0);
	struct trigger_request *first = recording__request(recording, 1, false);
	struct stuck stuck;
	char answer[PATH_MAX];
	unsigned int waiting = 0;

	(void)state;
	assert_int_equal(pipe(stuck.came) || pipe(stuck.go), 0);
	first->answer = answer_late;
	first->ctx = &stuck;
	drain__request(recording->drain, first);
	assert_int_equal(read(stuck.came[0], answer, 1), 1);
	for (struct pollfd refused = { .fd = recording->answers[0], .events = POLLIN };
	     !poll(&refused, 1, 0); waiting++) {
		assert_true(waiting < 1000);
		drain__request(recording->drain, recording__request(recording, 1, false));
	}
	recording__read_answer(recording, answer);
	assert_string_equal(answer, "error: too many requests at once");
	assert_int_equal(write(stuck.go[1], "", 1), 1);
	/* all other requests are answered */
	for (unsigned int i = 1; i < waiting; i++) {
		recording__read_answer(recording, answer);
		assert_string_equal(answer, "error: nothing is recorded");
	}
	(void)marked_child__end(&recording->child, 0);
	stop(recording);
	for (int i = 0; i < 2; i++) {
		(void)close(stuck.came[i]);
		(void)close(stuck.go[i]);
	}
	recording__free(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain_shows_its_status),
		cmocka_unit_test(test_drain_takes_what_was_flushed_and_what_was_not),
		cmocka_unit_test(test_drain_tells_when_the_last_one_has_ended),
		cmocka_unit_test(test_drain_takes_what_is_left_when_it_is_stopped),
		cmocka_unit_test(test_drain_refuses_more_requests_than_it_has_room_for),
	};

	return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
