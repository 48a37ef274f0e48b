/* SPDX-License-Identifier: MIT */
/*
 * From the kernel's messages to a crash report. The process that "crashed" is this one, with its
 * mappings and its symbols.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build_id.h"
#include "make.h"

#include "wire.h"
#include "attach.h"
#include "attach_parts.h"
#include "autopsy.h"
#include "crash.h"
#include "death.h"
#include "maps.h"
#include "unwind.h"
#include "unwind_child.h"

static void test_death_takes_the_first_crash(void **state)
{
	struct wire_crash message = {
		.head = { .tid = 12, .comm = "worker" },
		.signal = 11,
		.code = 1,
		.address = 0x10,
		.frame_cnt = 3,
		.ips = { 0x401000, 0x402000, 1 },
	};
	struct crash crash = { 0 };

	(void)state;
	death__take_crash(&crash, &message);
	message.signal = 6;
	death__take_crash(&crash, &message);
	assert_true(crash.has_crash);
	assert_int_equal(crash.signal, 11);
	assert_int_equal(crash.address, 0x10);
	assert_int_equal(crash.tid, 12);
	assert_string_equal(crash.thread, "worker");
	assert_int_equal(crash.frame_cnt, 2); /* 1 is not an address of code */
	crash__fini(&crash);
}

/* Without an unwinder it is not known which frame a signal interrupted. What is left is the pending
 * signal: it hits the same instruction with the same stack. */
static void test_death_finds_the_first_fault(void **state)
{
	struct wire_crash message = { .head.tid = 12, .signal = 6, .code = -6, .frame_cnt = 1 };
	struct wire_fault fault = {
		.head.tid = 12,
		.handled = { .stamp_ns = 1, .signal = 11, .code = 1, .address = 0x10 },
	};
	const struct {
		int32_t code;
		uint32_t tid;
		uint64_t ip;
		bool is_found;
	} cases[] = {
		{ 1, 12, 0x401000, true },
		{ 1, 12, 0x402000, false },  /* elsewhere */
		{ 1, 13, 0x401000, false },  /* another thread's */
		{ -6, 12, 0x401000, false }, /* raised itself: it may come here again */
	};

	(void)state;
	message.ips[0] = 0x401000;
	for (size_t i = 0; i < WIRE_MAX_REGISTERS; i++)
		message.registers[i] = 0x401000;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct crash crash = { 0 };

		fault.handled.code = cases[i].code;
		fault.head.tid = cases[i].tid;
		for (size_t k = 0; k < WIRE_MAX_REGISTERS; k++)
			fault.handled.registers[k] = cases[i].ip;
		death__take_crash(&crash, &message);
		death__take_fault(&crash, &fault);
		autopsy__resolve(&crash, 0, NULL, NULL);
		assert_int_equal(crash.is_reraised, cases[i].is_found);
		assert_int_equal(crash.signal, cases[i].is_found ? 11 : 6);
		assert_int_equal(crash.address, cases[i].is_found ? 0x10 : 0);
		crash__fini(&crash);
	}
}

/* A thread's signal handler sent the signal that hit another thread: the first one is the thread
 * that crashed, if the handler was still running. */
static void test_death_finds_who_sent_the_signal(void **state)
{
	struct wire_crash hit = { .head.tid = 12, .head.stamp_ns = 5, .signal = 11 };
	struct wire_crash sender = { .head = { .tid = 13, .stamp_ns = 6, .comm = "worker" } };
	struct wire_fault fault = {
		.head.tid = 13,
		.handled = { .stamp_ns = 1, .signal = 11, .code = 1, .address = 0x10 },
	};
	struct maps_entry entry = {
		.start = 0x401000, .end = 0x402000, .executable = true, .path = "[code]"
	};
	const struct maps maps = { .entries = &entry, .cnt = 1 };

	(void)state;
	sender.frame_cnt = 1;
	for (int is_found = 0; is_found < 2; is_found++) {
		struct crash crash = { .has_exit = true, .exit_signal = 11 }, copy;

		sender.ips[0] = is_found ? 0x401000 : 0x401001;
		for (size_t i = 0; i < WIRE_MAX_REGISTERS; i++) {
			sender.registers[i] = sender.ips[0];
			fault.handled.registers[i] = 0x401000;
		}
		death__take_reporter(&crash, &sender); /* no crash yet */
		assert_null(crash.reporter);
		death__take_crash(&crash, &hit);
		assert_int_equal(mappings__take(&crash.mappings, &maps), 0);
		death__take_reporter(&crash, &hit); /* the same thread */
		assert_null(crash.reporter);
		death__take_reporter(&crash, &sender);
		death__take_fault(&crash, &fault);
		assert_int_equal(crash__copy(&crash, &copy), 0);
		crash__fini(&crash);
		autopsy__resolve(&copy, 0, NULL, NULL);
		assert_int_equal(copy.is_reraised, is_found);
		assert_int_equal(copy.tid, is_found ? 13 : 12);
		assert_string_equal(copy.thread, is_found ? "worker" : "");
		assert_int_equal(copy.signal, 11);
		assert_int_equal(copy.code, is_found);
		assert_int_equal(copy.stamp_ns, 5);
		assert_int_equal(copy.exit_signal, 11);
		assert_int_equal(copy.mappings.cnt, 1);
		crash__fini(&copy);
	}
}

/* The exception's type, if the thread that crashed called abort(). */
static void test_death_takes_what_was_thrown(void **state)
{
	const struct {
		int32_t signal;
		uint32_t tid, type_bytes, what_bytes;
		const char *type, *taken, *what;
	} cases[] = {
		{ 6, 12, 4, 5, "1Ex", "1Ex", "text" },
		{ 6, 12, 5, 1, "*1Ex", "1Ex", "" },
		{ 6, 12, 4, 0, "1Ex", "1Ex", NULL },
		{ 11, 12, 4, 5, "1Ex", NULL, NULL }, /* a fault */
		{ 6, 13, 4, 5, "1Ex", NULL, NULL },  /* another thread's */
		{ 6, 12, 0, 5, "1Ex", NULL, NULL },  /* not read */
		{ 6, 12, 1, 5, "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_crash message = { .head.tid = 12, .signal = cases[i].signal };
		struct wire_thrown thrown = {
			.head.tid = cases[i].tid,
			.type_bytes = cases[i].type_bytes,
			.what_bytes = cases[i].what_bytes,
			.what = "text",
		};
		struct crash crash = { 0 };

		(void)strcpy(thrown.type, cases[i].type);
		if (cases[i].what)
			(void)strcpy(thrown.what, cases[i].what);
		death__take_crash(&crash, &message);
		death__take_thrown(&crash, &thrown);
		autopsy__resolve(&crash, 0, NULL, NULL);
		assert_int_equal(!crash.thrown_type, !cases[i].taken);
		if (cases[i].taken)
			assert_string_equal(crash.thrown_type, cases[i].taken);
		assert_int_equal(!crash.thrown_what, !cases[i].what);
		if (cases[i].what)
			assert_string_equal(crash.thrown_what, cases[i].what);
		crash__fini(&crash);
	}
}

/* A page of the crashed thread's stack. */
static void take_page(struct crash *crash, uint64_t address, bool is_outer)
{
	struct wire_stack *message = calloc(1, sizeof(*message) + WIRE_STACK_PAGE_BYTES);

	assert_non_null(message);
	message->head.tid = 12;
	message->page_cnt = 1;
	message->is_outer = is_outer;
	message->addresses[0] = address;
	death__take_stack(crash, message);
	free(message);
}

static void test_death_names_a_stack_overflow(void **state)
{
	/* the lowest mapped page of the stack is at 0x10000 */
	static const struct {
		int32_t signal, code;
		uint64_t sp, address;
		bool is_overflow;
	} cases[] = {
		{ SIGSEGV, 1, 0x10000, 0xfff8, true },   /* a push */
		{ SIGSEGV, 2, 0xf000, 0xeff8, true },    /* a call, sp in the guard page */
		{ SIGSEGV, 2, 0xa000, 0xc000, true },    /* an array, nothing is mapped below it */
		{ SIGSEGV, 1, 0x10000, 0x10, false },    /* far from the stack */
		{ SIGSEGV, 1, 0x10000, 0x10008, false }, /* on it */
		{ SIGSEGV, 128, 0x10000, 0, false },     /* no address is known */
		{ SIGBUS, 2, 0x10000, 0xfff8, false },
		{ SIGSEGV, 0, 0x10000, 0xfff8, false }, /* sent by a process */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_crash message = { .head.tid = 12 };
		struct crash crash = { 0 }, copy;

		message.signal = cases[i].signal;
		message.code = cases[i].code;
		message.address = cases[i].address;
		for (size_t k = 0; k < WIRE_MAX_REGISTERS; k++)
			message.registers[k] = cases[i].sp;
		death__take_crash(&crash, &message);
		take_page(&crash, 0x11000, false);
		take_page(&crash, 0x10000, false);
		take_page(&crash, 0x40000, true);
		take_page(&crash, 0x41000, true);
		assert_int_equal(crash.outer_start, 0x40000);
		autopsy__resolve(&crash, 0, NULL, NULL);
		assert_int_equal(crash.is_stack_overflow, cases[i].is_overflow);
		assert_int_equal(crash__copy(&crash, &copy), 0);
		assert_int_equal(copy.page_cnt, 4);
		crash__fini(&copy);
		crash__fini(&crash);
	}
}

static void test_death_tells_exit_from_signal(void **state);

static void test_death_takes_other_threads(void **state)
{
	struct wire_crash message = { .head.tid = 12, .signal = SIGSEGV };
	struct wire_other *other = calloc(1, sizeof(*other));
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);
	struct crash crash = { 0 }, copy;

	(void)state;
	assert_non_null(other);
	(void)strcpy(other->head.comm, "worker");
	other->addresses[1] = 0x7000;
	for (size_t i = 0; i < WIRE_MAX_REGISTERS; i++)
		other->registers[i] = (uintptr_t)test_death_tells_exit_from_signal;
	death__take_other(&crash, other); /* no crash yet */
	assert_int_equal(crash.other_cnt, 0);
	death__take_crash(&crash, &message);
	for (uint32_t tid = 1; tid <= CRASH_MAX_OTHERS + 2; tid++) {
		other->head.tid = tid;
		death__take_other(&crash, other);
	}
	/* one of them is the crashed thread, and one is too many */
	assert_int_equal(crash.other_cnt, CRASH_MAX_OTHERS);
	assert_int_equal(crash.others[11].tid, 13);
	assert_int_equal(crash.others[11].page_cnt, 1);
	assert_int_equal(crash.others[11].pages[0].address, 0x7000);
	assert_int_equal(make__mappings(&crash.mappings, getpid()), 0);
	autopsy__resolve(&crash, getuid(), attach, NULL);
	assert_int_equal(crash__copy(&crash, &copy), 0);
	assert_int_equal(copy.others[11].frame_cnt, 1);
	assert_string_equal(copy.others[11].thread, "worker");
	assert_string_equal(copy.others[11].frames[0].module, crash.others[11].frames[0].module);
	assert_ptr_not_equal(copy.others[11].frames[0].module, crash.others[11].frames[0].module);
	crash__fini(&copy);
	crash__fini(&crash);
	attach__free(attach);
	free(other);
}

static void test_death_tells_exit_from_signal(void **state)
{
	struct wire_end end = { .status = 3 << 8 };
	struct crash crash = { 0 };

	(void)state;
	death__take_end(&crash, &end);
	assert_int_equal(crash.exit_code, 3);
	assert_int_equal(crash.exit_signal, 0);
	end = (struct wire_end){ .status = 9,
				 .is_oom = 1,
				 .max_rss_pages = 3,
				 .sender = { .pid = 5, .uid = 7, .comm = "fifteen letters" } };
	death__take_end(&crash, &end);
	assert_int_equal(crash.exit_signal, 9);
	assert_int_equal(crash.sender.pid, 5);
	assert_int_equal(crash.sender.uid, 7);
	assert_string_equal(crash.sender.comm, "fifteen letters");
	assert_true(crash.is_oom);
	assert_int_equal(crash.max_rss_bytes, 3 * sysconf(_SC_PAGESIZE));
	crash__fini(&crash);
}

static void test_death_names_frames(void **state)
{
	struct wire_crash message = {
		.frame_cnt = 2,
		.ips = { (uintptr_t)test_death_takes_the_first_crash + 1,
			 (uintptr_t)test_death_tells_exit_from_signal + 1 },
	};
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);
	struct unwind *unwind = unwind__new();
	struct crash crash = { 0 }, copy;
	char exe[4096] = { 0 };

	(void)state;
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	death__take_crash(&crash, &message);
	assert_int_equal(make__mappings(&crash.mappings, getpid()), 0);
	assert_int_equal(crash__copy(&crash, &copy), 0);
	crash__fini(&crash);
	autopsy__resolve(&copy, 0, attach, unwind);
	assert_string_equal(copy.frames[0].module, exe);
	assert_string_equal(copy.frames[0].symbol, "test_death_takes_the_first_crash+0x1");
	assert_string_equal(copy.frames[1].symbol, "test_death_tells_exit_from_signal+0x1");
	crash__fini(&copy);
	unwind__free(unwind);
	attach__free(attach);
}

/* The mappings of a program were not read: the kernel's data of one frame gives its file. */
static void test_death_places_files_by_frames(void **state)
{
	const uintptr_t ip = (uintptr_t)test_death_takes_the_first_crash + 1;
	struct wire_crash message = {
		.frame_cnt = 2,
		.ips = { ip, (uintptr_t)test_death_tells_exit_from_signal + 1 },
	};
	struct mapped_file file = { .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
				    .path = "/here" };
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);
	struct unwind *unwind = unwind__new();
	struct maps *maps = maps__read(0);
	const struct maps_entry *entry = maps__find(maps, ip);
	char build_id[41];
	struct stat status;

	(void)state;
	assert_int_equal(fstat(file.fd, &status), 0);
	assert_int_equal(build_id__read(file.fd, build_id), 0);
	message.ids[0].status = 1;
	message.ids[0].offset = ip - entry->start + entry->offset;
	for (size_t i = 0; i < sizeof(message.ids[0].build_id); i++)
		assert_int_equal(sscanf(build_id + 2 * i, "%2hhx", &message.ids[0].build_id[i]), 1);
	for (int known = 0; known < 2; known++) {
		struct crash crash = { 0 };

		if (known)
			assert_true(modules__add(&attach->modules,
						 module__read(&file, &status, NULL, NULL, 0),
						 NULL) > 0);
		death__take_crash(&crash, &message);
		autopsy__resolve(&crash, 0, attach, unwind);
		assert_int_equal(crash.mappings.cnt, known);
		if (!known) {
			assert_null(crash.frames[0].symbol);
		} else {
			assert_int_equal(crash.mappings.items[0].start, entry->start);
			assert_int_equal(crash.mappings.items[0].end, entry->end);
			assert_string_equal(crash.frames[0].module, "/here");
			assert_string_equal(crash.frames[0].symbol,
					    "test_death_takes_the_first_crash+0x1");
			assert_string_equal(crash.frames[1].symbol,
					    "test_death_tells_exit_from_signal+0x1");
		}
		crash__fini(&crash);
	}
	(void)close(file.fd);
	maps__free(maps);
	unwind__free(unwind);
	attach__free(attach);
}

/* The file that is at the path now is not the one that was mapped: an upgrade, or a container's
 * own. */
static void test_death_takes_no_other_file_for_it(void **state)
{
	struct wire_crash message = {
		.frame_cnt = 1,
		.ips = { (uintptr_t)test_death_takes_the_first_crash + 1 },
	};
	struct attach_options options = { 0 };
	struct attach *attach = attach__new(&options);

	(void)state;
	for (uint64_t other = 0; other < 2; other++) {
		struct crash crash = { 0 };

		death__take_crash(&crash, &message);
		assert_int_equal(make__mappings(&crash.mappings, getpid()), 0);
		for (size_t i = 0; i < crash.mappings.cnt; i++)
			crash.mappings.items[i].inode += other;
		autopsy__resolve(&crash, 0, attach, NULL);
		assert_non_null(crash.frames[0].module);
		assert_int_equal(!crash.frames[0].build_id[0], other);
		assert_int_equal(!crash.frames[0].symbol, other);
		crash__fini(&crash);
	}
	attach__free(attach);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_death_takes_the_first_crash),
		cmocka_unit_test(test_death_finds_the_first_fault),
		cmocka_unit_test(test_death_finds_who_sent_the_signal),
		cmocka_unit_test(test_death_takes_what_was_thrown),
		cmocka_unit_test(test_death_names_a_stack_overflow),
		cmocka_unit_test(test_death_takes_other_threads),
		cmocka_unit_test(test_death_tells_exit_from_signal),
		cmocka_unit_test(test_death_names_frames),
		cmocka_unit_test(test_death_places_files_by_frames),
		cmocka_unit_test(test_death_takes_no_other_file_for_it),
	};

	if (unwind_child__is_asked(argc, argv))
		unwind_child__run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
