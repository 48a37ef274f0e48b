/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrier.h"
#include "clock.h"
#include "destination.h"
#include "sending.h"

#define SECOND_NS            UINT64_C(1000000000)
/* What is still on the disk here is audited so often. */
#define AUDIT_AGAIN_NS       (24 * 3600 * SECOND_NS)
/* If the place does not let it. */
#define AUDIT_RETRY_NS       (3600 * SECOND_NS)
/* Whether the connection is still there is looked at so often while there is nothing to do. */
#define LOOK_NS              SECOND_NS
/* A file that can't be read now. */
#define FILE_RETRY_NS        (60 * SECOND_NS)
/* What is kept in memory of files that are under way. */
#define UNDER_WAY_MOST_BYTES (1u << 20)

static void count(uint64_t *counter)
{
	(void)barrier__add_relaxed(counter, 1);
}

/* ---- what is said ---- */

static void say(const struct destination *destination, const char *text)
{
	fprintf(stderr, "ttlog-ship: %s: %s\n", destination->setting.text, text);
}

/* An error that lasts is said once. */
static void say_error(struct destination *destination, const struct fleet_error *error)
{
	struct spool_counts counts;
	char text[FLEET_ERROR_BYTES + 64];

	if (!strcmp(destination->said, error->text))
		return;
	(void)snprintf(destination->said, sizeof(destination->said), "%s", error->text);
	spool__count(destination->setting.spool, destination->setting.number, &counts);
	(void)snprintf(text, sizeof(text), "%s; %zu files wait, it is tried again", error->text,
		       counts.waiting);
	say(destination, text);
}

static void say_connected(struct destination *destination)
{
	struct spool_counts counts;
	char text[1024];

	destination->said[0] = '\0';
	spool__count(destination->setting.spool, destination->setting.number, &counts);
	(void)snprintf(text, sizeof(text), "connected to %s as %s; %zu files to send",
		       destination->place->server, destination->setting.host, counts.waiting);
	say(destination, text);
}

/* ---- work ---- */

static void set(const struct destination *destination, const struct spool_work *work,
		enum spool_task next, uint64_t after_ns)
{
	spool__set(destination->setting.spool, destination->setting.number, work->name, work->inode,
		   next, clock__now_mono_ns() + after_ns);
}

/* Where all can be reached but nothing be done, as on a full disk, that is no news each time. */
static void note_success(struct destination *destination)
{
	if (destination->is_failing)
		say_connected(destination);
	destination->is_failing = false;
	destination->backoff.failures = 0;
}

/* What can't be read back is believed. */
static void set_sent(const struct destination *destination, const struct spool_work *work)
{
	const struct place_setting *setting = &destination->setting;

	if (destination->ops->audit)
		spool__set_sent(setting->spool, setting->number, work->name, work->inode,
				clock__now_mono_ns() + destination->audit_after_ns);
	else
		spool__set_proven(setting->spool, setting->number, work->name, work->inode,
				  UINT64_MAX);
}

/* It is not there, and is not sent again. */
static void set_refused(struct destination *destination, const struct spool_work *work)
{
	const struct place_setting *setting = &destination->setting;

	count(&destination->counts.refused);
	spool__set(setting->spool, setting->number, work->name, work->inode, SPOOL_AUDIT,
		   UINT64_MAX);
}

/* err: of sending__send() and sending__settle(). */
static int judge(struct destination *destination, const struct spool_work *work, int err,
		 const struct fleet_error *error)
{
	barrier__store_relaxed(&destination->counts.rejected_records,
			       destination->place->rejected_records);
	switch (err) {
	case 0:
		set_sent(destination, work);
		note_success(destination);
		return 0;
	case -EINPROGRESS:
		return 0;
	case -EAGAIN:
		set(destination, work, SPOOL_SEND, 0);
		return 0;
	case -ENOMSG:
		say(destination, error->text);
		set_refused(destination, work);
		note_success(destination);
		return 0;
	case -EBADF:
		say_error(destination, error);
		/* fall through */
	case -ENOENT: /* the spool will know, too */
		set(destination, work, SPOOL_SEND, FILE_RETRY_NS);
		return 0;
	default:
		set(destination, work, SPOOL_SEND, 0);
		return err;
	}
}

/* is_waiting: until one of those that are under way is done. */
static int settle(struct destination *destination, bool is_waiting, struct fleet_error *error)
{
	struct spool_work done;
	int err;

	do {
		err = sending__settle(destination, is_waiting, &done, error);
		if (done.task == SPOOL_SEND)
			err = judge(destination, &done, err, error);
		is_waiting = false;
	} while (!err && done.task == SPOOL_SEND);
	return err;
}

/* Until so many are under way at most. */
static int settle_to(struct destination *destination, size_t most, struct fleet_error *error)
{
	int err = 0;

	while (!err && destination->under_way_cnt > most)
		err = settle(destination, true, error);
	return err;
}

static int send_one(struct destination *destination, const struct spool_work *work,
		    struct fleet_error *error)
{
	const size_t most = destination->ops->under_way_most;
	int err = settle_to(destination, most ? most - 1 : 0, error);

	if (err)
		return err;
	/* it is no longer its turn */
	spool__set(destination->setting.spool, destination->setting.number, work->name, work->inode,
		   SPOOL_SEND, UINT64_MAX);
	err = judge(destination, work, sending__send(destination, work, error), error);
	/* at a limited rate the next one may begin late */
	if (!err &&
	    (destination->rate.bytes_s || destination->under_way_bytes > UNDER_WAY_MOST_BYTES))
		err = settle_to(destination, 0, error);
	return err ? err : settle(destination, false, error);
}

static int send_one_urgent(struct destination *destination, const struct spool_work *work)
{
	struct fleet_error error;
	int err;

	destination->is_urgent = true;
	err = send_one(destination, work, &error);
	if (!err)
		err = settle_to(destination, 0, &error);
	destination->is_urgent = false;
	if (err)
		say_error(destination, &error);
	return err;
}

static int send_urgent(struct destination *destination)
{
	struct spool_work work;
	int err = 0;

	while (!err && spool__is_urgent(destination->setting.spool, destination->setting.number)) {
		spool__wait(destination->setting.spool, destination->setting.number, 0, &work);
		if (work.task == SPOOL_STOP)
			return -ECANCELED;
		if (work.task == SPOOL_SEND && work.is_crash)
			err = send_one_urgent(destination, &work);
	}
	return err;
}

int destination__go_on(struct destination *destination, bool is_crash)
{
	struct fleet_error error;
	int err;

	if (destination->is_urgent)
		return 0;
	err = settle(destination, false, &error);
	if (err)
		say_error(destination, &error);
	return err || is_crash ? err : send_urgent(destination);
}

static int audit_one(struct destination *destination, const struct spool_work *work,
		     struct fleet_error *error)
{
	char text[FLEET_ERROR_BYTES + 64];
	const int err = sending__audit(destination, work, error);

	if (!err) {
		count(&destination->counts.whole);
		spool__set_proven(destination->setting.spool, destination->setting.number,
				  work->name, work->inode, clock__now_mono_ns() + AUDIT_AGAIN_NS);
	}
	if (err == -ENODATA) {
		count(&destination->counts.not_whole);
		count(&destination->counts.resends);
		(void)snprintf(text, sizeof(text), "audit: %s; it is sent again", error->text);
		say(destination, text);
		set(destination, work, SPOOL_SEND, 0);
	}
	if (err == -EBADF) {
		say_error(destination, error);
		set(destination, work, SPOOL_AUDIT, AUDIT_RETRY_NS);
		return 0;
	}
	if (err && err != -ENODATA && err != -ECANCELED)
		return err;
	note_success(destination);
	return 0;
}

/* What comes after all is well is another trouble, and is said. */
static void forget_trouble(struct destination *destination)
{
	struct spool_counts counts;

	if (!destination->said[0])
		return;
	spool__count(destination->setting.spool, destination->setting.number, &counts);
	if (!counts.waiting)
		destination->said[0] = '\0';
}

/* While there is nothing to do. */
static int look(struct destination *destination, struct fleet_error *error)
{
	const struct place_ops *ops = destination->ops;
	const int err = ops->look ? ops->look(destination->place, error) : 0;

	forget_trouble(destination);
	if (!err)
		destination->backoff.failures = 0;
	return err;
}

static int work(struct destination *destination, const struct spool_work *work,
		struct fleet_error *error)
{
	int err;

	if (work->task == SPOOL_NOTHING && !destination->under_way)
		return look(destination, error);
	if (work->task == SPOOL_SEND)
		err = send_one(destination, work, error);
	else if (destination->under_way) /* what was sent last comes before an audit */
		err = settle(destination, true, error);
	else
		err = audit_one(destination, work, error);
	if (err)
		destination->is_failing = true;
	return err;
}

/* ---- the connection ---- */

/* What was under way is sent again. */
static void disconnect(struct destination *destination)
{
	struct spool_work work;

	barrier__store_relaxed(&destination->counts.is_connected, 0);
	destination->ops->close(destination->place);
	while (sending__drop(destination, &work))
		set(destination, &work, SPOOL_SEND, 0);
}

/* Some may have lost what they had acknowledged. */
static int connect_again(struct destination *destination, struct fleet_error *error)
{
	const struct place_ops *ops = destination->ops;
	const int err = ops->open(destination->place, error);

	if (err) {
		destination->is_failing = false;
		disconnect(destination);
		return err;
	}
	barrier__store_relaxed(&destination->counts.is_connected, 1);
	if (!destination->is_failing)
		say_connected(destination);
	if (ops->may_forget)
		spool__audit_all(destination->setting.spool, destination->setting.number);
	/* what can't be done now can later; work need not wait */
	if (ops->clean)
		(void)ops->clean(destination->place, error);
	return 0;
}

/* Connects, and works until something fails or all ends. */
static int serve(struct destination *destination, struct fleet_error *error)
{
	struct spool_work next = { .task = SPOOL_NOTHING };
	int err = connect_again(destination, error);

	while (!err) {
		spool__wait(destination->setting.spool, destination->setting.number,
			    destination->under_way ? 0 : clock__now_mono_ns() + LOOK_NS, &next);
		if (next.task == SPOOL_STOP)
			return 0;
		err = work(destination, &next, error);
	}
	return err;
}

/* What the ledger knows need not be sent; whether it is there is looked at. */
static void take_entry(void *ctx, const struct ledger_entry *entry)
{
	const struct destination *destination = ctx;
	const struct place_setting *setting = &destination->setting;
	const uint64_t now_s = clock__now_real_ns() / SECOND_NS;
	const uint64_t last_s = entry->audited_s ? entry->audited_s : entry->sent_s;
	const uint64_t age_ns = now_s > last_s ? (now_s - last_s) * SECOND_NS : 0;
	const uint64_t after_ns = entry->audited_s ? AUDIT_AGAIN_NS : destination->audit_after_ns;
	const uint64_t due_ns =
		destination->ops->audit
			? clock__now_mono_ns() + (age_ns < after_ns ? after_ns - age_ns : 0)
			: UINT64_MAX;

	if (!entry->object[0])
		return;
	if (entry->audited_s)
		spool__set_proven(setting->spool, setting->number, entry->name, entry->inode,
				  due_ns);
	else
		spool__set(setting->spool, setting->number, entry->name, entry->inode, SPOOL_AUDIT,
			   due_ns);
}

/* The place may have said how long it wants to be left alone. */
static void rest(struct destination *destination)
{
	const uint64_t wanted_ns = destination->place->retry_after_s * SECOND_NS;
	uint64_t ns = backoff__next_ns(&destination->backoff, randombytes_random());

	if (ns < wanted_ns)
		ns = wanted_ns;
	destination->place->retry_after_s = 0;
	(void)spool__rest(destination->setting.spool, clock__now_mono_ns() + ns);
}

static void *run(void *ctx)
{
	struct destination *destination = ctx;
	struct fleet_error error = { "" };

	if (ledger__each(destination->setting.ledger, destination->setting.text, take_entry,
			 destination))
		say(destination, "the ledger can't be read: what is there is found out again");
	spool__know(destination->setting.spool);
	while (!spool__is_stopped(destination->setting.spool)) {
		if (serve(destination, &error) && !spool__is_stopped(destination->setting.spool)) {
			count(&destination->counts.failures);
			say_error(destination, &error);
		}
		disconnect(destination);
		rest(destination);
	}
	destination->ops->free(destination->place);
	return NULL;
}

static void say_of_place(void *ctx, const char *text)
{
	say(ctx, text);
}

static void say_trouble_of_place(void *ctx, const struct fleet_error *error)
{
	say_error(ctx, error);
}

int destination__start(struct destination *destination)
{
	int err;

	destination->setting.say = say_of_place;
	destination->setting.say_trouble = say_trouble_of_place;
	destination->setting.ctx = destination;
	destination->place = destination->ops->make(&destination->setting);
	if (!destination->place)
		return -errno;
	err = -pthread_create(&destination->thread, NULL, run, destination);
	if (err)
		destination->ops->free(destination->place);
	return err;
}

void destination__join(struct destination *destination)
{
	struct spool_counts counts;

	(void)pthread_join(destination->thread, NULL);
	spool__count(destination->setting.spool, destination->setting.number, &counts);
	fprintf(stderr,
		"ttlog-ship: %s: %zu files wait, %zu were gone before they were sent, %zu before "
		"an audit had found them there\n",
		destination->setting.text, counts.waiting, counts.dropped, counts.unproven);
	if (destination->counts.refused || destination->counts.rejected_records)
		fprintf(stderr,
			"ttlog-ship: %s: %" PRIu64 " files were given up, %" PRIu64
			" records were rejected\n",
			destination->setting.text, destination->counts.refused,
			destination->counts.rejected_records);
}
