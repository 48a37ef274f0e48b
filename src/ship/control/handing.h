/* SPDX-License-Identifier: MIT */
/*
 * One request of the fleet, handed to the collectors of this machine: only what --allow names. What
 * changes something here, and what is refused, is said on stderr with the user who asked: under systemd
 * that is the journal.
 */
#ifndef TTLOG_HANDING_H
#define TTLOG_HANDING_H

#include <pthread.h>
#include <stddef.h>

#include "control_ask.h"
#include "pace.h"

struct handing {
	const char *text;     /* the URL by which it came */
	unsigned int allowed; /* ship_allow.h */
	const struct control_places *places;
	pthread_mutex_t lock;
	struct pace refusals; /* that are said */
};

/* Any thread. user: a token. Returns the answer as JSON, which the caller frees; NULL: no memory. */
char *handing__answer(struct handing *handing, const char *user, const char *bytes, size_t len);

/* Says that something was refused, unless much was. Any thread. */
void handing__say_refused(struct handing *handing, const char *user, const char *why);

#endif /* TTLOG_HANDING_H */
