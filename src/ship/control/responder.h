/* SPDX-License-Identifier: MIT */
/*
 * Answers requests on ttlog.ctl.HOST.USER by a connection of its own: that of a destination may be busy
 * with a file for long. Two on the servers of one cluster get each request once: they are a queue group.
 */
#ifndef TTLOG_RESPONDER_H
#define TTLOG_RESPONDER_H

#include <pthread.h>
#include <stdbool.h>

#include "backoff.h"
#include "handing.h"
#include "nats_link.h"

/* Users are told apart by a hash: so one that asks all the time hardly keeps others from it. */
#define RESPONDER_USERS 64

struct responder_line;

/* It stays where it is until the program ends. */
struct responder {
	/* set before it starts */
	struct nats_link_options link_options;
	char host[FLEET_NAME_BYTES]; /* the token of this machine */
	struct handing handing;      /* text, allowed, places */

	/* its thread's own */
	pthread_t thread;
	struct backoff backoff;
	char said[FLEET_ERROR_BYTES]; /* the error that was said last */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct responder_line *line; /* NULL: not connected */
	unsigned int busy_cnt;       /* requests that are being answered */
	struct pace pace;            /* of all users */
	struct pace user_paces[RESPONDER_USERS];
	bool is_stopped;
};

/* 0 or -errno. */
int responder__start(struct responder *responder);
void responder__stop(struct responder *responder);
/* After that. Requests that are being answered are not waited for. */
void responder__join(struct responder *responder);

#endif /* TTLOG_RESPONDER_H */
