/* SPDX-License-Identifier: MIT */
/*
 * A message on a UNIX socket, with a descriptor beside it.
 */
#ifndef TTLOG_FD_MESSAGE_H
#define TTLOG_FD_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* fd: -1: none. flags: of sendmsg(2); there is never a SIGPIPE. Returns how many bytes were sent, or
 * -errno. */
ssize_t fd_message__send(int socket, const struct iovec *parts, size_t cnt, int fd, int flags);
/* *ret_fd: -1 if none came; the caller closes it, also after a message that it does not want. Returns
 * how many bytes came, 0 at the end, or -errno. */
ssize_t fd_message__receive(int socket, void *bytes, size_t size, int *ret_fd, int flags);

#endif /* TTLOG_FD_MESSAGE_H */
