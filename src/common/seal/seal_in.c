/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "secret_keys.h"
#include "seal_in.h"

struct seal_in {
	int fd, to;
	off_t at;
	crypto_secretstream_xchacha20poly1305_state state;
	unsigned char head[FORMAT_SEAL_HEAD_MAX_BYTES];
	size_t head_bytes, key_cnt;
	bool has_begun;
	unsigned char message[FORMAT_SEAL_PIECE_BYTES + FORMAT_SEAL_TAG_BYTES];
	unsigned char piece[FORMAT_SEAL_PIECE_BYTES];
	char *why;
	size_t why_size;
};

static int fail(struct seal_in *seal, int err, const char *why)
{
	(void)snprintf(seal->why, seal->why_size, "%s", why);
	return err;
}

/* How many bytes there are, up to len, or -errno. */
static ssize_t read_at(int fd, off_t at, void *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t got = pread(fd, (char *)to + done, len - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static uint32_t number(const unsigned char *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum |= (uint32_t)bytes[i] << (8 * i);
	return sum;
}

bool seal_in__is_sealed(int fd)
{
	unsigned char magic[FORMAT_SEAL_MAGIC_BYTES];

	return read_at(fd, 0, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, FORMAT_SEAL_MAGIC, sizeof(magic));
}

static int read_head(struct seal_in *seal)
{
	const ssize_t got = read_at(seal->fd, 0, seal->head, sizeof(seal->head));
	uint32_t label_bytes;

	if (got < 0)
		return fail(seal, (int)got, strerror((int)-got));
	if (got < FORMAT_SEAL_FIXED_BYTES)
		return fail(seal, -EBADMSG, "its head is cut");
	if (number(seal->head + 8, 2) != FORMAT_SEAL_VERSION)
		return fail(seal, -EBADMSG, "a later ttlog-view is needed to decrypt it");
	seal->key_cnt = number(seal->head + 10, 2);
	label_bytes = number(seal->head + 12, 4);
	if (!seal->key_cnt || seal->key_cnt > FORMAT_SEAL_MAX_RECIPIENTS ||
	    label_bytes > FORMAT_SEAL_LABEL_MAX_BYTES)
		return fail(seal, -EBADMSG, "its head is damaged");
	seal->head_bytes = FORMAT_SEAL_FIXED_BYTES + seal->key_cnt * FORMAT_SEAL_KEY_BYTES +
			   label_bytes + FORMAT_SEAL_STREAM_BYTES;
	if ((size_t)got < seal->head_bytes)
		return fail(seal, -EBADMSG, "its head is cut");
	seal->at = (off_t)seal->head_bytes;
	return 0;
}

static bool open_key(const struct seal_in *seal, const struct secret_keys *keys,
		     unsigned char ret_key[crypto_secretstream_xchacha20poly1305_KEYBYTES])
{
	const unsigned char *sealed = seal->head + FORMAT_SEAL_FIXED_BYTES;

	for (size_t i = 0; i < seal->key_cnt; i++, sealed += FORMAT_SEAL_KEY_BYTES) {
		for (size_t k = 0; k < keys->cnt; k++) {
			if (!crypto_box_seal_open(ret_key, sealed, FORMAT_SEAL_KEY_BYTES,
						  keys->public[k], keys -> secret[k]))
				return true;
		}
	}
	return false;
}

static int open_stream(struct seal_in *seal, const struct secret_keys *keys)
{
	unsigned char key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
	int err = 0;

	if (!open_key(seal, keys, key))
		err = fail(seal, -EKEYREJECTED,
			   "it is encrypted for other keys than those of --identity");
	else if (crypto_secretstream_xchacha20poly1305_init_pull(
			 &seal->state, seal->head + seal->head_bytes - FORMAT_SEAL_STREAM_BYTES,
			 key))
		err = fail(seal, -EBADMSG, "its head is damaged");
	sodium_memzero(key, sizeof(key));
	return err;
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len) {
		const ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno != EINTR)
			return -errno;
		bytes += written > 0 ? written : 0;
		len -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int damaged(struct seal_in *seal, const char *what)
{
	(void)snprintf(seal->why, seal->why_size, "%s from byte %lld on: only what comes before it",
		       what, (long long)seal->at);
	return -EUCLEAN;
}

static int cut(struct seal_in *seal)
{
	(void)damaged(seal, "its encrypted content is cut");
	return -ENODATA;
}

/* 1: it was the last one. 0 or -errno. */
static int copy_message(struct seal_in *seal)
{
	unsigned char length[4], tag;
	ssize_t got = read_at(seal->fd, seal->at, length, sizeof(length));
	unsigned long long bytes;
	uint32_t len = 0;
	int err;

	if (got == (ssize_t)sizeof(length)) {
		len = number(length, sizeof(length));
		if (len < FORMAT_SEAL_TAG_BYTES || len > sizeof(seal->message))
			return damaged(seal, "its encrypted content is damaged");
		got = read_at(seal->fd, seal->at + 4, seal->message, len);
	} else if (got >= 0) {
		return cut(seal);
	}
	if (got < 0)
		return fail(seal, (int)got, strerror((int)-got));
	if ((size_t)got < len)
		return cut(seal);
	if (crypto_secretstream_xchacha20poly1305_pull(
		    &seal->state, seal->piece, &bytes, &tag, seal->message, len,
		    seal->has_begun ? NULL : seal->head, seal->has_begun ? 0 : seal->head_bytes))
		return damaged(seal, "its encrypted content is damaged");
	seal->has_begun = true;
	seal->at += 4 + (off_t)len;
	err = write_all(seal->to, seal->piece, (size_t)bytes);
	if (err)
		return fail(seal, err, strerror(-err));
	return tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
}

static int copy(struct seal_in *seal, const struct secret_keys *keys)
{
	unsigned char more;
	int err = read_head(seal);

	if (!err)
		err = open_stream(seal, keys);
	while (!err)
		err = copy_message(seal);
	if (err == 1)
		err = read_at(seal->fd, seal->at, &more, 1) > 0
			      ? damaged(seal, "there is something after its end,")
			      : 0;
	return err;
}

int seal_in__copy(int fd, const struct secret_keys *keys, int to, char *ret_why, size_t why_size)
{
	struct seal_in *seal = calloc(1, sizeof(*seal));
	int err;

	if (!seal || sodium_init() < 0) {
		free(seal);
		(void)snprintf(ret_why, why_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	*seal = (struct seal_in){ .fd = fd, .to = to, .why = ret_why, .why_size = why_size };
	err = copy(seal, keys);
	sodium_memzero(seal, sizeof(*seal));
	free(seal);
	return err;
}
