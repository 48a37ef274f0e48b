/* SPDX-License-Identifier: MIT */
/*
 * What a collector says into a file, waited for line by line.
 */
#ifndef STRESS_LISTENER_H
#define STRESS_LISTENER_H

#include <stdint.h>
#include <sys/types.h>

struct listener {
	int fd, inotify_fd;
	off_t from; /* what was said before it was opened does not concern us */
	char *text;
};

/* The file must be there. 0 or -errno. */
int listener__open(struct listener *listener, const char *path);
void listener__close(struct listener *listener);
/* The whole line that starts so, valid until the next call; NULL where it does not come in time. */
char *listener__wait(struct listener *listener, const char *start, uint64_t max_ms);

#endif /* STRESS_LISTENER_H */
