/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "barrier.h"
#include "clock.h"
#include "file_info.h"
#include "index_message.h"
#include "leftovers.h"
#include "index_summary.h"
#include "object_get.h"
#include "object_put.h"
#include "out_name.h"
#include "sending.h"

#define SECOND_NS  UINT64_C(1000000000)
#define READ_BYTES 65536

/* One file on its way. */
struct sending {
	struct destination *destination;
	const struct spool_work *work;
	int fd;
	uint64_t size_bytes;
	struct file_info info;
	struct object_meta meta;
	char subject[INDEX_SUBJECT_BYTES];
};

/* ---- the ledger ---- */

static void note(const struct sending *sending, uint64_t sent_s, uint64_t audited_s)
{
	const struct ledger_entry entry = {
		.destination = sending->destination->text,
		.name = sending->work->name,
		.inode = sending->work->inode,
		.nuid = sending->meta.nuid,
		.object = sent_s ? sending->meta.name : "",
		.digest = sending->meta.digest,
		.subject = sending->subject,
		.sent_s = sent_s,
		.audited_s = audited_s,
	};

	/* without it, it is found out again */
	(void)ledger__put(sending->destination->ledger, &entry);
}

static uint64_t now_s(void)
{
	return clock__now_real_ns() / SECOND_NS;
}

static void copy_entry(void *ctx, const struct ledger_entry *entry)
{
	struct sending *sending = ctx;

	(void)snprintf(sending->meta.name, sizeof(sending->meta.name), "%s", entry->object);
	(void)snprintf(sending->meta.nuid, sizeof(sending->meta.nuid), "%s", entry->nuid);
	(void)snprintf(sending->meta.digest, sizeof(sending->meta.digest), "%s", entry->digest);
	(void)snprintf(sending->subject, sizeof(sending->subject), "%s", entry->subject);
}

/* ---- the file ---- */

/* 0; -ENOENT: it is gone. */
static int open_file(struct sending *sending, struct fleet_error *error)
{
	const char *name = sending->work->name;
	struct stat status;

	sending->fd = openat(spool__dir_fd(sending->destination->spool), name,
			     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (sending->fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (sending->fd < 0 || fstat(sending->fd, &status))
		return fleet_error__set(error, -EBADF, "can't read %s: %s", name, strerror(errno));
	if (status.st_ino != sending->work->inode || !S_ISREG(status.st_mode))
		return -ENOENT;
	sending->size_bytes = (uint64_t)status.st_size;
	return 0;
}

static int hash_file(const struct sending *sending, char ret[OBJECT_DIGEST_BYTES])
{
	unsigned char bytes[READ_BYTES], hash[OBJECT_HASH_BYTES];
	crypto_hash_sha256_state state;
	off_t at = 0;
	ssize_t len;

	(void)crypto_hash_sha256_init(&state);
	while ((len = pread(sending->fd, bytes, sizeof(bytes), at)) > 0) {
		(void)crypto_hash_sha256_update(&state, bytes, (size_t)len);
		at += len;
	}
	(void)crypto_hash_sha256_final(&state, hash);
	object_meta__digest(ret, hash);
	return len < 0 ? -errno : 0;
}

/* ---- the object ---- */

/* A large file takes long: the crash of a moment ago does not wait for its end. */
static int before_chunk(void *ctx, size_t bytes)
{
	const struct sending *sending = ctx;
	struct destination *destination = sending->destination;
	const uint64_t at_ns = rate__take(&destination->rate, bytes, clock__now_mono_ns());

	if (spool__rest(destination->spool, at_ns))
		return -ECANCELED;
	(void)barrier__add_relaxed(&destination->counts.sent_bytes, bytes);
	return sending->work->is_crash ? 0 : destination__send_urgent(destination);
}

static int put_object(struct sending *sending, const struct object_meta *there,
		      struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	const struct object_put put = {
		.bucket = &destination->bucket,
		.window = destination->window,
		.before_chunk = before_chunk,
		.ctx = sending,
	};
	int err;

	leftovers__begin(destination, sending->meta.nuid, sending->meta.name);
	leftovers__begin(destination, there->nuid, sending->meta.name);
	object_meta__new_nuid(sending->meta.nuid, destination->host);
	leftovers__begin(destination, sending->meta.nuid, sending->meta.name);
	note(sending, 0, 0);
	err = object_put__file(&put, sending->fd, &sending->meta, error);
	return err ? err : leftovers__purge_others(destination, &sending->meta, error);
}

/* Whether the same object is there, whole: 0. That is so if the ledger was lost, or an answer. */
static int look_whether_there(struct sending *sending, const struct object_meta *there,
			      struct fleet_error *error)
{
	char digest[OBJECT_DIGEST_BYTES];
	int err;

	if (there->size_bytes != sending->size_bytes || hash_file(sending, digest) ||
	    strcmp(digest, there->digest) != 0)
		return -ENODATA;
	err = object_get__read(&sending->destination->bucket, there, NULL, NULL, error);
	return err == -EBADMSG ? -ENODATA : err;
}

static int ensure_object(struct sending *sending, struct fleet_error *error)
{
	const struct bucket *bucket = &sending->destination->bucket;
	struct object_meta there = { .name = "" };
	int err = object_get__meta(bucket, sending->meta.name, &there, error);

	if (!err)
		err = look_whether_there(sending, &there, error);
	if (err && err != -ENOENT && err != -EBADMSG && err != -ENODATA)
		return err;
	if (err)
		return put_object(sending, &there, error);
	sending->meta = there;
	return 0;
}

/* ---- the index ---- */

static int put_index(struct sending *sending, struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	const struct index_message message = {
		.bucket = destination->bucket.name,
		.host = destination->host,
		.service = sending->info.service,
		.reason = sending->info.reason,
		.object = sending->meta.name,
		.digest = sending->meta.digest,
		.size_bytes = sending->meta.size_bytes,
		.info = sending->info.json,
	};
	char *payload = index_message__encode(&message), *summary;
	int err;

	if (!payload || index_message__subject(sending->subject, &message)) {
		free(payload);
		return fleet_error__set(error, -EBADF, "%s: no message for the index",
					sending->work->name);
	}
	summary = index_summary__of_message(payload, strlen(payload));
	ack_window__begin(destination->window);
	err = ack_window__publish(destination->window, sending->subject,
				  summary ? INDEX_SUMMARY_HEADER : NULL, summary, payload,
				  strlen(payload), error);
	free(summary);
	free(payload);
	return err ? err : ack_window__finish(destination->window, error);
}

/* ---- sending ---- */

static void count_sent(const struct sending *sending)
{
	struct ship_counts *counts = &sending->destination->counts;
	const uint64_t now_ns = clock__now_real_ns();
	const uint64_t made_ns = out_name__real_ns(sending->work->name);

	(void)barrier__add_relaxed(&counts->sent_files, 1);
	if (sending->work->is_crash && made_ns < now_ns)
		barrier__store_relaxed(&counts->crash_ns, now_ns - made_ns);
}

static int send_file(struct sending *sending, struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	const char *name = sending->work->name;
	int err = file_info__read(&sending->info, destination->helper, name, sending->fd,
				  destination->host);

	if (err)
		return fleet_error__set(error, -EBADF, "%s: can't ask ttlog-view --info: %s", name,
					strerror(-err));
	(void)ledger__get(destination->ledger, destination->text, name, copy_entry, sending);
	err = fleet_name__object(sending->meta.name, destination->host, sending->info.service,
				 name);
	if (err)
		return fleet_error__set(error, -EBADF, "%s: %s", name, strerror(-err));
	err = ensure_object(sending, error);
	if (!err)
		err = put_index(sending, error);
	if (err)
		return err;
	leftovers__end(destination, sending->meta.nuid);
	note(sending, now_s(), 0);
	count_sent(sending);
	return 0;
}

int sending__send(struct destination *destination, const struct spool_work *work,
		  struct fleet_error *error)
{
	struct sending *sending = calloc(1, sizeof(*sending));
	int err;

	if (!sending)
		return fleet_error__set(error, -EBADF, "%s: out of memory", work->name);
	sending->destination = destination;
	sending->work = work;
	err = open_file(sending, error);
	if (!err)
		err = send_file(sending, error);
	file_info__fini(&sending->info);
	if (sending->fd >= 0)
		(void)close(sending->fd);
	free(sending);
	return err;
}

/* ---- what was left ---- */

/* The file went after its object was whole and before its message of the index was there: what that says
 * is what the object's name says. */
static int complete(struct sending *sending, struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	const char *service = strchr(sending->meta.name, '/');
	int err = file_info__read(&sending->info, destination->helper, sending->work->name, -1,
				  destination->host);

	if (err)
		return fleet_error__set(error, err, "%s: %s", sending->work->name, strerror(-err));
	(void)snprintf(sending->info.service, sizeof(sending->info.service), "%.*s",
		       (int)strcspn(service + 1, "/"), service + 1);
	(void)fleet_name__unescape(sending->info.service, sending->info.service);
	err = put_index(sending, error);
	file_info__fini(&sending->info);
	if (err)
		return err;
	leftovers__end(destination, sending->meta.nuid);
	spool__set_sent(destination->spool, destination->number, sending->work->name, 0, 0);
	return 0;
}

static int clean_one(struct destination *destination, const struct leftover *leftover,
		     struct fleet_error *error)
{
	struct spool_work work = { .task = SPOOL_SEND };
	struct sending sending = { .destination = destination, .work = &work, .fd = -1 };
	const char *name = strrchr(leftover->object, '/');
	int err = object_get__meta_at_leader(&destination->bucket, leftover->object, &sending.meta,
					     error);

	if (err && err != -ENOENT && err != -EBADMSG)
		return err;
	if (err || !name || strcmp(sending.meta.nuid, leftover->nuid) != 0)
		return leftovers__purge(destination, leftover->nuid, error);
	(void)snprintf(work.name, sizeof(work.name), "%s", name + 1);
	/* it will be sent, and then that is over, too */
	return spool__has(destination->spool, work.name) ? 0 : complete(&sending, error);
}

int sending__clean(struct destination *destination, struct fleet_error *error)
{
	struct leftovers *all = leftovers__of(destination, NULL);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++)
		err = clean_one(destination, &all->items[i], error);
	free(all);
	return err;
}

/* ---- the audit ---- */

/* Reading back takes long, and waits for nothing that is urgent. */
static int check_urgent(void *ctx, const void *bytes, size_t len)
{
	struct destination *destination = ctx;
	const uint64_t at_ns = rate__take(&destination->rate, len, clock__now_mono_ns());

	(void)bytes;
	if (spool__rest(destination->spool, at_ns) ||
	    spool__is_urgent(destination->spool, destination->number))
		return -ECANCELED;
	return 0;
}

static int audit_object(struct sending *sending, struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	struct object_meta there;
	int err = object_get__meta(&destination->bucket, sending->meta.name, &there, error);

	if (!err && strcmp(there.digest, sending->meta.digest) != 0)
		err = fleet_error__set(error, -ENODATA, "%s is another file there",
				       sending->meta.name);
	if (!err)
		err = object_get__read(&destination->bucket, &there, check_urgent, destination,
				       error);
	return err == -ENOENT || err == -EBADMSG ? -ENODATA : err;
}

static int audit(struct sending *sending, struct fleet_error *error)
{
	struct destination *destination = sending->destination;
	int err;

	if (ledger__get(destination->ledger, destination->text, sending->work->name, copy_entry,
			sending) ||
	    !sending->meta.name[0])
		return fleet_error__set(error, -ENODATA, "%s is not in the ledger",
					sending->work->name);
	err = audit_object(sending, error);
	if (err)
		return err;
	err = index_stream__look(&destination->index, sending->subject, error);
	if (err == -ENOENT)
		return fleet_error__set(error, -ENODATA, "%s has no message in the index",
					sending->meta.name);
	if (!err)
		note(sending, now_s(), now_s());
	return err;
}

int sending__audit(struct destination *destination, const struct spool_work *work,
		   struct fleet_error *error)
{
	struct sending *sending = calloc(1, sizeof(*sending));
	int err;

	if (!sending)
		return fleet_error__set(error, -ECANCELED, "out of memory");
	sending->destination = destination;
	sending->work = work;
	sending->fd = -1;
	err = audit(sending, error);
	/* a server that answers may be a moment behind the one that acknowledged */
	if (err == -ENODATA && !destination->was_not_whole &&
	    !spool__rest(destination->spool, clock__now_mono_ns() + SECOND_NS))
		err = audit(sending, error);
	destination->was_not_whole = err == -ENODATA;
	free(sending);
	return err;
}
