/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "object_put.h"

#define ROLLUP_HEADER  "Nats-Rollup"
#define ROLLUP_SUBJECT "sub"

struct chunks {
	const struct object_put *put;
	char subject[OBJECT_SUBJECT_BYTES];
	unsigned char *bytes; /* OBJECT_CHUNK_BYTES */
	struct object_hash *hash;
};

/* As many bytes as a chunk has, or what the file still has. */
static ssize_t read_chunk(int fd, unsigned char *to, uint64_t offset)
{
	size_t len = 0;

	while (len < OBJECT_CHUNK_BYTES) {
		ssize_t n = pread(fd, to + len, OBJECT_CHUNK_BYTES - len, (off_t)(offset + len));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

static int put_chunk(struct chunks *chunks, size_t len, struct fleet_error *error)
{
	const struct object_put *put = chunks->put;
	int err = put->before_chunk ? put->before_chunk(put->ctx, len) : 0;

	if (err)
		return fleet_error__set(error, err, "%s", strerror(-err));
	object_hash__add(chunks->hash, chunks->bytes, len);
	return ack_window__publish(put->window, chunks->subject, NULL, NULL, chunks->bytes, len,
				   error);
}

static int put_chunks(struct chunks *chunks, int fd, struct object_meta *meta,
		      struct fleet_error *error)
{
	ssize_t len;
	int err = 0;

	while (!err) {
		len = read_chunk(fd, chunks->bytes, meta->size_bytes);
		if (len < 0)
			return fleet_error__set(error, (int)len, "can't read %s: %s", meta->name,
						strerror((int)-len));
		if (len == 0)
			break;
		err = put_chunk(chunks, (size_t)len, error);
		meta->size_bytes += (uint64_t)len;
		meta->chunk_cnt++;
	}
	return err;
}

int object_put__meta(const struct object_put *put, const struct object_meta *meta,
		     struct fleet_error *error)
{
	char subject[OBJECT_SUBJECT_BYTES];
	char *json = object_meta__encode(meta, put->bucket->name, clock__now_real_ns());
	int err;

	if (!json)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	object_meta__subject(subject, put->bucket->name, meta->name);
	ack_window__begin(put->window);
	err = ack_window__publish(put->window, subject, ROLLUP_HEADER, ROLLUP_SUBJECT, json,
				  strlen(json), error);
	free(json);
	return err;
}

static int put_hashed(struct chunks *chunks, int fd, struct object_meta *meta,
		      struct fleet_error *error)
{
	unsigned char hash[OBJECT_HASH_BYTES];
	int err;

	if (!chunks->bytes || !chunks->hash)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	meta->size_bytes = meta->chunk_cnt = 0;
	meta->is_deleted = false;
	object_meta__chunk_subject(chunks->subject, chunks->put->bucket->name, meta->nuid);
	ack_window__begin(chunks->put->window);
	err = put_chunks(chunks, fd, meta, error);
	if (err)
		return err;
	object_hash__end(chunks->hash, hash);
	object_meta__digest(meta->digest, hash);
	return 0;
}

int object_put__chunks(const struct object_put *put, int fd, struct object_meta *meta,
		       struct fleet_error *error)
{
	struct chunks chunks = {
		.put = put,
		.bytes = malloc(OBJECT_CHUNK_BYTES),
		.hash = object_hash__new(),
	};
	const int err = put_hashed(&chunks, fd, meta, error);

	object_hash__free(chunks.hash);
	free(chunks.bytes);
	return err;
}

int object_put__file(const struct object_put *put, int fd, struct object_meta *meta,
		     struct fleet_error *error)
{
	int err = object_put__chunks(put, fd, meta, error);

	if (!err)
		err = ack_window__finish(put->window, error);
	if (!err)
		err = object_put__meta(put, meta, error);
	return err ? err : ack_window__finish(put->window, error);
}
