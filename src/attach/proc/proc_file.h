/* SPDX-License-Identifier: MIT */
/*
 * The short files of /proc.
 */
#ifndef TTLOG_PROC_FILE_H
#define TTLOG_PROC_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads at most size - 1 bytes, and puts a zero after them. Returns how many, or -errno: then ret
 * is empty. */
ssize_t proc_file__read(char *ret, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* TTLOG_PROC_FILE_H */
