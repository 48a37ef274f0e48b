/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "otlp_answer.h"
#include "otlp_lines.h"
#include "otlp_sender.h"

#define SECOND_NS    UINT64_C(1000000000)
/* OTLP's text recommends 4 MiB; what says more than this says it to no purpose. */
#define ANSWER_BYTES (64u << 10)
/* A receiver that answers a byte a second keeps no file from the others that wait. */
#define MOST_S       120

static const char *const words[OTLP_SIGNAL_CNT] = {
	[OTLP_LOGS] = "log records", [OTLP_SPANS] = "spans"
};

/* ---- one request ---- */

struct reply {
	struct http_answer http;
	struct otlp_answer otlp;
};

/* 0: it answered. -errno: of the connection. */
static int ask(struct otlp_sender *sender, const struct otlp_line *line, struct reply *ret,
	       struct fleet_error *error)
{
	const char *headers[OTLP_HEADERS_MOST + 2] = { "Content-Type: application/json" };
	const struct http_request request = {
		.method = "POST",
		.url = sender->url->endpoints[line->signal],
		.headers = headers,
		.bytes = line->json,
		.len = line->len,
		.most_bytes = ANSWER_BYTES,
		.most_s = MOST_S,
	};
	int err;

	memcpy(headers + 1, sender->headers->lines, sizeof(sender->headers->lines));
	err = http__do(sender->http, &request, &ret->http, error);
	if (!err)
		otlp_answer__read(&ret->otlp, ret->http.status, ret->http.body,
				  ret->http.body_bytes);
	http_answer__fini(&ret->http);
	return err;
}

static int say_answer(struct fleet_error *error, int err, const struct otlp_sender *sender,
		      const struct reply *reply)
{
	return fleet_error__set(error, err, "%s answers %ld%s%s", sender->url->server,
				reply->http.status, reply->otlp.why[0] ? ": " : "",
				reply->otlp.why);
}

/* As long as it says "later". -ECANCELED: the program ends. */
static int ask_again(struct otlp_sender *sender, const struct otlp_line *line, struct reply *ret,
		     struct fleet_error *error)
{
	for (;;) {
		int err = ask(sender, line, ret, error);
		uint64_t ns;

		if (err)
			return err;
		if (ret->otlp.verdict != OTLP_LATER)
			break;
		ns = backoff__next_ns(&sender->backoff, randombytes_random());
		if (ns < ret->http.retry_after_s * SECOND_NS)
			ns = ret->http.retry_after_s * SECOND_NS;
		err = say_answer(error, -ECANCELED, sender, ret);
		sender->hooks->say_trouble(sender->ctx, error);
		if (sender->hooks->rest(sender->ctx, clock__now_mono_ns() + ns))
			return err;
	}
	sender->backoff.failures = 0;
	return 0;
}

/* ---- is it there ---- */

/* 0; 1: it has no such path; -errno. */
static int try_signal(struct otlp_sender *sender, enum otlp_signal signal,
		      struct fleet_error *error)
{
	const char *json = signal == OTLP_LOGS ? "{\"resourceLogs\":[]}" : "{\"resourceSpans\":[]}";
	const struct otlp_line line = { signal, json, strlen(json) };
	struct reply reply;
	int err = ask_again(sender, &line, &reply, error);

	/* what it says to nothing is no word about data */
	if (err || reply.otlp.verdict == OTLP_TAKEN || reply.http.status == 400)
		return err;
	err = say_answer(error, -EACCES, sender, &reply);
	return reply.http.status == 404 || reply.http.status == 405 ? 1 : err;
}

static void say_deaf(const struct otlp_sender *sender, enum otlp_signal signal,
		     enum otlp_signal other)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "it takes no %s: only %s are sent", words[signal],
		       words[other]);
	sender->hooks->say(sender->ctx, text);
}

/* 0: it takes these; 1: it has no path for them, and takes the others; -errno. */
static int find_out(struct otlp_sender *sender, enum otlp_signal signal, struct fleet_error *error)
{
	const enum otlp_signal other = signal == OTLP_LOGS ? OTLP_SPANS : OTLP_LOGS;
	const int has_none = try_signal(sender, signal, error);
	int err = 0;

	if (has_none < 0)
		return has_none;
	if (has_none)
		err = try_signal(sender, other, error);
	if (err)
		return err < 0 ? err : -ENOENT;
	if (has_none && !sender->is_deaf[signal])
		say_deaf(sender, signal, other);
	sender->is_deaf[signal] = has_none;
	return has_none;
}

/* Whether it takes spans is seen when there are some. */
int otlp_sender__try(struct otlp_sender *sender, struct fleet_error *error)
{
	const int err = find_out(sender, OTLP_LOGS, error);

	return err < 0 ? err : 0;
}

/* ---- a file ---- */

struct sending {
	struct otlp_sender *sender;
	const char *name;
	struct fleet_error *error;
};

static void say_rejected(const struct sending *sending, enum otlp_signal signal,
			 const struct otlp_answer *answer)
{
	struct otlp_sender *sender = sending->sender;
	char text[FLEET_ERROR_BYTES];

	if (answer->rejected)
		(void)snprintf(text, sizeof(text), "%s: it rejected %" PRIu64 " %s%s%s",
			       sending->name, answer->rejected, words[signal],
			       answer->why[0] ? ": " : "", answer->why);
	else if (answer->why[0])
		(void)snprintf(text, sizeof(text), "%s: it warns: %s", sending->name, answer->why);
	else
		return;
	sender->hooks->say(sender->ctx, text);
	sender->hooks->rejected(sender->ctx, answer->rejected);
}

/* Whom it does not know, or what it has not: that is so for all requests. */
static bool is_of_place(long status)
{
	return status == 401 || status == 403 || status == 404 || status == 405;
}

/* It must not be sent again. -ENOMSG; or that the receiver wants nothing at all, which may change. 0: it wants
 * none of these, but others. */
static int give_up(const struct sending *sending, const struct otlp_line *line,
		   const struct reply *reply)
{
	struct fleet_error error;
	int err = 0;

	if (is_of_place(reply->http.status))
		err = find_out(sending->sender, line->signal, sending->error);
	if (err)
		return err < 0 ? err : 0;
	(void)say_answer(&error, -ENOMSG, sending->sender, reply);
	return fleet_error__set(sending->error, -ENOMSG, "%s is given up: %s", sending->name,
				error.text);
}

/* Until it is taken or refused. */
static int post(const struct sending *sending, const struct otlp_line *line)
{
	struct reply reply;
	const int err = ask_again(sending->sender, line, &reply, sending->error);

	if (err == -EMSGSIZE)
		return fleet_error__set(sending->error, -ENOMSG,
					"%s is given up: the answer is too long", sending->name);
	if (err)
		return err;
	if (reply.otlp.verdict == OTLP_REFUSED)
		return give_up(sending, line, &reply);
	say_rejected(sending, line->signal, &reply.otlp);
	return 0;
}

/* All lines after the first `done`. Returns how many there are, or -errno. */
static int64_t post_all(const struct sending *sending, struct otlp_lines *lines, uint64_t done)
{
	struct otlp_sender *sender = sending->sender;
	struct otlp_line line;
	int64_t cnt = 0;
	int err;

	while ((err = otlp_lines__next(lines, &line)) == 1) {
		cnt++;
		if ((uint64_t)cnt <= done || sender->is_deaf[line.signal])
			continue;
		err = sender->hooks->before_request(sender->ctx, line.len);
		if (!err)
			err = post(sending, &line);
		if (err)
			return err;
		sender->hooks->taken(sender->ctx, (uint64_t)cnt);
	}
	if (err)
		return fleet_error__set(sending->error, -EBADF,
					"%s: can't read what ttlog-view says: %s", sending->name,
					strerror(-err));
	return cnt;
}

/* How ttlog-view has ended, after all lines were taken. */
static int judge(const struct sending *sending, int end, int64_t cnt)
{
	struct otlp_sender *sender = sending->sender;
	char text[FLEET_ERROR_BYTES];

	if (!end)
		return 0;
	if (end != -ENODATA)
		return fleet_error__set(sending->error, -EBADF, "%s: can't ask ttlog-view: %s",
					sending->name, strerror(-end));
	if (!cnt)
		return fleet_error__set(sending->error, -ENOMSG,
					"%s is given up: ttlog-view can't read it here (is it "
					"encrypted?)",
					sending->name);
	(void)snprintf(text, sizeof(text), "%s is damaged: what could be read was sent",
		       sending->name);
	sender->hooks->say(sender->ctx, text);
	return 0;
}

int otlp_sender__send(struct otlp_sender *sender, const char *name, uint64_t done,
		      struct fleet_error *error)
{
	const struct sending sending = { .sender = sender, .name = name, .error = error };
	const int fd = info_helper__open_events(sender->helper, name);
	struct otlp_lines lines;
	int64_t cnt;
	int end;

	if (fd < 0)
		return fleet_error__set(error, -EBADF, "%s: can't ask ttlog-view: %s", name,
					strerror(errno));
	otlp_lines__init(&lines, fd);
	cnt = post_all(&sending, &lines, done);
	otlp_lines__fini(&lines);
	end = info_helper__close_events(sender->helper, fd);
	return cnt < 0 ? (int)cnt : judge(&sending, end, cnt);
}
