/* SPDX-License-Identifier: MIT */
/* The library of contexts.c: a module of its own, with marks and contexts of its own. */
#ifndef CONTEXTSLIB_H
#define CONTEXTSLIB_H

/* Logs `lib` so many times. */
void contextslib__log(int n, int times);
/* Calls it in a block with that context. */
void contextslib__call(const unsigned char *trace_id, const unsigned char *span_id,
		       void (*call)(void));

#endif /* CONTEXTSLIB_H */
