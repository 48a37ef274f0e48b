/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "barrier.h"
#include "clock.h"
#include "status_board.h"

#define MIN_GAP_NS 100000000ull
#define SHARE      10u /* making them takes a tenth of the drain thread's time at most */

struct status_board {
	struct status_sources sources;
	uint64_t start_mono_ns, start_real_ns;
	bool asked;           /* atomic */
	uint64_t due_ns;      /* the drain thread's own: not before */
	pthread_mutex_t turn; /* one thread completes a status at a time; taken before `lock` */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct status *last; /* holds one of its refs; NULL: none */
	uint64_t failed_cnt; /* ever */
	bool closed;
};

struct status_board *status_board__new(const struct status_sources *sources)
{
	struct status_board *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->sources = *sources;
	board->start_mono_ns = clock__now_mono_ns();
	board->start_real_ns = clock__now_real_ns();
	(void)pthread_mutex_init(&board->turn, NULL);
	(void)pthread_mutex_init(&board->lock, NULL);
	clock__init_condition(&board->changed);
	return board;
}

static void release_locked(struct status *status)
{
	if (status && !--status->refs)
		status__free(status);
}

void status_board__free(struct status_board *board)
{
	if (!board)
		return;
	release_locked(board->last);
	(void)pthread_cond_destroy(&board->changed);
	(void)pthread_mutex_destroy(&board->lock);
	(void)pthread_mutex_destroy(&board->turn);
	free(board);
}

void status_board__release(struct status_board *board, const struct status *status)
{
	(void)pthread_mutex_lock(&board->lock);
	release_locked((struct status *)status);
	(void)pthread_mutex_unlock(&board->lock);
}

/* ---- asking ---- */

static bool is_fresh(const struct status_board *board, uint64_t from_ns)
{
	return board->last && board->last->mono_ns >= from_ns;
}

/* Locked. 0 or -errno. */
static int wait_for(struct status_board *board, uint64_t from_ns, const struct timespec *until)
{
	const uint64_t failed_cnt = board->failed_cnt;
	int err = 0;

	while (!is_fresh(board, from_ns) && !err) {
		if (board->closed)
			return -ESHUTDOWN;
		if (board->failed_cnt != failed_cnt)
			return -ENOMEM;
		err = pthread_cond_timedwait(&board->changed, &board->lock, until);
	}
	return -err;
}

static struct status *take(struct status_board *board, uint64_t from_ns,
			   const struct timespec *until, void (*wake)(void *ctx), void *ctx)
{
	struct status *status = NULL;
	int err = 0;

	(void)pthread_mutex_lock(&board->lock);
	if (!is_fresh(board, from_ns)) {
		__atomic_store_n(&board->asked, true, __ATOMIC_SEQ_CST);
		wake(ctx);
		err = wait_for(board, from_ns, until);
	}
	if (!err) {
		status = board->last;
		status->refs++;
	}
	(void)pthread_mutex_unlock(&board->lock);
	errno = -err;
	return status;
}

const struct status *status_board__ask(struct status_board *board, uint64_t max_age_ns,
				       unsigned int timeout_ms, void (*wake)(void *ctx), void *ctx)
{
	const uint64_t now_ns = clock__now_mono_ns();
	const struct timespec until = clock__timespec(now_ns + timeout_ms * 1000000ull);
	const uint64_t from_ns = now_ns > max_age_ns ? now_ns - max_age_ns : 0;
	struct status *status = take(board, from_ns, &until, wake, ctx);

	if (!status)
		return NULL;
	(void)pthread_mutex_lock(&board->turn);
	if (!status->is_complete)
		status__complete(status, &board->sources);
	(void)pthread_mutex_unlock(&board->turn);
	return status;
}

/* ---- the drain thread ---- */

bool status_board__begin(struct status_board *board, uint64_t *ret_now_ns)
{
	if (!barrier__load_relaxed(&board->asked) || clock__now_mono_ns() < board->due_ns)
		return false;
	/* first: a thread that asks later gets a later one */
	(void)__atomic_exchange_n(&board->asked, false, __ATOMIC_SEQ_CST);
	*ret_now_ns = clock__now_mono_ns();
	return true;
}

void status_board__put(struct status_board *board, struct status *status, uint64_t start_ns)
{
	const uint64_t took_ns = clock__now_mono_ns() - start_ns;

	board->due_ns = start_ns + (took_ns * SHARE > MIN_GAP_NS ? took_ns * SHARE : MIN_GAP_NS);
	if (status) {
		status->refs = 1;
		status->start_mono_ns = board->start_mono_ns;
		status->start_real_ns = board->start_real_ns;
	}
	(void)pthread_mutex_lock(&board->lock);
	if (!status)
		board->failed_cnt++;
	if (status) {
		release_locked(board->last);
		board->last = status;
	}
	(void)pthread_cond_broadcast(&board->changed);
	(void)pthread_mutex_unlock(&board->lock);
}

void status_board__close(struct status_board *board)
{
	(void)pthread_mutex_lock(&board->lock);
	board->closed = true;
	(void)pthread_cond_broadcast(&board->changed);
	(void)pthread_mutex_unlock(&board->lock);
}
