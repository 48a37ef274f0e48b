/* SPDX-License-Identifier: MIT */
/*
 * Running collectors: each piece is a part of the sources, behind all others. Pieces are kept, so
 * they are bounded; when the bound is reached or the screen is paused none is asked for, and the
 * collectors count what they leave out.
 */
#include <string.h>

#include "browse.h"

#define PIECES_MAX      4096u
#define PIECE_BYTES_MAX (64u << 20)

void browse__begin_follow(struct browse *browse)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[TTLOG_WHY_BYTES];

	if (browse->follow || !filter) {
		ttlog_filter_free(filter);
		return;
	}
	*why = '\0';
	browse->follow = follow__open(filter, why, sizeof(why));
	ttlog_filter_free(filter);
	why[strcspn(why, "\n")] = '\0';
	if (!browse->follow)
		browse__say(browse, "the file's end is followed; of collectors: %s", why);
}

void browse__end_follow(struct browse *browse)
{
	follow__close(browse->follow);
	browse->follow = NULL;
}

static bool is_full(const struct browse *browse)
{
	return browse->piece_cnt >= PIECES_MAX || browse->piece_bytes >= PIECE_BYTES_MAX;
}

void browse__take_pieces(struct browse *browse)
{
	struct ttlog_snapshot *piece;
	enum follow_news news = FOLLOW_NOTHING;

	if (browse->is_paused)
		return;
	while (browse->follow && !is_full(browse)) {
		news = follow__next(browse->follow, &piece);
		if (news != FOLLOW_PIECE)
			break;
		browse->piece_cnt++;
		browse->piece_bytes += ttlog_snapshot_contents(piece)->size;
		if (!sources__add(&browse->sources, &piece, 1, true))
			continue;
		ttlog_snapshot_close(piece);
		browse__say(browse, "no memory for what comes");
		break;
	}
	if (news == FOLLOW_ENDED) {
		browse__say(browse, "all collectors have ended");
		browse__end_follow(browse);
	} else if (browse->follow && is_full(browse)) {
		browse__say(browse, "no more is kept: the collectors are followed no longer");
		browse__end_follow(browse);
	}
}
