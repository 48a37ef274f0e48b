/* SPDX-License-Identifier: MIT */
/*
 * The recorder without a drain thread: the test makes the messages, as the kernel side sends them,
 * of a child that exists. The test reads the snapshots again.
 */
#include "recording.h"

#include "wire.h"
#include "process.h"
#include "process_settings.h"
#include "pull.h"
#include "ring.h"
#include "start_time.h"

#define RECORD_BYTES 16u
#define EVENTS_MAX   64u
#define ADDRESS      0x7f0000001000ull

struct message {
	struct wire_batch wire;
	unsigned char records[EVENTS_MAX * RECORD_BYTES];
};

/* The module with this program's sites, which are the child's, too. The caller holds it. */
static uint32_t own_module(struct recording *recording, struct attached_process *attached,
			   uint32_t *ret_step)
{
	attach__keep_files(recording->attach, getpid(), attached);
	for (size_t i = 0; i < attached->module_cnt; i++) {
		struct site_table *table = attach__table(recording->attach, attached->modules[i]);
		const bool has_module = table && table->has_module;

		if (has_module)
			*ret_step = table->sites[0].index;
		site_table__free(table);
		if (has_module)
			return attached->modules[i];
	}
	fail_msg("no sites in this program");
	return 0;
}

static struct wire_head head_of(const struct recording *recording, uint32_t kind)
{
	const uint32_t pid = (uint32_t)recording->child.pid;

	return (struct wire_head){
		.kind = kind,
		.tgid = pid,
		.tid = pid,
		.ns_tgid = pid,
		.ns_tid = pid,
		.start_ns = start_time__read_ns((pid_t)pid),
		.stamp_ns = clock__now_mono_ns(),
		.comm = "worker",
	};
}

/* Batch `seq` with this many events `step`. `before` events came before it, and n counts on from
 * there. */
static struct message *fill(struct recording *recording, struct message *ret, uint64_t seq,
			    uint64_t before, uint32_t events)
{
	struct attached_process *attached = attached_process__new((uint32_t)getpid());
	uint32_t step = 0, bytes = events * RECORD_BYTES;

	assert_true(events <= EVENTS_MAX);
	*ret = (struct message){ .wire.head = head_of(recording, WIRE_BATCH) };
	ret->wire.head.bytes = (uint32_t)sizeof(ret->wire) + bytes;
	ret->wire.head.module = own_module(recording, attached, &step);
	ret->wire.address = ADDRESS;
	ret->wire.batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.seq = seq,
		.events_before = before,
		.base_ticks = ret->wire.head.stamp_ns,
		.committed = (uint64_t)events << 32 | bytes,
	};
	for (uint32_t i = 0; i < events; i++) {
		const struct ttlog_record record = {
			.site_len = step << TTLOG_RECORD_LEN_BITS | RECORD_BYTES / 4,
		};
		const uint64_t n = before + i;

		memcpy(ret->records + i * RECORD_BYTES, &record, sizeof(record));
		memcpy(ret->records + i * RECORD_BYTES + sizeof(record), &n, sizeof(n));
	}
	attached_process__free(attached);
	return ret;
}

static void take(struct recording *recording, uint64_t seq, uint64_t before, uint32_t events)
{
	struct message message;

	fill(recording, &message, seq, before, events);
	recorder__take_batch(recording->recorder, &message.wire);
}

static void take_job(struct recording *recording)
{
	struct job *job;

	recording__wait_readable(recording->done[0]);
	assert_int_equal(read(recording->done[0], &job, sizeof(job)), sizeof(job));
	jobs__done(&recording->recorder->jobs, job);
}

/* Makes a request, and writes its file. */
static void ask(struct recording *recording, char ret_path[PATH_MAX])
{
	jobs__snapshot(&recording->recorder->jobs, recording__request(recording, 0, false));
	take_job(recording);
	recording__read_answer(recording, ret_path);
}

static void end(struct recording *recording)
{
	(void)marked_child__end(&recording->child, 0);
	recording__free(recording);
}

static void test_recorder_writes_what_it_took(void **state)
{
	struct recording *recording = recording__start(0);
	char path[PATH_MAX];

	(void)state;
	take(recording, 1, 0, 10);
	take(recording, 2, 10, 5);
	take(recording, 2, 10, 5); /* the same batch again, as a pull may read it */
	ask(recording, path);
	recording__assert_file(path, 15, 0);
	assert_false(recording->recorder->jobs.failed);
	end(recording);
}

static void test_recorder_counts_what_did_not_come(void **state)
{
	struct recording *recording = recording__start(0);
	char path[PATH_MAX];

	(void)state;
	take(recording, 1, 0, 10);
	take(recording, 3, 40, 0); /* 30 events were in batch 2 */
	ask(recording, path);
	recording__assert_file(path, 10, 30);
	end(recording);
}

/* The collector has not attached to the process: it must look at its mappings. */
static void test_recorder_has_a_new_process_looked_at(void **state)
{
	struct recording *recording = recording__start(0);

	(void)state;
	take(recording, 1, 0, 1);
	assert_int_equal(recording->looked_at, recording->child.pid);
	assert_int_equal(recording->look, ATTACH_LOOK_NEW);
	recording->look = 0;
	take(recording, 2, 1, 1);
	assert_int_equal(recording->look, 0);
	end(recording);
}

static void assert_refused(struct recording *recording, uint32_t pid, bool only_new)
{
	char answer[PATH_MAX];

	jobs__snapshot(&recording->recorder->jobs, recording__request(recording, pid, only_new));
	recording__read_answer(recording, answer);
	assert_string_equal(answer, "error: nothing is recorded");
}

static void test_recorder_answers_where_there_is_nothing(void **state)
{
	struct recording *recording = recording__start(0);
	char path[PATH_MAX];

	(void)state;
	assert_refused(recording, 0, false);
	take(recording, 1, 0, 3);
	assert_refused(recording, (uint32_t)getpid(), false);
	ask(recording, path);
	assert_refused(recording, 0, true);
	take(recording, 2, 3, 1);
	ask(recording, path);
	recording__assert_file(path, 4, 0);
	end(recording);
}

static void test_recorder_heeds_requests_where_these_are_asked_for(void **state)
{
	(void)state;
	for (unsigned int on = 0; on <= TRIGGER_ON_REQUEST; on += TRIGGER_ON_REQUEST) {
		struct recording *recording = recording__start(on);
		struct wire_request request = { .reason = "mine" };
		char path[PATH_MAX];

		request.head = head_of(recording, WIRE_REQUEST);
		assert_false(recorder__heeds_request(recording->recorder, &request.head));
		take(recording, 1, 0, 2);
		assert_int_equal(recorder__heeds_request(recording->recorder, &request.head),
				 on != 0);
		recorder__take_message(recording->recorder, &request.head);
		if (on) {
			take_job(recording);
			recording__find_file(recording, "mine", path);
			recording__assert_file(path, 2, 0);
		}
		end(recording);
	}
}

static void take_settings(struct recording *recording, const struct process_settings *settings)
{
	struct attached_process *attached = attached_process__new((uint32_t)recording->child.pid);

	assert_non_null(attached);
	attached->settings = settings;
	looks__take(&recording->recorder->looks, attached);
	attached_process__free(attached);
}

/* Of its section. A later look that does not know them leaves them. */
static void test_recorder_heeds_settings_of_a_process(void **state)
{
	static const struct trigger_plan plan = { .on = TRIGGER_ON_KILLED };
	static const struct process_settings settings = { .ring_bytes = 4 << 20, .plan = &plan };
	static const struct process_settings none = { 0 };
	struct recording *recording = recording__start(TRIGGER_ON_EXIT);
	const struct jobs *jobs = &recording->recorder->jobs;
	struct process *process;
	struct wire_head head;

	(void)state;
	take_settings(recording, &settings);
	take_settings(recording, NULL);
	take(recording, 1, 0, 1);
	head = head_of(recording, WIRE_BATCH);
	process = processes__find_sender(&recording->recorder->processes, &head);
	assert_non_null(process);
	assert_true(ring__data_bytes(process->ring) >= 4 << 20);
	assert_false(jobs__heed_end(jobs, process));
	process->crash.exit_signal = SIGKILL;
	assert_true(jobs__heed_end(jobs, process));
	/* it runs another program */
	take_settings(recording, &none);
	assert_false(jobs__heed_end(jobs, process));
	process->crash.exit_signal = 0;
	assert_true(jobs__heed_end(jobs, process));
	end(recording);
}

/* In the child's memory, too, as it is when the child starts. */
static struct message unflushed;

static bool take_nothing(void *ctx)
{
	(void)ctx;
	return true;
}

static void assert_recorded(const struct recording *recording, uint64_t events)
{
	const struct processes *processes = &recording->recorder->processes;
	const struct process *process =
		process_table__find(&processes->table, (uint32_t)recording->child.pid);

	assert_non_null(process);
	assert_int_equal(process->counts.recorded, events);
}

/* A round of triggers leaves batches that began a moment ago to their threads. */
static void test_recorder_pulls_what_is_not_young(void **state)
{
	const struct pull_meanwhile meanwhile = { .act = take_nothing };
	const uint64_t hour_ns = UINT64_C(3600000000000);
	struct recording *recording;
	struct message message;
	struct puller *puller;

	(void)state;
	unflushed.wire.batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.seq = 1,
		.base_ticks = clock__now_mono_ns(),
		.committed = (uint64_t)8 << 32 | (8 * RECORD_BYTES),
	};
	recording = recording__start(0);
	puller = &recording->recorder->puller;
	/* its first 5 events came before */
	fill(recording, &message, 1, 0, 5);
	message.wire.address = (uintptr_t)&unflushed.wire.batch;
	recorder__take_batch(recording->recorder, &message.wire);
	assert_recorded(recording, 5);
	puller__pull_older(puller, hour_ns, &meanwhile);
	assert_recorded(recording, 5);
	puller__pull_older(puller, 1, &meanwhile);
	assert_recorded(recording, 8);
	puller__pull_new(puller, &meanwhile);
	assert_recorded(recording, 8);
	end(recording);
}

/* What the child's thread had not flushed comes last. After the snapshot nothing is left to
 * record. */
static void test_recorder_ends_the_books_of_one_that_was_killed(void **state)
{
	struct recording *recording = recording__start(TRIGGER_ON_KILLED);
	struct wire_exit message = { .end.status = SIGKILL };
	struct message tail;
	char path[PATH_MAX];

	(void)state;
	take(recording, 1, 0, 6);
	fill(recording, &tail, 2, 6, 2)->wire.head.kind = WIRE_TAIL;
	message.head = head_of(recording, WIRE_EXIT);
	(void)marked_child__end(&recording->child, SIGKILL);
	recorder__take_message(recording->recorder, &message.head);
	recorder__take_message(recording->recorder, &tail.wire.head);
	take_job(recording);
	recording__find_file(recording, "killed", path);
	recording__assert_file(path, 8, 0);
	recording__assert_done_is_told(recording);
	assert_refused(recording, 0, false);
	recording__free(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorder_writes_what_it_took),
		cmocka_unit_test(test_recorder_counts_what_did_not_come),
		cmocka_unit_test(test_recorder_has_a_new_process_looked_at),
		cmocka_unit_test(test_recorder_answers_where_there_is_nothing),
		cmocka_unit_test(test_recorder_heeds_requests_where_these_are_asked_for),
		cmocka_unit_test(test_recorder_heeds_settings_of_a_process),
		cmocka_unit_test(test_recorder_pulls_what_is_not_young),
		cmocka_unit_test(test_recorder_ends_the_books_of_one_that_was_killed),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
