/* SPDX-License-Identifier: MIT */
/*
 * An event as every output and the filter see it, whatever it was read from.
 *
 * Nothing here knows of files or CBOR: who produces events fills in a source, and the field values
 * are fetched through it only when someone asks. Text is not zero-terminated, may hold any byte,
 * and is valid as long as the source says.
 */
#ifndef TTLOG_VIEW_EVENT_H
#define TTLOG_VIEW_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ttlog/abi.h"

struct text {
	const char *p;
	size_t len;
};

static inline struct text text_of(const char *zero_terminated)
{
	return (struct text){ zero_terminated, strlen(zero_terminated) };
}

static inline bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static inline bool text_is(struct text a, const char *zero_terminated)
{
	return text_equal(a, text_of(zero_terminated));
}

enum event_kind {
	EVENT_PLAIN,
	EVENT_SPAN,     /* a span's begin */
	EVENT_SPAN_END, /* one field: duration_ns */
};

/* The static part of an event. */
struct event_site {
	uint8_t kind;  /* enum event_kind */
	uint8_t level; /* enum ttlog_level */
	uint8_t nfields;
	uint8_t types[TTLOG_MAX_FIELDS]; /* enum ttlog_type */
	const struct text *keys;         /* nfields */
	struct text target, probe, msg, file, func;
	uint64_t line;
	uint64_t identity; /* the same for the same site in another file */
};

struct event_thread {
	uint64_t pid, tid;
	uint64_t ns_pid, ns_tid; /* 0 where they are the same */
	struct text comm;
};

/* A field's value; which member holds it is by type. */
struct event_field {
	uint8_t type; /* enum ttlog_type; TTLOG_TYPE_NONE: it could not be decoded */
	bool null;
	bool cut;      /* STR, BYTES: the program's value was longer */
	uint8_t scale; /* DECIMAL: u units * 10^-scale */
	union {
		uint64_t u;       /* BOOL, CHAR, U8..U64, PTR, HEX */
		int64_t i;        /* I8..I64, DECIMAL */
		double d;         /* F32 (exactly a float), F64 */
		struct text text; /* STR, BYTES */
	};
};

struct event;
struct unpacked;

struct event_source {
	void (*field)(const struct event *event, unsigned idx, struct event_field *ret);
	/* All values of the field in the event's group, the event's own at its row. NULL where they
	 * could not be decoded. */
	const struct unpacked *(*column)(const struct event *event, unsigned idx);
};

struct event {
	const struct event_source *source;
	void *context; /* the source's own */
	const struct event_site *site;
	const struct event_thread *thread;
	uint64_t mono_ns;
	uint64_t real_ns;                    /* wall time */
	uint32_t site_number, thread_number; /* within the source */
	uint32_t group, row;                 /* the source's own */
};

static inline void event__field(const struct event *event, unsigned idx, struct event_field *ret)
{
	event->source->field(event, idx, ret);
}

static inline const struct unpacked *event__column(const struct event *event, unsigned idx)
{
	return event->source->column(event, idx);
}

#endif /* TTLOG_VIEW_EVENT_H */
