/* SPDX-License-Identifier: MIT */
/*
 * A jump to an address in a register or in memory: whether it leaves the function, as a call of
 * another one that takes its place does, or goes on in it, as that of a switch does.
 *
 * What is known is the way that leads to it: the instructions before it, back from one to the one
 * that comes before it or jumps to it.
 */
#ifndef TTLOG_INDIRECT_JUMP_H
#define TTLOG_INDIRECT_JUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decoder.h"

#define INDIRECT_MAX_STEPS 64u

struct indirect_step {
	uint64_t vaddr;
	const uint8_t *code;
	uint32_t bytes;
};

struct indirect_path {
	struct indirect_step steps[INDIRECT_MAX_STEPS]; /* the jump; then what comes before it */
	size_t cnt;
	bool is_from_start; /* the last one is the function's first instruction */
};

enum indirect_verdict {
	INDIRECT_UNKNOWN = 0,
	INDIRECT_STAYS = 1,
	INDIRECT_LEAVES = 2,
	INDIRECT_TABLE = 3, /* to one of the addresses in a table */
	INDIRECT_KNOWN = 4, /* to an address that is known */
};

/* ret_vaddr: of the table, or of the target. */
enum indirect_verdict indirect_jump__judge(struct decoder *decoder,
					   const struct indirect_path *path, uint64_t *ret_vaddr);

/* For each machine. */
enum indirect_verdict indirect_x86__judge(struct decoder *decoder, const struct indirect_path *path,
					  uint64_t *ret_vaddr);
enum indirect_verdict indirect_arm64__judge(struct decoder *decoder,
					    const struct indirect_path *path, uint64_t *ret_vaddr);

#endif /* TTLOG_INDIRECT_JUMP_H */
