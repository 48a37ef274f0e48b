/* SPDX-License-Identifier: MIT */
/*
 * A program with many pthread keys: for the keys from 32 on glibc allocates memory for each
 * thread's values. So a thread's first event may come while it holds malloc's lock, and no
 * destructor reports that a thread ends.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TTLOG_BATCH_BYTES 4096
#define TTLOG_SERVICE     "test_keys"
#include <ttlog/ttlog.h>

#include "flush_trap.h"
#include "own_batch.h"

#ifdef FLUSH_TRAP_WORKS

#include <errno.h>
#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

#define KEYS      40
#define STEPS_MAX 20000

/* Keys made before the header's, as libraries make them. */
__attribute__((constructor(101))) static void use_keys(void)
{
	pthread_key_t key;

	for (int i = 0; i < KEYS; i++) {
		if (pthread_key_create(&key, NULL))
			abort();
	}
}

static void log_count(int count)
{
	TTLOG_PROBE(count, INFO, "Count", "count", count);
}

static int setup(void **state)
{
	(void)state;
	raise_sites(1);
	raise_listening(1, 0);
	return 0;
}

/* ---- A thread's first event, in the middle of malloc ---- */

static volatile sig_atomic_t handled_cnt;

static void handle(int number)
{
	(void)number;
	log_count(1);
	handled_cnt = handled_cnt + 1;
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* More than malloc's cache of the thread holds. So little that no rep instruction fills it: each
 * repetition would be a step. */
static void allocate(void)
{
	void *large = malloc(1200), *zeroes = calloc(1, 1100), *small = malloc(24);

	/* the compiler must believe that it is used */
	__asm__ volatile("" : "+r"(large), "+r"(zeroes), "+r"(small) : : "memory");
	free(large);
	free(zeroes);
	free(small);
}

/* Allocates between two stops. With two threads, so that there are locks. */
static void be_stepped(void)
{
	pthread_t other;

	allocate(); /* after this the linker has resolved all functions */
	if (pthread_create(&other, NULL, wait_for_ever, NULL) ||
	    signal(SIGUSR1, handle) == SIG_ERR || ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	(void)raise(SIGSTOP);
	allocate();
	(void)raise(SIGSTOP);
	if (handled_cnt != 1 || !own_batch() || batch_events(own_batch()) != 1)
		_exit(1);
	if (ttlog_module.thread_key <= KEYS)
		_exit(3);
	_exit(0);
}

static int next_stop(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	return status;
}

static int is_stop(int status, int number)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == number;
}

static int waits_for_a_lock(pid_t pid)
{
	struct user_regs_struct registers;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
	return registers.orig_rax == SYS_futex && (registers.rsi & FUTEX_CMD_MASK) == FUTEX_WAIT;
}

/* Sends the signal and runs the child to its end. Returns 0 if it would wait for itself; else
 * *ret_status is how it ended. */
static int run_on(pid_t pid, int *ret_status)
{
	const int call_stop = SIGTRAP | 0x80;
	int status, number = SIGUSR1;

	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, number), 0);
		number = 0;
		status = next_stop(pid);
		if (!WIFSTOPPED(status))
			break;
		if (is_stop(status, call_stop) && waits_for_a_lock(pid))
			return 0;
	}
	*ret_status = status;
	return 1;
}

/* Starts a child that is about to allocate. */
static pid_t start(void)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (!pid)
		be_stepped();
	assert_true(is_stop(next_stop(pid), SIGSTOP));
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD), 0);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, __WALL);
}

/* The addresses of its instructions, each once. They are the same in all forked children. */
static uint32_t find_places(uint64_t *places)
{
	struct user_regs_struct registers;
	pid_t pid = start();
	uint32_t cnt = 0, i;

	for (int step = 0; step < STEPS_MAX; step++) {
		assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
		for (i = 0; i < cnt && places[i] != registers.rip; i++)
			continue;
		if (i == cnt)
			places[cnt++] = registers.rip;
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		if (is_stop(next_stop(pid), SIGSTOP))
			break;
	}
	end(pid);
	return cnt;
}

/* Stops before that instruction. */
static void run_to(pid_t pid, uint64_t place)
{
	struct user_regs_struct registers;
	long word;

	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
	if (registers.rip == place)
		return;
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, place, NULL);
	assert_int_equal(errno, 0);
	assert_int_equal(ptrace(PTRACE_POKETEXT, pid, place, (word & ~0xffl) | 0xcc), 0);
	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	assert_true(is_stop(next_stop(pid), SIGTRAP));
	assert_int_equal(ptrace(PTRACE_POKETEXT, pid, place, word), 0);
	assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
	assert_true(registers.rip == place + 1);
	registers.rip = place;
	assert_int_equal(ptrace(PTRACE_SETREGS, pid, NULL, &registers), 0);
}

static void log_at(uint64_t place, uint32_t number)
{
	pid_t pid = start();
	int status;

	run_to(pid, place);
	if (!run_on(pid, &status)) {
		end(pid);
		fail_msg("at instruction %u it waits for a lock that it holds", number);
	}
	if (status)
		fail_msg("at instruction %u: wait status %#x", number, (unsigned int)status);
}

static void test_keys_first_event_at_every_instruction_of_malloc(void **state)
{
	static uint64_t places[STEPS_MAX];
	uint32_t cnt;

	(void)state;
	if (IS_SANITIZED) {
		print_message(
			"passed over: malloc is another, whose steps differ from run to run\n");
		return;
	}
	cnt = find_places(places);
	assert_true(cnt > 100);
	for (uint32_t i = 0; i < cnt; i++)
		log_at(places[i], i);
	print_message("%u instructions\n", cnt);
}

/* ---- Threads that end ---- */

#define EVENTS 3

static int setup_trap(void **state)
{
	static int is_there;

	if (!is_there && flush_trap__install(&ttlog_module))
		return -1;
	is_there = 1;
	flush_trap__clear();
	return setup(state);
}

static uint32_t batch_cnt(void)
{
	uint32_t cnt = 0;

	for (uint64_t at = ttlog_module.batches; at;
	     at = ((const struct ttlog_batch *)(uintptr_t)at)->next)
		cnt++;
	return cnt;
}

static void *log_some(void *arg)
{
	for (int i = 0; i < EVENTS; i++)
		log_count(i);
	*(const struct ttlog_batch **)arg = own_batch();
	return NULL;
}

/* The threads run one after the other, so that they get the same memory. */
static void test_keys_batch_is_inherited(void **state)
{
	const struct ttlog_batch *batch = NULL, *last;
	const uint32_t before = batch_cnt();
	pthread_t thread;
	uint64_t events;

	(void)state;
	for (int i = 0; i < 100; i++) {
		last = batch;
		events = last ? last->events_before + batch_events(last) : 0;
		assert_int_equal(pthread_create(&thread, NULL, log_some, &batch), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_batch_whole(batch);
		assert_int_equal(batch_events(batch), EVENTS);
		if (batch != last)
			continue;
		/* the thread before had flushed nothing, and the kernel took its batch: the count
		 * continues */
		assert_int_equal(batch->events_before, events);
	}
	assert_true(batch_cnt() <= before + 2);
	for (uint32_t i = 0; i < flush_trap.cnt; i++)
		assert_int_equal(flush_trap.flushes[i].op, TTLOG_OP_BEGIN);
	assert_int_equal(flush_trap.cnt, 100);
}

/* As in a sandbox, whose threads run no destructors either. */
static void *log_and_leave(void *arg)
{
	TTLOG_PREPARE();
	log_some(arg);
	syscall(SYS_exit, 0);
	return NULL;
}

static void test_keys_batch_of_a_prepared_thread_is_inherited(void **state)
{
	const struct ttlog_batch *batch = NULL;
	uint32_t before = 0;
	pthread_t thread;

	(void)state;
	if (IS_SANITIZED) {
		print_message("passed over: the sanitizer has to see threads end\n");
		return;
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pthread_create(&thread, NULL, log_and_leave, &batch), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_batch_whole(batch);
		assert_int_equal(batch_events(batch), EVENTS);
		assert_int_equal(batch->clock, TTLOG_CLOCK_COARSE);
		if (i == 0)
			before = batch_cnt();
	}
	assert_true(batch_cnt() <= before + 2);
	/* a thread that was prepared does not prepare the next one */
	assert_int_equal(pthread_create(&thread, NULL, log_some, &batch), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(batch_events(batch), EVENTS);
	assert_int_equal(batch->clock, ttlog__choose_clock());
	assert_int_equal(batch->flags & TTLOG_BATCH_PREPARED, 0);
}

#define TOGETHER 8

static pthread_barrier_t together;

static void *log_together(void *arg)
{
	log_some(arg);
	pthread_barrier_wait(&together);
	return NULL;
}

/* No thread takes the batch of a living thread, even after others have ended. */
static void test_keys_batch_is_each_threads_own(void **state)
{
	const struct ttlog_batch *batches[TOGETHER];
	pthread_t threads[TOGETHER];

	(void)state;
	for (int round = 0; round < 10; round++) {
		assert_int_equal(pthread_barrier_init(&together, NULL, TOGETHER), 0);
		for (int i = 0; i < TOGETHER; i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, log_together, &batches[i]), 0);
		for (int i = 0; i < TOGETHER; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(pthread_barrier_destroy(&together), 0);
		for (int i = 0; i < TOGETHER; i++) {
			assert_int_equal(batch_events(batches[i]), EVENTS);
			for (int k = 0; k < i; k++)
				assert_ptr_not_equal(batches[i], batches[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, without the trap: the tracer would see its signals */
		cmocka_unit_test_setup_teardown(
			test_keys_first_event_at_every_instruction_of_malloc, setup, lower_all),
		cmocka_unit_test_setup_teardown(test_keys_batch_is_inherited, setup_trap,
						lower_all),
		cmocka_unit_test_setup_teardown(test_keys_batch_of_a_prepared_thread_is_inherited,
						setup_trap, lower_all),
		cmocka_unit_test_setup_teardown(test_keys_batch_is_each_threads_own, setup_trap,
						lower_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("test_keys: steps and traps on x86-64 only; passed over");
	return 0;
}
#endif
