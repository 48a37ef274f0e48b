/* SPDX-License-Identifier: MIT */
/*
 * The events of several files as one stream: filtered, in the order of time, each once.
 *
 * Order: by wall time. Files of one process use the clock of the first one (family.h), so their
 * events are in the order of CLOCK_MONOTONIC.
 *
 * Once: snapshots of one process overlap, and two collectors may give an event different
 * nanoseconds. If several files have an event, the first file shows it (known.h); the others leave
 * it out when they load its chunk. In files without identities, two events are the same if thread,
 * site, CLOCK_MONOTONIC and all values are equal. If one file has k equal events in one nanosecond
 * and another m, max(k, m) are shown. Within one file nothing is left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "filter.h"
#include "seen.h"
#include "event_stream_parts.h"

/* ---- The next event of one file ---- */

static uint64_t key_of(const struct input *input, uint64_t mono_ns)
{
	return mono_ns + input->shift;
}

static uint64_t mono_of(const struct input *input, uint32_t wanted)
{
	return input->reader->chunk.events.mono_ns[row_selection__at(&input->wanted, wanted)];
}

/* Finds the next chunk in the range of time, from input->chunk on. False at the end. */
static bool find_chunk(struct input *input)
{
	struct ttlog_snapshot *reader = input->reader;

	for (; ttlog_snapshot_has_chunk(reader, input->chunk); input->chunk++) {
		const struct ttlog_chunk_place *chunk = &reader->contents.chunks[input->chunk];

		if (!chunk->n || chunk->last_ns < input->rule.first_ns ||
		    chunk->first_ns > input->rule.last_ns)
			continue;
		input->pending = true;
		input->at = 0;
		input->key = key_of(input, chunk->first_ns);
		return true;
	}
	ttlog_snapshot_unload(reader);
	return false;
}

static void load(const struct ttlog_stream *stream, struct input *input)
{
	struct ttlog_snapshot *reader = input->reader;
	int err;

	if (reader->loaded == input->chunk && input->made == reader->chunk.events.load_cnt)
		return;
	input->wanted.cnt = 0;
	if (ttlog_snapshot_load(reader, input->chunk))
		return;
	input->made = reader->chunk.events.load_cnt;
	err = row_selection__make(&input->wanted, reader, &input->rule);
	if (!err && input->shared.is_any)
		err = known__leave_out(&stream->known, input->family, input->number, reader,
				       &input->wanted);
	if (!err)
		err = seen__leave_out(reader, &input->wanted);
	if (err) {
		(void)reader__drop(reader, input->chunk, err, NULL);
		input->wanted.cnt = 0;
	}
}

/* Moves to the next wanted event, from input->at on. False at the end of the file. */
static bool find_event(const struct ttlog_stream *stream, struct input *input)
{
	if (input->pending) {
		input->pending = false;
		load(stream, input);
	}
	if (input->at < input->wanted.cnt) {
		input->key = key_of(input, mono_of(input, input->at));
		return true;
	}
	input->chunk++;
	/* loaded when its turn comes */
	return find_chunk(input);
}

/* ---- The heap ---- */

static struct heap_source source_of(const struct input *input)
{
	return (struct heap_source){ input->key, input->number };
}

/* The input with the next event. */
static struct input *top_of(const struct ttlog_stream *stream)
{
	return &stream->inputs[stream->heap[0].number];
}

/* ns - shift, clamped; shift may be a negative number modulo 2^64. 0 and UINT64_MAX mean no limit,
 * and stay. */
static uint64_t shift_back(uint64_t ns, uint64_t shift)
{
	if (!ns || ns == UINT64_MAX)
		return ns;
	if (shift <= INT64_MAX)
		return ns > shift ? ns - shift : 0;
	return ns >= shift ? UINT64_MAX : ns - shift;
}

/* Sets the input's range of time, by CLOCK_MONOTONIC. */
static void set_range(const struct ttlog_stream *stream, struct input *input)
{
	const struct ttlog_range *range = &stream->range;
	uint64_t from_ns = shift_back(stream->from_key, input->shift);
	struct row_selection_rule *rule = &input->rule;

	rule->first_ns = shift_back(range->since_ns, input->shift);
	rule->last_ns = shift_back(range->until_ns, input->shift);
	if (from_ns > rule->first_ns)
		rule->first_ns = from_ns;
	if (input->shift <= INT64_MAX && range->until_ns < input->shift)
		rule->first_ns = UINT64_MAX; /* before its clock began: no events */
}

/* The heap has its inputs, not sorted yet. */
static void begin_heap(struct ttlog_stream *stream)
{
	heap__make(stream->heap, stream->heap_cnt);
	stream->given = 0;
	stream->run.cnt = stream->run_at = 0;
	stream->loads_left = UINT32_MAX;
}

static void rewind_inputs(struct ttlog_stream *stream)
{
	stream->heap_cnt = 0;
	for (size_t i = 0; i < stream->input_cnt; i++) {
		struct input *input = &stream->inputs[i];

		input->chunk = 0;
		input->made = 0;
		set_range(stream, input);
		if (input->reader->header.info.has_header && find_chunk(input))
			stream->heap[stream->heap_cnt++] = source_of(input);
	}
	begin_heap(stream);
}

/* Moves the top input to its next event from input->at on; then another may be on top. */
static void advance_top(struct ttlog_stream *stream)
{
	struct input *top = top_of(stream);

	stream->heap[0] = find_event(stream, top) ? source_of(top)
						  : stream->heap[--stream->heap_cnt];
	if (stream->heap_cnt)
		heap__sift_down(stream->heap, stream->heap_cnt, 0);
}

/* Whether another file of the process has shown the input's next event. Events with equal keys come
 * file by file. */
static bool is_repeated(struct ttlog_stream *stream, const struct input *input)
{
	struct ttlog_event event;

	ttlog_snapshot_event(input->reader, row_selection__at(&input->wanted, input->at), &event);
	return dedup__was_shown(&stream->dedup, input->key, input->family, input->number, &event);
}

/* ---- The stream ---- */

/* Whether an event of this time may be in another file of the process, too. */
static bool may_be_repeated(const struct input *input, uint64_t mono_ns)
{
	return input->overlap.is_any && mono_ns >= input->overlap.from_ns &&
	       mono_ns <= input->overlap.to_ns;
}

/* How many events of the top input come before all other inputs and cannot be repeated. */
static uint32_t run_length(const struct ttlog_stream *stream)
{
	const struct input *top = top_of(stream);
	const uint32_t left = top->wanted.cnt - top->at;
	uint32_t cnt = 1;

	if (stream->heap_cnt == 1 && !top->overlap.is_any)
		return left;
	if (may_be_repeated(top, mono_of(top, top->at)))
		return 1;
	for (; cnt < left; cnt++) {
		uint64_t mono_ns = mono_of(top, top->at + cnt);
		const struct heap_source next = { key_of(top, mono_ns), top->number };

		if (may_be_repeated(top, mono_ns) ||
		    (stream->heap_cnt > 1 && heap__is_before(stream->heap[1], next)) ||
		    (stream->heap_cnt > 2 && heap__is_before(stream->heap[2], next)))
			break;
	}
	return cnt;
}

static void pass_given(struct ttlog_stream *stream)
{
	if (!stream->given)
		return;
	top_of(stream)->at += stream->given;
	advance_top(stream);
	stream->given = 0;
}

/* The input with the next events, from input->at on, and how many. NULL: the end, or no more chunks
 * may be loaded. */
static struct input *next_input(struct ttlog_stream *stream, uint32_t *ret_cnt)
{
	pass_given(stream);
	while (stream->heap_cnt) {
		struct input *top = top_of(stream);

		if (top->pending) {
			if (!stream->loads_left)
				break;
			stream->loads_left--;
			advance_top(stream);
			continue;
		}
		/* another user of the snapshot may have loaded another chunk */
		load(stream, top);
		if (top->at >= top->wanted.cnt) {
			advance_top(stream);
			continue;
		}
		if (!may_be_repeated(top, mono_of(top, top->at)) || !is_repeated(stream, top)) {
			*ret_cnt = run_length(stream);
			return top;
		}
		top->at++;
		advance_top(stream);
	}
	return NULL;
}

int ttlog_stream_run(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret)
{
	struct input *input;
	uint32_t cnt, skipped = 0;

	while ((input = next_input(stream, &cnt))) {
		skipped = stream->skip < cnt ? (uint32_t)stream->skip : cnt;
		stream->skip -= skipped;
		stream->given = skipped;
		if (skipped < cnt)
			break;
	}
	if (!input)
		return 0;
	cnt -= skipped;
	cnt = cnt < most ? cnt : (uint32_t)most;
	stream->given += cnt;
	*ret = (struct ttlog_run){
		.snapshot = input->reader,
		.cnt = cnt,
		.first = input->at + skipped,
		.shift = input->shift,
		.number = input->number,
	};
	if (input->wanted.positions)
		ret->positions = input->wanted.positions + ret->first;
	return 1;
}

int ttlog_stream_step(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret)
{
	int found;

	stream->loads_left = 1;
	found = ttlog_stream_run(stream, most, ret);
	stream->loads_left = UINT32_MAX;
	return !found && stream->heap_cnt ? -EAGAIN : found;
}

uint64_t ttlog_stream_key(const struct ttlog_stream *stream, size_t number, uint64_t mono_ns)
{
	return key_of(&stream->inputs[number], mono_ns);
}

bool ttlog_stream_mark(struct ttlog_stream *stream, struct ttlog_place *ret_places,
		       uint64_t *ret_key)
{
	const struct input *top;

	pass_given(stream);
	top = stream->heap_cnt ? top_of(stream) : NULL;
	if (top && dedup__knows(&stream->dedup, top->key))
		return false;
	for (size_t i = 0; i < stream->input_cnt; i++)
		ret_places[i] = (struct ttlog_place){ .chunk = UINT32_MAX };
	for (size_t i = 0; i < stream->heap_cnt; i++) {
		const struct input *input = &stream->inputs[stream->heap[i].number];

		ret_places[input->number] = (struct ttlog_place){
			.key = input->key,
			.chunk = (uint32_t)input->chunk,
			.at = input->at,
		};
	}
	*ret_key = top ? top->key : UINT64_MAX;
	return true;
}

void ttlog_stream_return(struct ttlog_stream *stream, const struct ttlog_place *places)
{
	stream->heap_cnt = 0;
	for (size_t i = 0; i < stream->input_cnt; i++) {
		struct input *input = &stream->inputs[i];

		if (places[i].chunk == UINT32_MAX)
			continue;
		input->chunk = places[i].chunk;
		input->at = places[i].at;
		input->key = places[i].key;
		input->pending = true;
		stream->heap[stream->heap_cnt++] = source_of(input);
	}
	begin_heap(stream);
	dedup__forget(&stream->dedup);
}

/* Another user of the snapshot may have loaded another chunk in the middle of the run. */
static void reload_run(struct ttlog_stream *stream)
{
	struct ttlog_run *run = &stream->run;
	struct input *input = top_of(stream);

	load(stream, input);
	if (!input->wanted.cnt)
		run->cnt = stream->run_at;
	else if (run->positions)
		run->positions = input->wanted.positions + run->first;
}

int ttlog_stream_next(struct ttlog_stream *stream, struct ttlog_event *ret)
{
	struct ttlog_run *run = &stream->run;

	if (stream->run_at < run->cnt)
		reload_run(stream);
	if (stream->run_at == run->cnt) {
		run->cnt = stream->run_at = 0;
		if (!ttlog_stream_run(stream, UINT32_MAX, run))
			return 0;
	}
	ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, stream->run_at++), ret);
	return 1;
}

/* The keys of the last events, in a ring. */
struct tail {
	uint64_t *keys;
	uint64_t cnt; /* how many are wanted */
	size_t used, cap, at;
	uint64_t total;
	/* The key that was overwritten last, and how many with it were. If the oldest key is the
	 * same, these come again and must be skipped. */
	uint64_t last_dropped, before;
	/* In a damaged file keys may fall: then no key says where the last events begin. */
	uint64_t last;
	bool falls;
};

static int add_to_tail(struct tail *tail, uint64_t key)
{
	tail->falls |= key < tail->last;
	tail->last = key;
	tail->total++;
	if (tail->used < tail->cnt) {
		if (array__reserve(tail->keys, tail->used + 1, &tail->cap))
			return -ENOMEM;
		tail->keys[tail->used++] = key;
		return 0;
	}
	tail->before = tail->keys[tail->at] == tail->last_dropped ? tail->before + 1 : 1;
	tail->last_dropped = tail->keys[tail->at];
	tail->keys[tail->at] = key;
	tail->at = tail->at + 1 == tail->cnt ? 0 : tail->at + 1;
	return 0;
}

int ttlog_stream_tail(struct ttlog_stream *stream, uint64_t cnt)
{
	struct tail tail = { .cnt = cnt };
	const struct input *input;
	uint32_t run_cnt;
	int err = 0;

	stream->skip = 0;
	while (!err && cnt && (input = next_input(stream, &run_cnt))) {
		for (uint32_t i = 0; !err && i < run_cnt; i++)
			err = add_to_tail(&tail, key_of(input, mono_of(input, input->at + i)));
		stream->given = run_cnt;
	}
	if (!cnt) {
		stream->from_key = UINT64_MAX;
		stream->skip = UINT64_MAX;
	} else if (!err && tail.total > cnt && tail.falls) {
		stream->skip = tail.total - cnt;
	} else if (!err && tail.total > cnt) {
		stream->from_key = tail.keys[tail.at];
		stream->skip = tail.last_dropped == stream->from_key ? tail.before : 0;
	}
	free(tail.keys);
	dedup__forget(&stream->dedup);
	rewind_inputs(stream);
	return err;
}

/* ---- Setting up ---- */

/* The filter's verdict on each site and thread. */
static int decide(struct input *input, const struct ttlog_filter *filter)
{
	const struct header *header = &input->reader->header;

	input->sites = calloc(header->info.site_cnt + 1, sizeof(*input->sites));
	input->threads = calloc(header->info.thread_cnt + 1, sizeof(*input->threads));
	if (!input->sites || !input->threads)
		return -ENOMEM;
	for (size_t i = 0; i < header->info.site_cnt; i++)
		input->sites[i] = (uint8_t)filter__site(filter, &header->sites[i]);
	for (size_t i = 0; i < header->info.thread_cnt; i++)
		input->threads[i] = filter__thread(filter, &header->threads[i]);
	return 0;
}

struct ttlog_stream *ttlog_stream_new(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt,
				      const struct ttlog_filter *filter,
				      const struct ttlog_range *range)
{
	struct ttlog_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	filter = filter ? filter : filter__everything();
	stream->range = range ? *range : (struct ttlog_range){ 0, UINT64_MAX };
	filter__range(filter, &stream->range.since_ns, &stream->range.until_ns);
	stream->inputs = calloc(snapshot_cnt + 1, sizeof(*stream->inputs));
	stream->heap = calloc(snapshot_cnt + 1, sizeof(*stream->heap));
	if (!stream->inputs || !stream->heap)
		goto fail;
	for (size_t i = 0; i < snapshot_cnt; i++) {
		stream->inputs[i].reader = snapshots[i];
		stream->inputs[i].number = (uint32_t)i;
	}
	stream->input_cnt = snapshot_cnt;
	if (overlap__find(stream, snapshots))
		goto fail;
	for (size_t i = 0; i < snapshot_cnt; i++) {
		if (decide(&stream->inputs[i], filter))
			goto fail;
		stream->inputs[i].rule = (struct row_selection_rule){
			.filter = filter,
			.sites = stream->inputs[i].sites,
			.threads = stream->inputs[i].threads,
		};
	}
	rewind_inputs(stream);
	return stream;
fail:
	ttlog_stream_free(stream);
	errno = ENOMEM;
	return NULL;
}

bool ttlog_stream_overlaps(const struct ttlog_stream *stream, size_t number)
{
	return stream->inputs[number].overlap.is_any || stream->inputs[number].shared.is_any;
}

void ttlog_stream_free(struct ttlog_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < stream->input_cnt; i++) {
		free(stream->inputs[i].sites);
		free(stream->inputs[i].threads);
	}
	free(stream->inputs);
	free(stream->heap);
	dedup__fini(&stream->dedup);
	known__fini(&stream->known);
	free(stream);
}
