/* SPDX-License-Identifier: MIT */
/*
 * The contract of marked programs, BPF programs and collector: batches, records, site notes.
 *
 * A thread appends records to its batch. The probe `ttlog:control` hands a full batch to the
 * kernel. The constant part of each event lies in ELF notes, which only the collector reads.
 * Programs are built with this header, and later collectors record them. So nothing here may change
 * its meaning without a new TTLOG_ABI_VERSION.
 *
 * All integers have the byte order of the machine, which a batch never leaves. bpf/ includes this
 * after vmlinux.h, which has the fixed-width types under other names.
 */
#ifndef TTLOG_ABI_H
#define TTLOG_ABI_H

#ifndef __VMLINUX_H__
#include <stddef.h>
/* As in <stdint.h>, which would include <features.h>: see libc.h. */
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __UINTPTR_TYPE__ uintptr_t;
#else
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
typedef __s32 int32_t;
typedef __s64 int64_t;
#endif

#ifdef __cplusplus
#define TTLOG_ABI_ASSERT(cond, what) static_assert(cond, what)
#else
#define TTLOG_ABI_ASSERT(cond, what) _Static_assert(cond, what)
#endif

#include "types.h"

/* 2: batches grow, up to 256 KiB. In 1 they had a fixed size of up to 64 KiB. 3: there are side
 * records. */
#define TTLOG_ABI_VERSION 3
/* Versions from this one on are recorded. The collector need not know how they differ. */
#define TTLOG_ABI_OLDEST  1
#define TTLOG_ABI_IS_KNOWN(version)                                                                \
	((version) >= TTLOG_ABI_OLDEST && (version) <= TTLOG_ABI_VERSION)

/* Length word of a string or byte sequence. It is cut after TTLOG_STR_MAX bytes. */
#define TTLOG_STR_LEN  0x1fffu
#define TTLOG_STR_CUT  0x4000u
#define TTLOG_STR_NULL 0x8000u

/* ---- Records ---- */

/*
 * 8 bytes, then the fields without padding, in the order of the site's types, then up to 3 bytes of
 * padding, so that the next record is 4-byte aligned.
 * site_len: site index (offset of its semaphore in the section ttlog_sites, divided by 2) in the
 * upper 18 bits, length of the whole record divided by 4 in the lower 14.
 */
struct ttlog_record {
	uint32_t delta_ticks; /* since the batch's base_ticks */
	uint32_t site_len;
};

#define TTLOG_RECORD_ALIGN     4u
#define TTLOG_RECORD_LEN_BITS  14
#define TTLOG_RECORD_LEN_MASK  ((1u << TTLOG_RECORD_LEN_BITS) - 1)
#define TTLOG_RECORD_MAX_BYTES (TTLOG_RECORD_LEN_MASK * 4u)
#define TTLOG_MAX_SITES        (1u << (32 - TTLOG_RECORD_LEN_BITS)) /* per executable or library */

TTLOG_ABI_ASSERT(sizeof(struct ttlog_record) == 8, "a record starts with 8 bytes");

/*
 * A record of site TTLOG_SIDE_SITE, which is none, says something about the events around it. It is
 * no event: no count contains it. Its first field is an enum ttlog_side; a reader skips those that
 * it does not know. The last index: the first one may be a site's (clang).
 */
#define TTLOG_SIDE_SITE (TTLOG_MAX_SITES - 1)

enum ttlog_side {
	TTLOG_SIDE_CONTEXT = 1,    /* struct ttlog_side_context */
	TTLOG_SIDE_TOTAL = 2,      /* struct ttlog_side_total */
	TTLOG_SIDE_SUPPRESSED = 3, /* struct ttlog_side_suppressed */
};

/*
 * From here on the events of its thread belong to this trace, those of other modules, too; until
 * the module's next such record. A batch begins with one if the module has set a context. If
 * several modules of the thread have set one, that with the lowest frame counts: it is the
 * innermost block.
 */
struct ttlog_side_context {
	uint32_t kind;        /* TTLOG_SIDE_CONTEXT */
	uint32_t frame[2];    /* address of the block's variable, lower half first; 0: no context */
	uint8_t trace_id[16]; /* all zeroes: the events of this block belong to no trace */
	uint8_t span_id[8];
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_side_context) == 36, "a context has 36 bytes");

/*
 * How many calls TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT have left out since the batch was mapped,
 * by all threads that had it. It is the first record of each batch of a thread that has such marks,
 * and stays in its place from one batch to the next. The program changes `total` there, by one
 * instruction; it never falls.
 */
struct ttlog_side_total {
	uint32_t kind;        /* TTLOG_SIDE_TOTAL */
	uint32_t rates_bytes; /* address of the thread's struct ttlog_rates, less the batch's */
	uint64_t total;
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_side_total) == 16, "a total has 16 bytes");

/* The event after it is the first that its thread recorded of that site after so many calls that
 * were left out. */
struct ttlog_side_suppressed {
	uint32_t kind; /* TTLOG_SIDE_SUPPRESSED */
	uint32_t site; /* index of the event's site */
	uint64_t cnt;
	uint64_t since; /* the batch's total before the first of them: it tells what was before a
			 * collector came */
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_side_suppressed) == 24, "a count has 24 bytes");

/* ---- Batches ---- */

#define TTLOG_BATCH_MAGIC         0x474c5454u /* "TTLG" */
#define TTLOG_BATCH_DEFAULT_BYTES 32768u      /* header and records, before it grows */
#define TTLOG_BATCH_MIN_BYTES     4096u
#define TTLOG_BATCH_MAX_BYTES     262144u
/* The most that all batches of a module grow together. So the tails of dying threads fit into half
 * of the ring buffer `lifecycle`. */
#define TTLOG_BATCH_GROWTH_BYTES  (4u << 20)
#define TTLOG_BATCH_SLACK_BYTES                                                                    \
	16u /* after the last record: short strings are copied 16 bytes wide */

enum ttlog_clock {
	TTLOG_CLOCK_MONOTONIC = 1, /* CLOCK_MONOTONIC, ns */
	TTLOG_CLOCK_TSC = 2,       /* x86 rdtsc, invariant */
	TTLOG_CLOCK_CNTVCT = 3,    /* arm64 cntvct_el0 */
	TTLOG_CLOCK_COARSE =
		6, /* CLOCK_MONOTONIC_COARSE, ns: the last tick of the kernel's timer */
};

/* The batch holds one record that could not go into its thread's batch: a signal handler
 * interrupted an append, or the record is larger than a batch. seq and events_before are 0. */
#define TTLOG_BATCH_ALONE    0x01
/* For the program alone: the batch's thread may end without giving it up. */
#define TTLOG_BATCH_QUIET    0x02
/* For the program alone: its thread may make no system call for it. */
#define TTLOG_BATCH_PREPARED 0x04
/* It has, or its thread had, side records: a collector need not look for some in other batches. It is
 * set before `committed` moves. */
#define TTLOG_BATCH_SIDE     0x40
/* For the program alone: calls may be left out, and are counted in the batch's first record. */
#define TTLOG_BATCH_RATES    0x80

/*
 * It has, or is about to have, records of that level, WARN or above. So a collector that waits for
 * an ERROR need not look for one in a batch without this flag. It is set before `committed` moves,
 * and cleared after `seq` has moved. Only records of sites with TTLOG_SITE_FLAGS_BATCH set it.
 */
#define TTLOG_BATCH_LEVELS       0x38u
#define TTLOG_BATCH_LEVEL(level) ((1u << (level)) & TTLOG_BATCH_LEVELS) /* 0: below WARN */

/*
 * The head of a thread's batch; records follow. Only the owning thread writes it; the kernel and
 * the collector read it while that thread runs. What they read is valid if seq was the same before
 * and after: within one seq, bytes below `committed` never change. A child after fork() finds
 * zeroes here (MADV_WIPEONFORK).
 */
struct ttlog_batch {
	uint32_t magic;
	uint16_t version;
	uint8_t clock;          /* enum ttlog_clock */
	uint8_t flags;          /* TTLOG_BATCH_* */
	uint64_t seq;           /* counts this thread's batches from 1 */
	uint64_t events_before; /* events of this thread in all batches with a smaller seq */
	uint64_t base_ticks;
	uint64_t committed;   /* events << 32 | bytes of whole records; moves last, in one store */
	uint32_t limit_bytes; /* capacity; 0 during an append */
	uint32_t capacity_bytes; /* of records, without slack; changes only when seq does */
	uint32_t tid;            /* as the program sees it; the collector takes the kernel's */
	uint32_t waiting;        /* for the program alone: events during another append */
	uint64_t next;           /* address of the next batch in the module's list; 0: the last */
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_batch) == 64, "a batch starts with 64 bytes");

/*
 * What a thread has left out, by site. It lies after the batch's addresses. It begins with the head
 * of a batch, so that whatever reads batches can read it; `committed` is the bytes of its slots. Each
 * word changes by one instruction. A child after fork() finds zeroes here, too.
 */
struct ttlog_rate {
	uint32_t offset;   /* of the site, as in records, times 2; 0: the slot is free */
	uint32_t used;     /* by TTLOG_PROBE_LIMIT: calls recorded in its second */
	uint64_t began;    /* ticks when that second began; TTLOG_PROBE_EVERY: 1; 0: no call yet */
	uint64_t left_out; /* calls that no event has said */
	uint64_t since;    /* as in struct ttlog_side_suppressed */
};

#define TTLOG_RATE_SLOTS 512u

struct ttlog_rates {
	struct ttlog_batch head;
	struct ttlog_rate slots[TTLOG_RATE_SLOTS];
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_rate) == 32, "a slot has 32 bytes");

/* ---- The control probe: `ttlog:control`, one nop. Its arguments are in the first three registers
 * of the C calling convention: address, length in bytes, operation. ---- */

enum ttlog_op {
	TTLOG_OP_FLUSH = 1,    /* address of a struct ttlog_batch, length of header and records */
	TTLOG_OP_BEGIN = 2,    /* a thread has a batch now: its address */
	TTLOG_OP_END = 3,      /* a thread gives its batch up: its address */
	TTLOG_OP_SNAPSHOT = 4, /* address and length of the reason */
};

/*
 * One per executable or library, in the program's memory; the module note has its address. The
 * first two fields are semaphores: only the kernel writes them (uprobe ref_ctr).
 */
struct ttlog_module {
	uint16_t listening; /* a collector is attached to the control probe */
	uint16_t immediate; /* a collector wants a flush after every event */
	uint32_t version;   /* TTLOG_ABI_VERSION */
	uint64_t batches; /* address of the first struct ttlog_batch; 0: none; pushed atomically */
	uint64_t dropped; /* events that got no memory */
	uint32_t thread_key; /* pthread key + 1; 0: none */
	int32_t grown_bytes; /* how much its batches have grown in all */
	uint32_t is_tight;   /* an mmap failed: its batches don't grow */
	uint32_t has_quiet;  /* some of its batches were TTLOG_BATCH_QUIET */
	uint32_t reserved[6];
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_module) == 64, "the module anchor has 64 bytes");

/* ---- Notes: section .note.ttlog, owner "ttlog" ---- */

#define TTLOG_NOTE_NAME     "ttlog"
#define TTLOG_SITES_SECTION "ttlog_sites"

enum ttlog_note_type {
	TTLOG_NOTE_SITE = 1,
	TTLOG_NOTE_MODULE = 2,
};

enum ttlog_site_kind {
	TTLOG_SITE_EVENT = 0,
	TTLOG_SITE_SPAN = 1,    /* the start; index + 1 is the end: uint64_t ticks at the start */
	TTLOG_SITE_ENABLED = 2, /* TTLOG_ENABLED: records nothing */
};

/* Its records set TTLOG_BATCH_LEVEL(level) in the flags of their batch. */
#define TTLOG_SITE_FLAGS_BATCH 0x01

/*
 * Addresses are link-time addresses (as in the symbol table); a text address of 0: no text. If the
 * compiler copied a site, it has several notes with the same semaphore: it is one site, and any of
 * the gates works. Strings end with a zero byte; `keys` holds nfields of them in a row. Later
 * headers may add to the end of a note.
 */
struct ttlog_note_site {
	uint64_t semaphore;
	uint64_t gate;     /* an instruction that is never executed */
	uint64_t service;  /* text; 0: the program's name */
	uint64_t target;   /* text; 0: `file` without directory and suffix */
	uint64_t name;     /* text */
	uint64_t message;  /* text */
	uint64_t file;     /* text */
	uint64_t function; /* text */
	uint64_t keys;     /* texts */
	uint64_t types_lo; /* fields 0 to 7, a byte each, enum ttlog_type */
	uint64_t types_hi; /* fields 8 to 15 */
	uint32_t line;
	uint8_t level; /* enum ttlog_level */
	uint8_t kind;  /* enum ttlog_site_kind */
	uint8_t nfields;
	uint8_t version; /* TTLOG_ABI_VERSION */
	uint32_t traits; /* TTLOG_SITE_FLAGS_BATCH; others: ignored. Older notes end before it */
	uint32_t reserved;
};

#define TTLOG_NOTE_SITE_MIN_BYTES 96 /* up to version */

TTLOG_ABI_ASSERT(sizeof(struct ttlog_note_site) == 104, "a site note has 104 bytes");

struct ttlog_note_module {
	uint64_t module;         /* struct ttlog_module */
	uint64_t control;        /* the control probe's nop */
	uint64_t immediate_gate; /* an instruction that is never executed: raises `immediate` */
	uint64_t sites;          /* start of the section ttlog_sites */
	uint32_t version;        /* TTLOG_ABI_VERSION */
	uint32_t reserved;
};

TTLOG_ABI_ASSERT(sizeof(struct ttlog_note_module) == 40, "a module note has 40 bytes");

#endif /* TTLOG_ABI_H */
