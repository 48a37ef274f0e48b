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
 * Files are hostile. With any file, FORMAT.md's limits bound the memory, and nothing crashes or
 * hangs. The readable parts are read; errors become problems, as text. Text from a snapshot may
 * contain any byte, even terminal escapes. It has no zero at its end, and may be NULL if its length
 * is 0: print it with care.
 *
 * Threads: a snapshot, with every filter and stream that is used with it, belongs to one thread at
 * a time. Several threads may use different snapshots. There are no globals, and no signal
 * handlers.
 *
 * Lifetime: a snapshot's info, sites, threads and all their text live until it is closed. Values
 * and columns of a chunk live until another chunk of that snapshot is loaded, that is, until the
 * next call that moves the snapshot, or a stream over it, forward.
 *
 * Errors: functions return 0 or a negative errno; those that return a pointer return NULL with
 * errno. If there is a `ret_why`, it gets the reason as text, cut to why_size (at least 1;
 * TTLOG_WHY_BYTES is always enough). All *_free and *_close take NULL.
 *
 * Versions. The soname is libttlogread.so.0; every incompatible change gives it the next number.
 * With the same soname, functions, constants and enumerators may be added; structs that only the
 * library allocates may grow at their end (never make an array of them, nor use their sizeof);
 * reserved members of structs that callers allocate, which are 0 now, may get a meaning. Each
 * struct says which applies: "Grows", "Has reserved members" or "Fixed". The library skips unknown
 * parts of a later file, or names them in a problem.
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
#define TTLOG_CHUNK_MAX_EVENTS 65536u /* per chunk */
#define TTLOG_CBOR_MAX_DEPTH   8      /* nesting in a header */

/* The library exports the declarations from here to the pop, and those in info.h; nothing else. */
#pragma GCC visibility push(default)

/* The version of the library at run time, as TTLOG_READ_VERSION. */
int ttlog_read_version(void);

/* ---- Events ---- */

struct ttlog_snapshot;
struct ttlog_event_source;

/* Has reserved members. Callers allocate it, and may copy it. */
struct ttlog_event {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	uint64_t mono_ns;                    /* CLOCK_MONOTONIC of the machine */
	uint64_t real_ns;                    /* since 1970, UTC */
	uint32_t site_number, thread_number; /* in the info of the snapshot */
	uint32_t group, row;                 /* the place of its values in the chunk's columns */
	struct ttlog_snapshot *snapshot;     /* its snapshot */
	const struct ttlog_event_source *source; /* used by the library */
	uint64_t reserved[2];
};

struct ttlog_column;

#define TTLOG_ID_BYTES 32u

/* Identifies the event among all events of all processes: the same event in another file has the
 * same text. `buf` has TTLOG_ID_BYTES. Absent if the file has no identities. */
struct ttlog_text ttlog_event_id(const struct ttlog_event *event, char *buf);

/* The stack of the event's thread when it was logged (ttlog-collect --stack): returns how many
 * frames, innermost first, which live as long as the snapshot. 0: the file has none of this event. */
size_t ttlog_event_stack(const struct ttlog_event *event,
			 const struct ttlog_frame *const **ret_frames);

/* The trace that the event belongs to (TTLOG_CONTEXT), and the span in it: 32 and 16 lower-case
 * hexadecimal digits. `buf` has TTLOG_ID_BYTES. Absent if it belongs to none. */
struct ttlog_text ttlog_event_trace_id(const struct ttlog_event *event, char *buf);
struct ttlog_text ttlog_event_span_id(const struct ttlog_event *event, char *buf);

/* How many calls of its site the program left out in this thread since the last one recorded there
 * (TTLOG_PROBE_EVERY, TTLOG_PROBE_LIMIT). 0: none. */
uint64_t ttlog_event_suppressed(const struct ttlog_event *event);
/* The same of all events of the loaded chunk, numbers, by their place in the chunk. NULL: 0. */
const struct ttlog_column *ttlog_snapshot_suppressed(struct ttlog_snapshot *snapshot);

/* Field `idx` of the event, below its site's nfields; else a field of TTLOG_TYPE_NONE. */
void ttlog_event_field(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret);
/* All values of that field in the event's group; the event's own value is at its row. NULL: they
 * can't be decoded, which is a problem of the snapshot. */
const struct ttlog_column *ttlog_event_column(const struct ttlog_event *event, unsigned idx);

/* ---- A snapshot ---- */

/*
 * Opens a file and goes over all of it once: every frame is checked. NULL with errno and ret_why if
 * it can't be read at all (no such file, a pipe, a directory). A file in which nothing is whole
 * opens, with problems. The file may be cut or written while it is open.
 *
 * Its descriptor stays open. But if the process has opened more snapshots than three quarters of
 * its limit of descriptors, it is closed until it is needed, and the path is opened again. If that
 * is another file by then, or was written to, it is a problem of the snapshot.
 */
struct ttlog_snapshot *ttlog_snapshot_open(const char *path, char *ret_why, size_t why_size);
/* The same with a descriptor. Takes ownership of it, even on failure. The name is for
 * ttlog_snapshot_name(). */
struct ttlog_snapshot *ttlog_snapshot_open_fd(int fd, const char *name, char *ret_why,
					      size_t why_size);
/* The same, but only reads the header: going over one file's events once is then nearly twice as
 * fast. Contents and problems are known at the end. */
struct ttlog_snapshot *ttlog_snapshot_start(const char *path, char *ret_why, size_t why_size);
struct ttlog_snapshot *ttlog_snapshot_start_fd(int fd, const char *name, char *ret_why,
					       size_t why_size);
void ttlog_snapshot_close(struct ttlog_snapshot *snapshot);

const char *ttlog_snapshot_name(const struct ttlog_snapshot *snapshot); /* the path */
/* Never NULL. Both pointers stay the same; the contents are always up to date. */
const struct ttlog_info *ttlog_snapshot_info(const struct ttlog_snapshot *snapshot);
const struct ttlog_contents *ttlog_snapshot_contents(const struct ttlog_snapshot *snapshot);

/* Gives snapshots of one process the same wall time, by the clock of the first one given. Each has
 * its own pair of clocks; if these disagree, an event that is in two files would have two times.
 * Wall times that were returned before do not change. Several snapshots are read to their ends.
 * Streams do this themselves; call it if you need times before that. Returns 0 or -ENOMEM. */
int ttlog_snapshots_share_clock(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt);

/* Wall time of the last event, as far as the file was read; 0: there is none. */
uint64_t ttlog_snapshot_last_ns(const struct ttlog_snapshot *snapshot);

/* ---- Filters ---- */

/* Selects events, by the expressions of ttlog-view(1) --filter. */
struct ttlog_filter;

struct ttlog_filter *ttlog_filter_new(void); /* all events pass */
void ttlog_filter_free(struct ttlog_filter *filter);

/* Adds an expression; all must be true. Returns 0; -EINVAL with the error in ret_why, in several
 * lines, with a caret at its place; -ENOMEM. */
int ttlog_filter_add(struct ttlog_filter *filter, const char *expression, char *ret_why,
		     size_t why_size);
/* Adds a search: a regular expression for the message, a text field or key=value. */
int ttlog_filter_search(struct ttlog_filter *filter, const char *regex, char *ret_why,
			size_t why_size);

bool ttlog_filter_is_empty(const struct ttlog_filter *filter);
/* Expression `idx` of those that were added, as text in one standard form. The caller frees it.
 * ENOENT: there are fewer. */
char *ttlog_filter_expression(const struct ttlog_filter *filter, size_t idx);
/* An explanation of the filter, in lines of text. The caller frees it. */
char *ttlog_filter_explain(const struct ttlog_filter *filter);
/* Whether it has times relative to the last event (ts>-10s). Then set the time of that (the
 * greatest ttlog_snapshot_last_ns()) before you use the filter. */
bool ttlog_filter_needs_last(const struct ttlog_filter *filter);
void ttlog_filter_set_last(struct ttlog_filter *filter, uint64_t last_ns);

/* For how many texts a regular expression (PCRE2) took more than 100,000 steps: these count as not
 * matching. */
uint64_t ttlog_filter_gave_up(const struct ttlog_filter *filter);

/* A key of the filter for which no site of these snapshots has a field: maybe it is misspelt. NULL:
 * there is none; keys in has() do not count. The filter owns the text. */
const char *ttlog_filter_unknown_key(const struct ttlog_filter *filter,
				     struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt);

/* Whether this event passes. Streams filter by column, which is ten times as fast. */
bool ttlog_filter_matches(const struct ttlog_filter *filter, const struct ttlog_event *event);

/* ---- Event streams: the events of several files, in order, filtered, each once ---- */

/* Snapshots of one process overlap: an event that is in several of them comes once, and wall time
 * is by the clock of the first one given: ttlog_snapshots_share_clock(). */
struct ttlog_stream;

/* Wall time in ns since 1970; both ends are included. Fixed. */
struct ttlog_range {
	uint64_t since_ns, until_ns;
};

/* When the events of a complete segment of a stream were, by its own clock, without reading them.
 * False: the file is none, or can't be read. */
bool ttlog_segment_range(const char *path, struct ttlog_range *ret);

/* filter NULL: all events; range NULL: all times. The caller still owns snapshots and filter, and
 * must not change them while the stream lives. Several snapshots are first read to their ends.
 * Streams over one snapshot that are used in turn load its chunks again and again: it is better to
 * open the file twice. */
struct ttlog_stream *ttlog_stream_new(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt,
				      const struct ttlog_filter *filter,
				      const struct ttlog_range *range);
void ttlog_stream_free(struct ttlog_stream *stream);

/* The next event; valid until the next call. Returns 1, or 0 at the end. Parts that can't be read
 * are problems of the snapshot, and skipped. */
int ttlog_stream_next(struct ttlog_stream *stream, struct ttlog_event *ret);

/* Call it before the first event: it goes over all events once, so that only the last `cnt` come.
 * Returns 0 or -ENOMEM. */
int ttlog_stream_tail(struct ttlog_stream *stream, uint64_t cnt);

/* Successive events, all in the loaded chunk of one snapshot. Has reserved members. */
struct ttlog_run {
	struct ttlog_snapshot *snapshot;
	uint32_t cnt;
	uint32_t first;            /* position in the chunk, if `positions` is NULL */
	const uint32_t *positions; /* in the chunk, ascending; NULL: all from `first` on */
	uint64_t shift;  /* from CLOCK_MONOTONIC to the key by which the stream is sorted */
	uint32_t number; /* of the snapshot in the array of ttlog_stream_new() */
	uint32_t reserved;
};

static inline uint32_t ttlog_run_at(const struct ttlog_run *run, uint32_t i)
{
	return run->positions ? run->positions[i] : run->first + i;
}

/* As ttlog_stream_next(), for programs that read columns: the next events, at least 1, at most
 * `most` (more than 0); valid until the next call. Do not mix the two. */
int ttlog_stream_run(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret);

/* The same, but loads at most one chunk. -EAGAIN: no event was found in it. */
int ttlog_stream_step(struct ttlog_stream *stream, uint64_t most, struct ttlog_run *ret);

/* The position of a stream in one snapshot. Fixed. */
struct ttlog_place {
	uint64_t key;       /* that of the next event, or less: about wall time */
	uint32_t chunk, at; /* UINT32_MAX: nothing comes; used by the library */
};

/* The position of the stream, one place per snapshot, and the key of the next event (UINT64_MAX:
 * none). The last run is no longer valid. False: the stream can't return here, because it is
 * between events of one nanosecond, and leaves out those that come twice. */
bool ttlog_stream_mark(struct ttlog_stream *stream, struct ttlog_place *ret_places,
		       uint64_t *ret_key);
/* Goes on from a mark, even if other chunks of the snapshots were loaded since. After such loads,
 * this is the only call that the stream allows. */
void ttlog_stream_return(struct ttlog_stream *stream, const struct ttlog_place *places);
/* The key of an event of snapshot `number`: CLOCK_MONOTONIC plus a shift, modulo 2^64. Of events
 * with equal keys, those of the snapshot that was given first come first. */
uint64_t ttlog_stream_key(const struct ttlog_stream *stream, size_t number, uint64_t mono_ns);
/* Whether another snapshot may also have some events of snapshot `number`. */
bool ttlog_stream_overlaps(const struct ttlog_stream *stream, size_t number);

/* ---- Snapshots that come one after another, as from collectors that are followed ---- */

/* Knows which events came already: two collectors that record one process send each event twice. It
 * remembers some ten thousand batches. */
struct ttlog_seen;

struct ttlog_seen *ttlog_seen_new(void);
void ttlog_seen_free(struct ttlog_seen *seen);
/* From now on, streams over the snapshot leave out events that an earlier snapshot had. The
 * snapshot must have one chunk. Call it before they begin. Returns 0 or -ENOMEM: then they leave
 * out nothing. */
int ttlog_seen_take(struct ttlog_seen *seen, struct ttlog_snapshot *snapshot);

/* ---- Chunks and columns: tens of millions of events per second ---- */

/*
 * Events are stored in chunks, in the order of time. The events of one site in a chunk are a group,
 * and each field of the group is a column: the k-th event of the group has row k of each.
 */

/* Fixed. */
struct ttlog_group {
	uint32_t site; /* its number in the info */
	uint32_t cnt;  /* rows */
};

/* The events of a chunk. Use the functions below for members that have a mask or may be NULL.
 * Grows. */
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
	size_t number;     /* of the chunk */
	uint64_t load_cnt; /* chunks loaded so far: another number means other contents */
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
	bool null, cut; /* as in struct ttlog_field */
};

/*
 * The values of one field in one group. Element i of an array is [i & its mask]; a mask is 0 if all
 * values are the same. Only the library makes columns. Grows.
 */
struct ttlog_column {
	uint8_t type; /* enum ttlog_type */
	size_t mask, scale_mask, index_mask;
	const uint64_t *nums; /* all except F32, F64, STR, BYTES; signed ones as two's complement */
	const double *reals;  /* F32, F64 */
	const uint64_t *scales; /* DECIMAL; F32, F64 without `reals`: nums / 10^scales[0], signed */
	const struct ttlog_column_text *texts; /* STR, BYTES */
	uint32_t text_cnt;
	const uint64_t *index; /* STR, BYTES: into texts; NULL: element i is texts[i & mask] */
	const unsigned char
		*nulls; /* all others: a bit for each element, from the lowest of each byte
				       on: it is null, and has no number; NULL: none is */
};

/* Whether element i is null. */
static inline bool ttlog_column_is_null(const struct ttlog_column *column, size_t i)
{
	return column->nulls && column->nulls[i / 8] >> i % 8 & 1;
}

/* Whether all values are the same. */
static inline bool ttlog_column_is_const(const struct ttlog_column *column)
{
	if (column->index)
		return !column->index_mask;
	return !column->mask && !column->scale_mask && !column->nulls;
}

/* Element i, below the group's cnt. */
void ttlog_column_field(const struct ttlog_column *column, size_t i, struct ttlog_field *ret);

/* Whether there is a chunk `idx`: reads the file up to it; SIZE_MAX: to its end. If it has to read,
 * the loaded chunk is unloaded. */
bool ttlog_snapshot_has_chunk(struct ttlog_snapshot *snapshot, size_t idx);
/* Loads chunk `idx`. Returns 0, or -errno: then a problem says why, and no chunk is loaded.
 * -ENOENT: there is no such chunk. */
int ttlog_snapshot_load(struct ttlog_snapshot *snapshot, size_t idx);
/* Frees the loaded chunk, and the memory for decoding it. */
void ttlog_snapshot_unload(struct ttlog_snapshot *snapshot);

/* The loaded chunk; never NULL, always the same pointer. */
const struct ttlog_chunk *ttlog_snapshot_chunk(const struct ttlog_snapshot *snapshot);
/* Event i of the loaded chunk, below its n. */
void ttlog_snapshot_event(struct ttlog_snapshot *snapshot, uint32_t i, struct ttlog_event *ret);
/* Some event of a group, for its site and columns; it has no thread and no time. */
void ttlog_snapshot_group_event(struct ttlog_snapshot *snapshot, uint32_t group,
				struct ttlog_event *ret);
/* A field of a group, decoded when it is first needed. NULL: it can't be decoded, which is a
 * problem. */
const struct ttlog_column *ttlog_snapshot_column(struct ttlog_snapshot *snapshot, uint32_t group,
						 unsigned field);

/* ---- Pinned chunks: for programs that use several chunks at once ---- */

/* A decoded chunk. It lives until it is freed, even if the snapshot loads others. */
struct ttlog_pinned;

/* Chunk `idx`, only its n, times and groups. After this the snapshot has no chunk loaded. NULL with
 * errno: if it can't be read, a problem says why. */
struct ttlog_pinned *ttlog_pinned_new(struct ttlog_snapshot *snapshot, size_t idx);
/* Loads the rest of it. Returns 0, or -errno: then a problem says why. */
int ttlog_pinned_load(struct ttlog_pinned *pinned);
/* Call it before the snapshot is closed. */
void ttlog_pinned_free(struct ttlog_pinned *pinned);

const struct ttlog_chunk *ttlog_pinned_chunk(const struct ttlog_pinned *pinned);
/* Event i of a chunk that is loaded; valid while the chunk lives. */
void ttlog_pinned_event(struct ttlog_pinned *pinned, uint32_t i, struct ttlog_event *ret);
/* As ttlog_snapshot_column(), of a chunk that is loaded. */
const struct ttlog_column *ttlog_pinned_column(struct ttlog_pinned *pinned, uint32_t group,
					       unsigned field);
/* Its memory, which grows with the columns that were used. */
size_t ttlog_pinned_bytes(const struct ttlog_pinned *pinned);

/* ---- CBOR, for keys of the header without a member ---- */

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

/* The first reads one item's head, the second skips a whole item with its contents. Both move `in`
 * forward, and return 0, or -EBADMSG at its end. */
int ttlog_cbor_next(struct ttlog_cbor *in, struct ttlog_cbor_item *ret);
int ttlog_cbor_skip(struct ttlog_cbor *in);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* TTLOG_READ_H */
