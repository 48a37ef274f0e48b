/* SPDX-License-Identifier: MIT */
/*
 * Each host answers on a subject of its own, _INBOX.USER.RANDOM.answers.NUMBER: nothing in an answer
 * says whose it is. On _INBOX.USER.RANDOM.answers.hello hosts tell their names, and are asked as they
 * come.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "ask_request.h"
#include "ask_subject.h"
#include "client.h"
#include "clock.h"
#include "fleet_ask.h"
#include "fleet_hosts.h"
#include "fleet_user.h"
#include "hex.h"
#include "index_list.h"

#define EXIT_USAGE   2
#define RANDOM_BYTES 12
/* After the last host that told its name, for the next one to. */
#define HELLO_NS     UINT64_C(1000000000)
#define LOOK_NS      UINT64_C(500000000)
/* libnats has inboxes of its own beside it. */
#define BELOW        ".answers"
#define HELLO        "hello"
#define DIGITS_BYTES 9 /* "-0a1b2c3d" */

struct asking {
	const struct client_options *options;
	char user[ASK_USER_BYTES], inbox[ASK_SUBJECT_BYTES];
	char *request; /* JSON */
	struct nats_link *link;
	natsSubscription *answers;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */

	pthread_mutex_t lock; /* of what follows: answers come in a thread of libnats */
	pthread_cond_t changed;
	struct fleet_hosts hosts;
	uint64_t hello_until_ns;
	bool is_failed; /* not all have answered well */
	bool is_over;   /* nothing is taken any more */
	int err;        /* of a request to a host that told its name */
};

/* ---- the request ---- */

static int refuse(const char *what, const char *why)
{
	client__say(what, why);
	return EXIT_USAGE;
}

/* The selector of the URL is that of the request. */
static int make_request(struct asking *asking)
{
	const struct client_options *options = asking->options;
	const struct fleet_url *url = &options->urls[0].url;
	const char *text = options->request;
	struct ask_request request;
	struct fleet_error error;

	if (url->reason[0] || url->has_since)
		return refuse(options->urls[0].text,
			      "a reason or a time is of files, not of hosts");
	if (ask_request__parse(&request, text, strlen(text), &error))
		return refuse(text, error.text);
	if (url->service[0] &&
	    (request.service[0] || (request.command == ASK_TRIGGER && request.pid))) {
		ask_request__fini(&request);
		return refuse(
			options->urls[0].text,
			"service= means nothing with another service, or a trigger of a process");
	}
	if (url->service[0])
		request.service = url->service;
	request.wait_ns = options->wait_ns;
	asking->request = ask_request__encode(&request);
	ask_request__fini(&request);
	return asking->request ? 0 : refuse(text, "it is not UTF-8");
}

/* ---- what hosts answer ---- */

static void put_host(json_t *line, const char *token)
{
	char name[FLEET_NAME_BYTES];
	json_t *host = fleet_name__unescape(name, token) ? NULL : json_string(name);

	(void)json_object_set_new(line, "host", host ? host : json_string(token));
}

/* answer: taken; NULL: no memory. */
static void print(struct asking *asking, const struct fleet_host *host, json_t *answer)
{
	json_t *line = json_object();

	if (!answer || !ask_answer__is_done(answer))
		asking->is_failed = true;
	if (line && answer) {
		put_host(line, host->token);
		(void)json_object_update(line, answer);
		(void)json_object_del(line, "version");
		(void)json_dumpf(line, stdout, JSON_COMPACT);
		(void)putchar('\n');
		(void)fflush(stdout);
	}
	json_decref(line);
	json_decref(answer);
}

static void end_host(struct asking *asking, struct fleet_host *host, json_t *answer)
{
	host->is_over = true;
	asking->hosts.over_cnt++;
	print(asking, host, answer);
	free(host->parts.text);
	host->parts = (struct ask_parts){ .text = NULL };
}

static void take_answer(struct asking *asking, struct fleet_host *host, natsMsg *message)
{
	json_t *answer = NULL;

	if (host->is_over)
		return;
	if (natsMsg_IsNoResponders(message)) {
		end_host(asking, host,
			 ask_answer__make("absent", "it is not connected, or allows nothing"));
		return;
	}
	if (!ask_parts__take(&host->parts, natsMsg_GetData(message),
			     (size_t)natsMsg_GetDataLength(message)))
		return;
	if (!host->parts.is_broken)
		answer = ask_answer__parse(host->parts.text, host->parts.len);
	end_host(asking, host, answer ? answer : ask_answer__failed("its answer is damaged"));
}

/* ---- the hosts ---- */

static int ask_host(struct asking *asking, const char *token)
{
	const int number = fleet_hosts__add(&asking->hosts, token);
	char subject[ASK_SUBJECT_BYTES], reply[ASK_SUBJECT_BYTES + 32];
	natsStatus status;

	if (number < 0)
		return number == -EEXIST ? 0 : number;
	ask_subject__make(subject, token, asking->user);
	(void)snprintf(reply, sizeof(reply), "%s" BELOW ".%d", asking->inbox, number);
	status = natsConnection_PublishRequest(asking->link->connection, subject, reply,
					       asking->request, (int)strlen(asking->request));
	return status == NATS_OK ? 0 : -EIO;
}

/* Whatever a host says that it is called. */
static int take_hello(struct asking *asking, natsMsg *message)
{
	const struct fleet_url *url = &asking->options->urls[0].url;
	char name[FLEET_NAME_BYTES], token[FLEET_NAME_BYTES];
	struct ask_parts parts = { .text = NULL };
	int err = 0;

	if (natsMsg_IsNoResponders(message)) {
		asking->hello_until_ns = 0;
		return 0;
	}
	if (ask_parts__take(&parts, natsMsg_GetData(message),
			    (size_t)natsMsg_GetDataLength(message)) &&
	    !parts.is_broken && !fleet_name__unescape(name, parts.text) &&
	    index_list__is_host(url->host, name)) {
		(void)fleet_name__escape(token, name);
		err = ask_host(asking, token);
		asking->hello_until_ns = clock__now_mono_ns() + HELLO_NS;
	}
	free(parts.text);
	return err;
}

static int take_entry(void *ctx, const struct index_entry *entry)
{
	struct asking *asking = ctx;
	char token[FLEET_NAME_BYTES];
	int err;

	(void)fleet_name__escape(token, entry->host);
	(void)pthread_mutex_lock(&asking->lock);
	err = ask_host(asking, token);
	(void)pthread_mutex_unlock(&asking->lock);
	return err;
}

static int ask_known(struct asking *asking, struct fleet_error *error)
{
	const struct fleet_url *url = &asking->options->urls[0].url;
	const struct index_filter filter = { url->host, "", "" };
	struct index_stream index;
	int err;

	if (!url->bucket[0])
		return 0;
	err = index_stream__open(&index, asking->link, url->bucket, 0, error);
	return err ? err : index_list__each(&index, &filter, take_entry, asking, error);
}

/* Whether the URL has the whole HOST of one machine: that one needs not tell its name. */
static bool is_whole(const char *host)
{
	const size_t len = strlen(host);

	if (strpbrk(host, "*?[\\") || len <= DIGITS_BYTES || host[len - DIGITS_BYTES] != '-')
		return false;
	return strspn(host + len - DIGITS_BYTES + 1, "0123456789abcdef") == DIGITS_BYTES - 1;
}

static int ask_whole(struct asking *asking)
{
	char token[FLEET_NAME_BYTES];
	int err;

	(void)fleet_name__escape(token, asking->options->urls[0].url.host);
	(void)pthread_mutex_lock(&asking->lock);
	err = ask_host(asking, token);
	(void)pthread_mutex_unlock(&asking->lock);
	return err;
}

/* A server that does not permit what was asked has said so before it answers. */
static int flush(const struct asking *asking, struct fleet_error *error)
{
	const natsStatus status =
		natsConnection_FlushTimeout(asking->link->connection, NATS_LINK_WAIT_MS);

	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "%s: can't ask",
					    asking->link->server);
	return nats_link__judge(asking->link, -ETIMEDOUT, error) == -EACCES ? -EACCES : 0;
}

static int say_hello(struct asking *asking, struct fleet_error *error)
{
	char subject[ASK_SUBJECT_BYTES], reply[ASK_SUBJECT_BYTES + 32];
	natsStatus status;

	ask_subject__make(subject, ASK_SUBJECT_ALL, asking->user);
	(void)snprintf(reply, sizeof(reply), "%s" BELOW "." HELLO, asking->inbox);
	asking->hello_until_ns = clock__now_mono_ns() + HELLO_NS;
	status = natsConnection_PublishRequest(asking->link->connection, subject, reply, "", 0);
	return status == NATS_OK ? 0
				 : fleet_error__of_nats(error, status, 0, "%s: can't ask",
							asking->link->server);
}

/* ---- until all have answered ---- */

static void take(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
		 void *ctx)
{
	struct asking *asking = ctx;
	const char *const last = strrchr(natsMsg_GetSubject(message), '.') + 1;
	const unsigned long number = ascii__is_digit(last[0]) ? strtoul(last, NULL, 10) : ULONG_MAX;

	(void)connection;
	(void)subscription;
	(void)pthread_mutex_lock(&asking->lock);
	if (!asking->is_over && !strcmp(last, HELLO))
		asking->err = take_hello(asking, message);
	else if (!asking->is_over && number < asking->hosts.cnt)
		take_answer(asking, &asking->hosts.items[number], message);
	(void)pthread_cond_signal(&asking->changed);
	(void)pthread_mutex_unlock(&asking->lock);
	natsMsg_Destroy(message);
}

/* 0: all have answered, and no other one is expected. */
static uint64_t next_end_ns(const struct asking *asking, uint64_t now_ns)
{
	const bool is_all = asking->hosts.over_cnt == asking->hosts.cnt;
	const uint64_t end_ns = is_all && asking->hello_until_ns < asking->deadline_ns
					? asking->hello_until_ns
					: asking->deadline_ns;

	return end_ns > now_ns ? end_ns : 0;
}

static void end_silent(struct asking *asking)
{
	for (size_t i = 0; i < asking->hosts.cnt; i++) {
		if (!asking->hosts.items[i].is_over)
			end_host(asking, &asking->hosts.items[i],
				 ask_answer__make("silent", "it did not answer in time"));
	}
}

/* Whether the connection is still there is looked at from time to time. */
static int gather(struct asking *asking, struct fleet_error *error)
{
	uint64_t now_ns, end_ns;
	int err;

	(void)pthread_mutex_lock(&asking->lock);
	while (!asking->err && !nats_link__is_lost(asking->link) &&
	       (end_ns = next_end_ns(asking, now_ns = clock__now_mono_ns()))) {
		const uint64_t look_ns = now_ns + LOOK_NS;
		const struct timespec until = clock__timespec(end_ns < look_ns ? end_ns : look_ns);

		(void)pthread_cond_timedwait(&asking->changed, &asking->lock, &until);
	}
	err = asking->err;
	asking->is_over = true;
	end_silent(asking);
	(void)pthread_mutex_unlock(&asking->lock);
	if (err)
		return fleet_error__set(error, err, "%s: can't ask: %s", asking->link->server,
					strerror(-err));
	if (nats_link__is_lost(asking->link))
		return fleet_error__set(error, -ENOTCONN, "%s: the connection was lost",
					asking->link->server);
	return 0;
}

/* ---- all ---- */

static int listen(struct asking *asking, struct fleet_error *error)
{
	char subject[ASK_SUBJECT_BYTES + 32];
	natsStatus status;

	(void)snprintf(subject, sizeof(subject), "%s" BELOW ".*", asking->inbox);
	status = natsConnection_Subscribe(&asking->answers, asking->link->connection, subject, take,
					  asking);
	return status == NATS_OK ? 0
				 : fleet_error__of_nats(error, status, 0, "%s: can't listen",
							asking->link->server);
}

static int ask_all(struct asking *asking, struct fleet_error *error)
{
	const bool is_one = is_whole(asking->options->urls[0].url.host);
	int err = listen(asking, error);

	if (!err)
		err = is_one ? ask_whole(asking) : say_hello(asking, error);
	if (!err)
		err = flush(asking, error);
	if (!err && !is_one)
		err = ask_known(asking, error);
	if (!err)
		return gather(asking, error);
	(void)pthread_mutex_lock(&asking->lock);
	asking->is_over = true;
	(void)pthread_mutex_unlock(&asking->lock);
	return err;
}

static int run(struct asking *asking)
{
	const struct client_url *url = &asking->options->urls[0];
	struct fleet_error error = { "" };
	int err, status;

	asking->link = client__connect(asking->options, url);
	if (!asking->link)
		return 1;
	asking->deadline_ns = clock__now_mono_ns() + asking->options->wait_ns;
	err = ask_all(asking, &error);
	if (err)
		client__say(url->text, error.text);
	else if (!asking->hosts.cnt)
		client__say(url->text, "no host that matches can be asked");
	natsSubscription_Destroy(asking->answers);
	nats_link__close(asking->link);
	status = err || asking->is_failed || !asking->hosts.cnt;
	fleet_hosts__fini(&asking->hosts);
	return status;
}

/* The user's name comes from files that are out of reach later. */
static int prepare(struct asking *asking, struct client_options *options)
{
	unsigned char random[RANDOM_BYTES];
	char digits[2 * RANDOM_BYTES + 1];
	const char *why;
	int status;

	if (!options->request)
		return refuse(options->urls[0].text, "a request is needed");
	if (fleet_user__find(asking->user, options->as, options->login.creds, &why))
		return refuse("--as", why);
	status = make_request(asking);
	if (status)
		return status;
	randombytes_buf(random, sizeof(random));
	*hex__bytes(digits, random, sizeof(random)) = '\0';
	(void)snprintf(asking->inbox, sizeof(asking->inbox), "_INBOX.%s.%s", asking->user, digits);
	options->inbox = asking->inbox;
	return client__begin(options, NULL);
}

int fleet_ask__run(struct client_options *options)
{
	/* a thread of libnats may look at it until the end */
	static struct asking asking;
	int status;

	asking.options = options;
	(void)pthread_mutex_init(&asking.lock, NULL);
	clock__init_condition(&asking.changed);
	status = prepare(&asking, options);
	if (!status)
		status = run(&asking);
	free(asking.request);
	return status;
}
