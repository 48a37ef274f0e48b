/* SPDX-License-Identifier: MIT */
/*
 * At the moment of the signal the kernel tells registers, addresses, and for each frame the build
 * id and the offset in the file. All of it is stored here. What it means is found later
 * (autopsy.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire.h"
#include "crash.h"
#include "death.h"
#include "hex.h"
#include "unwind_child.h"

/* BPF_STACK_BUILD_ID_VALID of linux/bpf.h */
#define FRAME_HAS_BUILD_ID 1
/* No file is so long: the kernel took the frame for part of the file mapped next to it. */
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

static void take_frames(struct crash *crash, const struct wire_crash *message)
{
	size_t cnt = message->frame_cnt;

	if (cnt > CRASH_MAX_FRAMES)
		cnt = CRASH_MAX_FRAMES;
	for (size_t i = 0; i < cnt; i++) {
		struct crash_frame *frame = &crash->frames[i];
		const struct wire_frame_id *id = &message->ids[i];

		/* if the program uses frame pointers for something else, the walk ends in
		 * nonsense */
		if (i && message->ips[i] < LOWEST_CODE) {
			cnt = i;
			break;
		}
		frame->ip = message->ips[i];
		if (message->ids[0].status == 0 || id->status != FRAME_HAS_BUILD_ID ||
		    id->offset >= FRAME_MAX_OFFSET)
			continue;
		frame->offset = id->offset;
		*hex__bytes(frame->build_id, id->build_id, sizeof(id->build_id)) = '\0';
	}
	crash->frame_cnt = cnt;
}

/* One more, all zeroes. NULL: no memory. */
static struct crash_other *add_other(struct crash *crash)
{
	const size_t cnt = crash->other_cnt;
	struct crash_other *grown;

	/* there is room for a power of two */
	if (!(cnt & (cnt - 1))) {
		grown = reallocarray(crash->others, cnt ? 2 * cnt : 1, sizeof(*grown));
		if (!grown)
			return NULL;
		crash->others = grown;
	}
	memset(&crash->others[cnt], 0, sizeof(*crash->others));
	return &crash->others[crash->other_cnt++];
}

void death__take_other(struct crash *crash, const struct wire_other *message)
{
	struct crash_other *other;

	if (!crash->has_crash || crash->tid == message->head.tid ||
	    crash->other_cnt == CRASH_MAX_OTHERS)
		return;
	other = add_other(crash);
	if (!other)
		return;
	other->tid = message->head.tid;
	memcpy(other->thread, message->head.comm, sizeof(other->thread));
	memcpy(other->registers, message->registers, sizeof(other->registers));
	for (size_t i = 0; i < CRASH_OTHER_PAGES; i++) {
		struct crash_page *page = &other->pages[other->page_cnt];

		if (!message->addresses[i])
			continue;
		page->address = message->addresses[i];
		memcpy(page->bytes, message->pages[i], sizeof(page->bytes));
		other->page_cnt++;
	}
}

static void take_sender(struct crash *crash, const struct wire_sender *sender)
{
	crash->sender.pid = sender->pid;
	crash->sender.uid = sender->uid;
	memcpy(crash->sender.comm, sender->comm, sizeof(crash->sender.comm));
}

void death__name_registers(struct crash *crash)
{
	crash->register_cnt = sizeof(register_names) / sizeof(*register_names);
	for (size_t i = 0; i < crash->register_cnt; i++)
		crash->registers[i].name = register_names[i];
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
	death__name_registers(crash);
	for (size_t i = 0; i < crash->register_cnt; i++)
		crash->registers[i].value = message->registers[i];
	take_frames(crash, message);
}

_Static_assert(CRASH_OTHER_PAGES == WIRE_OTHER_PAGES, "all that is sent has room");
_Static_assert(CRASH_PAGE_BYTES == WIRE_STACK_PAGE_BYTES, "pages are copied whole");

void death__take_reporter(struct crash *crash, const struct wire_crash *message)
{
	if (!crash->has_crash || crash->reporter || crash->tid == message->head.tid)
		return;
	crash->reporter = calloc(1, sizeof(*crash->reporter));
	if (crash->reporter)
		death__take_crash(crash->reporter, message);
}

/* The crash or its reporter, if one of them is that thread; else NULL. */
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
	/* a name that is valid in one file only begins with an asterisk */
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
