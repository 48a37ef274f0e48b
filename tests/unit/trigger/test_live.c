/* SPDX-License-Identifier: MIT */
/*
 * Followers: which records they get, as files that the viewer's reader reads whole, and the counts
 * of those that they don't get.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ttlog/read.h>

#include "clock.h"
#include "control_wire.h"
#include "job.h"
#include "live.h"
#include "make.h"
#include "record_filter.h"
#include "thread.h"

#define COUNT_SITE 1u
#define SPAN_SITE  4u
#define SPAN_END   (SPAN_SITE + 1)
#define TEXT_SITE  9u
#define START_NS   1000000000u

struct fixture {
	struct site_table *table;
	const struct site_table *modules[1];
	struct thread threads[2];
	struct ring *ring;
	struct clock *clock;
	struct make_batch batch;
	struct live *live;
	uint64_t position, seq;
};

static int setup(void **state)
{
	static const uint8_t number[] = { TTLOG_TYPE_U64 };
	static const uint8_t mixed[] = { TTLOG_TYPE_STR, TTLOG_TYPE_F64, TTLOG_TYPE_BOOL };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->table = make__table(4);
	make__site(fixture->table, COUNT_SITE, "count", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n",
		   number);
	make__site(fixture->table, SPAN_SITE, "span", TTLOG_LEVEL_DEBUG, TTLOG_SITE_SPAN, "n",
		   number);
	make__site(fixture->table, TEXT_SITE, "text", TTLOG_LEVEL_WARN, TTLOG_SITE_EVENT, "s,f,b",
		   mixed);
	fixture->modules[0] = fixture->table;
	fixture->threads[0] = (struct thread){ .pid = 42, .tid = 42, .comm = "main" };
	fixture->threads[1] = (struct thread){ .pid = 42, .tid = 43, .comm = "worker" };
	fixture->ring = ring__new(NULL, 1 << 20);
	fixture->clock = clock__new_blank();
	fixture->live = live__new(NULL);
	*state = fixture;
	return fixture->ring && fixture->clock && fixture->live ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	live__free(fixture->live);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free(fixture->table);
	free(fixture);
	return 0;
}

/* ---- the drain thread's side ---- */

static void log_counts(struct fixture *fixture, uint64_t from, uint64_t cnt)
{
	for (uint64_t i = from; i < from + cnt; i++)
		make__record(&fixture->batch, COUNT_SITE, (uint32_t)i, i);
	make__flush(&fixture->batch, fixture->ring, 0, 0, START_NS, START_NS * 2, ++fixture->seq);
}

static void log_others(struct fixture *fixture)
{
	double price = 2.5;

	make__begin(&fixture->batch, TEXT_SITE, 0);
	make__put_text(&fixture->batch, "AAPL", 4, 0);
	make__put(&fixture->batch, &price, sizeof(price));
	make__put(&fixture->batch, "\1", 1);
	make__end(&fixture->batch);
	make__record(&fixture->batch, SPAN_SITE, 1000, 77);
	make__record(&fixture->batch, SPAN_END, 501000, START_NS + 1000);
	make__flush(&fixture->batch, fixture->ring, 1, 0, START_NS, START_NS * 2, ++fixture->seq);
}

static struct job *make_job(struct fixture *fixture)
{
	struct job *job = calloc(1, sizeof(*job));
	uint64_t events_before;

	assert_non_null(job);
	job->events = ring__freeze_since(fixture->ring, fixture->position, &events_before);
	assert_non_null(job->events);
	fixture->position = ring__written_bytes(fixture->ring);
	job->source = (struct snapshot_source){
		.events = job->events,
		.threads = fixture->threads,
		.thread_cnt = 2,
		.modules = fixture->modules,
		.module_cnt = 1,
		.clock = fixture->clock,
		.pid = 42,
		.comm = strdup("main"),
		.reason = strdup("live"),
	};
	return job;
}

static void wait_idle(struct fixture *fixture)
{
	while (live__state(fixture->live) == LIVE_BUSY)
		(void)poll(NULL, 0, 1);
	live__collect(fixture->live);
}

static void show(struct fixture *fixture, uint64_t missed)
{
	live__submit(fixture->live, make_job(fixture), missed);
	wait_idle(fixture);
}

/* ---- a follower's side ---- */

/* texts: each with its zero, and one more at the end. */
static int follow(struct fixture *fixture, const char *texts, size_t bytes)
{
	struct record_filter *filter;
	char why[640] = "";
	int ends[2];

	filter = record_filter__new(texts, bytes, START_NS, why, sizeof(why));
	assert_string_equal(why, "");
	assert_non_null(filter);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(live__add(fixture->live, ends[0], filter), 0);
	return ends[1];
}

static int follow_all(struct fixture *fixture)
{
	return follow(fixture, "", 0);
}

/* The next packet; its descriptor or -1. */
static int receive(int fd, struct control_wire_live *ret)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iovec = { .iov_base = ret, .iov_len = sizeof(*ret) };
	struct msghdr message = { .msg_iov = &iovec,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int chunk = -1;

	assert_int_equal(poll(&pollfd, 1, DEADLINE_MS), 1);
	assert_int_equal(recvmsg(fd, &message, 0), sizeof(*ret));
	if (CMSG_FIRSTHDR(&message))
		memcpy(&chunk, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(chunk));
	return chunk;
}

static void expect(int fd, enum control_wire_kind kind, uint64_t dropped, uint64_t missed)
{
	struct control_wire_live live;

	assert_int_equal(receive(fd, &live), -1);
	assert_int_equal(live.kind, kind);
	assert_int_equal(live.dropped, dropped);
	assert_int_equal(live.missed, missed);
}

/* The events of a live chunk, which is whole and sealed; `first`: the first one's time in it. */
static uint64_t read_chunk(int chunk, uint64_t *ret_last_field)
{
	struct ttlog_snapshot *reader;
	struct ttlog_field field;
	struct ttlog_event event;
	uint64_t cnt;
	char why[160];

	assert_true(chunk >= 0);
	assert_int_equal(ftruncate(chunk, 0), -1);
	reader = ttlog_snapshot_open_fd(chunk, "chunk", why, sizeof(why));
	assert_non_null(reader);
	assert_int_equal(ttlog_snapshot_contents(reader)->problem_cnt, 0);
	assert_int_equal(ttlog_snapshot_contents(reader)->chunk_cnt, 1);
	assert_int_equal(ttlog_snapshot_load(reader, 0), 0);
	cnt = ttlog_snapshot_contents(reader)->event_cnt;
	ttlog_snapshot_event(reader, (uint32_t)cnt - 1, &event);
	if (ret_last_field && event.site->nfields) {
		ttlog_event_field(&event, 0, &field);
		*ret_last_field = field.u;
	}
	ttlog_snapshot_close(reader);
	return cnt;
}

static void expect_chunk(int fd, uint64_t cnt, uint64_t last)
{
	struct control_wire_live live;
	uint64_t field = UINT64_MAX;
	int chunk = receive(fd, &live);

	assert_int_equal(live.kind, CONTROL_WIRE_CHUNK);
	assert_int_equal(live.events, cnt);
	assert_int_equal(read_chunk(chunk, &field), cnt);
	assert_int_equal(field, last);
}

static void begin(struct fixture *fixture)
{
	assert_int_equal(live__state(fixture->live), LIVE_NEW);
	live__begin(fixture->live);
}

/* ---- tests ---- */

static void test_live_shows_what_comes(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	assert_int_equal(live__state(fixture->live), LIVE_NOBODY);
	fd = follow_all(fixture);
	begin(fixture);
	expect(fd, CONTROL_WIRE_FOLLOWED, 0, 0);
	log_counts(fixture, 0, 10);
	show(fixture, 0);
	expect_chunk(fd, 10, 9);
	expect(fd, CONTROL_WIRE_COUNTS, 0, 0);
	log_counts(fixture, 10, 5);
	log_counts(fixture, 15, 5);
	show(fixture, 3);
	expect_chunk(fd, 10, 19);
	expect(fd, CONTROL_WIRE_COUNTS, 0, 3);
	live__free(fixture->live);
	fixture->live = NULL;
	expect(fd, CONTROL_WIRE_END, 0, 3);
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), 0);
	close(fd);
}

static void test_live_filters(void **state)
{
	static const struct {
		const char *texts;
		size_t bytes;
		uint64_t cnt;
	} cases[] = {
		{ "", 0, 13 },
#define CASE(texts, cnt) { texts, sizeof(texts), cnt }
		CASE("n<3", 3),
		CASE("n>=2\0n<5", 3),
		CASE("n=77", 1),
		CASE("n=77 or n=7", 2),
		CASE("not has(n)", 2),
		CASE("level>=WARN", 1),
		CASE("level=DEBUG", 2),
		CASE("probe=span and duration>=500us", 1),
		CASE("duration_ns=500000", 1),
		CASE("duration_ns>500000", 0),
		CASE("s=AAP*", 1),
		CASE("s~^A.*L$ and f=2.5 and b=true", 1),
		CASE("f>2.5", 0),
		CASE("comm=worker", 3),
		CASE("tid=42 and pid=42", 10),
		CASE("tid!=42", 3),
		CASE("target=net.* and file=src/*.c and func=main and msg~message", 13),
		CASE("ts>=1970-01-01", 13),
		CASE("nothing=1", 0),
		CASE("not nothing=1", 13),
#undef CASE
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = follow(fixture, cases[i].texts, cases[i].bytes);
		struct control_wire_live live;

		begin(fixture);
		expect(fd, CONTROL_WIRE_FOLLOWED, 0, 0);
		log_counts(fixture, 0, 10);
		log_others(fixture);
		show(fixture, 1);
		if (cases[i].cnt) {
			int chunk = receive(fd, &live);

			assert_int_equal(live.events, cases[i].cnt);
			assert_int_equal(read_chunk(chunk, NULL), cases[i].cnt);
		}
		expect(fd, CONTROL_WIRE_COUNTS, 0, 1);
		close(fd);
		while (live__state(fixture->live) != LIVE_NOBODY)
			(void)poll(NULL, 0, 1);
	}
}

static void test_live_tells_what_is_wrong(void **state)
{
	static const char bad[] = "n=1\0level>=LOUD";
	char many[65][4];
	char why[640];

	(void)state;
	assert_null(record_filter__new(bad, sizeof(bad), 0, why, sizeof(why)));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(why, "LOUD"));
	for (size_t i = 0; i < 65; i++)
		memcpy(many[i], "a=1", 4);
	assert_null(record_filter__new(many[0], sizeof(many), 0, why, sizeof(why)));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(why, "more than"));
}

/* One follower answers, and gets everything; the other doesn't, and is told how many it missed. */
static void test_live_counts_what_nobody_asks_for(void **state)
{
	struct fixture *fixture = *state;
	int slow = follow(fixture, "n!=5", 5), fast = follow_all(fixture);
	const uint64_t rounds = CONTROL_WIRE_WINDOW + 8;

	begin(fixture);
	expect(slow, CONTROL_WIRE_FOLLOWED, 0, 0);
	expect(fast, CONTROL_WIRE_FOLLOWED, 0, 0);
	for (uint64_t i = 0; i < rounds; i++) {
		log_counts(fixture, 0, 10);
		show(fixture, 0);
		expect_chunk(fast, 10, 9);
		assert_int_equal(send(fast, "a", 1, 0), 1);
		expect(fast, CONTROL_WIRE_COUNTS, 0, 0);
	}
	for (uint64_t i = 0; i < CONTROL_WIRE_WINDOW; i++) {
		expect_chunk(slow, 9, 9);
		if (i + 1 < CONTROL_WIRE_WINDOW)
			expect(slow, CONTROL_WIRE_COUNTS, 0, 0);
	}
	assert_int_equal(recv(slow, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	/* it asks again, gets the count, and goes on */
	assert_int_equal(send(slow, "a", 1, 0), 1);
	expect(slow, CONTROL_WIRE_COUNTS, 8ul * 9, 0);
	log_counts(fixture, 0, 10);
	show(fixture, 0);
	expect_chunk(slow, 9, 9);
	live__free(fixture->live);
	fixture->live = NULL;
	expect(slow, CONTROL_WIRE_END, 8ul * 9, 0);
	close(slow);
	close(fast);
}

static void test_live_ends_who_answers_rubbish(void **state)
{
	struct fixture *fixture = *state;
	int fd = follow_all(fixture), other;

	begin(fixture);
	expect(fd, CONTROL_WIRE_FOLLOWED, 0, 0);
	/* nothing was sent that it could answer */
	assert_int_equal(send(fd, "a", 1, 0), 1);
	while (live__state(fixture->live) != LIVE_NOBODY)
		(void)poll(NULL, 0, 1);
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), 0);
	close(fd);
	/* a new follower starts from the beginning */
	other = follow_all(fixture);
	begin(fixture);
	expect(other, CONTROL_WIRE_FOLLOWED, 0, 0);
	close(other);
}

static void test_live_has_so_many_places(void **state)
{
	struct fixture *fixture = *state;
	int fds[LIVE_MAX_FOLLOWERS], ends[2];
	struct record_filter *filter;
	char why[640];

	for (int i = 0; i < LIVE_MAX_FOLLOWERS; i++) {
		assert_false(live__is_full(fixture->live));
		fds[i] = follow_all(fixture);
	}
	assert_true(live__is_full(fixture->live));
	filter = record_filter__new("", 0, 0, why, sizeof(why));
	assert_non_null(filter);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(live__add(fixture->live, ends[0], filter), -EUSERS);
	record_filter__free(filter);
	close(ends[0]);
	close(ends[1]);
	begin(fixture);
	for (int i = 0; i < LIVE_MAX_FOLLOWERS; i++) {
		expect(fds[i], CONTROL_WIRE_FOLLOWED, 0, 0);
		close(fds[i]);
	}
	while (live__state(fixture->live) != LIVE_NOBODY)
		(void)poll(NULL, 0, 1);
	assert_false(live__is_full(fixture->live));
}

/* Jobs whose follower has gone. */
static void test_live_goes_on_alone(void **state)
{
	struct fixture *fixture = *state;
	int fd = follow_all(fixture);

	begin(fixture);
	expect(fd, CONTROL_WIRE_FOLLOWED, 0, 0);
	for (int i = 0; i < 5; i++) {
		log_counts(fixture, 0, 10);
		live__submit(fixture->live, make_job(fixture), 0);
	}
	close(fd);
	while (live__state(fixture->live) != LIVE_NOBODY)
		(void)poll(NULL, 0, 1);
	live__collect(fixture->live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live_shows_what_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live_filters, setup, teardown),
		cmocka_unit_test(test_live_tells_what_is_wrong),
		cmocka_unit_test_setup_teardown(test_live_counts_what_nobody_asks_for, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_live_ends_who_answers_rubbish, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_live_has_so_many_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live_goes_on_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
