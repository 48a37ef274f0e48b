/* SPDX-License-Identifier: MIT */
/*
 * A thread of its own connects, and looks whether it still is. Requests come in threads of libnats, which
 * start one for each that they take: some wait for collectors, and the next one must not wait for them.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_parts.h"
#include "ask_subject.h"
#include "clock.h"
#include "hash.h"
#include "responder.h"

#define SECOND_NS          UINT64_C(1000000000)
#define LOOK_NS            SECOND_NS
#define MOST_BUSY          4
/* Ten a second of a user, and twenty at once; of all four times as many. */
#define REQUEST_NS         (SECOND_NS / 10)
#define BURST              20
#define ALL                4
/* That wait for the thread which takes them. */
#define MOST_WAITING_CNT   64
#define MOST_WAITING_BYTES (1 << 20)

/* A connection. */
struct responder_line {
	struct nats_link *link;
	natsSubscription *own, *all;
	unsigned int user_cnt; /* answers that are being sent */
};

struct job {
	struct responder *responder;
	natsMsg *message;
	char user[ASK_USER_BYTES];
};

/* ---- lines ---- */

/* NULL: it is not connected now. */
static struct responder_line *hold_line(struct responder *responder)
{
	struct responder_line *line;

	(void)pthread_mutex_lock(&responder->lock);
	line = responder->line;
	if (line)
		line->user_cnt++;
	(void)pthread_mutex_unlock(&responder->lock);
	return line;
}

static void release_line(struct responder *responder, struct responder_line *line)
{
	(void)pthread_mutex_lock(&responder->lock);
	line->user_cnt--;
	(void)pthread_cond_broadcast(&responder->changed);
	(void)pthread_mutex_unlock(&responder->lock);
}

static void close_line(struct responder_line *line)
{
	natsSubscription_Destroy(line->own);
	natsSubscription_Destroy(line->all);
	nats_link__close(line->link);
	free(line);
}

/* ---- answers ---- */

static void send_parts(const struct responder_line *line, const char *reply, const char *text)
{
	natsConnection *const connection = line->link->connection;
	const size_t bytes = strlen(text), most = (size_t)natsConnection_GetMaxPayload(connection);
	const unsigned int cnt = ask_parts__count(bytes, most);
	bool is_sent = true;

	for (unsigned int i = 1; is_sent && i <= cnt; i++) {
		char *part;
		const size_t len = ask_parts__make(&part, text, bytes, most, i);

		is_sent = len &&
			  natsConnection_Publish(connection, reply, part, (int)len) == NATS_OK;
		if (len)
			free(part);
	}
}

/* text: taken; NULL: no memory. */
static void answer(struct responder *responder, const char *reply, char *text)
{
	struct responder_line *line = text ? hold_line(responder) : NULL;

	if (line) {
		send_parts(line, reply, text);
		release_line(responder, line);
	}
	free(text);
}

static void refuse(struct responder *responder, const char *reply, const char *why)
{
	json_t *refusal = ask_answer__refused(why);

	answer(responder, reply, refusal ? ask_answer__encode(refusal) : NULL);
	json_decref(refusal);
}

/* It is not busy any more once the answer is known: a user who has it may ask again at once. */
static void *run_job(void *ctx)
{
	struct job *job = ctx;
	struct responder *responder = job->responder;
	char *text = handing__answer(&responder->handing, job->user, natsMsg_GetData(job->message),
				     (size_t)natsMsg_GetDataLength(job->message));

	(void)pthread_mutex_lock(&responder->lock);
	responder->busy_cnt--;
	(void)pthread_mutex_unlock(&responder->lock);
	answer(responder, natsMsg_GetReply(job->message), text);
	natsMsg_Destroy(job->message);
	free(job);
	nats_ReleaseThreadMemory();
	return NULL;
}

/* Takes the message. 0, or -errno: it does not. */
static int start_job(struct responder *responder, natsMsg *message, const char *user)
{
	struct job *job = calloc(1, sizeof(*job));
	pthread_attr_t detached;
	pthread_t thread;
	int err = job ? 0 : ENOMEM;

	if (!err) {
		*job = (struct job){ .responder = responder, .message = message };
		(void)strcpy(job->user, user);
		(void)pthread_attr_init(&detached);
		(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
		err = pthread_create(&thread, &detached, run_job, job);
		(void)pthread_attr_destroy(&detached);
	}
	if (err)
		free(job);
	return -err;
}

/* ---- requests ---- */

/* With the lock. */
static bool is_in_time(struct responder *responder, const char *user)
{
	const uint64_t now_ns = clock__now_mono_ns();
	const uint64_t hash = hash__bytes(0, user, strlen(user));

	return pace__take(&responder->user_paces[hash % RESPONDER_USERS], now_ns, REQUEST_NS,
			  BURST) &&
	       pace__take(&responder->pace, now_ns, REQUEST_NS / ALL, BURST * ALL);
}

/* NULL: it is to be done, and counts as busy. */
static const char *why_not(struct responder *responder, const char *user)
{
	const char *why = NULL;

	(void)pthread_mutex_lock(&responder->lock);
	if (!is_in_time(responder, user))
		why = "it is asked too often: try again";
	else if (responder->busy_cnt == MOST_BUSY)
		why = "it is busy with other requests: try again";
	else
		responder->busy_cnt++;
	(void)pthread_mutex_unlock(&responder->lock);
	return why;
}

/* Returns whether it has taken the message. */
static bool take_request(struct responder *responder, natsMsg *message, const char *user)
{
	const char *const reply = natsMsg_GetReply(message), *why = why_not(responder, user);

	if (!why && !start_job(responder, message, user))
		return true;
	if (!why) {
		(void)pthread_mutex_lock(&responder->lock);
		responder->busy_cnt--;
		(void)pthread_mutex_unlock(&responder->lock);
	}
	refuse(responder, reply, why ? why : "out of memory");
	return false;
}

/* To all: who is there? */
static void tell_host(struct responder *responder, const char *user, const char *reply)
{
	bool is_answered;

	(void)pthread_mutex_lock(&responder->lock);
	is_answered = is_in_time(responder, user);
	(void)pthread_mutex_unlock(&responder->lock);
	if (is_answered)
		answer(responder, reply, strdup(responder->host));
}

static void take(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
		 void *ctx)
{
	struct responder *responder = ctx;
	const char *const reply = natsMsg_GetReply(message);
	char user[ASK_USER_BYTES];
	bool to_all;

	(void)connection;
	(void)subscription;
	if (!reply || ask_subject__parse(user, &to_all, natsMsg_GetSubject(message))) {
		natsMsg_Destroy(message);
		return;
	}
	if (!ask_subject__may_answer(user, reply))
		handing__say_refused(&responder->handing, user,
				     "an answer to another subject than _INBOX.USER.>");
	else if (to_all)
		tell_host(responder, user, reply);
	else if (take_request(responder, message, user))
		return;
	natsMsg_Destroy(message);
}

/* ---- the connection ---- */

static natsStatus subscribe(struct responder *responder, const struct responder_line *line,
			    const char *host, natsSubscription **ret)
{
	char subject[ASK_SUBJECT_BYTES];
	natsStatus status;

	ask_subject__make(subject, host, "*");
	status = natsConnection_QueueSubscribe(ret, line->link->connection, subject,
					       responder->host, take, responder);
	if (status == NATS_OK)
		status = natsSubscription_SetPendingLimits(*ret, MOST_WAITING_CNT,
							   MOST_WAITING_BYTES);
	return status;
}

/* A server that does not permit it says so before it answers the flush. */
static int subscribe_all(struct responder *responder, struct responder_line *line,
			 struct fleet_error *error)
{
	natsStatus status = subscribe(responder, line, responder->host, &line->own);

	if (status == NATS_OK)
		status = subscribe(responder, line, ASK_SUBJECT_ALL, &line->all);
	if (status == NATS_OK)
		status = natsConnection_FlushTimeout(line->link->connection, NATS_LINK_WAIT_MS);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "%s: can't listen for requests",
					    line->link->server);
	if (nats_link__judge(line->link, -ETIMEDOUT, error) == -EACCES)
		return -EACCES;
	return 0;
}

/* After it, disconnect(). */
static int connect_to(struct responder *responder, struct fleet_error *error)
{
	struct responder_line *line = calloc(1, sizeof(*line));
	int err;

	if (!line)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	line->link = nats_link__open(&responder->link_options, error);
	if (!line->link) {
		err = -errno;
		free(line);
		return err;
	}
	/* before the first request comes */
	(void)pthread_mutex_lock(&responder->lock);
	responder->line = line;
	(void)pthread_mutex_unlock(&responder->lock);
	err = subscribe_all(responder, line, error);
	if (err)
		return err;
	responder->backoff.failures = 0;
	responder->said[0] = '\0';
	return 0;
}

static void disconnect(struct responder *responder)
{
	struct responder_line *line;

	(void)pthread_mutex_lock(&responder->lock);
	line = responder->line;
	responder->line = NULL;
	while (line && line->user_cnt)
		(void)pthread_cond_wait(&responder->changed, &responder->lock);
	(void)pthread_mutex_unlock(&responder->lock);
	if (line)
		close_line(line);
}

/* ---- the thread ---- */

/* Returns whether it was stopped. */
static bool rest(struct responder *responder, uint64_t for_ns)
{
	const struct timespec until = clock__timespec(clock__now_mono_ns() + for_ns);
	bool is_stopped;

	(void)pthread_mutex_lock(&responder->lock);
	while (!responder->is_stopped &&
	       pthread_cond_timedwait(&responder->changed, &responder->lock, &until) != ETIMEDOUT)
		;
	is_stopped = responder->is_stopped;
	(void)pthread_mutex_unlock(&responder->lock);
	return is_stopped;
}

/* An error that lasts is said once. */
static void say_error(struct responder *responder, const struct fleet_error *error)
{
	if (!strcmp(responder->said, error->text))
		return;
	(void)snprintf(responder->said, sizeof(responder->said), "%s", error->text);
	fprintf(stderr, "ttlog-ship: %s: it can't be asked (--allow): %s; it is tried again\n",
		responder->handing.text, error->text);
}

static void *run(void *ctx)
{
	struct responder *responder = ctx;
	bool is_stopped = false;

	while (!is_stopped) {
		struct fleet_error error;
		const int err = connect_to(responder, &error);

		/* not that the server refuses this machine as a whole: that its destination says */
		if (err == -EACCES && responder->line)
			say_error(responder, &error);
		while (!err && !is_stopped && !nats_link__is_lost(responder->line->link))
			is_stopped = rest(responder, LOOK_NS);
		disconnect(responder);
		if (!is_stopped)
			is_stopped = rest(responder, backoff__next_ns(&responder->backoff,
								      randombytes_random()));
	}
	nats_ReleaseThreadMemory();
	return NULL;
}

int responder__start(struct responder *responder)
{
	(void)pthread_mutex_init(&responder->lock, NULL);
	(void)pthread_mutex_init(&responder->handing.lock, NULL);
	clock__init_condition(&responder->changed);
	return -pthread_create(&responder->thread, NULL, run, responder);
}

void responder__stop(struct responder *responder)
{
	(void)pthread_mutex_lock(&responder->lock);
	responder->is_stopped = true;
	(void)pthread_cond_broadcast(&responder->changed);
	(void)pthread_mutex_unlock(&responder->lock);
}

void responder__join(struct responder *responder)
{
	(void)pthread_join(responder->thread, NULL);
}
