/* SPDX-License-Identifier: MIT */
/*
 * Follows running collectors: each live chunk becomes the last part of the sources. They are
 * bounded: if there are too many, the oldest eighth is dropped. While the screen is paused it asks
 * for none, and the collectors count what they leave out.
 */
#ifndef TTLOG_VIEW_FOLLOWER_H
#define TTLOG_VIEW_FOLLOWER_H

#include "choice.h"

struct events;
struct follow;
struct message;
struct out;

struct follower {
	struct events *events;
	struct message *message;
	struct follow *follow;             /* NULL: no collector is followed */
	struct choice asked;               /* what they were asked for */
	bool has_ended;                    /* all that were followed have ended */
	bool is_following, is_paused;      /* the cursor stays at the end; it waits */
	uint64_t bytes, dropped, left_out; /* bytes kept; events dropped here, and by collectors */
};

/* Asks collectors for what is chosen. Returns 0, or -errno with the reason in `why`, maybe in
 * several lines. */
int follower__begin(struct follower *follower, char *why, size_t why_size);
void follower__end(struct follower *follower);
/* Asks again if something else is chosen now. */
void follower__ask(struct follower *follower);
/* Follows the end from now on, or no more. */
void follower__toggle(struct follower *follower);
static inline bool follower__is_at_end(const struct follower *follower)
{
	return follower->is_following && !follower->is_paused;
}

/* To be polled for reading; -1: nothing is awaited. can_drop: old live chunks may be dropped. */
int follower__fd(const struct follower *follower, bool can_drop);
/* Takes the next live chunk. Returns 1, 0 if there is none, or -ENOMEM. */
int follower__take(struct follower *follower, struct ttlog_snapshot **ret);
bool follower__is_full(const struct follower *follower);
/* Returns how many parts the caller has to drop. Their bytes are no longer counted. */
size_t follower__make_room(struct follower *follower);
/* Returns whether the last collector has ended since the last call. */
bool follower__notice_end(struct follower *follower);

void follower__print_status(const struct follower *follower, struct out *out);
void follower__print_info(const struct follower *follower, struct out *out); /* as lines */

#endif /* TTLOG_VIEW_FOLLOWER_H */
