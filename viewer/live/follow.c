/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "control_dial.h"
#include "control_wire.h"
#include "fd_message.h"
#include "follow.h"
#include "runtime_dir.h"

#define ANSWER_MS 5000
#define JOIN_MS   200
#define SETTLE_MS 200

struct collector {
	int fd;          /* -1: the collector has ended, and the place is free */
	bool is_welcome; /* it has answered that we may follow */
	char name[CONTROL_DIAL_NAME_BYTES];
	uint64_t dropped, missed;
};

struct follow {
	int epoll_fd;
	int dir_fd;     /* where collectors listen */
	int inotify_fd; /* tells of new ones there; in the epoll set with NULL */
	char *request;
	size_t request_len;
	struct collector collectors[CONTROL_DIAL_MAX];
	size_t cnt; /* places in use, some of them free again */
	size_t live_cnt;
	uint64_t ended_dropped, ended_missed; /* of collectors that have ended */
	char told[1024];
	struct collector *unanswered; /* the caller has a live chunk of it */
	uint64_t chunk_events;        /* of the last live chunk */
	uint64_t unread;              /* events of live chunks that could not be read */
	struct ttlog_seen *seen;      /* two collectors may record one process */
};

/* fd: the descriptor that came with it, or -1. */
struct packet {
	struct control_wire_live live;
	int fd;
};

/* ---- Begin and end ---- */

struct asking {
	struct follow *follow;
	FILE *why;
	int err; /* of the last collector that could not be reached */
};

static struct collector *find_place(struct follow *follow)
{
	for (size_t i = 0; i < follow->cnt; i++) {
		if (follow->collectors[i].fd < 0)
			return &follow->collectors[i];
	}
	return follow->cnt < CONTROL_DIAL_MAX ? &follow->collectors[follow->cnt++] : NULL;
}

static int watch(struct follow *follow, int fd, struct collector *collector)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = collector };

	return epoll_ctl(follow->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int take_place(struct follow *follow, const char *name, int fd)
{
	struct collector *collector = find_place(follow);
	int err;

	if (!collector)
		return -EUSERS;
	*collector = (struct collector){ .fd = -1 };
	err = watch(follow, fd, collector);
	if (err)
		return err;
	collector->fd = fd;
	(void)snprintf(collector->name, sizeof(collector->name), "%s", name);
	follow->live_cnt++;
	return 0;
}

static void take_answerer(void *ctx, const char *name, int fd, int err)
{
	struct asking *asking = ctx;

	if (!err) {
		err = take_place(asking->follow, name, fd);
		if (!err)
			return;
		(void)close(fd);
	}
	fprintf(asking->why, "%s: can't be asked: %s\n", name, strerror(-err));
	asking->err = err;
}

/* Writes as many expressions as a request has room for: live chunks are filtered again. */
static size_t put_filter(const struct ttlog_filter *filter, char *to)
{
	size_t at = 0;
	char *text;

	for (size_t i = 0; (text = ttlog_filter_expression(filter, i)); i++) {
		size_t len = strlen(text) + 1;

		if (len <= CONTROL_WIRE_FILTER_BYTES - at) {
			memcpy(to + at, text, len);
			at += len;
		}
		free(text);
	}
	return at;
}

static int make_request(struct follow *follow, const struct ttlog_filter *filter)
{
	struct control_wire_follow wire = {
		.magic = CONTROL_WIRE_FOLLOW_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.format = CONTROL_WIRE_FORMAT,
	};

	follow->request = malloc(CONTROL_WIRE_MAX_BYTES);
	if (!follow->request)
		return -ENOMEM;
	wire.filter_bytes = (uint32_t)put_filter(filter, follow->request + sizeof(wire));
	memcpy(follow->request, &wire, sizeof(wire));
	follow->request_len = sizeof(wire) + wire.filter_bytes;
	return 0;
}

static struct control_dial make_dial(struct asking *asking, unsigned timeout_ms)
{
	return (struct control_dial){
		.request = asking->follow->request,
		.request_len = asking->follow->request_len,
		.timeout_ms = timeout_ms,
		.reached = take_answerer,
		.ctx = asking,
	};
}

static void print_refusal(const char *name, const char *text, size_t len, FILE *why)
{
	const size_t prefix = strlen(CONTROL_ERROR);

	if (len >= prefix && !strncmp(text, CONTROL_ERROR, prefix)) {
		text += prefix;
		len -= prefix;
	}
	fprintf(why, "%s: refused: %.*s", name, (int)len, text);
}

static int64_t now_ms(void)
{
	return (int64_t)(clock__now_mono_ns() / 1000000);
}

/* Takes an answer. Returns 1: we may follow, -1: we may not, 0: it has not answered that yet. */
static int hear(const struct collector *collector, FILE *why)
{
	char packet[1 + CONTROL_WIRE_TEXT_BYTES];
	struct control_wire_live live;
	ssize_t len = recv(collector->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0) {
		fprintf(why, "%s: the collector hung up: it ends, or is too old to be followed\n",
			collector->name);
		return -1;
	}
	if (packet[0] == CONTROL_WIRE_TEXT) {
		print_refusal(collector->name, packet + 1, (size_t)len - 1, why);
		return 0;
	}
	return !control_wire__parse_live(packet, (size_t)len, &live) &&
			       live.kind == CONTROL_WIRE_FOLLOWED
		       ? 1
		       : -1;
}

static bool is_welcome(const struct collector *collector, int64_t until_ms, FILE *why)
{
	struct pollfd pollfd = { .fd = collector->fd, .events = POLLIN };
	int verdict = 0;

	while (!verdict) {
		int64_t left_ms = until_ms - now_ms();

		if (poll(&pollfd, 1, left_ms > 0 ? (int)left_ms : 0) <= 0) {
			fprintf(why, "%s: the collector did not answer\n", collector->name);
			return false;
		}
		verdict = hear(collector, why);
	}
	return verdict > 0;
}

static void end(struct follow *follow, struct collector *collector)
{
	(void)close(collector->fd);
	follow->ended_dropped += collector->dropped;
	follow->ended_missed += collector->missed;
	*collector = (struct collector){ .fd = -1 };
	follow->live_cnt--;
}

static int keep_welcome(struct follow *follow, FILE *why)
{
	const int64_t until_ms = now_ms() + ANSWER_MS;

	for (size_t i = 0; i < follow->cnt; i++) {
		struct collector *collector = &follow->collectors[i];

		collector->is_welcome = is_welcome(collector, until_ms, why);
		if (!collector->is_welcome)
			end(follow, collector);
	}
	return follow->live_cnt ? 0 : -EINVAL;
}

/* A collector renames its socket into place once it listens. */
static void watch_for_new(struct follow *follow, const char *dir, FILE *why)
{
	follow->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (follow->inotify_fd < 0 || inotify_add_watch(follow->inotify_fd, dir, IN_MOVED_TO) < 0 ||
	    watch(follow, follow->inotify_fd, NULL))
		fprintf(why, "%s: collectors that start from now on are not followed: %s\n", dir,
			strerror(errno));
}

/* Watches the folder before it reads it, so that no collector is missed. */
static int ask_all(struct asking *asking, const char *dir)
{
	struct control_dial dial = make_dial(asking, ANSWER_MS);
	struct follow *follow = asking->follow;
	int err;

	follow->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (follow->epoll_fd < 0)
		return -errno;
	watch_for_new(follow, dir, asking->why);
	err = control_dial__all(follow->dir_fd, &dial);
	if (err || follow->live_cnt)
		return err;
	if (asking->err)
		return asking->err;
	fprintf(asking->why,
		"no collector is running (none listens in %s): start one, as the same user, "
		"for example with ttlog-collect -p PID\n",
		dir);
	return -ENOENT;
}

static int start(struct asking *asking, const struct ttlog_filter *filter)
{
	struct follow *follow = asking->follow;
	char dir[PATH_MAX];
	int err;

	err = runtime_dir__find(dir);
	follow->dir_fd = err ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (follow->dir_fd < 0) {
		err = err ? err : -errno;
		fprintf(asking->why, "no runtime directory: %s\n", strerror(-err));
		return err;
	}
	err = make_request(follow, filter);
	if (!err)
		err = ask_all(asking, dir);
	return err ? err : keep_welcome(follow, asking->why);
}

struct follow *follow__open(const struct ttlog_filter *filter, char *ret_why, size_t why_size)
{
	struct asking asking = { .follow = calloc(1, sizeof(*asking.follow)) };
	int err = -ENOMEM;

	memset(ret_why, 0, why_size);
	if (asking.follow) {
		asking.follow->epoll_fd = asking.follow->dir_fd = asking.follow->inotify_fd = -1;
		asking.follow->seen = ttlog_seen_new();
	}
	asking.why = asking.follow && asking.follow->seen ? fmemopen(ret_why, why_size, "w") : NULL;
	if (asking.why) {
		err = start(&asking, filter);
		(void)fclose(asking.why);
		ret_why[why_size - 1] = '\0';
	}
	if (!err)
		return asking.follow;
	if (!ret_why[0])
		(void)snprintf(ret_why, why_size, "%s\n", strerror(-err));
	follow__close(asking.follow);
	errno = -err;
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void follow__close(struct follow *follow)
{
	if (!follow)
		return;
	for (size_t i = 0; i < follow->cnt; i++)
		close_fd(follow->collectors[i].fd);
	close_fd(follow->inotify_fd);
	close_fd(follow->dir_fd);
	close_fd(follow->epoll_fd);
	ttlog_seen_free(follow->seen);
	free(follow->request);
	free(follow);
}

const char *follow__told(const struct follow *follow)
{
	return follow->told;
}

size_t follow__collector_cnt(const struct follow *follow)
{
	return follow->live_cnt;
}

int follow__fd(const struct follow *follow)
{
	return follow->epoll_fd;
}

void follow__counts(const struct follow *follow, struct follow_counts *ret)
{
	*ret = (struct follow_counts){
		.dropped = follow->unread + follow->ended_dropped,
		.missed = follow->ended_missed,
	};
	for (size_t i = 0; i < follow->cnt; i++) {
		ret->dropped += follow->collectors[i].dropped;
		ret->missed += follow->collectors[i].missed;
	}
}

/* ---- Collectors that come and go ---- */

static bool is_followed(const struct follow *follow, const char *name)
{
	for (size_t i = 0; i < follow->cnt; i++) {
		if (follow->collectors[i].fd >= 0 && !strcmp(follow->collectors[i].name, name))
			return true;
	}
	return false;
}

static size_t welcome_cnt(const struct follow *follow)
{
	size_t cnt = 0;

	for (size_t i = 0; i < follow->cnt; i++)
		cnt += follow->collectors[i].fd >= 0 && follow->collectors[i].is_welcome;
	return cnt;
}

static FILE *begin_telling(struct follow *follow)
{
	memset(follow->told, 0, sizeof(follow->told));
	return fmemopen(follow->told, sizeof(follow->told), "w");
}

/* Returns whether there is something to tell. */
static bool end_telling(struct follow *follow, FILE *told)
{
	if (told)
		(void)fclose(told);
	follow->told[sizeof(follow->told) - 1] = '\0';
	return follow->told[0];
}

static void tell_cnt(const struct follow *follow, FILE *told)
{
	size_t cnt = welcome_cnt(follow);

	fprintf(told, "following %zu collector%s\n", cnt, cnt == 1 ? "" : "s");
}

/* Asks collectors that are new. Returns whether there is something to tell. */
static bool ask_new(struct follow *follow)
{
	_Alignas(struct inotify_event) char bytes[4096];
	struct asking asking = { .follow = follow, .why = begin_telling(follow) };
	const struct control_dial dial = make_dial(&asking, JOIN_MS);
	const struct inotify_event *event;
	ssize_t len = read(follow->inotify_fd, bytes, sizeof(bytes));

	for (ssize_t at = 0; asking.why && at < len; at += (ssize_t)sizeof(*event) + event->len) {
		event = (const struct inotify_event *)(bytes + at);
		if (event->len && !is_followed(follow, event->name))
			(void)control_dial__one(follow->dir_fd, event->name, &dial);
	}
	return end_telling(follow, asking.why);
}

/* A new collector has answered. Returns whether there is something to tell. */
static bool join(struct follow *follow, struct collector *collector)
{
	FILE *told = begin_telling(follow);
	int verdict = told ? hear(collector, told) : -1;

	if (verdict < 0)
		end(follow, collector);
	if (verdict > 0) {
		collector->is_welcome = true;
		tell_cnt(follow, told);
	}
	return end_telling(follow, told);
}

static enum follow_news leave(struct follow *follow, struct collector *collector)
{
	bool was_followed = collector->is_welcome;
	FILE *told = begin_telling(follow);

	end(follow, collector);
	if (told && was_followed && follow->live_cnt) {
		fputs("a collector has ended: ", told);
		tell_cnt(follow, told);
	}
	return end_telling(follow, told) ? FOLLOW_TOLD : FOLLOW_PAUSE;
}

/* ---- Live chunks ---- */

/* Returns 0, -EAGAIN if there is nothing, or another -errno: the collector has ended. */
static int receive(struct collector *collector, struct packet *ret)
{
	unsigned char bytes[sizeof(ret->live) + 1];
	const ssize_t len =
		fd_message__receive(collector->fd, bytes, sizeof(bytes), &ret->fd, MSG_DONTWAIT);
	int err;

	if (len <= 0)
		return len ? (int)len : -EPIPE;
	err = control_wire__parse_live(bytes, (size_t)len, &ret->live);
	if (!err && (ret->live.kind == CONTROL_WIRE_CHUNK) != (ret->fd >= 0))
		err = -EBADMSG;
	if (err && ret->fd >= 0)
		(void)close(ret->fd);
	return err;
}

static void answer(struct follow *follow)
{
	struct collector *collector = follow->unanswered;
	const char done = 'a';

	follow->unanswered = NULL;
	/* if it has ended, receive() will say so */
	if (collector && collector->fd >= 0)
		(void)!send(collector->fd, &done, sizeof(done), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static enum follow_news take(struct follow *follow, struct collector *collector,
			     const struct packet *packet, struct ttlog_snapshot **ret)
{
	char why[160];

	collector->dropped = packet->live.dropped;
	collector->missed = packet->live.missed;
	switch (packet->live.kind) {
	case CONTROL_WIRE_CHUNK:
		follow->unanswered = collector;
		*ret = ttlog_snapshot_start_fd(packet->fd, collector->name, why, sizeof(why));
		if (!*ret) {
			follow->unread += packet->live.events;
			return FOLLOW_PAUSE;
		}
		/* without memory some events may be shown twice */
		(void)ttlog_seen_take(follow->seen, *ret);
		follow->chunk_events = packet->live.events;
		return FOLLOW_CHUNK;
	case CONTROL_WIRE_END:
		return leave(follow, collector);
	default:
		return FOLLOW_PAUSE;
	}
}

static enum follow_news listen_to(struct follow *follow, struct collector *collector,
				  struct ttlog_snapshot **ret)
{
	struct packet packet;
	int err;

	if (!collector)
		return ask_new(follow) ? FOLLOW_TOLD : FOLLOW_PAUSE;
	if (!collector->is_welcome)
		return join(follow, collector) ? FOLLOW_TOLD : FOLLOW_PAUSE;
	err = receive(collector, &packet);
	if (!err)
		return take(follow, collector, &packet, ret);
	return err == -EAGAIN || err == -EINTR ? FOLLOW_PAUSE : leave(follow, collector);
}

enum follow_news follow__next(struct follow *follow, struct ttlog_snapshot **ret)
{
	struct epoll_event event;

	answer(follow);
	if (!follow->live_cnt)
		return FOLLOW_ENDED;
	if (epoll_wait(follow->epoll_fd, &event, 1, 0) <= 0)
		return FOLLOW_NOTHING;
	return listen_to(follow, event.data.ptr, ret);
}

void follow__settle(struct follow *follow)
{
	struct pollfd news = { .fd = follow->epoll_fd, .events = POLLIN };
	struct ttlog_snapshot *chunk;
	size_t waited = 0; /* for as many collectors, after what had come was answered */
	bool is_answered = false;

	while (waited < follow->live_cnt) {
		switch (follow__next(follow, &chunk)) {
		case FOLLOW_CHUNK:
			ttlog_snapshot_close(chunk);
			follow->unread += follow->chunk_events;
			break;
		case FOLLOW_PAUSE:
			waited += is_answered;
			break;
		case FOLLOW_TOLD:
			break;
		case FOLLOW_NOTHING:
			is_answered = true;
			if (poll(&news, 1, SETTLE_MS) <= 0)
				return;
			break;
		case FOLLOW_ENDED:
			return;
		}
	}
}
