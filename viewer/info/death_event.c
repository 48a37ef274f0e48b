/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "death_event.h"
#include "ending.h"
#include "format_number.h"

static void put(struct buffer *to, const char *between, struct ttlog_text text)
{
	buffer__bytes(to, between, strlen(between));
	buffer__bytes(to, text.p, text.len);
}

void death_event__frame(struct buffer *to, const struct ttlog_frame *frame)
{
	char line[FORMAT_NUMBER_BYTES];

	put(to, "", frame->symbol.len ? frame->symbol : frame->ip);
	if (frame->file.len) {
		put(to, " at ", frame->file);
		if (frame->has_line)
			put(to, ":", (struct ttlog_text){ line, format__u64(line, frame->line) });
	}
	if (frame->module.len) {
		put(to, " in ", frame->module);
		if (frame->offset.len)
			put(to, "+", frame->offset);
	}
}

void death_event__stack(struct buffer *to, const struct ttlog_crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		if (i)
			buffer__byte(to, '\n');
		death_event__frame(to, crash->frames[i]);
	}
}

/* Whether an earlier file of the process has the same death. */
static bool is_said(const struct spans *spans, const struct provenance *provenance)
{
	for (size_t i = 0; i < spans->provenances.cnt; i++) {
		const struct provenance *other = &spans->provenances.list[i];

		if (other->number < provenance->number &&
		    spans->processes[other->number] == spans->processes[provenance->number] &&
		    ttlog_snapshot_info(other->reader)->crash->is_there)
			return true;
	}
	return false;
}

static const struct lane *find_lane(const struct spans *spans, const struct death *death)
{
	for (size_t i = 0; i < spans->lane_cnt; i++) {
		const struct lane *lane = &spans->lanes[i];

		if (lane->machine == death->machine && lane->thread->pid == death->pid &&
		    lane->thread->tid == death->tid)
			return lane;
	}
	return NULL;
}

static int show_one(const struct spans *spans, const struct provenance *provenance,
		    void (*show)(void *to, const struct death *death), void *to)
{
	const struct ttlog_info *info = ttlog_snapshot_info(provenance->reader);
	uint64_t last_ns = ttlog_snapshot_last_ns(provenance->reader);
	char *words = ending__words(info);
	struct death death = {
		.info = info,
		.reader = provenance->number,
		.machine = spans->machines[provenance->number],
		.real_ns = last_ns ? last_ns : info->real_ns,
		.pid = info->pid,
		.tid = info->crash->has_tid ? info->crash->tid : info->pid,
		.words = words,
	};

	if (!words)
		return -ENOMEM;
	death.mono_ns = info->mono_ns + (death.real_ns - info->real_ns) +
			spans->shift_ns[provenance->number];
	death.lane = find_lane(spans, &death);
	show(to, &death);
	free(words);
	return 0;
}

int deaths__each(const struct spans *spans, void (*show)(void *to, const struct death *death),
		 void *to)
{
	int err = 0;

	for (size_t i = 0; !err && i < spans->provenances.cnt; i++) {
		const struct provenance *provenance = &spans->provenances.list[i];

		if (ttlog_snapshot_info(provenance->reader)->crash->is_there &&
		    !is_said(spans, provenance))
			err = show_one(spans, provenance, show, to);
	}
	return err;
}
