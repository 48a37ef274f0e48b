/* SPDX-License-Identifier: MIT */
/*
 * Running collectors: each live chunk is a part of the sources, after all others. They are bounded:
 * where there are too many, the oldest eighth goes. While the screen is paused none is asked for, and
 * the collectors count what they leave out.
 */
#ifndef TTLOG_VIEW_FOLLOWER_H
#define TTLOG_VIEW_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	bool has_ended;                    /* they were followed, and have ended */
	bool is_following, is_paused;      /* the cursor stays at the end; it does not now */
	uint64_t bytes, dropped, left_out; /* kept; events: dropped here, and by collectors */
};

/* Asks collectors for the choice. 0, or -errno with the reason in `why`, maybe several lines. */
int follower__begin(struct follower *follower, char *why, size_t why_size);
void follower__end(struct follower *follower);
/* Asks anew where something else is chosen now. */
void follower__ask(struct follower *follower);
/* f: the end is followed from now on, or no more. */
void follower__toggle(struct follower *follower);
static inline bool follower__is_at_end(const struct follower *follower)
{
	return follower->is_following && !follower->is_paused;
}

/* To be polled for reading; -1: nothing is awaited. can_drop: there is always room. */
int follower__fd(const struct follower *follower, bool can_drop);
/* Takes the next live chunk. Returns 1, 0 where there is none, or -ENOMEM. */
int follower__take(struct follower *follower, struct ttlog_snapshot **ret);
bool follower__is_full(const struct follower *follower);
/* How many parts to drop for there to be room again: their bytes count no more. */
size_t follower__make_room(struct follower *follower);
/* Whether the last collector has ended: once. */
bool follower__notice_end(struct follower *follower);

void follower__print_status(const struct follower *follower, struct out *out);
void follower__print_info(const struct follower *follower, struct out *out); /* some lines */

#endif /* TTLOG_VIEW_FOLLOWER_H */
