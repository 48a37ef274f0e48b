/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "index_stream.h"
#include "link_stream.h"

#define SUBJECT_BYTES (FLEET_URL_BUCKET_BYTES + 16)

static int check(const struct index_stream *index, const jsStreamConfig *config,
		 struct fleet_error *error)
{
	if (config->AllowDirect && config->MaxMsgsPerSubject == 1)
		return 0;
	return fleet_error__set(
		error, -EINVAL,
		"%s: the stream %s must keep one message a subject "
		"(max_msgs_per_subject) and allow direct get (allow_direct): change "
		"it by NATS's tools",
		index->link->server, index->name);
}

int index_stream__open(struct index_stream *ret, struct nats_link *link, const char *bucket,
		       unsigned int replicas, struct fleet_error *error)
{
	struct index_stream index = { .link = link };
	char subject[SUBJECT_BYTES], what[SUBJECT_BYTES];
	const char *subjects[] = { subject };
	jsStreamConfig config;
	jsStreamInfo *info;
	int err;

	(void)snprintf(index.bucket, sizeof(index.bucket), "%s", bucket);
	(void)snprintf(index.name, sizeof(index.name), "TTLOG_INDEX_%s", index.bucket);
	(void)snprintf(what, sizeof(what), "index of bucket %s", index.bucket);
	(void)snprintf(subject, sizeof(subject), "ttlog.index.%s.>", index.bucket);
	(void)jsStreamConfig_Init(&config);
	config.Name = index.name;
	config.Description = "what a bucket of ttlog has";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	config.MaxMsgsPerSubject = 1;
	config.Replicas = replicas;
	config.AllowDirect = true;
	err = link_stream__open(link, what, &config, &info, error);
	if (err)
		return err;
	err = check(&index, info->Config, error);
	jsStreamInfo_Destroy(info);
	if (!err)
		*ret = index;
	return err;
}

static int take(const struct index_stream *index, const char *subject, natsStatus status,
		natsMsg *message, int code, struct fleet_error *error)
{
	if (status != NATS_OK)
		return nats_link__judge(index->link,
					fleet_error__of_nats(error, status, code, "%s: %s",
							     index->link->server, subject),
					error);
	natsMsg_Destroy(message);
	return 0;
}

int index_stream__look(const struct index_stream *index, const char *subject,
		       struct fleet_error *error)
{
	jsDirectGetMsgOptions wanted = { .LastBySubject = subject };
	natsMsg *message = NULL;
	const natsStatus status =
		js_DirectGetMsg(&message, index->link->js, index->name, NULL, &wanted);

	return take(index, subject, status, message, 0, error);
}

int index_stream__look_at_leader(const struct index_stream *index, const char *subject,
				 struct fleet_error *error)
{
	jsErrCode code = 0;
	natsMsg *message = NULL;
	const natsStatus status =
		js_GetLastMsg(&message, index->link->js, index->name, subject, NULL, &code);

	return take(index, subject, status, message, (int)code, error);
}
