/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "facts.h"
#include "ring_entry.h"
#include "side_record.h"
#include "source_table.h"

/* As many as map `threads` has room for. */
#define SOURCES_MAX (1u << 18)

void source_table__fini(struct source_table *table)
{
	free(table->slots);
}

/* Batches are page-aligned, except those on stacks, which have no slot. */
static size_t slot_of(const struct source_table *table, uint64_t address)
{
	size_t slot = (address >> 12) * 0x9e3779b97f4a7c15ull >> 20 & (table->cap - 1);

	while (table->slots[slot].address && table->slots[slot].address != address)
		slot = (slot + 1) & (table->cap - 1);
	return slot;
}

static int grow(struct source_table *table)
{
	struct source_table old = *table;

	table->cap = old.cap ? old.cap * 2 : 16;
	table->slots = calloc(table->cap, sizeof(*table->slots));
	if (!table->slots) {
		*table = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].address)
			table->slots[slot_of(table, old.slots[i].address)] = old.slots[i];
	}
	free(old.slots);
	return 0;
}

struct source *source_table__find(const struct source_table *table, uint64_t address)
{
	struct source *source;

	if (!table->cnt)
		return NULL;
	source = &table->slots[slot_of(table, address)];
	return source->address ? source : NULL;
}

struct source *source_table__get(struct source_table *table, uint64_t address, uint32_t module,
				 uint32_t exec)
{
	struct source *source;

	if (table->cnt * 2 >= table->cap && grow(table))
		return NULL;
	source = &table->slots[slot_of(table, address)];
	if (source->address && source->exec == SOURCE_ANY_EXEC)
		source->exec = exec;
	if (source->address && (source->exec == exec || exec == SOURCE_ANY_EXEC))
		return source;
	if (source->address) {
		table->emitted_earlier += source->emitted - source->base;
		table->suppressed_earlier += source->suppressed - source->suppressed_base;
	} else if (table->cnt >= SOURCES_MAX) {
		return NULL;
	} else {
		table->cnt++;
	}
	*source = (struct source){
		.address = address,
		.module = module,
		.exec = exec,
		.thread = UINT32_MAX,
		.is_joining = table->is_joining,
	};
	facts__add_source(table->facts, source);
	return source;
}

/* What the batch has is taken. */
static void take_head(struct source *source, const struct ttlog_batch *head)
{
	source->seq = head->seq;
	source->ticks = head->base_ticks;
	source->taken_bytes = head->committed;
	source->taken_events = head->committed >> 32;
}

int source_table__add(struct source_table *table, const struct source *known,
		      const struct ttlog_batch *head)
{
	struct source *source =
		source_table__get(table, known->address, known->module, known->exec);

	if (!source)
		return -ENOMEM;
	source__set_owner(source, known->tid, head->tid);
	take_head(source, head);
	source->base = head->events_before + (head->committed >> 32);
	source->emitted = source->base;
	source->suppressed_base = source->suppressed = known->suppressed;
	facts__add_source(table->facts, source);
	return 0;
}

bool source_table__pass(struct source_table *table, struct source *source,
			const struct ttlog_batch *head)
{
	const uint64_t events = head->events_before + (head->committed >> 32);

	if (head->seq < source->seq || events <= source->emitted || events >= UINT64_MAX / 2)
		return false;
	take_head(source, head);
	source->base = source->emitted = events;
	facts__add_source(table->facts, source);
	return true;
}

bool source_table__look_again(struct source_table *table, const struct source *known,
			      const struct ttlog_batch *head)
{
	struct source *source = source_table__find(table, known->address);
	const bool is_newer = source && head->seq > source->seq;

	if (!source)
		return !source_table__add(table, known, head);
	if (!source->is_joining || !source_table__pass(table, source, head))
		return false;
	if (is_newer)
		source__set_owner(source, known->tid, head->tid);
	if (known->suppressed >= source->suppressed)
		source->suppressed_base = source->suppressed = known->suppressed;
	facts__add_source(table->facts, source);
	return true;
}

void source_table__end_joining(struct source_table *table)
{
	table->is_joining = false;
	for (size_t i = 0; i < table->cap; i++)
		table->slots[i].is_joining = false;
}

/* ---- owners ---- */

void source__set_owner(struct source *source, uint32_t tid, uint32_t own_tid)
{
	source->tid = tid;
	source->own_tid = own_tid;
}

void source_table__set_owner(struct source_table *table, const struct wire_thread *message,
			     bool owns)
{
	const struct wire_head *head = &message->head;
	const bool is_batch = message->batch.magic == TTLOG_BATCH_MAGIC;
	struct source *source;

	/* otherwise there is nothing to read, now or later */
	if (owns && !is_batch)
		return;
	source = source_table__get(table, message->address, head->module, head->exec);
	if (!source)
		return;
	source__set_owner(source, owns ? head->tid : 0, message->batch.tid);
	if (!is_batch)
		return;
	if (source->is_joining)
		(void)source_table__pass(table, source, &message->batch);
	else
		source__count_emitted(source, &message->batch);
}

bool source_table__has_owners(const struct source_table *table)
{
	for (size_t i = 0; i < table->cap; i++) {
		if (table->slots[i].tid)
			return true;
	}
	return false;
}

void source_table__lose_tail(struct source_table *table, uint64_t address, uint32_t module,
			     uint64_t events)
{
	struct source *source = source_table__get(table, address, module, SOURCE_ANY_EXEC);

	if (!source)
		return;
	source->tid = 0;
	if (events > source->emitted && events < UINT64_MAX / 2)
		source->emitted = events;
}

uint64_t source_table__exec(struct source_table *table, uint32_t exec)
{
	uint64_t emitted = table->emitted_earlier;

	for (size_t i = 0; i < table->cap; i++) {
		struct source *source = &table->slots[i];

		if (!source->address || source->exec == exec)
			continue;
		source->tid = 0;
		emitted += source->emitted - source->base;
	}
	return emitted;
}

/* ---- counts ---- */

void source__count_emitted(struct source *source, const struct ttlog_batch *batch)
{
	uint64_t emitted = batch->events_before + (batch->committed >> 32);

	if (emitted > source->emitted && emitted < UINT64_MAX / 2)
		source->emitted = emitted;
}

uint64_t source_table__emitted(const struct source_table *table)
{
	uint64_t emitted = table->emitted_earlier;

	for (size_t i = 0; i < table->cap; i++)
		emitted += table->slots[i].emitted - table->slots[i].base;
	return emitted;
}

void source__count_suppressed(struct source *source, const void *records, size_t bytes)
{
	struct ttlog_side_total side;

	if (side_record__total(records, bytes, &side) && side.total > source->suppressed &&
	    side.total < UINT64_MAX / 2)
		source->suppressed = side.total;
}

uint64_t source_table__suppressed_before(const struct source_table *table, uint32_t exec)
{
	uint64_t suppressed = table->suppressed_earlier;

	for (size_t i = 0; i < table->cap; i++) {
		const struct source *source = &table->slots[i];

		if (source->address && source->exec != exec)
			suppressed += source->suppressed - source->suppressed_base;
	}
	return suppressed;
}

uint64_t source_table__suppressed(const struct source_table *table)
{
	uint64_t suppressed = table->suppressed_earlier;

	for (size_t i = 0; i < table->cap; i++)
		suppressed += table->slots[i].suppressed - table->slots[i].suppressed_base;
	return suppressed;
}

/* ---- after the death of a collector ---- */

void source_table__keep_only(struct source_table *table, uint32_t exec)
{
	const struct source_table old = *table;

	table->slots = NULL;
	table->cap = table->cnt = 0;
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.slots[i].address || old.slots[i].exec != exec)
			continue;
		if (table->cnt * 2 >= table->cap && grow(table))
			break;
		table->slots[slot_of(table, old.slots[i].address)] = old.slots[i];
		table->cnt++;
	}
	free(old.slots);
}

void source_table__mark_taken(struct source_table *table, const struct ring_entry *entry)
{
	struct source *source = source_table__find(table, (uint64_t)entry->page << 12);

	if (source && ring_entry__begins_batch(entry))
		source__count_suppressed(source, ring_entry__records(entry), entry->bytes);
	if (!source || !entry->seq || entry->seq < source->seq)
		return;
	source->seq = entry->seq;
	source->thread = entry->thread;
	source->taken_bytes = entry->words * (uint32_t)sizeof(uint32_t) + entry->bytes;
}

/* Counts as taken the first records of the batch: at most so many events, and so many bytes. */
static void skip_records(const struct wire_batch *message, uint64_t events, uint32_t bytes,
			 struct source *source)
{
	const unsigned char *records = (const unsigned char *)(message + 1);
	struct ttlog_record record;
	uint32_t at = 0, len;

	source->taken_events = 0;
	while (source->taken_events < events && at + sizeof(record) <= bytes) {
		memcpy(&record, records + at, sizeof(record));
		len = (record.site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;
		if (!len)
			break;
		at += len;
		source->taken_events += record.site_len >> TTLOG_RECORD_LEN_BITS != TTLOG_SIDE_SITE;
	}
	source->taken_bytes = at;
}

void source_table__count_taken(struct source_table *table, const struct wire_batch *message)
{
	const struct ttlog_batch *batch = &message->batch;
	struct source *source = source_table__find(table, message->address);
	uint32_t bytes = batch->committed;

	if (!source)
		return;
	if (batch->seq == source->seq) {
		if (source->taken_bytes < bytes)
			bytes = source->taken_bytes;
		skip_records(message, UINT64_MAX, bytes, source);
	} else if (batch->events_before < source->base) {
		/* nothing of it was taken, but its first events are from before the recording */
		source->seq = batch->seq;
		skip_records(message, source->base - batch->events_before, bytes, source);
	}
}
