/* SPDX-License-Identifier: MIT */
/* A line that the user types: a filter, a search, a time, or a field to sort by. */
#ifndef TTLOG_VIEW_PROMPT_H
#define TTLOG_VIEW_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "choice.h"
#include "line_edit.h"
#include "rows.h"

enum prompt_kind {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_SEARCH,
	PROMPT_TIME,
	PROMPT_SORT,
};

struct prompt {
	enum prompt_kind kind;
	struct line_edit edit;
	struct choice before; /* Esc returns to it, */
	/* and to this place; each letter of a filter starts from there, too */
	bool has_anchor;
	struct rows_place anchor;
	uint64_t anchor_above; /* lines in sight above it */
};

#endif /* TTLOG_VIEW_PROMPT_H */
