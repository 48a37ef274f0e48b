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
	const char *keys = options->group_by    ? options->group_by
			   : options->histogram ? ""
						: GROUP_BY_DEFAULT;
	struct stats *stats = stats__new(keys, options->histogram);
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

int summary__show(const struct options *options, struct ttlog_stream *stream, uint64_t most,
		  struct out *out, const struct terminal *terminal)
{
	if (options->mode == MODE_TIMELINE)
		return timeline__show(stream, most, out, terminal, options->format == FORMAT_JSON);
	return show_stats(options, stream, most, out, terminal);
}
