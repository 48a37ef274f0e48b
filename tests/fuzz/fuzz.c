/* SPDX-License-Identifier: MIT */
/* What an input becomes, and what it may take. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define LIMIT_BYTES (64l << 20)
#define LIMIT_S     2

/* Of the sanitizers' runtime, where there is one; pthreads call malloc too. */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					  void (*free_hook)(const volatile void *));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *p);

static atomic_long live_bytes, limit_bytes = LONG_MAX;
static clock_t start;

static void on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	if (atomic_fetch_add(&live_bytes, (long)size) + (long)size <= limit_bytes)
		return;
	limit_bytes = LONG_MAX; /* what reports it allocates too */
	fprintf(stderr, "more than %ld MiB are in use\n", LIMIT_BYTES >> 20);
	abort();
}

static void on_free(const volatile void *p)
{
	atomic_fetch_sub(&live_bytes, (long)__sanitizer_get_allocated_size(p));
}

void fuzz__begin(void)
{
	static bool is_installed;

	start = clock();
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
	FUZZ_CHECK((double)(clock() - start) / CLOCKS_PER_SEC < LIMIT_S);
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
