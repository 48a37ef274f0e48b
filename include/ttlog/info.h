/* SPDX-License-Identifier: MIT */
/*
 * The parts of a snapshot: texts, values, sites, threads, and the header. This is a part of read.h,
 * which says what may change.
 */
#ifndef TTLOG_INFO_H
#define TTLOG_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TTLOG_FIELD_TEXT_BYTES 288u /* any field as text fits, except text itself */

#pragma GCC visibility push(default)

/* ---- Text ---- */

/* Fixed. */
struct ttlog_text {
	const char *p; /* NULL: absent */
	size_t len;
};

static inline struct ttlog_text ttlog_text_of(const char *zero_terminated)
{
	struct ttlog_text text;

	text.p = zero_terminated;
	text.len = strlen(zero_terminated);
	return text;
}

/* Absent text is NULL, and C17 does not allow to add even 0 to it. */
static inline const char *ttlog_text_end(struct ttlog_text text)
{
	return text.len ? text.p + text.len : text.p;
}

static inline bool ttlog_text_equal(struct ttlog_text a, struct ttlog_text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static inline bool ttlog_text_is(struct ttlog_text a, const char *zero_terminated)
{
	return ttlog_text_equal(a, ttlog_text_of(zero_terminated));
}

/* "INFO" for an enum ttlog_level, "u64" for an enum ttlog_type; NULL: an unknown number. A site's
 * level and types always have a name. */
const char *ttlog_level_name(unsigned level);
const char *ttlog_type_name(unsigned type);
/* The number of a level by its name, in upper or lower case; -EINVAL: there is none. */
int ttlog_level_parse(const char *name);
/* Whether it is i8, i16, i32 or i64. */
bool ttlog_type_is_signed(unsigned type);

/* ---- A field's value ---- */

/* Fixed. The type decides which member has the value. */
struct ttlog_field {
	uint8_t type;  /* enum ttlog_type; TTLOG_TYPE_NONE: it could not be decoded, and is null */
	bool null;     /* STR, BYTES: the program's pointer was NULL */
	bool cut;      /* STR, BYTES: the program's value was longer, and was cut to 4,000 bytes */
	uint8_t scale; /* DECIMAL: i units of 10^-scale */
	uint32_t reserved;
	__extension__ union {           /* also in C99 */
		uint64_t u;             /* BOOL, CHAR (a byte), U8 to U64, PTR, HEX */
		int64_t i;              /* I8 to I64, DECIMAL */
		double d;               /* F32 (exactly a float), F64 */
		struct ttlog_text text; /* STR (maybe not UTF-8), BYTES */
	};
};

/* The value as text: 150.25, true, 0x1f, null; text and bytes unchanged. `buf` has
 * TTLOG_FIELD_TEXT_BYTES, for values that are not text. Floating point is the shortest text that
 * reads back as the same value; decimals are exact. */
struct ttlog_text ttlog_field_text(const struct ttlog_field *field, char *buf);

/* ---- Sites and threads ---- */

/* More kinds may come: show an unknown kind as a plain event. */
enum ttlog_event_kind {
	TTLOG_EVENT_PLAIN = 0,
	TTLOG_EVENT_SPAN = 1,     /* a span's start */
	TTLOG_EVENT_SPAN_END = 2, /* one field, duration_ns, u64; the start is the last open one of
				   * its thread with the same probe, file and line */
};

/* The constant part of an event: a mark in the program's source. Grows. */
struct ttlog_site {
	uint8_t kind;  /* enum ttlog_event_kind */
	uint8_t level; /* enum ttlog_level */
	uint8_t nfields;
	uint8_t types[TTLOG_MAX_FIELDS]; /* enum ttlog_type */
	const struct ttlog_text *keys;   /* nfields */
	struct ttlog_text target, probe, msg, file, func;
	uint64_t line;
	uint64_t identity; /* a hash of all this: equal for the same site in another file */
};

/* Where the program's own fields begin: the first field of a span's end is its duration. */
static inline unsigned ttlog_site_first_field(const struct ttlog_site *site)
{
	return site->kind == TTLOG_EVENT_SPAN_END ? 1 : 0;
}

/* A thread that changed its name has one entry per name. Grows. */
struct ttlog_thread {
	uint64_t pid, tid;       /* in the initial pid namespace */
	uint64_t ns_pid, ns_tid; /* in its own; 0: the same */
	struct ttlog_text comm;  /* its name */
};

/* ---- The header ---- */

/* The end of the process: `code`, or `signal` and `number`. Grows. */
struct ttlog_exit {
	bool is_there; /* false: the process did not end, or it is unknown how; all the rest is 0 */
	bool has_code, has_number;
	int64_t code;
	int64_t number;
	struct ttlog_text signal; /* "SIGSEGV" */
	/* the sender of that signal, maybe the process itself */
	bool has_sender;
	uint64_t sender_pid, sender_uid;
	struct ttlog_text sender_comm;
	bool is_oom; /* no sender: the kernel killed it because memory ran out */
	bool has_max_rss;
	uint64_t max_rss_bytes; /* its largest resident set, if is_oom */
};

/* Fixed. */
struct ttlog_register {
	struct ttlog_text name, value; /* the value in hex, 0x1f */
};

/* Grows. */
struct ttlog_frame {
	struct ttlog_text ip, module, build_id, offset; /* ip and offset in hex, 0x1f */
	struct ttlog_text symbol; /* name+0x1f; if is_inlined, only the name */
	struct ttlog_text file;
	bool has_line;
	bool is_inlined; /* into the function of the next frame; both have the same ip */
	uint64_t line;
};

/* The stack of another thread at the crash. Grows. */
struct ttlog_crash_thread {
	uint64_t tid;
	struct ttlog_text thread;                /* its name */
	const struct ttlog_frame *const *frames; /* innermost first */
	size_t frame_cnt;
};

/* Grows. */
struct ttlog_crash {
	bool is_there; /* false: it did not die of a signal that was seen; all the rest is 0 */
	bool has_number, has_code, has_tid;
	struct ttlog_text signal; /* "SIGSEGV" */
	int64_t number;
	int64_t code;              /* si_code */
	struct ttlog_text address; /* si_addr in hex, 0x1f */
	uint64_t tid;
	struct ttlog_text thread; /* its name */
	const struct ttlog_register *registers;
	size_t register_cnt;
	const struct ttlog_frame *const *frames; /* innermost first */
	size_t frame_cnt;
	uint64_t register_more, frame_more; /* how many were not kept, or are invalid */
	bool is_reraised; /* the first fault: its handler raised the final signal */
	/* the C++ exception that it handled; std::terminate() handles an uncaught one */
	struct ttlog_text exception_type, exception_what;
	bool is_stack_overflow;
	/* absent: the frames are complete, as far as unwinding went; "frames": there were more than
	 * are kept; "stack": the rest of the stack was not copied */
	struct ttlog_text cut;
	/* if `cut`: the first functions of the thread, innermost first */
	const struct ttlog_frame *const *outer_frames;
	size_t outer_cnt;
	const struct ttlog_crash_thread *const *threads; /* the other threads */
	size_t thread_cnt;
};

/* Fixed. */
struct ttlog_cause {
	struct ttlog_text name; /* "kernel_ring" */
	uint64_t cnt;           /* events; may be 0 */
};

/* Events that were emitted but not recorded. Grows. */
struct ttlog_lost {
	bool is_there;  /* false: it is unknown, and all the rest is 0 */
	uint64_t total; /* as in the file */
	const struct ttlog_cause *causes;
	size_t cause_cnt;
};

/* An executable mapping of the process. Grows. */
struct ttlog_mapping {
	uint64_t start, end, offset;
	struct ttlog_text path, build_id;
};

/* CBOR items to read: see ttlog_cbor_next(). Fixed. */
struct ttlog_cbor {
	const unsigned char *at, *end; /* NULL: absent */
};

/* The header. Text that is missing in the file is absent. Grows. */
struct ttlog_info {
	bool has_header; /* false: none could be read; all the rest is 0 */
	bool has_pid, has_uid, has_cgroup;
	uint32_t format; /* the number of src/format/FORMAT.md */
	/* the same moment on both clocks: see ttlog_info_real_ns(),
	 * ttlog_snapshots_share_clock() */
	uint64_t mono_ns, real_ns;
	uint64_t pid, uid, cgroup;
	struct ttlog_text service, host, kernel, comm, exe, build_id;
	struct ttlog_text reason;      /* "crash", "killed", "timer", "request", ... */
	struct ttlog_text created_at;  /* RFC 3339, UTC */
	const struct ttlog_exit *exit; /* these two are never NULL */
	const struct ttlog_crash *crash;
	const struct ttlog_site *const *sites;
	size_t site_cnt;
	const struct ttlog_thread *const *threads;
	size_t thread_cnt;
	const struct ttlog_mapping *const *mappings;
	size_t mapping_cnt;
	/* as in the file, with keys that have no member here */
	struct ttlog_cbor item, exit_item, crash_item;
	struct ttlog_text boot_id; /* of the machine while the process ran */
	bool has_start_time;
	uint64_t start_time;         /* of the process, in hundredths of a second since boot */
	struct ttlog_text signature; /* of the crash: equal crashes have the same */
	/* its control group (version 2), and what that says */
	struct ttlog_text cgroup_path, unit, container;
	uint64_t ns_pid; /* in its own pid namespace; 0: the same as pid, or not known */
	/* a segment of a stream: the same number in all its segments; which one it is, from 0 */
	bool has_stream;
	uint64_t stream, segment;
	bool has_suppressed; /* the accounts of its header say ttlog_contents.suppressed */
	/* how much its wall time may be off, as the kernel had it when the file was made */
	bool has_clock_error, is_clock_unsynchronised;
	uint64_t clock_error_ns;
};

/* The wall time for a time of CLOCK_MONOTONIC, by the snapshot's pair of clocks. */
static inline uint64_t ttlog_info_real_ns(const struct ttlog_info *info, uint64_t mono_ns)
{
	return info->real_ns + (mono_ns - info->mono_ns);
}

/* The place and extent of a chunk. Fixed. */
struct ttlog_chunk_place {
	uint64_t offset;            /* in the file */
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC of its first and last event */
	uint32_t n;                 /* events; 0 when it is known that they can't be read */
	uint32_t reserved;
};

/* The contents of the file, as far as it was read; ttlog_snapshot_open() reads all of it. Grows. */
struct ttlog_contents {
	uint64_t size;   /* of the file, in bytes */
	bool is_scanned; /* to its end */
	bool has_totals;
	const struct ttlog_chunk_place *chunks; /* in the order of time */
	size_t chunk_cnt;
	uint64_t event_cnt; /* in all of them */

	/* Of the process up to the snapshot: emitted = recorded + lost->total. Recorded events that
	 * are not in the file were overwritten, or are missing. */
	uint64_t emitted, recorded, overwritten;
	const struct ttlog_lost *lost; /* never NULL */
	struct ttlog_cbor lost_item;   /* as in the file */

	/* Errors in the file, as text; none: the file is sound. They may quote the file. */
	const char *const *problems;
	size_t problem_cnt;
	size_t problem_more; /* how many were not kept */

	uint64_t scanned_bytes; /* how far the file was read */

	/* Of a segment of a stream. */
	bool is_open;    /* it has no end: it is being written, or its collector was killed */
	uint64_t missed; /* recorded events, up to here, that are in no segment of the stream */

	uint64_t unread; /* events with a value that could not be read: it is null */
	/* Calls that the program left out (ttlog_event_suppressed) while it was recorded, also those
	 * that no event says. They are in no other count. */
	uint64_t suppressed;
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* TTLOG_INFO_H */
