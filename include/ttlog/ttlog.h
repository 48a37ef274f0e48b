/* SPDX-License-Identifier: MIT */
/*
 * ttlog: marks for the flight recorder. Include this file. There is no library to link, and no
 * function to call first.
 *
 *	#define TTLOG_SERVICE "my-service"
 *	#include <ttlog/ttlog.h>
 *
 *	TTLOG_PROBE(trade_executed, INFO, "Trade executed", "symbol", sym, "quantity", 1000);
 *	TTLOG_INFO("Server starting", "port", 8080);
 *	TTLOG_SPAN(handle_request, INFO, "path", path);
 *	TTLOG_PROBE_EVERY(1000, packet, DEBUG, "Packet", "bytes", bytes);
 *	if (TTLOG_ENABLED(DEBUG)) { ... }
 *
 * While no ttlog-collect records the site, a mark costs one comparison of a word in memory with
 * zero, and its field expressions are not evaluated. While one does, the event goes into a buffer
 * of its thread.
 *
 * It works in C (gnu11, c11 and later; also gnu99) and C++ (17 and later), with gcc and clang, on
 * x86-64 and arm64 Linux. Elsewhere the marks compile to nothing.
 *
 * It may be included before or after any other file, even before a config.h that defines
 * _GNU_SOURCE and the like: it includes no header of libc, only <stddef.h>, which is the
 * compiler's, and the kernel's numbers. A file without marks does not get larger by including it.
 */
#ifndef TTLOG_TTLOG_H
#define TTLOG_TTLOG_H

#include "refused.h"

#ifndef TTLOG__REFUSED

#include "abi.h"
#include "macro.h"
#include "field.h"
#include "site.h"
#include "slow.h"
#include "limit.h"
#include "span.h"
#include "context.h"

/*
 * Options. Each is a macro to define before the include:
 *
 * TTLOG_SERVICE      "name": the service, and the provider of its USDT probes. Letters, digits, _ -
 *                    and . only. Default: the program's name; provider ttlog.
 * TTLOG_BATCH_BYTES  size of a thread's buffer, 4096 to 262144 bytes. All files of an executable or
 *                    shared library should have the same. Default: 32768. Then buffers that fill
 *                    within about a millisecond grow up to 262144; those of one executable or
 *                    library, by at most 4 MiB together. If you set the size, buffers grow only if
 *                    you also set TTLOG_BATCH_GROWN_BYTES, the largest size. A program that locks
 *                    its memory (mlockall) locks the buffers at their largest size.
 * TTLOG_OFF          compiles the marks out: of this file, or of all with -DTTLOG_OFF. The compiler
 *                    still checks the arguments and takes them as used, but they are never
 *                    evaluated. Nothing of a mark is in the program, and TTLOG_ENABLED is 0.
 * TTLOG_TARGET       "part.of.program": may be defined and redefined anywhere; the value at the
 *                    place of the mark counts. Default: the file's name without suffix.
 */

/*
 * An event: TTLOG_PROBE(name, LEVEL, "message", "key", value, ...)
 *
 * name     an identifier: the probe's name, also for bpftrace, perf, gdb and systemtap
 * LEVEL    TRACE, DEBUG, INFO, WARN, ERROR or FATAL; macros with these names do no harm
 * message  a string literal
 * keys     string literals; 0 to 16 fields
 * values   bool, char, integers of 8 to 64 bits, float, double, pointers, C strings (NULL is
 *          recorded as null), or TTLOG_STRN, TTLOG_BYTES, TTLOG_HEX, TTLOG_DECIMAL, TTLOG_CHAR (in
 *          C 'B' is an int, and recorded as 66; a variable of type char is a char). In C++ also
 *          enums, and every type that has data() and size() of char. Strings over 4,000 bytes are
 *          cut and marked as cut. If the site is enabled, each value is evaluated once, else not at
 *          all. What it points to need not outlive the mark: `name().c_str()` is fine.
 *
 * The first 12 values are the USDT probe's arguments, 64 bits each: floating point as its bits,
 * strings and bytes as their address, decimals as their units.
 */
#define TTLOG_PROBE(name, level, ...) TTLOG__EVENT(#name, TTLOG_LEVEL_##level, __VA_ARGS__)

/* TTLOG_INFO("message", "key", value, ...): as TTLOG_PROBE with the name `info`. */
#define TTLOG_TRACE(...) TTLOG__EVENT("trace", TTLOG_LEVEL_TRACE, __VA_ARGS__)
#define TTLOG_DEBUG(...) TTLOG__EVENT("debug", TTLOG_LEVEL_DEBUG, __VA_ARGS__)
#define TTLOG_INFO(...)  TTLOG__EVENT("info", TTLOG_LEVEL_INFO, __VA_ARGS__)
#define TTLOG_WARN(...)  TTLOG__EVENT("warn", TTLOG_LEVEL_WARN, __VA_ARGS__)
#define TTLOG_ERROR(...) TTLOG__EVENT("error", TTLOG_LEVEL_ERROR, __VA_ARGS__)
#define TTLOG_FATAL(...) TTLOG__EVENT("fatal", TTLOG_LEVEL_FATAL, __VA_ARGS__)

/*
 * TTLOG_PROBE_EVERY(n, name, LEVEL, "message", "key", value, ...): as TTLOG_PROBE, but of n calls only
 * one is recorded: the first, and then each n-th. n is any unsigned expression; 0 and 1: all.
 *
 * TTLOG_PROBE_LIMIT(per_second, name, LEVEL, "message", "key", value, ...): at most so many calls a
 * second are recorded, by CLOCK_MONOTONIC; 0: none. A second begins with the first call that is
 * recorded in it.
 *
 * Both count by mark and thread, and only while a collector records the mark. Of a call that is left
 * out, no value is evaluated. The next event of that mark and thread says exactly how many were
 * left out before it: "suppressed", which is no field. The file says how many of the process were
 * left out in all, also those after which no event came. n and per_second are evaluated once at each
 * call while a collector records the mark, else not at all. A signal handler that interrupts the mark
 * and comes to it itself may be recorded when it need not, and the number of calls between two
 * events may then differ by one.
 *
 * A thread has room for about 500 of these marks in each executable or library; others after them
 * are recorded at each call. bpftrace and the like see the calls that are recorded, and all calls
 * while no collector is there.
 */
#define TTLOG_PROBE_EVERY(n, name, level, ...)                                                     \
	TTLOG__RATED(ttlog__lets_every, n, #name, TTLOG_LEVEL_##level, __VA_ARGS__)
#define TTLOG_PROBE_LIMIT(per_second, name, level, ...)                                            \
	TTLOG__RATED(ttlog__lets_limit, per_second, #name, TTLOG_LEVEL_##level, __VA_ARGS__)

/*
 * TTLOG_SPAN(name, LEVEL, "key", value, ...): the span begins here, with the fields. It ends, with
 * its duration, when the program leaves the enclosing block, in any way but longjmp(). It is a
 * declaration: put it into a block with braces, not alone after an if.
 */
#define TTLOG_SPAN(name, ...) TTLOG__SPAN(__COUNTER__, #name, TTLOG_LEVEL_##__VA_ARGS__)

/*
 * TTLOG_CONTEXT(trace_id, span_id): from here to the end of the enclosing block, the events of this
 * thread belong to that trace, in all executables and libraries of the process. Then those of
 * before count again. They are pointers to 16 and 8 bytes, which are copied; if one is NULL, or the
 * trace_id all zeroes, the events belong to no trace.
 *
 * TTLOG_CONTEXT_W3C(traceparent): the same from the text of a traceparent header (W3C Trace
 * Context); NULL or text that is none: to no trace.
 *
 * Both are declarations, and end as TTLOG_SPAN does. They work whether a collector is there or not,
 * and a block takes some 15 ns then, 50 ns with one. If one attaches within the block, the context
 * is known from the next event of this executable or library on. Events themselves take no longer
 * within such a block.
 */
#define TTLOG_CONTEXT(trace_id, span_id) TTLOG__CONTEXT(trace_id, span_id)
#define TTLOG_CONTEXT_W3C(traceparent)   TTLOG__CONTEXT_W3C(traceparent)

/* Whether a mark of that LEVEL at this place would be recorded. An expression of type int, and a
 * site of its own that records nothing. Use it for work that only makes values for fields. */
#define TTLOG_ENABLED(level) TTLOG__ENABLED(__COUNTER__, TTLOG__NAME_##level, TTLOG_LEVEL_##level)

/* Asks the collector for a snapshot with that reason (a C string; its first 64 bytes count; a reason
 * of the collector's own, such as "crash", becomes "user-crash"). Does not wait for it. Without a
 * collector it does nothing. */
#define TTLOG_SNAPSHOT(reason) TTLOG__SNAPSHOT(reason)

/*
 * TTLOG_PREPARE(): prepares the calling thread for a sandbox that forbids system calls, even all
 * but read, write, exit and sigreturn (seccomp's strict mode). After it, no mark, flush or end of
 * this thread makes a system call, whether a collector records it or not. Call it once in each
 * thread that has marks and enters the sandbox; not in a signal handler; and again in a child after
 * fork(). The thread then has its buffer, even while no collector records it.
 *
 * Without it, the first recorded event of a thread calls gettid, mmap and madvise. Later events may
 * call madvise, and also mmap and munmap if an event is larger than the buffer.
 *
 * Strict mode forbids the thread to read the time stamp counter of x86; a filter does not. So after
 * TTLOG_PREPARE() its events on x86 have the time of the kernel's timer, in steps of 1 to 10 ms.
 * Their order stays. A span that is open at the call ends with a duration of 0. Before a filter
 * (SECCOMP_MODE_FILTER), call TTLOG_PREPARE_FOR_FILTER() instead: it keeps times exact.
 *
 * Two kinds of events need extra memory: an event of more than 1 KiB in a signal handler that
 * interrupted another mark, and an event larger than the buffer. One buffer is kept for them; an
 * event that finds it in use is counted as lost.
 */
#define TTLOG_PREPARE()            TTLOG__PREPARE(0)
#define TTLOG_PREPARE_FOR_FILTER() TTLOG__PREPARE(1)

/* Values for which C has no type. */
#define TTLOG_STRN(p, n)            ttlog__strn((p), (n))  /* n bytes of text at p; NULL p: null */
#define TTLOG_BYTES(p, n)           ttlog__bytes((p), (n)) /* n bytes at p; NULL p: null */
#define TTLOG_HEX(x)                ttlog__hex((uint64_t)(x)) /* an unsigned integer, shown as 0x... */
#define TTLOG_CHAR(x)               ((char)(x))               /* a character; in C, 'B' is an int */
/* units * 10^-scale, exactly: TTLOG_DECIMAL(15025, 2) is 150.25. int64_t units, scale 0 to 255. */
#define TTLOG_DECIMAL(units, scale) ttlog__decimal((units), (scale))

#endif /* not TTLOG__REFUSED */
#endif /* TTLOG_TTLOG_H */
