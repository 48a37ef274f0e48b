/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "options.h"
#include "out.h"
#include "stats.h"
#include "summary.h"
#include "timeline.h"
#include <ttlog/read.h>

static int show_stats(const struct options *options, struct ttlog_stream *stream, uint64_t most,
		      struct out *out, const struct terminal *terminal)
{
	const bool json = options->format == FORMAT_JSON;
	const size_t top = options->has_top ? options->top : SIZE_MAX;
	const struct stats_setup setup = {
		.keys = options->group_by    ? options->group_by
			: options->histogram ? ""
					     : GROUP_BY_DEFAULT,
		.field = options->histogram,
	};
	struct stats *stats = stats__new(&setup);
	struct ttlog_run run;
	int err = stats ? 0 : -errno;

	for (; !err && most && ttlog_stream_run(stream, most, &run); most -= run.cnt)
		err = stats__run(stats, &run);
	if (!err && options->histogram)
		err = stats__print_histograms(stats, out, top, terminal, json);
	else if (!err)
		err = stats__print(stats, out, top, json);
	stats__free(stats);
	return err;
}

static int show_timeline(const struct options *options, struct ttlog_stream *stream, uint64_t most,
			 struct out *out, const struct terminal *terminal)
{
	struct timeline *timeline = timeline__new();
	struct ttlog_run run;

	if (!timeline)
		return -ENOMEM;
	for (; most && ttlog_stream_run(stream, most, &run); most -= run.cnt)
		timeline__run(timeline, &run);
	timeline__print(timeline, out, terminal, options->format == FORMAT_JSON);
	timeline__free(timeline);
	return 0;
}

int summary__show(const struct options *options, struct ttlog_stream *stream, uint64_t most,
		  struct out *out, const struct terminal *terminal)
{
	if (options->mode == MODE_TIMELINE)
		return show_timeline(options, stream, most, out, terminal);
	return show_stats(options, stream, most, out, terminal);
}
