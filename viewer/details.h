/* SPDX-License-Identifier: MIT */
/*
 * How a process ended and what was lost: the header's maps `exit`, `crash` and `lost` (FORMAT.md
 * section 2) as plain structs, for all that show them.
 *
 * Parsed once, when the header is. A key that is absent, or of another type than FORMAT.md says, is
 * absent here: text has a NULL p, numbers have a has_. Counts are bounded whatever the file says.
 * All text lies where the map was parsed from, arrays in the arena: both live as long as the reader.
 */
#ifndef TTLOG_VIEW_DETAILS_H
#define TTLOG_VIEW_DETAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "event.h"
#include "token.h"

#define DETAILS_MAX_FRAMES    1024u
#define DETAILS_MAX_REGISTERS 256u
#define DETAILS_MAX_CAUSES    64u

/* {"code": N} or {"signal": "SIGSEGV", "number": 11} */
struct details_exit {
	bool is_there, has_code, has_number;
	int64_t code;
	int64_t number;
	struct text signal;
};

struct details_register {
	struct text name, value; /* the value in hex, 0x1f */
};

struct details_frame {
	struct text ip, module, build_id, offset; /* ip and offset in hex, 0x1f */
	struct text symbol;                       /* name+0x1f, or the name alone: is_inlined */
	struct text file;
	bool has_line;
	bool is_inlined; /* into the function of the next frame, whose ip it has */
	uint64_t line;
};

struct details_crash {
	bool is_there, has_number, has_code, has_tid;
	struct text signal;
	int64_t number;
	int64_t code;        /* si_code, see signals.h */
	struct text address; /* in hex; whether it means something: signal_code__has_address */
	uint64_t tid;
	struct text thread; /* its name */
	const struct details_register *registers;
	size_t register_cnt;
	const struct details_frame *frames; /* the innermost first */
	size_t frame_cnt;
	uint64_t register_more, frame_more; /* so many were not kept, or are not valid */
};

struct details_cause {
	struct text name;
	uint64_t cnt;
};

struct details_lost {
	bool is_there;
	uint64_t total;                     /* as the file says it */
	const struct details_cause *causes; /* without the total; counts may be 0 */
	size_t cause_cnt;
};

/* Each reads a map that token__check() has passed. Returns 0 or -ENOMEM: then ret is empty. */
int details__parse_exit(struct details_exit *ret, struct token_in map);
int details__parse_crash(struct details_crash *ret, struct token_in map, struct arena *arena);
int details__parse_lost(struct details_lost *ret, struct token_in map, struct arena *arena);

#endif /* TTLOG_VIEW_DETAILS_H */
