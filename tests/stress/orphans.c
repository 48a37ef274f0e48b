/* SPDX-License-Identifier: MIT */
/*
 * Kills the collector at any moment, under load, again and again, and checks how the next one saves
 * what it left.
 *
 * usage: orphans COLLECTOR KILLS [SEED]
 *
 * Several tracks run at a time; each has its own /run, program (bystander.c) and collectors. After
 * each kill the program must run on, and within a second have no enabled site. The next collector
 * writes the events of the killed one, each thread's in order; and the accounts must have every
 * event that went into a batch, exactly. Nothing of the killed collector stays in /run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ttlog/read.h>

#include "bystander.h"

#define TRACKS_MAX   3
#define FAILURES_MAX 5
#define WAIT_MS      300000 /* then it hangs */
#define EARLY_IN     4      /* one in so many is killed before it says that it records */
#define EARLY_MS     600
#define LATE_MS      200
#define RUN_DIR      "/run/ttlog"

struct track {
	const char *collector;
	unsigned int state; /* of rand_r() */
	char dir[64], program[96], out[96], log[96], pid[16];
	struct bystander *shared;
	int shared_fd;
	pid_t bystander;
	uint64_t last[BYSTANDER_LANES];  /* the newest event in any snapshot so far */
	uint64_t calls[BYSTANDER_LANES]; /* at the last kill */
	uint64_t settled;                /* events emitted until the sites were last off */
	uint64_t told;                   /* events that snapshots account for */
	unsigned int kills, early_kills;
	uint64_t files, events, lost, slowest_ms;
	int failures;
};

static void fail(struct track *track, const char *format, ...)
{
	va_list args;

	flockfile(stdout);
	va_start(args, format);
	printf("FAIL kill %u: ", track->kills);
	vprintf(format, args);
	printf("; see %s\n", track->dir);
	va_end(args);
	funlockfile(stdout);
	track->failures++;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void nap_us(unsigned int us)
{
	struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	(void)nanosleep(&time, NULL);
}

/* ---- programs ---- */

static bool start_bystander(struct track *track)
{
	char fd[16];
	pid_t pid;

	track->shared_fd = memfd_create("bystander", 0);
	if (track->shared_fd < 0 || ftruncate(track->shared_fd, sizeof(*track->shared)))
		return false;
	track->shared = mmap(NULL, sizeof(*track->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			     track->shared_fd, 0);
	if (track->shared == MAP_FAILED)
		return false;
	(void)snprintf(fd, sizeof(fd), "%d", track->shared_fd);
	pid = fork();
	if (pid == 0) {
		execl(track->program, "bystander", fd, (char *)NULL);
		_exit(127);
	}
	/* the child shares this memory */
	track->bystander = pid;
	(void)snprintf(track->pid, sizeof(track->pid), "%d", (int)pid);
	return pid > 0;
}

/* Records by path or by pid, now and then with a flush after every event. */
static pid_t start_collector(struct track *track)
{
	unsigned int how = (unsigned int)rand_r(&track->state) % 8;
	const char *argv[16] = { "ttlog-collect", "-s", "2M", "--on", "request", "-o", track->out };
	int cnt = 7, log;
	pid_t pid;

	if (how == 0)
		argv[cnt++] = "--immediate";
	argv[cnt++] = how % 2 ? "-e" : "-p";
	argv[cnt++] = how % 2 ? track->program : track->pid;
	pid = fork();
	if (pid < 0)
		_exit(1);
	if (pid)
		return pid;
	log = open(track->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(log, STDERR_FILENO);
	execv(track->collector, (char **)(uintptr_t)argv);
	_exit(127);
}

static bool wait_listening(const struct track *track, bool wanted)
{
	const uint64_t end_ms = now_ms() + WAIT_MS;
	uint32_t both;

	do {
		both = __atomic_load_n(&track->shared->listening, __ATOMIC_ACQUIRE);
		/* both are on, or both are off */
		if (wanted ? both & 0xffff && both >> 16 : !both)
			return true;
		nap_us(500);
	} while (now_ms() < end_ms);
	return false;
}

/* Waits until the program has looked at its semaphores again. */
static bool wait_look(const struct track *track)
{
	const uint64_t end_ms = now_ms() + WAIT_MS;
	/* a look that has already begun does not count */
	const uint32_t first = __atomic_load_n(&track->shared->looks, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&track->shared->looks, __ATOMIC_ACQUIRE) - first < 2) {
		if (now_ms() >= end_ms)
			return false;
		nap_us(500);
	}
	return true;
}

static uint64_t emitted(const struct track *track)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < BYSTANDER_LANES; i++)
		sum += __atomic_load_n(&track->shared->lanes[i].emitted, __ATOMIC_ACQUIRE);
	return sum;
}

/* ---- the files ---- */

static bool check_event(struct track *track, const struct ttlog_event *event, const char *name,
			uint64_t previous[BYSTANDER_LANES], uint64_t first[BYSTANDER_LANES],
			uint64_t *gaps)
{
	const struct bystander_lane *lane;
	struct ttlog_field number, n;

	ttlog_event_field(event, 0, &number);
	ttlog_event_field(event, 1, &n);
	lane = &track->shared->lanes[number.u % BYSTANDER_LANES];
	if (number.u >= BYSTANDER_LANES || event->thread->tid != lane->tid ||
	    n.u > lane->emitted + 1 || n.u <= previous[number.u]) {
		fail(track, "%s: lane %" PRIu64 " event %" PRIu64 " of thread %u", name, number.u,
		     n.u, event->thread->tid);
		return false;
	}
	if (first[number.u])
		*gaps += n.u - previous[number.u] - 1;
	else
		first[number.u] = n.u;
	previous[number.u] = n.u;
	return true;
}

static void check_events(struct track *track, struct ttlog_snapshot *reader, const char *name)
{
	uint64_t first[BYSTANDER_LANES] = { 0 }, previous[BYSTANDER_LANES];
	uint64_t gaps = 0, lost = ttlog_snapshot_contents(reader)->emitted -
				  ttlog_snapshot_contents(reader)->recorded;
	struct ttlog_event event;

	memcpy(previous, track->last, sizeof(previous));
	for (size_t i = 0; i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		if (ttlog_snapshot_load(reader, i)) {
			fail(track, "%s: chunk %zu can't be read", name, i);
			return;
		}
		for (uint32_t k = 0; k < ttlog_snapshot_contents(reader)->chunks[i].n; k++) {
			ttlog_snapshot_event(reader, k, &event);
			if (!check_event(track, &event, name, previous, first, &gaps))
				return;
		}
	}
	memcpy(track->last, previous, sizeof(previous));
	if (gaps > lost)
		fail(track, "%s: %" PRIu64 " events are missing, %" PRIu64 " are said to be lost",
		     name, gaps, lost);
	track->events += ttlog_snapshot_contents(reader)->event_cnt;
	track->lost += lost;
	track->told += ttlog_snapshot_contents(reader)->emitted;
}

static void check_file(struct track *track, const char *path)
{
	int failures = track->failures;
	struct ttlog_snapshot *reader;
	char why[256];

	reader = ttlog_snapshot_open(path, why, sizeof(why));
	if (!reader) {
		fail(track, "%s: %s", path, why);
		return;
	}
	if (ttlog_snapshot_contents(reader)->problem_cnt)
		fail(track, "%s: %s", path, ttlog_snapshot_contents(reader)->problems[0]);
	if (ttlog_snapshot_contents(reader)->event_cnt !=
	    ttlog_snapshot_contents(reader)->recorded -
		    ttlog_snapshot_contents(reader)->overwritten)
		fail(track, "%s: %" PRIu64 " events, %" PRIu64 " recorded, %" PRIu64 " overwritten",
		     path, ttlog_snapshot_contents(reader)->event_cnt,
		     ttlog_snapshot_contents(reader)->recorded,
		     ttlog_snapshot_contents(reader)->overwritten);
	check_events(track, reader, path);
	ttlog_snapshot_close(reader);
	track->files++;
	if (track->failures == failures)
		(void)unlink(path);
}

static int by_time(const struct dirent **a, const struct dirent **b)
{
	/* after the pid, which is the same in all */
	return strcmp(strchr((*a)->d_name, '-') + 1, strchr((*b)->d_name, '-') + 1);
}

static int is_snapshot(const struct dirent *entry)
{
	return strncmp(entry->d_name, "ttlog-", 6) == 0;
}

/* Files have all events of earlier collectors now. */
static void check_files(struct track *track, const char *reason)
{
	char path[PATH_MAX];
	struct dirent **names;
	int cnt = scandir(track->out, &names, is_snapshot, by_time);

	for (int i = 0; i < cnt; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", track->out, names[i]->d_name);
		if (!strstr(path, reason))
			fail(track, "%s: not because of %s", path, reason);
		check_file(track, path);
		free(names[i]);
	}
	if (cnt >= 0)
		free(names);
	if (track->told != track->settled)
		fail(track, "%" PRIu64 " events were emitted, %" PRIu64 " are accounted for",
		     track->settled, track->told);
	track->told = track->settled;
}

/* How many directories and sockets of collectors there are. name: of one of them. */
static int count_left(char name[256])
{
	struct dirent *entry;
	DIR *dir = opendir(RUN_DIR);
	int cnt = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, 256, "%s", entry->d_name);
		cnt++;
	}
	if (dir)
		(void)closedir(dir);
	return cnt;
}

/* While it records, a collector writes what dead ones left, and removes that when it is in
 * files. */
static void wait_left(struct track *track, int max)
{
	const uint64_t end_ms = now_ms() + WAIT_MS;
	char name[256];
	int cnt;

	while ((cnt = count_left(name)) > max && now_ms() < end_ms)
		nap_us(500);
	if (cnt > max)
		fail(track, "%d files in " RUN_DIR ", of which one is %s", cnt, name);
}

/* ---- one collector after another ---- */

/* The program must run on, with its sites off. */
static void check_bystander(struct track *track, uint64_t killed_ms)
{
	uint64_t took_ms, now;

	if (!wait_look(track) || !wait_listening(track, false))
		fail(track, "a collector is dead, and its sites are on");
	took_ms = now_ms() - killed_ms;
	if (took_ms > track->slowest_ms)
		track->slowest_ms = took_ms;
	if (waitpid(track->bystander, NULL, WNOHANG))
		fail(track, "the program died with the collector");
	/* threads that were in an event when the sites went off have finished it */
	for (size_t i = 0; i < BYSTANDER_LANES; i++) {
		track->calls[i] = __atomic_load_n(&track->shared->lanes[i].calls, __ATOMIC_ACQUIRE);
		do {
			now = __atomic_load_n(&track->shared->lanes[i].calls, __ATOMIC_ACQUIRE);
			if (now == track->calls[i])
				nap_us(200);
		} while (now == track->calls[i] && now_ms() < killed_ms + WAIT_MS);
		if (now == track->calls[i])
			fail(track, "thread %zu of the program does not run on", i);
	}
	track->settled = emitted(track);
}

static void kill_one(struct track *track)
{
	bool early = rand_r(&track->state) % EARLY_IN == 0;
	pid_t pid = start_collector(track);
	uint64_t killed_ms;
	int status;

	if (early) {
		track->early_kills++;
		nap_us((unsigned int)rand_r(&track->state) % (EARLY_MS * 1000));
	} else {
		if (!wait_listening(track, true))
			fail(track, "the collector never came");
		wait_left(track, 2);
		check_files(track, "-recovered.bin");
		nap_us((unsigned int)rand_r(&track->state) % (LATE_MS * 1000));
	}
	(void)kill(pid, SIGKILL);
	killed_ms = now_ms();
	/* a collector that is killed while it starts may raise semaphores for a moment */
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		fail(track, "the collector ended by itself, status %d", status);
	check_bystander(track, killed_ms);
	track->kills++;
}

static void end_in_peace(struct track *track)
{
	pid_t pid = start_collector(track);
	int status;

	if (!wait_listening(track, true))
		fail(track, "the last collector never came");
	wait_left(track, 2);
	check_files(track, "-recovered.bin");
	nap_us(LATE_MS * 1000);
	(void)kill(pid, SIGINT);
	if (waitpid(pid, &status, 0) != pid || status)
		fail(track, "the last collector ended with status %d", status);
	track->settled = emitted(track);
	check_files(track, "-shutdown.bin");
	wait_left(track, 0);
	(void)kill(track->bystander, SIGKILL);
	(void)waitpid(track->bystander, NULL, 0);
}

/* ---- tracks ---- */

static bool copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	struct stat status;
	bool done;

	done = in >= 0 && out >= 0 && fstat(in, &status) == 0 &&
	       copy_file_range(in, NULL, out, NULL, (size_t)status.st_size, 0) == status.st_size;
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	return done;
}

/* Makes a directory, a copy of the program, and a /run, for this track only. */
static bool prepare(struct track *track, const char *bystander)
{
	(void)snprintf(track->dir, sizeof(track->dir), "/tmp/ttlog-orphans-XXXXXX");
	if (!mkdtemp(track->dir))
		return false;
	(void)snprintf(track->program, sizeof(track->program), "%s/bystander", track->dir);
	(void)snprintf(track->out, sizeof(track->out), "%s/out", track->dir);
	(void)snprintf(track->log, sizeof(track->log), "%s/log", track->dir);
	if (!copy_file(bystander, track->program) || mkdir(track->out, 0700))
		return false;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755"))
		return false;
	return start_bystander(track);
}

static void clean_up(const struct track *track)
{
	(void)unlink(track->program);
	(void)rmdir(track->out);
	(void)unlink(track->log);
	(void)rmdir(track->dir);
}

static _Noreturn void run_track(struct track *track, unsigned int kills, const char *bystander)
{
	if (!prepare(track, bystander)) {
		printf("FAIL can't prepare %s: %s\n", track->dir, strerror(errno));
		_exit(1);
	}
	while (track->kills < kills && track->failures < FAILURES_MAX)
		kill_one(track);
	end_in_peace(track);
	if (track->failures)
		_exit(1);
	clean_up(track);
	_exit(0);
}

static int report(const struct track *tracks, size_t cnt, uint64_t start_ms)
{
	struct track sum = { 0 };

	for (size_t i = 0; i < cnt; i++) {
		sum.kills += tracks[i].kills;
		sum.early_kills += tracks[i].early_kills;
		sum.files += tracks[i].files;
		sum.events += tracks[i].events;
		sum.lost += tracks[i].lost;
		sum.settled += tracks[i].settled;
		sum.failures += tracks[i].failures;
		if (tracks[i].slowest_ms > sum.slowest_ms)
			sum.slowest_ms = tracks[i].slowest_ms;
	}
	printf("%u collectors killed (%u while they started), %" PRIu64 " snapshots, %" PRIu64
	       " events emitted, %" PRIu64 " read back, %" PRIu64
	       " lost and counted, %d failures, sites off after %" PRIu64 " ms at most, %" PRIu64
	       " s\n",
	       sum.kills, sum.early_kills, sum.files, sum.settled, sum.events, sum.lost,
	       sum.failures, sum.slowest_ms, (now_ms() - start_ms) / 1000);
	return sum.failures;
}

int main(int argc, char **argv)
{
	unsigned int kills = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	unsigned int seed = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1;
	unsigned int cnt = kills < TRACKS_MAX ? kills : TRACKS_MAX;
	const uint64_t start_ms = now_ms();
	char bystander[PATH_MAX];
	ssize_t len =
		readlink("/proc/self/exe", bystander, sizeof(bystander) - sizeof("bystander"));
	struct track *tracks;
	int status, failed = 0;

	if (!kills || len <= 0) {
		fprintf(stderr, "usage: orphans COLLECTOR KILLS [SEED]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	bystander[len] = '\0';
	memcpy(strrchr(bystander, '/') + 1, "bystander", sizeof("bystander"));
	tracks = mmap(NULL, cnt * sizeof(*tracks), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tracks == MAP_FAILED)
		return 1;
	for (unsigned int i = 0; i < cnt; i++) {
		tracks[i].collector = argv[1];
		tracks[i].state = seed * TRACKS_MAX + i;
		if (fork() == 0)
			run_track(&tracks[i], kills / cnt + (i < kills % cnt), bystander);
	}
	while (wait(&status) > 0)
		failed |= status;
	return report(tracks, cnt, start_ms) || failed;
}
