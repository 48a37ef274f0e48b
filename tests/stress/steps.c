/* SPDX-License-Identifier: MIT */
/*
 * Kills a program at every single instruction of an append, under a recording collector.
 *
 * usage: steps COLLECTOR [KIND [STEP]]
 *
 * For each kind of append (stepped.h) and each n from 0 on: a new program runs to its first
 * breakpoint, then n instructions further, and is killed there; until an n reaches the second
 * breakpoint. Just before the kill, the number of committed events is read from its memory. The
 * snapshot and the accounts must have exactly these events, whole and in order: no part of an
 * unfinished event, none lost, none twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ttlog/read.h>
#include "ttlog/abi.h"

#include "listener.h"
#include "stepped.h"

#define WAIT_MS      300000
#define STEPS_MAX    20000 /* more are no append */
#define FAILURES_MAX 5
#define BREAKPOINT   0x909090cc /* BREAKPOINT() of stepped.c */

static const char *const kinds[] = {
#define NAME(name) #name,
	STEPPED_KINDS(NAME)
#undef NAME
};

#define KIND_CNT (sizeof(kinds) / sizeof(*kinds))

static struct {
	const char *collector;
	char bin[PATH_MAX / 2], dir[PATH_MAX / 2], log[PATH_MAX], program[PATH_MAX];
	struct stepped *shared;
	int shared_fd;
	uint64_t kills, events;
	int failures;
} steps;

/* One program. */
struct victim {
	const char *kind;
	unsigned int step; /* instructions that it may run */
	pid_t pid;
	uint64_t committed; /* events, by its own memory, which does not count `alone` */
	bool is_done;       /* it reached the second breakpoint */
};

static void fail(const struct victim *victim, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("FAIL %s after %u instructions: ", victim->kind, victim->step);
	vprintf(format, args);
	va_end(args);
	printf("\n     snapshots: %s/out\n     again: %s/steps %s %s %u\n", steps.dir, steps.bin,
	       steps.collector, victim->kind, victim->step);
	steps.failures++;
}

static void die(const char *what)
{
	fprintf(stderr, "steps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the program, instruction by instruction ---- */

static void read_memory(pid_t pid, uint64_t address, void *ret, size_t len)
{
	struct iovec to = { .iov_base = ret, .iov_len = len };
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)len)
		die("process_vm_readv");
}

/* The sum over its batches. It is too small for a moment, while a flush moves events from one count
 * to the other. */
static uint64_t count_committed(pid_t pid)
{
	struct ttlog_module module;
	struct ttlog_batch batch;
	uint64_t cnt = 0;

	read_memory(pid, steps.shared->module, &module, sizeof(module));
	for (uint64_t at = module.batches; at; at = batch.next) {
		read_memory(pid, at, &batch, sizeof(batch));
		cnt += batch.events_before + (batch.committed >> 32);
	}
	return cnt;
}

static bool is_at_breakpoint(pid_t pid)
{
	struct user_regs_struct registers;
	uint32_t code;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers))
		die("PTRACE_GETREGS");
	read_memory(pid, registers.rip, &code, sizeof(code));
	return code == BREAKPOINT;
}

static bool is_stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		die("waitpid");
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static void start(struct victim *victim)
{
	char fd[16];

	memset(steps.shared, 0, sizeof(*steps.shared));
	(void)snprintf(fd, sizeof(fd), "%d", steps.shared_fd);
	victim->pid = fork();
	if (victim->pid < 0)
		die("fork");
	if (victim->pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(steps.program, "stepped", fd, victim->kind, (char *)NULL);
		_exit(127);
	}
	/* the exec, then the first breakpoint */
	if (!is_stopped(victim->pid) ||
	    ptrace(PTRACE_SETOPTIONS, victim->pid, NULL, PTRACE_O_EXITKILL) ||
	    ptrace(PTRACE_CONT, victim->pid, NULL, NULL) || !is_stopped(victim->pid))
		die("the program does not come to its first breakpoint");
	victim->committed = count_committed(victim->pid);
	if (victim->committed != steps.shared->before)
		fail(victim, "%" PRIu64 " events committed at the first breakpoint, not %u",
		     victim->committed, steps.shared->before);
}

static void run_and_kill(struct victim *victim)
{
	for (unsigned int i = 0; i < victim->step && !victim->is_done; i++) {
		uint64_t committed;

		if (ptrace(PTRACE_SINGLESTEP, victim->pid, NULL, NULL) || !is_stopped(victim->pid))
			die("PTRACE_SINGLESTEP");
		committed = count_committed(victim->pid);
		if (committed > victim->committed)
			victim->committed = committed;
		victim->is_done = is_at_breakpoint(victim->pid);
	}
	(void)kill(victim->pid, SIGKILL);
	while (waitpid(victim->pid, NULL, __WALL) == victim->pid)
		continue;
	steps.kills++;
}

/* ---- the snapshot and the accounts ---- */

static bool is_text(const struct ttlog_event *event, unsigned int field, const char *wanted)
{
	struct ttlog_field value = { 0 };

	ttlog_event_field(event, field, &value);
	return value.type == TTLOG_TYPE_STR && ttlog_text_is(value.text, wanted);
}

static uint64_t number(const struct ttlog_event *event, unsigned int field)
{
	struct ttlog_field value = { 0 };

	ttlog_event_field(event, field, &value);
	return value.u;
}

static bool is_trade(const struct ttlog_event *event, uint64_t n)
{
	struct ttlog_field price = { 0 };

	ttlog_event_field(event, 2, &price);
	return ttlog_text_is(event->site->probe, "trade") && event->site->nfields == 5 &&
	       number(event, 0) == n && is_text(event, 1, stepped__symbol(n)) &&
	       price.d == stepped__price(n) && is_text(event, 3, stepped__side(n)) &&
	       number(event, 4) == n;
}

/* Whether it is the n-th event of the program, from 1, with all its fields. */
static bool is_event(const struct victim *victim, const struct ttlog_event *event, uint64_t n)
{
	bool is_span = strcmp(victim->kind, "span") == 0;

	if (event->thread->pid != (uint64_t)victim->pid)
		return false;
	if (strcmp(victim->kind, "trade") == 0)
		return is_trade(event, n);
	if (is_span && n == STEPPED_PREFIX + 2)
		return event->site->kind == TTLOG_EVENT_SPAN_END &&
		       ttlog_text_is(event->site->probe, "work");
	return ttlog_text_is(event->site->probe, is_span && n > STEPPED_PREFIX ? "work" : "pair") &&
	       number(event, 0) == n && number(event, 1) == n * 2;
}

static int check_events(const struct victim *victim, struct ttlog_snapshot *reader)
{
	struct ttlog_event event;
	uint64_t n = 0;

	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		if (ttlog_snapshot_load(reader, i))
			break;
		for (uint32_t k = 0; k < ttlog_snapshot_contents(reader)->chunks[i].n; k++) {
			ttlog_snapshot_event(reader, k, &event);
			if (!is_event(victim, &event, ++n)) {
				fail(victim, "the event in place %" PRIu64 " is another", n);
				return -1;
			}
		}
	}
	return 0;
}

static void check_file(const struct victim *victim, const char *path, uint64_t recorded)
{
	char why[256] = "";
	struct ttlog_snapshot *reader = ttlog_snapshot_open(path, why, sizeof(why));

	if (!reader) {
		fail(victim, "%s: %s", path, why);
		return;
	}
	if (ttlog_snapshot_contents(reader)->problem_cnt)
		fail(victim, "%s", ttlog_snapshot_contents(reader)->problems[0]);
	else if (ttlog_snapshot_contents(reader)->event_cnt != recorded)
		fail(victim, "%" PRIu64 " events, %" PRIu64 " recorded",
		     ttlog_snapshot_contents(reader)->event_cnt, recorded);
	else if (check_events(victim, reader) == 0)
		(void)unlink(path);
	ttlog_snapshot_close(reader);
}

/* *ret_recorded: how many events were recorded. */
static void check(const struct victim *victim, struct listener *listener, uint64_t *ret_recorded)
{
	uint64_t emitted, recorded, lost, overwritten;
	char begin[32], path[PATH_MAX];
	char *line;

	(void)snprintf(begin, sizeof(begin), "pid %d: ", victim->pid);
	line = listener__wait(listener, begin, WAIT_MS);
	if (!line || sscanf(line + strlen(begin),
			    "%" SCNu64 " emitted, %" SCNu64 " recorded, %" SCNu64 " lost, %" SCNu64
			    " overwritten, %s",
			    &emitted, &recorded, &lost, &overwritten, path) != 5) {
		fail(victim, "accounts: %s", line ? line : "none");
		return;
	}
	*ret_recorded = recorded;
	steps.events += recorded;
	if (emitted != recorded || lost || overwritten)
		fail(victim, "%s", line);
	/* the program does not count an event alone */
	if (recorded != victim->committed &&
	    !(strcmp(victim->kind, "alone") == 0 && recorded == steps.shared->after))
		fail(victim, "%" PRIu64 " events committed, but %s", victim->committed, line);
	check_file(victim, path, recorded);
}

/* Whether it was killed before the second breakpoint. */
static bool kill_after(const char *kind, unsigned int step, uint64_t *recorded)
{
	struct victim victim = { .kind = kind, .step = step };
	const uint64_t before = *recorded;
	struct listener listener;

	if (listener__open(&listener, steps.log))
		die(steps.log);
	start(&victim);
	run_and_kill(&victim);
	check(&victim, &listener, recorded);
	listener__close(&listener);
	if (*recorded < before)
		fail(&victim, "an instruction earlier there was an event more");
	if (victim.is_done && *recorded != steps.shared->after)
		fail(&victim, "%" PRIu64 " events in the end, not %u", *recorded,
		     steps.shared->after);
	return !victim.is_done;
}

static void kill_everywhere(const char *kind)
{
	uint64_t recorded = 0;
	unsigned int step = 0;

	while (step < STEPS_MAX && steps.failures < FAILURES_MAX &&
	       kill_after(kind, step, &recorded))
		step++;
	if (step == STEPS_MAX)
		fail(&(struct victim){ .kind = kind, .step = step }, "it does not end");
	printf("%s: killed at %u instructions\n", kind, step + 1);
}

/* ---- the whole ---- */

static pid_t start_collector(struct listener *listener)
{
	char out[PATH_MAX];
	pid_t pid;
	int log;

	(void)snprintf(out, sizeof(out), "%s/out", steps.dir);
	(void)close(open(steps.log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (listener__open(listener, steps.log))
		die(steps.log);
	pid = fork();
	if (pid == 0) {
		log = open(steps.log, O_WRONLY | O_APPEND);
		(void)dup2(log, STDERR_FILENO);
		execl(steps.collector, "ttlog-collect", "-s", "1M", "-o", out, "-e", steps.program,
		      (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || !listener__wait(listener, "ttlog-collect: recording /", WAIT_MS))
		die("no collector");
	listener__close(listener);
	return pid;
}

static void stop_collector(pid_t pid)
{
	int status;

	(void)kill(pid, SIGINT);
	if (waitpid(pid, &status, 0) != pid || status) {
		printf("FAIL the collector ended with wait status %#x; it said: %s\n",
		       (unsigned int)status, steps.log);
		steps.failures++;
	}
}

static void remove_dir(void)
{
	char out[PATH_MAX];

	(void)snprintf(out, sizeof(out), "%s/out", steps.dir);
	(void)rmdir(out);
	(void)unlink(steps.log);
	(void)rmdir(steps.dir);
}

static void prepare(void)
{
	ssize_t len = readlink("/proc/self/exe", steps.bin, sizeof(steps.bin) - 1);

	setvbuf(stdout, NULL, _IOLBF, 0);
	steps.bin[len > 0 ? len : 0] = '\0';
	*strrchr(steps.bin, '/') = '\0';
	(void)snprintf(steps.program, sizeof(steps.program), "%s/stepped", steps.bin);
	(void)snprintf(steps.dir, sizeof(steps.dir), "/dev/shm/ttlog-steps-XXXXXX");
	if (!mkdtemp(steps.dir))
		die("no directory");
	(void)snprintf(steps.log, sizeof(steps.log), "%s/log", steps.dir);
	steps.shared_fd = memfd_create("stepped", 0);
	if (steps.shared_fd < 0 || ftruncate(steps.shared_fd, sizeof(*steps.shared)))
		die("memfd_create");
	steps.shared = (struct stepped *)mmap(NULL, sizeof(*steps.shared), PROT_READ | PROT_WRITE,
					      MAP_SHARED, steps.shared_fd, 0);
	if (steps.shared == MAP_FAILED)
		die("mmap");
}

int main(int argc, char **argv)
{
	const uint64_t start_ms = now_ms();
	struct listener listener;
	uint64_t recorded = 0;
	pid_t collector;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: steps COLLECTOR [KIND [STEP]]\n");
		return 2;
	}
	steps.collector = argv[1];
	prepare();
	collector = start_collector(&listener);
	if (argc == 4)
		(void)kill_after(argv[2], (unsigned int)strtoul(argv[3], NULL, 10), &recorded);
	else if (argc == 3)
		kill_everywhere(argv[2]);
	for (size_t i = 0; argc == 2 && i < KIND_CNT; i++)
		kill_everywhere(kinds[i]);
	stop_collector(collector);
	printf("%" PRIu64 " kills in the middle of an append, %" PRIu64 " events, %d failures, "
	       "%" PRIu64 " s\n",
	       steps.kills, steps.events, steps.failures, (now_ms() - start_ms) / 1000);
	if (!steps.failures)
		remove_dir();
	return steps.failures ? 1 : 0;
}
