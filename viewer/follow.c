/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control_dial.h"
#include "control_wire.h"
#include "follow.h"
#include <ttlog/read.h>
#include "runtime_dir.h"

#define ANSWER_MS 5000
#define SETTLE_MS 200

struct collector {
	int fd; /* -1: it has ended */
	char name[CONTROL_DIAL_NAME_BYTES];
	uint64_t dropped, missed;
};

struct follow {
	int epoll_fd;
	struct collector collectors[CONTROL_DIAL_MAX];
	size_t cnt, live_cnt;
	struct collector *unanswered; /* whose piece the caller has */
	uint64_t events, piece_events;
	uint64_t unread; /* events of pieces that came and were no use */
};

/* What a packet is, and the descriptor that came with it, or -1. */
struct packet {
	struct control_wire_live live;
	int fd;
};

/* ---- up ---- */

struct opening {
	struct follow *follow;
	FILE *why;
	int err; /* of the last that could not be reached */
};

static void take_answerer(void *ctx, const char *name, int fd, int err)
{
	struct opening *opening = ctx;
	struct follow *follow = opening->follow;
	struct collector *collector = &follow->collectors[follow->cnt];

	if (err) {
		fprintf(opening->why, "%s: can't be asked: %s\n", name, strerror(-err));
		opening->err = err;
		return;
	}
	*collector = (struct collector){ .fd = fd };
	(void)snprintf(collector->name, sizeof(collector->name), "%s", name);
	follow->cnt++;
}

/* As many of its expressions as a request has room for: the pieces are filtered again. */
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

static int ask_all(struct opening *opening, int dir_fd, const struct ttlog_filter *filter)
{
	struct control_dial dial = {
		.timeout_ms = ANSWER_MS,
		.reached = take_answerer,
		.ctx = opening,
	};
	struct control_wire_follow wire = {
		.magic = CONTROL_WIRE_FOLLOW_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.format = CONTROL_WIRE_FORMAT,
	};
	char *request = malloc(CONTROL_WIRE_MAX_BYTES);
	int err;

	if (!request)
		return -ENOMEM;
	wire.filter_bytes = (uint32_t)put_filter(filter, request + sizeof(wire));
	memcpy(request, &wire, sizeof(wire));
	dial.request = request;
	dial.request_len = sizeof(wire) + wire.filter_bytes;
	err = control_dial__all(dir_fd, &dial);
	free(request);
	return err;
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
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether it lets us follow. */
static bool is_welcome(const struct collector *collector, int64_t until_ms, FILE *why)
{
	struct pollfd pollfd = { .fd = collector->fd, .events = POLLIN };
	char packet[1 + CONTROL_WIRE_TEXT_BYTES];
	struct control_wire_live live;
	ssize_t len;

	for (;;) {
		int64_t left_ms = until_ms - now_ms();

		if (poll(&pollfd, 1, left_ms > 0 ? (int)left_ms : 0) <= 0) {
			fprintf(why, "%s: the collector did not answer\n", collector->name);
			return false;
		}
		len = recv(collector->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (len <= 0) {
			fprintf(why,
				"%s: the collector hung up: it ends, or is too old to be followed\n",
				collector->name);
			return false;
		}
		if (packet[0] == CONTROL_WIRE_FAILED)
			return false;
		if (packet[0] == CONTROL_WIRE_TEXT)
			print_refusal(collector->name, packet + 1, (size_t)len - 1, why);
		else
			break;
	}
	return !control_wire__parse_live(packet, (size_t)len, &live) &&
	       live.kind == CONTROL_WIRE_FOLLOWED;
}

static int watch(struct follow *follow, struct collector *collector)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = collector };

	return epoll_ctl(follow->epoll_fd, EPOLL_CTL_ADD, collector->fd, &event) ? -errno : 0;
}

static int keep_welcome(struct follow *follow, FILE *why)
{
	const int64_t until_ms = now_ms() + ANSWER_MS;
	int err = 0;

	for (size_t i = 0; i < follow->cnt; i++) {
		struct collector *collector = &follow->collectors[i];

		if (!err && is_welcome(collector, until_ms, why)) {
			err = watch(follow, collector);
			follow->live_cnt++;
			continue;
		}
		(void)close(collector->fd);
		collector->fd = -1;
	}
	if (!err && follow->cnt && !follow->live_cnt)
		err = -EINVAL;
	return err;
}

static int start(struct opening *opening, const struct ttlog_filter *filter)
{
	struct follow *follow = opening->follow;
	char dir[PATH_MAX];
	int err, dir_fd;

	err = runtime_dir__find(dir);
	dir_fd = err ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		err = err ? err : -errno;
		fprintf(opening->why, "no runtime directory: %s\n", strerror(-err));
		return err;
	}
	follow->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	err = follow->epoll_fd < 0 ? -errno : ask_all(opening, dir_fd, filter);
	(void)close(dir_fd);
	if (!err && !follow->cnt && !opening->err) {
		fprintf(opening->why,
			"no collector is running (none listens in %s): start one, as the same user, "
			"for example with ttlog-collect -p PID\n",
			dir);
		return -ENOENT;
	}
	if (!err && !follow->cnt)
		err = opening->err;
	return err ? err : keep_welcome(follow, opening->why);
}

struct follow *follow__open(const struct ttlog_filter *filter, char *ret_why, size_t why_size)
{
	struct opening opening = { .follow = calloc(1, sizeof(*opening.follow)) };
	int err = -ENOMEM;

	memset(ret_why, 0, why_size);
	opening.why = opening.follow ? fmemopen(ret_why, why_size, "w") : NULL;
	if (opening.why) {
		opening.follow->epoll_fd = -1;
		err = start(&opening, filter);
		(void)fclose(opening.why);
		ret_why[why_size - 1] = '\0';
	}
	if (!err)
		return opening.follow;
	if (!ret_why[0])
		(void)snprintf(ret_why, why_size, "%s\n", strerror(-err));
	follow__close(opening.follow);
	errno = -err;
	return NULL;
}

void follow__close(struct follow *follow)
{
	if (!follow)
		return;
	for (size_t i = 0; i < follow->cnt; i++) {
		if (follow->collectors[i].fd >= 0)
			(void)close(follow->collectors[i].fd);
	}
	if (follow->epoll_fd >= 0)
		(void)close(follow->epoll_fd);
	free(follow);
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
	*ret = (struct follow_counts){ .events = follow->events, .dropped = follow->unread };
	for (size_t i = 0; i < follow->cnt; i++) {
		ret->dropped += follow->collectors[i].dropped;
		ret->missed += follow->collectors[i].missed;
	}
}

/* ---- pieces ---- */

static void end(struct follow *follow, struct collector *collector)
{
	(void)close(collector->fd);
	collector->fd = -1;
	follow->live_cnt--;
}

/* 0, -EAGAIN where there is none, or another -errno: it has ended, in whatever way. */
static int receive(struct collector *collector, struct packet *ret)
{
	unsigned char bytes[sizeof(ret->live) + 1];
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iovec = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr message = {
		.msg_iov = &iovec,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(collector->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head;
	int err;

	if (len <= 0)
		return len ? -errno : -EPIPE;
	head = CMSG_FIRSTHDR(&message);
	ret->fd = -1;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&ret->fd, CMSG_DATA(head), sizeof(ret->fd));
	err = control_wire__parse_live(bytes, (size_t)len, &ret->live);
	if (!err && (ret->live.kind == CONTROL_WIRE_PIECE) != (ret->fd >= 0))
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
	/* who is gone is found to be when it is listened to */
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
	case CONTROL_WIRE_PIECE:
		follow->unanswered = collector;
		*ret = ttlog_snapshot_start_fd(packet->fd, collector->name, why, sizeof(why));
		if (!*ret) {
			follow->unread += packet->live.events;
			return FOLLOW_PAUSE;
		}
		follow->events += packet->live.events;
		follow->piece_events = packet->live.events;
		return FOLLOW_PIECE;
	case CONTROL_WIRE_END:
		end(follow, collector);
		return FOLLOW_PAUSE;
	default:
		return FOLLOW_PAUSE;
	}
}

enum follow_news follow__next(struct follow *follow, struct ttlog_snapshot **ret)
{
	struct epoll_event event;
	struct packet packet;
	int err;

	answer(follow);
	while (follow->live_cnt) {
		struct collector *collector;

		if (epoll_wait(follow->epoll_fd, &event, 1, 0) <= 0)
			return FOLLOW_NOTHING;
		collector = event.data.ptr;
		err = receive(collector, &packet);
		if (!err)
			return take(follow, collector, &packet, ret);
		if (err != -EAGAIN && err != -EINTR)
			end(follow, collector);
	}
	return FOLLOW_ENDED;
}

void follow__settle(struct follow *follow)
{
	struct pollfd news = { .fd = follow->epoll_fd, .events = POLLIN };
	struct ttlog_snapshot *piece;
	size_t waited = 0; /* for as many collectors, once what had come was answered */
	bool is_answered = false;

	while (waited < follow->live_cnt) {
		switch (follow__next(follow, &piece)) {
		case FOLLOW_PIECE:
			ttlog_snapshot_close(piece);
			follow->events -= follow->piece_events;
			follow->unread += follow->piece_events;
			break;
		case FOLLOW_PAUSE:
			waited += is_answered;
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
