/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "listener.h"

#define TEXT_MAX (1u << 22) /* bytes that come while it listens */
#define POLL_MS  200

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int listener__open(struct listener *listener, const char *path)
{
	struct stat st;
	int err = 0;

	listener->fd = open(path, O_RDONLY | O_CLOEXEC);
	listener->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	listener->text = malloc(TEXT_MAX + 1);
	if (listener->fd < 0 || listener->inotify_fd < 0 || !listener->text ||
	    inotify_add_watch(listener->inotify_fd, path, IN_MODIFY) < 0 ||
	    fstat(listener->fd, &st))
		err = -errno;
	if (err)
		listener__close(listener);
	else
		listener->from = st.st_size;
	return err;
}

void listener__close(struct listener *listener)
{
	if (listener->fd >= 0)
		(void)close(listener->fd);
	if (listener->inotify_fd >= 0)
		(void)close(listener->inotify_fd);
	free(listener->text);
}

char *listener__wait(struct listener *listener, const char *start, uint64_t max_ms)
{
	const uint64_t end_ms = now_ms() + max_ms;
	struct pollfd poll_fd = { .fd = listener->inotify_fd, .events = POLLIN };
	char events[4096];

	while (now_ms() < end_ms) {
		ssize_t len = pread(listener->fd, listener->text, TEXT_MAX, listener->from);

		listener->text[len > 0 ? len : 0] = '\0';
		for (char *line = listener->text, *newline; (newline = strchr(line, '\n'));
		     line = newline + 1) {
			if (strncmp(line, start, strlen(start)))
				continue;
			*newline = '\0';
			return line;
		}
		(void)poll(&poll_fd, 1, POLL_MS);
		(void)!read(listener->inotify_fd, events, sizeof(events));
	}
	return NULL;
}
