/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_hash.h"
#include "hex.h"
#include "leftovers.h"
#include "s3_place.h"
#include "s3_upload.h"

#define DEFAULT_REGION "us-east-1" /* where an endpoint has none */

struct s3_place {
	struct place base; /* first */
	/* Each has a connection of its own: for a file, and for one that is urgent meanwhile. */
	struct s3 s3, urgent;
};

/* ---- the URL ---- */

static void *parse(const char *text, struct fleet_error *error)
{
	struct s3_url *url = calloc(1, sizeof(*url));
	int err = -ENOMEM;

	if (url)
		err = s3_url__parse(url, text, error);
	else
		(void)fleet_error__set(error, err, "out of memory");
	if (!err)
		return url;
	free(url);
	errno = -err;
	return NULL;
}

static const char *region_of(const struct place_options *options)
{
	if (options->s3_region && options->s3_region[0])
		return options->s3_region;
	return options->s3_endpoint ? DEFAULT_REGION : NULL;
}

static int check(const void *url, const struct place_options *options, struct fleet_error *error)
{
	struct s3_keys keys;
	char web[S3_WEB_BYTES];
	const char *region = region_of(options);
	int err = s3_keys__read(&keys, &options->s3_keys, error);

	s3_keys__wipe(&keys);
	if (err)
		return err;
	if (!region)
		return fleet_error__set(
			error, -EINVAL,
			"no region: --s3-region NAME, or AWS_REGION in the environment");
	err = s3_url__check_region(region, error);
	if (!err && s3_url__web(web, url, options->s3_endpoint, region))
		err = fleet_error__set(error, -EINVAL, "--s3-endpoint: it is too long");
	return err;
}

/* ---- the connection ---- */

static struct place *make(const struct place_setting *setting)
{
	struct s3_place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->base.ops = &s3_place__ops;
	place->base.setting = setting;
	return &place->base;
}

static void close_one(struct s3 *s3)
{
	http__free(s3->http);
	s3->http = NULL;
	s3_keys__wipe(&s3->keys);
}

static void close_all(struct place *base)
{
	struct s3_place *place = (struct s3_place *)base;

	close_one(&place->s3);
	close_one(&place->urgent);
}

static void free_place(struct place *base)
{
	if (base)
		close_all(base);
	free(base);
}

static bool is_stopped(void *ctx)
{
	return spool__is_stopped(ctx);
}

static int open_one(struct s3 *s3, const struct place_setting *setting, struct fleet_error *error)
{
	const struct s3_url *url = setting->url;
	const struct place_options *options = setting->options;
	const struct http_options http = {
		.login = options->login,
		.also_system = true,
		.is_stopped = is_stopped,
		.ctx = setting->spool,
	};
	const char *region = region_of(options);
	int err = s3_keys__read(&s3->keys, &options->s3_keys, error);

	if (err)
		return err;
	s3->bucket = url->bucket;
	(void)snprintf(s3->region, sizeof(s3->region), "%s", region);
	(void)s3_url__web(s3->web, url, options->s3_endpoint, region);
	s3->http = http__new(&http);
	return s3->http ? 0 : fleet_error__set(error, -ENOMEM, "out of memory");
}

/* "HOST[:PORT]" of its URL, for people. */
static void name_server(struct s3_place *place)
{
	const char *host = strstr(place->s3.web, "://") + 3;

	(void)snprintf(place->base.server, sizeof(place->base.server), "%.*s",
		       (int)strcspn(host, "/"), host);
}

static int heed(struct s3_place *place, const struct s3 *s3, int err)
{
	if (err)
		place->base.retry_after_s = s3->retry_after_s;
	return err;
}

/* Who may write need not be allowed to list: then it is seen when a file is sent. */
static int open_all(struct place *base, struct fleet_error *error)
{
	struct s3_place *place = (struct s3_place *)base;
	const struct place_setting *setting = base->setting;
	char etag[HTTP_TAG_BYTES];
	uint64_t size;
	int err = open_one(&place->s3, setting, error);

	if (!err)
		err = open_one(&place->urgent, setting, error);
	if (err)
		return err;
	name_server(place);
	err = s3_object__look(&place->s3, "", &size, etag, error);
	return err == -EPERM ? 0 : heed(place, &place->s3, err);
}

/* ---- sending ---- */

/* One file on its way. */
struct sending {
	struct s3_place *place;
	struct s3 *s3;
	struct place_file *file;
	char hash[S3_HASH_BYTES], etag[HTTP_TAG_BYTES];
	char key[S3_KEY_BYTES];
	unsigned char bytes[OBJECT_HASH_BYTES];
};

static void note_begun(void *ctx, const char *id)
{
	const struct sending *sending = ctx;

	leftovers__begin(sending->place->base.setting, id, sending->key);
}

static void note_over(void *ctx, const char *id)
{
	const struct sending *sending = ctx;

	leftovers__end(sending->place->base.setting, id);
}

static int put(struct sending *sending, struct fleet_error *error)
{
	struct place_file *file = sending->file;
	const struct s3_source source = {
		.fd = file->fd,
		.size_bytes = file->size_bytes,
		.hash = sending->hash,
		.before_chunk = file->before_chunk,
		.ctx = file->ctx,
	};
	const struct s3_upload_notes notes = { note_begun, note_over, sending };

	file->begin(file->ctx);
	if (file->size_bytes < S3_UPLOAD_LEAST_BYTES)
		return s3_object__put(sending->s3, sending->key, &source, sending->etag, error);
	return s3_upload__put(sending->s3, sending->key, &source, &notes, sending->etag, error);
}

/* Whether it may look is not sure; whether it may write is what counts. */
static int ensure(struct sending *sending, struct fleet_error *error)
{
	uint64_t size = 0;
	const int err = s3_object__look(sending->s3, sending->key, &size, sending->etag, error);

	if (!err && size == sending->file->size_bytes)
		return 0;
	if (err && err != -ENOENT && err != -EPERM)
		return err;
	return put(sending, error);
}

static int name_object(struct sending *sending, struct fleet_error *error)
{
	const struct place_file *file = sending->file;
	const struct s3_url *url = sending->place->base.setting->url;

	if (file_hash__read(file->fd, 0, file->size_bytes, sending->bytes))
		return fleet_error__set(error, -EBADF, "can't read %s", file->name);
	*hex__bytes(sending->hash, sending->bytes, sizeof(sending->bytes)) = '\0';
	if (s3_url__key(sending->key, url, file->object, sending->hash))
		return fleet_error__set(error, -EBADF, "%s: its name there is too long",
					file->name);
	return 0;
}

static int send_file(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct s3_place *place = (struct s3_place *)base;
	struct sending sending = { .place = place, .file = file };
	int err;

	sending.s3 = file->is_urgent ? &place->urgent : &place->s3;
	err = name_object(&sending, error);
	if (!err)
		err = heed(place, sending.s3, ensure(&sending, error));
	if (err)
		return err;
	(void)strcpy(file->note.object, sending.key);
	object_meta__digest(file->note.digest, sending.bytes);
	(void)snprintf(file->note.subject, sizeof(file->note.subject), "%s", sending.etag);
	return 0;
}

/* ---- the audit ---- */

struct reading {
	struct place_file *file;
	struct object_hash *hash;
};

static int take(void *ctx, const void *bytes, size_t len)
{
	const struct reading *reading = ctx;

	object_hash__add(reading->hash, bytes, len);
	return reading->file->before_chunk(reading->file->ctx, len);
}

static int read_back(struct s3 *s3, struct place_file *file, char ret_digest[OBJECT_DIGEST_BYTES],
		     struct fleet_error *error)
{
	struct reading reading = { file, object_hash__new() };
	unsigned char bytes[OBJECT_HASH_BYTES];
	int err;

	if (!reading.hash)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	err = s3_object__read(s3, file->note.object, take, &reading, error);
	object_hash__end(reading.hash, bytes);
	object_hash__free(reading.hash);
	object_meta__digest(ret_digest, bytes);
	return err;
}

/* To read everything daily would cost more than it is worth there. */
static int compare(struct s3 *s3, struct place_file *file, bool *ret_is_same,
		   struct fleet_error *error)
{
	char digest[OBJECT_DIGEST_BYTES], etag[HTTP_TAG_BYTES];
	uint64_t size;
	int err;

	if (file->was_audited && file->note.subject[0]) {
		err = s3_object__look(s3, file->note.object, &size, etag, error);
		*ret_is_same = !err && !strcmp(etag, file->note.subject);
	} else {
		err = read_back(s3, file, digest, error);
		*ret_is_same = !err && !strcmp(digest, file->note.digest);
	}
	return err;
}

static int audit(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct s3_place *place = (struct s3_place *)base;
	struct fleet_error why = { "" };
	bool is_same;
	const int err = heed(place, &place->s3, compare(&place->s3, file, &is_same, &why));

	if (err == -ENOENT)
		return fleet_error__set(error, -ENODATA, "%s is not there", file->note.object);
	if (!err && !is_same)
		return fleet_error__set(error, -ENODATA, "%s is another file there",
					file->note.object);
	if (err == -EPERM)
		return fleet_error__set(error, -EBADF, "audit: %.400s", why.text);
	*error = why;
	return err;
}

/* ---- what was left ---- */

static int clean(struct place *base, struct fleet_error *error)
{
	struct s3_place *place = (struct s3_place *)base;
	struct leftovers *all = leftovers__of(base->setting, NULL);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++) {
		err = s3_upload__abort(&place->s3, all->items[i].object, all->items[i].nuid, error);
		if (!err)
			leftovers__end(base->setting, all->items[i].nuid);
	}
	free(all);
	return err;
}

const struct place_ops s3_place__ops = {
	.scheme = S3_URL_SCHEME,
	.parse = parse,
	.free_url = free,
	.check = check,
	.make = make,
	.free = free_place,
	.open = open_all,
	.close = close_all,
	.send = send_file,
	.audit = audit,
	.clean = clean,
};
