/* SPDX-License-Identifier: MIT */
/*
 * The mappings of a process, and their files: also files that were deleted or replaced on disk
 * since, and files of another mount namespace.
 */
#ifndef TTLOG_MAPS_H
#define TTLOG_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct maps_entry {
	uint64_t start, end; /* addresses */
	uint64_t offset;     /* in the file */
	uint64_t inode;      /* 0: no file */
	dev_t dev;           /* as in maps(5); stat(2) may differ on btrfs and overlayfs */
	bool readable, writable, executable;
	/* The name ended in " (deleted)", which was removed. Usually the file was deleted, but a
	 * file may also have such a name. */
	bool deleted;
	char *path; /* in its mount namespace; "[stack]" and the like; "": none; never NULL */
};

struct maps {
	struct maps_entry *entries; /* ascending by address */
	size_t cnt;
};

/* The mappings of a process; 0: our own. NULL with errno: ENOENT or ESRCH: it is gone; EACCES. */
struct maps *maps__read(pid_t pid);
/* Only asks its first thread; EFBIG: the text has so many bytes or more. */
struct maps *maps__read_at_most(pid_t pid, size_t bytes);
/* Parses the text of /proc/PID/maps; skips invalid lines. NULL with errno. */
struct maps *maps__parse(const char *text, size_t len);
/* NULL is fine. */
void maps__free(struct maps *maps);

/* The entry that contains this address; NULL: none. */
const struct maps_entry *maps__find(const struct maps *maps, uint64_t address);

/*
 * Opens the file of an entry of that process for reading. It opens exactly that file, or nothing:
 * it compares device and inode, because the path may have another file now. Returns the descriptor
 * or -errno. -ENODEV: the entry has no regular file; -ENOEXEC: the broker opens no such file;
 * -EPERM: the path no longer leads to the file, and map_files needs CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE.
 */
int maps__open(pid_t pid, const struct maps_entry *entry);

/* The same for a process that is gone: opens the entry's path as we see it. -ESTALE: it is another
 * file: of an upgrade, or of the host, if the process was in a container. */
int maps__open_named(const struct maps_entry *entry);

#endif /* TTLOG_MAPS_H */
