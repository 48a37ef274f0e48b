/* SPDX-License-Identifier: MIT */
/*
 * TTLOG_CONTEXT: to which trace the thread's events belong.
 *
 * The thread has it in a variable, so that it is known whenever a collector attaches; a block has
 * what it was before. While a collector listens, a change is a side record in the batch (abi.h).
 * Else the batch counts as full from then on: so the next event, if a collector listens by then,
 * begins another batch, and each batch begins with the context. The append itself does nothing.
 */
#ifndef TTLOG_CONTEXT_H
#define TTLOG_CONTEXT_H

#include "append.h"
#include "keep.h"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

/* A handler that comes between the stores finds no context. */
TTLOG__INLINE void ttlog__set_context(const struct ttlog_context *now)
{
	const uint32_t listeners = ttlog__listeners();
	struct ttlog_batch *batch;

	TTLOG__SET(ttlog__context.frame, 0);
	TTLOG__BARRIER();
	__builtin_memcpy(ttlog__context.trace_id, now->trace_id, sizeof(now->trace_id));
	__builtin_memcpy(ttlog__context.span_id, now->span_id, sizeof(now->span_id));
	TTLOG__BARRIER();
	TTLOG__SET(ttlog__context.frame, now->frame);
	ttlog__keep_context();
	if (TTLOG__UNLIKELY(listeners)) {
		ttlog__note_context();
		if (listeners >> 16)
			ttlog__flush();
		return;
	}
	batch = ttlog__batch;
	/* no record is so small; 0 would mean that an append is under way */
	if (TTLOG__GET(batch->limit_bytes))
		TTLOG__SET(batch->limit_bytes, 1);
}

/* Returns what it was before, for ttlog__leave_context(). */
TTLOG__INLINE struct ttlog_context ttlog__enter_context(uintptr_t frame,
							const struct ttlog_context *ids)
{
	const struct ttlog_context had = ttlog__context;
	struct ttlog_context now = *ids;

	now.frame = frame;
	ttlog__set_context(&now);
	return had;
}

TTLOG__INLINE void ttlog__leave_context(const struct ttlog_context *had)
{
	ttlog__set_context(had);
}

/* The value of a lower-case hexadecimal digit; 16: it is none. */
TTLOG__INLINE uint32_t ttlog__digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 16;
}

/* Reads cnt bytes. Returns the text after them; NULL: there are others, or all are 0. */
TTLOG__INLINE const char *ttlog__hex_bytes(const char *text, uint8_t *ret, uint32_t cnt)
{
	uint32_t any = 0;

	for (uint32_t i = 0; i < cnt; i++, text += 2) {
		const uint32_t high = ttlog__digit(text[0]);
		const uint32_t low = high < 16 ? ttlog__digit(text[1]) : 16;

		if (low == 16)
			return NULL;
		ret[i] = (uint8_t)(high << 4 | low);
		any |= ret[i];
	}
	return any ? text : NULL;
}

TTLOG__INLINE struct ttlog_context ttlog__ids(const void *trace_id, const void *span_id)
{
	struct ttlog_context ids;

	__builtin_memset(&ids, 0, sizeof(ids));
	if (trace_id && span_id) {
		__builtin_memcpy(ids.trace_id, trace_id, sizeof(ids.trace_id));
		__builtin_memcpy(ids.span_id, span_id, sizeof(ids.span_id));
	}
	return ids;
}

/* VERSION-TRACE-SPAN-FLAGS (W3C Trace Context, section 3.2). Version ff is none; a later one than 00
 * may have more after another dash. */
TTLOG__INLINE struct ttlog_context ttlog__ids_of_text(const char *text)
{
	struct ttlog_context ids = ttlog__ids(NULL, NULL);
	uint8_t trace_id[16], span_id[8];
	const char *at = text;
	int is_first;

	if (!at || ttlog__digit(at[0]) == 16 || ttlog__digit(at[1]) == 16 || at[2] != '-')
		return ids;
	if (at[0] == 'f' && at[1] == 'f')
		return ids;
	is_first = at[0] == '0' && at[1] == '0';
	at = ttlog__hex_bytes(at + 3, trace_id, sizeof(trace_id));
	if (!at || *at != '-')
		return ids;
	at = ttlog__hex_bytes(at + 1, span_id, sizeof(span_id));
	if (!at || *at != '-' || ttlog__digit(at[1]) == 16 || ttlog__digit(at[2]) == 16)
		return ids;
	if (at[3] && (is_first || at[3] != '-'))
		return ids;
	return ttlog__ids(trace_id, span_id);
}

TTLOG__END_C

#define TTLOG__CONTEXT(trace_id, span_id) TTLOG__ENTER(__COUNTER__, ttlog__ids(trace_id, span_id))
#define TTLOG__CONTEXT_W3C(traceparent)   TTLOG__ENTER(__COUNTER__, ttlog__ids_of_text(traceparent))
#define TTLOG__ENTER(ctr, ids)            TTLOG__ENTER_(TTLOG__CAT(ttlog_context_, ctr), ids)
#define TTLOG__ENTER_(had, ids)                                                                    \
	struct ttlog_context had                                                                   \
		__attribute__((cleanup(ttlog__leave_context), unused)) = __extension__({           \
			const struct ttlog_context ttlog_ids = (ids);                              \
			ttlog__enter_context((uintptr_t)&had, &ttlog_ids);                         \
		})

#else /* without sites, arguments are checked, but not evaluated */

static __inline__ __attribute__((unused)) int ttlog__no_ids(const void *trace_id,
							    const void *span_id)
{
	(void)trace_id;
	(void)span_id;
	return 0;
}

static __inline__ __attribute__((unused)) int ttlog__no_text(const char *text)
{
	(void)text;
	return 0;
}

#define TTLOG__CONTEXT(trace_id, span_id)                                                          \
	int TTLOG__CAT(ttlog_context_, __COUNTER__)                                                \
		__attribute__((unused)) = 0 ? ttlog__no_ids(trace_id, span_id) : 0
#define TTLOG__CONTEXT_W3C(traceparent)                                                            \
	int TTLOG__CAT(ttlog_context_, __COUNTER__)                                                \
		__attribute__((unused)) = 0 ? ttlog__no_text(traceparent) : 0

#endif
#endif /* TTLOG_CONTEXT_H */
