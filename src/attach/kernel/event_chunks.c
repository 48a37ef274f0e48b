/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "barrier.h"
#include "event_chunks.h"
#include "wire.h"

/* What is known of a chunk. */
struct chunk_state {
	bool is_used;
	uint32_t place; /* in the list of those that are used */
	uint64_t taken_bytes;
};

struct event_chunks {
	const struct wire_chunk *chunks; /* the map's memory */
	size_t cnt;
	int free_fd;
	uint64_t *freed_cnt;
	struct chunk_state *states;
	uint32_t *used; /* those that threads fill, in no order */
	size_t used_cnt;
};

static int fill_free(const struct event_chunks *chunks)
{
	int err = 0;

	for (size_t i = chunks->cnt; !err && i; i--) {
		const uint32_t index = (uint32_t)i - 1;

		if (bpf_map_update_elem(chunks->free_fd, NULL, &index, BPF_ANY))
			err = -errno;
	}
	return err;
}

struct event_chunks *event_chunks__new(int fd, size_t cnt, int free_fd, uint64_t *freed_cnt)
{
	struct event_chunks *chunks = calloc(1, sizeof(*chunks));
	void *mapped;
	int err = 0;

	if (!chunks)
		return NULL;
	*chunks = (struct event_chunks){
		.cnt = cnt,
		.free_fd = free_fd,
		.freed_cnt = freed_cnt,
		.states = calloc(cnt, sizeof(*chunks->states)),
		.used = calloc(cnt, sizeof(*chunks->used)),
	};
	mapped = mmap(NULL, cnt * sizeof(struct wire_chunk), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		err = -errno;
	else
		chunks->chunks = mapped;
	if (!err && (!chunks->states || !chunks->used))
		err = -ENOMEM;
	if (!err)
		err = fill_free(chunks);
	if (!err)
		return chunks;
	event_chunks__free(chunks);
	errno = -err;
	return NULL;
}

void event_chunks__free(struct event_chunks *chunks)
{
	if (!chunks)
		return;
	if (chunks->chunks)
		(void)munmap((void *)chunks->chunks, chunks->cnt * sizeof(struct wire_chunk));
	free(chunks->states);
	free(chunks->used);
	free(chunks);
}

static void give_back(struct event_chunks *chunks, uint32_t index)
{
	struct chunk_state *state = &chunks->states[index];
	const uint32_t last = chunks->used[--chunks->used_cnt];

	chunks->used[state->place] = last;
	chunks->states[last].place = state->place;
	state->is_used = false;
	(void)bpf_map_update_elem(chunks->free_fd, NULL, &index, BPF_ANY);
	barrier__store_relaxed(chunks->freed_cnt, *chunks->freed_cnt + 1);
}

static void take(struct event_chunks *chunks, uint32_t index, event_chunks_take_fn take_records,
		 void *ctx)
{
	const struct wire_chunk *chunk = &chunks->chunks[index];
	struct chunk_state *state = &chunks->states[index];
	/* Acquire: its pair is in chunk__close(), after which `used` does not move. */
	const bool is_closed = barrier__load_acquire(&chunk->closed);
	/* Acquire: its pair is in chunk__publish(), before which the records were written. */
	const uint64_t used = barrier__load_acquire(&chunk->used);
	const uint64_t from = state->taken_bytes;

	if (used > from && used <= sizeof(chunk->records)) {
		state->taken_bytes = used;
		take_records(ctx, &chunk->head, chunk->records + from, used - from);
	}
	if (is_closed)
		give_back(chunks, index);
}

void event_chunks__begin(struct event_chunks *chunks, const struct wire_chunk_begun *message,
			 event_chunks_take_fn take_records, void *ctx)
{
	const uint32_t index = message->chunk, earlier = message->earlier - 1;

	if (earlier < chunks->cnt && chunks->states[earlier].is_used)
		take(chunks, earlier, take_records, ctx);
	if (index >= chunks->cnt || chunks->states[index].is_used)
		return;
	chunks->states[index] = (struct chunk_state){ true, (uint32_t)chunks->used_cnt, 0 };
	chunks->used[chunks->used_cnt++] = index;
}

/* Backwards: what is given back takes another one from the end. */
void event_chunks__take_all(struct event_chunks *chunks, event_chunks_take_fn take_records,
			    void *ctx)
{
	for (size_t i = chunks->used_cnt; i; i--)
		take(chunks, chunks->used[i - 1], take_records, ctx);
}

void event_chunks__take_before(struct event_chunks *chunks, const struct wire_event *event,
			       event_chunks_take_fn take_records, void *ctx)
{
	const uint32_t index = event->chunk - 1;

	if (event->chunk == WIRE_CHUNK_UNKNOWN)
		event_chunks__take_all(chunks, take_records, ctx);
	else if (index < chunks->cnt && chunks->states[index].is_used)
		take(chunks, index, take_records, ctx);
}
