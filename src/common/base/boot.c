/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"

int boot__read_id(char ret_id[BOOT_ID_BYTES])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	int found;

	ret_id[0] = '\0';
	if (!file)
		return -errno;
	found = fscanf(file, "%36s", ret_id);
	(void)fclose(file);
	if (found == 1 && strlen(ret_id) == BOOT_ID_BYTES - 1)
		return 0;
	ret_id[0] = '\0';
	return -EIO;
}
