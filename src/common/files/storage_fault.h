/* SPDX-License-Identifier: MIT */
/*
 * Why files can't be written, in a few classes: for counts, and to say each of them once. Quotas
 * and limits of file sizes are a lack of room, too.
 */
#ifndef TTLOG_STORAGE_FAULT_H
#define TTLOG_STORAGE_FAULT_H

/* storage_fault.c has their names. */
enum storage_fault {
	STORAGE_NO_ROOM,   /* of bytes or inodes */
	STORAGE_READ_ONLY, /* the file system is */
	STORAGE_IO,        /* the device has an error, or is gone */
	STORAGE_GONE,      /* the directory is not there any more */
	STORAGE_REFUSED,   /* it can't be written to, or is not safe */
	STORAGE_SHORT,     /* of memory or descriptors: not the disk's fault */
	STORAGE_OTHER,
	STORAGE_FAULT_CNT,
};

/* err: negative errno. */
enum storage_fault storage_fault__of(int err);
/* A word such as "no_room". */
const char *storage_fault__name(enum storage_fault fault);

#endif /* TTLOG_STORAGE_FAULT_H */
