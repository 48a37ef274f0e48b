/* SPDX-License-Identifier: MIT */
/*
 * Chunks of events: what is new in each is read once, and a closed one is free again. With real maps;
 * the test does what BPF does.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>

#include "event_chunks.h"
#include "wire.h"

#define CNT 4

struct fixture {
	int fd, free_fd;
	struct wire_chunk *written; /* as BPF sees them */
	struct event_chunks *chunks;
	uint64_t freed_cnt;
	char taken[256]; /* all that was read, in order */
	size_t taken_cnt;
};

static void open_all(struct fixture *fixture)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);

	*fixture = (struct fixture){ .freed_cnt = 0 };
	fixture->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "chunks", sizeof(uint32_t),
				     sizeof(struct wire_chunk), CNT, &options);
	if (fixture->fd < 0 && errno == EPERM)
		skip();
	assert_true(fixture->fd >= 0);
	fixture->free_fd =
		bpf_map_create(BPF_MAP_TYPE_STACK, "free", 0, sizeof(uint32_t), CNT, NULL);
	assert_true(fixture->free_fd >= 0);
	fixture->written = mmap(NULL, CNT * sizeof(struct wire_chunk), PROT_READ | PROT_WRITE,
				MAP_SHARED, fixture->fd, 0);
	assert_ptr_not_equal(fixture->written, MAP_FAILED);
	fixture->chunks =
		event_chunks__new(fixture->fd, CNT, fixture->free_fd, &fixture->freed_cnt);
	assert_non_null(fixture->chunks);
}

static void close_all(struct fixture *fixture)
{
	event_chunks__free(fixture->chunks);
	assert_int_equal(munmap(fixture->written, CNT * sizeof(struct wire_chunk)), 0);
	assert_int_equal(close(fixture->fd), 0);
	assert_int_equal(close(fixture->free_fd), 0);
}

static void take(void *ctx, const struct wire_head *thread, const void *records, size_t bytes)
{
	struct fixture *fixture = ctx;

	assert_int_equal(thread->tid, 8);
	assert_in_range(fixture->taken_cnt + bytes, 1, sizeof(fixture->taken));
	memcpy(fixture->taken + fixture->taken_cnt, records, bytes);
	fixture->taken_cnt += bytes;
}

static void assert_taken(const struct fixture *fixture, const char *bytes)
{
	assert_int_equal(fixture->taken_cnt, strlen(bytes));
	assert_memory_equal(fixture->taken, bytes, strlen(bytes));
}

/* A thread takes a chunk; the message of that is not read yet. */
static struct wire_chunk_begun begin(struct fixture *fixture, uint32_t earlier)
{
	struct wire_chunk_begun message = { .kind = WIRE_CHUNK, .earlier = earlier };
	struct wire_chunk *chunk;

	assert_int_equal(bpf_map_lookup_and_delete_elem(fixture->free_fd, NULL, &message.chunk), 0);
	chunk = &fixture->written[message.chunk];
	chunk->used = 0;
	chunk->closed = 0;
	chunk->head.tid = 8;
	return message;
}

static void add(struct fixture *fixture, uint32_t index, const char *bytes)
{
	struct wire_chunk *chunk = &fixture->written[index];

	memcpy(chunk->records + chunk->used, bytes, strlen(bytes));
	chunk->used += strlen(bytes);
}

static void test_event_chunks_are_read_once(void **state)
{
	struct wire_chunk_begun message;
	struct fixture fixture;

	(void)state;
	open_all(&fixture);
	message = begin(&fixture, 0);
	add(&fixture, message.chunk, "one ");
	event_chunks__take_all(fixture.chunks, take, &fixture);
	assert_taken(&fixture, "");
	event_chunks__begin(fixture.chunks, &message, take, &fixture);
	event_chunks__take_all(fixture.chunks, take, &fixture);
	add(&fixture, message.chunk, "two ");
	event_chunks__take_all(fixture.chunks, take, &fixture);
	event_chunks__take_all(fixture.chunks, take, &fixture);
	assert_taken(&fixture, "one two ");
	assert_int_equal(fixture.freed_cnt, 0);
	close_all(&fixture);
}

/* What a thread did before comes first, whichever of its chunks it is in. */
static void test_event_chunks_are_in_order(void **state)
{
	struct wire_chunk_begun first, second;
	struct wire_event event = { .chunk = 0 };
	struct fixture fixture;

	(void)state;
	open_all(&fixture);
	first = begin(&fixture, 0);
	event_chunks__begin(fixture.chunks, &first, take, &fixture);
	add(&fixture, first.chunk, "one ");
	fixture.written[first.chunk].closed = 1;
	second = begin(&fixture, first.chunk + 1);
	add(&fixture, second.chunk, "two ");
	event_chunks__begin(fixture.chunks, &second, take, &fixture);
	assert_taken(&fixture, "one ");
	event_chunks__take_before(fixture.chunks, &event, take, &fixture);
	assert_taken(&fixture, "one ");
	event.chunk = second.chunk + 1;
	event_chunks__take_before(fixture.chunks, &event, take, &fixture);
	assert_taken(&fixture, "one two ");
	add(&fixture, second.chunk, "three ");
	event.chunk = WIRE_CHUNK_UNKNOWN;
	event_chunks__take_before(fixture.chunks, &event, take, &fixture);
	assert_taken(&fixture, "one two three ");
	close_all(&fixture);
}

/* More often than there are chunks. */
static void test_event_chunks_are_free_again(void **state)
{
	struct wire_chunk_begun kept[CNT];
	struct fixture fixture;

	(void)state;
	open_all(&fixture);
	for (uint64_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < CNT; k++) {
			kept[k] = begin(&fixture, 0);
			event_chunks__begin(fixture.chunks, &kept[k], take, &fixture);
			add(&fixture, kept[k].chunk, "x");
		}
		for (size_t k = 0; k < CNT; k++)
			fixture.written[kept[k].chunk].closed = 1;
		event_chunks__take_all(fixture.chunks, take, &fixture);
		assert_int_equal(fixture.freed_cnt, CNT * (i + 1));
	}
	assert_int_equal(fixture.taken_cnt, 5 * CNT);
	close_all(&fixture);
}

/* Numbers that no chunk has. */
static void test_event_chunks_refuse_numbers(void **state)
{
	struct wire_chunk_begun message = { .kind = WIRE_CHUNK, .chunk = CNT, .earlier = CNT + 1 };
	const struct wire_event event = { .chunk = CNT + 1 };
	struct fixture fixture;

	(void)state;
	open_all(&fixture);
	event_chunks__begin(fixture.chunks, &message, take, &fixture);
	event_chunks__take_before(fixture.chunks, &event, take, &fixture);
	event_chunks__take_all(fixture.chunks, take, &fixture);
	assert_taken(&fixture, "");
	/* the same one twice */
	message = begin(&fixture, 0);
	event_chunks__begin(fixture.chunks, &message, take, &fixture);
	event_chunks__begin(fixture.chunks, &message, take, &fixture);
	fixture.written[message.chunk].closed = 1;
	event_chunks__take_all(fixture.chunks, take, &fixture);
	assert_int_equal(fixture.freed_cnt, 1);
	/* more bytes than it has room for */
	message = begin(&fixture, 0);
	event_chunks__begin(fixture.chunks, &message, take, &fixture);
	fixture.written[message.chunk].used = WIRE_CHUNK_BYTES;
	event_chunks__take_all(fixture.chunks, take, &fixture);
	assert_taken(&fixture, "");
	close_all(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_chunks_are_read_once),
		cmocka_unit_test(test_event_chunks_are_in_order),
		cmocka_unit_test(test_event_chunks_are_free_again),
		cmocka_unit_test(test_event_chunks_refuse_numbers),
	};

	return cmocka_run_group_tests_name("event_chunks", tests, NULL, NULL);
}
