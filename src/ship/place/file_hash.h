/* SPDX-License-Identifier: MIT */
/* SHA-256 of an open file. */
#ifndef TTLOG_FILE_HASH_H
#define TTLOG_FILE_HASH_H

#include <stdint.h>

#include "object_hash.h"

/* From its beginning; so many bytes it must have. 0; -EBADF: it can't be read, or is shorter; -ENOMEM. */
int file_hash__read(int fd, uint64_t size_bytes, unsigned char ret[OBJECT_HASH_BYTES]);

#endif /* TTLOG_FILE_HASH_H */
