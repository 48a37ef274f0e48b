/* SPDX-License-Identifier: MIT */
/*
 * The child: gives up its rights, then answers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child_process.h"
#include "dwarf.h"
#include "dwarf_names.h"
#include "fd_message.h"
#include "parser_rights.h"
#include "unwind_child.h"

/* It ends when it holds more, and the next one begins anew. */
#define KEEP_BYTES (256ull << 20)

union request {
	uint32_t kind; /* enum unwind_kind */
	struct unwind_file file;
	struct {
		struct unwind_crash head;
		char rest[UNWIND_MAX_MAPPINGS * sizeof(struct mapping) +
			  UNWIND_MAX_PAGES * sizeof(struct crash_page)];
	} crash;
};

/* ---- answers ---- */

struct teller {
	int socket;
	uint64_t ip;
	bool symbols_only;
};

static void tell(const struct teller *teller, const struct unwind_told *told)
{
	if (send(teller->socket, told, sizeof(*told), MSG_NOSIGNAL) != sizeof(*told))
		_exit(1);
}

static void tell_name(void *ctx, const struct dwarf_name *name)
{
	const struct teller *teller = ctx;
	struct unwind_told told = {
		.kind = name->is_inlined ? UNWIND_INLINED : UNWIND_NAME,
		.line = name->file ? name->line : 0,
		.ip = teller->ip,
	};

	if (teller->symbols_only)
		told.kind = UNWIND_SYMBOL;
	if (name->symbol && name->is_inlined)
		(void)snprintf(told.symbol, sizeof(told.symbol), "%s", name->symbol);
	else if (name->symbol)
		/* cut, so that the offset fits after the name of a template */
		(void)snprintf(told.symbol, sizeof(told.symbol), "%.1900s+0x%" PRIx64, name->symbol,
			       name->offset);
	if (name->file)
		(void)snprintf(told.file, sizeof(told.file), "%s", name->file);
	tell(teller, &told);
}

/* Adds the kernel's frames, found by frame pointers, from `from` on. */
static size_t append_frames(const struct crash *crash, size_t from, struct dwarf_step *steps,
			    size_t cnt)
{
	for (; from < crash->frame_cnt && cnt < CRASH_MAX_FRAMES; from++)
		steps[cnt++] =
			(struct dwarf_step){ .ip = crash->frames[from].ip, .is_call = from != 0 };
	return cnt;
}

/* The kernel's frame with the step's address; frame_cnt if there is none. */
static size_t find_frame(const struct crash *crash, const struct dwarf_step *step)
{
	size_t at = 0;

	while (at < crash->frame_cnt && crash->frames[at].ip != step->ip)
		at++;
	return at;
}

/* If unwinding ended too early, the kernel's frames may go on. They follow the last step if they
 * have it; else they replace the steps if there are more of them. */
static size_t find_steps(struct dwarf *dwarf, const struct crash *crash, struct dwarf_step *steps,
			 enum crash_cut *ret_cut)
{
	bool whole;
	size_t cnt = dwarf__walk(dwarf, crash, steps, CRASH_MAX_FRAMES, &whole, ret_cut);
	size_t met = cnt ? find_frame(crash, &steps[cnt - 1]) : crash->frame_cnt;

	if (cnt && (whole || met + 1 == crash->frame_cnt))
		return cnt;
	if (met < crash->frame_cnt)
		cnt = append_frames(crash, met + 1, steps, cnt);
	else if (cnt > crash->frame_cnt)
		return cnt;
	else
		cnt = append_frames(crash, 0, steps, 0);
	/* why these end is not known, except for lack of room */
	*ret_cut = cnt == CRASH_MAX_FRAMES ? CRASH_CUT_FRAMES : CRASH_CUT_NONE;
	return cnt;
}

static void tell_type(const struct teller *teller, const char *mangled)
{
	struct unwind_told told = { .kind = UNWIND_TYPE };
	char *name = mangled[0] ? dwarf_names__type(mangled) : NULL;

	if (!name)
		return;
	(void)snprintf(told.symbol, sizeof(told.symbol), "%s", name);
	free(name);
	tell(teller, &told);
}

/* The most important first: the child may be ended at any time. */
static void answer(struct dwarf *dwarf, const struct crash *crash, const char *type, int socket)
{
	struct dwarf_step steps[UNWIND_MAX_STEPS];
	struct teller teller = { .socket = socket };
	enum crash_cut cut = CRASH_CUT_NONE;
	size_t inner_cnt, cnt;

	/* quick, unless the name is made to take long */
	tell_type(&teller, type);
	cnt = inner_cnt = find_steps(dwarf, crash, steps, &cut);
	tell(&teller, &(struct unwind_told){ .kind = UNWIND_CUT, .line = cut });
	if (cut != CRASH_CUT_NONE && crash->outer_start)
		cnt += dwarf__walk_outer(dwarf, crash, steps, inner_cnt, steps + cnt,
					 CRASH_MAX_OUTER);
	for (size_t i = 0; i < cnt; i++)
		tell(&teller, &(struct unwind_told){ .kind = UNWIND_STEP,
						     .ip = steps[i].ip,
						     .is_interrupted = i && !steps[i].is_call,
						     .is_outer = i >= inner_cnt });
	for (int whole = 0; whole < 2; whole++) {
		teller.symbols_only = !whole;
		for (size_t i = 0; i < cnt; i++) {
			teller.ip = steps[i].ip;
			dwarf__name(dwarf, crash, &steps[i], whole, tell_name, &teller);
		}
	}
	tell(&teller, &(struct unwind_told){ .kind = UNWIND_DONE });
}

/* ---- questions ---- */

/* A message of the parent. */
static size_t receive(int socket, union request *request, int *ret_fd)
{
	const ssize_t len = fd_message__receive(socket, request, sizeof(*request), ret_fd, 0);

	if (len < (ssize_t)sizeof(request->kind))
		_exit(0);
	return (size_t)len;
}

/* Restores the crash's pointers: its tables follow it in the message. */
static void take_crash(union request *request, struct dwarf *dwarf, int socket)
{
	struct unwind_crash *head = &request->crash.head;
	struct crash *crash = &head->crash;

	crash->mappings.items = (struct mapping *)request->crash.rest;
	crash->pages = (struct crash_page *)(crash->mappings.items + crash->mappings.cnt);
	for (size_t i = 0; i < crash->register_cnt; i++)
		crash->registers[i].name = head->registers[i];
	answer(dwarf, crash, head->type, socket);
}

bool unwind_child__is_asked(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], CHILD_PROCESS_OPTION);
}

void unwind_child__run(void)
{
	const int socket = STDIN_FILENO;
	union request *request = malloc(sizeof(*request));
	struct dwarf *dwarf = dwarf__new();
	int fd;

	parser_rights__drop(CHILD_PROCESS_NAME);
	while (request && dwarf && parser_rights__held_bytes() < KEEP_BYTES) {
		(void)receive(socket, request, &fd);
		if (request->kind == UNWIND_CRASH)
			take_crash(request, dwarf, socket);
		else if (dwarf__add_file(dwarf, request->file.build_id, request->file.path, fd,
					 request->file.symbols_only))
			break;
	}
	_exit(1);
}
