/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_hash.h"
#include "index_summary.h"
#include "leftovers.h"
#include "nats_send.h"
#include "object_get.h"
#include "object_put.h"

/* One file on its way. */
struct sending {
	struct nats_place *place;
	struct place_file *file;
	struct ack_window *window;
	struct object_meta meta;
};

/* ---- the object ---- */

static int purge(const struct nats_place *place, const char *nuid, struct fleet_error *error)
{
	const int err = bucket__purge_chunks(&place->bucket, nuid, error);

	if (!err)
		leftovers__end(place->base.setting, nuid);
	return err;
}

/* What other puts of this object left: its message, which is there, says that it has other chunks. */
static int purge_others(const struct nats_place *place, const struct object_meta *meta,
			struct fleet_error *error)
{
	struct leftovers *all = leftovers__of(place->base.setting, meta->name);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++) {
		if (strcmp(all->items[i].nuid, meta->nuid) != 0)
			err = purge(place, all->items[i].nuid, error);
	}
	free(all);
	return err;
}

static int put_object(struct sending *sending, const struct object_meta *there,
		      struct fleet_error *error)
{
	const struct nats_place *place = sending->place;
	struct place_file *file = sending->file;
	const struct object_put put = {
		.bucket = &place->bucket,
		.window = sending->window,
		.before_chunk = file->before_chunk,
		.ctx = file->ctx,
	};
	int err;

	leftovers__begin(place->base.setting, file->note.nuid, sending->meta.name);
	leftovers__begin(place->base.setting, there->nuid, sending->meta.name);
	object_meta__new_nuid(sending->meta.nuid, place->base.setting->host);
	leftovers__begin(place->base.setting, sending->meta.nuid, sending->meta.name);
	(void)strcpy(file->note.nuid, sending->meta.nuid);
	file->begin(file->ctx);
	err = object_put__file(&put, file->fd, &sending->meta, error);
	return err ? err : purge_others(place, &sending->meta, error);
}

/* Whether the same object is there, whole: 0. That is so if the ledger was lost, or an answer. */
static int look_whether_there(const struct sending *sending, const struct object_meta *there,
			      struct fleet_error *error)
{
	const struct place_file *file = sending->file;
	unsigned char hash[OBJECT_HASH_BYTES];
	char digest[OBJECT_DIGEST_BYTES];
	int err;

	if (there->size_bytes != file->size_bytes ||
	    file_hash__read(file->fd, file->size_bytes, hash))
		return -ENODATA;
	object_meta__digest(digest, hash);
	if (strcmp(digest, there->digest) != 0)
		return -ENODATA;
	err = object_get__read(&sending->place->bucket, there, NULL, NULL, error);
	return err == -EBADMSG ? -ENODATA : err;
}

static int ensure_object(struct sending *sending, struct fleet_error *error)
{
	const struct bucket *bucket = &sending->place->bucket;
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

static int publish(struct sending *sending, const char *payload, struct fleet_error *error)
{
	char *summary = index_summary__of_message(payload, strlen(payload));
	int err;

	ack_window__begin(sending->window);
	err = ack_window__publish(sending->window, sending->file->note.subject,
				  summary ? INDEX_SUMMARY_HEADER : NULL, summary, payload,
				  strlen(payload), error);
	free(summary);
	return err ? err : ack_window__finish(sending->window, error);
}

static int put_index(struct sending *sending, struct fleet_error *error)
{
	const struct place_file *file = sending->file;
	const struct index_message message = {
		.bucket = sending->place->bucket.name,
		.host = sending->place->base.setting->host,
		.service = file->info->service,
		.reason = file->info->reason,
		.object = sending->meta.name,
		.digest = sending->meta.digest,
		.size_bytes = sending->meta.size_bytes,
		.info = file->info->json,
	};
	char *payload = index_message__encode(&message);
	int err;

	if (payload && !index_message__subject(sending->file->note.subject, &message))
		err = publish(sending, payload, error);
	else
		err = fleet_error__set(error, -EBADF, "%s: no message for the index", file->name);
	free(payload);
	return err;
}

/* ---- sending ---- */

static void copy_note(struct place_note *note, const struct object_meta *meta)
{
	(void)strcpy(note->object, meta->name);
	(void)strcpy(note->nuid, meta->nuid);
	(void)strcpy(note->digest, meta->digest);
}

/* The answers to a file that is urgent come to a window of its own: another one's are still to come. */
int nats_send__file(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	struct sending sending = {
		.place = place,
		.file = file,
		.window = file->is_urgent ? place->urgent_window : place->window,
	};
	int err;

	(void)strcpy(sending.meta.name, file->object);
	err = ensure_object(&sending, error);
	if (!err)
		err = put_index(&sending, error);
	if (err)
		return err;
	leftovers__end(place->base.setting, sending.meta.nuid);
	copy_note(&file->note, &sending.meta);
	return 0;
}

/* ---- what was left ---- */

/* The file went after its object was whole and before its message of the index was there: what that says
 * is what the object's name says. */
static int complete(struct sending *sending, struct fleet_error *error)
{
	const struct place_setting *setting = sending->place->base.setting;
	const char *name = sending->file->name, *service = strchr(sending->meta.name, '/');
	struct file_info info;
	int err = file_info__read(&info, setting->helper, name, -1, setting->host);

	if (err)
		return fleet_error__set(error, err, "%s: %s", name, strerror(-err));
	(void)snprintf(info.service, sizeof(info.service), "%.*s", (int)strcspn(service + 1, "/"),
		       service + 1);
	(void)fleet_name__unescape(info.service, info.service);
	sending->file->info = &info;
	err = put_index(sending, error);
	file_info__fini(&info);
	if (err)
		return err;
	leftovers__end(setting, sending->meta.nuid);
	spool__set_sent(setting->spool, setting->number, name, 0, 0);
	return 0;
}

static int clean_one(struct nats_place *place, const struct leftover *leftover,
		     struct fleet_error *error)
{
	struct place_file file = { .fd = -1 };
	struct sending sending = { .place = place, .file = &file, .window = place->window };
	const char *slash = strrchr(leftover->object, '/');
	int err =
		object_get__meta_at_leader(&place->bucket, leftover->object, &sending.meta, error);

	if (err && err != -ENOENT && err != -EBADMSG)
		return err;
	if (err || !slash || strcmp(sending.meta.nuid, leftover->nuid) != 0)
		return purge(place, leftover->nuid, error);
	file.name = slash + 1;
	/* it will be sent, and then that is over, too */
	return spool__has(place->base.setting->spool, file.name) ? 0 : complete(&sending, error);
}

int nats_send__clean(struct place *base, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	struct leftovers *all = leftovers__of(place->base.setting, NULL);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++)
		err = clean_one(place, &all->items[i], error);
	free(all);
	return err;
}

/* ---- the audit ---- */

static int take(void *ctx, const void *bytes, size_t len)
{
	const struct place_file *file = ctx;

	(void)bytes;
	return file->before_chunk(file->ctx, len);
}

static int audit_object(const struct nats_place *place, struct place_file *file,
			struct fleet_error *error)
{
	struct object_meta there;
	int err = object_get__meta(&place->bucket, file->note.object, &there, error);

	if (!err && strcmp(there.digest, file->note.digest) != 0)
		err = fleet_error__set(error, -ENODATA, "%s is another file there",
				       file->note.object);
	if (!err)
		err = object_get__read(&place->bucket, &there, take, file, error);
	return err == -ENOENT || err == -EBADMSG ? -ENODATA : err;
}

int nats_send__audit(struct place *base, struct place_file *file, struct fleet_error *error)
{
	const struct nats_place *place = (const struct nats_place *)base;
	int err = audit_object(place, file, error);

	if (err)
		return err;
	err = index_stream__look(&place->index, file->note.subject, error);
	if (err == -ENOENT)
		return fleet_error__set(error, -ENODATA, "%s has no message in the index",
					file->note.object);
	return err;
}
