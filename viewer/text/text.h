/* SPDX-License-Identifier: MIT */
/* Events for people: a line for each event, aligned, and good for grep. */
#ifndef TTLOG_VIEW_TEXT_H
#define TTLOG_VIEW_TEXT_H

#include <ttlog/read.h>
#include "out.h"

struct text_output {
	struct out *out;
	bool colour;
	/* of the columns, for all files */
	size_t id_width, comm_width, where_width;
	/* of the next event, which may not come where it stands: host_order__take(); 0: it does */
	uint64_t unsure_ns;
};

void text_output__init(struct text_output *text, struct out *out, bool colour,
		       struct ttlog_snapshot *const *readers, size_t reader_cnt);
/* Makes columns wide enough for these, too. */
void text_output__widen(struct text_output *text, struct ttlog_snapshot *const *readers,
			size_t reader_cnt);
/* The escape sequence of a level's colour. */
const char *level_colour(uint8_t level);
void text_output__event(struct text_output *text, const struct ttlog_event *event);

/* Parts of the line, without colour. */
void text__where(struct out *out, const struct ttlog_site *site); /* target:probe */
void text__message(struct out *out, const struct ttlog_site *site);
void text__key(struct out *out, const struct ttlog_site *site, unsigned idx);
void text__value(struct out *out, const struct ttlog_event *event, unsigned idx);

#endif /* TTLOG_VIEW_TEXT_H */
