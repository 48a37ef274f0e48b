/* SPDX-License-Identifier: MIT */
/*
 * A snapshot that was cut keeps about the same share of its events, however few there are. Times
 * are fixed here, so that a file has the same size on every machine.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make.h"

#include "clock.h"
#include "out_dir.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "thread.h"
#include "ttlog/read.h"

#define SITES        100u
#define THREADS      2u
#define BATCH_BYTES  32000u
#define ROOM_PERCENT 10 /* one chunk, and the parts without events: header and end */

struct fixture {
	char dir[32];
	int dir_fd;
	struct ring *ring;
	struct clock *clock;
	struct make_batch batches[THREADS];
	struct thread threads[THREADS];
	const struct site_table *modules[1];
	char path[PATH_MAX];
	size_t chunk_cnt, bytes;
};

static const uint8_t trade_types[] = { TTLOG_TYPE_STR, TTLOG_TYPE_I32, TTLOG_TYPE_F64,
				       TTLOG_TYPE_STR, TTLOG_TYPE_I64 };

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_cut.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->ring = ring__new(NULL, 64 << 20);
	fixture->clock = clock__new_blank();
	for (uint32_t i = 0; i < THREADS; i++)
		fixture->threads[i] = (struct thread){ .pid = 42, .tid = 42 + i };
	return fixture->dir_fd < 0 || !fixture->ring || !fixture->clock;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	(void)rmdir(fixture->dir);
	(void)close(fixture->dir_fd);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free((struct site_table *)fixture->modules[0]);
	free(fixture);
	return 0;
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*seed >> 33);
}

static void put_trade(struct make_batch *batch, uint32_t site, uint32_t delta_ns, uint64_t *seed)
{
	static const char symbols[8][5] = { "AAPL", "MSFT", "GOOG", "AMZN",
					    "NVDA", "TSLA", "META", "NFLX" };
	const int32_t quantity = (int32_t)(next_random(seed) % 1000);
	const double price = (double)(10000 + next_random(seed) % 1000) / 100;
	const int64_t latency_us = next_random(seed) % 5000;

	make__begin(batch, site, delta_ns);
	make__put_text(batch, symbols[next_random(seed) % 8], 4, 0);
	make__put(batch, &quantity, sizeof(quantity));
	make__put(batch, &price, sizeof(price));
	make__put_text(batch, quantity % 2 ? "SELL" : "BUY", quantity % 2 ? 4 : 3, 0);
	make__put(batch, &latency_us, sizeof(latency_us));
	make__end(batch);
}

/* Trades from this many sites in turn, as two threads log them. */
static void make_trades(struct fixture *fixture, uint32_t event_cnt, uint32_t site_cnt)
{
	struct site_table *table = make__table(site_cnt);
	uint64_t now_ns[THREADS] = { 1000, 1000 }, base_ns[THREADS] = { 1000, 1000 };
	uint64_t seed = 1, seq[THREADS] = { 1, 1 };

	fixture->modules[0] = table;
	for (uint32_t i = 0; i < site_cnt; i++)
		make__site(table, i, "trade_executed", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT,
			   "symbol,quantity,price,side,latency_us", trade_types);
	for (uint32_t i = 0; i < event_cnt; i++) {
		const uint32_t thread = i % THREADS, delta_ns = 20 + next_random(&seed) % 16;
		struct make_batch *batch = &fixture->batches[thread];

		put_trade(batch, next_random(&seed) % site_cnt, delta_ns, &seed);
		now_ns[thread] += delta_ns;
		if (batch->len < BATCH_BYTES && i + THREADS < event_cnt)
			continue;
		make__flush(batch, fixture->ring, thread, 0, base_ns[thread], now_ns[thread] + 1,
			    seq[thread]++);
		base_ns[thread] = now_ns[thread];
	}
}

static void write_trades(struct fixture *fixture, uint32_t event_cnt, uint32_t site_cnt)
{
	struct snapshot_source source = {
		.threads = fixture->threads,
		.thread_cnt = THREADS,
		.modules = fixture->modules,
		.module_cnt = 1,
		.clock = fixture->clock,
		.pid = 42,
		.start_ns = 1000000000,
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.reason = "crash",
		.emitted = event_cnt,
		.recorded = event_cnt,
	};
	const struct snapshot_target target = { .dir_fd = fixture->dir_fd,
						.group = OUT_DIR_NO_GROUP };
	char name[NAME_MAX + 1];
	uint64_t overwritten, events, corrupt;
	struct stat st;

	make_trades(fixture, event_cnt, site_cnt);
	source.events = ring__freeze(fixture->ring, &overwritten);
	assert_non_null(source.events);
	assert_int_equal(snapshot__write(&target, &source, name, &events, &corrupt, NULL), 0);
	ring_copy__free(source.events);
	assert_int_equal(overwritten + corrupt, 0);
	assert_int_equal(events, event_cnt);
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->dir, name);
	assert_int_equal(stat(fixture->path, &st), 0);
	fixture->bytes = (size_t)st.st_size;
}

/* How many events the file still has; each of them can be read. */
static uint32_t count_events(struct fixture *fixture)
{
	char why[160] = "";
	struct ttlog_snapshot *snapshot = ttlog_snapshot_open(fixture->path, why, sizeof(why));
	const struct ttlog_contents *contents;
	uint32_t cnt = 0;

	if (!snapshot)
		fail_msg("%s", why);
	contents = ttlog_snapshot_contents(snapshot);
	fixture->chunk_cnt = contents->chunk_cnt;
	for (size_t i = 0; i < contents->chunk_cnt; i++) {
		assert_int_equal(ttlog_snapshot_load(snapshot, i), 0);
		cnt += ttlog_snapshot_chunk(snapshot)->n;
	}
	ttlog_snapshot_close(snapshot);
	return cnt;
}

static void assert_gives_its_share(struct fixture *fixture, uint32_t event_cnt)
{
	write_trades(fixture, event_cnt, 1);
	assert_int_equal(count_events(fixture), event_cnt);
	for (int percent = 90; percent > 0; percent -= 40) {
		int given; /* per thousand */

		assert_int_equal(truncate(fixture->path, (off_t)fixture->bytes * percent / 100), 0);
		given = (int)((uint64_t)count_events(fixture) * 1000 / event_cnt);
		if (!given || given + 10 * ROOM_PERCENT < 10 * percent ||
		    given > 10 * (percent + ROOM_PERCENT))
			fail_msg("%u events cut at %d %%: %d.%d %% of them, in %zu chunks",
				 event_cnt, percent, given / 10, given % 10, fixture->chunk_cnt);
	}
}

static void test_cut_of_ten_thousand_events(void **state)
{
	assert_gives_its_share(*state, 10000);
}

static void test_cut_of_a_hundred_thousand_events(void **state)
{
	assert_gives_its_share(*state, 100000);
}

static void test_cut_of_a_million_events(void **state)
{
	assert_gives_its_share(*state, 1000000);
}

/* Each chunk has the columns of all sites: twenty chunks would make the file half as large
 * again. */
static void test_cut_of_many_sites_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	write_trades(fixture, 100000, SITES);
	assert_int_equal(count_events(fixture), 100000);
	assert_true(fixture->chunk_cnt <= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut_of_ten_thousand_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_of_a_hundred_thousand_events, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_cut_of_a_million_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_of_many_sites_costs_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
