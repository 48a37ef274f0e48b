/* SPDX-License-Identifier: MIT */
/*
 * From the kernel's crash message to a crash report: names for numbers.
 */
#ifndef TTLOG_DEATH_H
#define TTLOG_DEATH_H

#include <stdint.h>

struct crash;
struct wire_crash;
struct wire_end;
struct wire_fault;
struct wire_other;
struct wire_stack;
struct wire_thrown;

/* What the message says; no file is opened. An earlier crash in it stays: the first one counts. */
void death__take_crash(struct crash *crash, const struct wire_crash *message);
/* Another thread, whose handler may have sent the signal that the crashed one died of: then
 * autopsy__resolve() makes it the one that crashed. */
void death__take_reporter(struct crash *crash, const struct wire_crash *message);
/* What a handler of either thread took before: autopsy__resolve() finds whether it still ran. */
void death__take_fault(struct crash *crash, const struct wire_fault *message);
/* A part of the stack of either; any other thread's is of no use. */
void death__take_stack(struct crash *crash, const struct wire_stack *message);
/* Where another thread was. */
void death__take_other(struct crash *crash, const struct wire_other *message);
/* What it had thrown. */
void death__take_thrown(struct crash *crash, const struct wire_thrown *message);
void death__take_end(struct crash *crash, const struct wire_end *end);

#endif /* TTLOG_DEATH_H */
