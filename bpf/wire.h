/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs hand the collector, through two ring buffers and a few maps.
 *
 * `batches` carries WIRE_BATCH only; `deaths` carries all else, so that a flood of events can't
 * crowd out a crash. A message in `deaths` never overtakes what its process put into `batches`
 * earlier, provided that the reader takes what `deaths` has first, then empties `batches`, then
 * acts on what it took.
 */
#ifndef TTLOG_WIRE_H
#define TTLOG_WIRE_H

#include "ttlog/abi.h"

#define WIRE_MAX_FRAMES       64
#define WIRE_MAX_REGISTERS    40
#define WIRE_MAX_MODULES      64 /* with a batch, per thread */
#define WIRE_REASON_BYTES     72
#define WIRE_STACK_PAGE_BYTES 4096 /* whatever the machine's pages are */
#define WIRE_MAX_STACK_PAGES  16
#define WIRE_THROWN_BYTES     1024
#define WIRE_OTHER_PAGES      2
#define WIRE_MAX_OTHERS       256 /* threads of a process whose stacks are sent */

/* Stored nowhere, but both sides switch on it: drain.c and the emit functions in bpf/. */
enum wire_kind {
	WIRE_BATCH = 1, /* struct wire_batch: a thread flushed */
	WIRE_TAIL = 2,  /* struct wire_batch: what a dying thread had not flushed, maybe nothing */
	WIRE_BEGIN = 3, /* struct wire_thread: a thread has a batch now */
	WIRE_END = 4,   /* struct wire_thread: it gave it up */
	WIRE_REQUEST = 5, /* struct wire_request: TTLOG_SNAPSHOT */
	WIRE_EXEC = 7,    /* struct wire_head: a new program runs */
	WIRE_LIBRARY = 8, /* struct wire_head: dlopen has mapped one */
	WIRE_CRASH = 9,   /* struct wire_crash: a fatal signal, from the thread that took it */
	WIRE_EXIT = 10,   /* struct wire_exit: the process's last thread is gone */
	WIRE_STACK = 11,  /* struct wire_stack: parts of that of the thread whose WIRE_CRASH came
		       before; any may be missing */
	WIRE_FAULT = 12,  /* struct wire_fault: after the WIRE_CRASH of that thread */
	WIRE_THROWN = 13, /* struct wire_thrown: likewise */
	/* struct wire_crash: of the thread whose handler may have sent the signal that another one
	 * died of; its WIRE_STACK, WIRE_THROWN and WIRE_FAULT follow */
	WIRE_REPORTER = 14,
	WIRE_OTHER =
		15, /* struct wire_other: of a thread that is killed along with one that crashed */
	WIRE_START = 16, /* struct wire_head: begins to run a file that is recorded (-e) */
};

enum wire_flag {
	WIRE_LAUNCHED = 1, /* of WIRE_EXEC: the collector traces it, and attaches where it links */
	/* of WIRE_CRASH, and WIRE_EXIT by a signal, under -e: it runs a file that is recorded */
	WIRE_HAS_FILE = 2,
	/* of WIRE_EXEC: not the first thread called it, which is gone with all others */
	WIRE_BY_THREAD = 4,
};

/* Stamped by the kernel, whatever the program says of itself. */
struct wire_head {
	uint32_t kind;     /* enum wire_kind */
	uint32_t bytes;    /* behind the message's struct, where it has a tail */
	uint64_t stamp_ns; /* CLOCK_MONOTONIC */
	uint64_t start_ns; /* of the process, since boot */
	uint64_t cgroup;
	uint32_t tgid, tid;       /* in the initial pid namespace */
	uint32_t ns_tgid, ns_tid; /* in the process's own */
	uint32_t uid;
	uint32_t module; /* the collector's number, by attach cookie; 0 where it has no meaning */
	uint32_t
		exec; /* counts the programs that this process has run: addresses mean nothing across */
	uint32_t flags; /* enum wire_flag */
	char comm[16];  /* of the thread */
};

struct wire_batch {
	struct wire_head head;
	uint64_t address; /* of the batch, in the process */
	struct ttlog_batch
		batch; /* as copied; records follow: head.bytes less this struct's size */
};

struct wire_thread {
	struct wire_head head;
	uint64_t address;
	struct ttlog_batch batch; /* its head: at the end, what closes the accounts of it */
};

struct wire_request {
	struct wire_head head;
	char reason[WIRE_REASON_BYTES]; /* zero-terminated */
};

/* Who had the kernel make a signal; of SIGKILL the one that takes it is told nothing. */
struct wire_sender {
	uint32_t
		pid; /* in the initial pid namespace; 0: nobody, the kernel or the program's fault */
	uint32_t uid;
	char comm[16]; /* of the process */
};

/* How a process ended. */
struct wire_end {
	int32_t status;            /* as wait(2) reports it */
	uint32_t is_oom;           /* the kernel killed it for want of memory */
	struct wire_sender sender; /* of the signal that it died of */
	uint64_t max_rss_pages;    /* the most that it ever held */
};

struct wire_exit {
	struct wire_head head;
	struct wire_end end;
};

/*
 * A program that the collector traces and whose dynamic linker is at work: what map `linking` has
 * of it. The collector writes `debug` at the exec, BPF all else.
 */
struct wire_linking {
	uint64_t debug;      /* address of its _r_debug, 0: unknown */
	uint32_t has_added;  /* it was seen adding libraries */
	uint32_t has_linked; /* and then, that it was done */
};

/* Ring buffer `loads` (-- CMD): a thread whose linker loads libraries. */
struct wire_load {
	uint32_t tid;
	uint32_t step; /* enum wire_load_step */
};

enum wire_load_step {
	WIRE_LOAD_BEGINS = 1, /* none is there yet: it waits a moment for a tracer when they are */
	WIRE_LOAD_STOPS = 2,  /* they are; it has a tracer, and stops ahead of a signal */
	WIRE_LOAD_PASSES = 3, /* they are, or not; it runs on */
};

struct wire_frame_id {
	int32_t status; /* BPF_STACK_BUILD_ID_*: 1 where build_id and offset hold */
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

/* What a signal said that a handler took. */
struct wire_handled {
	uint64_t stamp_ns; /* 0: there was none */
	int32_t signal;
	int32_t code;
	uint64_t address;
	uint64_t registers[WIRE_MAX_REGISTERS]; /* as in struct wire_crash */
};

/* The thread that dies of a signal which its process sent, or along with the one that does, took
 * another one before. Whether the handler of that still runs is for the reader of its stack to find
 * out. */
struct wire_fault {
	struct wire_head head;
	struct wire_handled handled;
};

/* The C++ exception that the thread handles, which an uncaught one is, too. Texts are the program's,
 * end with a zero and are cut where they are long. */
struct wire_thrown {
	struct wire_head head;
	uint32_t type_bytes, what_bytes; /* with the zero; 0: unknown */
	char type[WIRE_THROWN_BYTES];    /* mangled */
	char what[WIRE_THROWN_BYTES];
};

/*
 * A part of the user stack: those of its pages that could be read without a fault. There are holes
 * in it, where a large array was hardly used.
 */
struct wire_stack {
	struct wire_head head;
	uint32_t page_cnt;
	uint32_t is_outer; /* where the thread began; else from some stack pointer on */
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

/* The order of crash registers on x86-64, with the names that snapshots use. */
/* clang-format off */
#define WIRE_X86_REGISTERS(X)                                                                      \
	X(ax, rax) X(bx, rbx) X(cx, rcx) X(dx, rdx) X(si, rsi) X(di, rdi) X(bp, rbp) X(sp, rsp)    \
	X(r8, r8) X(r9, r9) X(r10, r10) X(r11, r11) X(r12, r12) X(r13, r13) X(r14, r14)            \
	X(r15, r15) X(ip, rip) X(flags, rflags)
/* clang-format on */

/*
 * Map `processes`: tgid to this. The collector inserts the processes it was given and deletes what
 * has ended; BPF inserts children and, under -e, whoever comes. Counters are BPF's alone.
 */
struct wire_process {
	uint64_t start_ns;
	uint64_t submitted_bytes; /* into `batches`, ever; the collector's part is map `consumed` */
	uint64_t lost_ring_events; /* a ring buffer had no room */
	uint64_t lost_ring_batches;
	uint64_t lost_fault_events;  /* the batch's memory could not be read after its head was */
	uint64_t lost_fault_batches; /* nor its head: how many events is unknown here */
	uint64_t corrupt_batches;    /* its head was none */
	uint64_t lost_alone_events;  /* of lost_*_events, those from TTLOG_BATCH_ALONE */
	uint64_t lost_messages;      /* `deaths` had no room for a message without events */
	uint64_t table_full;         /* threads that could not be registered */
	uint64_t lost_tails;         /* of which `left` of map `threads` tells */
	uint64_t exits;     /* not 0: the last thread has ended, and how is in what follows */
	uint64_t fault_tid; /* the thread whose handler took a fault last */
	uint64_t raised;    /* the signal that it dies of, which it has sent; 0 for none */
	uint64_t others;    /* threads whose stacks were to be sent */
	uint64_t has_file;  /* -e: it runs a file that is recorded */
	uint64_t unlinks;   /* its dynamic linker was seen to begin taking libraries away */
	uint64_t loader;    /* the thread that WIRE_LOAD_BEGINS was said of last; 0: none */
	struct wire_end end;
};

#define WIRE_LEFT_GONE (1ull << 63)

/* Map `threads`: tgid << 32 | tid to this. */
struct wire_thread_batches {
	uint64_t address[WIRE_MAX_MODULES]; /* 0: free */
	uint32_t module[WIRE_MAX_MODULES];
	/* events ever in that batch, by a dead thread's head that no ring buffer had room for; else
	 * 0. With WIRE_LEFT_GONE: the batch is another's by now, or its memory is gone. */
	uint64_t left[WIRE_MAX_MODULES];
};

TTLOG_ABI_ASSERT(sizeof(struct wire_head) == 80, "a message starts with 80 bytes");
TTLOG_ABI_ASSERT(sizeof(struct wire_batch) == 152,
		 "a batch's message has 152 bytes before records");
TTLOG_ABI_ASSERT(sizeof(struct wire_frame_id) == 32, "as the kernel's bpf_stack_build_id");

#endif /* TTLOG_WIRE_H */
