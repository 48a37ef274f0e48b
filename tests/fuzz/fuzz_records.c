/* SPDX-License-Identifier: MIT */
/*
 * Batches of a program that lies, through ring, merge, snapshot and reader. With any content, the
 * snapshot is sound and has the events that the writer counted. Input: entries, each a struct head
 * and its records.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fuzz.h"
#include "make.h"
#include "out_dir.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "thread.h"
#include "ttlog/read.h"

#define THREADS 4u

struct head {
	uint8_t thread, events, seq, clock;
	uint16_t bytes, base;
};

static const uint8_t all_types[] = {
	TTLOG_TYPE_BOOL, TTLOG_TYPE_CHAR,  TTLOG_TYPE_I8,  TTLOG_TYPE_U16,
	TTLOG_TYPE_I32,  TTLOG_TYPE_I64,   TTLOG_TYPE_U64, TTLOG_TYPE_F32,
	TTLOG_TYPE_F64,  TTLOG_TYPE_PTR,   TTLOG_TYPE_STR, TTLOG_TYPE_U8,
	TTLOG_TYPE_I16,  TTLOG_TYPE_BYTES, TTLOG_TYPE_HEX, TTLOG_TYPE_DECIMAL,
};

/* A site for each type, and one with all types. */
static struct site_table *make_sites(void)
{
	struct site_table *table = make__table(32);

	make__site(table, 0, "all", TTLOG_LEVEL_WARN, TTLOG_SITE_EVENT,
		   "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", all_types);
	for (uint32_t i = 0; i < sizeof(all_types); i++)
		make__site(table, 1 + i, "one", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "v",
			   &all_types[i]);
	make__site(table, 20, "span", TTLOG_LEVEL_DEBUG, TTLOG_SITE_SPAN, "v", &all_types[6]);
	make__site(table, 24, "none", TTLOG_LEVEL_FATAL, TTLOG_SITE_EVENT, "", NULL);
	return table;
}

static void fill(struct ring *ring, const uint8_t *data, size_t size)
{
	struct head head;

	while (size > sizeof(head)) {
		struct ring_entry entry = { .stamp_ns = 1u << 20 };

		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		size -= sizeof(head);
		entry.bytes = head.bytes < size ? head.bytes : (uint32_t)size;
		entry.events = head.events;
		entry.thread = head.thread % (THREADS + 1);
		entry.seq = head.seq;
		entry.clock = head.clock % 5;
		entry.base_ticks = head.base * 64u;
		FUZZ_CHECK(!ring__write(ring, &entry, data));
		data += entry.bytes;
		size -= entry.bytes;
	}
}

static void check(int dir_fd, const char *name, uint64_t events)
{
	char why[160];
	struct ttlog_snapshot *reader = ttlog_snapshot_open_fd(
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC), name, why, sizeof(why));
	uint64_t shown = 0;

	FUZZ_CHECK(reader && !ttlog_snapshot_contents(reader)->problem_cnt);
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		FUZZ_CHECK(!ttlog_snapshot_load(reader, i));
		for (uint32_t k = 0; k < ttlog_snapshot_chunk(reader)->n; k++, shown++) {
			struct ttlog_event event;
			struct ttlog_field field;

			ttlog_snapshot_event(reader, k, &event);
			for (unsigned f = 0; f < event.site->nfields; f++)
				ttlog_event_field(&event, f, &field);
		}
	}
	FUZZ_CHECK(shown == events && !ttlog_snapshot_contents(reader)->problem_cnt);
	ttlog_snapshot_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct thread THREAD_TABLE[THREADS] = { { .pid = 1, .tid = 1 } };
	static struct snapshot_target target = { .dir_fd = -1, .group = OUT_DIR_NO_GROUP };
	struct site_table *table = make_sites();
	const struct site_table *const modules[] = { table };
	struct clock *clock = clock__new_blank();
	struct ring *ring = ring__new(NULL, RING_MIN_BYTES);
	struct snapshot_source source = {
		.threads = THREAD_TABLE,
		.thread_cnt = THREADS,
		.modules = modules,
		.module_cnt = 1,
		.clock = clock,
		.pid = 1,
		.reason = "fuzz",
	};
	uint64_t overwritten, events, corrupt;
	char name[NAME_MAX + 1];

	if (target.dir_fd < 0) {
		target.dir_fd = open(fuzz__folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		FUZZ_CHECK(target.dir_fd >= 0);
	}
	fuzz__begin();
	FUZZ_CHECK(clock && ring);
	fill(ring, data, size);
	source.events = ring__freeze(ring, &overwritten);
	FUZZ_CHECK(source.events);
	source.recorded = source.emitted = ring__events(ring);
	FUZZ_CHECK(!snapshot__write(&target, &source, name, &events, &corrupt, NULL));
	FUZZ_CHECK(events + corrupt == ring__events(ring) - overwritten);
	check(target.dir_fd, name, events);
	FUZZ_CHECK(!unlinkat(target.dir_fd, name, 0));
	ring_copy__free(source.events);
	ring__free(ring);
	clock__free(clock);
	site_table__free(table);
	fuzz__end();
	return 0;
}
