/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "paging.h"
#include "proc_file.h"

bool paging__takes_pages(void)
{
	char text[512];
	const char *line;

	(void)proc_file__read(text, sizeof(text), "sys/kernel/numa_balancing");
	if (text[0] && text[0] != '0')
		return true;
	/* a line of titles, then one for each area */
	(void)proc_file__read(text, sizeof(text), "swaps");
	line = strchr(text, '\n');
	return line && line[1];
}
