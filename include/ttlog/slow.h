/* SPDX-License-Identifier: MIT */
/*
 * The rare paths of the append, and the other calls of programs: a flush, TTLOG_PREPARE(),
 * TTLOG_SNAPSHOT(), the end of the process.
 */
#ifndef TTLOG_SLOW_H
#define TTLOG_SLOW_H

#include "batch.h"

#ifdef TTLOG__HAS_SITES

/* The most stack for a record that is sent alone; a larger one gets its own memory. */
#define TTLOG__ALONE_BYTES 1024u

TTLOG__BEGIN_C

/* Takes the thread's batch. NULL: it has none, or is inside an append. */
TTLOG__INLINE struct ttlog_batch *ttlog__take_batch(uint32_t *ret_limit)
{
	struct ttlog_batch *batch = ttlog__batch;

	*ret_limit = TTLOG__GET(batch->limit_bytes);
	if (!*ret_limit)
		return NULL;
	TTLOG__SET(batch->limit_bytes, 0);
	TTLOG__BARRIER();
	return batch;
}

TTLOG__COLD(void, ttlog__flush, (void))
{
	int err = TTLOG__ERRNO;
	uint32_t limit;
	struct ttlog_batch *batch = ttlog__take_batch(&limit);

	TTLOG__SHARE(ttlog__flush);
	if (batch) {
		ttlog__flush_batch(batch);
		TTLOG__BARRIER();
		TTLOG__SET(batch->limit_bytes, limit);
	}
	TTLOG__ERRNO = err;
}

/* Keeps a spare batch, to lend it, or to replace another one. */
TTLOG__INLINE void ttlog__spare_batch(void)
{
	uint64_t at = __atomic_load_n(&ttlog_module.batches, __ATOMIC_ACQUIRE);

	while (at) {
		struct ttlog_batch *batch = (struct ttlog_batch *)(uintptr_t)at;

		if (!ttlog__is_wiped(batch) && !__atomic_load_n(&batch->tid, __ATOMIC_RELAXED))
			return;
		at = batch->next;
	}
	(void)ttlog__map_batch(0);
}

TTLOG__COLD(void, ttlog__prepare, (int keeps_tsc))
{
	int err = TTLOG__ERRNO;
	uint32_t limit;
	struct ttlog_batch *batch = ttlog__take_batch(&limit);

	TTLOG__SHARE(ttlog__prepare);
	if (!batch && ttlog__batch->magic != TTLOG_BATCH_MAGIC)
		batch = ttlog__make_batch();
	if (batch) {
		TTLOG__SET(batch->limit_bytes, 0);
		TTLOG__BARRIER();
		ttlog__flush_batch(batch);
		ttlog__prepare_batch(batch, ttlog__choose_safe_clock(keeps_tsc));
		ttlog__own(batch);
		ttlog__spare_batch();
		TTLOG__BARRIER();
		TTLOG__SET(batch->limit_bytes, batch->capacity_bytes);
	}
	TTLOG__ERRNO = err;
}

TTLOG__COLD(void, ttlog__request_snapshot, (const char *reason))
{
	TTLOG__SHARE(ttlog__request_snapshot);
	ttlog__flush();
	ttlog_control(reason, reason ? __builtin_strlen(reason) : 0, TTLOG_OP_SNAPSHOT);
}

/* Runs at exit(), or when the library is unloaded: then the key must not call into it any more, and
 * the kernel can forget the batch. Other threads' batches stay: the kernel takes them when these
 * end. */
TTLOG__COLD(void, ttlog__finish, (void))
{
	uint32_t key = __atomic_exchange_n(&ttlog_module.thread_key, 0, __ATOMIC_ACQ_REL);
	uint32_t limit;
	struct ttlog_batch *batch = ttlog__take_batch(&limit);

	TTLOG__SHARE(ttlog__finish);
	if (batch)
		ttlog__give_up(batch);
	if (key)
		ttlog__key_delete((ttlog__thread_key_t)(key - 1));
}

/* ---- An event that the append did not take ---- */

struct ttlog__event {
	uint32_t offset; /* of the site, as TTLOG__OFFSET */
	uint32_t field_cnt;
	uint64_t types[2]; /* as in struct ttlog_note_site */
	const struct ttlog_value *values;
	uint32_t flag;           /* TTLOG_BATCH_LEVEL */
	struct ttlog_rate *rate; /* of its site; NULL: no call is left out */
};

TTLOG__INLINE uint32_t ttlog__type_at(const struct ttlog__event *event, uint32_t i)
{
	return event->types[i / 8] >> i % 8 * 8 & 0xff;
}

TTLOG__INLINE uint32_t ttlog__event_bytes(const struct ttlog__event *event)
{
	uint32_t bytes = sizeof(struct ttlog_record);

	for (uint32_t i = 0; i < event->field_cnt; i++)
		bytes += ttlog__size(ttlog__type_at(event, i), event->values[i]);
	return (bytes + TTLOG_RECORD_ALIGN - 1) & ~(TTLOG_RECORD_ALIGN - 1);
}

TTLOG__INLINE void ttlog__put_fields(char *to, const struct ttlog__event *event)
{
	for (uint32_t i = 0; i < event->field_cnt; i++)
		to = ttlog__put(to, ttlog__type_at(event, i), event->values[i]);
}

/* Sends a batch of one record, in memory for this event alone. clock: 0: the thread has none
 * yet. */
TTLOG__INLINE uint64_t ttlog__flush_alone(struct ttlog_batch *batch,
					  const struct ttlog__event *event, uint32_t len,
					  uint8_t clock)
{
	struct ttlog_cursor cursor;

	__builtin_memset(batch, 0, sizeof(*batch));
	ttlog__init_batch(batch, 0, clock ? clock : ttlog__choose_clock());
	batch->flags = (uint8_t)(TTLOG_BATCH_ALONE | event->flag);
	batch->seq = 0;
	cursor.batch = batch;
	cursor.limit = 0;
	cursor.committed = 0;
	cursor.delta = 0;
	cursor.to = (char *)(batch + 1) + sizeof(struct ttlog_record);
	ttlog__say_suppressed(&cursor, event->rate);
	ttlog__put_fields(cursor.to, event);
	ttlog__close(&cursor, event->offset, len);
	ttlog_control(batch, sizeof(*batch) + (uint32_t)batch->committed, TTLOG_OP_FLUSH);
	return batch->base_ticks;
}

/* For a prepared thread, which may not ask for memory: uses a batch that no thread has. */
TTLOG__INLINE uint64_t ttlog__append_lent(const struct ttlog_batch *own,
					  const struct ttlog__event *event, uint32_t len)
{
	const int is_tight = __atomic_load_n(&ttlog_module.is_tight, __ATOMIC_RELAXED) != 0;
	const uint32_t room = is_tight ? TTLOG_BATCH_BYTES : TTLOG_BATCH_GROWN_BYTES;
	struct ttlog_batch *lent = NULL;
	uint64_t ticks;

	/* after its head and its total, which stay those of an empty batch */
	if (len + TTLOG__BATCH_REST + 2 * sizeof(*lent) + ttlog__saying_bytes(event->rate) <= room)
		lent = ttlog__reuse_batch(own->tid);
	if (!lent) {
		__atomic_fetch_add(&ttlog_module.dropped, 1, __ATOMIC_RELAXED);
		return 0;
	}
	ticks = ttlog__flush_alone(lent + 2, event, len, own->clock);
	__atomic_store_n(&lent->tid, 0, __ATOMIC_RELEASE);
	return ticks;
}

TTLOG__INLINE uint64_t ttlog__append_alone(const struct ttlog__event *event, uint32_t len)
{
	union {
		struct ttlog_batch batch;
		char room[sizeof(struct ttlog_batch) + TTLOG__ALONE_BYTES +
			  TTLOG__SUPPRESSED_BYTES + TTLOG_BATCH_SLACK_BYTES];
	} small;
	size_t bytes = sizeof(struct ttlog_batch) + ttlog__saying_bytes(event->rate) + len +
		       TTLOG_BATCH_SLACK_BYTES;
	const struct ttlog_batch *own = ttlog__batch;
	uint64_t ticks;
	void *memory;

	if (len <= TTLOG__ALONE_BYTES)
		return ttlog__flush_alone(&small.batch, event, len, own->clock);
	if (own->flags & TTLOG_BATCH_PREPARED)
		return ttlog__append_lent(own, event, len);
	memory = ttlog__mmap(NULL, bytes, TTLOG__PROT_READ_WRITE, TTLOG__MAP_PRIVATE_ANONYMOUS, -1,
			     0);
	if (memory == TTLOG__MAP_FAILED) {
		__atomic_fetch_add(&ttlog_module.dropped, 1, __ATOMIC_RELAXED);
		return 0;
	}
	ticks = ttlog__flush_alone((struct ttlog_batch *)memory, event, len, own->clock);
	(void)ttlog__munmap(memory, bytes);
	return ticks;
}

/* The batch is ours and empty, or a signal handler has filled it. 0: the record does not fit. */
TTLOG__INLINE uint64_t ttlog__append_fresh(struct ttlog_batch *batch,
					   const struct ttlog__event *event, uint32_t len)
{
	struct ttlog_cursor cursor;

	TTLOG__SET(batch->limit_bytes, batch->capacity_bytes);
	if (len > batch->capacity_bytes)
		return 0;
	if (!ttlog__open(&cursor, len + ttlog__saying_bytes(event->rate))) {
		/* a signal handler was here first and filled it */
		TTLOG__SET(batch->limit_bytes, batch->capacity_bytes);
		return 0;
	}
	ttlog__say_suppressed(&cursor, event->rate);
	ttlog__put_fields(cursor.to, event);
	ttlog__leave_flag(&cursor, event->flag);
	ttlog__close(&cursor, event->offset, len);
	return cursor.ticks;
}

/*
 * There are three cases. The batch is full, or its base time is too old. There is no batch yet. Or
 * it is busy: then this is a signal handler that interrupted an append, and its record is sent
 * alone; or such a handler never returned to the append.
 */
TTLOG__INLINE uint64_t ttlog__append_event(const struct ttlog__event *event, uint32_t limit)
{
	int err = TTLOG__ERRNO;
	struct ttlog_batch *batch = ttlog__batch;
	uint32_t len = ttlog__event_bytes(event);
	uint64_t ticks = 0;

	if (limit || TTLOG__GET(batch->limit_bytes)) {
		/* take it (again): it may not be the batch that the append took, because handlers
		 * since then may have found that one busy, and replaced it */
		TTLOG__SET(batch->limit_bytes, 0);
		TTLOG__BARRIER();
		ttlog__flush_full(batch);
	} else if (batch->magic == TTLOG_BATCH_MAGIC) {
		batch = ttlog__replace_batch(batch);
	} else {
		batch = ttlog__make_batch();
	}
	if (batch)
		ticks = ttlog__append_fresh(batch, event, len);
	if (!ticks)
		ticks = ttlog__append_alone(event, len);
	if (ttlog__listeners() >> 16)
		ttlog__flush();
	TTLOG__ERRNO = err;
	return ticks;
}

TTLOG__COLD(uint64_t, ttlog__append_flagged,
	    (uint32_t offset, uint32_t field_cnt, uint64_t types_lo, uint64_t types_hi,
	     const struct ttlog_value *values, uint32_t limit, uint32_t flag))
{
	const struct ttlog__event event = { offset, field_cnt, { types_lo, types_hi },
					    values, flag,      NULL };

	TTLOG__SHARE(ttlog__append_flagged);
	return ttlog__append_event(&event, limit);
}

TTLOG__COLD(uint64_t, ttlog__append_rated,
	    (uint32_t offset, uint32_t field_cnt, uint64_t types_lo, uint64_t types_hi,
	     const struct ttlog_value *values, uint32_t limit, uint32_t flag,
	     struct ttlog_rate *rate))
{
	const struct ttlog__event event = { offset, field_cnt, { types_lo, types_hi },
					    values, flag,      rate };

	TTLOG__SHARE(ttlog__append_rated);
	return ttlog__append_event(&event, limit);
}

/* It is noted at the start of each batch: here in the one that is being filled. If the append that
 * a handler interrupted keeps it out, the handler's events go without. */
TTLOG__COLD(void, ttlog__note_context, (void))
{
	int err = TTLOG__ERRNO;
	struct ttlog_cursor cursor;
	struct ttlog_batch *batch;

	TTLOG__SHARE(ttlog__note_context);
	if (ttlog__open(&cursor, TTLOG__CONTEXT_BYTES)) {
		ttlog__put_context(cursor.to - sizeof(struct ttlog_record), cursor.delta);
		ttlog__leave_flag(&cursor, TTLOG_BATCH_SIDE);
		__atomic_store_n(&cursor.batch->committed, cursor.committed + TTLOG__CONTEXT_BYTES,
				 __ATOMIC_RELEASE);
		TTLOG__BARRIER();
		TTLOG__SET(cursor.batch->limit_bytes, cursor.limit);
		return;
	}
	/* as in ttlog__append_flagged() */
	batch = ttlog__batch;
	if (cursor.limit || TTLOG__GET(batch->limit_bytes)) {
		TTLOG__SET(batch->limit_bytes, 0);
		TTLOG__BARRIER();
		ttlog__flush_full(batch);
	} else if (batch->magic == TTLOG_BATCH_MAGIC) {
		batch = NULL;
	} else {
		batch = ttlog__make_batch();
	}
	if (batch) {
		TTLOG__BARRIER();
		TTLOG__SET(batch->limit_bytes, batch->capacity_bytes);
	}
	TTLOG__ERRNO = err;
}

TTLOG__COLD(uint64_t, ttlog__append_slowly,
	    (uint32_t offset, uint32_t field_cnt, uint64_t types_lo, uint64_t types_hi,
	     const struct ttlog_value *values, uint32_t limit))
{
	TTLOG__SHARE(ttlog__append_slowly);
	return ttlog__append_flagged(offset, field_cnt, types_lo, types_hi, values, limit, 0);
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_SLOW_H */
