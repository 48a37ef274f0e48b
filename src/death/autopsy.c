/* SPDX-License-Identifier: MIT */
/*
 * From what was caught of a death to what is said of it: names for addresses, slowly, from files on
 * disk, and only where the build id on disk is the one that ran; which fault came first; whether it
 * was the stack's end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "crash.h"
#include "death.h"
#include "elf.h"
#include "maps.h"
#include "plain_file.h"
#include "unwind.h"

/* Their places in it. */
#if defined(__aarch64__)
#define REGISTER_SP 31
#define REGISTER_IP 32
#else
#define REGISTER_SP 7
#define REGISTER_IP 16
#endif

/* ---- mappings that nobody could read ---- */

/* The kernel tells which file a frame is in, and where in it: so where that file's code was. */
static int place_file(struct crash *crash, const struct crash_frame *frame, struct attach *attach)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int fd = attach__open(attach, frame->build_id), err;
	struct mapping *items, *mapping;
	uint64_t offset, bytes;
	char *path;

	if (fd < 0)
		return fd;
	err = elf__find_code(fd, frame->offset, &offset, &bytes);
	(void)close(fd);
	if (err)
		return err;
	bytes += offset % page;
	offset -= offset % page;
	items = reallocarray(crash->mappings.items, crash->mappings.cnt + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	crash->mappings.items = items;
	path = attach__path(attach, frame->build_id);
	if (!path)
		return -ENOMEM;
	mapping = &items[crash->mappings.cnt++];
	*mapping = (struct mapping){ .offset = offset, .path = path };
	mapping->start = frame->ip - (frame->offset - offset);
	mapping->end = mapping->start + (bytes + page - 1) / page * page;
	memcpy(mapping->build_id, frame->build_id, sizeof(mapping->build_id));
	return 0;
}

/* Of a program that was gone too soon, for the files that others have had, or -e has. */
static void place_files(struct crash *crash, const struct crash *of, struct attach *attach)
{
	for (size_t i = 0; i < of->frame_cnt; i++) {
		const struct crash_frame *frame = &of->frames[i];

		/* a frame that can't be placed is what it is without it */
		if (frame->build_id[0] && !mappings__find(&crash->mappings, frame->ip))
			(void)place_file(crash, frame, attach);
	}
}

/* ---- build ids ---- */

/* Of what stands at its path now, where that is what ran. */
static int read_build_id(struct mapping *mapping)
{
	const struct maps_entry entry = {
		.dev = mapping->dev,
		.inode = mapping->inode,
		.path = mapping->path,
	};
	int fd = maps__open_named(&entry), err;

	if (fd < 0)
		return fd;
	err = elf__read_build_id(fd, mapping->build_id);
	(void)close(fd);
	return err;
}

/* Of the files that ran, as far as they are kept open or are still there. */
static void read_build_ids(struct crash *crash, struct attach *attach)
{
	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		struct mapping *mapping = &crash->mappings.items[i];

		if (mapping->path[0] != '/' || mapping->build_id[0])
			continue;
		if (attach__find_build_id(attach, mapping->dev, mapping->inode,
					  mapping->build_id) &&
		    read_build_id(mapping))
			mapping->build_id[0] = '\0';
	}
}

/* What the kernel read in the crashing process itself counts most. */
static void learn_build_ids(struct crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		const struct crash_frame *frame = &crash->frames[i];
		struct mapping *mapping =
			frame->build_id[0] ? mappings__find(&crash->mappings, frame->ip) : NULL;

		if (mapping)
			memcpy(mapping->build_id, frame->build_id, sizeof(mapping->build_id));
	}
}

static const struct mapping *find_mapping(const struct crash *crash,
					  const struct crash_frame *frame)
{
	const struct mapping *mapping = mappings__find(&crash->mappings, frame->ip);

	if (mapping)
		return mapping;
	/* mapped after the mappings were read: the kernel's build id tells it */
	for (size_t i = 0; frame->build_id[0] && i < crash->mappings.cnt; i++) {
		if (strcmp(crash->mappings.items[i].build_id, frame->build_id) == 0)
			return &crash->mappings.items[i];
	}
	return NULL;
}

/* Takes ownership of fd; gives it back where it is that file: else its names would be lies. */
static int check_build_id(int fd, const char *build_id)
{
	char found[41];

	if (elf__read_build_id(fd, found) == 0 && strcmp(found, build_id) == 0)
		return fd;
	(void)close(fd);
	return -ESTALE;
}

/* The file that ran: one that is kept open, or what stands at its path where that is it. */
static int open_file(const struct mapping *mapping, const char *build_id, struct attach *attach)
{
	int fd = attach__open(attach, build_id);

	if (fd >= 0)
		fd = check_build_id(fd, build_id);
	if (fd >= 0)
		return fd;
	if (mapping->path[0] != '/')
		return -ENOENT;
	fd = plain_file__open(mapping->path);
	return fd < 0 ? fd : check_build_id(fd, build_id);
}

static int open_mapped(void *ctx, const struct mapping *mapping)
{
	return open_file(mapping, mapping->build_id, ctx);
}

static void resolve_frame(const struct crash *crash, struct crash_frame *frame, bool is_caller,
			  struct attach *attach)
{
	const struct mapping *mapping = find_mapping(crash, frame);
	int fd;

	if (!mapping)
		return;
	free(frame->module);
	frame->module = strdup(mapping->path);
	if (!frame->build_id[0]) {
		frame->offset = frame->ip - mapping->start + mapping->offset;
		memcpy(frame->build_id, mapping->build_id, sizeof(frame->build_id));
	}
	if (!frame->build_id[0] || frame->symbol)
		return;
	fd = open_file(mapping, frame->build_id, attach);
	if (fd < 0)
		return;
	/* a caller's address is that of the instruction behind the call, maybe of the next
	 * function */
	if (elf__find_symbol(fd, frame->offset - is_caller, &frame->symbol))
		frame->symbol = NULL;
	(void)close(fd);
}

/*
 * Where the fault is among the callers of what ended the process; 0 or more. -1: its handler had
 * ended. A frame that a signal interrupted is one only because the unwinder came through that
 * signal's own frame on the stack, which what a handler jumped away from never is.
 */
static int find_fault(const struct crash *crash, const struct crash_fault *fault)
{
	uint64_t ip = fault->registers[REGISTER_IP], sp = fault->registers[REGISTER_SP];

	for (size_t i = 1; i < crash->frame_cnt; i++) {
		if (crash->frames[i].is_interrupted && crash->frames[i].ip == ip)
			return (int)i;
	}
	/* what it raised was blocked until it returned, to an instruction that can't be passed */
	if (fault->code > 0 && crash->frame_cnt && crash->registers[REGISTER_IP].value == ip &&
	    crash->registers[REGISTER_SP].value == sp)
		return 0;
	return -1;
}

static void become_fault(struct crash *crash, const struct crash_fault *fault, size_t from)
{
	for (size_t i = 0; i < from; i++)
		crash_frame__fini(&crash->frames[i]);
	crash->frame_cnt -= from;
	memmove(crash->frames, crash->frames + from, crash->frame_cnt * sizeof(*crash->frames));
	crash->is_reraised = true;
	crash->signal = fault->signal;
	crash->code = fault->code;
	crash->address = fault->address;
	for (size_t i = 0; i < crash->register_cnt; i++)
		crash->registers[i].value = fault->registers[i];
}

/* The first fault tells more than what its handler did in the end. */
static bool find_first_fault(struct crash *crash)
{
	const struct crash_fault *first = NULL;
	int from = -1;

	for (size_t i = 0; i < crash->fault_cnt; i++) {
		int at = find_fault(crash, &crash->faults[i]);

		if (at <= from)
			continue;
		from = at;
		first = &crash->faults[i];
	}
	if (first)
		become_fault(crash, first, (size_t)from);
	/* once: a crash may be resolved again */
	crash->fault_cnt = 0;
	return first != NULL;
}

/* What unwinding tables and DWARF do not tell is left to symbol tables. */
static bool unwind_to_fault(struct crash *crash, uint32_t uid, struct attach *attach,
			    struct unwind *unwind)
{
	learn_build_ids(crash);
	if (unwind)
		(void)unwind__crash(unwind, crash, uid, open_mapped, attach);
	return find_first_fault(crash);
}

/* What is the process's stays as it is. */
static void become_reporter(struct crash *crash)
{
	struct crash other = *crash;

	*crash = *other.reporter;
	crash->has_exit = other.has_exit;
	crash->exit_code = other.exit_code;
	crash->exit_signal = other.exit_signal;
	crash->sender = other.sender;
	crash->is_oom = other.is_oom;
	crash->max_rss_bytes = other.max_rss_bytes;
	crash->others = other.others;
	crash->other_cnt = other.other_cnt;
	other.others = NULL;
	other.other_cnt = 0;
	crash->stamp_ns = other.stamp_ns;
	other.mappings = (struct mappings){ 0 };
	free(other.reporter);
	other.reporter = NULL;
	crash__fini(&other);
}

/* The signal may have hit another thread than the one whose handler sent it. */
static void find_reporter(struct crash *crash, uint32_t uid, struct attach *attach,
			  struct unwind *unwind)
{
	struct crash *reporter = crash->reporter;

	reporter->mappings = crash->mappings;
	if (unwind_to_fault(reporter, uid, attach, unwind)) {
		become_reporter(crash);
		return;
	}
	reporter->mappings = (struct mappings){ 0 };
}

/* Whoever handles an exception may be killed by something else. */
static void forget_thrown(struct crash *crash)
{
	free(crash->thrown_type);
	free(crash->thrown_what);
	crash->thrown_type = crash->thrown_what = NULL;
}

/* si_code of SIGSEGV, where nothing is mapped and where it may not be used */
#define SEGV_OF_MAPPING(code) ((code) == 1 || (code) == 2)
/* A function may touch its frame before sp is there, and what it is to be called with. */
#define BELOW_SP_BYTES        4096
/* The kernel side looks no farther for what can be read. */
#define MAX_FRAME_BYTES       (1u << 20)

/*
 * Whether it is by its stack pointer, or above that in its own frame, that it came to where nothing
 * is: between there and the first page of its stack that could be read, which there must be.
 */
static bool is_stack_overflow(const struct crash *crash)
{
	uint64_t sp = crash->registers[REGISTER_SP].value, first = UINT64_MAX;

	if (crash->signal != SIGSEGV || !SEGV_OF_MAPPING(crash->code) || !crash->register_cnt)
		return false;
	for (size_t i = 0; i < crash->page_cnt; i++) {
		uint64_t page = crash->pages[i].address;

		if (page + CRASH_PAGE_BYTES > sp && page < first)
			first = page;
	}
	return crash->address < first && first - crash->address <= MAX_FRAME_BYTES &&
	       crash->address + BELOW_SP_BYTES >= sp;
}

/* What other threads' stacks may take together; who comes later has its innermost frame alone. */
#define OTHERS_MAX_NS 1000000000ull

/* As if it were that thread that crashed. The mappings stay the crash's. */
static void resolve_other(const struct crash *crash, struct crash_other *other, uint32_t uid,
			  struct attach *attach, struct unwind *unwind)
{
	struct crash *one = calloc(1, sizeof(*one));

	if (!one)
		return;
	one->tid = other->tid;
	one->register_cnt = crash->register_cnt;
	for (size_t i = 0; i < crash->register_cnt; i++) {
		one->registers[i].name = crash->registers[i].name;
		one->registers[i].value = other->registers[i];
	}
	one->frame_cnt = 1;
	one->frames[0].ip = other->registers[REGISTER_IP];
	one->pages = other->pages;
	one->page_cnt = other->page_cnt;
	one->mappings = crash->mappings;
	if (unwind)
		(void)unwind__crash(unwind, one, uid, open_mapped, attach);
	for (size_t i = 0; i < one->frame_cnt; i++) {
		if (i >= CRASH_OTHER_FRAMES) {
			crash_frame__fini(&one->frames[i]);
			continue;
		}
		resolve_frame(one, &one->frames[i], i != 0, attach);
		other->frames[i] = one->frames[i];
		other->frame_cnt = i + 1;
	}
	free(one);
}

static void resolve_others(struct crash *crash, uint32_t uid, struct attach *attach,
			   struct unwind *unwind)
{
	const uint64_t start_ns = clock__now_mono_ns();

	for (size_t i = 0; i < crash->other_cnt; i++) {
		struct crash_other *other = &crash->others[i];

		if (clock__now_mono_ns() - start_ns > OTHERS_MAX_NS)
			unwind = NULL;
		/* once: a crash may be resolved again */
		if (!other->frame_cnt)
			resolve_other(crash, other, uid, attach, unwind);
	}
}

void death__resolve(struct crash *crash, uint32_t uid, struct attach *attach, struct unwind *unwind)
{
	if (!crash->has_crash)
		return;
	if (!crash->mappings.cnt)
		place_files(crash, crash, attach);
	if (!crash->mappings.cnt && crash->reporter)
		place_files(crash, crash->reporter, attach);
	read_build_ids(crash, attach);
	if (!unwind_to_fault(crash, uid, attach, unwind) && crash->reporter)
		find_reporter(crash, uid, attach, unwind);
	if (crash->signal != SIGABRT)
		forget_thrown(crash);
	crash->is_stack_overflow = is_stack_overflow(crash);
	for (size_t i = 0; i < crash->frame_cnt; i++)
		resolve_frame(crash, &crash->frames[i], i != 0, attach);
	for (size_t i = 0; i < crash->outer_cnt; i++)
		resolve_frame(crash, &crash->outer[i], true, attach);
	resolve_others(crash, uid, attach, unwind);
}
