/* SPDX-License-Identifier: MIT */
/*
 * Probes that are not ours: how the BPF program reads the values of one. The collector writes a
 * struct wire_place for each place (a uprobe's instruction) into map `places`.
 */
#ifndef TTLOG_FOREIGN_WIRE_H
#define TTLOG_FOREIGN_WIRE_H

#include "ttlog/abi.h"

#define WIRE_MAX_STEPS   4
#define WIRE_NO_REGISTER 0xff
#define WIRE_MAX_PLACES  65536 /* in all files together */
#define WIRE_PLACE_SLOTS 1024  /* a power of two */
#define WIRE_PLACE_SLOT(cookie)                                                                    \
	((uint32_t)((cookie) + ((cookie) >> 32) * 61) & (WIRE_PLACE_SLOTS - 1))

/* Where a value begins. */
enum wire_value_from {
	WIRE_NOTHING = 0,  /* it can't be read at this place: null */
	WIRE_CONSTANT = 1, /* offset */
	WIRE_REGISTER = 2, /* (register base >> shift) + offset; shift: 8 for %ah and the like */
	WIRE_MEMORY = 3,   /* the bytes at register base + (register index << shift) + offset */
};

enum wire_text {
	WIRE_NO_TEXT = 0,
	WIRE_TEXT = 1, /* the value is the address of a zero-terminated text */
	WIRE_TEXT_AT =
		2, /* the last step is not loaded: the text is there (an array in a struct) */
	/* as WIRE_TEXT, and the next value is how many bytes it has at most: there may be no zero */
	WIRE_TEXT_UP_TO = 3,
};

struct wire_value {
	uint8_t from;      /* enum wire_value_from */
	uint8_t bytes;     /* 1, 2, 4, 8: of what is loaded last, or kept of the register */
	uint8_t is_signed; /* it is widened to 64 bits */
	uint8_t text;      /* enum wire_text */
	/* words of the kernel's struct pt_regs (arm64: user_pt_regs); or WIRE_NO_REGISTER */
	uint8_t base, index;
	uint8_t shift;
	uint8_t step_cnt;
	/* each: the value so far, plus the step, is an address. 8 bytes are loaded from there; by
	 * the last step `bytes` */
	int32_t steps[WIRE_MAX_STEPS];
	int64_t offset;
};

enum wire_place_kind {
	WIRE_PLACE_EVENT = 1,
	WIRE_PLACE_BEGIN = 2,  /* of a span: the first instruction of a function */
	WIRE_PLACE_RETURN = 3, /* its end: a return instruction */
	WIRE_PLACE_JUMP = 4,   /* its end: a jump to another function; it returns no value here */
	WIRE_PLACE_STACK = 5,  /* a mark of our own, whose event gets a stack (--stack) */
};

/*
 * At places that end a span, the stack pointer is what it was at the function's first instruction.
 * The BPF program compares, so a place where it may be another does no harm.
 */
struct wire_place {
	uint32_t site; /* as in records; of the end of a span, too: that of its start */
	uint8_t kind;  /* enum wire_place_kind */
	uint8_t value_cnt;
	uint8_t text_cnt;  /* of the values; kernel__put_place() sets it */
	uint8_t has_stack; /* of an event, or the start of a span: it gets a stack (--stack) */
	struct wire_value values[TTLOG_MAX_FIELDS]; /* WIRE_PLACE_RETURN: `ret`, if there is one */
};

struct wire_place_slot {
	uint64_t cookie; /* 0: free */
	struct wire_place place;
};

TTLOG_ABI_ASSERT(sizeof(struct wire_value) == 32, "a value is read as 32 bytes say");
TTLOG_ABI_ASSERT(sizeof(struct wire_place) == 8 + TTLOG_MAX_FIELDS * 32, "a place is packed");

#endif /* TTLOG_FOREIGN_WIRE_H */
