/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bucket.h"
#include "link_stream.h"
#include "object_meta.h"

#define SUBJECT_BYTES (FLEET_URL_BUCKET_BYTES + 16)

/* As the clients of all languages make it. Full: what is new is refused, nothing is dropped. */
static int find_or_make(const struct bucket *bucket, unsigned int replicas, jsStreamInfo **ret_info,
			struct fleet_error *error)
{
	char chunks[SUBJECT_BYTES], metas[SUBJECT_BYTES], what[SUBJECT_BYTES];
	const char *subjects[] = { chunks, metas };
	jsStreamConfig config;

	(void)snprintf(what, sizeof(what), "bucket %s", bucket->name);
	(void)snprintf(chunks, sizeof(chunks), "$O.%s.C.>", bucket->name);
	(void)snprintf(metas, sizeof(metas), "$O.%s.M.>", bucket->name);
	(void)jsStreamConfig_Init(&config);
	config.Name = bucket->stream;
	config.Description = "Object Store bucket of ttlog";
	config.Subjects = subjects;
	config.SubjectsLen = 2;
	config.Storage = js_FileStorage;
	config.Discard = js_DiscardNew;
	config.Replicas = replicas;
	config.AllowRollup = true;
	config.AllowDirect = true;
	return link_stream__open(bucket->link, what, &config, ret_info, error);
}

static int check(const struct bucket *bucket, const jsStreamConfig *config,
		 struct fleet_error *error)
{
	const char *lacks = NULL;

	if (!config->AllowRollup)
		lacks = "rollup (allow_rollup_hdrs)";
	else if (!config->AllowDirect)
		lacks = "direct get (allow_direct)";
	if (lacks)
		return fleet_error__set(error, -EINVAL,
					"%s: bucket %s: its stream %s does not allow %s: change it "
					"by NATS's tools",
					bucket->link->server, bucket->name, bucket->stream, lacks);
	if (config->Sealed)
		return fleet_error__set(error, -EINVAL, "%s: bucket %s is sealed",
					bucket->link->server, bucket->name);
	return 0;
}

int bucket__open(struct bucket *ret, struct nats_link *link, const char *name,
		 unsigned int replicas, struct fleet_error *error)
{
	struct bucket bucket = { .link = link };
	jsStreamInfo *info;
	int err;

	(void)snprintf(bucket.name, sizeof(bucket.name), "%s", name);
	(void)snprintf(bucket.stream, sizeof(bucket.stream), "OBJ_%s", bucket.name);
	err = find_or_make(&bucket, replicas, &info, error);
	if (err)
		return err;
	err = check(&bucket, info->Config, error);
	bucket.replicas = (unsigned int)info->Config->Replicas;
	jsStreamInfo_Destroy(info);
	if (!err)
		*ret = bucket;
	return err;
}

int bucket__purge_chunks(const struct bucket *bucket, const char *nuid, struct fleet_error *error)
{
	char subject[OBJECT_SUBJECT_BYTES];
	jsErrCode code = 0;
	jsOptions options;
	natsStatus status = jsOptions_Init(&options);

	object_meta__chunk_subject(subject, bucket->name, nuid);
	options.Wait = NATS_LINK_WAIT_MS;
	options.Stream.Purge.Subject = subject;
	if (status == NATS_OK)
		status = js_PurgeStream(bucket->link->js, bucket->stream, &options, &code);
	if (status == NATS_OK)
		return 0;
	return nats_link__judge(bucket->link,
				fleet_error__of_nats(error, status, code,
						     "%s: bucket %s: can't purge %s",
						     bucket->link->server, bucket->name, nuid),
				error);
}
