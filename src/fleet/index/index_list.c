/* SPDX-License-Identifier: MIT */
/* The server chooses by services and reasons that are no patterns; all else is compared here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "index_list.h"
#include "index_message.h"
#include "stream_messages.h"

#define GLOB_CHARACTERS "*?[\\"
#define DIGITS_BYTES    9 /* "-0a1b2c3d" */

struct listing {
	const struct index_stream *index;
	const struct index_filter *filter;
	size_t prefix_bytes; /* of "ttlog.index.BUCKET." */
	int (*each)(void *ctx, const struct index_entry *entry);
	void *ctx;
};

/* A token up to a dot, unescaped. Returns what follows it; NULL: it is none. */
static const char *take_token(char ret[FLEET_NAME_BYTES], const char *text)
{
	const size_t len = text ? strcspn(text, ".") : 0;

	if (!len || !text[len] || len >= FLEET_NAME_BYTES)
		return NULL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return fleet_name__unescape(ret, ret) ? NULL : text + len + 1;
}

static bool matches(const char *glob, const char *text, size_t len)
{
	return !glob[0] || glob__match((struct ttlog_text){ glob, strlen(glob) },
				       (struct ttlog_text){ text, len });
}

bool index_list__is_host(const char *glob, const char *host)
{
	const size_t len = strlen(host);

	return matches(glob, host, len) ||
	       (len > DIGITS_BYTES && matches(glob, host, len - DIGITS_BYTES));
}

static bool is_wanted(const struct index_filter *filter, const struct index_entry *entry)
{
	return index_list__is_host(filter->host, entry->host) &&
	       matches(filter->service, entry->service, strlen(entry->service)) &&
	       matches(filter->reason, entry->reason, strlen(entry->reason));
}

static bool is_id(const char *text)
{
	return strlen(text) == INDEX_ID_BYTES - 1 &&
	       strspn(text, "0123456789abcdef") == INDEX_ID_BYTES - 1;
}

/* Of a message that another program wrote, or whose summary is too long. */
static bool summarize(const struct index_stream *index, const char *subject,
		      struct index_summary *ret)
{
	jsDirectGetMsgOptions wanted = { .LastBySubject = subject };
	natsMsg *message = NULL;
	char *summary;
	bool is_one;

	if (js_DirectGetMsg(&message, index->link->js, index->name, NULL, &wanted) != NATS_OK)
		return false;
	summary = index_summary__of_message(natsMsg_GetData(message),
					    (size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message);
	is_one = summary && !index_summary__decode(ret, summary, strlen(summary));
	free(summary);
	return is_one;
}

static int take(void *ctx, natsMsg *message, uint64_t stored_ns)
{
	const struct listing *listing = ctx;
	const char *subject = natsMsg_GetSubject(message);
	struct index_entry entry;
	const char *rest = take_token(entry.host, subject + listing->prefix_bytes), *summary;

	rest = take_token(entry.service, rest);
	rest = take_token(entry.reason, rest);
	if (!rest || !is_id(rest) || !is_wanted(listing->filter, &entry))
		return 0;
	(void)strcpy(entry.id, rest);
	entry.stored_ns = stored_ns;
	entry.has_summary = natsMsgHeader_Get(message, INDEX_SUMMARY_HEADER, &summary) == NATS_OK &&
			    !index_summary__decode(&entry.summary, summary, strlen(summary));
	if (!entry.has_summary)
		entry.has_summary = summarize(listing->index, subject, &entry.summary);
	return listing->each(listing->ctx, &entry);
}

/* The token of a subject that a glob means, or any. */
static void token_of(char ret[FLEET_NAME_BYTES], const char *glob)
{
	if (!glob[0] || strpbrk(glob, GLOB_CHARACTERS))
		(void)strcpy(ret, "*");
	else
		(void)fleet_name__escape(ret, glob);
}

int index_list__each(const struct index_stream *index, const struct index_filter *filter,
		     int (*each)(void *ctx, const struct index_entry *entry), void *ctx,
		     struct fleet_error *error)
{
	char subject[INDEX_SUBJECT_BYTES], what[FLEET_URL_BUCKET_BYTES + 24];
	char service[FLEET_NAME_BYTES], reason[FLEET_NAME_BYTES];
	struct listing listing = { .index = index, .filter = filter, .each = each, .ctx = ctx };
	const struct stream_messages messages = {
		.link = index->link,
		.stream = index->name,
		.subject = subject,
		.what = what,
		.is_headers_only = true,
		.is_one_per_subject = true,
	};

	token_of(service, filter->service);
	token_of(reason, filter->reason);
	listing.prefix_bytes = strlen("ttlog.index.") + strlen(index->bucket) + 1;
	(void)snprintf(subject, sizeof(subject), "ttlog.index.%s.*.%s.%s.*", index->bucket, service,
		       reason);
	(void)snprintf(what, sizeof(what), "the index of bucket %s", index->bucket);
	return stream_messages__each(&messages, take, &listing, error);
}
