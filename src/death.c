/* SPDX-License-Identifier: MIT */
/*
 * The kernel tells, at the moment of the signal, registers, addresses, and for each frame the build
 * id and the offset in the file. Names come later and slowly, from files on disk, and only where
 * the build id on disk is the one that ran.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../bpf/wire.h"
#include "attach.h"
#include "crash.h"
#include "death.h"
#include "elf.h"
#include "maps.h"
#include "plain_file.h"
#include "task.h"
#include "unwind.h"
#include "unwind_child.h"

/* BPF_STACK_BUILD_ID_VALID of linux/bpf.h */
#define FRAME_HAS_BUILD_ID 1
/* No file is so long: the kernel took the frame for part of a neighbour. */
#define FRAME_MAX_OFFSET   (1ull << 40)
/* vm.mmap_min_addr is 65536 on Debian */
#define LOWEST_CODE        4096u

static const char *const register_names[] = {
#if defined(__x86_64__)
#define NAME_OF(field, name) #name,
	WIRE_X86_REGISTERS(NAME_OF)
#undef NAME_OF
#elif defined(__aarch64__)
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",     "x10", "x11",
	"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",    "x22", "x23",
	"x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",  "pstate",
#endif
};

/* Their places in it. */
#if defined(__aarch64__)
#define REGISTER_SP 31
#define REGISTER_IP 32
#else
#define REGISTER_SP 7
#define REGISTER_IP 16
#endif

static void hex_of(const uint8_t *bytes, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static void take_frames(struct crash *crash, const struct wire_crash *message)
{
	size_t cnt = message->frame_cnt;

	if (cnt > CRASH_MAX_FRAMES)
		cnt = CRASH_MAX_FRAMES;
	for (size_t i = 0; i < cnt; i++) {
		struct crash_frame *frame = &crash->frames[i];
		const struct wire_frame_id *id = &message->ids[i];

		/* where frame pointers are used for something else, the walk ends in nonsense */
		if (i && message->ips[i] < LOWEST_CODE) {
			cnt = i;
			break;
		}
		frame->ip = message->ips[i];
		if (message->ids[0].status == 0 || id->status != FRAME_HAS_BUILD_ID ||
		    id->offset >= FRAME_MAX_OFFSET)
			continue;
		frame->offset = id->offset;
		hex_of(id->build_id, sizeof(id->build_id), frame->build_id);
	}
	crash->frame_cnt = cnt;
}

static void take_sender(struct crash *crash, const struct wire_sender *sender)
{
	crash->sender.pid = sender->pid;
	crash->sender.uid = sender->uid;
	memcpy(crash->sender.comm, sender->comm, sizeof(crash->sender.comm));
}

void death__take_crash(struct crash *crash, const struct wire_crash *message)
{
	if (crash->has_crash)
		return;
	take_sender(crash, &message->sender);
	crash->has_crash = true;
	crash->stamp_ns = message->head.stamp_ns;
	crash->signal = message->signal;
	crash->code = message->code;
	crash->address = message->address;
	crash->tid = message->head.tid;
	memcpy(crash->thread, message->head.comm, sizeof(crash->thread));
	crash->register_cnt = sizeof(register_names) / sizeof(*register_names);
	for (size_t i = 0; i < crash->register_cnt; i++) {
		crash->registers[i].name = register_names[i];
		crash->registers[i].value = message->registers[i];
	}
	take_frames(crash, message);
}

_Static_assert(CRASH_PAGE_BYTES == WIRE_STACK_PAGE_BYTES, "pages are copied whole");

void death__take_reporter(struct crash *crash, const struct wire_crash *message)
{
	if (!crash->has_crash || crash->reporter || crash->tid == message->head.tid)
		return;
	crash->reporter = calloc(1, sizeof(*crash->reporter));
	if (crash->reporter)
		death__take_crash(crash->reporter, message);
}

/* Whichever of the two that thread is; NULL for another one. */
static struct crash *find_thread(struct crash *crash, uint32_t tid)
{
	if (crash->has_crash && crash->tid == tid)
		return crash;
	return crash->reporter && crash->reporter->tid == tid ? crash->reporter : NULL;
}

void death__take_fault(struct crash *crash, const struct wire_fault *message)
{
	const struct wire_handled *handled = &message->handled;
	struct crash_fault *fault;

	crash = find_thread(crash, message->head.tid);
	if (!crash || crash->fault_cnt == sizeof(crash->faults) / sizeof(*crash->faults))
		return;
	fault = &crash->faults[crash->fault_cnt++];
	fault->signal = handled->signal;
	fault->code = handled->code;
	fault->address = handled->address;
	memcpy(fault->registers, handled->registers, sizeof(fault->registers));
}

/* In memory of its own; NULL for none. */
static char *take_text(const char *text, uint32_t bytes)
{
	const char *more = bytes >= WIRE_THROWN_BYTES ? "..." : "";
	char *taken;

	if (!bytes || asprintf(&taken, "%.*s%s", WIRE_THROWN_BYTES - 1, text, more) < 0)
		return NULL;
	return taken;
}

void death__take_thrown(struct crash *crash, const struct wire_thrown *message)
{
	crash = find_thread(crash, message->head.tid);
	if (!crash || crash->thrown_type || !message->type[0])
		return;
	crash->thrown_type = take_text(message->type, message->type_bytes);
	/* names that mean something in one file only begin with an asterisk */
	if (crash->thrown_type && crash->thrown_type[0] == '*')
		memmove(crash->thrown_type, crash->thrown_type + 1, strlen(crash->thrown_type));
	if (crash->thrown_type)
		crash->thrown_what = take_text(message->what, message->what_bytes);
	crash->is_type_mangled = true;
}

static bool has_page(const struct crash *crash, uint64_t address)
{
	for (size_t i = 0; i < crash->page_cnt; i++) {
		if (crash->pages[i].address == address)
			return true;
	}
	return false;
}

void death__take_stack(struct crash *crash, const struct wire_stack *message)
{
	struct crash_page *pages;

	crash = find_thread(crash, message->head.tid);
	if (!crash || message->page_cnt > WIRE_MAX_STACK_PAGES ||
	    crash->page_cnt + message->page_cnt > UNWIND_MAX_PAGES)
		return;
	pages = realloc(crash->pages,
			(crash->page_cnt + message->page_cnt + 1) * sizeof(*crash->pages));
	if (!pages)
		return;
	crash->pages = pages;
	for (uint32_t i = 0; i < message->page_cnt; i++) {
		struct crash_page *page = &crash->pages[crash->page_cnt];

		if (!message->addresses[i] || has_page(crash, message->addresses[i]))
			continue;
		if (message->is_outer && !crash->outer_start)
			crash->outer_start = message->addresses[i];
		page->address = message->addresses[i];
		memcpy(page->bytes, message->pages[i], sizeof(page->bytes));
		crash->page_cnt++;
	}
}

void death__take_end(struct crash *crash, const struct wire_end *end)
{
	crash->has_exit = true;
	if (WIFSIGNALED(end->status))
		crash->exit_signal = WTERMSIG(end->status);
	else
		crash->exit_code = WEXITSTATUS(end->status);
	take_sender(crash, &end->sender);
	crash->is_oom = end->is_oom;
	crash->max_rss_bytes = end->max_rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int death__take_mappings(struct crash *crash, const struct maps *maps)
{
	struct crash_mapping *mappings = calloc(maps->cnt + 1, sizeof(*mappings));
	size_t cnt = 0;

	if (!mappings)
		return -ENOMEM;
	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];

		if (!entry->executable || !entry->path[0])
			continue;
		mappings[cnt] = (struct crash_mapping){
			.start = entry->start,
			.end = entry->end,
			.offset = entry->offset,
			.dev = entry->dev,
			.inode = entry->inode,
			.path = strdup(entry->path),
		};
		if (mappings[cnt].path)
			cnt++;
	}
	for (size_t i = 0; i < crash->mapping_cnt; i++)
		free(crash->mappings[i].path);
	free(crash->mappings);
	crash->mappings = mappings;
	crash->mapping_cnt = cnt;
	return 0;
}

int death__read_mappings(struct crash *crash, pid_t pid)
{
	struct maps *maps = maps__read(pid);
	int err = 0;

	if (!maps)
		return -errno;
	/* one that ends while it is read seems to have mapped less than it had */
	if (!maps->cnt || !task__has_memory(task__living((uint32_t)pid)))
		err = -ESRCH;
	else
		err = death__take_mappings(crash, maps);
	maps__free(maps);
	return err;
}

/* Of the files that ran, as far as they are kept open; else of what stands at their paths now. */
static void read_build_ids(struct crash *crash, struct attach *attach)
{
	for (size_t i = 0; i < crash->mapping_cnt; i++) {
		struct crash_mapping *mapping = &crash->mappings[i];

		if (mapping->path[0] != '/' || mapping->build_id[0])
			continue;
		if (attach__find_build_id(attach, mapping->dev, mapping->inode,
					  mapping->build_id) &&
		    elf__open_build_id(mapping->path, mapping->build_id))
			mapping->build_id[0] = '\0';
	}
}

/* What the kernel read in the crashing process itself counts most. */
static void learn_build_ids(struct crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		const struct crash_frame *frame = &crash->frames[i];

		for (size_t k = 0; frame->build_id[0] && k < crash->mapping_cnt; k++) {
			struct crash_mapping *mapping = &crash->mappings[k];

			if (frame->ip >= mapping->start && frame->ip < mapping->end)
				memcpy(mapping->build_id, frame->build_id,
				       sizeof(mapping->build_id));
		}
	}
}

static const struct crash_mapping *find_mapping(const struct crash *crash,
						const struct crash_frame *frame)
{
	for (size_t i = 0; i < crash->mapping_cnt; i++) {
		const struct crash_mapping *mapping = &crash->mappings[i];

		if (frame->ip >= mapping->start && frame->ip < mapping->end)
			return mapping;
	}
	/* mapped after the mappings were read: the kernel's build id tells it */
	for (size_t i = 0; frame->build_id[0] && i < crash->mapping_cnt; i++) {
		if (strcmp(crash->mappings[i].build_id, frame->build_id) == 0)
			return &crash->mappings[i];
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
static int open_file(const struct crash_mapping *mapping, const char *build_id,
		     struct attach *attach)
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

static int open_mapped(void *ctx, const struct crash_mapping *mapping)
{
	return open_file(mapping, mapping->build_id, ctx);
}

static void resolve_frame(const struct crash *crash, struct crash_frame *frame, bool is_caller,
			  struct attach *attach)
{
	const struct crash_mapping *mapping = find_mapping(crash, frame);
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
	crash->stamp_ns = other.stamp_ns;
	other.mappings = NULL;
	other.mapping_cnt = 0;
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
	reporter->mapping_cnt = crash->mapping_cnt;
	if (unwind_to_fault(reporter, uid, attach, unwind)) {
		become_reporter(crash);
		return;
	}
	reporter->mappings = NULL;
	reporter->mapping_cnt = 0;
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

void death__resolve(struct crash *crash, uint32_t uid, struct attach *attach, struct unwind *unwind)
{
	if (!crash->has_crash)
		return;
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
}
