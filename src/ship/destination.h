/* SPDX-License-Identifier: MIT */
/*
 * One place that files are sent to, and the thread that does it. Nothing but the spool and the ledger
 * is shared with other destinations: one that is down costs them nothing.
 */
#ifndef TTLOG_DESTINATION_H
#define TTLOG_DESTINATION_H

#include <pthread.h>
#include <stdint.h>

#include "ack_window.h"
#include "backoff.h"
#include "bucket.h"
#include "fleet_name.h"
#include "fleet_url.h"
#include "index_stream.h"
#include "info_helper.h"
#include "ledger.h"
#include "nats_link.h"
#include "rate.h"
#include "ship_metrics.h"
#include "spool.h"

struct destination {
	/* set before the thread starts */
	const char *text; /* the URL as it was given: the key in the ledger */
	struct fleet_url url;
	struct nats_link_options link_options;
	unsigned int replicas;
	uint64_t audit_after_ns;
	struct rate rate;
	size_t number; /* in the spool */
	struct spool *spool;
	struct ledger *ledger;
	struct info_helper *helper;
	char host[FLEET_HOST_BYTES];
	char inbox[FLEET_NAME_BYTES + 8];

	struct ship_counts counts; /* the thread adds */

	/* the thread's own */
	pthread_t thread;
	struct nats_link *link;           /* NULL: not connected */
	struct ack_window *window;        /* of the file that is on its way */
	struct ack_window *urgent_window; /* of a crash that came meanwhile */
	struct bucket bucket;
	struct index_stream index;
	struct backoff backoff;
	bool is_urgent;               /* the file that is on its way waits for a crash */
	bool was_not_whole;           /* what was audited last */
	char said[FLEET_ERROR_BYTES]; /* the error that was printed last; "": all is well */
};

/* 0 or -errno. */
int destination__start(struct destination *destination);
/* In its thread, while a file is on its way that is no crash: sends the crashes that came meanwhile. 0 or
 * -errno of the destination. */
int destination__send_urgent(struct destination *destination);
/* After spool__stop(). */
void destination__join(struct destination *destination);

#endif /* TTLOG_DESTINATION_H */
