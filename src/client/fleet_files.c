/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "fleet_files.h"
#include "out_name.h"
#include "text_pool.h"
#include "utf8.h"

/* So much may a host's clock be ahead of a server's. */
#define AHEAD_NS UINT64_C(3600000000000)

struct adding {
	struct fleet_files *files;
	size_t url;
	uint64_t since_ns;
};

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static bool is_name(const char *file)
{
	return out_name__kind(file) == OUT_NAME_FILE && !file[strspn(file, NAME_CHARACTERS)];
}

/* Only of the host whose subject it is, and a file of ttlog's: its name is safe to print. */
static bool is_own(const struct index_entry *entry)
{
	struct fleet_object object;

	return entry->has_summary && !fleet_name__split(&object, entry->summary.object) &&
	       !strcmp(object.host, entry->host) && !strcmp(object.service, entry->service) &&
	       is_name(object.file);
}

/* When the server took it, if the host says that it is from later. */
static uint64_t time_of(const struct index_entry *entry)
{
	const uint64_t said_ns = entry->summary.created_ns;

	if (entry->stored_ns && (!said_ns || said_ns > entry->stored_ns + AHEAD_NS))
		return entry->stored_ns;
	return said_ns;
}

static const char *keep(struct fleet_files *files, const char *text)
{
	return text_pool__add(files->texts, text, strlen(text));
}

static const char *keep_name(struct fleet_files *files, const char *text)
{
	char escaped[FLEET_NAME_BYTES];
	const size_t len = strlen(text);

	if (utf8__valid_bytes((const unsigned char *)text, len) == len)
		return keep(files, text);
	(void)fleet_name__escape(escaped, text);
	return keep(files, escaped);
}

static int fill(struct fleet_file *ret, struct fleet_files *files, const struct index_entry *entry)
{
	const struct index_summary *summary = &entry->summary;

	ret->host = keep_name(files, entry->host);
	ret->service = keep_name(files, entry->service);
	ret->reason = keep_name(files, entry->reason);
	ret->signal = keep(files, summary->signal);
	ret->frame = keep(files, summary->frame);
	ret->signature = keep(files, summary->signature);
	ret->object = keep(files, summary->object);
	(void)strcpy(ret->id, entry->id);
	if (!ret->host || !ret->service || !ret->reason || !ret->signal || !ret->frame ||
	    !ret->signature || !ret->object)
		return -ENOMEM;
	return 0;
}

static int add(void *ctx, const struct index_entry *entry)
{
	const struct adding *adding = ctx;
	struct fleet_files *files = adding->files;
	struct fleet_file file = {
		.created_ns = time_of(entry),
		.size_bytes = entry->summary.size_bytes,
		.pid = entry->summary.pid,
		.url = adding->url,
	};
	int err;

	if (!is_own(entry)) {
		files->damaged_cnt++;
		return 0;
	}
	if (file.created_ns < adding->since_ns)
		return 0;
	err = fill(&file, files, entry);
	if (!err)
		err = array__reserve(files->items, files->cnt + 1, &files->cap);
	if (!err)
		files->items[files->cnt++] = file;
	return err;
}

int fleet_files__add(struct fleet_files *files, const struct client_url *url, size_t number,
		     struct nats_link *link, struct fleet_error *error)
{
	const struct fleet_url *place = &url->url;
	const struct index_filter filter = { place->host, place->service, place->reason };
	struct adding adding = { .files = files, .url = number };
	struct index_stream index;
	int err;

	if (place->has_since)
		adding.since_ns = time_expr__resolve(&place->since, clock__now_real_ns());
	if (!files->texts)
		files->texts = text_pool__new();
	if (!files->texts)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	err = index_stream__open(&index, link, place->bucket, 0, error);
	return err ? err : index_list__each(&index, &filter, add, &adding, error);
}

/* Of the same time: always in the same order. */
static int compare(const void *a, const void *b)
{
	const struct fleet_file *left = a, *right = b;

	if (left->created_ns != right->created_ns)
		return left->created_ns < right->created_ns ? 1 : -1;
	return strcmp(left->object, right->object);
}

void fleet_files__sort(struct fleet_files *files)
{
	if (files->cnt)
		qsort(files->items, files->cnt, sizeof(*files->items), compare);
}

void fleet_files__fini(struct fleet_files *files)
{
	free(files->items);
	text_pool__free(files->texts);
}

const char *fleet_file__name(const struct fleet_file *file)
{
	return strrchr(file->object, '/') + 1;
}
