/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "otlp_place.h"
#include "otlp_sender.h"

struct url {
	struct otlp_url url;
	struct otlp_headers headers;
};

struct otlp_place {
	struct place base; /* first */
	struct otlp_sender sender;
	struct place_file *file; /* that is on its way */
	ino_t inode;             /* of that */
};

/* ---- the URL ---- */

static void *parse(const char *text, struct fleet_error *error)
{
	struct url *url = calloc(1, sizeof(*url));
	int err = -ENOMEM;

	if (url)
		err = otlp_url__parse(&url->url, text, error);
	else
		(void)fleet_error__set(error, err, "out of memory");
	if (!err)
		err = otlp_headers__parse(&url->headers, getenv(OTLP_HEADERS_VARIABLE), error);
	if (!err)
		return url;
	free(url);
	errno = -err;
	return NULL;
}

static void free_url(void *ctx)
{
	struct url *url = ctx;

	otlp_headers__fini(&url->headers);
	free(url);
}

/* ---- how far a file is ---- */

/* Another version may cut a file into other requests, and another file may have the name. */
static void write_progress(const struct otlp_place *place, uint64_t requests)
{
	(void)snprintf(place->file->note.nuid, sizeof(place->file->note.nuid),
		       "%" PRIu64 " of %ju by " TTLOG_VERSION, requests, (uintmax_t)place->inode);
}

static uint64_t read_progress(const struct otlp_place *place)
{
	const char *text = place->file->note.nuid;
	uintmax_t inode = 0;
	uint64_t requests = 0;
	int len = 0;

	if (sscanf(text, "%" SCNu64 " of %ju by %n", &requests, &inode, &len) != 2 || !len ||
	    inode != place->inode || strcmp(text + len, TTLOG_VERSION) != 0)
		return 0;
	return requests;
}

/* ---- hooks ---- */

static int before_request(void *ctx, size_t bytes)
{
	const struct otlp_place *place = ctx;

	return place->file->before_chunk(place->file->ctx, bytes);
}

static void taken(void *ctx, uint64_t requests)
{
	const struct otlp_place *place = ctx;

	write_progress(place, requests);
	place->file->begin(place->file->ctx);
}

static void rejected(void *ctx, uint64_t records)
{
	struct otlp_place *place = ctx;

	place->base.rejected_records += records;
}

static bool rest(void *ctx, uint64_t until_ns)
{
	const struct otlp_place *place = ctx;

	return spool__rest(place->base.setting->spool, until_ns);
}

static void say(void *ctx, const char *text)
{
	const struct otlp_place *place = ctx;

	place->base.setting->say(place->base.setting->ctx, text);
}

static void say_trouble(void *ctx, const struct fleet_error *error)
{
	const struct otlp_place *place = ctx;

	place->base.setting->say_trouble(place->base.setting->ctx, error);
}

static const struct otlp_hooks hooks = {
	.before_request = before_request,
	.taken = taken,
	.rejected = rejected,
	.rest = rest,
	.say = say,
	.say_trouble = say_trouble,
};

/* ---- the place ---- */

static bool is_stopped(void *ctx)
{
	return spool__is_stopped(ctx);
}

static struct place *make(const struct place_setting *setting)
{
	const struct url *url = setting->url;
	const struct http_options options = {
		.login = setting->options->login,
		.is_stopped = is_stopped,
		.ctx = setting->spool,
	};
	struct otlp_place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->base.ops = &otlp_http__ops;
	place->base.setting = setting;
	(void)snprintf(place->base.server, sizeof(place->base.server), "%s", url->url.server);
	place->sender = (struct otlp_sender){
		.url = &url->url,
		.headers = &url->headers,
		.http = http__new(&options),
		.helper = setting->events,
		.hooks = &hooks,
		.ctx = place,
	};
	if (place->sender.http)
		return &place->base;
	free(place);
	errno = ENOMEM;
	return NULL;
}

static void free_place(struct place *base)
{
	struct otlp_place *place = (struct otlp_place *)base;

	if (place)
		http__free(place->sender.http);
	free(place);
}

static int open_place(struct place *base, struct fleet_error *error)
{
	return otlp_sender__try(&((struct otlp_place *)base)->sender, error);
}

/* A connection that is open is used again, or libcurl opens another one. */
static void close_place(struct place *base)
{
	(void)base;
}

static int send_file(struct place *base, struct place_file *file, struct fleet_error *error)
{
	struct otlp_place *place = (struct otlp_place *)base;
	struct stat status;
	int err;

	if (fstat(file->fd, &status))
		return fleet_error__set(error, -EBADF, "can't read %s: %s", file->name,
					strerror(errno));
	place->file = file;
	place->inode = status.st_ino;
	err = otlp_sender__send(&place->sender, file->name, read_progress(place), error);
	if (!err || err == -ENOMSG)
		(void)snprintf(file->note.object, sizeof(file->note.object), "%s", file->object);
	return err;
}

#define OPS(with)                                                                                  \
	{                                                                                          \
		.scheme = (with), .wants_events = true, .goes_on = true, .parse = parse,           \
		.free_url = free_url, .make = make, .free = free_place, .open = open_place,        \
		.close = close_place, .send = send_file,                                           \
	}

const struct place_ops otlp_http__ops = OPS("otlp+http://");
const struct place_ops otlp_https__ops = OPS("otlp+https://");
