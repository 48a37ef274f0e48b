/* SPDX-License-Identifier: MIT */
/*
 * The expansion of the public macros: a gate, and after it values, USDT probe and append.
 */
#ifndef TTLOG_SPAN_H
#define TTLOG_SPAN_H

#include "append.h"
#include "field.h"
#include "keep.h"
#include "macro.h"
#include "site.h"

/* ---- For each field ---- */

#define TTLOG__CHECK_FIELD(n, r, k, v)                                                             \
	TTLOG__ASSERT(__builtin_constant_p(k) && TTLOG__TYPE(k) == TTLOG_TYPE_STR,                 \
		      "ttlog: a key must be a string literal");                                    \
	TTLOG__ASSERT(TTLOG__TYPE(v) != 0,                                                         \
		      "ttlog: a value of this type can't be recorded; convert it, see ttlog.h");
#define TTLOG__CHECK_MESSAGE(message)                                                              \
	TTLOG__ASSERT(__builtin_constant_p(message) && TTLOG__TYPE(message) == TTLOG_TYPE_STR,     \
		      "ttlog: the message must be a string literal")
#define TTLOG__KEY(n, r, k, v) k "\0"
#define TTLOG__TYPE_IN(part, n, r, v)                                                              \
	| (((n) - (r)) / 4 == (part) ? (uint32_t)TTLOG__TYPE(v) << ((n) - (r)) % 4 * 8 : 0u)
#define TTLOG__TYPE_0(n, r, k, v) TTLOG__TYPE_IN(0, n, r, v)
#define TTLOG__TYPE_1(n, r, k, v) TTLOG__TYPE_IN(1, n, r, v)
#define TTLOG__TYPE_2(n, r, k, v) TTLOG__TYPE_IN(2, n, r, v)
#define TTLOG__TYPE_3(n, r, k, v) TTLOG__TYPE_IN(3, n, r, v)
#define TTLOG__VALUE(n, r, k, v)                                                                   \
	TTLOG__CONSTANT(ttlog_t##r, TTLOG__TYPE(v));                                               \
	struct ttlog_value ttlog_v##r;
/*
 * Values and append are one expression: until its end, the objects live that values point to, such
 * as the string of `name().c_str()`, or in C the struct of `get().text`.
 */
#define TTLOG__EVALUATE(n, r, k, v) ttlog_v##r = ttlog__of(v),
/* The word is stored only for types that have one: these stores are in every mark. */
#define TTLOG__VALUE_LIST(n, r, k, v)                                                              \
	ttlog_values[(n) - (r)].bits = ttlog_v##r.bits;                                            \
	if (TTLOG__HAS_WORD((uint32_t)ttlog_t##r))                                                 \
		ttlog_values[(n) - (r)].word = ttlog_v##r.word;
#define TTLOG__SIZE(n, r, k, v)     +ttlog__size(ttlog_t##r, ttlog_v##r)
#define TTLOG__PUT(n, r, k, v)      ttlog_to = ttlog__put(ttlog_to, ttlog_t##r, ttlog_v##r);
#define TTLOG__ARGUMENT(n, r, k, v) TTLOG__ATT("%c[ttlog_s" #r "]@%[ttlog_a" #r "] ")
#define TTLOG__OPERAND(n, r, k, v)                                                                 \
	, [ttlog_s##r] "n"(TTLOG__IS_SIGNED((uint32_t)ttlog_t##r) ? -8 : 8),                       \
		[ttlog_a##r] "nor"(ttlog_v##r.bits)

#define TTLOG__IS_SIGNED(type)                                                                     \
	((type) == TTLOG_TYPE_I8 || (type) == TTLOG_TYPE_I16 || (type) == TTLOG_TYPE_I32 ||        \
	 (type) == TTLOG_TYPE_I64 || (type) == TTLOG_TYPE_CHAR || (type) == TTLOG_TYPE_DECIMAL)

#define TTLOG__HAS_WORD(type)                                                                      \
	((type) == TTLOG_TYPE_STR || (type) == TTLOG_TYPE_BYTES || (type) == TTLOG_TYPE_DECIMAL)

/* The types of all fields, four to a number, the first in the lowest byte. */
#define TTLOG__TYPES(n, ...)                                                                       \
	(0u TTLOG__EACH(TTLOG__TYPE_0, n, __VA_ARGS__),                                            \
	 0u TTLOG__EACH(TTLOG__TYPE_1, n, __VA_ARGS__),                                            \
	 0u TTLOG__EACH(TTLOG__TYPE_2, n, __VA_ARGS__),                                            \
	 0u TTLOG__EACH(TTLOG__TYPE_3, n, __VA_ARGS__))
/* The contents of a site's note, as TTLOG__TOLD takes them. */
#define TTLOG__IS(name, level, message, n, ...)                                                    \
	(name, level, message, TTLOG__EACH(TTLOG__KEY, n, __VA_ARGS__) "")
/* The same types, eight to a number. */
#define TTLOG__TYPES_WIDE(types)           TTLOG__TYPES_WIDE_ types
#define TTLOG__TYPES_WIDE_(t0, t1, t2, t3) (uint64_t)(t1) << 32 | (t0), (uint64_t)(t3) << 32 | (t2)

/* ---- A record ---- */

/*
 * Evaluates to the time of the event in ticks; 0: it was not recorded. The variable arguments are
 * one that is ignored (message or level), then the fields.
 */
#define TTLOG__RECORD(ctr, bytes, name, level, kind, message, n, ...)                              \
	TTLOG__CAT(TTLOG__RECORD_, TTLOG__CLASS(n))                                                \
	(ctr, bytes, name, level, kind, message, n, __VA_ARGS__)

#define TTLOG__CLASS(n)   TTLOG__SECOND(TTLOG__CAT(TTLOG__CLASS_, n), OK, )
#define TTLOG__CLASS_ODD  0, ODD
#define TTLOG__CLASS_MANY 0, MANY

#define TTLOG__RECORD_ODD(...)                                                                     \
	__extension__({                                                                            \
		TTLOG__ASSERT(0, "ttlog: each key needs a value, each value a key");               \
		0ull;                                                                              \
	})
#define TTLOG__RECORD_MANY(...)                                                                    \
	__extension__({                                                                            \
		TTLOG__ASSERT(0, "ttlog: an event has at most 16 fields");                         \
		0ull;                                                                              \
	})

#ifdef TTLOG__HAS_SITES

#define TTLOG__RECORD_OK(ctr, bytes, name, level, kind, message, n, ...)                           \
	__extension__({                                                                            \
		TTLOG__CHECK_MESSAGE(message);                                                     \
		uint64_t ttlog_ticks = 0;                                                          \
		TTLOG__QUIET                                                                       \
		TTLOG__EACH(TTLOG__CHECK_FIELD, n, __VA_ARGS__)                                    \
		if (TTLOG__UNLIKELY(TTLOG__GATE(ctr, bytes,                                        \
						TTLOG__IS(name, level, message, n, __VA_ARGS__),   \
						kind, n, TTLOG__TYPES(n, __VA_ARGS__)))) {         \
			TTLOG__EACH(TTLOG__VALUE, n, __VA_ARGS__)                                  \
			(void)(TTLOG__EACH(TTLOG__EVALUATE, n, __VA_ARGS__) __extension__({        \
				TTLOG__USDT(ctr, bytes, name,                                      \
					    TTLOG__IS(name, level, message, n, __VA_ARGS__),       \
					    TTLOG__TAKE(TTLOG__ARGUMENT, n, __VA_ARGS__),          \
					    TTLOG__TYPES(n, __VA_ARGS__),                          \
					    TTLOG__TAKE(TTLOG__OPERAND, n, __VA_ARGS__));          \
				TTLOG__APPEND(ctr, bytes, name, level, message, n, __VA_ARGS__)    \
				0;                                                                 \
			}));                                                                       \
		}                                                                                  \
		TTLOG__LOUD                                                                        \
		ttlog_ticks;                                                                       \
	})

#define TTLOG__APPEND(ctr, bytes, name, level, message, n, ...)                                    \
	uint32_t ttlog_listeners = ttlog__listeners();                                             \
	ttlog__keep();                                                                             \
	if (TTLOG__LIKELY(ttlog_listeners)) {                                                      \
		uint32_t ttlog_offset =                                                            \
			TTLOG__OFFSET(ctr, bytes, TTLOG__IS(name, level, message, n, __VA_ARGS__), \
				      TTLOG__TYPES(n, __VA_ARGS__));                               \
		uint32_t ttlog_len = ((uint32_t)sizeof(struct ttlog_record)                        \
					      TTLOG__EACH(TTLOG__SIZE, n, __VA_ARGS__) +           \
				      TTLOG_RECORD_ALIGN - 1) &                                    \
				     ~(TTLOG_RECORD_ALIGN - 1);                                    \
		struct ttlog_cursor ttlog_cursor;                                                  \
		if (TTLOG__LIKELY(ttlog__open(&ttlog_cursor, ttlog_len))) {                        \
			char *ttlog_to = ttlog_cursor.to;                                          \
			TTLOG__EACH(TTLOG__PUT, n, __VA_ARGS__)                                    \
			(void)ttlog_to;                                                            \
			if (TTLOG_BATCH_LEVEL(level))                                              \
				ttlog__leave_flag(&ttlog_cursor, TTLOG_BATCH_LEVEL(level));        \
			ttlog__close(&ttlog_cursor, ttlog_offset, ttlog_len);                      \
			ttlog_ticks = ttlog_cursor.ticks;                                          \
			if (TTLOG__UNLIKELY(ttlog_listeners >> 16))                                \
				ttlog__flush();                                                    \
		} else {                                                                           \
			struct ttlog_value ttlog_values[n + 1];                                    \
			TTLOG__EACH(TTLOG__VALUE_LIST, n, __VA_ARGS__)                             \
			if (TTLOG_BATCH_LEVEL(level))                                              \
				ttlog_ticks = ttlog__append_flagged(                               \
					ttlog_offset, n,                                           \
					TTLOG__TYPES_WIDE(TTLOG__TYPES(n, __VA_ARGS__)),           \
					ttlog_values, ttlog_cursor.limit,                          \
					TTLOG_BATCH_LEVEL(level));                                 \
			else                                                                       \
				ttlog_ticks = ttlog__append_slowly(                                \
					ttlog_offset, n,                                           \
					TTLOG__TYPES_WIDE(TTLOG__TYPES(n, __VA_ARGS__)),           \
					ttlog_values, ttlog_cursor.limit);                         \
		}                                                                                  \
	}

/* As TTLOG__RECORD_OK and TTLOG__APPEND, of an event that not every call records. lets: whether this
 * one does: ttlog__lets_every() or ttlog__lets_limit(); rate: what that gets. While no collector
 * listens, other tracers see all calls. */
#define TTLOG__RATED_OK(ctr, lets, rate, name, level, message, n, ...)                             \
	__extension__({                                                                            \
		TTLOG__CHECK_MESSAGE(message);                                                     \
		TTLOG__QUIET                                                                       \
		TTLOG__EACH(TTLOG__CHECK_FIELD, n, __VA_ARGS__)                                    \
		if (TTLOG__UNLIKELY(                                                               \
			    TTLOG__GATE(ctr, 2, TTLOG__IS(name, level, message, n, __VA_ARGS__),   \
					TTLOG_SITE_EVENT, n, TTLOG__TYPES(n, __VA_ARGS__)))) {     \
			const uint32_t ttlog_listeners = ttlog__listeners();                       \
			const uint32_t ttlog_offset = TTLOG__OFFSET(                               \
				ctr, 2, TTLOG__IS(name, level, message, n, __VA_ARGS__),           \
				TTLOG__TYPES(n, __VA_ARGS__));                                     \
			struct ttlog_call ttlog_call = { NULL, NULL };                             \
			ttlog__keep_rates();                                                       \
			if (TTLOG__UNLIKELY(!ttlog_listeners) ||                                   \
			    (ttlog_call = ttlog__call_of(ttlog_offset),                            \
			     lets(&ttlog_call, (uint64_t)(rate)))) {                               \
				TTLOG__EACH(TTLOG__VALUE, n, __VA_ARGS__)                          \
				(void)(TTLOG__EACH(TTLOG__EVALUATE, n,                             \
						   __VA_ARGS__) __extension__({                    \
					TTLOG__USDT(                                               \
						ctr, 2, name,                                      \
						TTLOG__IS(name, level, message, n, __VA_ARGS__),   \
						TTLOG__TAKE(TTLOG__ARGUMENT, n, __VA_ARGS__),      \
						TTLOG__TYPES(n, __VA_ARGS__),                      \
						TTLOG__TAKE(TTLOG__OPERAND, n, __VA_ARGS__));      \
					TTLOG__APPEND_RATED(level, n, __VA_ARGS__)                 \
					0;                                                         \
				}));                                                               \
			}                                                                          \
		}                                                                                  \
		TTLOG__LOUD                                                                        \
		0;                                                                                 \
	})

#define TTLOG__APPEND_RATED(level, n, ...)                                                         \
	if (TTLOG__LIKELY(ttlog_listeners)) {                                                      \
		uint32_t ttlog_len = ((uint32_t)sizeof(struct ttlog_record)                        \
					      TTLOG__EACH(TTLOG__SIZE, n, __VA_ARGS__) +           \
				      TTLOG_RECORD_ALIGN - 1) &                                    \
				     ~(TTLOG_RECORD_ALIGN - 1);                                    \
		struct ttlog_cursor ttlog_cursor;                                                  \
		if (TTLOG__LIKELY(                                                                 \
			    ttlog__open(&ttlog_cursor, ttlog_len + TTLOG__SUPPRESSED_BYTES))) {    \
			char *ttlog_to;                                                            \
			ttlog__say_suppressed(&ttlog_cursor, ttlog_call.rate);                     \
			ttlog_to = ttlog_cursor.to;                                                \
			TTLOG__EACH(TTLOG__PUT, n, __VA_ARGS__)                                    \
			(void)ttlog_to;                                                            \
			if (TTLOG_BATCH_LEVEL(level))                                              \
				ttlog__leave_flag(&ttlog_cursor, TTLOG_BATCH_LEVEL(level));        \
			ttlog__close(&ttlog_cursor, ttlog_offset, ttlog_len);                      \
			if (TTLOG__UNLIKELY(ttlog_listeners >> 16))                                \
				ttlog__flush();                                                    \
		} else {                                                                           \
			struct ttlog_value ttlog_values[n + 1];                                    \
			TTLOG__EACH(TTLOG__VALUE_LIST, n, __VA_ARGS__)                             \
			(void)ttlog__append_rated(ttlog_offset, n,                                 \
						  TTLOG__TYPES_WIDE(TTLOG__TYPES(n, __VA_ARGS__)), \
						  ttlog_values, ttlog_cursor.limit,                \
						  TTLOG_BATCH_LEVEL(level), ttlog_call.rate);      \
		}                                                                                  \
	}

#define TTLOG__SNAPSHOT(reason)          ttlog__snapshot(reason)
#define TTLOG__PREPARE(keeps_tsc)        (ttlog__keep(), ttlog__prepare(keeps_tsc))
#define TTLOG__ENABLED(ctr, name, level) TTLOG__ENABLED_(ctr, name, level)
#define TTLOG__ENABLED_(ctr, name, level)                                                          \
	__extension__({                                                                            \
		int ttlog_enabled = TTLOG__GATE(ctr, 2, (name, level, "", ""), TTLOG_SITE_ENABLED, \
						0, (0, 0, 0, 0));                                  \
		if (TTLOG__UNLIKELY(ttlog_enabled)) {                                              \
			ttlog__keep();                                                             \
			TTLOG__USDT(ctr, 2, name, (name, level, "", ""), "", (0, 0, 0, 0), );      \
		}                                                                                  \
		ttlog_enabled;                                                                     \
	})

#else /* without sites, arguments are checked, but not evaluated */

#define TTLOG__RECORD_OK(ctr, bytes, name, level, kind, message, n, ...)                           \
	__extension__({                                                                            \
		TTLOG__CHECK_MESSAGE(message);                                                     \
		(void)(level);                                                                     \
		TTLOG__QUIET                                                                       \
		TTLOG__EACH(TTLOG__CHECK_FIELD, n, __VA_ARGS__)                                    \
		if (0) {                                                                           \
			TTLOG__EACH(TTLOG__VALUE, n, __VA_ARGS__)                                  \
			(void)(TTLOG__EACH(TTLOG__EVALUATE, n, __VA_ARGS__) 0);                    \
			TTLOG__EACH(TTLOG__UNUSED, n, __VA_ARGS__)                                 \
		}                                                                                  \
		TTLOG__LOUD                                                                        \
		0ull;                                                                              \
	})
#define TTLOG__RATED_OK(ctr, lets, rate, name, level, message, n, ...)                             \
	((void)(0 ? (uint64_t)(rate) : 0u),                                                        \
	 TTLOG__RECORD_OK(ctr, 2, name, level, TTLOG_SITE_EVENT, message, n, __VA_ARGS__))
#define TTLOG__UNUSED(n, r, k, v)        (void)ttlog_t##r, (void)ttlog_v##r;
#define TTLOG__ENABLED(ctr, name, level) ((void)(level), 0)
#define TTLOG__SNAPSHOT(reason)          (0 ? (void)ttlog__of_text(reason) : (void)0)
#define TTLOG__PREPARE(keeps_tsc)        ((void)0)

#endif

#define TTLOG__EVENT(name, level, ...)                                                             \
	((void)TTLOG__RECORD(__COUNTER__, 2, name, level, TTLOG_SITE_EVENT,                        \
			     TTLOG__FIRST(__VA_ARGS__), TTLOG__FIELDS(__VA_ARGS__), __VA_ARGS__))

/* ---- Events that not every call records ---- */

#define TTLOG__RATED(lets, rate, name, level, ...)                                                 \
	TTLOG__RATED_(__COUNTER__, lets, rate, name, level, TTLOG__FIELDS(__VA_ARGS__), __VA_ARGS__)
#define TTLOG__RATED_(ctr, lets, rate, name, level, n, ...)                                        \
	((void)TTLOG__CAT(TTLOG__RATED_, TTLOG__CLASS(n))(                                         \
		ctr, lets, rate, name, level, TTLOG__FIRST(__VA_ARGS__), n, __VA_ARGS__))
#define TTLOG__RATED_ODD(...)  TTLOG__RECORD_ODD()
#define TTLOG__RATED_MANY(...) TTLOG__RECORD_MANY()

/* ---- Spans ---- */

struct ttlog_span {
	uint64_t begin_ticks; /* 0: the start was not recorded, so the end is not recorded */
	uint32_t offset;      /* of the site; the end has the next index */
	uint32_t flag;        /* TTLOG_BATCH_LEVEL; a constant, which costs nothing */
};

#ifdef TTLOG__HAS_SITES
TTLOG__INLINE void ttlog__end_span(const struct ttlog_span *span)
{
	uint32_t listeners = ttlog__listeners();
	struct ttlog_value begin = { span->begin_ticks, 0 };
	struct ttlog_cursor cursor;

	if (TTLOG__LIKELY(!span->begin_ticks || !listeners))
		return;
	if (TTLOG__LIKELY(ttlog__open(&cursor, sizeof(struct ttlog_record) + 8))) {
		(void)ttlog__put(cursor.to, TTLOG_TYPE_U64, begin);
		if (span->flag)
			ttlog__leave_flag(&cursor, span->flag);
		ttlog__close(&cursor, span->offset + 2, sizeof(struct ttlog_record) + 8);
		if (TTLOG__UNLIKELY(listeners >> 16))
			ttlog__flush();
	} else if (span->flag) {
		(void)ttlog__append_flagged(span->offset + 2, 1, TTLOG_TYPE_U64, 0, &begin,
					    cursor.limit, span->flag);
	} else {
		(void)ttlog__append_slowly(span->offset + 2, 1, TTLOG_TYPE_U64, 0, &begin,
					   cursor.limit);
	}
}

#define TTLOG__SPAN(ctr, name, ...) TTLOG__SPAN_(ctr, name, TTLOG__FIELDS(__VA_ARGS__), __VA_ARGS__)
#define TTLOG__SPAN_(ctr, name, n, ...)                                                            \
	struct ttlog_span TTLOG__CAT(ttlog_span_, ctr) __attribute__((cleanup(ttlog__end_span),    \
								      unused)) = __extension__({   \
		struct ttlog_span ttlog_span = {                                                   \
			TTLOG__RECORD(ctr, 4, name, TTLOG__FIRST(__VA_ARGS__), TTLOG_SITE_SPAN,    \
				      name, n, __VA_ARGS__),                                       \
			0, TTLOG_BATCH_LEVEL(TTLOG__FIRST(__VA_ARGS__))                            \
		};                                                                                 \
		if (TTLOG__UNLIKELY(ttlog_span.begin_ticks)) {                                     \
			TTLOG__QUIET                                                               \
			ttlog_span.offset = TTLOG__OFFSET(                                         \
				ctr, 4,                                                            \
				TTLOG__IS(name, TTLOG__FIRST(__VA_ARGS__), name, n, __VA_ARGS__),  \
				TTLOG__TYPES(n, __VA_ARGS__));                                     \
			TTLOG__LOUD                                                                \
		}                                                                                  \
		ttlog_span;                                                                        \
	})
#else
#define TTLOG__SPAN(ctr, name, ...)                                                                \
	struct ttlog_span TTLOG__CAT(ttlog_span_, ctr) __attribute__((unused)) = {                 \
		TTLOG__RECORD(ctr, 4, name, TTLOG__FIRST(__VA_ARGS__), TTLOG_SITE_SPAN, name,      \
			      TTLOG__FIELDS(__VA_ARGS__), __VA_ARGS__),                            \
		0, 0                                                                               \
	}
#endif

#endif /* TTLOG_SPAN_H */
