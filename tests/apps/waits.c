/* SPDX-License-Identifier: MIT */
/*
 * Waits in each way that --sched tells apart.
 *
 * usage: waits [FILE [SIGNALS]]
 *
 * Prints "start" and waits for a byte. Then, in spans `step` with a field `what`: sleeps 5 ms; waits
 * for a lock that the thread "holder" has, at least 5 ms; loses its CPU for at least 2 ms to the
 * thread "rival". With FILE, which it makes: has it written to disk, and reads it from there. Raises
 * SIGUSR1, which it handles, once or SIGNALS times. Prints "done TID" (of the holder), waits for a
 * byte, and ends.
 *
 * With FILE it also logs `faults` with the number of its major faults while it read.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TTLOG_SERVICE "waits"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE      "waits [FILE [SIGNALS]]"
#define WAIT_NS    5000000ull
#define GAP_NS     2000000ull
#define FILE_BYTES (1 << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int holder_tid, main_tid, has_gap;

static unsigned long long now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (unsigned long long)time.tv_sec * 1000000000u + (unsigned long long)time.tv_nsec;
}

static void pass(unsigned long long ns)
{
	const unsigned long long end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/* Whether the main thread is off the CPU and waits. */
static int sleeps(void)
{
	char path[64], text[256] = "";
	const char *state;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", main_tid);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		return 0;
	(void)fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

static void *hold(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "holder");
	pthread_mutex_lock(&lock);
	holder_tid = (int)syscall(SYS_gettid);
	while (!sleeps())
		;
	pass(WAIT_NS);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void wait_for_lock(void)
{
	pthread_t thread;

	main_tid = (int)syscall(SYS_gettid);
	pthread_create(&thread, NULL, hold, NULL);
	while (!holder_tid)
		sched_yield();
	{
		TTLOG_SPAN(step, INFO, "what", "lock");
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}

static void *rival(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "rival");
	while (!has_gap)
		;
	return NULL;
}

static void lose_cpu(void)
{
	unsigned long long before, now;
	cpu_set_t all, one;
	pthread_t thread;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++) {
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	}
	sched_setaffinity(0, sizeof(one), &one);
	pthread_create(&thread, NULL, rival, NULL);
	{
		TTLOG_SPAN(step, INFO, "what", "preempted");
		for (before = now_ns(); (now = now_ns()) - before < GAP_NS; before = now)
			;
	}
	has_gap = 1;
	pthread_join(thread, NULL);
	sched_setaffinity(0, sizeof(all), &all);
}

static long fault_cnt(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

static void read_from_disk(const char *path)
{
	static char bytes[FILE_BYTES];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char sum = 0;
	const char *mapped;
	long before;

	TTLOG_SPAN(step, INFO, "what", "disk");
	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || fsync(fd))
		app__usage(USAGE);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	mapped = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	before = fault_cnt();
	for (size_t i = 0; i < FILE_BYTES; i += 4096)
		sum = (char)(sum + mapped[i]);
	TTLOG_PROBE(faults, INFO, "Major faults", "count", fault_cnt() - before);
	close(fd);
}

static void handle(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	const struct timespec while_asleep = { .tv_nsec = WAIT_NS };
	long signal_cnt = 1;

	if (argc > 3)
		app__usage(USAGE);
	if (argc > 2)
		signal_cnt = app__number(argv[2], 1000000, USAGE);
	signal(SIGUSR1, handle);
	puts("start");
	fflush(stdout);
	app__wait();
	{
		TTLOG_SPAN(step, INFO, "what", "sleep");
		nanosleep(&while_asleep, NULL);
	}
	wait_for_lock();
	lose_cpu();
	if (argc > 1)
		read_from_disk(argv[1]);
	{
		TTLOG_SPAN(step, INFO, "what", "signal");
		for (long i = 0; i < signal_cnt; i++)
			raise(SIGUSR1);
	}
	printf("done %d\n", (int)holder_tid);
	fflush(stdout);
	app__wait();
	return 0;
}
