/* SPDX-License-Identifier: MIT */
/* What others may ask of this machine: by the servers of each nats:// that files are sent to. */
#ifndef TTLOG_ASKED_H
#define TTLOG_ASKED_H

#include "nats_place.h"
#include "responder.h"

struct asked {
	/* set before it starts */
	unsigned int allowed;         /* ship_allow.h */
	struct control_places places; /* where collectors are asked */

	size_t cnt;
	struct asked_place {
		struct responder responder;
		char inbox[NATS_PLACE_INBOX_BYTES];
	} items[SPOOL_MAX_DESTINATIONS];
};

/* setting: of a place of that kind; it stays. 0 or -errno. */
int asked__start(struct asked *asked, const struct place_ops *ops,
		 const struct place_setting *setting);
void asked__end(struct asked *asked);

#endif /* TTLOG_ASKED_H */
