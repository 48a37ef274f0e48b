/* SPDX-License-Identifier: MIT */
/*
 * The kernel's messages about a death, stored in a struct crash.
 */
#ifndef TTLOG_DEATH_H
#define TTLOG_DEATH_H

struct crash;
struct wire_crash;
struct wire_end;
struct wire_fault;
struct wire_other;
struct wire_stack;
struct wire_thrown;

/* Stores what the message says, and opens no file. An earlier crash stays: the first one counts. */
/* What it has as registers, by name; their values are 0. */
void death__name_registers(struct crash *crash);
void death__take_crash(struct crash *crash, const struct wire_crash *message);
/* Another thread, whose handler may have sent the signal that killed the process. If it has,
 * autopsy__resolve() makes it the thread that crashed. */
void death__take_reporter(struct crash *crash, const struct wire_crash *message);
/* A signal that either thread took before. autopsy__resolve() finds whether its handler still
 * ran. */
void death__take_fault(struct crash *crash, const struct wire_fault *message);
/* A part of the stack of either thread. Those of other threads are ignored. */
void death__take_stack(struct crash *crash, const struct wire_stack *message);
/* Where another thread was. */
void death__take_other(struct crash *crash, const struct wire_other *message);
/* The exception that it had thrown. */
void death__take_thrown(struct crash *crash, const struct wire_thrown *message);
void death__take_end(struct crash *crash, const struct wire_end *end);

#endif /* TTLOG_DEATH_H */
