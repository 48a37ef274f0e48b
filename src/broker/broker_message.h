/* SPDX-License-Identifier: MIT */
/*
 * One message with descriptors, on a socket that keeps messages apart.
 */
#ifndef TTLOG_BROKER_MESSAGE_H
#define TTLOG_BROKER_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "broker_wire.h"

struct broker_message {
	void *head;
	size_t head_bytes;
	void *payload;
	size_t payload_bytes; /* for broker_message__receive() the room, then what came */
	int fds[BROKER_MAX_FDS];
	size_t fd_cnt;
};

/* 0 or -errno. */
int broker_message__send(int fd, const struct broker_message *message);
/* The caller owns the descriptors. 0; -EPIPE: the other end is closed; -EMFILE: there was no room for
 * its descriptors; -EBADMSG: it is cut short, or has no whole head. Then there are no descriptors. */
int broker_message__receive(int fd, struct broker_message *message);

#endif /* TTLOG_BROKER_MESSAGE_H */
