/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker_message.h"

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(BROKER_MAX_FDS * sizeof(int))];
};

int broker_message__send(int fd, const struct broker_message *message)
{
	struct iovec parts[] = {
		{ message->head, message->head_bytes },
		{ message->payload, message->payload_bytes },
	};
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };
	union control control = { 0 };
	ssize_t sent;

	if (message->fd_cnt) {
		const size_t bytes = message->fd_cnt * sizeof(int);

		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.head), message->fds, bytes);
	}
	do
		sent = sendmsg(fd, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *header, struct broker_message *message)
{
	message->fd_cnt = 0;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		message->fd_cnt = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds, CMSG_DATA(at), message->fd_cnt * sizeof(int));
	}
}

int broker_message__receive(int fd, struct broker_message *message)
{
	struct iovec parts[] = {
		{ message->head, message->head_bytes },
		{ message->payload, message->payload_bytes },
	};
	union control control;
	struct msghdr header = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	int truncated;

	do
		got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	take_fds(&header, message);
	if (!got)
		return -EPIPE;
	truncated = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	if ((size_t)got >= message->head_bytes && !truncated) {
		message->payload_bytes = (size_t)got - message->head_bytes;
		return 0;
	}
	while (message->fd_cnt)
		(void)close(message->fds[--message->fd_cnt]);
	return truncated & MSG_CTRUNC ? -EMFILE : -EBADMSG;
}
