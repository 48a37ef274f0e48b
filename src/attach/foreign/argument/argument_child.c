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
#include "fd_message.h"
#include "parser_rights.h"

bool argument_child__is_asked(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], ARGUMENT_PROCESS_OPTION);
}

/* Bytes of a message, or the end of this process. */
static size_t receive(int socket, void *bytes, size_t size, int *ret_fd)
{
	const ssize_t len = fd_message__receive(socket, bytes, size, ret_fd, 0);

	if (len <= 0)
		_exit(0);
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
