/* SPDX-License-Identifier: MIT */
/*
 * A snapshot file: FORMAT.md section 7, the reader's algorithm.
 *
 * Opening goes over the whole file once, checks every frame, and keeps the header and where each
 * chunk lies; events come from one chunk at a time. Who reads one file from its begin to its end
 * starts it instead: then it goes over the file as it is read, and decodes each chunk once, not
 * twice. Everything in the file is hostile; whatever is wrong with it becomes a problem in words,
 * and the rest is read. A reader belongs to one thread.
 */
#ifndef TTLOG_VIEW_READER_H
#define TTLOG_VIEW_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk.h"
#include "event.h"
#include "header.h"

struct frame_file;

struct reader_chunk {
	uint64_t offset; /* of its frame */
	uint64_t first_ns, last_ns;
	uint32_t n; /* 0 once it turned out that it cannot be read */
};

/* Others only read what is in here. */
struct reader {
	char *name;
	uint64_t size; /* of the file */
	bool has_header;
	struct header header;

	/* All that follows is only so far as the file was gone over. */
	bool is_scanned; /* to its end */
	struct reader_chunk *chunks;
	size_t chunk_cnt;
	uint64_t event_cnt; /* in all of chunks */

	/* From the end item where there is one, else from the header. */
	bool has_totals;
	uint64_t emitted, recorded, overwritten;
	struct details_lost lost;
	struct token_in lost_item; /* the same as it stands; `at` is NULL where it is absent */

	char **problems; /* what is wrong with the file, as it was found */
	size_t problem_cnt, problem_cap;
	size_t problem_more; /* so many were not kept */

	/* The reader's own. */
	struct frame_file *file;
	uint64_t offset; /* where the scan goes on */
	uint64_t frame_cnt;
	bool second_header;
	uint64_t unloadable_cnt; /* events that event_cnt has lost since they were scanned */
	unsigned char *end_lost; /* owns the bytes of lost, and the arena the rest of it */
	struct arena end_arena;
	struct chunk chunk;
	size_t parsed; /* the number of the chunk in `chunk`, not loaded yet; SIZE_MAX: none */
	size_t loaded; /* the same, loaded */
	size_t chunk_cap;
	bool has_end;
	uint64_t end_events, end_chunks;
};

/*
 * NULL with errno, and the reason in words in ret_why, where the file cannot be read at all; a file
 * in which nothing is whole opens, with problems.
 */
struct reader *reader__open(const char *path, char *ret_why, size_t why_size);
/* The same with a descriptor, whose ownership it takes also on failure. */
struct reader *reader__open_fd(int fd, const char *name, char *ret_why, size_t why_size);
void reader__close(struct reader *reader);

/* The same, but goes no further than to the header. */
struct reader *reader__start(const char *path, char *ret_why, size_t why_size);
struct reader *reader__start_fd(int fd, const char *name, char *ret_why, size_t why_size);
/* Whether there is a chunk `idx`: goes over the file up to it. Events of the loaded chunk are valid
 * no more where that was needed. SIZE_MAX: to the end. */
bool reader__has(struct reader *reader, size_t idx);

/* Makes chunk `idx`, which there must be, the one that reader__event gives events of.
 * Returns 0, or -errno: then it is a problem already, and the chunk has no events. */
int reader__load(struct reader *reader, size_t idx);
/* Says that the chunk's events cannot be shown, and why; they count as missing. */
void reader__drop(struct reader *reader, size_t idx, const char *why);
/* Event i of the loaded chunk; it is valid until another is loaded. */
void reader__event(struct reader *reader, uint32_t i, struct event *ret);
/* Any event of a group of the loaded chunk, for its site and its columns: without thread and time.
 * */
void reader__group_event(struct reader *reader, uint32_t group, struct event *ret);
/* Gives back the memory of the loaded chunk and what it took to decode it. */
void reader__unload(struct reader *reader);

#endif /* TTLOG_VIEW_READER_H */
