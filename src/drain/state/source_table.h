/* SPDX-License-Identifier: MIT */
/*
 * The batches of a process, by address: what was taken of each, and who owns it.
 *
 * A batch comes more than once (pulled, then flushed; flushed, then sent as a tail). Address,
 * sequence number and offset tell what of it is new.
 */
#ifndef TTLOG_SOURCE_TABLE_H
#define TTLOG_SOURCE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

struct facts;
struct ring_entry;
struct ttlog_batch;
struct wire_batch;
struct wire_thread;

struct source_table {
	struct source *slots; /* open addressing; address 0: free */
	size_t cnt, cap;
	uint64_t emitted_earlier; /* in batches of earlier programs of the process */
	uint64_t suppressed_earlier;
	const struct facts *facts; /* gets each new source */
	/* It was recorded by another collector when we looked at its batches. So threads may hand
	 * some over before the kernel has our links. Until then no batch is ours. */
	bool is_joining;
};

void source_table__fini(struct source_table *table);
/* NULL: not there. */
struct source *source_table__find(const struct source_table *table, uint64_t address);
/* Adds it if it is not there. NULL without memory, or if there are too many. */
struct source *source_table__get(struct source_table *table, uint64_t address, uint32_t module,
				 uint32_t exec);
/* Adds a thread's batch, with all that is in it from before the recording. 0 or -ENOMEM. */
int source_table__add(struct source_table *table, const struct source *known,
		      const struct ttlog_batch *head);
/* What was logged up to there is not ours: of a message that came while the source is joining. Returns
 * whether there is more of it than was known. */
bool source_table__pass(struct source_table *table, struct source *source,
			const struct ttlog_batch *head);
/* The same of a second look, which also finds new sources. It may tell more even of the same seq: a
 * thread counts it up some time after it handed the batch over. */
bool source_table__look_again(struct source_table *table, const struct source *known,
			      const struct ttlog_batch *head);
void source_table__end_joining(struct source_table *table);

/* The thread that sent the message has that batch now (owns), or has given it up. */
void source_table__set_owner(struct source_table *table, const struct wire_thread *message,
			     bool owns);
void source__set_owner(struct source *source, uint32_t tid, uint32_t own_tid);
/* Whether a thread has a batch, so that the last of it is still to come. */
bool source_table__has_owners(const struct source_table *table);
/* The batch's thread has died, and its last events with it. events: in it, ever. */
void source_table__lose_tail(struct source_table *table, uint64_t address, uint32_t module,
			     uint64_t events);
/* The process runs another program: batches of earlier ones have no owner any more. Returns how
 * many events were emitted in them. */
uint64_t source_table__exec(struct source_table *table, uint32_t exec);

/* Takes the program's own count, which goes from batch to batch and so shows what was lost. */
void source__count_emitted(struct source *source, const struct ttlog_batch *batch);
/* Events emitted in batches since the recording began. */
uint64_t source_table__emitted(const struct source_table *table);
/* The same of calls that were left out: the program's count is the first of a batch's records. */
void source__count_suppressed(struct source *source, const void *records, size_t bytes);
uint64_t source_table__suppressed(const struct source_table *table);
/* By the programs before that one. */
uint64_t source_table__suppressed_before(const struct source_table *table, uint32_t exec);

/*
 * For a process whose collector died (lost.h, recover.h): forgets the batches of all programs but
 * that one; takes what the ring has, entry by entry in their order; and, before a batch is taken,
 * counts how many of its events those are.
 */
void source_table__keep_only(struct source_table *table, uint32_t exec);
void source_table__mark_taken(struct source_table *table, const struct ring_entry *entry);
void source_table__count_taken(struct source_table *table, const struct wire_batch *message);

#endif /* TTLOG_SOURCE_TABLE_H */
