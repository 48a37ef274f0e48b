/* SPDX-License-Identifier: MIT */
/*
 * A block is a run of instructions that begins where a jump leads to. Each is followed once. An
 * indirect jump is judged when all that can be followed has been, because then the ways that lead
 * to it are known.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "code_map.h"
#include "code_parts.h"
#include "decoder.h"
#include "elf_file.h"
#include "function_exits.h"
#include "indirect_jump.h"

#define MAX_BLOCKS (1u << 18)

struct block {
	uint64_t start;
	uint64_t from; /* the instruction that jumps there; 0: not known */
	bool is_gap;   /* nothing that is known jumps there */
};

struct function_exits {
	struct function_list *list;
	struct code_map map;
	struct decoder decoder;
	uint64_t budget; /* bytes of code that may still be decoded */

	/* of the function that is looked at */
	const struct function *function;
	struct code_parts parts;
	struct block *blocks;
	size_t block_cnt, block_cap, followed_cnt;
	uint64_t *indirect; /* indirect jumps */
	size_t indirect_cnt, indirect_cap, judged_cnt;
	struct function_exit *found;
	size_t cnt, cap;
	uint64_t swept; /* all before this has been looked at for gaps: in part swept_part */
	size_t swept_part;
	bool has_hidden; /* there is code that no instruction shows the way to */
	char *why;
	size_t why_size;
};

struct function_exits *function_exits__new(struct function_list *list)
{
	struct function_exits *exits = calloc(1, sizeof(*exits));
	int err;

	if (!exits)
		return NULL;
	exits->list = list;
	exits->budget = FUNCTION_EXITS_BYTES;
	err = decoder__init(&exits->decoder, list->file->header.e_machine);
	if (!err)
		err = code_map__read(&exits->map, list->file);
	if (!err)
		return exits;
	function_exits__free(exits);
	errno = -err;
	return NULL;
}

void function_exits__free(struct function_exits *exits)
{
	if (!exits)
		return;
	decoder__fini(&exits->decoder);
	code_parts__clear(&exits->parts);
	free(exits->blocks);
	free(exits->indirect);
	free(exits->found);
	free(exits);
}

/* ---- why a function has no known exits ---- */

__attribute__((format(printf, 2, 3))) static int refuse(struct function_exits *exits,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(exits->why, exits->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

/* The distance from the function's start, for messages. */
static struct place_text {
	char text[32];
} place(const struct function_exits *exits, uint64_t vaddr)
{
	const int64_t distance = (int64_t)(vaddr - exits->function->vaddr);
	struct place_text place;

	(void)snprintf(place.text, sizeof(place.text), "%c0x%" PRIx64, distance < 0 ? '-' : '+',
		       (uint64_t)(distance < 0 ? -distance : distance));
	return place;
}

/* ---- what is to follow ---- */

static int queue(struct function_exits *exits, uint64_t start, uint64_t from, bool is_gap)
{
	if (exits->block_cnt == MAX_BLOCKS)
		return refuse(exits, "it has too many jumps");
	if (array__reserve(exits->blocks, exits->block_cnt + 1, &exits->block_cap))
		return -ENOMEM;
	exits->blocks[exits->block_cnt++] =
		(struct block){ .start = start, .from = from, .is_gap = is_gap };
	return 0;
}

static int add_exit(struct function_exits *exits, uint64_t vaddr, bool is_jump,
		    const struct code_instruction *instruction)
{
	const struct code_part *part = code_parts__find(&exits->parts, vaddr);

	if (instruction->is_bad_place)
		return refuse(exits, "the kernel can't probe the instruction at %s",
			      place(exits, vaddr).text);
	if (exits->cnt == FUNCTION_MAX_EXITS)
		return refuse(exits, "it has more than %u exits", FUNCTION_MAX_EXITS);
	if (array__reserve(exits->found, exits->cnt + 1, &exits->cap))
		return -ENOMEM;
	exits->found[exits->cnt++] = (struct function_exit){
		.offset = part->offset + (vaddr - part->vaddr),
		.is_jump = is_jump,
	};
	return 0;
}

static int add_part(struct function_exits *exits, uint64_t vaddr, uint64_t bytes)
{
	int err;

	if (bytes > FUNCTION_MAX_BYTES)
		return refuse(exits, "it has more than 1 MiB of code");
	if (bytes > exits->budget)
		return refuse(exits, "this file's functions have too much code");
	exits->budget -= bytes;
	err = code_parts__add(&exits->parts, exits->list->file, vaddr, bytes);
	if (err == -EINVAL || err == -E2BIG || err == -ENODATA)
		return refuse(exits, "its code is not in one piece, at %s",
			      place(exits, vaddr).text);
	return err;
}

/* Whether a jump there leaves the function for good: to where another one begins. */
static bool is_other_function(const struct function_exits *exits, uint64_t vaddr)
{
	return function_list__at(exits->list, vaddr) || code_map__is_stub(&exits->map, vaddr);
}

/* Where the compiler says that control never comes it jumps to after the end. */
static bool is_never(const struct function_exits *exits, uint64_t vaddr)
{
	const struct code_part *part = &exits->parts.items[0];

	return vaddr == part->vaddr + part->bytes;
}

/*
 * A jump to a piece that lies elsewhere and has no symbol. That is cold code, which is followed, or,
 * in a file without all its symbols, another function: these are aligned, cold code is not.
 */
static int go_to_piece(struct function_exits *exits, const struct code_instruction *jump,
		       uint64_t from, uint64_t target)
{
	struct code_range range;
	int err;

	if (!code_map__find(&exits->map, target, &range))
		return refuse(exits, "it jumps to unknown code, at %s", place(exits, from).text);
	if (jump->kind != CODE_BRANCH && range.vaddr == target && target % 16 == 0)
		return add_exit(exits, from, true, jump);
	err = add_part(exits, range.vaddr, range.bytes);
	return err ? err : queue(exits, target, from, false);
}

/* A jump; from: its address. */
static int go_to(struct function_exits *exits, const struct code_instruction *jump, uint64_t from,
		 uint64_t target)
{
	const bool is_start = target == exits->function->vaddr;
	const bool is_other = is_other_function(exits, target);

	/* a call of itself in its own place */
	if (is_start && jump->kind != CODE_BRANCH)
		return add_exit(exits, from, true, jump);
	if (is_start || code_parts__find(&exits->parts, target))
		return queue(exits, target, from, false);
	if (is_other && jump->kind == CODE_BRANCH)
		return refuse(exits, "a conditional jump to another function at %s",
			      place(exits, from).text);
	if (is_other)
		return add_exit(exits, from, true, jump);
	if (is_never(exits, target))
		return 0;
	return go_to_piece(exits, jump, from, target);
}

static int add_indirect(struct function_exits *exits, uint64_t vaddr)
{
	if (array__reserve(exits->indirect, exits->indirect_cnt + 1, &exits->indirect_cap))
		return -ENOMEM;
	exits->indirect[exits->indirect_cnt++] = vaddr;
	return 0;
}

/* ---- following ---- */

/* One instruction has been decoded. Returns 1: the next one follows; 0: none; or an error. */
static int take(struct function_exits *exits, uint64_t vaddr,
		const struct code_instruction *instruction)
{
	int err;

	switch (instruction->kind) {
	case CODE_BRANCH:
		err = go_to(exits, instruction, vaddr, instruction->target);
		return err ? err : 1;
	case CODE_JUMP:
		return go_to(exits, instruction, vaddr, instruction->target);
	case CODE_INDIRECT:
		return add_indirect(exits, vaddr);
	case CODE_RETURN:
		return add_exit(exits, vaddr, false, instruction);
	case CODE_STOP:
		return 0;
	default:
		return 1;
	}
}

/* The end of a part: after a call that does not return, or after padding, nothing follows. */
static int run_off(struct function_exits *exits, uint64_t vaddr, bool after_call)
{
	if (after_call)
		return 0;
	if (code_parts__find(&exits->parts, vaddr))
		return queue(exits, vaddr, 0, false);
	return refuse(exits, "it goes on in the code after it, at %s", place(exits, vaddr).text);
}

/* Whether it may begin at a byte inside another instruction: after a prefix. */
static bool follows_prefix(const struct code_part *part, uint64_t at)
{
	return at && part->code[at - 1] == 0xf0 && part->marks[at - 1] == CODE_START;
}

static int follow(struct function_exits *exits, const struct block *block)
{
	struct code_part *part = code_parts__find(&exits->parts, block->start);
	uint64_t at = block->start - part->vaddr;
	bool after_call = block->is_gap;
	int result = 1;

	while (result == 1) {
		const uint64_t vaddr = part->vaddr + at;
		struct code_instruction instruction;

		if (at == part->bytes)
			return run_off(exits, vaddr, after_call);
		if (part->marks[at] == CODE_START)
			return 0;
		if (part->marks[at] == CODE_INSIDE && !follows_prefix(part, at))
			return refuse(exits, "a jump into an instruction at %s",
				      place(exits, vaddr).text);
		if (!decoder__next(&exits->decoder, part->code + at, part->bytes - at, vaddr,
				   &instruction))
			return refuse(exits, "what is at %s is no instruction",
				      place(exits, vaddr).text);
		if (code_part__mark(part, vaddr, instruction.bytes, instruction.has_lock))
			return refuse(exits, "instructions overlap at %s",
				      place(exits, vaddr).text);
		if (instruction.kind != CODE_NOP)
			after_call = instruction.kind == CODE_CALL;
		result = take(exits, vaddr, &instruction);
		/* a new part may have moved none of them: they stay where they are */
		at += instruction.bytes;
	}
	return result;
}

/* ---- indirect jumps ---- */

static const struct block *find_block(const struct function_exits *exits, uint64_t start)
{
	for (size_t i = 0; i < exits->block_cnt; i++) {
		if (exits->blocks[i].start == start && exits->blocks[i].from)
			return &exits->blocks[i];
	}
	return NULL;
}

static bool goes_on(struct function_exits *exits, const struct code_part *part, uint64_t vaddr,
		    uint64_t next)
{
	const uint64_t at = vaddr - part->vaddr;
	struct code_instruction instruction;

	return decoder__next(&exits->decoder, part->code + at, part->bytes - at, vaddr,
			     &instruction) &&
	       instruction.kind <= CODE_BRANCH && vaddr + instruction.bytes == next;
}

/* The instruction that leads to this one; 0: none that is known. */
static uint64_t leads_to(struct function_exits *exits, uint64_t vaddr)
{
	const struct code_part *part = code_parts__find(&exits->parts, vaddr);
	const uint64_t before = code_part__before(part, vaddr);
	const struct block *block;

	if (before != UINT64_MAX && goes_on(exits, part, before, vaddr))
		return before;
	block = find_block(exits, vaddr);
	return block ? block->from : 0;
}

static void find_path(struct function_exits *exits, uint64_t vaddr, struct indirect_path *path)
{
	*path = (struct indirect_path){ .cnt = 0 };
	while (vaddr && path->cnt < INDIRECT_MAX_STEPS) {
		const struct code_part *part = code_parts__find(&exits->parts, vaddr);
		const uint64_t at = vaddr - part->vaddr;

		path->steps[path->cnt++] = (struct indirect_step){
			.vaddr = vaddr,
			.code = part->code + at,
			.bytes = (uint32_t)(part->bytes - at < 16 ? part->bytes - at : 16),
		};
		path->is_from_start = vaddr == exits->function->vaddr;
		if (path->is_from_start)
			return;
		vaddr = leads_to(exits, vaddr);
	}
}

/* By the first address in a table. */
static enum indirect_verdict judge_table(struct function_exits *exits, uint64_t table)
{
	uint64_t offset, first;

	if (elf_file__offset(exits->list->file, table, sizeof(first), 0, &offset) ||
	    elf_file__read(exits->list->file, offset, &first, sizeof(first)) || !first)
		return INDIRECT_UNKNOWN; /* the linker fills it in when the file is loaded */
	return code_parts__find(&exits->parts, first) ? INDIRECT_STAYS : INDIRECT_LEAVES;
}

static int judge(struct function_exits *exits, uint64_t vaddr)
{
	const struct code_part *part = code_parts__find(&exits->parts, vaddr);
	enum indirect_verdict verdict;
	struct code_instruction jump;
	struct indirect_path path;
	uint64_t known = 0;

	(void)decoder__next(&exits->decoder, part->code + (vaddr - part->vaddr),
			    part->bytes - (vaddr - part->vaddr), vaddr, &jump);
	find_path(exits, vaddr, &path);
	verdict = indirect_jump__judge(&exits->decoder, &path, &known);
	if (verdict == INDIRECT_TABLE)
		verdict = judge_table(exits, known);
	switch (verdict) {
	case INDIRECT_STAYS:
		exits->has_hidden = true;
		return 0;
	case INDIRECT_LEAVES:
		return add_exit(exits, vaddr, true, &jump);
	case INDIRECT_KNOWN:
		return go_to(exits, &jump, vaddr, known);
	default:
		return refuse(exits, "an indirect jump at %s", place(exits, vaddr).text);
	}
}

/* ---- gaps ---- */

static bool is_padding(const struct code_part *part, uint64_t at)
{
	return part->code[at] == 0 || part->code[at] == 0xcc;
}

/* Queues the next gap. 1; 0: there is none; -ENOMEM. */
static int queue_gap(struct function_exits *exits)
{
	const uint64_t step = exits->decoder.machine == EM_AARCH64 ? 4 : 1;

	for (; exits->swept_part < exits->parts.cnt; exits->swept_part++, exits->swept = 0) {
		const struct code_part *part = &exits->parts.items[exits->swept_part];

		for (; exits->swept < part->bytes; exits->swept += step) {
			int err;

			if (part->marks[exits->swept] != CODE_UNKNOWN ||
			    is_padding(part, exits->swept))
				continue;
			err = queue(exits, part->vaddr + exits->swept, 0, true);
			return err ? err : 1;
		}
	}
	return 0;
}

/* ---- one function ---- */

static int follow_all(struct function_exits *exits)
{
	int err = 0, more = 1;

	while (!err && more) {
		more = 0;
		while (!err && exits->followed_cnt < exits->block_cnt) {
			const struct block block = exits->blocks[exits->followed_cnt++];

			err = follow(exits, &block);
		}
		if (!err && exits->judged_cnt < exits->indirect_cnt) {
			err = judge(exits, exits->indirect[exits->judged_cnt++]);
			more = 1;
		} else if (!err && exits->has_hidden) {
			more = queue_gap(exits);
			err = more < 0 ? more : 0;
		}
	}
	return err;
}

/* Its cold code, which may be reached only by handlers. */
/* Whether the file's own table has a function, or a piece of one, that begins there. */
static bool has_entry(const struct function_exits *exits, uint64_t vaddr, struct code_range *ret)
{
	return code_map__find(&exits->map, vaddr, ret) && ret->vaddr == vaddr;
}

static int add_cold(void *ctx, const struct function *cold)
{
	struct function_exits *exits = ctx;
	struct code_range range;

	if (!cold->bytes || code_parts__find(&exits->parts, cold->vaddr))
		return 0;
	if (!exits->list->is_doubtful)
		return add_part(exits, cold->vaddr, cold->bytes);
	if (!has_entry(exits, cold->vaddr, &range))
		return refuse(exits, "its symbols are a server's, and its unwinding table has no "
				     "such piece");
	return add_part(exits, range.vaddr, range.bytes);
}

static void begin(struct function_exits *exits, const struct function *function, char *why,
		  size_t size)
{
	code_parts__clear(&exits->parts);
	exits->function = function;
	exits->block_cnt = exits->followed_cnt = 0;
	exits->indirect_cnt = exits->judged_cnt = 0;
	exits->cnt = 0;
	exits->swept = 0;
	exits->swept_part = 0;
	exits->has_hidden = exits->map.has_handlers;
	exits->why = why;
	exits->why_size = size;
}

/* A uprobe in the middle of an instruction would harm the program. */
#define NO_ENTRY                                                                                   \
	"its symbol is a server's, and in the unwinding table of the program no function begins "  \
	"there"

static int add_main(struct function_exits *exits)
{
	const struct function *function = exits->function;
	struct code_range range;

	if (function->bytes && !exits->list->is_doubtful)
		return add_part(exits, function->vaddr, function->bytes);
	if (!has_entry(exits, function->vaddr, &range))
		return refuse(exits, function->bytes ? NO_ENTRY : "how long it is is not known");
	return add_part(exits, range.vaddr, range.bytes);
}

static int check_start(struct function_exits *exits)
{
	const struct code_part *part = &exits->parts.items[0];
	struct code_instruction first;

	if (!decoder__next(&exits->decoder, part->code, part->bytes, part->vaddr, &first))
		return refuse(exits, "what it begins with is no instruction");
	if (first.is_bad_place)
		return refuse(exits, "the kernel can't probe its first instruction");
	return 0;
}

int function_exits__find(struct function_exits *exits, const struct function *function,
			 const struct function_exit **ret_list, size_t *ret_cnt, char *ret_why,
			 size_t size)
{
	int err;

	begin(exits, function, ret_why, size);
	err = add_main(exits);
	if (!err)
		err = check_start(exits);
	if (!err)
		err = function_list__each_cold(exits->list, function, add_cold, exits);
	if (!err)
		err = queue(exits, function->vaddr, 0, false);
	if (!err)
		err = follow_all(exits);
	if (err)
		return err;
	*ret_list = exits->found;
	*ret_cnt = exits->cnt;
	return 0;
}

int function_exits__check_start(struct function_exits *exits, const struct function *function,
				char *ret_why, size_t size)
{
	uint64_t bytes = function->bytes && function->bytes < 16 ? function->bytes : 16, offset;
	struct code_range range;
	int err;

	begin(exits, function, ret_why, size);
	if (exits->list->is_doubtful && !has_entry(exits, function->vaddr, &range))
		return refuse(exits, NO_ENTRY);
	while (bytes && elf_file__offset(exits->list->file, function->vaddr, bytes, PF_X, &offset))
		bytes--;
	err = code_parts__add(&exits->parts, exits->list->file, function->vaddr, bytes);
	if (err == -ENODATA || err == -EINVAL)
		return refuse(exits, "the file has no code for it");
	return err ? err : check_start(exits);
}
