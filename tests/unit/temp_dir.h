/* SPDX-License-Identifier: MIT */
/* A directory that a test made with mkdtemp(). */
#ifndef TTLOG_TESTS_TEMP_DIR_H
#define TTLOG_TESTS_TEMP_DIR_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* path: ends with -XXXXXX, or with what an earlier call made of that. Returns 0 on success, as a setup does. */
static inline int temp_dir__make(char *path)
{
	(void)strcpy(strrchr(path, '-'), "-XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static inline size_t temp_dir__file_cnt(const char *path)
{
	DIR *dir = opendir(path);
	size_t cnt = 0;

	assert_non_null(dir);
	while (readdir(dir))
		cnt++;
	(void)closedir(dir);
	return cnt - 2; /* . and .. */
}

/* Removes the directory and all files in it. Returns 0 on success, as a teardown does. */
static inline int temp_dir__remove(const char *path)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command);
}

#endif /* TTLOG_TESTS_TEMP_DIR_H */
