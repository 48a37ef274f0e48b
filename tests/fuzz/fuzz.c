/* SPDX-License-Identifier: MIT */
/* Files and snapshots made of an input, and limits of its memory and time. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

#define LIMIT_BYTES (64l << 20)
#define HANG_S      120

/* In the sanitizers' runtime, if there is one. pthreads call malloc, too. */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					  void (*free_hook)(const volatile void *));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *p);

static atomic_long live_bytes, limit_bytes = LONG_MAX;

static void on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	if (atomic_fetch_add(&live_bytes, (long)size) + (long)size <= limit_bytes)
		return;
	limit_bytes = LONG_MAX; /* the report allocates, too */
	fprintf(stderr, "more than %ld MiB are in use\n", LIMIT_BYTES >> 20);
	abort();
}

static void on_free(const volatile void *p)
{
	atomic_fetch_sub(&live_bytes, (long)__sanitizer_get_allocated_size(p));
}

static void on_slow(int signal_number)
{
	static const char WHY[] = "it hangs, by its processor time\n";

	(void)signal_number;
	(void)!write(STDERR_FILENO, WHY, sizeof(WHY) - 1);
	abort();
}

/* Limits CPU time, so that it is also right on a busy machine. It also stops what would not end. */
static void limit_time(time_t seconds)
{
	const struct itimerval limit = { .it_value = { .tv_sec = seconds } };

	FUZZ_CHECK(signal(SIGPROF, on_slow) != SIG_ERR);
	FUZZ_CHECK(!setitimer(ITIMER_PROF, &limit, NULL));
}

void fuzz__begin(void)
{
	static bool is_installed;

	limit_time(HANG_S);
	if (!__sanitizer_install_malloc_and_free_hooks)
		return;
	if (!is_installed)
		FUZZ_CHECK(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free));
	is_installed = true;
	limit_bytes = live_bytes + LIMIT_BYTES;
}

void fuzz__end(void)
{
	limit_bytes = LONG_MAX;
	limit_time(0);
}

int fuzz__file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static char folder[] = "/tmp/ttlog-fuzz-XXXXXX";

static void remove_folder(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)rmdir(folder);
}

const char *fuzz__folder(void)
{
	static bool is_made;

	if (!is_made)
		FUZZ_CHECK(mkdtemp(folder) && !atexit(remove_folder));
	is_made = true;
	return folder;
}
