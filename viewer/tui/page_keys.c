/* SPDX-License-Identifier: MIT */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "model.h"
#include "screen.h"

/* Shows only the events of the lane's thread. */
static void choose_lane(struct model *model)
{
	const struct page *page = &model->page;
	const char *expr = model->events.choice.expr;
	struct choice choice = model->events.choice;
	const struct ttlog_thread *thread;
	int len;

	if (page->lane >= page->lanes.cnt)
		return;
	thread = page->lanes.lanes[page->lane]->thread;
	len = snprintf(choice.expr, sizeof(choice.expr),
		       *expr ? "(%s) and pid=%llu and tid=%llu" : "%spid=%llu and tid=%llu", expr,
		       (unsigned long long)thread->pid, (unsigned long long)thread->tid);
	if (len < 0 || (size_t)len >= sizeof(choice.expr)) {
		message__set(&model->message, "the filter would be too long");
		return;
	}
	page__close(&model->page);
	if (model__choose(model, &choice))
		message__set(&model->message, "%s", model->events.mistake.why);
}

static bool lanes_key(struct model *model, int key, int height)
{
	struct page *page = &model->page;
	size_t last = page->lanes.cnt ? page->lanes.cnt - 1 : 0;
	size_t step = height > 1 ? (size_t)height - 1 : 1, at = page->lane;

	if (key == 'j' || key == SCREEN_KEY('n') || key == SCREEN_SPECIAL(KEY_DOWN))
		at++;
	else if (key == 'k' || key == SCREEN_KEY('p') || key == SCREEN_SPECIAL(KEY_UP))
		at -= at != 0;
	else if (key == ' ' || key == SCREEN_KEY('f') || key == SCREEN_SPECIAL(KEY_NPAGE))
		at += step;
	else if (key == SCREEN_KEY('b') || key == SCREEN_SPECIAL(KEY_PPAGE))
		at -= at > step ? step : at;
	else if (key == 'g' || key == SCREEN_SPECIAL(KEY_HOME))
		at = 0;
	else if (key == 'G' || key == SCREEN_SPECIAL(KEY_END))
		at = last;
	else if (key == '\r')
		choose_lane(model);
	else
		return false;
	page->lane = at < last ? at : last;
	return true;
}

bool page_keys__take(struct model *model, int key)
{
	const int height = model__page_height(model);

	return model->page.kind == PAGE_LANES ? lanes_key(model, key, height)
					      : scroll__key(&model->page.scroll, key, height);
}

bool page_keys__leave(struct model *model, int key)
{
	static const char OPENED_BY[] = {
		[PAGE_HELP] = '?', [PAGE_INFO] = 'i', [PAGE_STATS] = 'o', [PAGE_LANES] = 'p'
	};

	if (key <= 0 || key >= 0x7f)
		return false;
	if (key == 'q' || key == '\t' || key == OPENED_BY[model->page.kind]) {
		page__close(&model->page);
		return true;
	}
	if (strchr("nNeExBbtsSrf/", key) ||
	    (!page__counts(&model->page) && strchr("&lLc123456", key)))
		page__close(&model->page);
	return false;
}
