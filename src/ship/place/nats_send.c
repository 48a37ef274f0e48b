/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "file_hash.h"
#include "index_put.h"
#include "leftovers.h"
#include "nats_send.h"
#include "object_get.h"
#include "object_put.h"

/* ---- slots ---- */

/* Its file is not set. NULL with errno. */
static struct nats_slot *take_slot(struct nats_place *place, struct fleet_error *error)
{
	struct nats_slot *slot = place->slots;

	while (slot->file)
		slot++; /* there are more than files at a time */
	if (!slot->window)
		slot->window = ack_window__new(place->link, OBJECT_PUT_WINDOW, error);
	slot->number = place->next_number++;
	slot->is_under_way = false;
	return slot->window ? slot : NULL;
}

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

static int put_object(struct nats_place *place, struct nats_slot *slot,
		      const struct object_meta *there, struct fleet_error *error)
{
	struct place_file *file = slot->file;
	const struct object_put put = {
		.bucket = &place->bucket,
		.window = slot->window,
		.before_chunk = file->before_chunk,
		.ctx = file->ctx,
	};

	leftovers__begin(place->base.setting, file->note.nuid, slot->meta.name);
	leftovers__begin(place->base.setting, there->nuid, slot->meta.name);
	object_meta__new_nuid(slot->meta.nuid, place->base.setting->host);
	leftovers__begin(place->base.setting, slot->meta.nuid, slot->meta.name);
	(void)strcpy(file->note.nuid, slot->meta.nuid);
	file->begin(file->ctx);
	slot->stage = NATS_STAGE_CHUNKS;
	return object_put__chunks(&put, file->fd, &slot->meta, error);
}

/* Whether the same object is there, whole: 0. That is so if the ledger was lost, or an answer. */
static int look_whether_there(const struct nats_place *place, const struct place_file *file,
			      const struct object_meta *there, struct fleet_error *error)
{
	unsigned char hash[OBJECT_HASH_BYTES];
	char digest[OBJECT_DIGEST_BYTES];
	int err;

	if (there->size_bytes != file->size_bytes ||
	    file_hash__read(file->fd, 0, file->size_bytes, hash))
		return -ENODATA;
	object_meta__digest(digest, hash);
	if (strcmp(digest, there->digest) != 0)
		return -ENODATA;
	err = object_get__read(&place->bucket, there, NULL, NULL, error);
	return err == -EBADMSG ? -ENODATA : err;
}

/* ---- the index ---- */

static int put_index(struct nats_place *place, struct nats_slot *slot, struct fleet_error *error)
{
	struct place_file *file = slot->file;
	const struct index_message message = {
		.bucket = place->bucket.name,
		.host = place->base.setting->host,
		.service = file->info->service,
		.reason = file->info->reason,
		.object = slot->meta.name,
		.digest = slot->meta.digest,
		.size_bytes = slot->meta.size_bytes,
		.info = file->info->json,
	};
	const int err = index_put__begin(slot->window, &message, file->note.subject, error);

	slot->stage = NATS_STAGE_INDEX;
	return err == -EBADMSG ? -EBADF : err;
}

/* ---- what there is ---- */

/* Any server answers a direct get, also one that is behind or has what a majority lost: the leader is asked, too. */
static int find_meta(struct nats_place *place, const char *name, struct object_meta *ret,
		     struct fleet_error *error)
{
	int err = -EACCES;

	if (!place->asks_no_leader)
		err = object_get__meta_at_leader(&place->bucket, name, ret, error);
	if (err != -EACCES)
		return err;
	place->asks_no_leader = true;
	return object_get__meta(&place->bucket, name, ret, error);
}

static int find_index(struct nats_place *place, const char *subject, struct fleet_error *error)
{
	int err = -EACCES;

	if (!place->asks_no_leader)
		err = index_stream__look_at_leader(&place->index, subject, error);
	if (err != -EACCES)
		return err;
	place->asks_no_leader = true;
	return index_stream__look(&place->index, subject, error);
}

/* ---- sending ---- */

static int begin(struct nats_place *place, struct nats_slot *slot, struct fleet_error *error)
{
	struct object_meta there = { .name = "" };
	int err = object_get__meta(&place->bucket, slot->meta.name, &there, error);

	if (!err)
		err = look_whether_there(place, slot->file, &there, error);
	if (!err)
		err = find_meta(place, slot->meta.name, &there, error);
	if (err == -ENOENT || err == -EBADMSG || err == -ENODATA)
		return put_object(place, slot, &there, error);
	if (err)
		return err;
	slot->meta = there;
	return put_index(place, slot, error);
}

int nats_send__file(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	struct nats_slot *slot = take_slot(place, error);
	int err;

	if (!slot)
		return -errno;
	slot->file = file;
	slot->meta = (struct object_meta){ .name = "" };
	(void)strcpy(slot->meta.name, file->object);
	err = begin(place, slot, error);
	slot->is_under_way = !err;
	if (err)
		slot->file = NULL;
	return err ? err : -EINPROGRESS;
}

static void copy_note(struct place_note *note, const struct object_meta *meta)
{
	(void)strcpy(note->object, meta->name);
	(void)strcpy(note->nuid, meta->nuid);
	(void)strcpy(note->digest, meta->digest);
}

/* What comes after what a quorum has. *ret_done: it was all. */
static int go_on(struct nats_place *place, struct nats_slot *slot, bool *ret_done,
		 struct fleet_error *error)
{
	const struct object_put put = { .bucket = &place->bucket, .window = slot->window };
	int err;

	switch (slot->stage) {
	case NATS_STAGE_CHUNKS:
		slot->stage = NATS_STAGE_META;
		return object_put__meta(&put, &slot->meta, error);
	case NATS_STAGE_META:
		err = purge_others(place, &slot->meta, error);
		return err ? err : put_index(place, slot, error);
	case NATS_STAGE_INDEX:
		leftovers__end(place->base.setting, slot->meta.nuid);
		copy_note(&slot->file->note, &slot->meta);
		*ret_done = true;
		return 0;
	}
	return -EINVAL;
}

/* Takes the answers of a slot; *ret is its file if that is done, or can't be sent. */
static int advance(struct nats_place *place, struct nats_slot *slot, struct place_file **ret,
		   struct fleet_error *error)
{
	bool is_done = false;
	int err = ack_window__poll(slot->window, error);

	if (!err && !ack_window__waiting(slot->window))
		err = go_on(place, slot, &is_done, error);
	if (is_done || err == -EBADF) {
		*ret = slot->file;
		slot->file = NULL;
	}
	return err;
}

static struct nats_slot *oldest(struct nats_place *place)
{
	struct nats_slot *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(place->slots); i++) {
		struct nats_slot *slot = &place->slots[i];

		if (slot->file && slot->is_under_way && (!found || slot->number < found->number))
			found = slot;
	}
	return found;
}

int nats_send__settle(struct place *base, bool is_waiting, struct place_file **ret,
		      struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	struct nats_slot *first;
	int err = 0;

	*ret = NULL;
	while ((first = oldest(place)) != NULL) {
		for (size_t i = 0; !err && !*ret && i < ARRAY_SIZE(place->slots); i++) {
			if (place->slots[i].file && place->slots[i].is_under_way)
				err = advance(place, &place->slots[i], ret, error);
		}
		if (err || *ret || !is_waiting)
			break;
		err = ack_window__finish(first->window, error);
		if (err)
			break;
	}
	return err;
}

/* ---- what was left ---- */

/* The file went after its object was whole and before its message of the index was there: what that says
 * is what the object's name says. */
static int complete(struct nats_place *place, struct nats_slot *slot, const char *name,
		    struct fleet_error *error)
{
	const struct place_setting *setting = place->base.setting;
	const char *service = strchr(slot->meta.name, '/');
	struct place_file file = { .name = name };
	struct file_info info;
	int err = file_info__read(&info, setting->helper, name, -1, setting->host);

	if (err)
		return fleet_error__set(error, err, "%s: %s", name, strerror(-err));
	(void)snprintf(info.service, sizeof(info.service), "%.*s", (int)strcspn(service + 1, "/"),
		       service + 1);
	(void)fleet_name__unescape(info.service, info.service);
	file.info = &info;
	slot->file = &file;
	err = put_index(place, slot, error);
	if (!err)
		err = ack_window__finish(slot->window, error);
	slot->file = NULL;
	file_info__fini(&info);
	if (err)
		return err;
	leftovers__end(place->base.setting, slot->meta.nuid);
	spool__set_sent(setting->spool, setting->number, name, 0, 0);
	return 0;
}

static int clean_one(struct nats_place *place, struct nats_slot *slot,
		     const struct leftover *leftover, struct fleet_error *error)
{
	const char *slash = strrchr(leftover->object, '/');
	int err = object_get__meta_at_leader(&place->bucket, leftover->object, &slot->meta, error);

	if (err && err != -ENOENT && err != -EBADMSG)
		return err;
	if (err || !slash || strcmp(slot->meta.nuid, leftover->nuid) != 0)
		return purge(place, leftover->nuid, error);
	/* it will be sent, and then that is over, too */
	if (spool__has(place->base.setting->spool, slash + 1))
		return 0;
	return complete(place, slot, slash + 1, error);
}

int nats_send__clean(struct place *base, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	struct leftovers *all = leftovers__of(place->base.setting, NULL);
	struct nats_slot *slot = all && all->cnt ? take_slot(place, error) : NULL;
	int err = 0;

	for (size_t i = 0; slot && !err && i < all->cnt; i++)
		err = clean_one(place, slot, &all->items[i], error);
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

static int audit_object(struct nats_place *place, struct place_file *file,
			struct fleet_error *error)
{
	struct object_meta there;
	int err = find_meta(place, file->note.object, &there, error);

	if (!err && strcmp(there.digest, file->note.digest) != 0)
		err = fleet_error__set(error, -ENODATA, "%s is another file there",
				       file->note.object);
	if (!err)
		err = object_get__read(&place->bucket, &there, take, file, error);
	return err == -ENOENT || err == -EBADMSG ? -ENODATA : err;
}

int nats_send__audit(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	int err = audit_object(place, file, error);

	if (err)
		return err;
	err = find_index(place, file->note.subject, error);
	if (err == -ENOENT)
		return fleet_error__set(error, -ENODATA, "%s has no message in the index",
					file->note.object);
	return err;
}
