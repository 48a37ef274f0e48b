/* SPDX-License-Identifier: MIT */
/*
 * Waits for lines that a collector writes into a file.
 */
#ifndef STRESS_LISTENER_H
#define STRESS_LISTENER_H

#include <stdint.h>
#include <sys/types.h>

struct listener {
	int fd, inotify_fd;
	off_t from; /* lines before that are ignored */
	char *text;
};

/* The file must be there. 0 or -errno. */
int listener__open(struct listener *listener, const char *path);
void listener__close(struct listener *listener);
/* The whole line that begins with `start`, valid until the next call; NULL: it did not come in
 * time. */
char *listener__wait(struct listener *listener, const char *start, uint64_t max_ms);

#endif /* STRESS_LISTENER_H */
