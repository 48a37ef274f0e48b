/* SPDX-License-Identifier: MIT */
/*
 * The process as libdwfl sees it: its files at their addresses, one thread, its registers, and of its
 * memory the copied top of the stack. Nothing else of the memory is needed: unwinding tables come
 * from the files, and what they say of is registers and stack.
 */
#include <elf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "dwarf.h"
#include "dwarf_names.h"

#if defined(__x86_64__)
/* By number, as the psABI gives them to DWARF; the last is the return address's. */
static const char *const dwarf_registers[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi",
					       "rbp", "rsp", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15", "rip" };
#define REGISTER_SP 7
#define REGISTER_PC 16
#elif defined(__aarch64__)
static const char *const dwarf_registers[] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",
};
#define REGISTER_LR 30
#define REGISTER_PC 32
#endif

#define REGISTER_CNT (sizeof(dwarf_registers) / sizeof(*dwarf_registers))

struct dwarf {
	const struct crash *crash;
	Dwfl *dwfl;
	Dwarf_Word registers[REGISTER_CNT];
};

/* ---- files ---- */

static int find_nothing(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			char **ret_path, Elf **ret_elf)
{
	(void)module;
	(void)user;
	(void)name;
	(void)base;
	(void)ret_path;
	(void)ret_elf;
	return -1; /* a module is reported with its file, or not at all */
}

/* Where the file is loaded, less the address that it was linked for. 0 or -ENOEXEC. */
static int find_bias(int fd, const struct crash_mapping *mapping, uint64_t *ret_bias)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t cnt = 0;
	int err = -ENOEXEC;

	if (!elf || elf_getphdrnum(elf, &cnt))
		cnt = 0;
	for (size_t i = 0; err && i < cnt; i++) {
		uint64_t page;
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X))
			continue;
		page = segment.p_align ? segment.p_offset & -segment.p_align : segment.p_offset;
		if (mapping->offset < page ||
		    mapping->offset >= segment.p_offset + segment.p_filesz)
			continue;
		*ret_bias = mapping->start - (segment.p_vaddr + mapping->offset - segment.p_offset);
		err = 0;
	}
	(void)elf_end(elf);
	return err;
}

static void report_files(struct dwarf *dwarf, const int *fds)
{
	const struct crash *crash = dwarf->crash;

	dwfl_report_begin(dwarf->dwfl);
	for (size_t i = 0; i < crash->mapping_cnt; i++) {
		const struct crash_mapping *mapping = &crash->mappings[i];
		uint64_t bias;

		if (fds[i] < 0 || find_bias(fds[i], mapping, &bias))
			continue;
		/* one of several mappings of a file is enough; the same again is passed over */
		(void)dwfl_report_elf(dwarf->dwfl, mapping->path, mapping->path, fds[i], bias,
				      true);
	}
	(void)dwfl_report_end(dwarf->dwfl, NULL, NULL);
}

/* ---- registers and memory ---- */

static pid_t next_thread(Dwfl *dwfl, void *ctx, void **thread)
{
	const struct dwarf *dwarf = ctx;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = ctx;
	return (pid_t)dwarf->crash->tid;
}

static bool set_registers(Dwfl_Thread *thread, void *ctx)
{
	struct dwarf *dwarf = ctx;

#if defined(__aarch64__)
	dwfl_thread_state_register_pc(thread, dwarf->registers[REGISTER_PC]);
	return dwfl_thread_state_registers(thread, 0, REGISTER_PC, dwarf->registers);
#else
	return dwfl_thread_state_registers(thread, 0, REGISTER_CNT, dwarf->registers);
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
	const struct dwarf *dwarf = ctx;

	(void)dwfl;
	return read_word(dwarf->crash, address, ret);
}

static int take_registers(struct dwarf *dwarf)
{
	const struct crash *crash = dwarf->crash;
	size_t found = 0;

	for (size_t i = 0; i < REGISTER_CNT; i++) {
		for (size_t k = 0; k < crash->register_cnt; k++) {
			if (strcmp(crash->registers[k].name, dwarf_registers[i]))
				continue;
			dwarf->registers[i] = crash->registers[k].value;
			found++;
			break;
		}
	}
	return found == REGISTER_CNT ? 0 : -ENODATA;
}

/* ---- walking ---- */

struct walk {
	struct dwarf_step *steps;
	size_t cnt, max;
};

static int take_step(Dwfl_Frame *frame, void *ctx)
{
	struct walk *walk = ctx;
	bool is_activation;
	Dwarf_Addr pc;

	if (walk->cnt == walk->max || !dwfl_frame_pc(frame, &pc, &is_activation))
		return DWARF_CB_ABORT;
	/* where the outermost frame has no mark, the walk ends at what it holds: mostly 0 */
	if (walk->cnt && !pc)
		return DWARF_CB_ABORT;
	walk->steps[walk->cnt++] = (struct dwarf_step){ .ip = pc, .is_call = !is_activation };
	return DWARF_CB_OK;
}

/* A call through a bad pointer: nothing has run there yet, so only the return address is to be undone.
 * False where it is not to be had, or where code is there. */
static bool undo_call(struct dwarf *dwarf)
{
	Dwarf_Word caller;

	if (dwfl_addrmodule(dwarf->dwfl, dwarf->registers[REGISTER_PC]))
		return false;
#if defined(__aarch64__)
	caller = dwarf->registers[REGISTER_LR];
#else
	if (!read_word(dwarf->crash, dwarf->registers[REGISTER_SP], &caller))
		return false;
#endif
	if (!dwfl_addrmodule(dwarf->dwfl, caller))
		return false;
#if !defined(__aarch64__)
	dwarf->registers[REGISTER_SP] += sizeof(caller);
#endif
	dwarf->registers[REGISTER_PC] = caller;
	return true;
}

size_t dwarf__walk(struct dwarf *dwarf, struct dwarf_step *steps, size_t max, bool *ret_whole)
{
	static const Dwfl_Thread_Callbacks callbacks = {
		.next_thread = next_thread,
		.memory_read = read_memory,
		.set_initial_registers = set_registers,
	};
	struct walk walk = { .steps = steps, .max = max };
	size_t undone;
	int result;

	*ret_whole = false;
	if (take_registers(dwarf) ||
	    !dwfl_attach_state(dwarf->dwfl, NULL, (pid_t)dwarf->crash->tid, &callbacks, dwarf))
		return 0;
	walk.steps[walk.cnt] = (struct dwarf_step){ .ip = dwarf->registers[REGISTER_PC] };
	undone = undo_call(dwarf);
	walk.cnt += undone;
	result = dwfl_getthread_frames(dwarf->dwfl, (pid_t)dwarf->crash->tid, take_step, &walk);
	if (undone && walk.cnt > undone)
		steps[undone].is_call = true;
	*ret_whole = result == DWARF_CB_OK || walk.cnt == max;
	return walk.cnt;
}

/* ---- life ---- */

struct dwarf *dwarf__new(const struct crash *crash, const int *fds)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = find_nothing,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	struct dwarf *dwarf = calloc(1, sizeof(*dwarf));

	if (!dwarf)
		return NULL;
	(void)elf_version(EV_CURRENT);
	dwarf->crash = crash;
	dwarf->dwfl = dwfl_begin(&callbacks);
	if (!dwarf->dwfl) {
		free(dwarf);
		errno = ENOMEM;
		return NULL;
	}
	report_files(dwarf, fds);
	return dwarf;
}

void dwarf__free(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	dwfl_end(dwarf->dwfl);
	free(dwarf);
}

void dwarf__name(struct dwarf *dwarf, const struct dwarf_step *step,
		 void (*take)(void *ctx, const struct dwarf_name *name), void *ctx)
{
	dwarf_names__each(dwarf->dwfl, step, take, ctx);
}
