/* SPDX-License-Identifier: MIT */
/*
 * The append of every enabled event.
 *
 * It sets limit_bytes to 0 (busy), fills the record in, moves `committed` by one store, and
 * restores limit_bytes. So one comparison covers four cases: a full batch, a thread without a
 * batch, a child after fork() (all zeroes), and a signal handler that interrupted an append. It
 * needs no lock, no allocation, no system call, and no call into libc. slow.h does all that it
 * can't do.
 *
 * `committed` is stored last, with release. A reader from outside finds whole records below it: a
 * uprobe or a death on this thread, or process_vm_readv() from another one.
 */
#ifndef TTLOG_APPEND_H
#define TTLOG_APPEND_H

#include "abi.h"
#include "cold.h"
#include "field.h"
#include "libc.h"
#include "site.h"
#include "ticks.h"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

/* ---- The thread's batch ---- */

/* A thread without a batch points at the first; while it gets one, at the second. */
extern struct ttlog_batch ttlog__no_batch[2] __attribute__((visibility("hidden")));
extern __thread struct ttlog_batch *ttlog__batch
	__attribute__((visibility("hidden"), tls_model("initial-exec")));

/* The innermost TTLOG_CONTEXT of the thread in this module; frame 0: none. */
struct ttlog_context {
	uint64_t frame; /* as in struct ttlog_side_context */
	uint8_t trace_id[16];
	uint8_t span_id[8];
};
extern __thread struct ttlog_context ttlog__context
	__attribute__((visibility("hidden"), tls_model("initial-exec")));

#define TTLOG__BARRIER()         __asm__ volatile("" : : : "memory")
#define TTLOG__GET(place)        __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define TTLOG__SET(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)

/* ---- The append ---- */

struct ttlog_cursor {
	struct ttlog_batch *batch;
	char *to; /* the place of the fields */
	uint64_t committed, ticks, delta;
	uint32_t limit; /* as it was found; 0: the batch was busy, or there was none */
};

/* Makes room for a record of len bytes. Returns 0 if there is no room; then limit_bytes is 0. */
TTLOG__INLINE int ttlog__open(struct ttlog_cursor *cursor, uint32_t len)
{
	struct ttlog_batch *batch = ttlog__batch;

	cursor->batch = batch;
	/* a handler between these two lines finds the batch whole, and leaves it whole */
	cursor->limit = TTLOG__GET(batch->limit_bytes);
	TTLOG__SET(batch->limit_bytes, 0);
	TTLOG__BARRIER();
	cursor->committed = TTLOG__GET(batch->committed);
	if (TTLOG__UNLIKELY((uint32_t)cursor->committed + len > cursor->limit))
		return 0;
	cursor->ticks = ttlog__read_clock(&batch->clock);
	cursor->delta = cursor->ticks - batch->base_ticks;
	cursor->to =
		(char *)(batch + 1) + (uint32_t)cursor->committed + sizeof(struct ttlog_record);
	return TTLOG__LIKELY(cursor->delta >> 32 == 0);
}

/* Writes the record's head, and commits it. offset: of the site, as TTLOG__OFFSET. */
TTLOG__INLINE void ttlog__close(const struct ttlog_cursor *cursor, uint32_t offset, uint32_t len)
{
	struct ttlog_batch *batch = cursor->batch;
	uint32_t site_len = offset << (TTLOG_RECORD_LEN_BITS - 1) | len / 4;
	uint64_t head = (uint64_t)site_len << 32 | cursor->delta;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "ttlog: big-endian machines are not supported"
#endif
	__builtin_memcpy((char *)(batch + 1) + (uint32_t)cursor->committed, &head, sizeof(head));
	/* release: a reader that sees the new `committed`, even process_vm_readv() on another CPU,
	 * finds a whole record */
	__atomic_store_n(&batch->committed, cursor->committed + (1ull << 32 | len),
			 __ATOMIC_RELEASE);
	TTLOG__BARRIER();
	TTLOG__SET(batch->limit_bytes, cursor->limit);
}

/* A side record with the thread's context. */
#define TTLOG__CONTEXT_BYTES                                                                       \
	((uint32_t)(sizeof(struct ttlog_record) + sizeof(struct ttlog_side_context)))

TTLOG__INLINE void ttlog__put_context(char *to, uint64_t delta)
{
	const uint64_t frame = ttlog__context.frame;
	const uint32_t head[] = { (uint32_t)delta,
				  TTLOG_SIDE_SITE << TTLOG_RECORD_LEN_BITS |
					  TTLOG__CONTEXT_BYTES / TTLOG_RECORD_ALIGN };
	struct ttlog_side_context side;

	side.kind = TTLOG_SIDE_CONTEXT;
	side.frame[0] = (uint32_t)frame;
	side.frame[1] = (uint32_t)(frame >> 32);
	__builtin_memcpy(side.trace_id, ttlog__context.trace_id, sizeof(side.trace_id));
	__builtin_memcpy(side.span_id, ttlog__context.span_id, sizeof(side.span_id));
	__builtin_memcpy(to, head, sizeof(head));
	__builtin_memcpy(to + sizeof(head), &side, sizeof(side));
}

/* What a site of that level leaves in its batch, before ttlog__close(); flag: not 0. */
TTLOG__INLINE void ttlog__leave_flag(const struct ttlog_cursor *cursor, uint32_t flag)
{
	TTLOG__SET(cursor->batch->flags, (uint8_t)(cursor->batch->flags | flag));
}

/* types: as in struct ttlog_note_site. limit: from ttlog__open(). Returns the event's time in
 * ticks. In immediate mode it also flushes. */
uint64_t ttlog__append_slowly(uint32_t offset, uint32_t field_cnt, uint64_t types_lo,
			      uint64_t types_hi, const struct ttlog_value *values,
			      uint32_t limit) TTLOG__FAR;
/* The same, of a site that leaves a flag: TTLOG_BATCH_LEVEL. A function of its own, so that a file
 * that was compiled with an older header can't replace it by one that leaves none. */
uint64_t ttlog__append_flagged(uint32_t offset, uint32_t field_cnt, uint64_t types_lo,
			       uint64_t types_hi, const struct ttlog_value *values, uint32_t limit,
			       uint32_t flag) TTLOG__FAR;
/* The same, of a site that leaves calls out; rate: NULL: it leaves none out. */
uint64_t ttlog__append_rated(uint32_t offset, uint32_t field_cnt, uint64_t types_lo,
			     uint64_t types_hi, const struct ttlog_value *values, uint32_t limit,
			     uint32_t flag, struct ttlog_rate *rate) TTLOG__FAR;
/* Puts the thread's context into its batch. */
void ttlog__note_context(void) TTLOG__FAR;
/* Flushes the calling thread's batch, if possible. */
void ttlog__flush(void) TTLOG__FAR;
/* See TTLOG_PREPARE. */
void ttlog__prepare(int keeps_tsc) TTLOG__FAR;
/* See TTLOG_SNAPSHOT. */
void ttlog__request_snapshot(const char *reason) TTLOG__FAR;

/* See keep.h. */
void ttlog__keep(void);

/* Whether a collector listens (lower half), and wants a flush after every event (upper half). */
TTLOG__INLINE uint32_t ttlog__listeners(void)
{
	typedef uint32_t __attribute__((may_alias)) both;

	return *(const volatile both *)&ttlog_module;
}

TTLOG__INLINE void ttlog__snapshot(const char *reason)
{
	if (TTLOG__UNLIKELY(ttlog__listeners())) {
		ttlog__keep();
		ttlog__request_snapshot(reason);
	}
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_APPEND_H */
