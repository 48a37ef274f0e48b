/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bucket.h"
#include "cache.h"
#include "client.h"
#include "clock.h"
#include "fleet_fetch.h"
#include "fleet_files.h"
#include "fleet_list.h"
#include "hex.h"
#include "object_get.h"

/* So many files are named that can't be fetched; the rest is counted. */
#define NAMED_MAX   10
#define PROGRESS_NS UINT64_C(100000000)

/* Of one URL. */
struct place {
	struct nats_link *link; /* NULL: not connected */
	struct bucket bucket;
	bool is_lost; /* it was said */
};

struct fetch {
	const struct client_options *options;
	struct cache cache;
	struct fleet_files files;
	struct place *places;
	uint64_t done_bytes, all_bytes, said_ns;
	bool is_whole;
	size_t named_cnt, unnamed_cnt; /* of those that could not be fetched */
};

static void say_progress(struct fetch *fetch)
{
	const uint64_t now_ns = clock__now_mono_ns();

	if (now_ns - fetch->said_ns < PROGRESS_NS)
		return;
	fetch->said_ns = now_ns;
	(void)printf("progress %" PRIu64 " %" PRIu64 "\n", fetch->done_bytes, fetch->all_bytes);
	(void)fflush(stdout);
}

/* ---- one file ---- */

struct writing {
	struct fetch *fetch;
	int fd;
	uint64_t at;
};

static int write_bytes(void *ctx, const void *bytes, size_t len)
{
	struct writing *writing = ctx;

	for (size_t done = 0; done < len;) {
		const ssize_t n = pwrite(writing->fd, (const char *)bytes + done, len - done,
					 (off_t)(writing->at + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	writing->at += len;
	writing->fetch->done_bytes += len;
	say_progress(writing->fetch);
	return 0;
}

/* An object's name may have another content by now. */
static int check_meta(const struct object_meta *meta, const struct fleet_file *file,
		      struct fleet_error *error)
{
	unsigned char hash[OBJECT_HASH_BYTES];
	char digest[OBJECT_DIGEST_BYTES];

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (unsigned char)(hex__digit(file->id[2 * i]) << 4 |
					  hex__digit(file->id[2 * i + 1]));
	object_meta__digest(digest, hash);
	if (strcmp(digest, meta->digest) != 0 || meta->size_bytes != file->size_bytes)
		return fleet_error__set(error, -EBADMSG,
					"%s: it is another file than its index says", file->object);
	return 0;
}

/* A descriptor of the cache's file, or -errno. */
static int get_object(struct fetch *fetch, const struct place *place, const struct fleet_file *file,
		      struct fleet_error *error)
{
	struct writing writing = { .fetch = fetch };
	struct object_meta meta;
	struct cache_part part;
	int err = object_get__meta(&place->bucket, file->object, &meta, error);

	if (!err)
		err = check_meta(&meta, file, error);
	if (err)
		return err;
	err = cache__begin(&fetch->cache, &part, file->size_bytes);
	if (err)
		return fleet_error__set(error, err, "the cache: %s", strerror(-err));
	writing.fd = part.fd;
	err = object_get__read(&place->bucket, &meta, write_bytes, &writing, error);
	if (err) {
		cache__drop(&fetch->cache, &part);
		return err == -ENOSPC ? -EIO : err;
	}
	err = cache__publish(&fetch->cache, &part, file->id);
	if (err < 0)
		(void)fleet_error__set(error, err, "the cache: %s", strerror(-err));
	return err;
}

/* What fails says why once. */
static struct place *place_of(struct fetch *fetch, const struct fleet_file *file)
{
	const struct client_url *url = &fetch->options->urls[file->url];
	struct place *place = &fetch->places[file->url];
	struct fleet_error error = { "" };

	if (place->link || place->is_lost)
		return place;
	place->link = client__connect(fetch->options, url);
	if (place->link && bucket__open(&place->bucket, place->link, url->url.bucket, 0, &error)) {
		client__say(url->text, error.text);
		nats_link__close(place->link);
		place->link = NULL;
	}
	place->is_lost = !place->link;
	return place;
}

/* A descriptor of the cache's file, or -errno. */
static int fetch_file(struct fetch *fetch, const struct fleet_file *file, struct fleet_error *error)
{
	struct place *place = place_of(fetch, file);
	int fd;

	if (!place->link)
		return -ENOTCONN;
	fd = get_object(fetch, place, file, error);
	/* the next file is tried by another connection */
	if (nats_link__is_lost(place->link)) {
		nats_link__close(place->link);
		place->link = NULL;
	}
	return fd;
}

/* 0; -ENOSPC: the files in use leave no room. */
static int get_file(struct fetch *fetch, const struct fleet_file *file)
{
	const uint64_t done_bytes = fetch->done_bytes + file->size_bytes;
	struct fleet_error error = { "" };
	int fd = cache__find(&fetch->cache, file->id, file->size_bytes);

	if (fd < 0 && file->size_bytes > fetch->cache.max_bytes)
		fd = fleet_error__set(&error, -EFBIG,
				      "%s: it is larger than the cache: --cache-size",
				      file->object);
	else if (fd < 0)
		fd = fetch_file(fetch, file, &error);
	fetch->done_bytes = done_bytes;
	if (fd == -ENOSPC)
		return fd;
	if (fd >= 0) {
		/* the descriptor stays open: with it the file stays there */
		(void)printf("file %zu %s %s\n", file->url, file->id, file->object);
	} else if (error.text[0] && fetch->named_cnt < NAMED_MAX) {
		client__say(fetch->options->urls[file->url].text, error.text);
		fetch->named_cnt++;
	} else {
		fetch->unnamed_cnt++;
	}
	fetch->is_whole &= fd >= 0;
	return 0;
}

/* ---- all ---- */

static void say_rest(const struct fetch *fetch, size_t from)
{
	uint64_t bytes = 0;
	char text[160];

	for (size_t i = from; i < fetch->files.cnt; i++)
		bytes += fetch->files.items[i].size_bytes;
	(void)snprintf(
		text, sizeof(text),
		"%zu older files with %.1f MB have no room beside those in use: use --cache-size, or "
		"choose fewer by the URL",
		fetch->files.cnt - from, (double)bytes / 1e6);
	client__say("the cache", text);
}

static bool is_twice(const struct fleet_files *files, size_t i)
{
	return i && !strcmp(files->items[i].id, files->items[i - 1].id);
}

static void get_all(struct fetch *fetch)
{
	const struct fleet_files *files = &fetch->files;
	char text[64];

	for (size_t i = 0; i < files->cnt; i++)
		fetch->all_bytes += files->items[i].size_bytes;
	for (size_t i = 0; i < files->cnt; i++) {
		if (ferror(stdout))
			break; /* its reader is gone */
		if (is_twice(files, i))
			continue;
		if (get_file(fetch, &files->items[i]) == -ENOSPC) {
			say_rest(fetch, i);
			fetch->is_whole = false;
			break;
		}
		say_progress(fetch);
	}
	if (fetch->unnamed_cnt) {
		(void)snprintf(text, sizeof(text), "%zu more could not be fetched",
			       fetch->unnamed_cnt);
		client__say("files", text);
	}
}

static void hold(void)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };

	while (poll(&reader, 1, -1) < 0 && errno == EINTR)
		;
}

/* A descriptor for each file. */
static void allow_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int fleet_fetch__run(const struct client_options *options)
{
	struct fetch fetch = { .options = options,
			       .places = calloc(options->url_cnt, sizeof(*fetch.places)) };
	int err, status;

	if (!fetch.places)
		return 1;
	allow_files();
	status = client__begin(options, options->cache);
	err = status ? 0 : cache__open(&fetch.cache, options->cache, options->cache_bytes);
	if (err) {
		client__say(options->cache, strerror(-err));
		status = 1;
	}
	if (!status) {
		fetch.is_whole = fleet_list__gather(&fetch.files, options);
		get_all(&fetch);
		status = fetch.is_whole ? 0 : 1;
		for (size_t i = 0; i < options->url_cnt; i++)
			nats_link__close(fetch.places[i].link);
		(void)printf("end %d\n", status);
		(void)fflush(stdout);
		fleet_files__fini(&fetch.files);
		if (options->is_holding)
			hold();
		cache__close(&fetch.cache);
	}
	free(fetch.places);
	return status;
}
