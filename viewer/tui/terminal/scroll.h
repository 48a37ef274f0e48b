/* SPDX-License-Identifier: MIT */
/* Text over many lines, to scroll through. */
#ifndef TTLOG_VIEW_SCROLL_H
#define TTLOG_VIEW_SCROLL_H

#include <stdbool.h>
#include <stddef.h>

struct out;

struct scroll {
	char *text; /* owned */
	size_t len;
	size_t *starts; /* of lines */
	size_t line_cnt, top;
	int left;
};

/* Takes the text of `out`, which is in memory, and frees that in any case. Returns 0 or -errno. */
int scroll__take(struct scroll *scroll, struct out *out);
void scroll__fini(struct scroll *scroll);
void scroll__to_end(struct scroll *scroll, int height);
void scroll__draw(const struct scroll *scroll, int y, int height);
/* Returns whether the key scrolls. */
bool scroll__key(struct scroll *scroll, int key, int height);

#endif /* TTLOG_VIEW_SCROLL_H */
