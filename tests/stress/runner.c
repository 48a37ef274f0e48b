/* SPDX-License-Identifier: MIT */
/*
 * Kills thousands of victims under a recording collector, and checks every snapshot.
 *
 * One collector records all of them: first with -e, which finds each victim by its file; then as
 * `-- runner --inside`, whose descendants it follows, for deaths that need libraries to be found as
 * they are loaded. Several workers each run one victim at a time; they add up results in shared
 * memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "deaths.h"
#include "lanes.h"
#include "listener.h"
#include "verify.h"

#define WORKER_CNT   3
#define FAILURES_MAX 10
#define WAIT_MS      300000 /* for the collector, and until a victim is ready */
#define OOM_BYTES    (96u << 20)
#define INSIDE_SHARE 5 /* one of so many kills is under `-- CMD` */

struct death {
	const char *name;
	int signal, code, weight;
};

static const struct death deaths[] = {
#define ROW(name, signal, code, weight) { #name, signal, code, weight },
	DEATHS(ROW)
#undef ROW
};

#define DEATH_CNT (sizeof(deaths) / sizeof(*deaths))

static const long busy_cnts[] = { 1, 8, 64 };

#define BUSY_CNT   (sizeof(busy_cnts) / sizeof(*busy_cnts))
#define MATRIX_CNT (DEATH_CNT * BUSY_CNT)

struct totals {
	uint32_t next, failures;
	uint64_t kills, processes, events, lost;
	uint64_t slowest_ns; /* from the end of a process to its line from the collector */
	uint64_t by_death[DEATH_CNT];
};

struct runner {
	unsigned int kills, seed;
	long busy;         /* 0: any */
	const char *death; /* NULL: any */
	const char *collector;
	bool inside;
	char dir[PATH_MAX / 4], log[PATH_MAX / 2], bin[PATH_MAX / 2], cgroup[PATH_MAX / 2];
	struct totals *totals;
};

static struct runner runner = { .kills = 1000, .seed = 1, .collector = "build/ttlog-collect" };

static void die(const char *what)
{
	fprintf(stderr, "stress: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- one kill ---- */

struct victim {
	unsigned int seed;
	const struct death *death;
	long busy;
	struct lanes *lanes;
	int fd;
	pid_t pid;
	int status;
	uint64_t end_ns;
};

static void report(const struct victim *victim, const char *file, const char *format, ...)
{
	va_list args;

	__atomic_fetch_add(&runner.totals->failures, 1, __ATOMIC_RELAXED);
	flockfile(stdout);
	printf("FAIL %s with %ld threads: ", victim->death->name, victim->busy);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n     snapshot: %s\n     again: %s/runner --collector %s%s --kills 20 --death %s --busy %ld --seed %u\n",
	       file && file[0] ? file : "none", runner.bin, runner.collector,
	       runner.inside ? " --follow" : "", victim->death->name, victim->busy, victim->seed);
	fflush(stdout);
	funlockfile(stdout);
}

/* only a collector that follows processes finds libraries */
static bool can_die_so(const struct death *death)
{
	return runner.inside || (!strstr(death->name, "dlclose") && strcmp(death->name, "modules"));
}

/* First every death with each number of threads, then random ones. */
static void choose(struct victim *victim, unsigned int number, unsigned int kills)
{
	/* few kills are spread over the whole matrix */
	size_t cell = kills < MATRIX_CNT ? number * MATRIX_CNT / kills : number;
	unsigned int state, sum = 0, at;

	victim->seed = runner.seed + number;
	state = victim->seed * 2654435761u;
	for (size_t i = 0; i < DEATH_CNT; i++)
		sum += (unsigned int)deaths[i].weight;
	do {
		at = (unsigned int)rand_r(&state) % sum;
		victim->death = deaths;
		while (at >= (unsigned int)victim->death->weight)
			at -= (unsigned int)victim->death++->weight;
	} while (!can_die_so(victim->death));
	victim->busy = busy_cnts[(size_t)rand_r(&state) % BUSY_CNT];
	if (cell < MATRIX_CNT && can_die_so(&deaths[cell / BUSY_CNT])) {
		victim->death = &deaths[cell / BUSY_CNT];
		victim->busy = busy_cnts[cell % BUSY_CNT];
	}
	for (size_t i = 0; runner.death && i < DEATH_CNT; i++) {
		if (strcmp(deaths[i].name, runner.death) == 0)
			victim->death = &deaths[i];
	}
	if (runner.busy)
		victim->busy = runner.busy;
}

static void start_victim(struct victim *victim)
{
	char path[PATH_MAX], fd[16], busy[16], seed[16];

	(void)snprintf(path, sizeof(path), "%s/victim", runner.bin);
	(void)snprintf(fd, sizeof(fd), "%d", victim->fd);
	(void)snprintf(busy, sizeof(busy), "%ld", victim->busy);
	(void)snprintf(seed, sizeof(seed), "%u", victim->seed);
	victim->pid = fork();
	if (victim->pid < 0)
		die("fork");
	if (victim->pid)
		return;
	(void)setenv("STRESS_CGROUP", runner.cgroup, 1);
	execl(path, "victim", fd, victim->death->name, busy, seed, (char *)NULL);
	_exit(127);
}

static void kill_from_outside(struct victim *victim)
{
	struct timespec timeout = { .tv_sec = WAIT_MS / 1000 };
	struct timespec moment = { .tv_nsec = victim->seed * 2654435761u % 2000000 };

	while (!__atomic_load_n(&victim->lanes->ready, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_futex, &victim->lanes->ready, FUTEX_WAIT, 0, &timeout, NULL, 0) &&
		    errno == ETIMEDOUT)
			break;
	}
	/* a random moment, so no event to wait for */
	(void)nanosleep(&moment, NULL);
	(void)kill(victim->pid, victim->death->signal);
}

/* Waits for the victim and all its children, which become ours. */
static void wait_for_all(struct victim *victim)
{
	int status;
	pid_t pid;

	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid == victim->pid)
			victim->status = status;
	}
	victim->end_ns = now_ns();
}

static bool has_ended_right(const struct victim *victim)
{
	if (victim->death->signal)
		return WIFSIGNALED(victim->status) &&
		       WTERMSIG(victim->status) == victim->death->signal;
	return WIFEXITED(victim->status) && WEXITSTATUS(victim->status) == victim->death->code;
}

static void check_process(const struct victim *victim, struct listener *listener,
			  const struct lanes_process *process)
{
	struct totals *totals = runner.totals;
	struct verify_result result = { 0 };
	uint64_t took_ns;
	char start[32];
	char *line;

	(void)snprintf(start, sizeof(start), "pid %u: ", process->pid);
	line = listener__wait(listener, start, WAIT_MS);
	if (!line) {
		report(victim, NULL, "no word of pid %u", process->pid);
		return;
	}
	took_ns = now_ns() - victim->end_ns;
	if (took_ns > totals->slowest_ns)
		totals->slowest_ns = took_ns;
	if (verify__process(victim->lanes, process, line, runner.inside, &result))
		report(victim, result.file, "pid %u: %s", process->pid, result.why);
	else
		(void)unlink(result.file);
	__atomic_fetch_add(&totals->processes, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&totals->events, result.events, __ATOMIC_RELAXED);
	__atomic_fetch_add(&totals->lost, result.lost, __ATOMIC_RELAXED);
}

static void check_all(const struct victim *victim, struct listener *listener)
{
	const struct lanes *lanes = victim->lanes;
	const struct lanes_process own = {
		.pid = (uint32_t)victim->pid,
		.signal = victim->death->signal,
		.code = victim->death->code,
	};

	if (!has_ended_right(victim)) {
		report(victim, NULL, "wait status %#x", (unsigned int)victim->status);
		return;
	}
	if (lanes->complaint[0])
		report(victim, NULL, "%s", lanes->complaint);
	check_process(victim, listener, &own);
	for (uint32_t i = 0; i < lanes->process_cnt; i++)
		check_process(victim, listener, &lanes->processes[i]);
}

static void kill_one(unsigned int number, unsigned int kills)
{
	struct victim victim = { 0 };
	struct listener listener;

	choose(&victim, number, kills);
	victim.fd = memfd_create("lanes", 0);
	if (victim.fd < 0 || ftruncate(victim.fd, sizeof(*victim.lanes)))
		die("lanes");
	victim.lanes =
		mmap(NULL, sizeof(*victim.lanes), PROT_READ | PROT_WRITE, MAP_SHARED, victim.fd, 0);
	if (victim.lanes == MAP_FAILED)
		die("lanes");
	if (listener__open(&listener, runner.log))
		die(runner.log);
	start_victim(&victim);
	if (strstr(victim.death->name, "_outside"))
		kill_from_outside(&victim);
	wait_for_all(&victim);
	check_all(&victim, &listener);
	listener__close(&listener);
	(void)munmap(victim.lanes, sizeof(*victim.lanes));
	(void)close(victim.fd);
	__atomic_fetch_add(&runner.totals->kills, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&runner.totals->by_death[victim.death - deaths], 1, __ATOMIC_RELAXED);
}

/* ---- many kills ---- */

static void work(unsigned int kills)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (;;) {
		unsigned int number = __atomic_fetch_add(&runner.totals->next, 1, __ATOMIC_RELAXED);

		if (number >= kills ||
		    __atomic_load_n(&runner.totals->failures, __ATOMIC_RELAXED) >= FAILURES_MAX)
			return;
		kill_one(number, kills);
	}
}

static void kill_many(unsigned int kills)
{
	pid_t workers[WORKER_CNT];
	int status;

	runner.totals->next = 0;
	for (int i = 0; i < WORKER_CNT; i++) {
		workers[i] = fork();
		if (workers[i] < 0)
			die("fork");
		if (workers[i] == 0) {
			work(kills);
			exit(0);
		}
	}
	for (int i = 0; i < WORKER_CNT; i++) {
		while (waitpid(workers[i], &status, 0) < 0 && errno == EINTR)
			continue;
		if (status)
			__atomic_fetch_add(&runner.totals->failures, 1, __ATOMIC_RELAXED);
	}
}

/* Starts a collector whose output goes to the log. `rest`: its last arguments. */
static pid_t start_collector(char *const *rest)
{
	char *argv[32] = {
		(char *)runner.collector, "--on", "crash,killed,exit", "-s", "256M", "-o"
	};
	char out[PATH_MAX];
	size_t cnt = 6;
	pid_t pid;
	int log;

	(void)snprintf(out, sizeof(out), "%s/out", runner.dir);
	argv[cnt++] = out;
	while (*rest)
		argv[cnt++] = *rest++;
	pid = fork();
	if (pid)
		return pid;
	log = open(runner.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)dup2(log, STDERR_FILENO);
	execv(runner.collector, argv);
	_exit(127);
}

static int end_collector(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status)
		printf("FAIL the collector ended with wait status %#x; it said: %s\n",
		       (unsigned int)status, runner.log);
	return status ? -1 : 0;
}

/* -e: the collector finds victims by their file. */
static int run_by_path(unsigned int kills)
{
	char victim[PATH_MAX];
	char *rest[] = { "-e", victim, NULL };
	struct listener listener;
	pid_t pid;

	(void)snprintf(victim, sizeof(victim), "%s/victim", runner.bin);
	(void)snprintf(runner.log, sizeof(runner.log), "%s/path.log", runner.dir);
	(void)close(open(runner.log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (listener__open(&listener, runner.log))
		die(runner.log);
	pid = start_collector(rest);
	if (pid < 0 || !listener__wait(&listener, "ttlog-collect: recording /", WAIT_MS)) {
		printf("FAIL no collector; it said: %s\n", runner.log);
		(void)kill(pid, SIGINT);
		return -1;
	}
	listener__close(&listener);
	kill_many(kills);
	(void)kill(pid, SIGINT);
	return end_collector(pid);
}

/* -- CMD: the collector follows what we start. */
static int run_by_command(unsigned int kills, int totals_fd)
{
	char self[PATH_MAX], cnt[16], seed[16], fd[16], busy[16];
	char *rest[] = { "--",
			 self,
			 "--inside",
			 runner.log,
			 "--totals",
			 fd,
			 "--kills",
			 cnt,
			 "--collector",
			 (char *)runner.collector,
			 "--seed",
			 seed,
			 "--busy",
			 busy,
			 runner.death ? "--death" : NULL,
			 (char *)runner.death,
			 NULL };

	(void)snprintf(self, sizeof(self), "%s/runner", runner.bin);
	(void)snprintf(runner.log, sizeof(runner.log), "%s/command.log", runner.dir);
	(void)snprintf(cnt, sizeof(cnt), "%u", kills);
	(void)snprintf(seed, sizeof(seed), "%u", runner.seed);
	(void)snprintf(busy, sizeof(busy), "%ld", runner.busy);
	(void)snprintf(fd, sizeof(fd), "%d", totals_fd);
	(void)close(open(runner.log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return end_collector(start_collector(rest));
}

/* ---- the whole ---- */

/* Version 1 or 2. If neither is possible, no victim dies of it. */
static void make_cgroup(void)
{
	static const char *const parents[][2] = {
		{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
		{ "/sys/fs/cgroup", "memory.max" },
	};
	char path[PATH_MAX], limit[32];
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < 2; i++) {
		(void)snprintf(runner.cgroup, sizeof(runner.cgroup), "%s/ttlog-stress-%d",
			       parents[i][0], (int)getpid());
		if (mkdir(runner.cgroup, 0700))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", runner.cgroup, parents[i][1]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			(void)rmdir(runner.cgroup);
	}
	(void)snprintf(limit, sizeof(limit), "%u", OOM_BYTES);
	if (fd < 0 || write(fd, limit, strlen(limit)) < 0) {
		printf("stress: no memory cgroup: no death by oom\n");
		runner.cgroup[0] = '\0';
	}
	if (fd >= 0)
		(void)close(fd);
}

static void make_dir(void)
{
	(void)snprintf(runner.dir, sizeof(runner.dir), "/dev/shm/ttlog-stress-XXXXXX");
	if (!mkdtemp(runner.dir)) {
		(void)snprintf(runner.dir, sizeof(runner.dir), "/tmp/ttlog-stress-XXXXXX");
		if (!mkdtemp(runner.dir))
			die("no directory");
	}
}

static void remove_dir(void)
{
	char path[PATH_MAX];

	for (const char *const *name = (const char *const[]){ "path.log", "command.log", NULL };
	     *name; name++) {
		(void)snprintf(path, sizeof(path), "%s/%s", runner.dir, *name);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/out", runner.dir);
	(void)rmdir(path);
	(void)rmdir(runner.dir);
}

static void print_totals(uint64_t start_ns)
{
	const struct totals *totals = runner.totals;

	for (size_t i = 0; i < DEATH_CNT; i++)
		printf("%s%s %" PRIu64,
		       i % 8 ? ", "
		       : i   ? "\n"
			     : "",
		       deaths[i].name, totals->by_death[i]);
	printf("\n%" PRIu64 " kills, %" PRIu64 " processes, %" PRIu64 " events, %" PRIu64
	       " lost, %u failures, slowest snapshot %" PRIu64 " ms, %" PRIu64 " s\n",
	       totals->kills, totals->processes, totals->events, totals->lost, totals->failures,
	       totals->slowest_ns / 1000000, (now_ns() - start_ns) / 1000000000);
}

static int make_totals(int fd)
{
	if (fd < 0) {
		fd = memfd_create("totals", 0);
		if (fd < 0 || ftruncate(fd, sizeof(*runner.totals)))
			die("totals");
	}
	runner.totals =
		mmap(NULL, sizeof(*runner.totals), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (runner.totals == MAP_FAILED)
		die("totals");
	return fd;
}

static int parse(int argc, char **argv, bool *ret_follow)
{
	int totals_fd = -1;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--follow") == 0) {
			*ret_follow = true;
			continue;
		}
		i++;
		if (strcmp(argv[i - 1], "--kills") == 0)
			runner.kills = (unsigned int)strtoul(value, NULL, 10);
		else if (strcmp(argv[i - 1], "--seed") == 0)
			runner.seed = (unsigned int)strtoul(value, NULL, 10);
		else if (strcmp(argv[i - 1], "--busy") == 0)
			runner.busy = atol(value);
		else if (strcmp(argv[i - 1], "--death") == 0)
			runner.death = value;
		else if (strcmp(argv[i - 1], "--collector") == 0)
			runner.collector = value;
		else if (strcmp(argv[i - 1], "--totals") == 0)
			totals_fd = atoi(value);
		else if (strcmp(argv[i - 1], "--inside") == 0) {
			runner.inside = true;
			(void)snprintf(runner.log, sizeof(runner.log), "%s", value);
		} else {
			fprintf(stderr, "usage: runner [--collector PATH] [--kills N] [--seed N] "
					"[--death NAME] [--busy N] [--follow]\n");
			exit(2);
		}
	}
	return totals_fd;
}

static int run_all(bool follow, int totals_fd)
{
	unsigned int by_command = follow         ? runner.kills
				  : runner.death ? 0
						 : runner.kills / INSIDE_SHARE;
	int err = 0;

	make_dir();
	if (!follow && runner.kills > by_command)
		err = run_by_path(runner.kills - by_command);
	runner.totals->next = 0;
	if (!err && by_command)
		err = run_by_command(by_command, totals_fd);
	if (!err && !runner.totals->failures)
		remove_dir();
	return err;
}

int main(int argc, char **argv)
{
	const uint64_t start_ns = now_ns();
	bool follow = false;
	int totals_fd = make_totals(parse(argc, argv, &follow));
	ssize_t len = readlink("/proc/self/exe", runner.bin, sizeof(runner.bin) - 1);
	int err;

	runner.bin[len > 0 ? len : 0] = '\0';
	*strrchr(runner.bin, '/') = '\0';
	setvbuf(stdout, NULL, _IOLBF, 0);
	make_cgroup();
	if (runner.inside) {
		kill_many(runner.kills);
		err = 0;
	} else {
		err = run_all(follow, totals_fd);
		print_totals(start_ns);
	}
	if (runner.cgroup[0])
		(void)rmdir(runner.cgroup);
	return !err && (runner.inside || !runner.totals->failures) ? 0 : 1;
}
