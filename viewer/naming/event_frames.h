/* SPDX-License-Identifier: MIT */
/* The frames of the stacks of events (FORMAT.md, key `stacks`), which may be hostile. */
#ifndef TTLOG_VIEW_EVENT_FRAMES_H
#define TTLOG_VIEW_EVENT_FRAMES_H

#include <ttlog/read.h>

#define EVENT_FRAMES_MAX 65536u

struct event_frame {
	struct ttlog_frame shown;
	bool is_place; /* in a list: no return address, but where the thread was */
	bool is_done; /* it has a name from where the functions that were inlined into it have theirs */
};

/* All zero: none. */
struct event_frames {
	struct event_frame *list; /* by number */
	size_t cnt;
};

/* The frames of a header, whose memory they use; none if its key is not valid. 0 or -ENOMEM. */
int event_frames__init(struct event_frames *ret, struct ttlog_cbor header);
void event_frames__fini(struct event_frames *frames);

#endif /* TTLOG_VIEW_EVENT_FRAMES_H */
