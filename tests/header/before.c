/* SPDX-License-Identifier: MIT */
/* The header before a program's config.h: what that file chooses of libc is still valid. */
/* sites: 1 */
#include <ttlog/ttlog.h>

#ifdef __linux__
#ifdef _FEATURES_H
#error "ttlog.h includes a header of libc"
#endif
#endif

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	char to[4];

	/* a GNU function: only declared if _GNU_SOURCE came in time */
	if (mempcpy(to, "abc", 4) != to + 4)
		return 1;
	TTLOG_INFO("before", "to", to);
	return errno;
}
