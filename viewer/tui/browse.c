/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "browse.h"
#include "clock.h"
#include "diagnostics.h"
#include "draw.h"
#include "keys.h"
#include "model.h"
#include "options.h"
#include "screen.h"

/* While something is being found, the screen is drawn again so often. */
#define DRAW_NS 100000000u

struct browse {
	struct model *model;
	struct out out; /* in memory: texts are made here */
	uint64_t drawn_ns;
	bool is_stale; /* what is drawn is out of date */
	bool has_work;
};

static void show(struct browse *browse)
{
	model__look(browse->model);
	model__prepare(browse->model);
	draw__all(browse->model, &browse->out);
	screen__show();
	browse->drawn_ns = clock__now_mono_ns();
	browse->is_stale = false;
}

static void take_key(struct browse *browse, int key)
{
	struct model *model = browse->model;

	keys__take(model, key);
	if (model->prompt.kind == PROMPT_NONE)
		follower__ask(&model->follower);
	model__pursue(model);
	model__look(model);
	browse->is_stale = browse->has_work = true;
	browse->drawn_ns = 0;
}

static void take_live_chunks(struct browse *browse)
{
	struct model *model = browse->model;

	model__take_live_chunks(model);
	browse->has_work = browse->has_work || !rows__is_done(model->events.rows);
	browse->is_stale = true;
	browse->drawn_ns = browse->has_work ? browse->drawn_ns : 0;
}

static void work(struct browse *browse)
{
	browse->has_work = model__work(browse->model, clock__now_mono_ns() + ROWS_SLICE_NS);
	browse->is_stale = true;
	if (!browse->has_work)
		browse->drawn_ns = 0;
}

/* Keys come first, then live chunks, drawing, and work. */
static void loop(struct browse *browse)
{
	struct model *model = browse->model;

	browse->is_stale = browse->has_work = true;
	while (!model->is_over && !model->err) {
		const bool can_wait = !browse->has_work && !browse->is_stale;
		const int fd = model__follow_fd(model);
		const int key = screen__key(can_wait ? -1 : 0, fd);

		if (key == SCREEN_KEY_GONE) {
			model->err = -EIO;
			return;
		}
		if (key != SCREEN_KEY_NONE) {
			take_key(browse, key);
			continue;
		}
		if (fd >= 0)
			take_live_chunks(browse);
		if (browse->is_stale && clock__now_mono_ns() - browse->drawn_ns >= DRAW_NS)
			show(browse);
		if (browse->has_work)
			work(browse);
	}
}

static int run(struct browse *browse)
{
	const char *no_color = getenv("NO_COLOR");
	struct model *model = browse->model;
	char why[160];

	if (choice__init(&model->events.choice, model->events.options)) {
		diagnostics__print("--filter", "too long for --interactive");
		return EXIT_USAGE;
	}
	if (model__open(model))
		return EXIT_UNREADABLE;
	if (screen__begin(!(no_color && *no_color), why, sizeof(why))) {
		diagnostics__print("--interactive", why);
		return EXIT_USAGE;
	}
	loop(browse);
	screen__end();
	if (model->err)
		(void)diagnostics__print_errno("cannot go on", -model->err);
	input__report_known(&model->events.input);
	return model->err || model->events.input.unreadable ? EXIT_UNREADABLE : EXIT_SUCCESS;
}

int browse__main(struct options *options)
{
	struct browse browse = { .model = model__new(options) };
	int status = EXIT_UNREADABLE;

	if (browse.model && !out__init_memory(&browse.out))
		status = run(&browse);
	else
		(void)diagnostics__print_errno("full screen", ENOMEM);
	model__free(browse.model);
	out__fini(&browse.out);
	options__fini(options);
	return status;
}
