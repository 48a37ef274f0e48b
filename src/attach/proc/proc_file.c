/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "proc_file.h"
#include "process_files.h"

static int open_at(const char *format, va_list args)
{
	char path[64];

	(void)vsnprintf(path, sizeof(path), format, args);
	return process_files__open_proc(path);
}

FILE *proc_file__open(const char *format, ...)
{
	va_list args;
	FILE *file;
	int fd;

	va_start(args, format);
	fd = open_at(format, args);
	va_end(args);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		(void)close(fd);
	return file;
}

ssize_t proc_file__read(char *ret, size_t size, const char *format, ...)
{
	va_list args;
	ssize_t len;
	int fd;

	va_start(args, format);
	fd = open_at(format, args);
	va_end(args);
	len = fd < 0 ? fd : read(fd, ret, size - 1);
	if (fd >= 0 && len < 0)
		len = -errno;
	if (fd >= 0)
		(void)close(fd);
	ret[len > 0 ? len : 0] = '\0';
	return len;
}
