/* SPDX-License-Identifier: MIT */
/*
 * ttlog: marks for the flight recorder. Include this; there is nothing to link and nothing to call.
 *
 *	#define TTLOG_SERVICE "my-service"
 *	#include <ttlog/ttlog.h>
 *
 *	TTLOG_PROBE(trade_executed, INFO, "Trade executed", "symbol", sym, "quantity", 1000);
 *	TTLOG_INFO("Server starting", "port", 8080);
 *	TTLOG_SPAN(handle_request, INFO, "path", path);
 *	if (TTLOG_ENABLED(DEBUG)) { ... }
 *
 * Until ttlog-collect records the site, a mark costs one compare of a word in memory with zero, and
 * its field expressions are not evaluated. Then the event goes into a buffer of its thread.
 *
 * Works in C (gnu11, c11 and up; gnu99, too) and C++ (17 and up), with gcc and clang, on x86-64 and
 * arm64 Linux; elsewhere the marks compile to nothing.
 *
 * May stand before or after any other include, a config.h that defines _GNU_SOURCE and the like, too:
 * it includes no header of libc, only <stddef.h>, which is the compiler's, and the kernel's numbers. A
 * file that includes it and has no mark is not a byte larger for it.
 */
#ifndef TTLOG_TTLOG_H
#define TTLOG_TTLOG_H

#include "refused.h"

#ifndef TTLOG__REFUSED

#include "abi.h"
#include "macro.h"
#include "field.h"
#include "site.h"
#include "batch.h"
#include "span.h"

/*
 * Knobs, each a macro to define before the include:
 *
 * TTLOG_SERVICE      "name": what the program calls itself; also the provider of its USDT probes.
 *                    Letters, digits, _ - and . only. Default: the program's name; provider ttlog.
 * TTLOG_BATCH_BYTES  size of a thread's buffer, 4096 to 262144 bytes. Per executable or shared
 *                    library: all its files should agree. Default: 32768, and those of threads that
 *                    fill it within a millisecond or so grow up to 262144, all of a module together
 *                    by at most 4 MiB. What you set stays, up to TTLOG_BATCH_GROWN_BYTES if you set
 *                    that, too. A program that locks its memory (mlockall) has all of it locked.
 * TTLOG_OFF          compiles the marks out, of this file or, as -DTTLOG_OFF, of all: their arguments
 *                    are checked, used as far as warnings go, and never evaluated; nothing of a mark
 *                    is in the program, and TTLOG_ENABLED is 0.
 * TTLOG_TARGET       "part.of.program": may be defined and redefined anywhere, counts where a mark
 *                    stands. Default: the file's name without suffix.
 */

/*
 * An event: TTLOG_PROBE(name, LEVEL, "message", "key", value, ...)
 *
 * name     an identifier: the probe's name, also for bpftrace, perf, gdb and systemtap
 * LEVEL    TRACE, DEBUG, INFO, WARN, ERROR or FATAL; macros of these names don't matter
 * message  a string literal
 * keys     string literals; 0 to 16 fields
 * values   bool, char, integers of 8 to 64 bits, float, double, pointers, C strings (NULL is
 *          recorded as null), or TTLOG_STRN, TTLOG_BYTES, TTLOG_HEX, TTLOG_DECIMAL, TTLOG_CHAR (in C
 *          'B' is an int, and recorded as 66; a variable of type char is a char); in C++ also
 *          enums and whatever has data() and size() of char. Strings over 4,000 bytes are cut and
 *          marked as cut. Each is evaluated once where the site is enabled, else not at all, and
 *          what it points into need not outlive the mark: `name().c_str()` is fine.
 *
 * The first 12 values are the USDT probe's arguments, 64 bits each: floating point as its bits,
 * strings and bytes as their address, decimals as their units.
 */
#define TTLOG_PROBE(name, level, ...) TTLOG__EVENT(#name, TTLOG_LEVEL_##level, __VA_ARGS__)

/* TTLOG_INFO("message", "key", value, ...): as TTLOG_PROBE, the probe's name is `info`. */
#define TTLOG_TRACE(...) TTLOG__EVENT("trace", TTLOG_LEVEL_TRACE, __VA_ARGS__)
#define TTLOG_DEBUG(...) TTLOG__EVENT("debug", TTLOG_LEVEL_DEBUG, __VA_ARGS__)
#define TTLOG_INFO(...)  TTLOG__EVENT("info", TTLOG_LEVEL_INFO, __VA_ARGS__)
#define TTLOG_WARN(...)  TTLOG__EVENT("warn", TTLOG_LEVEL_WARN, __VA_ARGS__)
#define TTLOG_ERROR(...) TTLOG__EVENT("error", TTLOG_LEVEL_ERROR, __VA_ARGS__)
#define TTLOG_FATAL(...) TTLOG__EVENT("fatal", TTLOG_LEVEL_FATAL, __VA_ARGS__)

/*
 * TTLOG_SPAN(name, LEVEL, "key", value, ...): begins now, with the fields; ends where the enclosing
 * block is left, however it is left (not by longjmp), with the duration. A declaration: stands in a
 * block of its own braces, not as the sole statement behind an if.
 */
#define TTLOG_SPAN(name, ...) TTLOG__SPAN(__COUNTER__, #name, TTLOG_LEVEL_##__VA_ARGS__)

/* Whether a mark of that LEVEL, here, would be recorded. An expression of type int, a site of its
 * own; records nothing. For work that only serves to fill fields. */
#define TTLOG_ENABLED(level) TTLOG__ENABLED(__COUNTER__, TTLOG__NAME_##level, TTLOG_LEVEL_##level)

/* Asks the collector for a snapshot with that reason (a C string; 64 bytes count). Does not wait
 * for it. Nothing where nobody records. */
#define TTLOG_SNAPSHOT(reason) TTLOG__SNAPSHOT(reason)

/*
 * TTLOG_PREPARE(): prepares the calling thread for a sandbox that forbids system calls, be it all but
 * read, write, exit and sigreturn (seccomp's strict mode). After it no mark, flush or end of this
 * thread makes one, whether it is recorded by then or later. To be called once in each thread with
 * marks that goes into the sandbox; not from a signal handler; again in a child after fork(). The
 * thread then has its buffer, recorded or not.
 *
 * Where a thread was not prepared, its first recorded event makes the calls gettid, mmap and madvise;
 * later ones may make madvise, and mmap and munmap where an event is larger than the buffer.
 *
 * Strict mode takes the time stamp counter of x86 from the thread, which no filter does. So after
 * TTLOG_PREPARE() the times of its events there are those of the kernel's timer, 1 to 10 ms apart;
 * their order stays, and a span that is open meanwhile ends with a duration of 0. Before a filter
 * (SECCOMP_MODE_FILTER) use TTLOG_PREPARE_FOR_FILTER(), which keeps them exact.
 *
 * An event of more than 1 KiB that a handler logs inside of another, or that is larger than the
 * buffer, needs memory: one buffer is kept for that, and what finds it taken is counted as lost.
 */
#define TTLOG_PREPARE()            TTLOG__PREPARE(0)
#define TTLOG_PREPARE_FOR_FILTER() TTLOG__PREPARE(1)

/* Values that no type of C stands for. */
#define TTLOG_STRN(p, n)            ttlog__strn((p), (n))  /* n bytes of text at p; NULL p: null */
#define TTLOG_BYTES(p, n)           ttlog__bytes((p), (n)) /* n bytes at p; NULL p: null */
#define TTLOG_HEX(x)                ttlog__hex((uint64_t)(x)) /* an unsigned integer, shown as 0x... */
#define TTLOG_CHAR(x)               ((char)(x)) /* a character: for C's 'B', which is an int */
/* units * 10^-scale, exactly: TTLOG_DECIMAL(15025, 2) is 150.25. int64_t, 0 to 255. */
#define TTLOG_DECIMAL(units, scale) ttlog__decimal((units), (scale))

#endif /* not TTLOG__REFUSED */
#endif /* TTLOG_TTLOG_H */
