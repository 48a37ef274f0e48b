/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "options.h"
#include "out.h"
#include "stats.h"
#include "summary.h"
#include "waiting.h"
#include <ttlog/read.h>

struct summary_files {
	struct ttlog_snapshot *const *readers;
	size_t cnt;
};

static int show_stats(const struct options *options, struct ttlog_stream *stream,
		      struct waiting *waiting, const struct summary_files *files, uint64_t most,
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

	for (; !err && most && ttlog_stream_run(stream, most, &run); most -= run.cnt) {
		err = stats__run(stats, &run);
		if (!err)
			err = waiting__run(waiting, &run);
	}
	if (!err && !options->histogram)
		err = stats__count_files(stats, files->readers, files->cnt);
	if (!err && options->histogram)
		err = stats__print_histograms(stats, out, top, terminal, json);
	else if (!err)
		err = stats__print(stats, out, top, json);
	if (!err)
		waiting__print(waiting, out, top, json);
	stats__free(stats);
	return err;
}

int summary__show(const struct options *options, struct ttlog_stream *stream,
		  struct ttlog_snapshot *const *readers, size_t reader_cnt, uint64_t most,
		  struct out *out, const struct terminal *terminal)
{
	struct waiting *waiting = NULL;
	int err = 0;

	if (!options->histogram)
		err = waiting__new(readers, reader_cnt, &waiting);
	if (!err)
		err = show_stats(options, stream, waiting,
				 &(const struct summary_files){ readers, reader_cnt }, most, out,
				 terminal);
	waiting__free(waiting);
	return err;
}
