/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "file_hash.h"

#define READ_BYTES 65536

int file_hash__read(int fd, uint64_t from, uint64_t size_bytes,
		    unsigned char ret[OBJECT_HASH_BYTES])
{
	struct object_hash *hash = object_hash__new();
	unsigned char bytes[READ_BYTES];
	uint64_t at = 0;
	ssize_t len = 1;

	if (!hash)
		return -ENOMEM;
	while (at < size_bytes && len > 0) {
		const uint64_t left = size_bytes - at;

		len = pread(fd, bytes, left < sizeof(bytes) ? (size_t)left : sizeof(bytes),
			    (off_t)(from + at));
		if (len > 0) {
			object_hash__add(hash, bytes, (size_t)len);
			at += (uint64_t)len;
		}
	}
	object_hash__end(hash, ret);
	object_hash__free(hash);
	return at < size_bytes ? -EBADF : 0;
}
