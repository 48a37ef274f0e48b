/* SPDX-License-Identifier: MIT */
/*
 * To which trace the events of each thread belong (TTLOG_CONTEXT), as records go by in the order of
 * time.
 *
 * A thread may have set a context in several modules. The innermost one counts: that whose block's
 * variable has the lowest address, as stacks grow down. A thread is known by its tid, because one
 * that changes its name has another number then.
 */
#ifndef TTLOG_CONTEXTS_H
#define TTLOG_CONTEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct contexts;
struct ring_copy;
struct thread;

#define CONTEXTS_NO_SLOT UINT32_MAX

/* All zeroes: none. */
struct context {
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

/* NULL with errno. */
struct contexts *contexts__new(void);
/* A copy. NULL with errno. */
struct contexts *contexts__clone(const struct contexts *contexts);
/* NULL is fine. */
void contexts__free(struct contexts *contexts);
/* The threads by their numbers; they must stay as long as the next three are called. */
void contexts__use(struct contexts *contexts, const struct thread *threads, size_t cnt);

/* That of a thread; CONTEXTS_NO_SLOT: no memory. */
uint32_t contexts__slot(struct contexts *contexts, uint32_t thread);
/* Whether a record of TTLOG_SIDE_SITE is a context. */
bool contexts__is_one(const unsigned char *fields, size_t len);
/* A record of TTLOG_SIDE_SITE; those of other kinds are ignored. Without memory the thread has no
 * context of that module. */
void contexts__take(struct contexts *contexts, uint32_t slot, uint32_t module,
		    const unsigned char *fields, size_t len);
/* The module begins a batch: if that does not begin with a context, it has none. */
void contexts__forget(struct contexts *contexts, uint32_t slot, uint32_t module);
/* All such records of a copy, whose other records do not matter. */
void contexts__take_all(struct contexts *contexts, struct ring_copy *copy);

/* Whether no thread has ever had one. */
bool contexts__are_none(const struct contexts *contexts);
/* Never NULL; valid until the next one is taken. */
const struct context *contexts__now(const struct contexts *contexts, uint32_t slot);

static inline bool context__is_set(const struct context *context)
{
	uint64_t halves[2];

	__builtin_memcpy(halves, context->trace_id, sizeof(halves));
	return halves[0] | halves[1];
}

#endif /* TTLOG_CONTEXTS_H */
