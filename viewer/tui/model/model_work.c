/* SPDX-License-Identifier: MIT */
/* What is done between keys: find rows, take live chunks, prepare what is in sight. */
#include <errno.h>

#include "model.h"
#include "screen.h"

/* ---- Finding ---- */

static int begin(struct model *model)
{
	int err = events__begin(&model->events);

	if (!err)
		err = order__begin(&model->order);
	return err ? err : model__search(model, model->search.regex);
}

static void show_next(struct model *model)
{
	const bool was_empty = !rows__cnt(model->events.rows);

	events__show_next(&model->events);
	lines__forget(&model->lines);
	if (model->cursor.has_here)
		cursor__go_to(&model->cursor, &model->cursor.here);
	else if (was_empty)
		model->cursor.line = model->cursor.top = 0;
}

/* Returns 1 if there is more to do, 0, or -errno. */
static int work_on_next(struct model *model, uint64_t until_ns)
{
	struct rows *next = model->events.next;
	int more = next ? rows__work(next, until_ns) : 0;

	if (next && more >= 0 &&
	    (!model->cursor.has_here || rows__has_passed(next, &model->cursor.here)))
		show_next(model);
	return more;
}

static int work_on_rows(struct model *model, uint64_t until_ns)
{
	const uint64_t before = rows__cnt(model->events.rows);
	const int more = rows__work(model->events.rows, until_ns);
	const uint64_t new_cnt = rows__cnt(model->events.rows) - before;

	/* The cursor stays at its event if lines are added above it. */
	if (model->order.is_reversed && !model->order.is_sorted && before) {
		model->cursor.line += new_cnt;
		model->cursor.top += new_cnt;
	}
	return more;
}

static int work_on_order(struct model *model, uint64_t until_ns)
{
	const struct order *order = &model->order;
	int more = order->sorter ? order__work(&model->order, until_ns) : 0;

	if (more || !order->is_sorted)
		return more;
	model->cursor.line = model->cursor.top = 0;
	if (order__is_without_field(order))
		message__set(&model->message, "no event has a field of that name");
	else if (top_k__is_cut(&order->sorted))
		message__set(&model->message, "only the first %zu of %llu are sorted",
			     order->sorted.cnt, (unsigned long long)order->sorted.total);
	return more;
}

static int work_on_all(struct model *model, uint64_t until_ns)
{
	int more = work_on_next(model, until_ns);

	if (!more)
		more = work_on_rows(model, until_ns);
	if (!more && model->order.sorter)
		more = work_on_order(model, until_ns);
	if (!more)
		more = search__work(&model->search, until_ns);
	if (!more)
		more = page__work_on_survey(&model->page, until_ns);
	if (!more)
		more = sources__scan(&model->events.sources, until_ns);
	return more ? more : page__work_on_info(&model->page, until_ns, model__page_height(model));
}

bool model__work(struct model *model, uint64_t until_ns)
{
	int more;

	if (!model->events.rows) {
		if (events__scan(&model->events, until_ns))
			return true;
		model->err = begin(model);
	}
	if (model->err)
		return false;
	more = work_on_all(model, until_ns);
	if (more < 0)
		model->err = more;
	else
		model__pursue(model);
	/* a goal may need more work although all else is done */
	return more > 0 || model->goal.kind == GOAL_CRASH || search__is_flagging(&model->search);
}

void model__pursue(struct model *model)
{
	int err;

	if (!model->events.rows)
		return;
	err = goal__pursue(&model->goal, model__table_height(model),
			   follower__is_at_end(&model->follower));
	if (err)
		model->err = err;
}

unsigned model__progress(const struct model *model)
{
	const struct rows *all[] = {
		model->events.next,    model->events.rows,   model->order.sorter,
		model->search.matches, model->search.errors, model->page.survey,
	};

	if (!model->events.rows)
		return sources__scan_progress(&model->events.sources) * 999 / 1000;
	if (search__is_flagging(&model->search))
		return rows__progress(model->search.flagger) * 999 / 1000;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] && !rows__is_done(all[i]))
			return rows__progress(all[i]) * 999 / 1000;
	}
	return page__info_progress(&model->page);
}

/* ---- Live chunks ---- */

int model__follow_fd(const struct model *model)
{
	/* a page that counts has names that lie in the live chunks, so none may be dropped */
	return follower__fd(&model->follower, !page__counts(&model->page));
}

/* Drops the oldest live chunks everywhere. ret_first, ret_gone: which of the shown rows are
 * gone. */
static void drop_parts(struct model *model, size_t cnt, uint64_t *ret_first, uint64_t *ret_gone)
{
	struct rows *others[] = { model->events.next, model->search.matches, model->search.errors };
	uint64_t first;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i])
			(void)rows__drop(others[i], cnt, &first);
	}
	*ret_gone = rows__drop(model->events.rows, cnt, ret_first);
	top_k__drop(&model->order.sorted, *ret_first, *ret_gone);
	model->follower.dropped += *ret_gone;
	lines__forget(&model->lines);
	page__drop(&model->page);
	sources__drop(&model->events.sources, cnt);
	marks__drop(&model->marks, &model->events.sources);
}

/* The cursor stays at its event, unless that is dropped. */
static void make_room(struct model *model)
{
	struct order *order = &model->order;
	struct cursor *cursor = &model->cursor;
	const bool has_row = cursor->line < order__line_cnt(order), is_sorting = order->sorter;
	uint64_t row = has_row ? order__row(order, cursor->line) : 0, first, gone;

	search__end_flags(&model->search);
	rows__free(order->sorter);
	order->sorter = NULL;
	drop_parts(model, follower__make_room(&model->follower), &first, &gone);
	if (has_row && order__line_cnt(order)) {
		row = row < first ? row : row - first < gone ? first : row - gone;
		cursor__put(cursor, order__line(order, row));
	}
	if (is_sorting)
		model->err = order__begin(order);
}

void model__take_live_chunks(struct model *model)
{
	struct follower *follower = &model->follower;
	struct ttlog_snapshot *chunk;
	int got = 1;

	while (got && model__follow_fd(model) >= 0) {
		got = follower__take(follower, &chunk);
		if (got < 0) {
			model->err = got;
			return;
		}
		if (got)
			lines__add_snapshots(&model->lines, &chunk, 1);
		if (got && follower__is_full(follower) && !page__counts(&model->page))
			make_room(model);
	}
	if (!follower__notice_end(follower))
		return;
	if (follower__is_at_end(follower))
		model->goal.kind = GOAL_END;
	follower->is_following = follower->is_paused = false; /* the key f asks again */
}

/* ---- What is in sight ---- */

void model__look(struct model *model)
{
	if (cursor__look(&model->cursor, &model->lines))
		model->detail.top = 0;
}

static void make_detail(struct model *model)
{
	const int height = model__detail_height(model);
	const struct order *order = &model->order;
	struct ttlog_event event;

	if (!height)
		return;
	detail__clear(&model->detail);
	if (order__line_cnt(order) &&
	    !rows__event(model->events.rows, order__row(order, model->cursor.line), &event, NULL) &&
	    detail__make(&model->detail, &event, model->events.input.reader_cnt > 1,
			 screen__width(), height - 1))
		model->err = -ENOMEM;
}

static void make_table(struct model *model)
{
	const int height = model__table_height(model);
	const uint64_t cnt = order__line_cnt(&model->order);

	if (model->events.rows)
		cursor__show(&model->cursor, height);
	for (int i = 0; i < height; i++) {
		/* In the order of the rows, which are found that way. */
		bool is_upward = model->order.is_reversed && !model->order.is_sorted;
		uint64_t line = model->cursor.top + (uint64_t)(is_upward ? height - 1 - i : i);

		if (line < cnt)
			(void)lines__make(&model->lines, line);
	}
}

void model__prepare(struct model *model)
{
	if (screen__height() < MODEL_MIN_HEIGHT)
		return;
	if (model->page.kind == PAGE_LANES)
		page__show_lane(&model->page, model__page_height(model));
	if (model->page.kind != PAGE_EVENTS)
		return;
	make_table(model);
	make_detail(model);
}
