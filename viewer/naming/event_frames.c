/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_copy.h"
#include "event_frames.h"

static const char RESTORER[] = "__restore_rt";

/* `name+0x1f`: the function that has the code; an inlined one has no offset. */
static bool has_offset(struct ttlog_text symbol)
{
	return symbol.len && memmem(symbol.p, symbol.len, "+0x", 3);
}

static void take_value(struct ttlog_frame *frame, struct ttlog_cbor key, struct ttlog_cbor value)
{
	struct ttlog_text *const texts[] = { &frame->ip, &frame->module, &frame->build_id,
					     &frame->offset, &frame->symbol };
	static const char *const keys[] = { "ip", "module", "build_id", "offset", "symbol" };
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(&value, &item))
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (item.kind == TTLOG_CBOR_TEXT && cbor_copy__is_text(key, keys[i]))
			*texts[i] = item.text;
	}
	frame->has_line |= cbor_copy__is_text(key, "line");
}

static int parse_frame(struct event_frame *frame, struct ttlog_cbor in)
{
	uint64_t cnt;
	int err = in.at ? cbor_copy__enter(&in, TTLOG_CBOR_MAP, &cnt) : -EBADMSG;

	for (uint64_t i = 0; !err && i < cnt; i++) {
		const struct ttlog_cbor key = cbor_copy__span(&in);
		const struct ttlog_cbor value = cbor_copy__span(&in);

		if (!key.at || !value.at)
			return -EBADMSG;
		take_value(&frame->shown, key, value);
	}
	frame->shown.is_inlined = frame->shown.symbol.len && !has_offset(frame->shown.symbol);
	return err;
}

/* A signal's handler returns to the function of __restore_rt, and that to where the signal came. */
static bool is_restorer(const struct ttlog_frame *frame)
{
	return frame->symbol.len >= sizeof(RESTORER) - 1 &&
	       !memcmp(frame->symbol.p, RESTORER, sizeof(RESTORER) - 1);
}

static int note_list(struct event_frames *frames, struct ttlog_cbor in)
{
	const struct event_frame *inner = NULL;
	uint64_t cnt;
	int err = in.at ? cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt) : -EBADMSG;

	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor_item item;
		struct event_frame *frame;

		if (ttlog_cbor_next(&in, &item) || item.kind != TTLOG_CBOR_UINT ||
		    item.u >= frames->cnt)
			return -EBADMSG;
		frame = &frames->list[item.u];
		frame->is_place |= !inner || is_restorer(&inner->shown);
		frame->is_done |= inner && inner->shown.is_inlined;
		inner = frame;
	}
	return err;
}

static int parse(struct event_frames *frames, struct ttlog_cbor stacks)
{
	struct ttlog_cbor in = cbor_copy__find(stacks, "frames");
	struct ttlog_cbor lists = cbor_copy__find(stacks, "lists");
	uint64_t cnt, list_cnt;

	if (!in.at || !lists.at || cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt) ||
	    cbor_copy__enter(&lists, TTLOG_CBOR_ARRAY, &list_cnt) || cnt > EVENT_FRAMES_MAX)
		return -EBADMSG;
	frames->list = calloc(cnt + 1, sizeof(*frames->list));
	if (!frames->list)
		return -ENOMEM;
	for (; frames->cnt < cnt; frames->cnt++) {
		if (parse_frame(&frames->list[frames->cnt], cbor_copy__span(&in)))
			return -EBADMSG;
	}
	while (list_cnt--) {
		if (note_list(frames, cbor_copy__span(&lists)))
			return -EBADMSG;
	}
	return 0;
}

int event_frames__init(struct event_frames *ret, struct ttlog_cbor header)
{
	struct event_frames frames = { .cnt = 0 };
	const struct ttlog_cbor stacks = cbor_copy__find(header, "stacks");
	int err = stacks.at ? parse(&frames, stacks) : 0;

	if (err)
		event_frames__fini(&frames);
	*ret = frames;
	return err == -ENOMEM ? err : 0;
}

void event_frames__fini(struct event_frames *frames)
{
	free(frames->list);
	*frames = (struct event_frames){ .cnt = 0 };
}
