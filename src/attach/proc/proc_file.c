/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "proc_file.h"

ssize_t proc_file__read(char *ret, size_t size, const char *format, ...)
{
	char path[64];
	va_list args;
	ssize_t len;
	int fd;

	va_start(args, format);
	(void)vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, ret, size - 1);
	if (len < 0)
		len = -errno;
	if (fd >= 0)
		(void)close(fd);
	ret[len > 0 ? len : 0] = '\0';
	return len;
}
