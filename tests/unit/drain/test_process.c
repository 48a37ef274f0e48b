/* SPDX-License-Identifier: MIT */
/* Batches come twice, late, cut, lost or forged: what is recorded, and what the accounts say. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts.h"
#include "make.h"

#include "wire.h"
#include "lost.h"
#include "process.h"
#include "thread.h"

#define RECORD_BYTES 24u
#define ADDRESS      0x7f0000001000ull
#define PID          100u
#define TID          101u

struct message {
	struct wire_batch wire;
	unsigned char records[4096];
};

/* A flush of batch number seq with this many events of 24 bytes, and the count of events before
 * it. */
static struct message *flush(struct message *message, uint64_t seq, uint64_t before,
			     uint32_t events)
{
	*message = (struct message){
		.wire = {
			.head = {
				.kind = WIRE_BATCH,
				.bytes = sizeof(struct wire_batch) + events * RECORD_BYTES,
				.tgid = PID, .tid = TID, .ns_tgid = PID, .ns_tid = TID,
				.module = 1, .exec = 7, .comm = "worker",
			},
			.address = ADDRESS,
			.batch = {
				.magic = TTLOG_BATCH_MAGIC,
				.version = TTLOG_ABI_VERSION,
				.seq = seq,
				.events_before = before,
				.committed = (uint64_t)events << 32 | events * RECORD_BYTES,
			},
		},
	};
	memset(message->records, (int)seq, sizeof(message->records));
	return message;
}

static struct process *make_process_of(size_t ring_bytes)
{
	const struct wire_head head = { .tgid = PID, .ns_tgid = PID, .start_ns = 5, .comm = "app" };
	struct process *process = process__new(&head);

	assert_non_null(process);
	assert_int_equal(process__open_ring(process, NULL, NULL, ring_bytes), 0);
	return process;
}

static struct process *make_process(void)
{
	return make_process_of(RING_MIN_BYTES);
}

static void assert_accounts(const struct process *process, uint64_t emitted, uint64_t recorded)
{
	struct accounts accounts;

	process__accounts(process, NULL, &accounts);
	assert_int_equal(accounts.emitted, emitted);
	assert_int_equal(accounts.recorded, recorded);
	assert_int_equal(accounts.lost_total, emitted - recorded);
}

static void test_process_takes_each_batch_once(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 10);
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 0);
	assert_int_equal(process__take(process, &flush(&message, 2, 10, 5)->wire), 5);
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 0);
	assert_accounts(process, 15, 15);
	process__free(process);
}

static void test_process_takes_what_a_pull_left(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	/* pulled at 4 events, flushed at 10 */
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 4)->wire), 4);
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 6);
	assert_accounts(process, 10, 10);
	process__free(process);
}

static void test_process_counts_lost_batches(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 10);
	/* batch 2 with 30 events never came */
	assert_int_equal(process__take(process, &flush(&message, 3, 40, 1)->wire), 1);
	assert_accounts(process, 41, 11);
	process__free(process);
}

static void test_process_learns_of_loss_from_the_last_head(void **state)
{
	struct process *process = make_process();
	struct wire_thread end = { 0 };
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 10);
	flush(&message, 3, 25, 0);
	end.head = message.wire.head;
	end.address = ADDRESS;
	end.batch = message.wire.batch;
	source_table__set_owner(&process->sources, &end, false);
	assert_accounts(process, 25, 10);
	process__free(process);
}

static void test_process_starts_counting_when_attached(void **state)
{
	const struct source known = {
		.address = ADDRESS, .module = 1, .tid = TID, .exec = SOURCE_ANY_EXEC
	};
	struct process *process = make_process();
	struct message message;

	(void)state;
	/* before we attached: 100 events, and 3 in the batch */
	flush(&message, 8, 100, 3);
	assert_int_equal(source_table__add(&process->sources, &known, &message.wire.batch), 0);
	assert_int_equal(process__take(process, &flush(&message, 8, 100, 5)->wire), 2);
	assert_accounts(process, 2, 2);
	process__free(process);
}

/* The same with a total before the events; with no events it is all that there is. */
static struct message *flush_total(struct message *message, uint64_t seq, uint64_t before,
				   uint32_t events, uint64_t total)
{
	const struct {
		struct ttlog_record record;
		struct ttlog_side_total side;
	} first = {
		.record = { .site_len = TTLOG_SIDE_SITE << TTLOG_RECORD_LEN_BITS | 24 / 4 },
		.side = { .kind = TTLOG_SIDE_TOTAL, .total = total },
	};

	flush(message, seq, before, events);
	message->wire.head.bytes += sizeof(first);
	message->wire.batch.committed += sizeof(first);
	message->wire.batch.flags = TTLOG_BATCH_SIDE;
	memcpy(message->records, &first, sizeof(first));
	return message;
}

static uint64_t suppressed_of(const struct process *process)
{
	struct accounts accounts;

	process__accounts(process, NULL, &accounts);
	return accounts.suppressed;
}

/* It grows in its place, comes in any order, and alone it is no entry of the ring. */
static void test_process_counts_what_was_left_out(void **state)
{
	struct process *process = make_process();
	struct message message;
	uint64_t written;

	(void)state;
	assert_int_equal(process__take(process, &flush_total(&message, 2, 10, 2, 30)->wire), 2);
	assert_int_equal(suppressed_of(process), 30);
	assert_int_equal(process__take(process, &flush_total(&message, 2, 10, 2, 31)->wire), 0);
	assert_int_equal(suppressed_of(process), 31);
	assert_int_equal(process__take(process, &flush_total(&message, 1, 0, 10, 20)->wire), 0);
	assert_int_equal(suppressed_of(process), 31);
	written = ring__written_bytes(process->ring);
	assert_int_equal(process__take(process, &flush_total(&message, 3, 12, 0, 40)->wire), 0);
	assert_int_equal(ring__written_bytes(process->ring), written);
	assert_int_equal(process__take(process, &flush_total(&message, 3, 12, 1, 40)->wire), 1);
	assert_int_equal(suppressed_of(process), 40);
	process__free(process);
}

/* Another program of the process has other batches, maybe at the same address. */
static void test_process_counts_what_programs_left_out(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush_total(&message, 1, 0, 1, 30)->wire), 1);
	flush_total(&message, 1, 0, 1, 5);
	message.wire.head.exec++;
	process__exec(process, &message.wire.head);
	assert_int_equal(suppressed_of(process), 30);
	assert_int_equal(process__take(process, &message.wire), 1);
	assert_int_equal(suppressed_of(process), 35);
	process__free(process);
}

/* What was left out before the recording is not ours. */
static void test_process_leaves_out_what_was_before(void **state)
{
	const struct source known = {
		.address = ADDRESS, .module = 1, .exec = 7, .suppressed = 25
	};
	struct process *process = make_process();
	struct message message;

	(void)state;
	assert_int_equal(source_table__add(&process->sources, &known,
					   &flush_total(&message, 1, 0, 3, 25)->wire.batch),
			 0);
	assert_int_equal(suppressed_of(process), 0);
	assert_int_equal(process__take(process, &flush_total(&message, 1, 0, 4, 30)->wire), 1);
	assert_int_equal(suppressed_of(process), 5);
	process__free(process);
}

static void test_process_tells_programs_apart(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush(&message, 4, 90, 10)->wire), 10);
	/* after exec: the same address, numbers start again */
	flush(&message, 1, 0, 6);
	message.wire.head.exec = 8;
	assert_int_equal(process__take(process, &message.wire), 6);
	assert_accounts(process, 106, 16);
	process__free(process);
}

/* Each process has its own count of what it had no memory for. */
static void test_process_sums_what_programs_dropped(void **state)
{
	const struct wire_head next = { .exec = 8, .comm = "next" };
	struct process *process = make_process();
	struct accounts accounts;

	(void)state;
	process->counts.dropped = 3;
	process__exec(process, &next);
	assert_int_equal(process->counts.dropped, 0);
	process->counts.dropped = 2;
	process__accounts(process, NULL, &accounts);
	assert_int_equal(accounts.emitted, 5);
	assert_int_equal(accounts.lost.memory, 5);
	process__free(process);
}

/* Those of the last one, for watches. */
static void test_process_knows_the_flags_of_a_batch(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	flush(&message, 1, 0, 10)->wire.batch.flags = TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR);
	assert_int_equal(process__take(process, &message.wire), 10);
	assert_int_equal(process->taken.flags, TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR));
	assert_int_equal(process__take(process, &flush(&message, 2, 10, 5)->wire), 5);
	assert_int_equal(process->taken.flags, 0);
	process__free(process);
}

static void test_process_takes_lone_records(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	for (int i = 0; i < 2; i++) {
		flush(&message, 0, 0, 1);
		message.wire.batch.flags = TTLOG_BATCH_ALONE;
		assert_int_equal(process__take(process, &message.wire), 1);
		assert_int_equal(process->taken.flags, TTLOG_BATCH_ALONE);
	}
	assert_accounts(process, 2, 2);
	process__free(process);
}

/* Events of a thread's chunk: as many as the batch says. */
static void test_process_takes_many_lone_records(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	flush(&message, 0, 0, 10)->wire.batch.flags = TTLOG_BATCH_ALONE;
	assert_int_equal(process__take(process, &message.wire), 10);
	assert_int_equal(process__take(process, &message.wire), 10);
	assert_accounts(process, 20, 20);
	process__free(process);
}

static void assert_refused(struct process *process, struct message *message)
{
	assert_int_equal(process__take(process, &message->wire), -EBADMSG);
	assert_accounts(process, 0, 0);
}

static void test_process_refuses_forged_batches(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	flush(&message, 1, 0, 10)->wire.batch.magic++;
	assert_refused(process, &message);
	flush(&message, 1, 0, 10)->wire.batch.version++;
	assert_refused(process, &message);
	flush(&message, 1, 0, 10)->wire.batch.committed += 4; /* more than was copied */
	assert_refused(process, &message);
	flush(&message, 1, 0, 10)->wire.batch.committed += 1000ull << 32; /* more than fit */
	assert_refused(process, &message);
	flush(&message, 1, UINT64_MAX - 5, 10);
	assert_refused(process, &message);
	flush(&message, 1, 0, 10)->wire.head.bytes = 3;
	assert_refused(process, &message);
	process__free(process);
}

static void test_process_numbers_threads_by_name(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	process__take(process, &flush(&message, 1, 0, 1)->wire);
	process__take(process, &flush(&message, 2, 1, 1)->wire);
	assert_int_equal(process->threads.cnt, 1);
	flush(&message, 3, 2, 1);
	memcpy(message.wire.head.comm, "renamed", 8);
	process__take(process, &message.wire);
	assert_int_equal(process->threads.cnt, 2);
	assert_string_equal(process->threads.items[1].comm, "renamed");
	assert_int_equal(process->threads.items[1].ns_tid, 0); /* the same thread in its own
							        * namespace */
	process__free(process);
}

static void test_process_keeps_many_sources_apart(void **state)
{
	struct process *process = make_process();
	struct message message;

	(void)state;
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 1000; i++) {
			flush(&message, round + 1, round, 1);
			message.wire.address += i * 0x8000;
			assert_int_equal(process__take(process, &message.wire), 1);
		}
	}
	assert_accounts(process, 2000, 2000);
	process__free(process);
}

/* A program can't make the collector's list of names grow without limit, nor its searches longer
 * and longer. */
static void test_process_bounds_names_of_a_thread(void **state)
{
	struct process *process = make_process();
	struct message message;
	size_t cnt = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		flush(&message, 0, 0, 1)->wire.batch.flags = TTLOG_BATCH_ALONE;
		(void)snprintf(message.wire.head.comm, sizeof(message.wire.head.comm), "n%u", i);
		assert_int_equal(process__take(process, &message.wire), 1);
	}
	assert_in_range(process->threads.cnt, 2, 1000);
	assert_accounts(process, 100000, 100000);
	/* other threads keep their names */
	flush(&message, 0, 0, 1)->wire.batch.flags = TTLOG_BATCH_ALONE;
	message.wire.head.tid = TID + 1;
	assert_int_equal(process__take(process, &message.wire), 1);
	for (size_t i = 0; i < process->threads.cnt; i++)
		cnt += process->threads.items[i].tid == TID + 1;
	assert_int_equal(cnt, 1);
	process__free(process);
}

static void test_process_finds_each_of_many_threads(void **state)
{
	struct process *process = make_process_of(8 << 20); /* room for all */
	struct message message;

	(void)state;
	for (uint32_t i = 0; i < 60000; i++) {
		flush(&message, 0, 0, 1)->wire.batch.flags = TTLOG_BATCH_ALONE;
		message.wire.head.tid = TID + i % 20000;
		assert_int_equal(process__take(process, &message.wire), 1);
	}
	assert_int_equal(process->threads.cnt, 20000);
	for (uint32_t i = 0; i < 20000; i++)
		assert_int_equal(process->threads.items[i].tid, TID + i);
	process__free(process);
}

static void test_process_bounds_batches(void **state)
{
	const uint32_t cnt = (1u << 18) + 10;
	struct process *process = make_process();
	struct accounts accounts;
	struct message message;

	(void)state;
	for (uint32_t i = 0; i < cnt; i++) {
		flush(&message, 1, 0, 1)->wire.address = ADDRESS + ((uint64_t)i << 12);
		(void)process__take(process, &message.wire);
	}
	process__accounts(process, NULL, &accounts);
	assert_int_equal(accounts.emitted, cnt);
	assert_int_equal(accounts.lost_total, 10);
	assert_int_equal(accounts.lost.table_full, 10);
	process__free(process);
}

/* An event that the kernel has not counted as lost never existed. */
static void test_process_blames_who_counts_wrong(void **state)
{
	const struct wire_process kernel = { .lost_ring_events = 30 };
	struct process *process = make_process();
	struct accounts accounts;
	struct message message;

	(void)state;
	assert_int_equal(process__take(process, &flush(&message, 1, 0, 10)->wire), 10);
	assert_int_equal(process__take(process, &flush(&message, 3, 1000000, 1)->wire), 1);
	process__accounts(process, &kernel, &accounts);
	assert_int_equal(accounts.emitted, 1000001);
	assert_int_equal(accounts.recorded, 11);
	assert_int_equal(accounts.lost.kernel_ring, 30);
	assert_int_equal(accounts.lost.corrupt, 1000001 - 11 - 30);
	process__free(process);
}

/* In the ring, in the facts and by name: each entry has the thread that wrote it. */
static void assert_threads(const struct process *process, const struct process *found)
{
	const struct ring_entry *entry;
	struct ring_copy *copy;
	uint64_t overwritten;
	size_t cursor = 0;

	copy = ring__freeze(process->ring, &overwritten);
	assert_non_null(copy);
	while ((entry = ring_copy__next(copy, &cursor))) {
		assert_true(entry->thread < found->threads.cnt);
		assert_int_equal(found->threads.items[entry->thread].tid, TID + entry->seq);
	}
	ring_copy__free(copy);
}

static void test_process_forgets_threads_that_the_ring_has_not(void **state)
{
	const struct wire_head head = { .tgid = PID, .ns_tgid = PID, .start_ns = 5, .comm = "app" };
	struct process *process = process__new(&head);
	char dir[] = "/tmp/test_process.XXXXXX";
	struct lost_process lost;
	struct message message;
	struct stat facts;

	(void)state;
	assert_non_null(mkdtemp(dir));
	process__open_facts(process, dir);
	assert_int_equal(process__open_ring(process, NULL, dir, RING_MIN_BYTES), 0);
	for (uint32_t i = 1; i <= 60000; i++) {
		/* a batch passes from one thread to the next, as short-lived threads do */
		flush(&message, i, i - 1, 1);
		message.wire.head.tid = TID + i;
		assert_int_equal(process__take(process, &message.wire), 1);
	}
	/* with 72 bytes an entry the ring has 7,281 */
	assert_true(process->threads.cnt >= 7000 && process->threads.cnt <= 16384);
	assert_threads(process, process);
	assert_int_equal(stat(process->facts.path, &facts), 0);
	assert_true(facts.st_size < 1000000);
	assert_int_equal(lost_process__read(&lost, process->facts.path), 0);
	assert_threads(process, lost.process);
	process__free(lost.process);
	process__free(process);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_takes_each_batch_once),
		cmocka_unit_test(test_process_takes_what_a_pull_left),
		cmocka_unit_test(test_process_counts_lost_batches),
		cmocka_unit_test(test_process_learns_of_loss_from_the_last_head),
		cmocka_unit_test(test_process_starts_counting_when_attached),
		cmocka_unit_test(test_process_counts_what_was_left_out),
		cmocka_unit_test(test_process_counts_what_programs_left_out),
		cmocka_unit_test(test_process_leaves_out_what_was_before),
		cmocka_unit_test(test_process_tells_programs_apart),
		cmocka_unit_test(test_process_sums_what_programs_dropped),
		cmocka_unit_test(test_process_knows_the_flags_of_a_batch),
		cmocka_unit_test(test_process_takes_lone_records),
		cmocka_unit_test(test_process_takes_many_lone_records),
		cmocka_unit_test(test_process_refuses_forged_batches),
		cmocka_unit_test(test_process_numbers_threads_by_name),
		cmocka_unit_test(test_process_keeps_many_sources_apart),
		cmocka_unit_test(test_process_bounds_names_of_a_thread),
		cmocka_unit_test(test_process_finds_each_of_many_threads),
		cmocka_unit_test(test_process_bounds_batches),
		cmocka_unit_test(test_process_blames_who_counts_wrong),
		cmocka_unit_test(test_process_forgets_threads_that_the_ring_has_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
