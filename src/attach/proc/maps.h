/* SPDX-License-Identifier: MIT */
/*
 * What a process has mapped, and the files behind it: also those that were deleted or replaced on
 * disk since, and those of another mount namespace.
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
	dev_t dev;           /* as maps shows it; stat(2) may differ on btrfs and overlayfs */
	bool readable, writable, executable;
	/* The name ended in " (deleted)", which was taken off: usually, but a file may be called
	 * so. */
	bool deleted;
	char *path; /* as its mount namespace has it; "[stack]" and such; "" for none; never NULL */
};

struct maps {
	struct maps_entry *entries; /* ascending by address */
	size_t cnt;
};

/* Of a process, 0 for our own. NULL with errno: ENOENT or ESRCH where it is gone, EACCES. */
struct maps *maps__read(pid_t pid);
/* By its first thread alone; EFBIG where their text is so long or longer. */
struct maps *maps__read_at_most(pid_t pid, size_t bytes);
/* The text of /proc/PID/maps; lines that are none are passed over. NULL with errno. */
struct maps *maps__parse(const char *text, size_t len);
/* NULL is fine. */
void maps__free(struct maps *maps);

/* The entry that has this address; NULL where there is none. */
const struct maps_entry *maps__find(const struct maps *maps, uint64_t address);

#define MAPS_PATH_BYTES 32

/*
 * Opens the file behind an entry of that process for reading. What is opened is that very file or
 * nothing: device and inode are compared, whatever stands at its path now.
 * ret_path, where not NULL, gets a path by which the kernel finds it too (to attach uprobes): it
 * names the descriptor, so it is good in this process for as long as that stays open.
 * Returns the descriptor or -errno: -ENODEV where the entry has no regular file, -EPERM where the
 * path no longer leads there and map_files takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
 */
int maps__open(pid_t pid, const struct maps_entry *entry, char ret_path[MAPS_PATH_BYTES]);

/* The same of a process that is gone: what stands at the entry's path for us. -ESTALE where that is
 * another file: an upgrade's, or that of the host, where the process was in a container. */
int maps__open_named(const struct maps_entry *entry);

#endif /* TTLOG_MAPS_H */
