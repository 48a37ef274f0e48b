/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file_info.h"
#include "webhook.h"

#define SECOND_NS     UINT64_C(1000000000)
/* A file that can't be read now. */
#define FILE_RETRY_NS (60 * SECOND_NS)
#define ANSWER_BYTES  4096
#define ANSWER_S      60

/* ---- what is said ---- */

/* Its path and query may be a secret. */
static void say(const struct webhook *webhook, const char *text)
{
	const char *host = strstr(webhook->url, "://");
	const size_t len = host ? (size_t)(host - webhook->url) + 3 + strcspn(host + 3, "/?#") : 0;

	fprintf(stderr, "ttlog-ship: webhook %.*s: %s\n", (int)len, webhook->url, text);
}

/* An error that lasts is said once. */
static void say_error(struct webhook *webhook, const char *text)
{
	if (!strcmp(webhook->said, text))
		return;
	(void)snprintf(webhook->said, sizeof(webhook->said), "%s", text);
	say(webhook, text);
}

/* ---- crashes ---- */

/* The crash is noted; 0; -ENOENT: the file is gone; else it is tried again. */
static int note(struct webhook *webhook, const struct spool_work *work, int fd)
{
	struct crash_report report;
	struct file_info info;
	int err = file_info__read(&info, webhook->helper, work->name, fd, webhook->host);

	if (err)
		return err;
	err = crash_report__read(&report, info.json, info.service, work->name, webhook->host);
	file_info__fini(&info);
	return err ? err : signatures__see(webhook->signatures, &report, work->inode);
}

static int look(struct webhook *webhook, const struct spool_work *work)
{
	const int fd = openat(spool__dir_fd(webhook->spool), work->name,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &status) ? -errno : 0;
	if (!err && (status.st_ino != work->inode || !S_ISREG(status.st_mode)))
		err = -ENOENT;
	if (!err)
		err = note(webhook, work, fd);
	(void)close(fd);
	return err;
}

/* If there are places, too, the file need not stay for this one; else it is nowhere but here. */
static void set_done(const struct webhook *webhook, const struct spool_work *work)
{
	if (webhook->number)
		spool__set_proven(webhook->spool, webhook->number, work->name, work->inode,
				  UINT64_MAX);
	else
		spool__set(webhook->spool, webhook->number, work->name, work->inode, SPOOL_AUDIT,
			   UINT64_MAX);
}

static void take(struct webhook *webhook, const struct spool_work *work)
{
	char text[NAME_MAX + 128];
	int err = 0;

	if (work->is_crash && !signatures__has_file(webhook->signatures, work->name, work->inode)) {
		err = look(webhook, work);
		webhook->has_news |= !err;
	}
	if (!err || err == -ENOENT) {
		set_done(webhook, work);
		return;
	}
	(void)snprintf(text, sizeof(text), "can't read %s: %s; it is tried again", work->name,
		       strerror(-err));
	say_error(webhook, text);
	spool__set(webhook->spool, webhook->number, work->name, work->inode, SPOOL_SEND,
		   clock__now_mono_ns() + FILE_RETRY_NS);
}

/* ---- news ---- */

static void wait_longer(struct webhook *webhook, uint64_t at_least_s)
{
	uint64_t ns = backoff__next_ns(&webhook->backoff, randombytes_random());

	if (ns < at_least_s * SECOND_NS)
		ns = at_least_s * SECOND_NS;
	webhook->next_ns = clock__now_mono_ns() + ns;
}

/* The server is there, and does not want it: others may be taken. */
static bool is_refusal(long status)
{
	return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

static void settle(struct webhook *webhook, const struct signature_news *news,
		   const struct http_answer *answer)
{
	char text[FLEET_ERROR_BYTES];
	int err;

	if (answer->status >= 200 && answer->status < 300) {
		err = signatures__told(webhook->signatures, &news->report);
		webhook->told++;
		webhook->backoff.failures = 0;
		webhook->said[0] = '\0';
	} else if (is_refusal(answer->status)) {
		err = signatures__refused(webhook->signatures, &news->report);
		webhook->refused++;
		(void)snprintf(
			text, sizeof(text),
			"it answers %ld: it is not told of %s before ttlog-ship starts again",
			answer->status, news->report.file);
		say(webhook, text);
	} else {
		(void)snprintf(text, sizeof(text), "it answers %ld; %zu wait, it is tried again",
			       answer->status, signatures__count_news(webhook->signatures));
		say_error(webhook, text);
		wait_longer(webhook, answer->retry_after_s);
		return;
	}
	if (err) {
		say_error(webhook, "what it was told can't be noted: the disk may be full");
		wait_longer(webhook, 0);
	}
}

/* Only the status of the answer is heeded, also of one that is too long. */
static int send(struct webhook *webhook, const char *json, struct http_answer *ret,
		struct fleet_error *error)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	const struct http_request request = {
		.method = "POST",
		.url = webhook->url,
		.headers = headers,
		.bytes = json,
		.len = strlen(json),
		.most_bytes = ANSWER_BYTES,
		.most_s = ANSWER_S,
	};
	const int err = http__do(webhook->http, &request, ret, error);

	http_answer__fini(ret);
	return err == -EMSGSIZE ? 0 : err;
}

static void post(struct webhook *webhook, const struct signature_news *news)
{
	char *json = crash_report__json(&news->report, news->news, news->cnt, news->before_s);
	struct http_answer answer;
	struct fleet_error error;
	int err;

	if (!json) {
		wait_longer(webhook, 0);
		return;
	}
	err = send(webhook, json, &answer, &error);
	free(json);
	if (!err) {
		settle(webhook, news, &answer);
	} else if (err != -ECANCELED) {
		say_error(webhook, error.text);
		wait_longer(webhook, 0);
	}
}

/* One, if its time has come. */
static void tell(struct webhook *webhook)
{
	struct signature_news news;
	int err;

	if (!webhook->has_news || clock__now_mono_ns() < webhook->next_ns)
		return;
	err = signatures__next(webhook->signatures, &news);
	if (!err) {
		post(webhook, &news);
		return;
	}
	webhook->has_news = err != -ENOENT;
	if (err == -EIO) {
		say_error(webhook, "its file of signatures can't be read");
		wait_longer(webhook, 0);
	}
}

/* ---- the thread ---- */

static void *run(void *ctx)
{
	struct webhook *webhook = ctx;
	struct spool_work work;

	webhook->has_news = true; /* from before */
	spool__know(webhook->spool);
	for (;;) {
		spool__wait(webhook->spool, webhook->number,
			    webhook->has_news ? webhook->next_ns : UINT64_MAX, &work);
		if (work.task == SPOOL_STOP)
			return NULL;
		if (work.task == SPOOL_SEND)
			take(webhook, &work);
		tell(webhook);
	}
}

static bool is_stopped(void *ctx)
{
	return spool__is_stopped(ctx);
}

int webhook__start(struct webhook *webhook)
{
	const struct http_options options = {
		.login = webhook->login,
		.also_system = true,
		.is_stopped = is_stopped,
		.ctx = webhook->spool,
	};

	webhook->http = http__new(&options);
	if (!webhook->http)
		return -errno;
	return -pthread_create(&webhook->thread, NULL, run, webhook);
}

void webhook__join(struct webhook *webhook)
{
	char text[128];

	(void)pthread_join(webhook->thread, NULL);
	http__free(webhook->http);
	(void)snprintf(text, sizeof(text),
		       "it was told of %" PRIu64 " crashes, refused %" PRIu64 "; %zu wait",
		       webhook->told, webhook->refused,
		       signatures__count_news(webhook->signatures));
	say(webhook, text);
}
