/* SPDX-License-Identifier: MIT */
/*
 * Unwinds a child that stopped at a known place: ptrace gives its registers, process_vm_readv its
 * stack, as the kernel side would have sent them.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make.h"

#include "attach.h"
#include "autopsy.h"
#include "clock.h"
#include "crash.h"
#include "unwind.h"
#include "unwind_child.h"

/* The place where stop_here() stops. */
enum {
	STOP_LINE = __LINE__ + 7
};
__attribute__((noinline)) static int stop_here(int depth)
{
	volatile char room[100] = { 0 };

	if (depth == 0)
		raise(SIGSTOP);
	else
		room[0] = (char)stop_here(depth - 1);
	return room[0] + depth;
}

static const struct {
	const char *name;
	size_t offset;
} registers[] = {
#define REGISTER(field)                                                                            \
	{                                                                                          \
#field, offsetof(struct user_regs_struct, field)                                   \
	}
	REGISTER(rax), REGISTER(rbx), REGISTER(rcx), REGISTER(rdx), REGISTER(rsi), REGISTER(rdi),
	REGISTER(rbp), REGISTER(rsp), REGISTER(r8),  REGISTER(r9),  REGISTER(r10), REGISTER(r11),
	REGISTER(r12), REGISTER(r13), REGISTER(r14), REGISTER(r15), REGISTER(rip),
#undef REGISTER
};

static void take_registers(struct crash *crash, pid_t pid)
{
	struct user_regs_struct regs;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
	for (size_t i = 0; i < sizeof(registers) / sizeof(*registers); i++) {
		crash->registers[i].name = registers[i].name;
		memcpy(&crash->registers[i].value, (char *)&regs + registers[i].offset,
		       sizeof(uint64_t));
	}
	crash->register_cnt = sizeof(registers) / sizeof(*registers);
	crash->frames[0].ip = regs.rip;
	crash->frame_cnt = 1;
}

static void take_stack(struct crash *crash, pid_t pid, uint64_t sp, size_t max)
{
	uint64_t address = sp & -(uint64_t)CRASH_PAGE_BYTES;

	crash->pages = calloc(max + 1, sizeof(*crash->pages));
	assert_non_null(crash->pages);
	for (; crash->page_cnt < max; address += CRASH_PAGE_BYTES) {
		struct crash_page *page = &crash->pages[crash->page_cnt];
		struct iovec to = { page->bytes, sizeof(page->bytes) };
		struct iovec from = { (void *)address, sizeof(page->bytes) };

		if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof(page->bytes))
			break;
		page->address = address;
		crash->page_cnt++;
	}
}

/* Starts a child and stops it in stop_here(0), called by stop_here(1), (2) and (3). */
static pid_t start_stopped(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		_exit(stop_here(3));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void take_crash(struct crash *crash, pid_t pid, size_t pages)
{
	*crash = (struct crash){ .has_crash = true, .tid = (uint32_t)pid };
	take_registers(crash, pid);
	take_stack(crash, pid, crash->registers[7].value, pages);
	assert_int_equal(make__mappings(&crash->mappings, pid), 0);
}

static size_t count_frames(const struct crash *crash, const char *function)
{
	size_t cnt = 0, len = strlen(function);

	for (size_t i = 0; i < crash->frame_cnt; i++) {
		const char *symbol = crash->frames[i].symbol;

		cnt += symbol && !strncmp(symbol, function, len) && symbol[len] == '+';
	}
	return cnt;
}

static void test_unwind_names_the_callers(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped();
	struct crash crash;
	size_t at = 0;

	(void)state;
	take_crash(&crash, pid, 16);
	end_child(pid);
	autopsy__resolve(&crash, 0, attach, unwind);
	assert_int_equal(count_frames(&crash, "stop_here"), 4);
	assert_int_equal(count_frames(&crash, "start_stopped"), 1);
	assert_int_equal(count_frames(&crash, "main"), 1);
	while (strncmp(crash.frames[at].symbol, "stop_here+", 10))
		at++;
	assert_true(at > 0); /* raise() */
	assert_non_null(strstr(crash.frames[at].file, "/test_unwind.c"));
	assert_int_equal(crash.frames[at].line, STOP_LINE);
	assert_string_equal(crash.frames[at].build_id, crash.frames[at + 1].build_id);
	crash__fini(&crash);
	unwind__free(unwind);
	attach__free(attach);
}

/* Without a stack there is only what the kernel gave, with a name. */
static void test_unwind_without_a_stack(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped();
	struct crash crash;

	(void)state;
	take_crash(&crash, pid, 0);
	end_child(pid);
	crash.frames[0].ip = (uintptr_t)stop_here + 1;
	crash.registers[16].value = crash.frames[0].ip;
	autopsy__resolve(&crash, 0, attach, unwind);
	assert_true(crash.frame_cnt >= 1);
	assert_string_equal(crash.frames[0].symbol, "stop_here+0x1");
	crash__fini(&crash);
	unwind__free(unwind);
	attach__free(attach);
}

/* A file that is not the one that ran is not used. */
static void test_unwind_not_by_another_file(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped();
	struct crash crash;

	(void)state;
	take_crash(&crash, pid, 16);
	end_child(pid);
	for (size_t i = 0; i < crash.mappings.cnt; i++)
		memset(crash.mappings.items[i].build_id, 'a', 40);
	autopsy__resolve(&crash, 0, attach, unwind);
	for (size_t i = 0; i < crash.frame_cnt; i++)
		assert_null(crash.frames[i].symbol);
	crash__fini(&crash);
	unwind__free(unwind);
	attach__free(attach);
}

/* Random registers and stacks: nothing is found, but unwinding always ends. */
static void test_unwind_noise(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped();
	uint64_t seed = 88172645463325252u;
	struct crash crash;

	(void)state;
	take_crash(&crash, pid, 4);
	end_child(pid);
	for (unsigned round = 0; round < 10; round++) {
		struct crash copy;

		assert_int_equal(crash__copy(&crash, &copy), 0);
		for (size_t i = 0; i < copy.page_cnt * CRASH_PAGE_BYTES; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			copy.pages[i / CRASH_PAGE_BYTES].bytes[i % CRASH_PAGE_BYTES] ^=
				seed % 11 ? 0 : (unsigned char)(seed >> 32);
		}
		copy.registers[round].value ^= seed;
		autopsy__resolve(&copy, 0, attach, unwind);
		assert_in_range(copy.frame_cnt, 1, CRASH_MAX_FRAMES);
		crash__fini(&copy);
	}
	crash__fini(&crash);
	unwind__free(unwind);
	attach__free(attach);
}

/* The pid of our running child; 0 for none. */
static pid_t find_child(void)
{
	glob_t tasks;
	int pid = 0;

	assert_int_equal(glob("/proc/self/task/*/children", 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc && !pid; i++) {
		FILE *file = fopen(tasks.gl_pathv[i], "re");

		if (!file || fscanf(file, "%d", &pid) != 1)
			pid = 0;
		if (file)
			(void)fclose(file);
	}
	globfree(&tasks);
	return pid;
}

/* Resolves a copy of the crash, which must get its names. Returns the child that did it. */
static pid_t resolve_again(const struct crash *crash, uint32_t uid, struct attach *attach,
			   struct unwind *unwind)
{
	struct crash copy;

	assert_int_equal(crash__copy(crash, &copy), 0);
	autopsy__resolve(&copy, uid, attach, unwind);
	assert_int_equal(count_frames(&copy, "stop_here"), 4);
	assert_int_equal(count_frames(&copy, "main"), 1);
	crash__fini(&copy);
	return find_child();
}

/* Returns a child that stays. On a busy machine one may have been too late. */
static pid_t start_child(const struct crash *crash, uint32_t uid, struct attach *attach,
			 struct unwind *unwind)
{
	pid_t child = 0;

	for (int i = 0; !child && i < 20; i++) {
		unwind__rest(unwind);
		child = resolve_again(crash, uid, attach, unwind);
	}
	assert_true(child > 0);
	return child;
}

/* The child stays for the next crash, but not for another user's. If it died, a new one replaces
 * it. */
static void test_unwind_keeps_its_child(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped(), first, second;
	struct crash crash;

	(void)state;
	take_crash(&crash, pid, 16);
	end_child(pid);
	first = start_child(&crash, 1, attach, unwind);
	assert_int_equal(resolve_again(&crash, 1, attach, unwind), first);
	second = resolve_again(&crash, 2, attach, unwind);
	assert_true(second > 0 && second != first);
	assert_int_equal(kill(second, SIGKILL), 0);
	assert_int_not_equal(resolve_again(&crash, 2, attach, unwind), second);
	unwind__rest(unwind);
	assert_int_equal(find_child(), 0);
	assert_true(resolve_again(&crash, 2, attach, unwind) > 0);
	unwind__free(unwind);
	assert_int_equal(find_child(), 0);
	crash__fini(&crash);
	attach__free(attach);
}

/* A child that does not answer is killed in time, and what was known stays. */
static void test_unwind_without_an_answer(void **state)
{
	struct attach *attach = attach__new(&(struct attach_options){ 0 });
	struct unwind *unwind = unwind__new();
	pid_t pid = start_stopped(), child;
	struct crash crash, copy;
	uint64_t start_ns;

	(void)state;
	take_crash(&crash, pid, 16);
	end_child(pid);
	child = start_child(&crash, 1, attach, unwind);
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(crash__copy(&crash, &copy), 0);
	start_ns = clock__now_mono_ns();
	autopsy__resolve(&copy, 1, attach, unwind);
	assert_in_range((clock__now_mono_ns() - start_ns) / 1000000, UNWIND_MAX_MS,
			UNWIND_MAX_WAIT_MS + 1000);
	assert_int_equal(find_child(), 0);
	assert_true(copy.frame_cnt >= 1);
	assert_int_equal(copy.frames[0].ip, crash.frames[0].ip);
	crash__fini(&copy);
	(void)resolve_again(&crash, 1, attach, unwind);
	unwind__free(unwind);
	crash__fini(&crash);
	attach__free(attach);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unwind_names_the_callers),
		cmocka_unit_test(test_unwind_without_a_stack),
		cmocka_unit_test(test_unwind_not_by_another_file),
		cmocka_unit_test(test_unwind_noise),
		cmocka_unit_test(test_unwind_keeps_its_child),
		cmocka_unit_test(test_unwind_without_an_answer),
	};

	if (unwind_child__is_asked(argc, argv))
		unwind_child__run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
