/* SPDX-License-Identifier: MIT */
/*
 * A machine on which programs without marks start all the time.
 *
 * usage: starts RATE SECONDS PROGRAM
 *
 * Starts PROGRAM at RATE a second, evenly, also while earlier ones end; prints JSON: how many, in how many
 * seconds, and how much CPU one took: this process and PROGRAM together.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <stdbool.h>

#include "bench.h"

#define MAX_RUNNING 64

extern char **environ;

static uint64_t running;

static double cpu_s(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Of those that have ended; waits while more than `left` run. */
static bool reap(uint64_t left)
{
	int status;
	pid_t pid;

	while (running && (pid = waitpid(-1, &status, running > left ? 0 : WNOHANG)) != 0) {
		if (pid < 0 || status != 0)
			return false;
		running--;
	}
	return true;
}

static bool start(char *path)
{
	char *argv[] = { path, NULL };
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, environ))
		return false;
	running++;
	return reap(MAX_RUNNING);
}

static void sleep_until(uint64_t at_ns)
{
	const struct timespec at = {
		.tv_sec = (time_t)(at_ns / 1000000000u),
		.tv_nsec = (long)(at_ns % 1000000000u),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		continue;
}

int main(int argc, char **argv)
{
	uint64_t rate, cnt, begin_ns;
	double seconds;

	if (argc != 4 || !(rate = strtoul(argv[1], NULL, 10)) ||
	    !(cnt = rate * strtoul(argv[2], NULL, 10))) {
		fputs("usage: starts RATE SECONDS PROGRAM\n", stderr);
		return 2;
	}
	begin_ns = bench__now_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < cnt; i++) {
		sleep_until(begin_ns + i * 1000000000u / rate);
		if (!start(argv[3])) {
			fprintf(stderr, "starts: %s failed\n", argv[3]);
			return 1;
		}
	}
	if (!reap(0))
		return 1;
	seconds = (double)(bench__now_ns(CLOCK_MONOTONIC) - begin_ns) / 1e9;
	printf("{\"starts\": %llu, \"seconds\": %.3f, \"cpu_us\": %.3f}\n", (unsigned long long)cnt,
	       seconds, (cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN)) * 1e6 / (double)cnt);
	return 0;
}
