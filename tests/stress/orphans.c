/* SPDX-License-Identifier: MIT */
/*
 * Kills the collector at any moment, under load, again and again, and looks at what the next one makes
 * of what it left.
 *
 * usage: orphans COLLECTOR KILLS [SEED]
 *
 * One victim logs from four threads all the time. After each kill it must run on and have no
 * enabled site within a second. The next collector writes what the killed one had: each thread's events
 * in order, from one number to another; what is missing between is in the accounts as lost.
 */
#include <dirent.h>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reader.h"

#include "lanes.h"

#define WAIT_MS    20000
#define SILENCE_MS 1000 /* from the kill to sites that are off */
#define BUSY_CNT   "4"

static struct {
	const char *collector;
	char bin[PATH_MAX / 2], dir[PATH_MAX / 2], log[PATH_MAX];
	struct lanes *lanes;
	int lanes_fd;
	pid_t victim;
	uint64_t last[LANES_MAX]; /* by lane: the newest event in any snapshot so far */
	uint64_t files, events, lost, slowest_ms;
	int failures;
} orphans;

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("FAIL ");
	vprintf(format, args);
	printf("; see %s\n", orphans.dir);
	va_end(args);
	orphans.failures++;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void nap(long ns)
{
	struct timespec time = { .tv_nsec = ns };

	(void)nanosleep(&time, NULL);
}

static void start_victim(void)
{
	char path[PATH_MAX], fd[16];

	orphans.lanes_fd = memfd_create("lanes", 0);
	if (orphans.lanes_fd < 0 || ftruncate(orphans.lanes_fd, sizeof(struct lanes)))
		exit(1);
	orphans.lanes = mmap(NULL, sizeof(struct lanes), PROT_READ | PROT_WRITE, MAP_SHARED,
			     orphans.lanes_fd, 0);
	(void)snprintf(path, sizeof(path), "%s/victim", orphans.bin);
	(void)snprintf(fd, sizeof(fd), "%d", orphans.lanes_fd);
	orphans.victim = fork();
	if (orphans.victim)
		return;
	execl(path, "victim", fd, "orphan", BUSY_CNT, "1", (char *)NULL);
	_exit(127);
}

static pid_t start_collector(void)
{
	char victim[PATH_MAX], out[PATH_MAX];
	pid_t pid;
	int log;

	(void)snprintf(victim, sizeof(victim), "%s/victim", orphans.bin);
	(void)snprintf(out, sizeof(out), "%s/out", orphans.dir);
	pid = fork();
	if (pid)
		return pid;
	log = open(orphans.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(log, STDERR_FILENO);
	execl(orphans.collector, "ttlog-collect", "-s", "1G", "-o", out, "--on", "request", "-e",
	      victim, (char *)NULL);
	_exit(127);
}

static bool wait_listening(bool wanted, uint64_t max_ms)
{
	const uint64_t end_ms = now_ms() + max_ms;

	while (!!(__atomic_load_n(&orphans.lanes->listening, __ATOMIC_ACQUIRE) & 0xffff) !=
	       wanted) {
		if (now_ms() > end_ms)
			return false;
		nap(1000000);
	}
	return true;
}

static void kill_one(unsigned int *state)
{
	pid_t pid = start_collector();
	uint64_t killed_ms, took_ms;

	if (!wait_listening(true, WAIT_MS))
		fail("the collector never came");
	/* a ring has something in it after DRAIN_POLL_MS of drain.c */
	nap(150000000 + (long)(rand_r(state) % 200) * 1000000 + rand_r(state) % 1000000);
	(void)kill(pid, SIGKILL);
	killed_ms = now_ms();
	if (!wait_listening(false, WAIT_MS))
		fail("a collector is dead, and its sites are on");
	took_ms = now_ms() - killed_ms;
	if (took_ms > SILENCE_MS)
		fail("a collector is dead, and sites were on for %" PRIu64 " ms", took_ms);
	if (took_ms > orphans.slowest_ms)
		orphans.slowest_ms = took_ms;
	(void)waitpid(pid, NULL, 0);
	if (waitpid(orphans.victim, NULL, WNOHANG))
		fail("the program died with the collector");
}

/* ---- what is in the files ---- */

static void check_events(struct reader *reader, const char *name)
{
	static uint64_t first[LANES_MAX], previous[LANES_MAX];
	uint64_t gaps = 0, lost = reader->emitted - reader->recorded;
	struct event_field lane, n;
	struct event event;

	memset(first, 0, sizeof(first));
	memcpy(previous, orphans.last, sizeof(previous));
	for (size_t i = 0; i < reader->chunk_cnt; i++) {
		if (reader__load(reader, i))
			fail("%s: chunk %zu can't be read", name, i);
		for (uint32_t k = 0; k < reader->chunks[i].n; k++) {
			reader__event(reader, k, &event);
			event__field(&event, 0, &lane);
			event__field(&event, 1, &n);
			if (lane.u >= orphans.lanes->lane_cnt ||
			    event.thread->tid != orphans.lanes->lanes[lane.u].tid ||
			    n.u > orphans.lanes->lanes[lane.u].committed + 1 ||
			    n.u <= previous[lane.u]) {
				fail("%s: lane %" PRIu64 " event %" PRIu64 " after %" PRIu64, name,
				     lane.u, n.u, previous[lane.u]);
				return;
			}
			if (first[lane.u])
				gaps += n.u - previous[lane.u] - 1;
			else
				first[lane.u] = n.u;
			previous[lane.u] = n.u;
		}
	}
	memcpy(orphans.last, previous, sizeof(previous));
	if (gaps > lost)
		fail("%s: %" PRIu64 " events are missing, %" PRIu64 " are said to be lost", name,
		     gaps, lost);
	orphans.events += reader->event_cnt;
	orphans.lost += lost;
}

static void check_file(const char *path)
{
	char why[256];
	struct reader *reader = reader__open(path, why, sizeof(why));

	if (!reader) {
		fail("%s: %s", path, why);
		return;
	}
	if (reader->problem_cnt)
		fail("%s: %s", path, reader->problems[0]);
	if (reader->event_cnt != reader->recorded - reader->overwritten)
		fail("%s: %" PRIu64 " events, %" PRIu64 " recorded", path, reader->event_cnt,
		     reader->recorded);
	check_events(reader, path);
	reader__close(reader);
	orphans.files++;
	if (!orphans.failures)
		(void)unlink(path);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_snapshot(const struct dirent *entry)
{
	return strstr(entry->d_name, ".bin") != NULL;
}

static void check_files(void)
{
	char out[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent **names;
	int cnt;

	(void)snprintf(out, sizeof(out), "%s/out", orphans.dir);
	cnt = scandir(out, &names, is_snapshot, by_name);
	for (int i = 0; i < cnt; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", out, names[i]->d_name);
		if (!strstr(path, "-recovered.bin") && i != cnt - 1)
			fail("%s: not a recovered one", path);
		check_file(path);
		free(names[i]);
	}
	free(names);
}

static void remove_dir(void)
{
	char out[PATH_MAX];

	(void)snprintf(out, sizeof(out), "%s/out", orphans.dir);
	(void)rmdir(out);
	(void)unlink(orphans.log);
	(void)rmdir(orphans.dir);
}

int main(int argc, char **argv)
{
	unsigned int kills = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	unsigned int state = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1;
	const uint64_t start_ms = now_ms();
	ssize_t len = readlink("/proc/self/exe", orphans.bin, sizeof(orphans.bin) - 1);
	pid_t last;

	if (!kills || len <= 0) {
		fprintf(stderr, "usage: orphans COLLECTOR KILLS [SEED]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	*strrchr(orphans.bin, '/') = '\0';
	orphans.collector = argv[1];
	(void)snprintf(orphans.dir, sizeof(orphans.dir), "/dev/shm/ttlog-orphans-XXXXXX");
	if (!mkdtemp(orphans.dir))
		return 1;
	(void)snprintf(orphans.log, sizeof(orphans.log), "%s/log", orphans.dir);
	start_victim();
	for (unsigned int i = 0; i < kills && orphans.failures < 5; i++) {
		kill_one(&state);
		check_files();
	}
	last = start_collector();
	(void)wait_listening(true, WAIT_MS);
	(void)kill(last, SIGINT);
	(void)waitpid(last, NULL, 0);
	check_files();
	(void)kill(orphans.victim, SIGKILL);
	(void)waitpid(orphans.victim, NULL, 0);
	/* the one that ends in peace may have something to say, or not */
	if (orphans.files < kills || orphans.files > kills + 1)
		fail("%u kills, %" PRIu64 " snapshots", kills, orphans.files);
	printf("%u collectors killed, %" PRIu64 " snapshots, %" PRIu64 " events, %" PRIu64
	       " lost, %d failures, sites off after %" PRIu64 " ms at most, %" PRIu64 " s\n",
	       kills, orphans.files, orphans.events, orphans.lost, orphans.failures,
	       orphans.slowest_ms, (now_ms() - start_ms) / 1000);
	if (orphans.failures)
		return 1;
	remove_dir();
	return 0;
}
