/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "store.h"

/* ---- Kept chunks ---- */

static void free_chunk(struct store *store, struct store_chunk *chunk)
{
	store->bytes -= chunk->bytes;
	store->files[chunk->file].kept[chunk->idx] = NULL;
	ttlog_pinned_free(chunk->pinned);
	free(chunk);
}

/* Drops the least recently used chunks. */
static void make_room(struct store *store)
{
	while (store->bytes > store->max_bytes) {
		size_t oldest = SIZE_MAX;

		for (size_t i = 0; i < store->list_cnt; i++) {
			if (!store->list[i]->pins &&
			    (oldest == SIZE_MAX ||
			     store->list[i]->used_at < store->list[oldest]->used_at))
				oldest = i;
		}
		if (oldest == SIZE_MAX)
			return;
		free_chunk(store, store->list[oldest]);
		store->list[oldest] = store->list[--store->list_cnt];
	}
}

static struct store_chunk *add_chunk(struct store *store, size_t file, size_t idx)
{
	struct store_chunk *chunk;

	if (array__reserve(store->list, store->list_cnt + 1, &store->list_cap))
		return NULL;
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return NULL;
	chunk->pinned = ttlog_pinned_new(store->files[file].reader, idx);
	if (!chunk->pinned) {
		free(chunk);
		return NULL;
	}
	chunk->file = file;
	chunk->idx = idx;
	store->list[store->list_cnt++] = chunk;
	store->files[file].kept[idx] = chunk;
	store->decoded_cnt++;
	return chunk;
}

struct store_chunk *store__get(struct store *store, size_t file, size_t idx)
{
	struct store_chunk *chunk = store->files[file].kept[idx];

	if (!store__place(&store->files[file], idx)->n)
		return NULL;
	if (!chunk)
		chunk = add_chunk(store, file, idx);
	if (!chunk)
		return NULL;
	chunk->pins++;
	chunk->used_at = ++store->clock;
	return chunk;
}

void store__put(struct store *store, struct store_chunk *chunk)
{
	size_t bytes;

	if (!chunk || --chunk->pins)
		return;
	/* columns were decoded meanwhile */
	bytes = sizeof(*chunk) + ttlog_pinned_bytes(chunk->pinned);
	store->bytes += bytes - chunk->bytes;
	chunk->bytes = bytes;
	make_room(store);
}

/* ---- Rows ---- */

/* The last start that is not above the row; starts ascend. Skips empty chunks. */
static size_t find_start(const uint64_t *starts, size_t cnt, uint64_t row)
{
	size_t low = 0;

	while (cnt > 1) {
		size_t half = cnt / 2;

		/* no branch that the CPU would mispredict */
		low += starts[low + half] <= row ? half : 0;
		cnt -= half;
	}
	return low;
}

struct store_place store__place_of(const struct store *store, uint64_t row)
{
	size_t file = find_start(store->firsts, store->file_cnt, row), chunk;
	const struct store_file *in = &store->files[file];

	row -= store->firsts[file];
	chunk = find_start(in->starts, in->chunk_cnt, row);
	return (struct store_place){ file, chunk, (uint32_t)(row - in->starts[chunk]) };
}

/* ---- Several files ---- */

static void set_bits(uint8_t *bits, const struct ttlog_run *run)
{
	for (uint32_t i = 0; i < run->cnt; i++) {
		const uint32_t at = ttlog_run_at(run, i);

		bits[at / 8] |= (uint8_t)(1u << (at % 8));
	}
}

static int alloc_bits(struct store_file *file)
{
	file->repeated = calloc(file->chunk_cnt + 1, sizeof(*file->repeated));
	if (!file->repeated)
		return -ENOMEM;
	for (size_t i = 0; i < file->chunk_cnt; i++) {
		file->repeated[i] = calloc(store__place(file, i)->n / 8 + 1, 1);
		if (!file->repeated[i])
			return -ENOMEM;
	}
	return 0;
}

static struct store_file *file_of(struct store *store, const struct ttlog_snapshot *reader)
{
	struct store_file *file = store->files;

	while (file->reader != reader)
		file++;
	return file;
}

/* Events that the merge shows are not repeated; all others are. */
static int mark_repeated(struct store *store, struct ttlog_stream *stream)
{
	struct ttlog_run run;
	int err = 0;

	for (size_t i = 0; i < store->file_cnt && !err; i++)
		err = alloc_bits(&store->files[i]);
	while (!err && ttlog_stream_run(stream, UINT32_MAX, &run))
		set_bits(file_of(store, run.snapshot)
				 ->repeated[ttlog_snapshot_chunk(run.snapshot)->number],
			 &run);
	for (size_t i = 0; i < store->file_cnt && !err; i++) {
		struct store_file *file = &store->files[i];

		for (size_t k = 0; k < file->chunk_cnt; k++) {
			for (uint32_t b = 0; b < store__place(file, k)->n / 8 + 1; b++)
				file->repeated[k][b] ^= 0xff;
		}
		ttlog_snapshot_unload(file->reader);
	}
	return err;
}

static int merge(struct store *store)
{
	const struct ttlog_range all = { 0, UINT64_MAX };
	struct ttlog_filter *filter = ttlog_filter_new();
	struct ttlog_snapshot **readers =
		calloc(store->file_cnt + 1, sizeof(struct ttlog_snapshot *));
	struct ttlog_stream *stream = NULL;
	bool overlaps = false;
	int err = 0;

	for (size_t i = 0; readers && i < store->file_cnt; i++)
		readers[i] = store->files[i].reader;
	if (filter && readers)
		stream = ttlog_stream_new(readers, store->file_cnt, filter, &all);
	if (!stream)
		err = -ENOMEM;
	for (size_t i = 0; i < store->file_cnt && !err; i++) {
		store->files[i].shift = ttlog_stream_key(stream, i, 0);
		overlaps |= ttlog_stream_overlaps(stream, i);
	}
	if (!err && overlaps)
		err = mark_repeated(store, stream);
	ttlog_stream_free(stream);
	free(readers);
	ttlog_filter_free(filter);
	return err;
}

/* In a hostile file, wall time may pass 2^64: then it has no order. */
static void find_order(struct store *store)
{
	store->is_by_ts = store->is_by_mono = true;
	for (size_t i = 0; i < store->file_cnt; i++) {
		const struct store_file *file = &store->files[i];
		const struct ttlog_info *header = ttlog_snapshot_info(file->reader);
		uint64_t own = header->real_ns - header->mono_ns, first_ns, last_ns;

		if (!file->chunk_cnt)
			continue;
		first_ns = store__place(file, 0)->first_ns + own;
		last_ns = store__place(file, file->chunk_cnt - 1)->last_ns + own;
		store->is_by_ts &= file->shift == own && first_ns <= last_ns;
		store->is_by_mono &= file->shift == store->files[0].shift;
	}
}

static int init_file(struct store_file *file, struct ttlog_snapshot *reader)
{
	const struct ttlog_info *header = ttlog_snapshot_info(reader);
	uint64_t start = 0;

	file->reader = reader;
	file->chunk_cnt = ttlog_snapshot_contents(reader)->chunk_cnt;
	file->shift = header->real_ns - header->mono_ns;
	file->kept = calloc(file->chunk_cnt + 1, sizeof(*file->kept));
	file->starts = calloc(file->chunk_cnt + 1, sizeof(*file->starts));
	if (!file->kept || !file->starts)
		return -ENOMEM;
	for (size_t i = 0; i < file->chunk_cnt; i++) {
		file->starts[i] = start;
		start += ttlog_snapshot_contents(reader)->chunks[i].n;
	}
	file->starts[file->chunk_cnt] = start;
	return 0;
}

int store__init(struct store *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	uint64_t max_bytes = STORE_BASE_BYTES;
	int err = 0;

	*ret = (struct store){
		.files = calloc(reader_cnt + 1, sizeof(*ret->files)),
		.firsts = calloc(reader_cnt + 1, sizeof(*ret->firsts)),
	};
	if (!ret->files || !ret->firsts)
		err = -ENOMEM;
	for (size_t i = 0; i < reader_cnt && !err; i++) {
		if (!ttlog_snapshot_info(readers[i])->has_header)
			continue;
		ret->firsts[ret->file_cnt] = ret->event_cnt;
		max_bytes += ttlog_snapshot_contents(readers[i])->size * STORE_BYTES_PER_BYTE;
		ret->event_cnt += ttlog_snapshot_contents(readers[i])->event_cnt;
		err = init_file(&ret->files[ret->file_cnt++], readers[i]);
	}
	ret->max_bytes = max_bytes < STORE_MAX_BYTES ? (size_t)max_bytes : STORE_MAX_BYTES;
	if (!err && ret->file_cnt > 1)
		err = merge(ret);
	if (err)
		store__fini(ret);
	else
		find_order(ret);
	return err;
}

void store__fini(struct store *store)
{
	while (store->list_cnt)
		free_chunk(store, store->list[--store->list_cnt]);
	for (size_t i = 0; i < store->file_cnt; i++) {
		struct store_file *file = &store->files[i];

		for (size_t k = 0; file->repeated && k < file->chunk_cnt; k++)
			free(file->repeated[k]);
		free((void *)file->repeated);
		free((void *)file->kept);
		free(file->starts);
	}
	free(store->files);
	free(store->firsts);
	free((void *)store->list);
	*store = (struct store){ .file_cnt = 0 };
}
