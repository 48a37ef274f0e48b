/* SPDX-License-Identifier: MIT */
#include "info_events.h"
#include "info_item.h"
#include "text.h"

static void losses(struct info_page *page, const struct ttlog_lost *lost)
{
	struct out *out = page->out;
	bool any = false;

	if (!lost->is_there)
		return;
	info_page__label(page, "lost");
	if (lost->total)
		info_page__style(page, INFO_RED);
	out__grouped(out, lost->total);
	info_page__style(page, INFO_RESET);
	for (size_t i = 0; i < lost->cause_cnt; i++) {
		if (!lost->causes[i].cnt)
			continue;
		out__text(out, any ? ", " : " (");
		out__plain(out, lost->causes[i].name);
		out__char(out, ' ');
		out__grouped(out, lost->causes[i].cnt);
		any = true;
	}
	out__text(out, any ? ")\n" : "\n");
}

/* Parts for which the header had no room. */
static void left_out(struct info_page *page, const struct ttlog_info *info)
{
	static const struct {
		const char *key, *before, *after;
	} PARTS[] = {
		{ "threads", "", " threads (their events have tid 0)" },
		{ "mappings", "", " mappings" },
		{ "text_bytes", "what texts of sites have beyond ", " bytes" },
		{ "sites", "", " sites (their events are lost)" },
	};
	const struct ttlog_cbor map = info_item__find(info->item, "left_out");
	bool any = false;

	for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		struct ttlog_cbor in = info_item__find(map, PARTS[i].key);
		struct ttlog_cbor_item cnt;

		if (!in.at || ttlog_cbor_next(&in, &cnt) || cnt.kind != TTLOG_CBOR_UINT || !cnt.u)
			continue;
		if (any)
			out__text(page->out, ", ");
		else
			info_page__label(page, "left out");
		out__text(page->out, PARTS[i].before);
		out__grouped(page->out, cnt.u);
		out__text(page->out, PARTS[i].after);
		any = true;
	}
	if (any)
		out__text(page->out, "\n");
}

/* With --stack: how many events have one. */
static void stacks(struct info_page *page, const struct ttlog_info *info)
{
	struct ttlog_cbor events = info_item__find(info->item, "stacks");
	struct ttlog_cbor wanted = info_item__find(info->item, "stacks_wanted");
	struct ttlog_cbor_item in_file = { .u = 0 }, cnt;

	if (!wanted.at || ttlog_cbor_next(&wanted, &cnt) || cnt.kind != TTLOG_CBOR_UINT)
		return;
	if (events.at)
		events = info_item__find(events, "events");
	if (events.at && (ttlog_cbor_next(&events, &in_file) || in_file.kind != TTLOG_CBOR_ARRAY))
		in_file.u = 0;
	info_page__label(page, "stacks");
	out__grouped(page->out, in_file.u);
	out__text(page->out, " in the file, of ");
	out__grouped(page->out, cnt.u);
	out__text(page->out, " that were to be taken so far\n");
}

void info_events__print(struct info_page *page, const struct ttlog_snapshot *reader)
{
	struct out *out = page->out;
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_info *info = ttlog_snapshot_info(reader);

	info_page__title(page, "Events");
	info_page__count(page, "in the file", contents->event_cnt, "");
	if (info->has_header && contents->chunk_cnt) {
		uint64_t first_ns = contents->chunks[0].first_ns;
		uint64_t last_ns = contents->chunks[contents->chunk_cnt - 1].last_ns;

		info_page__label(page, "from");
		out__time(out, ttlog_info_real_ns(info, first_ns));
		out__char(out, '\n');
		info_page__label(page, "to");
		out__time(out, ttlog_info_real_ns(info, last_ns));
		out__text(out, " (");
		/* in a damaged file, times may go back */
		out__duration(out, last_ns > first_ns ? last_ns - first_ns : 0);
		out__text(out, ")\n");
	}
	if (contents->has_totals) {
		info_page__count(page, "emitted", contents->emitted,
				 " by the process up to the snapshot");
		info_page__count(page, "recorded", contents->recorded, "");
		info_page__count(page, "overwritten", contents->overwritten,
				 contents->overwritten ? " recorded, but older than the ring holds"
						       : "");
	}
	if (contents->unread)
		info_page__count(page, "unread", contents->unread,
				 " with a value that could not be read: it is null");
	if (contents->suppressed)
		info_page__count(page, "suppressed", contents->suppressed,
				 " calls left out by TTLOG_PROBE_EVERY and _LIMIT");
	if (info->has_stream)
		info_page__count(
			page, "missed", contents->missed,
			contents->missed
				? " recorded, but not in the stream: the disk or the ring was too slow"
				: "");
	stacks(page, info);
	losses(page, contents->lost);
	left_out(page, info);
}
