/* SPDX-License-Identifier: MIT */
/*
 * libdwfl sees the process as its files at their addresses, one thread, its registers, and the
 * copied part of the stack. No other memory is needed: unwinding tables come from the files, and
 * they only use registers and stack.
 *
 * This view is made for each crash, quickly. Names come from a view of each file alone, which
 * stays: to read debug information takes long.
 */
#include <elf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "dwarf.h"
#include "dwarf_file.h"

#if defined(__x86_64__)
/* By number, as the psABI gives them to DWARF; the last is the return address's. */
static const char *const dwarf_registers[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi",
					       "rbp", "rsp", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15", "rip" };
#define REGISTER_FP 6
#define REGISTER_SP 7
#define REGISTER_PC 16
#elif defined(__aarch64__)
static const char *const dwarf_registers[] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",
};
#define REGISTER_FP 29
#define REGISTER_LR 30
#define REGISTER_SP 31
#define REGISTER_PC 32
#endif

#define REGISTER_CNT (sizeof(dwarf_registers) / sizeof(*dwarf_registers))

#define MAX_FILES 1024

/* What the BPF program copies of the beginning of a stack. */
#define OUTER_BYTES     (3 * CRASH_PAGE_BYTES)
/* No more return addresses fit in that. */
#define MAX_OUTER_STEPS (OUTER_BYTES / 8)

/* A file of a crash. */
struct known_file {
	char build_id[41];
	bool symbols_only;
	struct dwarf_file file;
};

struct dwarf {
	struct known_file **files; /* they don't move */
	size_t cnt, cap;
};

/* One crash's. */
struct walk {
	const struct crash *crash;
	Dwfl *dwfl; /* of all files, at the addresses where they were mapped */
	Dwarf_Word registers[REGISTER_CNT];
	struct dwarf_step *steps;
	size_t cnt, max;
	bool has_missed; /* memory was asked for that was not copied */
};

/* ---- files ---- */

int dwarf__add_file(struct dwarf *dwarf, const char *build_id, const char *path, int fd,
		    bool symbols_only)
{
	struct known_file *file = NULL;
	int err;

	if (dwarf->cnt < MAX_FILES && !array__reserve(dwarf->files, dwarf->cnt + 1, &dwarf->cap))
		file = calloc(1, sizeof(*file));
	if (!file) {
		(void)close(fd);
		return -ENOMEM;
	}
	file->symbols_only = symbols_only;
	memcpy(file->build_id, build_id, sizeof(file->build_id) - 1);
	err = dwarf_file__init(&file->file, path, fd, -1);
	if (err)
		free(file);
	else
		dwarf->files[dwarf->cnt++] = file;
	return err;
}

static struct known_file *find_file(struct dwarf *dwarf, const struct mapping *mapping)
{
	for (size_t i = 0; mapping->build_id[0] && i < dwarf->cnt; i++) {
		if (strcmp(dwarf->files[i]->build_id, mapping->build_id) == 0)
			return dwarf->files[i];
	}
	return NULL;
}

/* The address where the file is loaded, less its link-time address. 0 or -ENOEXEC. */
static int find_bias(const struct known_file *file, const struct mapping *mapping,
		     uint64_t *ret_bias)
{
	uint64_t address;
	int err = dwarf_file__address(&file->file, mapping->offset, &address);

	if (!err)
		*ret_bias = mapping->start - address;
	return err;
}

static void report_files(struct dwarf *dwarf, const struct walk *walk)
{
	const struct crash *crash = walk->crash;

	dwfl_report_begin(walk->dwfl);
	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		const struct known_file *file = find_file(dwarf, &crash->mappings.items[i]);
		uint64_t bias;

		if (!file || find_bias(file, &crash->mappings.items[i], &bias))
			continue;
		/* one mapping of a file is enough; libdwfl ignores further ones */
		(void)dwarf_file__report(walk->dwfl, file->build_id, file->file.fd, bias);
	}
	(void)dwfl_report_end(walk->dwfl, NULL, NULL);
}

/* ---- registers and memory ---- */

static pid_t next_thread(Dwfl *dwfl, void *ctx, void **thread)
{
	const struct walk *walk = ctx;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = ctx;
	return (pid_t)walk->crash->tid;
}

static bool set_registers(Dwfl_Thread *thread, void *ctx)
{
	struct walk *walk = ctx;

#if defined(__aarch64__)
	dwfl_thread_state_register_pc(thread, walk->registers[REGISTER_PC]);
	return dwfl_thread_state_registers(thread, 0, REGISTER_PC, walk->registers);
#else
	return dwfl_thread_state_registers(thread, 0, REGISTER_CNT, walk->registers);
#endif
}

static bool read_byte(const struct crash *crash, uint64_t address, unsigned char *ret)
{
	for (size_t i = 0; i < crash->page_cnt; i++) {
		if (address - crash->pages[i].address >= CRASH_PAGE_BYTES)
			continue;
		*ret = crash->pages[i].bytes[address - crash->pages[i].address];
		return true;
	}
	return false;
}

static bool read_word(const struct crash *crash, uint64_t address, Dwarf_Word *ret)
{
	unsigned char bytes[sizeof(uint64_t)];
	uint64_t word;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (!read_byte(crash, address + i, &bytes[i]))
			return false;
	}
	memcpy(&word, bytes, sizeof(word));
	*ret = word;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *ctx)
{
	struct walk *walk = ctx;
	bool is_there = read_word(walk->crash, address, ret);

	(void)dwfl;
	walk->has_missed |= !is_there;
	return is_there;
}

static int take_registers(struct walk *walk)
{
	const struct crash *crash = walk->crash;
	size_t found = 0;

	for (size_t i = 0; i < REGISTER_CNT; i++) {
		for (size_t k = 0; k < crash->register_cnt; k++) {
			if (strcmp(crash->registers[k].name, dwarf_registers[i]))
				continue;
			walk->registers[i] = crash->registers[k].value;
			found++;
			break;
		}
	}
	return found == REGISTER_CNT ? 0 : -ENODATA;
}

/* ---- walking ---- */

static int take_step(Dwfl_Frame *frame, void *ctx)
{
	struct walk *walk = ctx;
	bool is_activation;
	Dwarf_Addr pc;

	if (walk->cnt == walk->max || !dwfl_frame_pc(frame, &pc, &is_activation))
		return DWARF_CB_ABORT;
	/* if the outermost frame is not marked, the walk ends at the address in it, mostly 0 */
	if (walk->cnt && !pc)
		return DWARF_CB_ABORT;
	walk->steps[walk->cnt++] = (struct dwarf_step){ .ip = pc, .is_call = !is_activation };
	return DWARF_CB_OK;
}

/* A call through a bad pointer: nothing has run there yet, so to undo it is to take the return
 * address off the stack. False if that is not known, or if there is code at the pointer. */
static bool undo_call(struct walk *walk)
{
	Dwarf_Word caller;

	if (dwfl_addrmodule(walk->dwfl, walk->registers[REGISTER_PC]))
		return false;
#if defined(__aarch64__)
	caller = walk->registers[REGISTER_LR];
#else
	if (!read_word(walk->crash, walk->registers[REGISTER_SP], &caller))
		return false;
#endif
	if (!dwfl_addrmodule(walk->dwfl, caller))
		return false;
#if !defined(__aarch64__)
	walk->registers[REGISTER_SP] += sizeof(caller);
#endif
	walk->registers[REGISTER_PC] = caller;
	return true;
}

static bool attach(struct walk *walk)
{
	static const Dwfl_Thread_Callbacks callbacks = {
		.next_thread = next_thread,
		.memory_read = read_memory,
		.set_initial_registers = set_registers,
	};

	return dwfl_attach_state(walk->dwfl, NULL, (pid_t)walk->crash->tid, &callbacks, walk);
}

static bool walk_out(struct walk *walk)
{
	const pid_t tid = (pid_t)walk->crash->tid;
	size_t undone;
	int result;

	if (take_registers(walk) || !attach(walk))
		return false;
	walk->steps[walk->cnt] = (struct dwarf_step){ .ip = walk->registers[REGISTER_PC] };
	undone = undo_call(walk);
	walk->cnt += undone;
	result = dwfl_getthread_frames(walk->dwfl, tid, take_step, walk);
	if (undone && walk->cnt > undone)
		walk->steps[undone].is_call = true;
	/* if a return address can't be read, elfutils takes the frame for the outermost */
	return (result == DWARF_CB_OK && walk->crash->page_cnt) || walk->cnt == walk->max;
}

size_t dwarf__walk(struct dwarf *dwarf, const struct crash *crash, struct dwarf_step *steps,
		   size_t max, bool *ret_whole, enum crash_cut *ret_cut)
{
	struct walk walk = { .crash = crash, .steps = steps, .max = max };

	*ret_whole = false;
	*ret_cut = CRASH_CUT_NONE;
	walk.dwfl = dwfl_begin(&dwarf_file_callbacks);
	if (!walk.dwfl)
		return 0;
	report_files(dwarf, &walk);
	*ret_whole = walk_out(&walk);
	if (walk.cnt == walk.max)
		*ret_cut = CRASH_CUT_FRAMES;
	else if (walk.has_missed && crash->page_cnt)
		*ret_cut = CRASH_CUT_STACK;
	dwfl_end(walk.dwfl);
	return walk.cnt;
}

/* steps is used as a ring: the last `max` are wanted. */
static int take_outer_step(Dwfl_Frame *frame, void *ctx)
{
	struct walk *walk = ctx;
	bool is_activation;
	Dwarf_Addr pc;

	if (walk->cnt > MAX_OUTER_STEPS || !dwfl_frame_pc(frame, &pc, &is_activation) || !pc)
		return DWARF_CB_ABORT;
	/* the first one has called something, too; leads_out() has subtracted 1 from its address */
	walk->steps[walk->cnt % walk->max] =
		(struct dwarf_step){ .ip = pc + !walk->cnt, .is_call = true };
	walk->cnt++;
	return DWARF_CB_OK;
}

/* Whether the tables lead from a return address at that place to where the thread began. */
static bool leads_out(struct walk *walk, uint64_t place)
{
	Dwarf_Word ip, frame_pointer;

	if (!read_word(walk->crash, place, &ip) || !dwfl_addrmodule(walk->dwfl, ip))
		return false;
	/* a function that saves its caller's frame pointer does so next to the return address */
	if (!read_word(walk->crash, place - sizeof(ip), &frame_pointer))
		frame_pointer = 0;
	memset(walk->registers, 0, sizeof(walk->registers));
	walk->registers[REGISTER_PC] = ip - 1;
	walk->registers[REGISTER_SP] = place + sizeof(ip);
	walk->registers[REGISTER_FP] = frame_pointer;
	walk->cnt = 0;
	walk->has_missed = false;
	return dwfl_getthread_frames(walk->dwfl, (pid_t)walk->crash->tid, take_outer_step, walk) ==
		       DWARF_CB_OK &&
	       walk->cnt > 1 && !walk->has_missed;
}

/* Puts the steps in order. Returns how many. */
static size_t unroll(struct walk *walk)
{
	struct dwarf_step steps[CRASH_MAX_OUTER];
	const size_t cnt = walk->cnt < walk->max ? walk->cnt : walk->max;

	if (!cnt)
		return 0;
	for (size_t i = 0; i < cnt; i++)
		steps[i] = walk->steps[(walk->cnt - cnt + i) % walk->max];
	memcpy(walk->steps, steps, cnt * sizeof(*steps));
	return cnt;
}

/* The start of the function that has the code at an address; 0 if no table tells. */
static uint64_t function_at(struct walk *walk, uint64_t address)
{
	Dwfl_Module *module = dwfl_addrmodule(walk->dwfl, address);
	Dwarf_Addr bias = 0, start, end;
	Dwarf_CFI *cfi = module ? dwfl_module_eh_cfi(module, &bias) : NULL;
	Dwarf_Frame *frame = NULL;
	bool is_interrupted;
	int err;

	if (!cfi || dwarf_cfi_addrframe(cfi, address - bias, &frame))
		return 0;
	err = dwarf_frame_info(frame, &start, &end, &is_interrupted) < 0;
	free(frame);
	return err ? 0 : start + bias;
}

/* The functions that are more than once among the inner steps. */
static size_t find_recursive(struct walk *walk, const struct dwarf_step *inner, size_t inner_cnt,
			     uint64_t *ret)
{
	uint64_t functions[CRASH_MAX_FRAMES];
	size_t cnt = 0;

	for (size_t i = 0; i < inner_cnt && i < CRASH_MAX_FRAMES; i++) {
		size_t before = 0;

		functions[i] = function_at(walk, inner[i].ip - inner[i].is_call);
		for (size_t j = 0; j < i; j++)
			before += functions[j] == functions[i];
		if (functions[i] && before == 1)
			ret[cnt++] = functions[i];
	}
	return cnt;
}

static bool is_one_of(const uint64_t *functions, size_t cnt, uint64_t function)
{
	for (size_t i = 0; i < cnt; i++) {
		if (functions[i] == function)
			return true;
	}
	return false;
}

/*
 * The memory of a function also holds return addresses that earlier calls left there, and these may
 * lead out, too. So in a recursion the way out has to begin in one of the functions that recur.
 */
static size_t find_way_out(struct walk *walk, const struct dwarf_step *inner, size_t inner_cnt)
{
	const uint64_t end = walk->crash->outer_start + OUTER_BYTES;
	uint64_t recursive[CRASH_MAX_FRAMES];
	size_t recursive_cnt = find_recursive(walk, inner, inner_cnt, recursive);

	for (uint64_t at = walk->crash->outer_start; at < end; at += sizeof(at)) {
		Dwarf_Word ip;

		if (recursive_cnt &&
		    (!read_word(walk->crash, at, &ip) ||
		     !is_one_of(recursive, recursive_cnt, function_at(walk, ip - 1))))
			continue;
		if (leads_out(walk, at))
			return unroll(walk);
	}
	return 0;
}

size_t dwarf__walk_outer(struct dwarf *dwarf, const struct crash *crash,
			 const struct dwarf_step *inner, size_t inner_cnt, struct dwarf_step *steps,
			 size_t max)
{
	struct walk walk = { .crash = crash, .steps = steps, .max = max };
	size_t cnt = 0;

	walk.dwfl = dwfl_begin(&dwarf_file_callbacks);
	if (!walk.dwfl)
		return 0;
	report_files(dwarf, &walk);
	if (attach(&walk))
		cnt = find_way_out(&walk, inner, inner_cnt);
	dwfl_end(walk.dwfl);
	return cnt;
}

/* ---- names ---- */

void dwarf__name(struct dwarf *dwarf, const struct crash *crash, const struct dwarf_step *step,
		 bool whole, void (*take)(void *ctx, const struct dwarf_name *name), void *ctx)
{
	const uint64_t address = step->ip - step->is_call;
	struct dwarf_step linked = *step;

	const struct mapping *mapping = mappings__find(&crash->mappings, address);
	const struct known_file *file = mapping ? find_file(dwarf, mapping) : NULL;
	uint64_t bias;

	if (!file || !file->file.names || find_bias(file, mapping, &bias)) {
		take(ctx, &(struct dwarf_name){ 0 });
		return;
	}
	linked.ip -= bias;
	dwarf_names__each(file->file.names, &linked, whole && !file->symbols_only, take, ctx);
}

/* ---- life ---- */

struct dwarf *dwarf__new(void)
{
	(void)elf_version(EV_CURRENT);
	return calloc(1, sizeof(struct dwarf));
}
