/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "paging.h"

/* The first bytes of a file as text; empty if there is no file. */
static void read_text(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0;

	if (fd >= 0) {
		len = read(fd, ret, size - 1);
		(void)close(fd);
	}
	ret[len > 0 ? len : 0] = '\0';
}

bool paging__takes_pages(void)
{
	char text[512];
	const char *line;

	read_text("/proc/sys/kernel/numa_balancing", text, sizeof(text));
	if (text[0] && text[0] != '0')
		return true;
	/* a line of titles, then one for each area */
	read_text("/proc/swaps", text, sizeof(text));
	line = strchr(text, '\n');
	return line && line[1];
}
