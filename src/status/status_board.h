/* SPDX-License-Identifier: MIT */
/*
 * Where threads ask for the state of the recorder, and the drain thread answers: it copies what it
 * owns at most ten times a second, and for a tenth of its time. A thread that asks more often gets
 * the last copy, or waits for the next one.
 */
#ifndef TTLOG_STATUS_BOARD_H
#define TTLOG_STATUS_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

struct status_board;

/* What the sources name must stay. NULL with errno. */
struct status_board *status_board__new(const struct status_sources *sources);
/* When no thread asks any more. NULL is fine. */
void status_board__free(struct status_board *board);

/* ---- any thread but the drain thread ---- */

/*
 * A complete status, at most max_age_ns old, but for the limit above; waits until it is there, at
 * most timeout_ms. wake: wakes the drain thread. NULL with errno: ETIMEDOUT, ENOMEM. The caller
 * gives it back by status_board__release().
 */
const struct status *status_board__ask(struct status_board *board, uint64_t max_age_ns,
				       unsigned int timeout_ms, void (*wake)(void *ctx), void *ctx);
void status_board__release(struct status_board *board, const struct status *status);

/* ---- the drain thread ---- */

/* Whether it is to make one now; *ret_now_ns is its time then. */
bool status_board__begin(struct status_board *board, uint64_t *ret_now_ns);
/* Takes ownership; NULL: there was no memory. start_ns: when it began to make it. */
void status_board__put(struct status_board *board, struct status *status, uint64_t start_ns);
/* Nothing is put any more: no thread waits. */
void status_board__close(struct status_board *board);

#endif /* TTLOG_STATUS_BOARD_H */
