/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "rows.h"

/* A mark is due after so much work: a row counts 1, a chunk that was loaded counts CHUNK_WORK. */
#define MARK_SPACING   8192u
#define CHUNK_WORK     4096u
#define MARK_BYTES_MAX (8u << 20)

struct mark {
	uint64_t row; /* of the part: the first one after the mark */
	uint64_t key;
};

struct part {
	struct ttlog_snapshot **readers; /* the source's */
	size_t reader_cnt;
	struct ttlog_stream *stream;
	uint64_t first, cnt; /* rows */
	bool done;

	struct mark *marks;
	struct ttlog_place *places; /* reader_cnt for each mark */
	size_t mark_cnt, mark_cap;
	uint64_t spacing, work; /* since the last mark */

	/* Where the stream is; valid while these rows are the user of the part. */
	uint64_t next;
	bool has_run;
	struct ttlog_run run;
	uint64_t run_row, run_load;
};

struct rows {
	struct sources *sources;
	struct ttlog_filter *filter;
	struct ttlog_range range;
	struct part *parts;
	size_t part_cnt, part_cap;
	rows_watch *watch;
	void *context;
};

struct rows *rows__new(struct sources *sources, struct ttlog_filter *filter,
		       const struct ttlog_range *range)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (!rows) {
		ttlog_filter_free(filter);
		return NULL;
	}
	rows->sources = sources;
	rows->filter = filter;
	rows->range = *range;
	ttlog_filter_set_last(filter, sources->last_ns);
	return rows;
}

static void free_part(struct part *part)
{
	ttlog_stream_free(part->stream);
	free(part->marks);
	free(part->places);
}

bool rows__gave_up(const struct rows *rows)
{
	return rows && ttlog_filter_gave_up(rows->filter) > 0;
}

const char *rows__unknown_key(const struct rows *rows)
{
	const struct source_part *files;

	if (!rows || !rows->sources->part_cnt)
		return NULL;
	files = &rows->sources->parts[0];
	return ttlog_filter_unknown_key(rows->filter, files->readers, files->reader_cnt);
}

void rows__free(struct rows *rows)
{
	if (!rows)
		return;
	/* Other rows may get the same address. */
	sources__disturb(rows->sources);
	for (size_t i = 0; i < rows->part_cnt; i++)
		free_part(&rows->parts[i]);
	free(rows->parts);
	ttlog_filter_free(rows->filter);
	free(rows);
}

void rows__watch(struct rows *rows, rows_watch *watch, void *context)
{
	rows->watch = watch;
	rows->context = context;
}

/* ---- Marks ---- */

static size_t mark_bytes(const struct part *part)
{
	return sizeof(*part->marks) + part->reader_cnt * sizeof(*part->places);
}

static void thin_out(struct part *part)
{
	size_t width = part->reader_cnt;

	for (size_t i = 1; 2 * i < part->mark_cnt; i++) {
		part->marks[i] = part->marks[2 * i];
		memcpy(part->places + i * width, part->places + 2 * i * width,
		       width * sizeof(*part->places));
	}
	part->mark_cnt = (part->mark_cnt + 1) / 2;
	part->spacing *= 2;
}

static int reserve_mark(struct part *part)
{
	size_t width = part->reader_cnt;
	size_t cap = part->mark_cap ? part->mark_cap * 2 : 2;
	struct mark *marks;
	struct ttlog_place *places;

	if (part->mark_cnt < part->mark_cap)
		return 0;
	if (part->mark_cnt >= 16 && cap * mark_bytes(part) > MARK_BYTES_MAX) {
		thin_out(part);
		return 0;
	}
	marks = reallocarray(part->marks, cap, sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	part->marks = marks;
	places = reallocarray(part->places, cap * width + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	part->places = places;
	part->mark_cap = cap;
	return 0;
}

/* Marks where the stream is, at the end of the rows that were found. */
static int add_mark(struct part *part)
{
	struct mark *mark;
	int err = reserve_mark(part);

	if (err)
		return err;
	mark = &part->marks[part->mark_cnt];
	mark->row = part->cnt;
	part->has_run = false;
	if (ttlog_stream_mark(part->stream, part->places + part->mark_cnt * part->reader_cnt,
			      &mark->key)) {
		part->mark_cnt++;
		part->work = 0;
	}
	return 0;
}

/* The last mark at or before a row; by_key: the last one before all events of that key. */
static size_t find_mark(const struct part *part, uint64_t wanted, bool by_key)
{
	size_t low = 0, high = part->mark_cnt;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		const struct mark *mark = &part->marks[mid];

		if (by_key ? mark->key < wanted : mark->row <= wanted)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* ---- Walking ---- */

static struct source_part *source_of(const struct rows *rows, const struct part *part)
{
	return &rows->sources->parts[part - rows->parts];
}

static bool is_run_loaded(const struct rows *rows, const struct part *part)
{
	return part->has_run && source_of(rows, part)->user == rows &&
	       ttlog_snapshot_chunk(part->run.snapshot)->load_cnt == part->run_load;
}

static void go_to_mark(struct rows *rows, struct part *part, size_t mark)
{
	source_of(rows, part)->user = rows;
	ttlog_stream_return(part->stream, part->places + mark * part->reader_cnt);
	part->next = part->marks[mark].row;
	part->has_run = false;
}

/* As ttlog_stream_step, into the run of the part. */
static int step(struct part *part, uint64_t most)
{
	int found = ttlog_stream_step(part->stream, most, &part->run);

	part->has_run = found == 1;
	if (!part->has_run)
		return found;
	part->run_row = part->next;
	part->run_load = ttlog_snapshot_chunk(part->run.snapshot)->load_cnt;
	part->next += part->run.cnt;
	return found;
}

/* Goes to the run that has the row. -ENODATA: it cannot be read any more. */
static int go_to_row(struct rows *rows, struct part *part, uint64_t row)
{
	size_t mark = find_mark(part, row, false);
	bool is_ahead = source_of(rows, part)->user == rows && part->next <= row &&
			part->marks[mark].row <= part->next;

	if (is_run_loaded(rows, part) && row >= part->run_row && row < part->next)
		return 0;
	if (!is_ahead)
		go_to_mark(rows, part, mark);
	while (part->next <= row) {
		if (!step(part, UINT64_MAX))
			return -ENODATA;
	}
	return 0;
}

static struct part *part_of_row(const struct rows *rows, uint64_t row)
{
	size_t low = 0, high = rows->part_cnt;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (rows->parts[mid].first <= row)
			low = mid;
		else
			high = mid;
	}
	return &rows->parts[low];
}

/* ---- Finding rows ---- */

static int begin_part(struct rows *rows)
{
	struct source_part *source = &rows->sources->parts[rows->part_cnt];
	struct part *part;

	if (array__reserve(rows->parts, rows->part_cnt + 1, &rows->part_cap))
		return -ENOMEM;
	part = &rows->parts[rows->part_cnt];
	*part = (struct part){
		.readers = source->readers,
		.reader_cnt = source->reader_cnt,
		.spacing = MARK_SPACING,
		.first = rows__cnt(rows),
	};
	part->stream =
		ttlog_stream_new(source->readers, source->reader_cnt, rows->filter, &rows->range);
	if (!part->stream)
		return -ENOMEM;
	rows->part_cnt++;
	source->user = rows;
	return add_mark(part);
}

static void end_part(struct part *part)
{
	part->done = true;
	part->has_run = false;
	for (size_t i = 0; i < part->reader_cnt; i++)
		ttlog_snapshot_unload(part->readers[i]);
}

/* One step towards the end of the rows that were found. Returns 1 if it is there, 0, or
 * -ENODATA. */
static int go_to_end(struct rows *rows, struct part *part)
{
	if (source_of(rows, part)->user != rows || part->next > part->cnt ||
	    part->next < part->marks[part->mark_cnt - 1].row)
		go_to_mark(rows, part, part->mark_cnt - 1);
	if (part->next == part->cnt)
		return 1;
	return step(part, part->cnt - part->next) ? 0 : -ENODATA;
}

static int find_more(struct rows *rows, struct part *part)
{
	int found;

	/* Even if time is over: to give up on the way would mean never to arrive. */
	do
		found = go_to_end(rows, part);
	while (!found);
	if (found == -ENODATA) {
		end_part(part);
		return 0;
	}
	found = step(part, UINT64_MAX);
	if (!found) {
		end_part(part);
		return 0;
	}
	part->work += CHUNK_WORK;
	if (found == 1) {
		if (rows->watch)
			rows->watch(rows->context, part->first + part->run_row, &part->run);
		part->cnt += part->run.cnt;
		part->work += part->run.cnt;
		part->work -= part->reader_cnt > 1 ? CHUNK_WORK : 0;
	}
	return part->work >= part->spacing ? add_mark(part) : 0;
}

int rows__work(struct rows *rows, uint64_t until_ns)
{
	int err = 0;

	while (!err && !rows__is_done(rows)) {
		if (rows->part_cnt && !rows->parts[rows->part_cnt - 1].done)
			err = find_more(rows, &rows->parts[rows->part_cnt - 1]);
		else
			err = begin_part(rows);
		/* After the step, so that each call makes progress. */
		if (!err && clock__now_mono_ns() >= until_ns)
			return 1;
	}
	return err;
}

uint64_t rows__cnt(const struct rows *rows)
{
	const struct part *last = rows->part_cnt ? &rows->parts[rows->part_cnt - 1] : NULL;

	return last ? last->first + last->cnt : 0;
}

uint64_t rows__drop(struct rows *rows, size_t cnt, uint64_t *ret_first)
{
	uint64_t gone = 0;

	*ret_first = rows->part_cnt ? rows->parts[0].cnt : 0;
	if (rows->part_cnt < 2)
		return 0;
	cnt = cnt < rows->part_cnt ? cnt : rows->part_cnt - 1;
	for (size_t i = 1; i <= cnt; i++) {
		gone += rows->parts[i].cnt;
		free_part(&rows->parts[i]);
	}
	rows->part_cnt -= cnt;
	memmove(rows->parts + 1, rows->parts + 1 + cnt,
		(rows->part_cnt - 1) * sizeof(*rows->parts));
	for (size_t i = 1; i < rows->part_cnt; i++)
		rows->parts[i].first -= gone;
	return gone;
}

bool rows__is_done(const struct rows *rows)
{
	return rows->part_cnt == rows->sources->part_cnt &&
	       (!rows->part_cnt || rows->parts[rows->part_cnt - 1].done);
}

unsigned rows__progress(const struct rows *rows)
{
	const struct part *part = rows->part_cnt ? &rows->parts[0] : NULL;
	const struct ttlog_place *places;
	uint64_t done = 0, all = 0;

	if (!part || part->done || !part->mark_cnt)
		return part ? 1000 : 0;
	places = part->places + (part->mark_cnt - 1) * part->reader_cnt;
	for (size_t i = 0; i < part->reader_cnt; i++) {
		const struct ttlog_contents *contents = ttlog_snapshot_contents(part->readers[i]);
		uint32_t chunk = places[i].chunk;

		all += contents->size;
		done += chunk < contents->chunk_cnt ? contents->chunks[chunk].offset
						    : contents->size;
	}
	return all ? (unsigned)((double)done / (double)all * 1000) : 0;
}

/* ---- Asking for rows ---- */

static struct rows_place place_of(const struct rows *rows, const struct part *part, uint32_t i)
{
	const struct ttlog_run *run = &part->run;
	uint32_t position = ttlog_run_at(run, i);

	return (struct rows_place){
		.key = ttlog_snapshot_chunk(run->snapshot)->mono_ns[position] + run->shift,
		.part = sources__number(rows->sources, (size_t)(part - rows->parts)),
		.input = run->number,
		.chunk = (uint32_t)ttlog_snapshot_chunk(run->snapshot)->number,
		.position = position,
	};
}

int rows__event(struct rows *rows, uint64_t row, struct ttlog_event *ret,
		struct rows_place *ret_place)
{
	struct part *part;
	uint32_t i;

	if (row >= rows__cnt(rows))
		return -ENODATA;
	part = part_of_row(rows, row);
	if (go_to_row(rows, part, row - part->first))
		return -ENODATA;
	i = (uint32_t)(row - part->first - part->run_row);
	ttlog_snapshot_event(part->run.snapshot, ttlog_run_at(&part->run, i), ret);
	if (ret_place)
		*ret_place = place_of(rows, part, i);
	return 0;
}

int rows_place__compare(const struct rows_place *a, const struct rows_place *b)
{
	const uint64_t x[] = { a->part, a->key, a->input, a->chunk, a->position };
	const uint64_t y[] = { b->part, b->key, b->input, b->chunk, b->position };

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

void rows__set_key(const struct rows *rows, struct rows_place *place, uint64_t mono_ns)
{
	size_t idx = sources__index(rows->sources, place->part);

	if (idx < rows->part_cnt && !sources__is_gone(rows->sources, place->part))
		place->key = ttlog_stream_key(rows->parts[idx].stream, place->input, mono_ns);
}

bool rows__has_passed(const struct rows *rows, const struct rows_place *place)
{
	size_t idx = sources__index(rows->sources, place->part);
	const struct part *part;

	if (rows__is_done(rows))
		return true;
	if (idx >= rows->part_cnt)
		return false;
	part = &rows->parts[idx];
	return part->done || sources__is_gone(rows->sources, place->part) ||
	       part->marks[part->mark_cnt - 1].key > place->key;
}

/* The first event of the run at or after the place; run.cnt: there is none. */
static uint32_t find_in_run(const struct rows *rows, const struct part *part,
			    const struct rows_place *place)
{
	uint32_t low = 0, high = part->run.cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct rows_place at = place_of(rows, part, mid);

		if (rows_place__compare(&at, place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint64_t rows__find(struct rows *rows, const struct rows_place *place, bool *ret_exact)
{
	size_t idx = sources__index(rows->sources, place->part);
	struct part *part;

	*ret_exact = false;
	if (idx >= rows->part_cnt)
		return rows__cnt(rows);
	part = &rows->parts[idx];
	if (sources__is_gone(rows->sources, place->part))
		return part->first;
	go_to_mark(rows, part, find_mark(part, place->key, true));
	while (part->next < part->cnt) {
		int found = step(part, part->cnt - part->next);
		struct rows_place at;
		uint32_t i;

		if (!found)
			break;
		if (found != 1)
			continue;
		i = find_in_run(rows, part, place);
		if (i == part->run.cnt)
			continue;
		at = place_of(rows, part, i);
		*ret_exact = !rows_place__compare(&at, place);
		return part->first + part->run_row + i;
	}
	return part->first + part->cnt;
}

struct rows_place rows__place_of_time(const struct rows *rows, uint64_t real_ns)
{
	struct rows_place place = { .key = real_ns };

	for (size_t i = rows->part_cnt; i-- > 1;) {
		if (rows->parts[i].mark_cnt && rows->parts[i].marks[0].key <= real_ns) {
			place.part = sources__number(rows->sources, i);
			break;
		}
	}
	return place;
}
