/* SPDX-License-Identifier: MIT */
/* How much room a file system has for us. */
#ifndef TTLOG_DISK_ROOM_H
#define TTLOG_DISK_ROOM_H

#include <stdint.h>
#include <sys/statvfs.h>

/* UINT64_MAX: it is not known; of inodes also, that there is no limit. */
struct disk_room {
	uint64_t bytes, inodes;
};

static inline struct disk_room disk_room__of(int fd)
{
	struct disk_room room = { UINT64_MAX, UINT64_MAX };
	struct statvfs fs;

	if (fstatvfs(fd, &fs))
		return room;
	room.bytes = fs.f_bavail * (uint64_t)fs.f_frsize;
	/* btrfs and others count none */
	if (fs.f_files)
		room.inodes = fs.f_favail;
	return room;
}

#endif /* TTLOG_DISK_ROOM_H */
