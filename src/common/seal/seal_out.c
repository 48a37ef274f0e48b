/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "recipients.h"
#include "seal_out.h"

_Static_assert(crypto_box_SEALBYTES + crypto_secretstream_xchacha20poly1305_KEYBYTES ==
			       FORMAT_SEAL_KEY_BYTES &&
		       crypto_secretstream_xchacha20poly1305_HEADERBYTES ==
			       FORMAT_SEAL_STREAM_BYTES &&
		       crypto_secretstream_xchacha20poly1305_ABYTES == FORMAT_SEAL_TAG_BYTES,
	       "FORMAT.md, section 9");

struct seal_out {
	crypto_secretstream_xchacha20poly1305_state state;
	unsigned char head[FORMAT_SEAL_HEAD_MAX_BYTES];
	size_t head_bytes;
	bool has_begun; /* a message is written: the head belongs to the first one */
	unsigned char message[4 + FORMAT_SEAL_PIECE_BYTES + FORMAT_SEAL_TAG_BYTES];
};

static void put(struct seal_out *seal, const void *bytes, size_t len)
{
	if (len)
		memcpy(seal->head + seal->head_bytes, bytes, len);
	seal->head_bytes += len;
}

static void put_number(struct seal_out *seal, uint32_t number, size_t len)
{
	const unsigned char bytes[4] = {
		number & 0xff,
		number >> 8 & 0xff,
		number >> 16 & 0xff,
		number >> 24,
	};

	put(seal, bytes, len);
}

static int make_head(struct seal_out *seal, const struct recipients *recipients, const void *label,
		     size_t label_bytes)
{
	unsigned char key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
	unsigned char stream[FORMAT_SEAL_STREAM_BYTES], sealed[FORMAT_SEAL_KEY_BYTES];
	int err = 0;

	put(seal, FORMAT_SEAL_MAGIC, FORMAT_SEAL_MAGIC_BYTES);
	put_number(seal, FORMAT_SEAL_VERSION, 2);
	put_number(seal, (uint32_t)recipients->cnt, 2);
	put_number(seal, (uint32_t)label_bytes, 4);
	crypto_secretstream_xchacha20poly1305_keygen(key);
	for (size_t i = 0; i < recipients->cnt && !err; i++) {
		/* a key that is no point of the curve */
		if (crypto_box_seal(sealed, key, sizeof(key), recipients->keys[i]))
			err = -EINVAL;
		put(seal, sealed, sizeof(sealed));
	}
	put(seal, label, label_bytes);
	(void)crypto_secretstream_xchacha20poly1305_init_push(&seal->state, stream, key);
	put(seal, stream, sizeof(stream));
	sodium_memzero(key, sizeof(key));
	return err;
}

struct seal_out *seal_out__new(const struct recipients *recipients, const void *label,
			       size_t label_bytes)
{
	struct seal_out *seal;
	int err = 0;

	if (!recipients->cnt || recipients->cnt > FORMAT_SEAL_MAX_RECIPIENTS ||
	    label_bytes > FORMAT_SEAL_LABEL_MAX_BYTES || sodium_init() < 0) {
		errno = EINVAL;
		return NULL;
	}
	seal = calloc(1, sizeof(*seal));
	if (seal)
		err = make_head(seal, recipients, label, label_bytes);
	if (err) {
		seal_out__free(seal);
		errno = -err;
		return NULL;
	}
	return seal;
}

void seal_out__free(struct seal_out *seal)
{
	if (!seal)
		return;
	sodium_memzero(&seal->state, sizeof(seal->state));
	free(seal);
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len) {
		const ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (!written)
			return -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

int seal_out__head(struct seal_out *seal, int fd)
{
	return write_all(fd, seal->head, seal->head_bytes);
}

static int push(struct seal_out *seal, int fd, const unsigned char *bytes, size_t len,
		unsigned char tag)
{
	const size_t sealed = len + FORMAT_SEAL_TAG_BYTES;

	for (size_t i = 0; i < 4; i++)
		seal->message[i] = sealed >> (8 * i) & 0xff;
	(void)crypto_secretstream_xchacha20poly1305_push(
		&seal->state, seal->message + 4, NULL, bytes, len,
		seal->has_begun ? NULL : seal->head, seal->has_begun ? 0 : seal->head_bytes, tag);
	seal->has_begun = true;
	return write_all(fd, seal->message, 4 + sealed);
}

int seal_out__write(struct seal_out *seal, int fd, const void *bytes, size_t len)
{
	int err = 0;

	for (size_t at = 0; at < len && !err; at += FORMAT_SEAL_PIECE_BYTES) {
		const size_t left = len - at;

		err = push(seal, fd, (const unsigned char *)bytes + at,
			   left < FORMAT_SEAL_PIECE_BYTES ? left : FORMAT_SEAL_PIECE_BYTES, 0);
	}
	return err;
}

int seal_out__end(struct seal_out *seal, int fd)
{
	return push(seal, fd, NULL, 0, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
}
