/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "events.h"
#include "follow.h"
#include "follower.h"
#include "message.h"
#include "out.h"

#define LIVE_CHUNKS_MAX 4096u
#define LIVE_BYTES_MAX  (64ull << 20)

int follower__begin(struct follower *follower, char *why, size_t why_size)
{
	struct events *events = follower->events;
	struct ttlog_filter *filter =
		choice__filter(&events->choice, events->options, NULL, NULL, &events->mistake);
	int err = 0;

	*why = '\0';
	if (!filter) {
		(void)snprintf(why, why_size, "%s",
			       errno == EINVAL ? events->mistake.why : "no memory");
		return -errno;
	}
	ttlog_filter_set_last(filter, clock__now_real_ns());
	follower->follow = follow__open(filter, why, why_size);
	if (!follower->follow)
		err = -errno;
	else if (*why)
		message__set_line(follower->message, why);
	ttlog_filter_free(filter);
	follower->asked = events->choice;
	follower->has_ended = false;
	return err;
}

static uint64_t left_out(const struct follower *follower)
{
	struct follow_counts counts = { .dropped = 0 };

	if (follower->follow)
		follow__counts(follower->follow, &counts);
	return follower->left_out + counts.dropped + counts.missed;
}

void follower__end(struct follower *follower)
{
	follower->left_out = left_out(follower);
	follow__close(follower->follow);
	follower->follow = NULL;
}

void follower__ask(struct follower *follower)
{
	char why[TTLOG_WHY_BYTES];

	if (!follower->follow || choice__is_equal(&follower->asked, &follower->events->choice))
		return;
	follower__end(follower);
	if (follower__begin(follower, why, sizeof(why)))
		message__set_line(follower->message, why);
}

void follower__toggle(struct follower *follower)
{
	char why[TTLOG_WHY_BYTES];

	follower->is_following = !follower->is_following;
	follower->is_paused = false;
	if (!follower->is_following || follower->follow ||
	    !follower__begin(follower, why, sizeof(why)))
		return;
	why[strcspn(why, "\n")] = '\0';
	message__set(follower->message, "the file's end is followed; of collectors: %s", why);
}

/* ---- Live chunks ---- */

bool follower__is_full(const struct follower *follower)
{
	return follower->events->sources.part_cnt > LIVE_CHUNKS_MAX ||
	       follower->bytes >= LIVE_BYTES_MAX;
}

int follower__fd(const struct follower *follower, bool can_drop)
{
	if (!follower->follow || follower->is_paused || !follower->events->rows ||
	    (follower__is_full(follower) && !can_drop))
		return -1;
	return follow__fd(follower->follow);
}

int follower__take(struct follower *follower, struct ttlog_snapshot **ret)
{
	enum follow_news news = follow__next(follower->follow, ret);

	if (news == FOLLOW_TOLD)
		message__set_line(follower->message, follow__told(follower->follow));
	if (news != FOLLOW_CHUNK)
		return 0;
	if (sources__add(&follower->events->sources, ret, 1, true)) {
		ttlog_snapshot_close(*ret);
		return -ENOMEM;
	}
	follower->bytes += ttlog_snapshot_contents(*ret)->size;
	return 1;
}

static uint64_t part_bytes(const struct source_part *part)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < part->reader_cnt; i++)
		bytes += ttlog_snapshot_contents(part->readers[i])->size;
	return bytes;
}

size_t follower__make_room(struct follower *follower)
{
	const struct sources *sources = &follower->events->sources;
	size_t cnt = 0;

	while (cnt + 1 < sources->part_cnt &&
	       (sources->part_cnt - cnt > LIVE_CHUNKS_MAX - LIVE_CHUNKS_MAX / 8 ||
		follower->bytes > LIVE_BYTES_MAX - LIVE_BYTES_MAX / 8)) {
		cnt++;
		follower->bytes -= part_bytes(&sources->parts[cnt]);
	}
	return cnt;
}

bool follower__notice_end(struct follower *follower)
{
	if (!follower->follow || follow__collector_cnt(follower->follow))
		return false;
	follower__end(follower);
	follower->has_ended = true;
	return true;
}

/* ---- In words ---- */

void follower__print_status(const struct follower *follower, struct out *out)
{
	if (follower->has_ended)
		out__text(out, "  collectors have ended");
	else if (follower->is_following)
		out__text(out, follower->is_paused ? "  paused" : "  following");
	else if (follower->follow)
		out__text(out, "  live (f: to the end)");
	if (follower->dropped)
		out__grouped_after(out, "  oldest gone: ", follower->dropped);
	if (left_out(follower))
		out__grouped_after(out, "  not sent: ", left_out(follower));
}

void follower__print_info(const struct follower *follower, struct out *out)
{
	if (!follower->follow && !follower->has_ended)
		return;
	out__format(out, "Running collectors%s\n", follower->follow ? "" : ": they have ended");
	if (follower->follow)
		out__format(out, "  followed    %zu\n", follow__collector_cnt(follower->follow));
	out__grouped_after(out, "  in memory   ", follower->events->sources.part_cnt - 1);
	out__grouped_after(out, " live chunks, ", follower->bytes);
	out__grouped_after(out, " bytes\n  oldest gone ", follower->dropped);
	out__grouped_after(out, " events that there was no more room for\n  not sent    ",
			   left_out(follower));
	out__text(out, " events, while this screen was slow or paused\n\n");
}
