/* SPDX-License-Identifier: MIT */
/*
 * An encrypted file. The first byte chooses: the input is the file itself; or it is the content of a
 * file, some bytes of which are changed: so damage reaches what only whole messages do. What comes
 * out is always a beginning of what went in.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "recipients.h"
#include "seal_in.h"
#include "seal_out.h"
#include "secret_keys.h"

#define CHANGES   4u
#define MAX_BYTES (1u << 20)

static struct secret_keys keys;
static struct recipients recipients;

static void make_key(void)
{
	FUZZ_CHECK(sodium_init() >= 0);
	memset(keys.secret[0], 1, SEAL_KEY_BYTES);
	(void)crypto_scalarmult_base(keys.public[0], keys.secret[0]);
	keys.cnt = 1;
	memcpy(recipients.keys[0], keys.public[0], SEAL_KEY_BYTES);
	recipients.cnt = 1;
}

static int memory(const char *name)
{
	const int fd = memfd_create(name, MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	return fd;
}

/* Returns how many bytes came out. */
static size_t read_it(int fd, const uint8_t *content, size_t len, int *ret_err)
{
	static uint8_t got[MAX_BYTES];
	const int to = memory("content");
	char why[160] = "";
	ssize_t bytes;

	*ret_err = seal_in__copy(fd, &keys, to, why, sizeof(why));
	FUZZ_CHECK(!*ret_err == !*why);
	FUZZ_CHECK(!*ret_err || *ret_err == -EUCLEAN || *ret_err == -ENODATA ||
		   *ret_err == -EBADMSG || *ret_err == -EKEYREJECTED);
	bytes = pread(to, got, sizeof(got), 0);
	FUZZ_CHECK(bytes >= 0);
	if (content) {
		FUZZ_CHECK((size_t)bytes <= len);
		FUZZ_CHECK(!memcmp(got, content, (size_t)bytes));
	}
	(void)close(to);
	return (size_t)bytes;
}

static void check_as_it_is(const uint8_t *data, size_t size)
{
	const int fd = memory("sealed");
	int err;

	FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
	(void)seal_in__is_sealed(fd);
	(void)read_it(fd, NULL, 0, &err);
	(void)close(fd);
}

/* Each change: two bytes where, one what. */
static bool change(int fd, const uint8_t *changes)
{
	bool any = false;

	for (size_t i = 0; i < CHANGES; i++, changes += 3) {
		const off_t at = changes[0] | changes[1] << 8;
		uint8_t byte;

		if (!changes[2] || pread(fd, &byte, 1, at) != 1)
			continue;
		byte ^= changes[2];
		FUZZ_CHECK(pwrite(fd, &byte, 1, at) == 1);
		any = true;
	}
	return any;
}

static void check_changed(const uint8_t *data, size_t size)
{
	const uint8_t *content = data + 3 * CHANGES;
	const size_t len = size - 3 * CHANGES, half = len / 2;
	struct seal_out *seal = seal_out__new(&recipients, data, 3 * CHANGES);
	const int fd = memory("sealed");
	int err;

	FUZZ_CHECK(seal);
	FUZZ_CHECK(!seal_out__head(seal, fd));
	FUZZ_CHECK(!seal_out__write(seal, fd, content, half));
	FUZZ_CHECK(!seal_out__write(seal, fd, content + half, len - half));
	FUZZ_CHECK(!seal_out__end(seal, fd));
	seal_out__free(seal);
	FUZZ_CHECK(read_it(fd, content, len, &err) == len && !err);
	if (change(fd, data))
		(void)read_it(fd, content, len, &err);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!keys.cnt)
		make_key();
	if (!size || size > MAX_BYTES / 2)
		return 0;
	fuzz__begin();
	if (data[0] & 1 && size > 3 * CHANGES)
		check_changed(data + 1, size - 1);
	else
		check_as_it_is(data + 1, size - 1);
	fuzz__end();
	return 0;
}
