/* SPDX-License-Identifier: MIT */
/*
 * From what was caught of a death to what is said of it: which fault came first, whose it was, and
 * whether the stack was full. Names come by DWARF, else by symbol tables, and are slow.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "autopsy.h"
#include "clock.h"
#include "crash.h"
#include "crash_files.h"
#include "death.h"
#include "event_stacks.h"
#include "signature.h"
#include "unwind.h"

/* Their places in crash.registers. */
#if defined(__aarch64__)
#define REGISTER_SP 31
#define REGISTER_IP 32
#else
#define REGISTER_SP 7
#define REGISTER_IP 16
#endif

struct autopsy {
	uint32_t uid; /* whose process it was */
	struct crash_files files;
	struct unwind *unwind; /* NULL: names by symbol tables alone */
};

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

static void unwind_crash(struct autopsy *autopsy, struct crash *crash)
{
	/* what unwinding does not tell is left to symbol tables */
	if (autopsy->unwind)
		(void)unwind__crash(autopsy->unwind, crash, autopsy->uid, crash_files__open,
				    &autopsy->files);
}

/*
 * The fault's place among the callers of what ended the process; -1: its handler had ended. A frame
 * is_interrupted only if the unwinder came through the signal's own frame on the stack. It never
 * comes there if the handler jumped away.
 */
static int find_fault(const struct crash *crash, const struct crash_fault *fault)
{
	uint64_t ip = fault->registers[REGISTER_IP], sp = fault->registers[REGISTER_SP];

	for (size_t i = 1; i < crash->frame_cnt; i++) {
		if (crash->frames[i].is_interrupted && crash->frames[i].ip == ip)
			return (int)i;
	}
	/* The signal that the handler raised was blocked until the handler returned, to the same
	 * instruction. */
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

/* The first fault tells more than the signal that its handler raised. */
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
	/* once: the crash may be resolved again */
	crash->fault_cnt = 0;
	return first != NULL;
}

static bool unwind_to_fault(struct autopsy *autopsy, struct crash *crash)
{
	learn_build_ids(crash);
	unwind_crash(autopsy, crash);
	return find_first_fault(crash);
}

/* What is known of the process stays. */
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
static void find_reporter(struct autopsy *autopsy, struct crash *crash)
{
	struct crash *reporter = crash->reporter;

	reporter->mappings = crash->mappings;
	if (unwind_to_fault(autopsy, reporter)) {
		become_reporter(crash);
		return;
	}
	reporter->mappings = (struct mappings){ 0 };
}

/* A thread that handles an exception may be killed by something else. */
static void forget_thrown(struct crash *crash)
{
	free(crash->thrown_type);
	free(crash->thrown_what);
	crash->thrown_type = crash->thrown_what = NULL;
}

/* si_code of SIGSEGV: nothing is mapped there, or it may not be used so */
#define SEGV_OF_MAPPING(code) ((code) == 1 || (code) == 2)
/* A function may touch its frame, and the arguments of a call, before sp is there. */
#define BELOW_SP_BYTES        4096
/* The BPF program looks no farther for a page that can be read. */
#define MAX_FRAME_BYTES       (1u << 20)

/*
 * Whether the address that nothing is mapped at is at the stack pointer, or above it in the
 * thread's own frame: below the first page of its stack that could be read. There must be such a
 * page.
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

/* For the stacks of all other threads. A thread that comes later has its innermost frame alone. */
#define OTHERS_MAX_NS 1000000000ull

/* As if that thread had crashed. The mappings stay the crash's. */
static void resolve_other(struct autopsy *autopsy, const struct crash *crash,
			  struct crash_other *other)
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
	unwind_crash(autopsy, one);
	for (size_t i = 0; i < one->frame_cnt; i++) {
		if (i >= CRASH_OTHER_FRAMES) {
			crash_frame__fini(&one->frames[i]);
			continue;
		}
		crash_files__name(&autopsy->files, one, &one->frames[i], i != 0);
		other->frames[i] = one->frames[i];
		other->frame_cnt = i + 1;
	}
	free(one);
}

static void resolve_others(struct autopsy *autopsy, struct crash *crash)
{
	const uint64_t start_ns = clock__now_mono_ns();

	for (size_t i = 0; i < crash->other_cnt; i++) {
		struct crash_other *other = &crash->others[i];

		if (clock__now_mono_ns() - start_ns > OTHERS_MAX_NS)
			autopsy->unwind = NULL;
		/* once: the crash may be resolved again */
		if (!other->frame_cnt)
			resolve_other(autopsy, crash, other);
	}
}

void autopsy__resolve(struct crash *crash, uint32_t uid, struct attach *attach,
		      struct unwind *unwind)
{
	struct autopsy autopsy = { .uid = uid, .files.attach = attach, .unwind = unwind };
	struct crash_files *files = &autopsy.files;

	if (!crash->has_crash)
		return;
	if (!crash->mappings.cnt)
		crash_files__place(files, crash, crash);
	if (!crash->mappings.cnt && crash->reporter)
		crash_files__place(files, crash, crash->reporter);
	crash_files__read_build_ids(files, crash);
	if (!unwind_to_fault(&autopsy, crash) && crash->reporter)
		find_reporter(&autopsy, crash);
	if (crash->signal != SIGABRT)
		forget_thrown(crash);
	crash->is_stack_overflow = is_stack_overflow(crash);
	for (size_t i = 0; i < crash->frame_cnt; i++)
		crash_files__name(files, crash, &crash->frames[i], i != 0);
	for (size_t i = 0; i < crash->outer_cnt; i++)
		crash_files__name(files, crash, &crash->outer[i], true);
	signature__set(crash);
	resolve_others(&autopsy, crash);
	crash_files__fini(files);
}

void autopsy__name_stacks(struct event_stack *stacks, size_t cnt, const struct mappings *mappings,
			  uint32_t uid, struct attach *attach, struct unwind *unwind,
			  uint64_t max_ns)
{
	struct autopsy autopsy = { .uid = uid, .files.attach = attach, .unwind = unwind };
	struct crash *crash = cnt ? calloc(1, sizeof(*crash)) : NULL;
	uint64_t start_ns = 0;

	if (!crash)
		return;
	crash->mappings = *mappings;
	death__name_registers(crash);
	crash_files__read_build_ids(&autopsy.files, crash);
	/* the newest first: time may run out */
	for (size_t i = cnt; i-- > 0;) {
		if (start_ns && clock__now_mono_ns() - start_ns > max_ns)
			break;
		if (!stacks[i].where.frame_cnt)
			resolve_other(&autopsy, crash, &stacks[i].where);
		/* the first one takes long: files are opened */
		if (!start_ns)
			start_ns = clock__now_mono_ns();
	}
	crash_files__fini(&autopsy.files);
	free(crash);
}
