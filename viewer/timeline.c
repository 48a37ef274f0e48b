/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "timeline.h"

#define SAME_BOOT_NS (3600ull * 1000000000u)
/* Equal nanoseconds are rare; a file in which all are equal must not fill the memory. */
#define MAX_SEEN     (1u << 20)

struct input {
	struct reader *reader;
	uint32_t number;
	size_t chunk; /* the next event's */
	uint32_t pos;
	bool pending;   /* the chunk is not loaded yet: the key is its first event's */
	uint64_t key;   /* what the merge goes by */
	uint64_t shift; /* from CLOCK_MONOTONIC to the key */
	uint64_t family;
	/* Only from here to there can other files of the process have the same events. */
	bool overlaps;
	uint64_t overlap_from_ns, overlap_to_ns;
	uint8_t *sites; /* enum filter_verdict */
	bool *threads;
	struct event event;
};

/* Events of this very key, to recognise them in the next file. */
struct seen {
	uint64_t hash;
	uint64_t round; /* which key it belongs to */
	uint32_t input;
	uint32_t in_input, shown;
};

struct timeline {
	struct input *inputs;
	size_t input_cnt;
	const struct filter *filter;
	struct timeline_range range;
	uint64_t from_key; /* what lies before is passed over */
	uint64_t skip;     /* and so many behind it */

	struct input **heap;
	size_t heap_cnt;
	bool started;

	struct seen *seen; /* hash table */
	size_t seen_cap, seen_cnt;
	uint64_t seen_key, seen_round;
};

/* ---- The next event of one file ---- */

static uint64_t key_of(const struct input *input, uint64_t mono_ns)
{
	return mono_ns + input->shift;
}

static bool wants_chunk(const struct timeline *timeline, const struct input *input,
			const struct reader_chunk *chunk)
{
	const struct header *header = &input->reader->header;

	return chunk->n && header__real_ns(header, chunk->last_ns) >= timeline->range.since_ns &&
	       header__real_ns(header, chunk->first_ns) <= timeline->range.until_ns &&
	       key_of(input, chunk->last_ns) >= timeline->from_key;
}

/* Goes to the next chunk that may matter, from input->chunk on. False at the end. */
static bool find_chunk(const struct timeline *timeline, struct input *input)
{
	const struct reader *reader = input->reader;

	for (; input->chunk < reader->chunk_cnt; input->chunk++) {
		const struct reader_chunk *chunk = &reader->chunks[input->chunk];

		if (!wants_chunk(timeline, input, chunk))
			continue;
		input->pending = true;
		input->pos = 0;
		input->key = key_of(input, chunk->first_ns);
		return true;
	}
	reader__unload(input->reader);
	return false;
}

static bool wants_event(const struct timeline *timeline, struct input *input)
{
	const struct event *event = &input->event;
	enum filter_verdict verdict;

	if (event->real_ns < timeline->range.since_ns ||
	    event->real_ns > timeline->range.until_ns ||
	    key_of(input, event->mono_ns) < timeline->from_key)
		return false;
	verdict = input->sites[event->site_number];
	if (verdict == FILTER_NO || !input->threads[event->thread_number])
		return false;
	return verdict == FILTER_YES || filter__fields(timeline->filter, event);
}

/* Makes the next wanted event from input->pos on the input's. False at the end of the file. */
static bool find_event(const struct timeline *timeline, struct input *input)
{
	for (;;) {
		if (input->pending) {
			input->pending = false;
			if (reader__load(input->reader, input->chunk)) {
				input->chunk++;
				return find_chunk(timeline, input);
			}
		}
		for (; input->pos < input->reader->chunk.n; input->pos++) {
			reader__event(input->reader, input->pos, &input->event);
			if (wants_event(timeline, input)) {
				input->key = key_of(input, input->event.mono_ns);
				return true;
			}
		}
		input->chunk++;
		/* The next chunk waits for its turn. */
		return find_chunk(timeline, input);
	}
}

/* ---- The heap ---- */

static bool is_before(const struct input *a, const struct input *b)
{
	return a->key != b->key ? a->key < b->key : a->number < b->number;
}

static void sift_down(struct timeline *timeline, size_t i)
{
	struct input *moved = timeline->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= timeline->heap_cnt)
			break;
		if (child + 1 < timeline->heap_cnt &&
		    is_before(timeline->heap[child + 1], timeline->heap[child]))
			child++;
		if (!is_before(timeline->heap[child], moved))
			break;
		timeline->heap[i] = timeline->heap[child];
		i = child;
	}
	timeline->heap[i] = moved;
}

static void rewind_inputs(struct timeline *timeline)
{
	timeline->heap_cnt = 0;
	for (size_t i = 0; i < timeline->input_cnt; i++) {
		struct input *input = &timeline->inputs[i];

		input->chunk = 0;
		if (input->reader->has_header && find_chunk(timeline, input))
			timeline->heap[timeline->heap_cnt++] = input;
	}
	for (size_t i = timeline->heap_cnt / 2; i-- > 0;)
		sift_down(timeline, i);
	timeline->started = false;
}

static void keep_top(struct timeline *timeline, bool more)
{
	if (!more)
		timeline->heap[0] = timeline->heap[--timeline->heap_cnt];
	if (timeline->heap_cnt)
		sift_down(timeline, 0);
}

/* ---- The same event in two files ---- */

static uint64_t mix(uint64_t hash, uint64_t v)
{
	hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t mix_text(uint64_t hash, struct text text)
{
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= text.len; i += sizeof(word)) {
		memcpy(&word, text.p + i, sizeof(word));
		hash = mix(hash, word);
	}
	word = text.len;
	for (; i < text.len; i++)
		word = word << 8 | (unsigned char)text.p[i];
	return mix(hash, word);
}

static uint64_t hash_event(const struct input *input)
{
	const struct event *event = &input->event;
	uint64_t hash = mix(mix(input->family, event->site->identity), event->thread->tid);

	hash = mix(hash, event->thread->pid);
	for (unsigned i = 0; i < event->site->nfields; i++) {
		struct event_field field;

		event__field(event, i, &field);
		hash = mix(hash, (uint64_t)field.type << 16 | (uint64_t)field.null << 9 |
					 (uint64_t)field.cut << 8 | field.scale);
		if (field.null)
			continue;
		if (field.type == TTLOG_TYPE_STR || field.type == TTLOG_TYPE_BYTES)
			hash = mix_text(hash, field.text);
		else
			hash = mix(hash, field.u);
	}
	return hash;
}

static struct seen *find_seen(struct timeline *timeline, uint64_t hash)
{
	size_t i = hash & (timeline->seen_cap - 1);

	while (timeline->seen[i].round == timeline->seen_round && timeline->seen[i].hash != hash)
		i = (i + 1) & (timeline->seen_cap - 1);
	return &timeline->seen[i];
}

static int grow_seen(struct timeline *timeline)
{
	size_t cap = timeline->seen_cap ? timeline->seen_cap * 2 : 64, old_cap = timeline->seen_cap;
	struct seen *old = timeline->seen, *grown;

	if (cap > MAX_SEEN)
		return -ENOSPC;
	grown = calloc(cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	timeline->seen = grown;
	timeline->seen_cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].round == timeline->seen_round)
			*find_seen(timeline, old[i].hash) = old[i];
	}
	free(old);
	return 0;
}

/* Whether another file of the process has shown this event. Equal keys come file by file. */
static bool is_repeated(struct timeline *timeline, const struct input *input)
{
	struct seen *seen;
	uint64_t hash;

	if (!input->overlaps || input->event.mono_ns < input->overlap_from_ns ||
	    input->event.mono_ns > input->overlap_to_ns)
		return false;
	if (timeline->seen_key != input->key || !timeline->seen_round) {
		timeline->seen_key = input->key;
		timeline->seen_round++;
		timeline->seen_cnt = 0;
	}
	if (timeline->seen_cnt * 2 >= timeline->seen_cap && grow_seen(timeline))
		return false;
	hash = hash_event(input);
	seen = find_seen(timeline, hash);
	if (seen->round != timeline->seen_round) {
		*seen = (struct seen){ .hash = hash,
				       .round = timeline->seen_round,
				       .input = input->number };
		timeline->seen_cnt++;
	}
	if (seen->input != input->number) {
		seen->input = input->number;
		seen->in_input = 0;
	}
	if (++seen->in_input <= seen->shown)
		return true;
	seen->shown = seen->in_input;
	return false;
}

/* ---- The stream ---- */

static struct input *next_input(struct timeline *timeline)
{
	if (timeline->started) {
		timeline->heap[0]->pos++;
		keep_top(timeline, find_event(timeline, timeline->heap[0]));
	}
	for (;;) {
		struct input *top;

		timeline->started = false;
		if (!timeline->heap_cnt)
			return NULL;
		top = timeline->heap[0];
		if (top->pending) {
			keep_top(timeline, find_event(timeline, top));
			continue;
		}
		timeline->started = true;
		if (!is_repeated(timeline, top))
			return top;
		top->pos++;
		keep_top(timeline, find_event(timeline, top));
	}
}

int timeline__next(struct timeline *timeline, struct event *ret)
{
	struct input *input = next_input(timeline);

	for (; input && timeline->skip; timeline->skip--)
		input = next_input(timeline);
	if (!input)
		return 0;
	*ret = input->event;
	return 1;
}

int timeline__tail(struct timeline *timeline, uint64_t cnt)
{
	uint64_t *keys = NULL, total = 0, before = 0, last_dropped = 0;
	size_t cap = 0, used = 0, at = 0;
	struct input *input;

	timeline->skip = 0;
	while (cnt && (input = next_input(timeline))) {
		if (used == cap && cap < cnt) {
			size_t grown_cap = cap ? (cap < cnt / 2 ? cap * 2 : cnt)
					       : (cnt < 1024 ? cnt : 1024);
			uint64_t *grown = reallocarray(keys, grown_cap, sizeof(*grown));

			if (!grown) {
				free(keys);
				return -ENOMEM;
			}
			keys = grown;
			cap = grown_cap;
		}
		total++;
		if (used < cnt) {
			keys[used++] = input->key;
			continue;
		}
		/* A ring from here on: the oldest goes. Of those that went, the ones with the key
		 * that is now the oldest will come again and must be skipped. */
		before = keys[at] == last_dropped ? before + 1 : 1;
		last_dropped = keys[at];
		keys[at] = input->key;
		at = at + 1 == cnt ? 0 : at + 1;
	}
	if (!cnt) {
		timeline->from_key = UINT64_MAX;
		timeline->skip = UINT64_MAX;
	} else if (total > cnt) {
		timeline->from_key = keys[at];
		timeline->skip = last_dropped == keys[at] ? before : 0;
	}
	free(keys);
	timeline->seen_round++;
	timeline->seen_cnt = 0;
	rewind_inputs(timeline);
	return 0;
}

/* ---- Setting up ---- */

static bool is_same_process(const struct reader *a, const struct reader *b)
{
	const struct header *x = &a->header, *y = &b->header;
	uint64_t offset_x = x->real_ns - x->mono_ns, offset_y = y->real_ns - y->mono_ns;
	uint64_t apart = offset_x - offset_y;

	if (!a->has_header || !b->has_header || !x->has_pid || !y->has_pid || x->pid != y->pid)
		return false;
	return text_equal(x->host, y->host) && text_equal(x->exe, y->exe) &&
	       (apart < SAME_BOOT_NS || -apart < SAME_BOOT_NS);
}

static void find_overlap(struct input *a, const struct input *b)
{
	const struct reader *x = a->reader, *y = b->reader;
	uint64_t from, to;

	if (!x->chunk_cnt || !y->chunk_cnt)
		return;
	from = x->chunks[0].first_ns > y->chunks[0].first_ns ? x->chunks[0].first_ns
							     : y->chunks[0].first_ns;
	to = x->chunks[x->chunk_cnt - 1].last_ns < y->chunks[y->chunk_cnt - 1].last_ns
		     ? x->chunks[x->chunk_cnt - 1].last_ns
		     : y->chunks[y->chunk_cnt - 1].last_ns;
	if (from > to)
		return;
	if (!a->overlaps || from < a->overlap_from_ns)
		a->overlap_from_ns = from;
	if (!a->overlaps || to > a->overlap_to_ns)
		a->overlap_to_ns = to;
	a->overlaps = true;
}

static void find_families(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->input_cnt; i++) {
		struct input *input = &timeline->inputs[i];
		const struct header *header = &input->reader->header;

		input->family = i;
		input->shift = header->real_ns - header->mono_ns;
		for (size_t k = 0; k < i; k++) {
			if (timeline->inputs[k].family != k ||
			    !is_same_process(timeline->inputs[k].reader, input->reader))
				continue;
			input->family = k;
			input->shift = timeline->inputs[k].shift;
			break;
		}
	}
	for (size_t i = 0; i < timeline->input_cnt; i++) {
		for (size_t k = 0; k < timeline->input_cnt; k++) {
			if (i != k && timeline->inputs[i].family == timeline->inputs[k].family)
				find_overlap(&timeline->inputs[i], &timeline->inputs[k]);
		}
	}
}

/* What the filter thinks of every site and thread, once. */
static int decide(struct input *input, const struct filter *filter)
{
	const struct header *header = &input->reader->header;

	input->sites = calloc(header->site_cnt + 1, sizeof(*input->sites));
	input->threads = calloc(header->thread_cnt + 1, sizeof(*input->threads));
	if (!input->sites || !input->threads)
		return -ENOMEM;
	for (size_t i = 0; i < header->site_cnt; i++)
		input->sites[i] = (uint8_t)filter__site(filter, &header->sites[i]);
	for (size_t i = 0; i < header->thread_cnt; i++)
		input->threads[i] = filter__thread(filter, &header->threads[i]);
	return 0;
}

struct timeline *timeline__new(struct reader *const *readers, size_t reader_cnt,
			       const struct filter *filter, const struct timeline_range *range)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return NULL;
	timeline->filter = filter;
	timeline->range = *range;
	timeline->inputs = calloc(reader_cnt + 1, sizeof(*timeline->inputs));
	timeline->heap = calloc(reader_cnt + 1, sizeof(struct input *));
	if (!timeline->inputs || !timeline->heap)
		goto fail;
	for (size_t i = 0; i < reader_cnt; i++) {
		timeline->inputs[i].reader = readers[i];
		timeline->inputs[i].number = (uint32_t)i;
		timeline->input_cnt++;
		if (decide(&timeline->inputs[i], filter))
			goto fail;
	}
	find_families(timeline);
	rewind_inputs(timeline);
	return timeline;
fail:
	timeline__free(timeline);
	errno = ENOMEM;
	return NULL;
}

void timeline__free(struct timeline *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->input_cnt; i++) {
		free(timeline->inputs[i].sites);
		free(timeline->inputs[i].threads);
	}
	free(timeline->inputs);
	free(timeline->heap);
	free(timeline->seen);
	free(timeline);
}
