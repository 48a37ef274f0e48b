/* SPDX-License-Identifier: MIT */
/* Makes batches and site tables by hand, for tests, as ttlog.h and elf.c do. */
#ifndef TTLOG_TESTS_MAKE_H
#define TTLOG_TESTS_MAKE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ttlog/abi.h"

#include "mappings.h"
#include "maps.h"
#include "ring.h"
#include "site.h"
#include "text_pool.h"

#define DEADLINE_MS 300000 /* for poll(): only to end a test that hangs */

struct make_batch {
	unsigned char bytes[60000];
	uint32_t len;
	uint32_t events;
	uint32_t record; /* the start of the record that is being made */
	uint64_t page;   /* of its address */
};

static inline void make__begin(struct make_batch *batch, uint32_t site, uint32_t delta_ticks)
{
	const struct ttlog_record head = { .delta_ticks = delta_ticks,
					   .site_len = site << TTLOG_RECORD_LEN_BITS };

	batch->record = batch->len;
	assert_true(batch->len + sizeof(head) <= sizeof(batch->bytes));
	memcpy(batch->bytes + batch->len, &head, sizeof(head));
	batch->len += sizeof(head);
}

static inline void make__put(struct make_batch *batch, const void *bytes, size_t len)
{
	assert_true(batch->len + len + TTLOG_RECORD_ALIGN <= sizeof(batch->bytes));
	memcpy(batch->bytes + batch->len, bytes, len);
	batch->len += (uint32_t)len;
}

static inline void make__put_u64(struct make_batch *batch, uint64_t value)
{
	make__put(batch, &value, sizeof(value));
}

static inline void make__put_text(struct make_batch *batch, const void *text, size_t len,
				  unsigned int marks)
{
	uint16_t word = (uint16_t)(len | marks);

	make__put(batch, &word, sizeof(word));
	make__put(batch, text, len);
}

static inline void make__end(struct make_batch *batch)
{
	uint32_t site_len;

	while (batch->len % TTLOG_RECORD_ALIGN)
		batch->bytes[batch->len++] = 0;
	memcpy(&site_len, batch->bytes + batch->record + 4, sizeof(site_len));
	site_len |= (batch->len - batch->record) / TTLOG_RECORD_ALIGN;
	memcpy(batch->bytes + batch->record + 4, &site_len, sizeof(site_len));
	batch->events++;
}

/* A record of one u64. */
static inline void make__record(struct make_batch *batch, uint32_t site, uint32_t delta_ticks,
				uint64_t value)
{
	make__begin(batch, site, delta_ticks);
	make__put_u64(batch, value);
	make__end(batch);
}

/* A context; frame 0: it ends. The bytes of its ids are that one. */
static inline void make__context(struct make_batch *batch, uint32_t delta_ticks, uint64_t frame,
				 uint8_t byte)
{
	struct ttlog_side_context side = {
		.kind = TTLOG_SIDE_CONTEXT,
		.frame = { (uint32_t)frame, (uint32_t)(frame >> 32) },
	};

	memset(side.trace_id, byte, sizeof(side.trace_id));
	memset(side.span_id, byte, sizeof(side.span_id));
	make__begin(batch, TTLOG_SIDE_SITE, delta_ticks);
	make__put(batch, &side, sizeof(side));
	make__end(batch);
	batch->events--;
}

/* A batch's total of calls that were left out. */
static inline void make__total(struct make_batch *batch, uint64_t total)
{
	const struct ttlog_side_total side = { .kind = TTLOG_SIDE_TOTAL, .total = total };

	make__begin(batch, TTLOG_SIDE_SITE, 0);
	make__put(batch, &side, sizeof(side));
	make__end(batch);
	batch->events--;
}

/* What the next event of that site says. */
static inline void make__suppressed(struct make_batch *batch, uint32_t site, uint32_t delta_ticks,
				    uint64_t cnt, uint64_t since)
{
	const struct ttlog_side_suppressed side = {
		.kind = TTLOG_SIDE_SUPPRESSED,
		.site = site,
		.cnt = cnt,
		.since = since,
	};

	make__begin(batch, TTLOG_SIDE_SITE, delta_ticks);
	make__put(batch, &side, sizeof(side));
	make__end(batch);
	batch->events--;
}

/* Writes the batch into the ring as an entry of CLOCK_MONOTONIC, and empties it. */
static inline void make__flush(struct make_batch *batch, struct ring *ring, uint32_t thread,
			       uint32_t module, uint64_t base_ns, uint64_t stamp_ns, uint64_t seq)
{
	const struct ring_entry entry = {
		.bytes = batch->len,
		.events = batch->events,
		.thread = thread,
		.module = module,
		.base_ticks = base_ns,
		.stamp_ns = stamp_ns,
		.seq = seq,
		.page = batch->page,
		.clock = TTLOG_CLOCK_MONOTONIC,
	};

	assert_int_equal(ring__write(ring, &entry, batch->bytes), 0);
	batch->len = batch->events = 0;
}

static inline struct site_table *make__table(size_t max_cnt)
{
	struct site_table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	table->pool = text_pool__new();
	table->sites = calloc(max_cnt, sizeof(*table->sites));
	assert_non_null(table->pool);
	assert_non_null(table->sites);
	return table;
}

static inline const char *make__text(struct site_table *table, const char *text)
{
	const char *kept = text_pool__add(table->pool, text, strlen(text));

	assert_non_null(kept);
	return kept;
}

/* Adds a site, indices ascending; keys: "a,b,c". */
static inline struct site *make__site(struct site_table *table, uint32_t index, const char *name,
				      uint8_t level, uint8_t kind, const char *keys,
				      const uint8_t *types)
{
	struct site *site = &table->sites[table->cnt++];
	char list[512], *rest = list, *key;

	*site = (struct site){
		.index = index,
		.line = 100 + index,
		.level = level,
		.kind = kind,
		.service = make__text(table, "svc"),
		.target = make__text(table, "net.http"),
		.name = make__text(table, name),
		.message = make__text(table, "A message"),
		.file = make__text(table, "src/app.c"),
		.function = make__text(table, "main"),
	};
	assert_true(strlen(keys) < sizeof(list));
	strcpy(list, keys);
	while ((key = strsep(&rest, ",")) && *key) {
		site->types[site->nfields] = types[site->nfields];
		site->keys[site->nfields++] = make__text(table, key);
	}
	return site;
}

/* The process's current mappings. */
static inline int make__mappings(struct mappings *mappings, pid_t pid)
{
	struct maps *maps = maps__read(pid);
	int err = maps ? mappings__take(mappings, maps) : -errno;

	maps__free(maps);
	return err;
}

#endif /* TTLOG_TESTS_MAKE_H */
