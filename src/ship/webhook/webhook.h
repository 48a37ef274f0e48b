/* SPDX-License-Identifier: MIT */
/*
 * Tells a web server of crashes that are news: the first with a signature, and the first one for a week.
 * A thread of its own takes crashes from the spool, as destinations do, and keeps in `signatures` what is
 * still to be told. What the server does not take now is told later.
 */
#ifndef TTLOG_WEBHOOK_H
#define TTLOG_WEBHOOK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"
#include "fleet_error.h"
#include "fleet_name.h"
#include "http.h"
#include "info_helper.h"
#include "login_files.h"
#include "signatures.h"
#include "spool.h"

struct webhook {
	/* set before the thread starts */
	const char *url;
	struct login_files login; /* tls_ca: beside the system's authorities */
	size_t number;            /* in the spool, after all places */
	struct spool *spool;
	struct signatures *signatures;
	struct info_helper *helper;
	char host[FLEET_HOST_BYTES];

	/* the thread's own */
	pthread_t thread;
	struct http *http;
	struct backoff backoff;
	uint64_t next_ns; /* not before; 0: now */
	bool has_news;    /* there may be some */
	uint64_t told, refused;
	char said[FLEET_ERROR_BYTES]; /* the error that was printed last; "": all is well */
};

/* 0 or -errno. */
int webhook__start(struct webhook *webhook);
/* After spool__stop(). */
void webhook__join(struct webhook *webhook);

#endif /* TTLOG_WEBHOOK_H */
