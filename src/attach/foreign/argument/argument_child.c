/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "argument.h"
#include "argument_child.h"
#include "child_process.h"
#include "dwarf_arguments.h"
#include "parser_rights.h"

bool argument_child__is_asked(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], ARGUMENT_PROCESS_OPTION);
}

/* The descriptor that comes with a message; -1: none. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* Bytes of a message, or the end of this process. */
static size_t receive(int socket, void *bytes, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { bytes, size };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len;

	do
		len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		_exit(0);
	*ret_fd = take_descriptor(&message);
	return (size_t)len;
}

static void answer(int socket, const void *bytes, size_t size)
{
	if (send(socket, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(1);
}

void argument_child__run(void)
{
	const int socket = STDIN_FILENO;
	struct function_arguments *found = malloc(sizeof(*found));
	struct function_wish *wish = malloc(sizeof(*wish));
	struct dwarf_arguments *dwarf;
	struct argument_hello hello = { 0 };
	int fd;

	parser_rights__drop(ARGUMENT_PROCESS_NAME);
	if (!found || !wish)
		_exit(1);
	(void)receive(socket, wish, sizeof(*wish), &fd);
	dwarf = dwarf_arguments__new(fd);
	hello.has_debug = dwarf != NULL;
	answer(socket, &hello, sizeof(hello));
	while (dwarf && receive(socket, wish, sizeof(*wish), &fd) == sizeof(*wish)) {
		dwarf_arguments__find(dwarf, wish, found);
		answer(socket, found, sizeof(*found));
	}
	_exit(0);
}
