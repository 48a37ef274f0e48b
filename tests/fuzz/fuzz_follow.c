/* SPDX-License-Identifier: MIT */
/*
 * --follow with a collector that sends anything. Input: packets, each a byte, two bytes of length,
 * the lower first, and so many bytes. The first byte: 0: a packet, 1: the content of a live chunk's
 * frames, 2: a live chunk that is a device.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_wire.h"
#include "follow.h"
#include "fuzz.h"
#include "runtime_dir.h"

#define WAIT_MS     60000
#define MOST_EVENTS 300

struct collector {
	const uint8_t *at, *end;
	int listen_fd;
};

/* In place of the archive's function: collectors may run in the real directory. */
int runtime_dir__find(char ret_path[PATH_MAX])
{
	(void)snprintf(ret_path, PATH_MAX, "%s", fuzz__folder());
	return 0;
}

static int listen_once(void)
{
	static int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd >= 0)
		return fd;
	snprintf(address.sun_path, sizeof(address.sun_path),
		 "%s/" CONTROL_NAME_PREFIX "1" CONTROL_NAME_SUFFIX, fuzz__folder());
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 4));
	return fd;
}

/* Returns whether the receiver still exists. */
static int send_chunk(int to, int chunk_fd)
{
	struct control_wire_live live = { .kind = CONTROL_WIRE_CHUNK, .events = 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iovec = { .iov_base = &live, .iov_len = sizeof(live) };
	struct msghdr message = {
		.msg_iov = &iovec,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &chunk_fd, sizeof(chunk_fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) >= 0;
}

static int send_next(int to, struct collector *collector)
{
	size_t len = collector->at[1] | (size_t)collector->at[2] << 8, left;
	const uint8_t *bytes = collector->at + 3;
	int kind = collector->at[0] % 3, chunk_fd, is_sent;

	left = (size_t)(collector->end - bytes);
	len = len < left ? len : left;
	collector->at = bytes + len;
	if (!kind)
		return send(to, bytes, len, MSG_NOSIGNAL) >= 0;
	chunk_fd = kind == 1 ? fuzz__snapshot(bytes, len) : open("/dev/zero", O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(chunk_fd >= 0);
	is_sent = send_chunk(to, chunk_fd);
	close(chunk_fd);
	return is_sent;
}

static void *serve(void *context)
{
	struct collector *collector = context;
	int fd = accept4(collector->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	static char request[CONTROL_WIRE_MAX_BYTES];
	struct control_wire_parsed parsed;
	ssize_t len;

	FUZZ_CHECK(fd >= 0);
	len = recv(fd, request, sizeof(request), 0);
	FUZZ_CHECK(len > 0 && !control_wire__parse(request, (size_t)len, &parsed));
	FUZZ_CHECK(parsed.kind == CONTROL_REQUEST_FOLLOW && parsed.filter_bytes);
	while (collector->end - collector->at >= 3 && send_next(fd, collector))
		;
	close(fd);
	return NULL;
}

static void read_chunk(struct ttlog_snapshot *chunk, const struct ttlog_filter *filter)
{
	const struct ttlog_range all = { 0, UINT64_MAX };
	struct ttlog_stream *stream = ttlog_stream_new(&chunk, 1, filter, &all);
	struct ttlog_event event;

	FUZZ_CHECK(stream);
	for (int i = 0; i < MOST_EVENTS && ttlog_stream_next(stream, &event); i++)
		FUZZ_CHECK(event.site && event.thread);
	ttlog_stream_free(stream);
	ttlog_snapshot_close(chunk);
}

static void follow_all(struct follow *follow, const struct ttlog_filter *filter)
{
	struct pollfd pollfd = { .fd = follow__fd(follow), .events = POLLIN };
	struct follow_counts counts;
	struct ttlog_snapshot *chunk;
	enum follow_news news;

	while ((news = follow__next(follow, &chunk)) != FOLLOW_ENDED) {
		if (news == FOLLOW_NOTHING)
			FUZZ_CHECK(poll(&pollfd, 1, WAIT_MS) == 1);
		if (news == FOLLOW_CHUNK)
			read_chunk(chunk, filter);
		follow__counts(follow, &counts);
	}
	FUZZ_CHECK(!follow__collector_cnt(follow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct collector collector = { data, data + size, listen_once() };
	struct ttlog_filter *filter = ttlog_filter_new();
	struct follow *follow;
	pthread_t thread;
	char why[4096];

	fuzz__begin();
	FUZZ_CHECK(filter && !ttlog_filter_add(filter, "not has(none)", why, sizeof(why)));
	FUZZ_CHECK(!pthread_create(&thread, NULL, serve, &collector));
	follow = follow__open(filter, why, sizeof(why));
	FUZZ_CHECK(follow || (errno == EINVAL && *why));
	if (follow)
		follow_all(follow, filter);
	follow__close(follow);
	FUZZ_CHECK(!pthread_join(thread, NULL));
	ttlog_filter_free(filter);
	fuzz__end();
	return 0;
}
