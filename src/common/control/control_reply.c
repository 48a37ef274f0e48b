/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "array.h"
#include "clock.h"
#include "control_reply.h"
#include "control_wire.h"

struct reply {
	char *text;
	size_t len, cap, most;
};

static int append(struct reply *reply, const char *text, size_t len)
{
	if (reply->len + len > reply->most)
		return -EMSGSIZE;
	if (array__reserve(reply->text, reply->len + len + 1, &reply->cap))
		return -ENOMEM;
	memcpy(reply->text + reply->len, text, len);
	reply->len += len;
	reply->text[reply->len] = 0;
	return 0;
}

/* Waits for a packet until the deadline. Its length, or -errno; -EPIPE at the end. */
static ssize_t receive_packet(int fd, uint64_t deadline_ns, char *packet, size_t bytes)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	const uint64_t now_ns = clock__now_mono_ns();
	const int left_ms = deadline_ns > now_ns ? (int)((deadline_ns - now_ns) / 1000000) : 0;
	ssize_t n;
	int ready;

	ready = poll(&pollfd, 1, left_ms);
	if (ready <= 0)
		return ready ? -errno : -ETIMEDOUT;
	n = recv(fd, packet, bytes, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return n ? n : -EPIPE;
}

static int read_all(struct reply *reply, int fd, uint64_t deadline_ns)
{
	char packet[1 + CONTROL_WIRE_TEXT_BYTES];
	ssize_t n;
	int err;

	for (;;) {
		n = receive_packet(fd, deadline_ns, packet, sizeof(packet));
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n < 0)
			return (int)n;
		if (packet[0] == CONTROL_WIRE_DONE || packet[0] == CONTROL_WIRE_FAILED ||
		    packet[0] == CONTROL_WIRE_USAGE)
			return packet[0];
		if (packet[0] != CONTROL_WIRE_TEXT)
			return -EBADMSG;
		err = append(reply, packet + 1, (size_t)n - 1);
		if (err)
			return err;
	}
}

int control_reply__read(int fd, uint64_t deadline_ns, size_t most, char **ret_text)
{
	struct reply reply = { .most = most < CONTROL_REPLY_MAX_BYTES ? most
								      : CONTROL_REPLY_MAX_BYTES };
	const int verdict = read_all(&reply, fd, deadline_ns);

	*ret_text = reply.text;
	return verdict;
}

const char *control_reply__describe(int err)
{
	if (err == -ETIMEDOUT)
		return "did not answer in time";
	if (err == -EPIPE || err == -ECONNRESET)
		return "ended, or refused, before it answered";
	return strerror(-err);
}
