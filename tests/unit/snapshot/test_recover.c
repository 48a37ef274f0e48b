/* SPDX-License-Identifier: MIT */
/*
 * What a collector leaves if it is killed at any moment, and how the next one recovers it. The
 * recorded process is this one, with a batch in the test's own memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"
#include "accounts.h"
#include "make.h"

#include "wire.h"
#include "clock.h"
#include "journal.h"
#include "out_dir.h"
#include "process.h"
#include <ttlog/read.h>
#include "recover.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "source.h"
#include "text_pool.h"

#define RECORD_BYTES 16u
#define BATCH_BYTES  4096u

struct dead {
	char root[64], out[80];
	struct snapshot_target target; /* out */
	struct journal journal;
	struct clock *clock;
	struct process *process;
	struct ttlog_batch *batch; /* of ours, with its records after it */
};

static uint64_t own_start_ns(void)
{
	unsigned long long ticks = 0;
	FILE *file = fopen("/proc/self/stat", "re");

	assert_non_null(file);
	assert_int_equal(
		fscanf(file,
		       "%*d (%*[^)]) %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		       &ticks),
		1);
	(void)fclose(file);
	return ticks * 10000000u + 1;
}

static void open_out(struct dead *dead)
{
	char path[PATH_MAX];

	dead->target = (struct snapshot_target){
		.dir_fd = out_dir__open(dead->out, OUT_DIR_NO_GROUP, path),
		.group = OUT_DIR_NO_GROUP,
	};
	assert_true(dead->target.dir_fd >= 0);
}

/* Makes one site with one u64. */
static void write_module(struct dead *dead)
{
	struct site site = {
		.index = 1,
		.level = TTLOG_LEVEL_INFO,
		.nfields = 1,
		.types = { TTLOG_TYPE_U64 },
		.service = "service",
		.target = "target",
		.name = "step",
		.message = "Step",
		.file = "a.c",
		.function = "f",
		.keys = { "n" },
	};
	struct site_table table = { .sites = &site, .cnt = 1, .build_id = "abcd" };

	site_table__store(&table, 1, dead->journal.modules_fd);
}

/* Commits events to our batch. */
static void commit(struct dead *dead, uint32_t cnt)
{
	struct ttlog_batch *batch = dead->batch;
	uint32_t events = (uint32_t)(batch->committed >> 32) + cnt;

	for (uint32_t i = (uint32_t)(batch->committed >> 32); i < events; i++) {
		const struct ttlog_record record = {
			.site_len = 1u << TTLOG_RECORD_LEN_BITS | RECORD_BYTES / 4,
		};
		uint64_t n = batch->events_before + i + 1;
		char *to = (char *)(batch + 1) + i * RECORD_BYTES;

		memcpy(to, &record, sizeof(record));
		memcpy(to + sizeof(record), &n, sizeof(n));
	}
	batch->committed = (uint64_t)events << 32 | events * RECORD_BYTES;
}

/* The collector gets what is in our batch, as by a flush or a pull. */
static void hand_over(struct dead *dead)
{
	uint32_t bytes = (uint32_t)dead->batch->committed;
	char room[sizeof(struct wire_batch) + BATCH_BYTES] = { 0 };
	struct wire_batch *message = (struct wire_batch *)room;

	message->head = (struct wire_head){
		.kind = WIRE_BATCH,
		.bytes = sizeof(*message) + bytes,
		.tgid = (uint32_t)getpid(),
		.tid = (uint32_t)gettid(),
		.ns_tgid = (uint32_t)getpid(),
		.ns_tid = (uint32_t)gettid(),
		.module = 1,
		.exec = 3,
		.comm = "worker",
		.stamp_ns = clock__now_mono_ns(),
	};
	message->address = (uintptr_t)dead->batch;
	message->batch = *dead->batch;
	memcpy(message + 1, dead->batch + 1, bytes);
	assert_true(process__take(dead->process, message) >= 0);
}

static void next_batch(struct dead *dead)
{
	dead->batch->events_before += dead->batch->committed >> 32;
	dead->batch->committed = 0;
	dead->batch->seq++;
}

static int start(void **state)
{
	static struct dead one;
	struct dead *dead = &one;
	const struct wire_head head = {
		.tgid = (uint32_t)getpid(),
		.ns_tgid = (uint32_t)getpid(),
		.start_ns = own_start_ns(),
		.comm = "test",
	};
	char path[PATH_MAX + 64];

	*dead = (struct dead){ .root = "/tmp/ttlog-recover-XXXXXX" };
	assert_non_null(mkdtemp(dead->root));
	snprintf(dead->out, sizeof(dead->out), "%s/out", dead->root);
	open_out(dead);
	assert_int_equal(journal__init(&dead->journal, dead->root), 0);
	snprintf(path, sizeof(path), "%s/clock", dead->journal.dir);
	dead->clock = clock__new(path);
	assert_non_null(dead->clock);
	write_module(dead);
	dead->batch =
		mmap(NULL, BATCH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(dead->batch, MAP_FAILED);
	*dead->batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.seq = 1,
		.tid = (uint32_t)gettid(),
		.base_ticks = clock__now_mono_ns(),
	};
	dead->process = process__new(&head);
	assert_non_null(dead->process);
	assert_int_equal(process__open_ring(dead->process, NULL, dead->journal.dir, RING_MIN_BYTES),
			 0);
	*state = dead;
	return 0;
}

/* As after SIGKILL: all descriptors and mappings are gone, the files stay. */
static void die(struct dead *dead)
{
	if (dead->process->ring)
		ring__leave(dead->process->ring);
	free(dead->process->facts.path);
	dead->process->facts.path = NULL;
	process__free(dead->process);
	dead->process = NULL;
	clock__free(dead->clock);
	(void)close(dead->journal.modules_fd);
	(void)close(dead->journal.lock_fd);
}

static int recover_now(const struct dead *dead)
{
	const struct recover_options options = { .root = dead->root,
						 .out_dir = dead->out,
						 .target = &dead->target };
	struct recover *recover = recover__new(&options);
	int cnt;

	assert_non_null(recover);
	cnt = recover__write(recover);
	recover__free(recover);
	return cnt;
}

static int finish(void **state)
{
	struct dead *dead = *state;

	(void)munmap(dead->batch, BATCH_BYTES);
	return temp_dir__remove(dead->root);
}

static char *find_snapshot(const struct dead *dead)
{
	DIR *dir = opendir(dead->out);
	static char path[512];
	struct dirent *entry;
	int cnt = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dead->out, entry->d_name);
		cnt++;
	}
	(void)closedir(dir);
	assert_int_equal(cnt, 1);
	return path;
}

/* Checks for the events from first to last without those between, and for the accounts. */
static void assert_events_from(const struct dead *dead, uint64_t first, uint64_t last,
			       uint64_t missing_from, uint64_t missing_to)
{
	uint64_t expected = first, missing = missing_from ? missing_to - missing_from + 1 : 0;
	char why[256];
	struct ttlog_snapshot *reader = ttlog_snapshot_open(find_snapshot(dead), why, sizeof(why));
	struct ttlog_field field;
	struct ttlog_event event;

	assert_non_null(reader);
	assert_int_equal(ttlog_snapshot_contents(reader)->problem_cnt, 0);
	assert_true(ttlog_text_is(ttlog_snapshot_info(reader)->reason, "recovered"));
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, last + 1 - first - missing);
	assert_int_equal(ttlog_snapshot_contents(reader)->recorded, last + 1 - first - missing);
	assert_int_equal(ttlog_snapshot_contents(reader)->emitted, last + 1 - first);
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		assert_int_equal(ttlog_snapshot_load(reader, i), 0);
		for (uint32_t k = 0; k < ttlog_snapshot_contents(reader)->chunks[i].n; k++) {
			if (expected == missing_from)
				expected = missing_to + 1;
			ttlog_snapshot_event(reader, k, &event);
			ttlog_event_field(&event, 0, &field);
			assert_int_equal(field.u, expected++);
			assert_int_equal(event.thread->tid, gettid());
			assert_true(ttlog_text_is(event.site->probe, "step"));
		}
	}
	assert_int_equal(expected, last + 1);
	ttlog_snapshot_close(reader);
}

static void assert_events(const struct dead *dead, uint64_t last, uint64_t missing_from,
			  uint64_t missing_to)
{
	assert_events_from(dead, 1, last, missing_from, missing_to);
}

static void test_recover_leaves_the_living_alone(void **state)
{
	struct dead *dead = *state;

	commit(dead, 3);
	hand_over(dead);
	assert_int_equal(recover_now(dead), 0);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_int_equal(access(dead->journal.dir, F_OK), -1);
	/* a second time there is nothing to recover */
	assert_int_equal(recover_now(dead), 0);
	assert_events(dead, 3, 0, 0);
}

static void test_recover_reads_what_was_not_flushed(void **state)
{
	struct dead *dead = *state;

	commit(dead, 5);
	hand_over(dead);
	commit(dead, 4);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 9, 0, 0);
}

static void test_recover_counts_what_fell_between(void **state)
{
	struct dead *dead = *state;

	commit(dead, 5);
	hand_over(dead);
	next_batch(dead);
	commit(dead, 7); /* flushed, and lost with the kernel's ring buffer */
	next_batch(dead);
	commit(dead, 2);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 14, 6, 12);
}

/* The collector knows of the process, and has nothing of it yet. */
static void attach_blank(struct dead *dead)
{
	const struct wire_head head = { .tgid = (uint32_t)getpid(), .ns_tgid = (uint32_t)getpid() };

	ring__free(dead->process->ring);
	dead->process->ring = NULL;
	process__free(dead->process);
	dead->process = process__new(&head);
	assert_non_null(dead->process);
	process__open_facts(dead->process, dead->journal.dir);
	assert_true(dead->process->facts.fd >= 0);
}

/* It knows of the batch, too. */
static void attach(struct dead *dead)
{
	const struct source source = {
		.address = (uintptr_t)dead->batch,
		.module = 1,
		.exec = SOURCE_ANY_EXEC,
		.tid = (uint32_t)gettid(),
	};

	attach_blank(dead);
	assert_int_equal(source_table__add(&dead->process->sources, &source, dead->batch), 0);
}

/* A thread that came later is in the program's own list. */
static void test_recover_finds_threads_that_it_never_heard_of(void **state)
{
	struct dead *dead = *state;
	const struct ttlog_module module = { .batches = (uintptr_t)dead->batch };
	const struct anchor anchor = { .address = (uintptr_t)&module, .module = 1 };

	attach_blank(dead);
	assert_int_equal(module_set__add_anchor(&dead->process->modules, &anchor), 0);
	commit(dead, 7);
	next_batch(dead);
	commit(dead, 2);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 9, 1, 7);
}

/* Events that the batch held before the recording began are in the same batch, but are not
 * recorded. */
static void test_recover_knows_who_has_recorded_nothing_yet(void **state)
{
	struct dead *dead = *state;

	commit(dead, 4);
	attach(dead);
	commit(dead, 3);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events_from(dead, 5, 7, 0, 0);
}

/* The collector was killed while it made the ring: its file exists, and has no contents. */
static void test_recover_does_without_half_a_ring(void **state)
{
	struct dead *dead = *state;
	char path[PATH_MAX + 64];
	int fd;

	attach(dead);
	commit(dead, 3);
	snprintf(path, sizeof(path), "%s", dead->process->facts.path);
	memcpy(strstr(path, ".facts"), ".ring", sizeof(".ring"));
	die(dead);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	(void)close(fd);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 3, 0, 0);
	assert_int_equal(access(dead->journal.dir, F_OK), -1);
}

static void test_recover_says_nothing_of_who_emitted_nothing(void **state)
{
	struct dead *dead = *state;

	commit(dead, 4);
	attach(dead);
	die(dead);
	assert_int_equal(recover_now(dead), 0);
	assert_int_equal(access(dead->journal.dir, F_OK), -1);
}

static void test_recover_goes_on_after_attach(void **state)
{
	struct dead *dead = *state;

	commit(dead, 4);
	attach(dead);
	assert_int_equal(process__open_ring(dead->process, NULL, dead->journal.dir, RING_MIN_BYTES),
			 0);
	commit(dead, 3);
	hand_over(dead);
	commit(dead, 2);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events_from(dead, 5, 9, 0, 0);
}

static void write_at_end(const struct dead *dead, const char *suffix, const void *bytes, size_t len)
{
	DIR *dir = opendir(dead->journal.dir);
	struct dirent *entry;
	int fd = -1;

	assert_non_null(dir);
	while (fd < 0 && (entry = readdir(dir)))
		if (strstr(entry->d_name, suffix))
			fd = openat(dirfd(dir), entry->d_name, O_WRONLY | O_APPEND);
	(void)closedir(dir);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)close(fd);
}

/* A record whose length is larger than the rest of the file. */
static void test_recover_drops_torn_records(void **state)
{
	const struct journal_record torn = {
		.kind = JOURNAL_THREAD | JOURNAL_VERSION << 16,
		.bytes = 1000,
	};
	struct dead *dead = *state;

	commit(dead, 5);
	hand_over(dead);
	die(dead);
	write_at_end(dead, ".facts", &torn, sizeof(torn));
	write_at_end(dead, "modules", &torn, sizeof(torn) - 3);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 5, 0, 0);
}

/* Between the two steps the program is recorded again: what it logs then does not belong to this
 * ring, even if the recovering collector is killed before it has written the snapshot. */
static void test_recover_takes_nothing_of_the_next_recording(void **state)
{
	struct dead *dead = *state;
	const struct recover_options options = { .root = dead->root,
						 .out_dir = dead->out,
						 .target = &dead->target };
	struct recover *recover;

	commit(dead, 5);
	hand_over(dead);
	commit(dead, 4);
	die(dead);
	recover = recover__new(&options);
	assert_non_null(recover);
	commit(dead, 3);
	recover__free(recover);
	assert_int_equal(rmdir(dead->out), 0); /* the directory is empty */
	open_out(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 9, 0, 0);
}

static void test_recover_passes_over_what_is_no_ring(void **state)
{
	struct dead *dead = *state;
	char path[PATH_MAX + 32];

	commit(dead, 5);
	hand_over(dead);
	die(dead);
	snprintf(path, sizeof(path), "%s/1-1.ring", dead->journal.dir);
	(void)close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(recover_now(dead), 1);
	assert_int_equal(access(dead->journal.dir, F_OK), -1);
	assert_events(dead, 5, 0, 0);
}

/* If there is no room for the snapshot, the ring stays. */
static void test_recover_keeps_rings_that_it_cannot_write(void **state)
{
	struct dead *dead = *state;

	commit(dead, 5);
	hand_over(dead);
	die(dead);
	assert_int_equal(rmdir(dead->out), 0);
	assert_true(recover_now(dead) < 0); /* ext4 has EPERM, others ENOENT */
	open_out(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_events(dead, 5, 0, 0);
}

/* A collector could not write a ring, and lived on: it left the accounts, and how the process
 * ended. */
static void test_recover_writes_what_was_kept(void **state)
{
	struct dead *dead = *state;
	static const char code[] = "\x64"
				   "exit\xa1\x64"
				   "code\x03"; /* "exit": {"code": 3} */
	const struct crash_ending ending = {
		.pair_cnt = 1,
		.bytes = code,
		.len = sizeof(code) - 1,
	};
	const struct accounts accounts = {
		.emitted = 7,
		.lost = { .memory = 1, .fault = 1 },
	};
	struct ttlog_snapshot *reader;
	char why[256];

	commit(dead, 5);
	hand_over(dead);
	assert_int_equal(process__leave(dead->process, &accounts, &ending), 0);
	/* what the process logs from then on belongs to the next recording */
	commit(dead, 4);
	die(dead);
	assert_int_equal(recover_now(dead), 1);
	assert_int_equal(recover_now(dead), 0);
	reader = ttlog_snapshot_open(find_snapshot(dead), why, sizeof(why));
	assert_non_null(reader);
	assert_int_equal(ttlog_snapshot_contents(reader)->problem_cnt, 0);
	assert_int_equal(ttlog_snapshot_contents(reader)->event_cnt, 5);
	assert_int_equal(ttlog_snapshot_contents(reader)->recorded, 5);
	assert_int_equal(ttlog_snapshot_contents(reader)->emitted, 7);
	assert_true(ttlog_snapshot_info(reader)->exit->has_code);
	assert_int_equal(ttlog_snapshot_info(reader)->exit->code, 3);
	ttlog_snapshot_close(reader);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_recover_leaves_the_living_alone),
		CASE(test_recover_reads_what_was_not_flushed),
		CASE(test_recover_counts_what_fell_between),
		CASE(test_recover_knows_who_has_recorded_nothing_yet),
		CASE(test_recover_does_without_half_a_ring),
		CASE(test_recover_finds_threads_that_it_never_heard_of),
		CASE(test_recover_says_nothing_of_who_emitted_nothing),
		CASE(test_recover_goes_on_after_attach),
		CASE(test_recover_drops_torn_records),
		CASE(test_recover_takes_nothing_of_the_next_recording),
		CASE(test_recover_passes_over_what_is_no_ring),
		CASE(test_recover_keeps_rings_that_it_cannot_write),
		CASE(test_recover_writes_what_was_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
