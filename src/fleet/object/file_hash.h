/* SPDX-License-Identifier: MIT */
/* SHA-256 of an open file, or of a part of it. */
#ifndef TTLOG_FILE_HASH_H
#define TTLOG_FILE_HASH_H

#include <stdint.h>

#include "object_hash.h"

/* So many bytes it must have from there on. 0; -EBADF: it can't be read, or is shorter; -ENOMEM. */
int file_hash__read(int fd, uint64_t from, uint64_t size_bytes,
		    unsigned char ret[OBJECT_HASH_BYTES]);

#endif /* TTLOG_FILE_HASH_H */
