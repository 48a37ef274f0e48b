/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "object_list.h"
#include "stream_messages.h"

struct listing {
	int (*each)(void *ctx, const struct object_meta *meta);
	void *ctx;
};

static int take(void *ctx, natsMsg *message, uint64_t stored_ns)
{
	const struct listing *listing = ctx;
	struct object_meta meta;

	(void)stored_ns;
	if (object_meta__decode(&meta, natsMsg_GetData(message),
				(size_t)natsMsg_GetDataLength(message)) ||
	    meta.is_deleted)
		return 0;
	return listing->each(listing->ctx, &meta);
}

int object_list__each(const struct bucket *bucket,
		      int (*each)(void *ctx, const struct object_meta *meta), void *ctx,
		      struct fleet_error *error)
{
	struct listing listing = { .each = each, .ctx = ctx };
	char subject[OBJECT_SUBJECT_BYTES], what[FLEET_URL_BUCKET_BYTES + 8];
	const struct stream_messages messages = {
		.link = bucket->link,
		.stream = bucket->stream,
		.subject = subject,
		.what = what,
	};

	(void)snprintf(subject, sizeof(subject), "$O.%s.M.>", bucket->name);
	(void)snprintf(what, sizeof(what), "bucket %s", bucket->name);
	return stream_messages__each(&messages, take, &listing, error);
}
