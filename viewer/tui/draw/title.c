/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "info.h"
#include "draw.h"
#include "model.h"
#include "screen.h"

static void draw_bar(struct out *out, int y, enum screen_style style)
{
	screen__line(y, style, false);
	(void)screen__text(y, 0, screen__width(), out__written(out), style, false);
}

static struct ttlog_text base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return ttlog_text_of(slash && slash[1] ? slash + 1 : path);
}

static void write_file(struct out *out, const struct ttlog_snapshot *file)
{
	const struct ttlog_info *info = ttlog_snapshot_info(file);

	out__plain(out, base_name(ttlog_snapshot_name(file)));
	if (info->comm.p) {
		out__plain_after(out, "  ", info->comm);
		out__format(out, "[%llu]", (unsigned long long)info->pid);
	}
	if (info->reason.p)
		out__plain_after(out, "  ", info->reason);
}

static void draw_files(const struct model *model, struct out *out, int y)
{
	const struct input *input = &model->events.input;
	uint64_t lost = 0;

	out__clear(out);
	out__char(out, ' ');
	if (input->reader_cnt > 1)
		out__format(out, "%zu files: ", input->reader_cnt);
	if (input->reader_cnt)
		write_file(out, model__title_file(model));
	else
		out__text(out, "Events of running collectors, as they come");
	for (size_t i = 0; i < input->reader_cnt; i++)
		lost += ttlog_snapshot_contents(input->readers[i])->lost->total;
	if (lost)
		out__grouped_after(out, "  lost ", lost);
	if (model->order_error_ns) {
		out__text(out, "  order of hosts +-");
		out__duration(out, model->order_error_ns);
	}
	draw_bar(out, y, STYLE_BAR);
}

static void write_crash(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;

	out__text(out, " died of ");
	info__crash_cause(out, crash);
	info__sender(out, info);
	if (crash->exception_type.p) {
		out__text(out, ", ");
		info__exception(out, crash);
	}
	/* The name first: 80 columns may end here. */
	if (crash->has_tid || crash->thread.p)
		out__text(out, "  in ");
	if (crash->thread.p)
		out__plain(out, crash->thread);
	if (crash->has_tid)
		out__format(out, "[%llu]", (unsigned long long)crash->tid);
}

static void draw_end(const struct ttlog_info *info, struct out *out, int y)
{
	bool is_alarm = info->crash->is_there || info->exit->signal.p;

	out__clear(out);
	if (info->crash->is_there) {
		write_crash(out, info);
	} else if (info->exit->signal.p) {
		out__plain_after(out, " died of ", info->exit->signal);
		info__sender(out, info);
	} else {
		out__format(out, " ended with status %lld", (long long)info->exit->code);
	}
	if (info->created_at.p)
		out__plain_after(out, "  ", info->created_at);
	draw_bar(out, y, is_alarm ? STYLE_ALARM : STYLE_BAR);
}

/* The first problem, and how many more there are. */
static void draw_problems(const struct model *model, struct out *out, int y)
{
	const struct input *input = &model->events.input;
	size_t cnt = events__problem_cnt(&model->events), i = 0;

	out__clear(out);
	out__text(out, " not whole: ");
	while (i < input->reader_cnt && !ttlog_snapshot_contents(input->readers[i])->problem_cnt)
		i++;
	if (i < input->reader_cnt) {
		const struct ttlog_snapshot *reader = input->readers[i];

		if (input->reader_cnt > 1) {
			out__plain(out, base_name(ttlog_snapshot_name(reader)));
			out__text(out, ": ");
		}
		out__plain(out, ttlog_text_of(ttlog_snapshot_contents(reader)->problems[0]));
		cnt--;
	}
	if (cnt)
		out__format(out, " (%zu more: i)", cnt);
	draw_bar(out, y, STYLE_ERROR);
}

int title__draw(const struct model *model, struct out *out)
{
	const struct ttlog_info *info = model__end_info(model);
	int y = 0;

	draw_files(model, out, y++);
	if (info)
		draw_end(info, out, y++);
	if (events__problem_cnt(&model->events))
		draw_problems(model, out, y++);
	return y;
}
