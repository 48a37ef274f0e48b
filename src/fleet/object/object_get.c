/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "chunk_requests.h"
#include "object_get.h"

/* One message; -ENOENT: there is none. The caller destroys it. */
static int get(const struct bucket *bucket, const jsDirectGetMsgOptions *wanted, natsMsg **ret,
	       struct fleet_error *error)
{
	jsDirectGetMsgOptions options = *wanted;
	natsStatus status = js_DirectGetMsg(ret, bucket->link->js, bucket->stream, NULL, &options);

	if (status == NATS_OK)
		return 0;
	return nats_link__judge(bucket->link,
				fleet_error__of_nats(error, status, 0, "%s: bucket %s",
						     bucket->link->server, bucket->name),
				error);
}

static int get_at_leader(const struct bucket *bucket, const char *subject, natsMsg **ret,
			 struct fleet_error *error)
{
	jsErrCode code = 0;
	natsStatus status =
		js_GetLastMsg(ret, bucket->link->js, bucket->stream, subject, NULL, &code);

	if (status == NATS_OK)
		return 0;
	return nats_link__judge(bucket->link,
				fleet_error__of_nats(error, status, code, "%s: bucket %s",
						     bucket->link->server, bucket->name),
				error);
}

/* err: of getting the message. */
static int take_meta(const struct bucket *bucket, const char *name, natsMsg *message, int err,
		     struct object_meta *ret, struct fleet_error *error)
{
	struct object_meta meta;

	if (err == -ENOENT)
		return fleet_error__set(error, err, "%s: bucket %s has no %s", bucket->link->server,
					bucket->name, name);
	if (err)
		return err;
	err = object_meta__decode(&meta, natsMsg_GetData(message),
				  (size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message);
	if (err || strcmp(meta.name, name) != 0)
		return fleet_error__set(error, -EBADMSG,
					"%s: bucket %s: what it says of %s is damaged",
					bucket->link->server, bucket->name, name);
	if (meta.is_deleted)
		return fleet_error__set(error, -ENOENT, "%s: bucket %s: %s was deleted",
					bucket->link->server, bucket->name, name);
	*ret = meta;
	return 0;
}

int object_get__meta(const struct bucket *bucket, const char *name, struct object_meta *ret,
		     struct fleet_error *error)
{
	char subject[OBJECT_SUBJECT_BYTES];
	const jsDirectGetMsgOptions wanted = { .LastBySubject = subject };
	natsMsg *message = NULL;
	int err;

	object_meta__subject(subject, bucket->name, name);
	err = get(bucket, &wanted, &message, error);
	return take_meta(bucket, name, message, err, ret, error);
}

int object_get__meta_at_leader(const struct bucket *bucket, const char *name,
			       struct object_meta *ret, struct fleet_error *error)
{
	char subject[OBJECT_SUBJECT_BYTES];
	natsMsg *message = NULL;
	int err;

	object_meta__subject(subject, bucket->name, name);
	err = get_at_leader(bucket, subject, &message, error);
	return take_meta(bucket, name, message, err, ret, error);
}

struct reading {
	const struct bucket *bucket;
	const struct object_meta *meta;
	object_get_take take;
	void *ctx;
	char subject[OBJECT_SUBJECT_BYTES];
	uint64_t next_sequence;
	uint64_t got_bytes;
	struct object_hash *hash;
};

static int take_chunk(struct reading *reading, natsMsg *message, uint64_t sequence,
		      struct fleet_error *error)
{
	const char *bytes = natsMsg_GetData(message);
	const size_t len = (size_t)natsMsg_GetDataLength(message);
	int err;

	if (sequence < reading->next_sequence ||
	    len > reading->meta->size_bytes - reading->got_bytes)
		return fleet_error__set(error, -EBADMSG, "%s has other chunks than it should",
					reading->meta->name);
	reading->next_sequence = sequence + 1;
	reading->got_bytes += len;
	object_hash__add(reading->hash, bytes, len);
	err = reading->take ? reading->take(reading->ctx, bytes, len) : 0;
	return err ? fleet_error__set(error, err, "%s: %s", reading->meta->name, strerror(-err))
		   : 0;
}

static int say_missing(const struct reading *reading, struct fleet_error *error)
{
	return fleet_error__set(error, -ENODATA, "%s: a chunk is missing", reading->meta->name);
}

/* That takes one round trip. */
static int read_only_chunk(struct reading *reading, struct fleet_error *error)
{
	const jsDirectGetMsgOptions wanted = {
		.Sequence = reading->next_sequence,
		.NextBySubject = reading->subject,
	};
	natsMsg *message;
	int err = get(reading->bucket, &wanted, &message, error);

	if (err == -ENOENT)
		return say_missing(reading, error);
	if (err)
		return err;
	err = take_chunk(reading, message, chunk_requests__sequence(message), error);
	natsMsg_Destroy(message);
	return err;
}

static int read_chunks(struct reading *reading, struct fleet_error *error)
{
	struct chunk_requests requests;
	int err = chunk_requests__begin(&requests, reading->bucket, reading->subject, error);

	if (err)
		return err;
	for (uint64_t left = reading->meta->chunk_cnt; !err && left; left--) {
		natsMsg *message;
		uint64_t sequence;

		err = chunk_requests__next(&requests, reading->next_sequence, left, &message,
					   &sequence, error);
		if (err)
			break;
		err = take_chunk(reading, message, sequence, error);
		natsMsg_Destroy(message);
	}
	chunk_requests__end(&requests);
	return err == -ENOENT ? say_missing(reading, error) : err;
}

static int compare(struct reading *reading, struct fleet_error *error)
{
	unsigned char hash[OBJECT_HASH_BYTES];
	char digest[OBJECT_DIGEST_BYTES];

	object_hash__end(reading->hash, hash);
	object_meta__digest(digest, hash);
	if (reading->got_bytes != reading->meta->size_bytes ||
	    strcmp(digest, reading->meta->digest) != 0)
		return fleet_error__set(error, -EBADMSG,
					"%s: its bytes have another digest than it says",
					reading->meta->name);
	return 0;
}

int object_get__read(const struct bucket *bucket, const struct object_meta *meta,
		     object_get_take take, void *ctx, struct fleet_error *error)
{
	struct reading reading = {
		.bucket = bucket,
		.meta = meta,
		.take = take,
		.ctx = ctx,
		.next_sequence = 1,
		.hash = object_hash__new(),
	};
	int err = 0;

	if (!reading.hash)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	object_meta__chunk_subject(reading.subject, bucket->name, meta->nuid);
	if (meta->chunk_cnt == 1)
		err = read_only_chunk(&reading, error);
	else if (meta->chunk_cnt)
		err = read_chunks(&reading, error);
	if (!err)
		err = compare(&reading, error);
	object_hash__free(reading.hash);
	return err;
}
