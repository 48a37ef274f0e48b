/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs send to the collector, through two ring buffers and a few maps.
 *
 * `batches` carries WIRE_BATCH and, when `lifecycle` is half full, WIRE_TAIL. `lifecycle` carries all
 * else, so that a flood of events can't crowd out a crash. `events` carries WIRE_EVENT and
 * WIRE_CHUNK; most events of that kind are in chunks. The reader takes all of `lifecycle` first, then
 * empties `batches`, `events` and the chunks, then acts on what it took: so no message of `lifecycle`
 * overtakes what its process put into the others earlier.
 */
#ifndef TTLOG_WIRE_H
#define TTLOG_WIRE_H

#include "ttlog/abi.h"

#include "foreign_wire.h"

#define WIRE_MAX_FRAMES       64
#define WIRE_MAX_REGISTERS    40
#define WIRE_MAX_MODULES      64 /* modules in which one thread has a batch */
#define WIRE_REASON_BYTES     72
#define WIRE_STACK_PAGE_BYTES 4096 /* whatever the machine's pages are */
#define WIRE_MAX_STACK_PAGES  16
#define WIRE_THROWN_BYTES     1024
#define WIRE_OTHER_PAGES      2
#define WIRE_MAX_OTHERS       256 /* threads of a process whose stacks are sent */

/* Not stored in files. Both sides switch on it: drain.c, recorder.c and the programs in bpf/. */
enum wire_kind {
	WIRE_BATCH = 1, /* struct wire_batch: a thread flushed */
	WIRE_TAIL = 2,  /* struct wire_batch: what a dying thread had not flushed, maybe nothing */
	WIRE_BEGIN = 3, /* struct wire_thread: a thread has a batch now */
	WIRE_END = 4,   /* struct wire_thread: the thread gave its batch up */
	WIRE_REQUEST = 5, /* struct wire_request: TTLOG_SNAPSHOT */
	/* struct wire_head: a new program runs; or, with --unit and --cgroup, a child begins */
	WIRE_EXEC = 7,
	WIRE_LIBRARY = 8, /* struct wire_head: dlopen has mapped a library */
	WIRE_CRASH = 9,   /* struct wire_crash: a fatal signal, from the thread that took it */
	WIRE_EXIT = 10,   /* struct wire_exit: the process's last thread is gone */
	/* struct wire_stack: parts of the stack of the thread whose WIRE_CRASH came before; any may
	 * be missing */
	WIRE_STACK = 11,
	WIRE_FAULT = 12,  /* struct wire_fault: after the WIRE_CRASH of that thread */
	WIRE_THROWN = 13, /* struct wire_thrown: likewise */
	/* struct wire_crash: the thread whose handler may have sent the signal that another thread
	 * died of; its WIRE_STACK, WIRE_THROWN and WIRE_FAULT follow */
	WIRE_REPORTER = 14,
	WIRE_OTHER = 15, /* struct wire_other: a thread killed because another one crashed */
	WIRE_START = 16, /* struct wire_head: begins to run a file that is recorded (-e) */
	WIRE_EVENT = 17, /* struct wire_event: a probe that is not ours */
	/* struct wire_event_stack: a thread is about to log an event (--stack) */
	WIRE_EVENT_STACK = 18,
	WIRE_CHUNK = 19, /* struct wire_chunk_begun: a thread has begun to fill a chunk of events */
};

enum wire_flag {
	WIRE_LAUNCHED = 1, /* WIRE_EXEC: the collector traces it, and attaches when it is linked */
	/* WIRE_CRASH, and WIRE_EXIT by a signal, with -e: it runs a file that is recorded */
	WIRE_HAS_FILE = 2,
	/* WIRE_EXEC: a thread other than the first one called it; all others are gone */
	WIRE_BY_THREAD = 4,
};

/* The kernel stamps it; the program can't change it. */
struct wire_head {
	uint32_t kind;  /* enum wire_kind */
	uint32_t bytes; /* WIRE_BATCH, WIRE_TAIL: of the whole message; WIRE_STACK: of its pages */
	uint64_t stamp_ns; /* CLOCK_MONOTONIC */
	uint64_t start_ns; /* of the process, since boot */
	uint64_t cgroup;
	uint32_t tgid, tid;       /* in the initial pid namespace */
	uint32_t ns_tgid, ns_tid; /* in the process's own */
	uint32_t uid;
	uint32_t module; /* the collector's number, by attach cookie; 0 where it has no meaning */
	uint32_t exec;   /* counts execs: addresses of different programs have no relation */
	uint32_t flags;  /* enum wire_flag */
	char comm[16];   /* of the thread */
};

struct wire_batch {
	struct wire_head head;
	uint64_t address;         /* of the batch, in the process */
	struct ttlog_batch batch; /* a copy; records follow, up to head.bytes */
};

#define WIRE_FEW_SLOTS      2
#define WIRE_SLOT_BYTES     256
#define WIRE_SLOT_MAX_BYTES 4096
#define WIRE_NULL_TEXT      (~0ull)

/* Numbers, widened. Of a text: its length with the zero, and it is in the next slot; or
 * WIRE_NULL_TEXT, without a slot. */
struct wire_values {
	uint64_t list[TTLOG_MAX_FIELDS];
	uint32_t missing; /* a bit for each that could not be read */
	uint32_t reserved;
};

/* head.stamp_ns is its time. */
struct wire_event {
	struct wire_head head;
	uint64_t begin_ns;   /* of a span, at its start and at its end; 0: it is none */
	uint32_t site;       /* as in records; of a span: that of its start */
	uint16_t slot_bytes; /* of each slot in `text` */
	uint8_t slot_cnt;
	uint8_t value_cnt;  /* 0 at the end of a span without a value */
	uint8_t place_kind; /* enum wire_place_kind */
	uint8_t has_stack;  /* the thread's last WIRE_EVENT_STACK is of this event */
	uint8_t padding[2];
	uint32_t chunk; /* + 1: it has what the thread did before; 0: none; or WIRE_CHUNK_UNKNOWN */
	struct wire_values values;
	char text[];
};

/*
 * Events of probes that are not ours, of one thread, one after another: a value of map `chunks`,
 * which the collector maps. A thread has at most one that it fills. BPF writes all of it; the
 * collector frees it, once it is closed and all of it was read.
 */
#define WIRE_CHUNK_BYTES   (16u << 10)
#define WIRE_CHUNK_UNKNOWN (~0u)

struct wire_chunk {
	struct wire_head head; /* of the thread, as it began the chunk */
	uint64_t reserved[6];
	uint64_t used;   /* bytes of whole records; moves last, in one store */
	uint32_t closed; /* 1: nothing is added any more */
	uint32_t padding;
	char records[WIRE_CHUNK_BYTES - 144];
};

/*
 * 8-byte aligned. Then, at the end of a span, when it began (u64); the values, 8 bytes each, as in
 * struct wire_values; and the texts, each padded to 8 bytes.
 */
struct wire_chunk_record {
	uint64_t stamp_ns;
	uint32_t module, site; /* as in messages */
	uint16_t words;        /* of 8 bytes: all of the record */
	uint16_t missing;      /* as in struct wire_values */
	uint8_t place_kind;    /* enum wire_place_kind */
	uint8_t value_cnt;
	uint16_t reserved;
};

/* In ring buffer `events`. The thread's chunk before that is closed. */
struct wire_chunk_begun {
	uint32_t kind; /* WIRE_CHUNK */
	uint32_t bytes;
	uint32_t chunk;
	uint32_t earlier; /* + 1; 0: it had none */
};

struct wire_thread {
	struct wire_head head;
	uint64_t address;
	struct ttlog_batch batch; /* its head; in WIRE_END it closes the batch's accounts */
};

struct wire_request {
	struct wire_head head;
	char reason[WIRE_REASON_BYTES]; /* zero-terminated */
};

/* The process that asked for a signal. The receiver of SIGKILL is not told that. */
struct wire_sender {
	uint32_t pid; /* in the initial pid namespace; 0: the kernel, or the program's own fault */
	uint32_t uid;
	char comm[16]; /* of the process */
};

/* How a process ended. */
struct wire_end {
	int32_t status;            /* as wait(2) reports it */
	uint32_t is_oom;           /* the kernel killed it because memory ran out */
	struct wire_sender sender; /* of the signal that it died of */
	uint64_t max_rss_pages;    /* its largest resident set */
};

struct wire_exit {
	struct wire_head head;
	struct wire_end end;
};

/*
 * Value of map `linking`: a program that the collector traces while its dynamic linker works. The
 * collector writes `debug` at the exec, BPF all else.
 */
struct wire_linking {
	uint64_t debug;      /* address of its _r_debug, 0: unknown */
	uint32_t has_added;  /* it has begun to add libraries */
	uint32_t has_linked; /* and it was done with that */
};

/* A message of ring buffer `loads` (-- CMD): a thread whose linker loads libraries. */
struct wire_load {
	uint32_t tid;
	uint32_t step; /* enum wire_load_step */
};

enum wire_load_step {
	WIRE_LOAD_BEGINS = 1, /* nothing is mapped yet; it will wait a moment for a tracer */
	WIRE_LOAD_STOPS = 2,  /* they are mapped; it has a tracer, and stops at a signal */
	WIRE_LOAD_PASSES = 3, /* they are mapped, or not; it runs on */
};

struct wire_frame_id {
	int32_t status; /* BPF_STACK_BUILD_ID_*: 1: build_id and offset are valid */
	uint8_t build_id[20];
	uint64_t offset; /* in the file */
};

struct wire_crash {
	struct wire_head head;
	int32_t signal;
	int32_t code;
	uint64_t address;
	uint32_t frame_cnt;
	uint32_t reserved;
	struct wire_sender sender;
	uint64_t registers[WIRE_MAX_REGISTERS]; /* WIRE_X86_REGISTERS, or x0-x30 sp pc pstate */
	uint64_t ips[WIRE_MAX_FRAMES];
	struct wire_frame_id ids[WIRE_MAX_FRAMES];
};

/* A signal that a handler took. */
struct wire_handled {
	uint64_t stamp_ns; /* 0: there was none */
	int32_t signal;
	int32_t code;
	uint64_t address;
	uint64_t registers[WIRE_MAX_REGISTERS]; /* as in struct wire_crash */
};

/* An earlier signal of a thread that dies now, because its process sent the fatal signal. Whether
 * the handler of the earlier one still runs, the reader finds out from the stack. */
struct wire_fault {
	struct wire_head head;
	struct wire_handled handled;
};

/* The C++ exception that the thread handles; std::terminate() counts as a handler. The texts come
 * from the program, end with a zero, and are cut if they are long. */
struct wire_thrown {
	struct wire_head head;
	uint32_t type_bytes, what_bytes; /* with the zero; 0: unknown */
	char type[WIRE_THROWN_BYTES];    /* mangled */
	char what[WIRE_THROWN_BYTES];
};

/*
 * A part of the user stack: the pages that could be read without a fault. Pages in between may be
 * missing, where the program hardly used a large array.
 */
struct wire_stack {
	struct wire_head head;
	uint32_t page_cnt;
	uint32_t is_outer; /* the beginning of the thread's stack; else from some sp on */
	uint64_t addresses[WIRE_MAX_STACK_PAGES]; /* ascending; 0: that page is not valid */
	uint8_t pages[][WIRE_STACK_PAGE_BYTES];
};

/* Where a thread was, and the top of its stack. */
struct wire_other {
	struct wire_head head;
	uint64_t registers[WIRE_MAX_REGISTERS]; /* as in struct wire_crash */
	uint64_t addresses[WIRE_OTHER_PAGES];   /* 0: that page is not valid */
	uint8_t pages[WIRE_OTHER_PAGES][WIRE_STACK_PAGE_BYTES];
};

/*
 * Where a thread is that is about to log an event, and the top of its stack. The event is the one
 * that its batch counts with that number: so many were in it before, since it was made.
 */
struct wire_event_stack {
	struct wire_head head;
	uint64_t address; /* of the batch; 0: it has none yet, so it is its first event */
	uint64_t ordinal;
	uint32_t site; /* as in records */
	uint32_t
		is_alone; /* of a probe that is not ours: a WIRE_EVENT follows; no address, no ordinal */
	uint64_t registers[WIRE_MAX_REGISTERS]; /* as in struct wire_crash */
	uint64_t addresses[WIRE_OTHER_PAGES];   /* 0: that page is not valid */
	uint8_t pages[WIRE_OTHER_PAGES][WIRE_STACK_PAGE_BYTES];
};

/* The order of x86-64 registers in messages, and their names in snapshots. */
/* clang-format off */
#define WIRE_X86_REGISTERS(X)                                                                      \
	X(ax, rax) X(bx, rbx) X(cx, rcx) X(dx, rdx) X(si, rsi) X(di, rdi) X(bp, rbp) X(sp, rsp)    \
	X(r8, r8) X(r9, r9) X(r10, r10) X(r11, r11) X(r12, r12) X(r13, r13) X(r14, r14)            \
	X(r15, r15) X(ip, rip) X(flags, rflags)
/* clang-format on */

/*
 * Value of map `processes`, by tgid. The collector inserts the processes that it was given, and
 * deletes those that have ended. BPF inserts children and, with -e, each process that runs a probed
 * file. Only BPF writes the counters.
 */
struct wire_process {
	uint64_t start_ns;
	uint64_t submitted_bytes;  /* into `batches`, ever; map `consumed`: how many were read */
	uint64_t lost_ring_events; /* a ring buffer had no room */
	uint64_t lost_ring_batches;
	uint64_t lost_fault_events;  /* the batch's memory could not be read after its head was */
	uint64_t lost_fault_batches; /* nor its head: the number of events is unknown */
	uint64_t corrupt_batches;    /* the head was no batch's head */
	/* part of lost_*_events: from TTLOG_BATCH_ALONE, and of probes that are not ours */
	uint64_t lost_alone_events;
	uint64_t lost_table_events; /* no room for a span in map `frames_by_thread` */
	uint64_t nulls;             /* events with a value that could not be read */
	uint64_t lost_stacks;       /* with --stack: of events of its own that were not sent */
	uint64_t lost_messages;     /* `lifecycle` had no room for a message without events */
	uint64_t table_full;        /* threads that could not be registered */
	uint64_t lost_tails;        /* thread ends with a tail left: see `left` in map `threads` */
	uint64_t exits;             /* not 0: the last thread has ended; `end` says how */
	uint64_t fault_tid;         /* the last thread whose handler took a fault */
	uint64_t raised;            /* the signal that it sent itself and dies of; 0: none */
	uint64_t others;            /* threads whose stacks were to be sent */
	uint64_t has_file;          /* -e: it runs a file that is recorded */
	uint64_t unlinks;           /* its dynamic linker has begun to remove libraries */
	uint64_t loader;            /* the thread of the last WIRE_LOAD_BEGINS; 0: none */
	struct wire_end end;
};

/* Of map `recorded`: the kernel has no more tgids (PID_MAX_LIMIT). */
#define WIRE_RECORDED_WORDS ((4u << 20) / 64)

#define WIRE_LEFT_GONE (1ull << 63)

/* Value of map `threads`, by tgid << 32 | tid. */
struct wire_thread_batches {
	uint64_t address[WIRE_MAX_MODULES]; /* 0: free */
	uint32_t module[WIRE_MAX_MODULES];
	/* How many events the batch ever had, if its thread is dead and no ring buffer had room for
	 * its tail; else 0. With WIRE_LEFT_GONE: another thread has the batch, or its memory is
	 * gone. */
	uint64_t left[WIRE_MAX_MODULES];
};

TTLOG_ABI_ASSERT(sizeof(struct wire_head) == 80, "a message starts with 80 bytes");
TTLOG_ABI_ASSERT(sizeof(struct wire_batch) == 152,
		 "a batch's message has 152 bytes before records");
TTLOG_ABI_ASSERT(sizeof(struct wire_chunk) == WIRE_CHUNK_BYTES, "a chunk has no padding");
TTLOG_ABI_ASSERT(sizeof(struct wire_chunk_record) == 24,
		 "a record in a chunk starts with 24 bytes");
TTLOG_ABI_ASSERT(sizeof(struct wire_frame_id) == 32, "as the kernel's bpf_stack_build_id");

#endif /* TTLOG_WIRE_H */
