/* SPDX-License-Identifier: MIT */
/*
 * libttlogread: reads the snapshots that ttlog-collect writes. C and C++;
 * `cc tool.c $(pkg-config --cflags --libs ttlogread)`. libttlogread(3) is the manual.
 *
 *	#include <stdio.h>
 *	#include <ttlog/read.h>
 *
 *	int main(int argc, char **argv)
 *	{
 *		char why[TTLOG_WHY_BYTES] = "usage: errors FILE";
 *		struct ttlog_snapshot *snapshot =
 *			argc > 1 ? ttlog_snapshot_open(argv[1], why, sizeof(why)) : NULL;
 *		struct ttlog_filter *filter = ttlog_filter_new();
 *		struct ttlog_stream *stream = NULL;
 *		struct ttlog_event event;
 *
 *		if (snapshot && filter && !ttlog_filter_add(filter, "level>=WARN", why, sizeof(why)))
 *			stream = ttlog_stream_new(&snapshot, 1, filter, NULL);
 *		while (stream && ttlog_stream_next(stream, &event))
 *			printf("%llu %s %.*s\n", (unsigned long long)event.real_ns,
 *			       ttlog_level_name(event.site->level), (int)event.site->msg.len,
 *			       event.site->msg.p);
 *		if (!stream)
 *			fprintf(stderr, "%s\n", why);
 *		ttlog_stream_free(stream);
 *		ttlog_filter_free(filter);
 *		ttlog_snapshot_close(snapshot);
 *		return !stream;
 *	}
 *
 * Files are hostile. Whatever a file says, FORMAT.md's limits bound the memory, and nothing crashes
 * or hangs. What can be read is read; what is wrong becomes a problem in words. Text from a snapshot
 * may hold any byte, terminal escapes too. It has no zero at its end, and may be NULL if its length
 * is 0: print it with care.
 *
 * Threads: a snapshot, and every filter and stream that is used with it, belongs to one thread at
 * a time. Different snapshots may be used at once. There are no globals, and no signal handlers.
 *
 * Lifetime: a snapshot's info, sites, threads and all their text live until it is closed. Values
 * and columns of a chunk live until another chunk of that snapshot is loaded, that is, until the
 * next call that goes on in the snapshot or in a stream over it.
 *
 * Errors: functions return 0 or a negative errno; those that return a pointer NULL with errno.
 * Where there is a `ret_why`, it gets the reason in words, cut to why_size (at least 1;
 * TTLOG_WHY_BYTES is always enough). All *_free and *_close take NULL.
 *
 * Versions. The soname changes with every incompatible change: until 1.0 it is 0 and
 * TTLOG_READ_MINOR, later TTLOG_READ_MAJOR. With the same soname, functions, constants and
 * enumerators are added; structs that only the library allocates grow at their end (never hold an
 * array of them, nor use their sizeof); structs that callers allocate get a meaning for their
 * reserved members, which are 0 until then. Each struct says which of these it is. What is in a
 * later file and this library does not know, it skips, or names in a problem.
 */
#ifndef TTLOG_READ_H
#define TTLOG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "info.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TTLOG_READ_MAJOR   0
#define TTLOG_READ_MINOR   2
#define TTLOG_READ_PATCH   0
#define TTLOG_READ_VERSION (TTLOG_READ_MAJOR * 10000 + TTLOG_READ_MINOR * 100 + TTLOG_READ_PATCH)

#define TTLOG_WHY_BYTES        640u   /* any ret_why fits */
#define TTLOG_CHUNK_MAX_EVENTS 65536u /* in a chunk */
#define TTLOG_CBOR_MAX_DEPTH   8      /* of what is in a header */

/* The library exports what is declared from here to the pop, and in info.h; nothing else. */
#pragma GCC visibility push(default)

/* Of the library that the program runs with, as TTLOG_READ_VERSION. */
int ttlog_read_version(void);

/* ---- Events ---- */

struct ttlog_snapshot;
struct ttlog_event_source;

/* Has reserved members. Callers allocate it; a copy is as good. */
struct ttlog_event {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	uint64_t mono_ns;                        /* CLOCK_MONOTONIC of the machine */
	uint64_t real_ns;                        /* since 1970, UTC */
	uint32_t site_number, thread_number;     /* in the snapshot's info */
	uint32_t group, row;                     /* where its values are in the chunk's columns */
	struct ttlog_snapshot *snapshot;         /* that it is from */
	const struct ttlog_event_source *source; /* the library's own */
	uint64_t reserved[2];
};

struct ttlog_column;

#define TTLOG_ID_BYTES 32u

/* Which event it is, of all events of all processes: the same event in another file has the same text.
 * `buf` has TTLOG_ID_BYTES. Absent where the file does not say it. */
struct ttlog_text ttlog_event_id(const struct ttlog_event *event, char *buf);

/* Field `idx` of the event, below its site's nfields: else one of TTLOG_TYPE_NONE. */
void ttlog_event_field(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret);
/* All values of that field in the event's group, the event's own at its row. NULL where they could
 * not be decoded: then it is a problem of the snapshot. */
const struct ttlog_column *ttlog_event_column(const struct ttlog_event *event, unsigned idx);

/* ---- A snapshot ---- */

/*
 * Opens a file and goes over all of it once: every frame is checked. NULL with errno and ret_why
 * where it cannot be read at all (no such file, a pipe, a directory); a file in which nothing is
 * whole opens, with problems. The file may be cut or written while it is open.
 *
 * Its descriptor stays open, but where the process has opened more snapshots than it may have
 * descriptors, less a quarter for others, it is closed until it is needed, and the path opened
 * again. If that is another file by then, or was written to, it is a problem of the snapshot's.
 */
struct ttlog_snapshot *ttlog_snapshot_open(const char *path, char *ret_why, size_t why_size);
/* The same with a descriptor, whose ownership it takes also on failure. The name is for
 * ttlog_snapshot_name(). */
struct ttlog_snapshot *ttlog_snapshot_open_fd(int fd, const char *name, char *ret_why,
					      size_t why_size);
/* The same, but goes no further than to the header: who goes over one file's events once does so
 * at nearly twice the speed. Contents and problems are known at the end. */
struct ttlog_snapshot *ttlog_snapshot_start(const char *path, char *ret_why, size_t why_size);
struct ttlog_snapshot *ttlog_snapshot_start_fd(int fd, const char *name, char *ret_why,
					       size_t why_size);
void ttlog_snapshot_close(struct ttlog_snapshot *snapshot);

const char *ttlog_snapshot_name(const struct ttlog_snapshot *snapshot); /* the path */
/* Never NULL. Both stay where they are; the contents are up to date at any time. */
const struct ttlog_info *ttlog_snapshot_info(const struct ttlog_snapshot *snapshot);
const struct ttlog_contents *ttlog_snapshot_contents(const struct ttlog_snapshot *snapshot);

/* Makes snapshots of one process tell wall time alike, by the clock of the first one given: each has a
 * pair of clocks of its own, and where they disagree an event that is in two files would have two
 * times. What was already given as wall time stays. Several are gone over to their ends. Streams do
 * it themselves; before, it is for who asks for times first. Returns 0 or -ENOMEM. */
int ttlog_snapshots_share_clock(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt);

/* Wall time of the last event, as far as the file was gone over; 0: there is none. */
uint64_t ttlog_snapshot_last_ns(const struct ttlog_snapshot *snapshot);

/* ---- Filters ---- */

/* Which events someone wants to see: the expressions of ttlog-view(1) --filter. */
struct ttlog_filter;

struct ttlog_filter *ttlog_filter_new(void); /* everything passes */
void ttlog_filter_free(struct ttlog_filter *filter);

/* Adds an expression; all must hold. Returns 0; -EINVAL with what is wrong in ret_why, in several
 * lines, the place with a caret; -ENOMEM. */
int ttlog_filter_add(struct ttlog_filter *filter, const char *expression, char *ret_why,
		     size_t why_size);
/* Adds a search: a regular expression for the message, a text field or key=value. */
int ttlog_filter_search(struct ttlog_filter *filter, const char *regex, char *ret_why,
			size_t why_size);

bool ttlog_filter_is_empty(const struct ttlog_filter *filter);
/* Expression `idx` of those that were added, as text: the same for all that mean the same words.
 * The caller frees. ENOENT: there are fewer. */
char *ttlog_filter_expression(const struct ttlog_filter *filter, size_t idx);
/* How it was understood, in lines of text. The caller frees. */
char *ttlog_filter_explain(const struct ttlog_filter *filter);
/* Whether there are times that are relative to the last event (ts>-10s), and when that was (the
 * greatest ttlog_snapshot_last_ns()): to be set before the filter is used. */
bool ttlog_filter_needs_last(const struct ttlog_filter *filter);
void ttlog_filter_set_last(struct ttlog_filter *filter, uint64_t last_ns);

/* How many texts a regular expression (PCRE2's) took more than 100,000 steps for: they count as
 * ones that it does not match. */
uint64_t ttlog_filter_gave_up(const struct ttlog_filter *filter);

/* A key of the filter's that no site of these snapshots has a field of: maybe it is misspelt. NULL
 * where there is none; keys in has() are none. It is the filter's. */
const char *ttlog_filter_unknown_key(const struct ttlog_filter *filter,
				     struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt);

/* Whether this one event passes. Streams filter by column, ten times as fast. */
bool ttlog_filter_matches(const struct ttlog_filter *filter, const struct ttlog_event *event);

/* ---- Event streams: the events of several files, in order, filtered, each once ---- */

/* Snapshots of one process overlap; an event that is in several of them comes once, and wall time is
 * that of the first one given: ttlog_snapshots_share_clock(). */
struct ttlog_stream;

/* Wall time in ns since 1970, both included. Fixed. */
struct ttlog_range {
	uint64_t since_ns, until_ns;
};

/* filter NULL: all events; range NULL: of all times. Snapshots and filter stay the caller's, and
 * as they are while the stream lives. Several snapshots are first gone over to their ends. Streams
 * over one snapshot that go on in turn load its chunks again and again: better open the file twice. */
struct ttlog_stream *ttlog_stream_new(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt,
				      const struct ttlog_filter *filter,
				      const struct ttlog_range *range);
void ttlog_stream_free(struct ttlog_stream *stream);

/* The next event; valid until the next call. Returns 1, or 0 at the end. What cannot be read is a
 * problem of its snapshot, and passed over. */
int ttlog_stream_next(struct ttlog_stream *stream, struct ttlog_event *ret);

/* Before the first event: goes over everything once, so that only the last `cnt` events come.
 * Returns 0 or -ENOMEM. */
int ttlog_stream_tail(struct ttlog_stream *stream, uint64_t cnt);

/* Events that follow one another, all of one snapshot's loaded chunk. Has reserved members. */
struct ttlog_run {
	struct ttlog_snapshot *snapshot;
	uint32_t cnt;
	uint32_t first;            /* position in the chunk where `positions` is NULL */
	const uint32_t *positions; /* in the chunk, ascending; NULL: from `first` on, all of them */
	uint64_t shift;  /* from CLOCK_MONOTONIC to the key that the stream is ordered by */
	uint32_t number; /* the snapshot's, in ttlog_stream_new's array */
	uint32_t reserved;
};

static inline uint32_t ttlog_run_at(const struct ttlog_run *run, uint32_t i)
{
	return run->positions ? run->positions[i] : run->first + i;
}

/* The same as ttlog_stream_next, for those who look at columns: the next events, at most `most`
 * (more than 0), and at least 1; valid until the next call. Do not mix the two. */
int ttlog_stream_run(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret);

/* The same, but loads one chunk at most: -EAGAIN where no event was found in it. */
int ttlog_stream_step(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret);

/* Where one snapshot's events go on. Fixed. */
struct ttlog_place {
	uint64_t key;       /* of what comes next there, or less: about wall time */
	uint32_t chunk, at; /* UINT32_MAX: nothing comes; the library's own */
};

/* Where the stream goes on, a place a snapshot, and the key of what comes next (UINT64_MAX: nothing
 * does). The last run is valid no more. False where one cannot return to: between events of one
 * nanosecond of which those that come twice are being left out. */
bool ttlog_stream_mark(struct ttlog_stream *stream, struct ttlog_place *ret_places,
		       uint64_t *ret_key);
/* Goes on from a mark, also when others have loaded chunks of the snapshots since: until then, that
 * is all that may be asked of the stream. */
void ttlog_stream_return(struct ttlog_stream *stream, const struct ttlog_place *places);
/* The key of an event of snapshot `number`: CLOCK_MONOTONIC and a shift, modulo 2^64. Of equal ones
 * those of the snapshot that was given first come first. */
uint64_t ttlog_stream_key(const struct ttlog_stream *stream, size_t number, uint64_t mono_ns);
/* Whether another snapshot may have some of the events of snapshot `number`, too. */
bool ttlog_stream_overlaps(const struct ttlog_stream *stream, size_t number);

/* ---- Snapshots that come one after another, as from collectors that are followed ---- */

/* Which events were there already: two collectors that record one process send each twice. It
 * remembers some ten thousand batches. */
struct ttlog_seen;

struct ttlog_seen *ttlog_seen_new(void);
void ttlog_seen_free(struct ttlog_seen *seen);
/* Streams over the snapshot, which must have one chunk, leave out from now on what an earlier one
 * had. Before they begin. Returns 0 or -ENOMEM: then they leave out nothing. */
int ttlog_seen_take(struct ttlog_seen *seen, struct ttlog_snapshot *snapshot);

/* ---- Chunks and columns: tens of millions of events a second ---- */

/*
 * Events are stored in chunks, in the order of time. The events of one site in a chunk are a group,
 * and each field of the group is a column: the k-th event of the group has row k of each.
 */

/* Fixed. */
struct ttlog_group {
	uint32_t site; /* its number in the info */
	uint32_t cnt;  /* rows */
};

/* The events of a chunk. Use the functions below for what has a mask or may be NULL. Grows. */
struct ttlog_chunk {
	uint32_t n; /* 0: none is loaded */
	uint32_t group_cnt;
	uint64_t first_ns, last_ns;
	const struct ttlog_group *groups; /* sites ascend */
	const uint64_t *mono_ns;          /* n, ascending: CLOCK_MONOTONIC */
	const uint32_t *group_of;         /* n; NULL: there is one group */
	const uint32_t *row_of;           /* n; NULL: there is one group */
	const uint64_t *threads;          /* [i & thread_mask]: numbers in the info */
	size_t thread_mask;
	size_t number;     /* which chunk it is */
	uint64_t load_cnt; /* chunks that were loaded so far: another number, another content */
};

static inline uint32_t ttlog_chunk_group(const struct ttlog_chunk *chunk, uint32_t i)
{
	return chunk->group_of ? chunk->group_of[i] : 0;
}

static inline uint32_t ttlog_chunk_row(const struct ttlog_chunk *chunk, uint32_t i)
{
	return chunk->row_of ? chunk->row_of[i] : i;
}

static inline uint32_t ttlog_chunk_thread(const struct ttlog_chunk *chunk, uint32_t i)
{
	return (uint32_t)chunk->threads[i & chunk->thread_mask];
}

/* Fixed. */
struct ttlog_column_text {
	struct ttlog_text text;
	bool null, cut; /* as struct ttlog_field has them */
};

/*
 * The values of one field in one group. Element i of an array is [i & its mask]: a mask is 0 where
 * one value stands for all. Only the library makes them. Grows.
 */
struct ttlog_column {
	uint8_t type; /* enum ttlog_type */
	size_t mask, scale_mask, index_mask;
	const uint64_t *nums;   /* all but F32, F64, STR, BYTES; signed as two's complement */
	const double *reals;    /* F32, F64 */
	const uint64_t *scales; /* DECIMAL; F32, F64 without `reals`: nums / 10^scales[0], signed */
	const struct ttlog_column_text *texts; /* STR, BYTES */
	uint32_t text_cnt;
	const uint64_t *index; /* STR, BYTES: into texts; NULL: element i is texts[i & mask] */
};

/* Whether one value stands for all. */
static inline bool ttlog_column_is_const(const struct ttlog_column *column)
{
	return column->index ? !column->index_mask : !column->mask && !column->scale_mask;
}

/* Element i, below the group's cnt. */
void ttlog_column_field(const struct ttlog_column *column, size_t i, struct ttlog_field *ret);

/* Whether there is a chunk `idx`: goes over the file up to it, SIZE_MAX: to its end. The loaded
 * chunk is no more where that was needed. */
bool ttlog_snapshot_has_chunk(struct ttlog_snapshot *snapshot, size_t idx);
/* Makes chunk `idx` the loaded one. Returns 0, or -errno: then there is a problem that says so, and
 * none is loaded. -ENOENT: there is no such chunk. */
int ttlog_snapshot_load(struct ttlog_snapshot *snapshot, size_t idx);
/* Gives back the memory of the loaded chunk and what it took to decode it. */
void ttlog_snapshot_unload(struct ttlog_snapshot *snapshot);

/* The loaded one; never NULL, and stays where it is. */
const struct ttlog_chunk *ttlog_snapshot_chunk(const struct ttlog_snapshot *snapshot);
/* Event i of it, below its n. */
void ttlog_snapshot_event(struct ttlog_snapshot *snapshot, uint32_t i, struct ttlog_event *ret);
/* Any event of a group, for its site and columns: without thread and time. */
void ttlog_snapshot_group_event(struct ttlog_snapshot *snapshot, uint32_t group,
				struct ttlog_event *ret);
/* A field of a group, decoded when it is first asked for. NULL where it cannot be: then that is a
 * problem. */
const struct ttlog_column *ttlog_snapshot_column(struct ttlog_snapshot *snapshot, uint32_t group,
						 unsigned field);

/* ---- Pinned chunks: for programs that use several chunks at once ---- */

/* A decoded chunk. It lives until it is freed, whatever the snapshot loads. */
struct ttlog_pinned;

/* Chunk `idx`, its n, times and groups alone. Afterwards the snapshot has none loaded. NULL with
 * errno: where it cannot be read there is a problem that says so. */
struct ttlog_pinned *ttlog_pinned_new(struct ttlog_snapshot *snapshot, size_t idx);
/* The rest of it. Returns 0, or -errno: then there is a problem that says so. */
int ttlog_pinned_load(struct ttlog_pinned *pinned);
/* Before the snapshot is closed. */
void ttlog_pinned_free(struct ttlog_pinned *pinned);

const struct ttlog_chunk *ttlog_pinned_chunk(const struct ttlog_pinned *pinned);
/* Event i of it, loaded; valid as long as it lives. */
void ttlog_pinned_event(struct ttlog_pinned *pinned, uint32_t i, struct ttlog_event *ret);
/* As ttlog_snapshot_column, of a loaded one. */
const struct ttlog_column *ttlog_pinned_column(struct ttlog_pinned *pinned, uint32_t group,
					       unsigned field);
/* The memory that it takes, which grows with the columns that were asked for. */
size_t ttlog_pinned_bytes(const struct ttlog_pinned *pinned);

/* ---- CBOR: keys of the header that have no member ---- */

enum ttlog_cbor_kind {
	TTLOG_CBOR_UINT = 0,
	TTLOG_CBOR_NEGINT = 1, /* the value is -1 - u */
	TTLOG_CBOR_BYTES = 2,
	TTLOG_CBOR_TEXT = 3,
	TTLOG_CBOR_ARRAY = 4, /* u elements follow */
	TTLOG_CBOR_MAP = 5,   /* u pairs follow, each key a text */
	TTLOG_CBOR_TAG = 6,   /* one item follows */
	TTLOG_CBOR_FLOAT = 7,
	TTLOG_CBOR_BOOL = 8,
	TTLOG_CBOR_NULL = 9,
	TTLOG_CBOR_OTHER = 10, /* undefined: format 1 has none */
};

/* Fixed. */
struct ttlog_cbor_item {
	enum ttlog_cbor_kind kind;
	uint64_t u; /* BOOL: 0 or 1 */
	double d;
	struct ttlog_text text; /* BYTES, TEXT */
};

/* Reads one item's head, and skips a whole item with all that is in it. Both go on in `in` and
 * return 0, or -EBADMSG at its end. */
int ttlog_cbor_next(struct ttlog_cbor *in, struct ttlog_cbor_item *ret);
int ttlog_cbor_skip(struct ttlog_cbor *in);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* TTLOG_READ_H */
