/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "asked.h"
#include "destination.h"
#include "hex.h"
#include "nats_link.h"
#include "sandbox.h"
#include "ship.h"
#include "ship_metrics.h"
#include "ship_rights.h"
#include "shipped_dir.h"
#include "shipped_marks.h"
#include "webhook.h"

#define EXIT_USAGE 2

struct ship {
	const struct ship_options *options;
	char from[PATH_MAX];
	struct place_options place_options;
	int lock_fd;
	int metrics_fd; /* listens, and `metrics` does not have it yet */
	int marks_fd;   /* of what is shipped */
	int marks_err;  /* the last one, which was said; with the spool's lock */
	struct info_helper *helper;
	struct info_helper *events[SHIP_MAX_DESTINATIONS]; /* of those that want them */
	struct ledger *ledger;
	struct spool *spool;
	struct destination destinations[SHIP_MAX_DESTINATIONS];
	size_t started_cnt;
	struct ship_metrics *metrics;
	struct signatures *signatures; /* NULL: no webhook */
	struct webhook webhook;
	bool has_webhook; /* it was started */
	struct asked asked;
};

static int report(int status, const char *what, const char *why)
{
	fprintf(stderr, "ttlog-ship: %s: %s\n", what, why);
	return status;
}

/* ---- the start ---- */

/* One shipper for a directory of state: two would send each file twice. */
static int open_state(struct ship *ship)
{
	const char *state = ship->options->state;
	char path[PATH_MAX];

	if (mkdir(state, 0700) && errno != EEXIST)
		return report(EXIT_USAGE, state, strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/lock", state);
	ship->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ship->lock_fd < 0)
		return report(EXIT_USAGE, path, strerror(errno));
	if (flock(ship->lock_fd, LOCK_EX | LOCK_NB))
		return report(1, state, "another ttlog-ship uses it: use --state DIR");
	ship->marks_fd = shipped_marks__open(state);
	if (ship->marks_fd < 0)
		return report(EXIT_USAGE, state, strerror(-ship->marks_fd));
	return 0;
}

/* A file of a spool: by the path of that. */
static void name_state(const struct ship *ship, const char *what, char ret[PATH_MAX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char digits[17];

	(void)crypto_hash_sha256(hash, (const unsigned char *)ship->from, strlen(ship->from));
	*hex__bytes(digits, hash, 8) = '\0';
	(void)snprintf(ret, PATH_MAX, "%s/%s-%s.db", ship->options->state, what, digits);
}

static int open_ledger(struct ship *ship)
{
	char path[PATH_MAX];
	const char *why = "";

	name_state(ship, "ledger", path);
	ship->ledger = ledger__open(path, &why);
	if (!ship->ledger)
		return report(1, path, why);
	if (!ship->options->webhook)
		return 0;
	name_state(ship, "signatures", path);
	ship->signatures = signatures__open(path, &why);
	return ship->signatures ? 0 : report(1, path, why);
}

/* Beside this program, or where programs are. */
static struct info_helper *start_helper(const char *from)
{
	char path[PATH_MAX + 16], *slash;
	const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		(void)strcpy(slash + 1, "ttlog-view");
	return info_helper__start(from, slash && !access(path, X_OK) ? path : "ttlog-view");
}

/* An error that lasts is said once. */
static void mark(void *ctx, const char *name, bool is_proven)
{
	struct ship *ship = ctx;
	const int err = shipped_marks__set(ship->marks_fd, name, is_proven);

	if (err && err != ship->marks_err)
		fprintf(stderr,
			"ttlog-ship: %s/" SHIPPED_DIR
			": %s: the collector's --keep-until-shipped keeps more than it needs to\n",
			ship->options->state, strerror(-err));
	ship->marks_err = err;
}

static void forget(void *ctx, const char *name)
{
	const struct ship *ship = ctx;

	(void)ledger__forget(ship->ledger, name);
	if (ship->signatures)
		(void)signatures__forget_file(ship->signatures, name);
	(void)shipped_marks__set(ship->marks_fd, name, false);
}

static int open_spool(struct ship *ship)
{
	const struct spool_events events = { .gone = forget, .proven = mark, .ctx = ship };

	const size_t cnt = ship->options->to_cnt + (ship->options->webhook ? 1 : 0);

	ship->spool = spool__open(ship->from, cnt, &events);
	if (!ship->spool)
		return report(EXIT_USAGE, ship->from, strerror(errno));
	(void)shipped_marks__forget_gone(ship->marks_fd, spool__dir_fd(ship->spool));
	(void)ledger__forget_gone(ship->ledger, spool__dir_fd(ship->spool));
	return 0;
}

static struct place_options place_options(const struct ship_options *options)
{
	return (struct place_options){
		.replicas = options->replicas,
		.login = options->login,
		.s3_endpoint = options->s3_endpoint,
		.s3_region = options->s3_region,
		.s3_keys = options->s3_keys,
	};
}

/* libnats has threads from here on. */
static int check_files(const struct ship_options *options)
{
	const struct nats_link_options link = {
		.login = options->login,
	};
	struct fleet_error error;

	if (!nats_link__check(&link, &error))
		return 0;
	fprintf(stderr, "ttlog-ship: %s\n", error.text);
	return EXIT_USAGE;
}

/* What each kind of place needs, before rights are given up. */
static int check_places(struct ship *ship)
{
	const struct ship_options *options = ship->options;
	struct fleet_error error;

	ship->place_options = place_options(options);
	for (size_t i = 0; i < options->to_cnt; i++) {
		const struct place_url *url = &options->to[i].url;

		if (!url->ops->check || !url->ops->check(url->url, &ship->place_options, &error))
			continue;
		fprintf(stderr, "ttlog-ship: --to %s: %s\n", options->to[i].text, error.text);
		return EXIT_USAGE;
	}
	return 0;
}

static int drop_rights(const struct ship *ship)
{
	const char *failed = "";
	const int err = ship_rights__drop(ship->options, ship->from,
					  ship->options->allowed ? &ship->asked.places : NULL,
					  &failed);

	if (!err)
		return 0;
	fprintf(stderr, "ttlog-ship: can't give up rights (%s): %s\n", failed, strerror(-err));
	return 1;
}

static int start_helpers(struct ship *ship)
{
	ship->helper = start_helper(ship->from);
	if (!ship->helper)
		return -1;
	for (size_t i = 0; i < ship->options->to_cnt; i++) {
		if (!ship->options->to[i].url.ops->wants_events)
			continue;
		ship->events[i] = start_helper(ship->from);
		if (!ship->events[i])
			return -1;
	}
	return 0;
}

static int open_all(struct ship *ship)
{
	const struct ship_options *options = ship->options;
	int status;

	if (!realpath(options->from, ship->from))
		return report(EXIT_USAGE, options->from, strerror(errno));
	status = open_state(ship);
	if (!status)
		status = check_places(ship);
	if (status)
		return status;
	ship->asked.allowed = options->allowed;
	if (options->allowed)
		control_places__find(&ship->asked.places);
	/* the process beside this one has none, either */
	if (sandbox__drop_capabilities())
		return report(1, "can't give up capabilities", strerror(errno));
	if (start_helpers(ship))
		return report(1, "can't start a process", strerror(errno));
	if (options->metrics.len) {
		ship->metrics_fd = ship_metrics__listen(&options->metrics);
		if (ship->metrics_fd < 0)
			return 1;
	}
	status = drop_rights(ship);
	if (!status)
		status = check_files(options);
	if (!status)
		status = open_ledger(ship);
	return status ? status : open_spool(ship);
}

static int fill(struct ship *ship, size_t number)
{
	const struct ship_options *options = ship->options;
	struct destination *destination = &ship->destinations[number];

	destination->ops = options->to[number].url.ops;
	destination->audit_after_ns = options->audit_after_ns;
	destination->rate.bytes_s = options->rate_bytes_s;
	destination->setting = (struct place_setting){
		.options = &ship->place_options,
		.text = options->to[number].text,
		.url = options->to[number].url.url,
		.number = number,
		.spool = ship->spool,
		.ledger = ship->ledger,
		.helper = ship->helper,
		.events = ship->events[number],
	};
	return fleet_name__own_host(destination->setting.host);
}

static int start_webhook(struct ship *ship)
{
	const struct ship_options *options = ship->options;
	struct webhook *webhook = &ship->webhook;
	int err;

	webhook->url = options->webhook;
	webhook->login = options->login;
	webhook->number = options->to_cnt;
	webhook->spool = ship->spool;
	webhook->signatures = ship->signatures;
	webhook->helper = ship->helper;
	err = fleet_name__own_host(webhook->host);
	if (!err)
		err = webhook__start(webhook);
	ship->has_webhook = !err;
	return err ? report(1, "--webhook", strerror(-err)) : 0;
}

static int start_all(struct ship *ship)
{
	for (size_t i = 0; i < ship->options->to_cnt; i++) {
		struct destination *destination = &ship->destinations[i];
		int err = fill(ship, i);

		if (!err)
			err = destination__start(destination);
		if (err)
			return report(1, destination->setting.text, strerror(-err));
		ship->started_cnt++;
		err = asked__start(&ship->asked, destination->ops, &destination->setting);
		if (err)
			return report(1, destination->setting.text, strerror(-err));
	}
	return ship->options->webhook ? start_webhook(ship) : 0;
}

static int start_metrics(struct ship *ship)
{
	if (ship->metrics_fd < 0)
		return 0;
	ship->metrics =
		ship_metrics__start(ship->metrics_fd, ship->destinations, ship->started_cnt);
	ship->metrics_fd = -1;
	return ship->metrics ? 0 : report(1, "--metrics", strerror(errno));
}

/* ---- until the end ---- */

static int watch(struct ship *ship, int signal_fd)
{
	struct pollfd wait[3 + SHIP_MAX_DESTINATIONS] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = spool__watch_fd(ship->spool), .events = POLLIN },
		{ .fd = info_helper__fd(ship->helper) }, /* only its end */
	};
	nfds_t cnt = 3;
	int err;

	for (size_t i = 0; i < SHIP_MAX_DESTINATIONS; i++) {
		if (ship->events[i])
			wait[cnt++].fd = info_helper__fd(ship->events[i]);
	}
	for (;;) {
		if (poll(wait, cnt, -1) < 0 && errno != EINTR)
			return report(1, "poll", strerror(errno));
		if (wait[0].revents)
			return 0;
		for (nfds_t i = 2; i < cnt; i++) {
			if (wait[i].revents)
				return report(1, "the process that starts ttlog-view",
					      "it has ended");
		}
		err = wait[1].revents ? spool__take_changes(ship->spool) : 0;
		if (err == -ESTALE)
			return report(1, ship->from, "the directory was moved or removed");
		if (err)
			return report(1, ship->from, strerror(-err));
	}
}

/* Before there are threads, which would take them. */
static int block_signals(void)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL))
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void end(struct ship *ship)
{
	if (ship->spool)
		spool__stop(ship->spool);
	ship_metrics__end(ship->metrics);
	asked__end(&ship->asked);
	for (size_t i = 0; i < ship->started_cnt; i++)
		destination__join(&ship->destinations[i]);
	if (ship->has_webhook)
		webhook__join(&ship->webhook);
	spool__free(ship->spool);
	ledger__free(ship->ledger);
	signatures__free(ship->signatures);
	info_helper__end(ship->helper);
	for (size_t i = 0; i < SHIP_MAX_DESTINATIONS; i++)
		info_helper__end(ship->events[i]);
	if (ship->marks_fd >= 0)
		(void)close(ship->marks_fd);
	if (ship->metrics_fd >= 0)
		(void)close(ship->metrics_fd);
	if (ship->lock_fd >= 0)
		(void)close(ship->lock_fd);
}

int ship__run(const struct ship_options *options)
{
	static struct ship ship;
	int signal_fd, status;

	ship.options = options;
	ship.lock_fd = ship.marks_fd = ship.metrics_fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	signal_fd = block_signals();
	status = signal_fd < 0 ? report(1, "signals", strerror(errno)) : open_all(&ship);
	if (!status)
		status = start_all(&ship);
	if (!status)
		status = start_metrics(&ship);
	if (!status)
		status = watch(&ship, signal_fd);
	end(&ship);
	if (signal_fd >= 0)
		(void)close(signal_fd);
	return status;
}
