/* SPDX-License-Identifier: MIT */
/* Two keys that never change, and files in memory. */
#ifndef TTLOG_TESTS_SEAL_FIXTURE_H
#define TTLOG_TESTS_SEAL_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "recipients.h"
#include "seal_in.h"
#include "seal_out.h"
#include "secret_keys.h"

static inline int memory_file(const void *bytes, size_t len)
{
	const int fd = memfd_create("seal", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

static inline unsigned char *whole_file(int fd, size_t *ret_len)
{
	struct stat st;
	unsigned char *bytes;

	assert_int_equal(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

/* Key `number`: its secret half is 32 times that byte. */
static inline void add_secret(struct secret_keys *keys, unsigned char number)
{
	memset(keys->secret[keys->cnt], number, SEAL_KEY_BYTES);
	assert_int_equal(crypto_scalarmult_base(keys->public[keys->cnt], keys -> secret[keys->cnt]),
			 0);
	keys->cnt++;
}

static inline void add_public(struct recipients *recipients, unsigned char number)
{
	struct secret_keys keys = { .cnt = 0 };

	add_secret(&keys, number);
	memcpy(recipients->keys[recipients->cnt++], keys.public[0], SEAL_KEY_BYTES);
}

#endif /* TTLOG_TESTS_SEAL_FIXTURE_H */
