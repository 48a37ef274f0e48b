/* SPDX-License-Identifier: MIT */
/*
 * The chunks of several files, for random access: decoded chunks are kept, up to max_bytes plus
 * those in use, and any number of cursors may use them at once.
 *
 * As in read.h, files are merged (store_file.shift), and an event that is in several files of a
 * process comes once (store_file.repeated). The files must have been read to their ends before.
 */
#ifndef TTLOG_VIEW_STORE_H
#define TTLOG_VIEW_STORE_H

#include <ttlog/read.h>

/* How much is kept of large files. For small ones, the limit depends on their size: more than sound
 * files need, but it stops a bomb. */
#define STORE_MAX_BYTES      (128u << 20)
#define STORE_BASE_BYTES     (32u << 20)
#define STORE_BYTES_PER_BYTE 16u

struct store_chunk {
	struct ttlog_pinned *pinned;
	size_t file, idx, bytes;
	unsigned pins;
	uint64_t used_at; /* on the store's clock */
};

struct store_file {
	struct ttlog_snapshot *reader;
	struct store_chunk **kept; /* by number; NULL: not decoded */
	uint64_t *starts;          /* how many events are in the chunks before */
	size_t chunk_cnt;
	uint8_t **repeated; /* by chunk, one bit per event: another file has it; NULL: none */
	uint64_t shift;     /* from CLOCK_MONOTONIC to the key of the merge */
};

struct store {
	struct store_file *files; /* for readers that have a header */
	size_t file_cnt;
	uint64_t *firsts;   /* how many events are in the files before */
	uint64_t event_cnt; /* in all of them, with repeated ones */
	/* Whether the order of the merge is also that of wall time, and that of CLOCK_MONOTONIC. */
	bool is_by_ts, is_by_mono;
	struct store_chunk **list;
	size_t list_cnt, list_cap;
	size_t bytes, max_bytes;
	uint64_t clock, decoded_cnt;
	uint64_t passed_cnt; /* events that scans read, or were about to read */
};

static inline const struct ttlog_chunk_place *store__place(const struct store_file *file,
							   size_t chunk)
{
	return &ttlog_snapshot_contents(file->reader)->chunks[chunk];
}

/* Always the same number for the same event: its place in its file, and the file. */
static inline int64_t store__number(const struct store *store, size_t file, size_t chunk,
				    uint32_t at)
{
	/* so many files fit beside 2^40 events per file */
	return (int64_t)((uint64_t)(file & 0x7fffff) << 40 |
			 (store->files[file].starts[chunk] + at + 1));
}

struct store_place {
	size_t file, chunk;
	uint32_t at;
};

/* The event's number among all events of all files, one file after another. */
static inline uint64_t store__row(const struct store *store, size_t file, size_t chunk, uint32_t at)
{
	return store->firsts[file] + store->files[file].starts[chunk] + at;
}

/* The place of that event; row is below event_cnt. */
struct store_place store__place_of(const struct store *store, uint64_t row);

/* Returns 0 or -ENOMEM; then ret is empty. */
int store__init(struct store *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt);
void store__fini(struct store *store);

/* The chunk, as from ttlog_pinned_new(). The caller gives it back by store__put(). NULL: it can't
 * be read, and the snapshot has a problem. */
struct store_chunk *store__get(struct store *store, size_t file, size_t idx);
/* Takes NULL. */
void store__put(struct store *store, struct store_chunk *chunk);

static inline bool store__is_repeated(const struct store_file *file, size_t chunk, uint32_t i)
{
	return file->repeated && file->repeated[chunk] &&
	       (file->repeated[chunk][i / 8] >> (i % 8) & 1);
}

#endif /* TTLOG_VIEW_STORE_H */
