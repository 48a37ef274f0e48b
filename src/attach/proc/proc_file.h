/* SPDX-License-Identifier: MIT */
/*
 * The short files of /proc.
 */
#ifndef TTLOG_PROC_FILE_H
#define TTLOG_PROC_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* The format makes a path in /proc ("%d/stat"). Reads at most size - 1 bytes, and puts a zero after them. Returns how many, or -errno: then ret
 * is empty. */
ssize_t proc_file__read(char *ret, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same to read line by line; the caller closes it. NULL with errno. */
FILE *proc_file__open(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* TTLOG_PROC_FILE_H */
