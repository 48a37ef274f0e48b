/* SPDX-License-Identifier: MIT */
/*
 * What a stop of a traced thread means: at a system call, and before a signal.
 */
#ifndef TTLOG_CALL_STOP_H
#define TTLOG_CALL_STOP_H

#include <stdbool.h>

struct call_stop;
struct tracer_stop;

/* At the entry: whether the call maps code from a file. */
bool call_stop__maps_code(const struct call_stop *stop);

/*
 * At the entry: whether the call is one that a dynamic linker makes many times before it is done,
 * and that never waits.
 */
bool call_stop__is_of_linking(const struct call_stop *stop);

/* At a stop before a signal: whether a linker's probe may have sent it (bpf/launch.bpf.h). */
bool call_stop__is_of_linker(const struct tracer_stop *stop);

#endif /* TTLOG_CALL_STOP_H */
