/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "link_stream.h"

static int make(struct nats_link *link, const char *what, jsStreamConfig *wanted,
		jsStreamInfo **ret, struct fleet_error *error)
{
	jsErrCode code = 0;
	natsStatus status = js_AddStream(ret, link->js, wanted, NULL, &code);

	if (status == NATS_OK)
		return 0;
	if (code == JSStreamReplicasNotSupportedErr)
		return fleet_error__set(error, -EINVAL,
					"%s: %s: this server is alone and keeps one replica only: "
					"--replicas 1",
					link->server, what);
	return nats_link__judge(link,
				fleet_error__of_nats(error, status, code,
						     "%s: can't make %s with %d replicas",
						     link->server, what, (int)wanted->Replicas),
				error);
}

static int find(struct nats_link *link, const char *what, const jsStreamConfig *wanted,
		jsStreamInfo **ret, struct fleet_error *error)
{
	jsErrCode code = 0;
	natsStatus status = js_GetStreamInfo(ret, link->js, wanted->Name, NULL, &code);

	if (status == NATS_OK)
		return 0;
	return nats_link__judge(
		link, fleet_error__of_nats(error, status, code, "%s: %s", link->server, what),
		error);
}

/* If another one makes it at the same time, it is there. */
int link_stream__open(struct nats_link *link, const char *what, jsStreamConfig *wanted,
		      jsStreamInfo **ret, struct fleet_error *error)
{
	int err = find(link, what, wanted, ret, error);

	if (err == -ENOENT && !wanted->Replicas)
		return fleet_error__set(error, err, "%s: there is no %s", link->server, what);
	if (err == -ENOENT) {
		err = make(link, what, wanted, ret, error);
		if (err == -EEXIST)
			err = find(link, what, wanted, ret, error);
	}
	return err;
}
