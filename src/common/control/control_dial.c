/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_dial.h"
#include "control_wire.h"

static bool is_socket_name(const char *name)
{
	size_t len = strlen(name), suffix = strlen(CONTROL_NAME_SUFFIX);

	return len < CONTROL_DIAL_NAME_BYTES && len > suffix &&
	       !strncmp(name, CONTROL_NAME_PREFIX, strlen(CONTROL_NAME_PREFIX)) &&
	       !strcmp(name + len - suffix, CONTROL_NAME_SUFFIX);
}

/* 0 with the connection in *ret_fd, or -errno. */
static int ask(int dir_fd, const char *name, const struct control_dial *dial, int *ret_fd)
{
	unsigned ms = dial->timeout_ms;
	struct timeval timeout = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd,
		       name);
	/* connecting also waits, if a stuck collector has a full backlog */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, dial->request, dial->request_len, MSG_NOSIGNAL) < 0)
		err = -errno;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

bool control_dial__one(int dir_fd, const char *name, const struct control_dial *dial)
{
	int fd = -1, err;

	if (!is_socket_name(name))
		return false;
	err = ask(dir_fd, name, dial, &fd);
	if (err == -ECONNREFUSED) {
		/* its collector was killed */
		(void)unlinkat(dir_fd, name, 0);
		return false;
	}
	if (err != -ENOENT)
		dial->reached(dial->ctx, name, fd, err);
	return !err;
}

int control_dial__all(int dir_fd, const struct control_dial *dial)
{
	const struct dirent *entry;
	unsigned cnt = 0;
	DIR *dir;
	int fd;

	fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while (cnt < CONTROL_DIAL_MAX && (entry = readdir(dir)))
		cnt += control_dial__one(dir_fd, entry->d_name, dial);
	closedir(dir);
	return 0;
}
