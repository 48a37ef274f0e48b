/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "events.h"
#include "options.h"

int events__open(struct events *events)
{
	struct input *input = &events->input;
	int err = 0;

	if (!events->options->follow) {
		err = input__open(input, events->options);
		if (!err && !input->reader_cnt)
			err = -ENOENT;
	}
	return err ? err : sources__add(&events->sources, input->readers, input->reader_cnt, false);
}

bool events__scan(struct events *events, uint64_t until_ns)
{
	const struct options *options = events->options;
	bool needs_all = events->input.reader_cnt > 1 || options->has_since || options->has_until;

	return needs_all && sources__scan(&events->sources, until_ns);
}

int events__begin(struct events *events)
{
	events->range = options__range(events->options, events->sources.last_ns);
	events->rows = events__make_rows(events, NULL, NULL);
	return events->rows ? 0 : -errno;
}

static struct rows *make_rows(struct events *events, const struct choice *choice, const char *expr,
			      const char *search)
{
	struct ttlog_filter *filter =
		choice__filter(choice, events->options, expr, search, &events->mistake);

	if (!filter)
		return NULL;
	/* Rare: only while files are still being scanned. */
	while (ttlog_filter_needs_last(filter) && sources__scan(&events->sources, UINT64_MAX))
		;
	return rows__new(&events->sources, filter, &events->range);
}

struct rows *events__make_rows(struct events *events, const char *expr, const char *search)
{
	return make_rows(events, &events->choice, expr, search);
}

int events__choose(struct events *events, const struct choice *choice)
{
	struct rows *next = make_rows(events, choice, NULL, NULL);

	if (!next)
		return -errno;
	if (events->rows) {
		rows__free(events->next);
		events->next = next;
	} else {
		rows__free(next);
	}
	events->choice = *choice;
	events->mistake.why[0] = '\0';
	return 0;
}

void events__show_next(struct events *events)
{
	rows__free(events->rows);
	events->rows = events->next;
	events->next = NULL;
}

size_t events__problem_cnt(const struct events *events)
{
	const struct input *input = &events->input;
	size_t cnt = input->file_cnt - input->reader_cnt;

	for (size_t i = 0; i < input->reader_cnt; i++) {
		const struct ttlog_contents *contents = ttlog_snapshot_contents(input->readers[i]);

		cnt += contents->problem_cnt + contents->problem_more;
	}
	return cnt;
}

void events__fini(struct events *events)
{
	rows__free(events->next);
	rows__free(events->rows);
	sources__fini(&events->sources);
	input__fini(&events->input);
}
