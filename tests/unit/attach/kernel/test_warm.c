/* SPDX-License-Identifier: MIT */
/*
 * The kernel writes to every page of a new ring buffer, and the reader skips what was written. Then
 * the ring is as good as new. With real maps and the real program. A line of bench/ shows the time
 * that this saves.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>

#include "barrier.h"
#include "warm.h"
#include "wire_ring.h"
#include "warm_wire.h"

#define FIRST_BYTES  ((size_t)1 << 20)
#define SECOND_BYTES ((size_t)256 << 10)
#define DEADLINE_S   300

/* A ring, and its pages as the kernel maps them: the reader's position, the writer's, the data. */
struct fixture {
	int fd;
	size_t bytes;
	struct wire_ring *reader;
	const unsigned char *pages;
	size_t pages_bytes, page_bytes;
};

static void make_ring(struct fixture *fixture, size_t bytes)
{
	fixture->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	fixture->bytes = bytes;
	fixture->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "warm", 0, 0, (uint32_t)bytes, NULL);
	if (fixture->fd < 0 && errno == EPERM)
		skip();
	assert_true(fixture->fd >= 0);
	fixture->reader = wire_ring__new(fixture->fd);
	assert_non_null(fixture->reader);
	fixture->pages_bytes = fixture->page_bytes + bytes;
	fixture->pages = mmap(NULL, fixture->pages_bytes, PROT_READ, MAP_SHARED, fixture->fd,
			      (off_t)fixture->page_bytes);
	assert_ptr_not_equal(fixture->pages, MAP_FAILED);
}

static void free_ring(struct fixture *fixture)
{
	assert_int_equal(munmap((void *)fixture->pages, fixture->pages_bytes), 0);
	wire_ring__free(fixture->reader);
	assert_int_equal(close(fixture->fd), 0);
}

/* The producer's position: where the kernel's next message begins. */
static unsigned long begun(const struct fixture *fixture)
{
	return barrier__load_acquire((const unsigned long *)fixture->pages);
}

/* The reader's position. */
static unsigned long taken(const struct fixture *fixture)
{
	void *page = mmap(NULL, fixture->page_bytes, PROT_READ, MAP_SHARED, fixture->fd, 0);
	unsigned long position;

	assert_ptr_not_equal(page, MAP_FAILED);
	position = barrier__load_acquire((const unsigned long *)page);
	assert_int_equal(munmap(page, fixture->page_bytes), 0);
	return position;
}

/* How many pages of the data begin with the head of a discarded message of a page's size. */
static size_t touched_pages(const struct fixture *fixture)
{
	const uint32_t given_up = (WARM_PAGE_BYTES - WARM_HEAD_BYTES) | BPF_RINGBUF_DISCARD_BIT;
	const unsigned char *data = fixture->pages + fixture->page_bytes;
	size_t cnt = 0;

	for (size_t at = 0; at < fixture->bytes; at += WARM_PAGE_BYTES) {
		uint32_t word;

		memcpy(&word, data + at, sizeof(word));
		cnt += word == given_up;
	}
	return cnt;
}

static void wait_for(const struct fixture *fixture, unsigned long position)
{
	const time_t deadline = time(NULL) + DEADLINE_S;

	while (begun(fixture) < position) {
		assert_true(time(NULL) < deadline);
		(void)sched_yield();
	}
}

static struct warm_ring ring_of(const struct fixture *fixture)
{
	return (struct warm_ring){
		.fd = fixture->fd,
		.bytes = fixture->bytes,
		.reader = fixture->reader,
	};
}

static int count_taken(void *ctx, void *message, size_t bytes)
{
	(void)message;
	(void)bytes;
	++*(int *)ctx;
	return 0;
}

/* The ring is empty, and no message is half written. */
static void assert_empty(const struct fixture *fixture)
{
	int cnt = 0;

	assert_int_equal(taken(fixture), begun(fixture));
	assert_true(wire_ring__take(fixture->reader, count_taken, &cnt, 0));
	assert_int_equal(cnt, 0);
}

static void test_warm_touches_every_page_of_all_rings_in_order(void **state)
{
	struct fixture first, second;
	struct warm_ring rings[2];
	struct warm *warm;

	(void)state;
	make_ring(&first, FIRST_BYTES);
	make_ring(&second, SECOND_BYTES);
	assert_int_equal(touched_pages(&first) + touched_pages(&second), 0);
	rings[0] = ring_of(&first);
	rings[1] = ring_of(&second);
	warm = warm__start(rings, 2);
	assert_non_null(warm);
	wait_for(&second, 1);
	/* the collector relies on this: the first ring is complete, however early the end comes */
	assert_int_equal(touched_pages(&first), FIRST_BYTES / WARM_PAGE_BYTES);
	wait_for(&second, SECOND_BYTES);
	warm__end(warm);
	assert_int_equal(touched_pages(&second), SECOND_BYTES / WARM_PAGE_BYTES);
	assert_empty(&first);
	assert_empty(&second);
	free_ring(&first);
	free_ring(&second);
}

static void test_warm_that_is_ended_early_leaves_the_ring_whole(void **state)
{
	struct fixture fixture;
	struct warm_ring ring;

	(void)state;
	make_ring(&fixture, FIRST_BYTES);
	ring = ring_of(&fixture);
	warm__end(warm__start(&ring, 1));
	assert_empty(&fixture);
	/* only whole pages */
	assert_int_equal(begun(&fixture) % WARM_PAGE_BYTES, 0);
	assert_int_equal(touched_pages(&fixture), begun(&fixture) / WARM_PAGE_BYTES);
	free_ring(&fixture);
}

static void test_warm_passes_over_what_is_no_ring(void **state)
{
	struct fixture fixture;
	struct warm_ring rings[2] = { { .fd = -1, .bytes = FIRST_BYTES } };
	struct warm *warm;

	(void)state;
	make_ring(&fixture, SECOND_BYTES);
	rings[1] = ring_of(&fixture);
	warm = warm__start(rings, 2);
	wait_for(&fixture, SECOND_BYTES);
	warm__end(warm);
	assert_int_equal(touched_pages(&fixture), SECOND_BYTES / WARM_PAGE_BYTES);
	free_ring(&fixture);
	warm__end(NULL);
}

/* The reader maps nothing while it rests, and maps the ring again for the first message. */
static void test_warm_of_a_reader_that_rests(void **state)
{
	struct fixture fixture;
	struct warm_ring ring;
	struct warm *warm;

	(void)state;
	make_ring(&fixture, SECOND_BYTES);
	ring = ring_of(&fixture);
	for (unsigned long rounds = 1; rounds <= 3; rounds++) {
		wire_ring__rest(fixture.reader);
		wire_ring__rest(fixture.reader);
		assert_empty(&fixture);
		warm = warm__start(&ring, 1);
		wait_for(&fixture, rounds * SECOND_BYTES);
		warm__end(warm);
		assert_empty(&fixture);
	}
	free_ring(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm_touches_every_page_of_all_rings_in_order),
		cmocka_unit_test(test_warm_that_is_ended_early_leaves_the_ring_whole),
		cmocka_unit_test(test_warm_passes_over_what_is_no_ring),
		cmocka_unit_test(test_warm_of_a_reader_that_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
