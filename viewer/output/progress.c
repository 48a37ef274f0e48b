/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "terminal.h"

#define FIRST_MS  1000
#define AGAIN_MS  200
#define NS_PER_MS 1000000
#define NS_PER_S  1000000000
#define ERASE     "\r\033[K"
#define LINE_MAX  79

/* There is one stderr. A thread that writes to it holds the lock. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ending;
	bool runs, ends, is_shown;
	uint64_t total; /* bytes to read; 0: unknown */
	uint64_t before;
	bool is_fetch; /* then what was fetched is told */
	uint64_t fetched;
	struct timespec begin;
} progress = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Bytes that all read calls of this process have returned; 0: the kernel does not tell. */
static uint64_t bytes_read(void)
{
	unsigned long long bytes = 0;
	FILE *file = fopen("/proc/self/io", "re");

	if (!file)
		return 0;
	if (fscanf(file, "rchar: %llu", &bytes) != 1)
		bytes = 0;
	(void)fclose(file);
	return bytes;
}

static void write_line(const char *text, size_t len)
{
	/* a failure here is ignored */
	if (write(STDERR_FILENO, text, len) < 0)
		errno = 0;
}

/* Only under the lock. */
static void erase(void)
{
	if (progress.is_shown)
		write_line(ERASE, strlen(ERASE));
	progress.is_shown = false;
}

static void show(void)
{
	const double mb = 1e6;
	uint64_t done = progress.is_fetch ? progress.fetched : bytes_read();
	const char *what = progress.is_fetch ? "fetching" : "reading";
	double percent;
	struct timespec now;
	char line[LINE_MAX + sizeof(ERASE)];
	int len;

	done = done > progress.before ? done - progress.before : 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	/* other files are small; and 100 % would mean done */
	percent = 100.0 * (double)done / (double)progress.total;
	percent = percent < 99 ? percent : 99;
	if (!progress.total)
		len = snprintf(line, sizeof(line), ERASE "%s: %.0f MB, %ld s", what,
			       (double)done / mb, (long)(now.tv_sec - progress.begin.tv_sec));
	else
		len = snprintf(line, sizeof(line), ERASE "%s: %.0f of %.0f MB, %.0f %%, %ld s",
			       what, (double)(done < progress.total ? done : progress.total) / mb,
			       (double)progress.total / mb, percent,
			       (long)(now.tv_sec - progress.begin.tv_sec));
	write_line(line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
	progress.is_shown = true;
}

static void add_ms(struct timespec *to, long ms)
{
	to->tv_nsec += ms % 1000 * NS_PER_MS;
	to->tv_sec += ms / 1000 + to->tv_nsec / NS_PER_S;
	to->tv_nsec %= NS_PER_S;
}

static void *run(void *arg)
{
	struct timespec next = progress.begin;

	(void)arg;
	add_ms(&next, FIRST_MS);
	(void)pthread_mutex_lock(&progress.lock);
	while (!progress.ends) {
		if (pthread_cond_timedwait(&progress.ending, &progress.lock, &next) != ETIMEDOUT)
			continue;
		show();
		add_ms(&next, AGAIN_MS);
	}
	erase();
	(void)pthread_mutex_unlock(&progress.lock);
	return NULL;
}

/* Without a thread it does nothing. */
static void start(void)
{
	pthread_condattr_t attributes;
	sigset_t all, old;

	if (pthread_condattr_init(&attributes))
		return;
	progress.ends = false;
	progress.before = progress.is_fetch ? 0 : bytes_read();
	(void)clock_gettime(CLOCK_MONOTONIC, &progress.begin);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	/* the main thread takes signals */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	progress.runs = !pthread_cond_init(&progress.ending, &attributes) &&
			!pthread_create(&progress.thread, NULL, run, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_condattr_destroy(&attributes);
}

void progress__begin(char *const *files, size_t cnt, unsigned passes)
{
	if (!isatty(STDERR_FILENO) || !terminal__is_capable())
		return;
	progress.is_fetch = false;
	progress.total = 0;
	for (size_t i = 0; i < cnt; i++) {
		struct stat st;

		if (!stat(files[i], &st) && S_ISREG(st.st_mode))
			progress.total += (uint64_t)st.st_size * passes;
	}
	start();
}

void progress__begin_fetch(void)
{
	if (!isatty(STDERR_FILENO) || !terminal__is_capable())
		return;
	progress.is_fetch = true;
	progress.total = progress.fetched = 0;
	start();
}

void progress__fetched(uint64_t done, uint64_t total)
{
	(void)pthread_mutex_lock(&progress.lock);
	progress.fetched = done;
	progress.total = total;
	(void)pthread_mutex_unlock(&progress.lock);
}

void progress__hold(void)
{
	(void)pthread_mutex_lock(&progress.lock);
	erase();
}

void progress__release(void)
{
	(void)pthread_mutex_unlock(&progress.lock);
}

void progress__end(void)
{
	if (!progress.runs)
		return;
	(void)pthread_mutex_lock(&progress.lock);
	progress.ends = true;
	(void)pthread_cond_signal(&progress.ending);
	(void)pthread_mutex_unlock(&progress.lock);
	(void)pthread_join(progress.thread, NULL);
	progress.runs = false;
}
