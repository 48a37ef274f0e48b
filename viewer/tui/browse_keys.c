/* SPDX-License-Identifier: MIT */
/* What keys do. Those of the first ttlog's viewer mean what they did there. */
#include <errno.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "browse.h"
#include "screen.h"
#include <ttlog/read.h>

#define LEFT_STEP  8
#define WHEEL_STEP 3

/* ---- Moving ---- */

static void move_by(struct browse *browse, int64_t lines, bool with_top)
{
	uint64_t cnt = browse__line_cnt(browse);
	uint64_t last = cnt ? cnt - 1 : 0, up = (uint64_t)-lines, before = browse->cursor;

	browse->goal = GOAL_NONE;
	browse->is_following = false;
	if (lines < 0)
		browse->cursor = before > up ? before - up : 0;
	else
		browse->cursor = last - before > (uint64_t)lines ? before + (uint64_t)lines : last;
	if (!with_top)
		return;
	if (lines < 0)
		browse->top = browse->top > up ? browse->top - up : 0;
	else
		browse->top += browse->cursor - before;
}

static void go_to_end(struct browse *browse)
{
	move_by(browse, INT64_MAX / 2, false);
	if (!browse->is_reversed && !browse->is_sorted)
		browse__go(browse, GOAL_END, NULL);
}

static void go_to_first(struct browse *browse)
{
	move_by(browse, INT64_MIN / 2, false);
	if (browse->is_reversed && !browse->is_sorted)
		browse__go(browse, GOAL_END, NULL);
}

static bool move_key(struct browse *browse, int key, bool special)
{
	const int page = browse__table_height(browse);

	if (key == 'j' || key == SCREEN_KEY('n') || (special && key == KEY_DOWN))
		move_by(browse, 1, false);
	else if (key == 'k' || key == SCREEN_KEY('p') || (special && key == KEY_UP))
		move_by(browse, -1, false);
	else if (key == SCREEN_KEY('f') || (special && key == KEY_NPAGE))
		move_by(browse, page, true);
	else if (key == SCREEN_KEY('b') || (special && key == KEY_PPAGE))
		move_by(browse, -page, true);
	else if (key == SCREEN_KEY('d'))
		move_by(browse, page / 2, true);
	else if (key == SCREEN_KEY('u'))
		move_by(browse, -page / 2, true);
	else if (key == 'g' || (special && key == KEY_HOME))
		go_to_first(browse);
	else if (key == 'G' || (special && key == KEY_END))
		go_to_end(browse);
	else if (special && key == KEY_RIGHT)
		browse->left += browse__left_most(browse) > browse->left ? LEFT_STEP : 0;
	else if (special && key == KEY_LEFT)
		browse->left -= browse->left ? LEFT_STEP : 0;
	else
		return false;
	return true;
}

/* What a page does with a key; whether it did. */
static bool page_key(struct browse *browse, int key, bool special)
{
	const int height = browse__page_height(browse);

	return browse->page == PAGE_LANES ? browse__lanes_key(browse, key, special, height)
					  : scroll__key(&browse->scroll, key, special, height);
}

static void turn_page(struct browse *browse, const MEVENT *event)
{
	if (!(event->bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)))
		return;
	for (int i = 0; i < WHEEL_STEP; i++)
		(void)page_key(browse, event->bstate & BUTTON4_PRESSED ? KEY_UP : KEY_DOWN, true);
}

static void mouse(struct browse *browse)
{
	int line;
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	if (browse->page != PAGE_EVENTS) {
		turn_page(browse, &event);
		return;
	}
	line = event.y - browse__table_top(browse);
	if (event.bstate & BUTTON4_PRESSED) {
		move_by(browse, -WHEEL_STEP, true);
	} else if (event.bstate & BUTTON5_PRESSED) {
		move_by(browse, WHEEL_STEP, true);
	} else if (line >= 0 && line < browse__table_height(browse)) {
		move_by(browse, (int64_t)(browse->top + (uint64_t)line - browse->cursor), false);
		if (event.bstate & BUTTON1_DOUBLE_CLICKED)
			browse->has_detail = true;
	}
}

/* ---- Choosing ---- */

static void choose(struct browse *browse, const struct browse_choice *choice)
{
	int err = browse__choose(browse, choice);

	if (err == -EINVAL)
		browse__say(browse, "%s", browse->why);
	else if (err)
		browse->err = err;
}

static void choose_level(struct browse *browse, unsigned level)
{
	struct browse_choice choice = browse->choice;

	choice.level = (uint8_t)(level % (TTLOG_LEVEL_FATAL + 1));
	choose(browse, &choice);
	browse__say(browse, "level %s and above", ttlog_level_name(choice.level));
}

static void show_all(struct browse *browse)
{
	struct browse_choice choice = { .level = 0 };

	(void)browse__search(browse, "");
	choose(browse, &choice);
	browse__say(browse, browse->options->has_since || browse->options->has_until
				    ? "everything of that time is shown: --since, --until"
				    : "everything is shown");
}

/* ---- The rest ---- */

static void go_to_error(struct browse *browse, enum browse_goal goal)
{
	if (!browse->is_ready)
		return;
	if (!browse->errors)
		browse->errors = browse__make_rows(browse, &browse->choice, "level>=ERROR", NULL);
	if (!browse->errors)
		browse->err = -errno;
	else
		browse__go(browse, goal, browse->errors);
}

static void go_to_hit(struct browse *browse, enum browse_goal goal)
{
	if (browse->hits)
		browse__go(browse, goal, browse->hits);
	else
		browse__say(browse, "nothing is searched: / searches");
}

/* The first time where it stands; then the next file's. */
static void go_to_crash(struct browse *browse)
{
	const struct input *input = &browse->input;

	for (size_t i = 0; i < input->reader_cnt; i++) {
		size_t k = (browse->crash + i + (browse->was_at_crash ? 1 : 0)) % input->reader_cnt;

		if (!ttlog_snapshot_info(input->readers[k])->crash->is_there)
			continue;
		browse->crash = k;
		browse->was_at_crash = true;
		browse__go(browse, GOAL_CRASH, NULL);
		return;
	}
	browse__say(browse, "nothing crashed in there");
}

static void escape(struct browse *browse)
{
	if (browse->page != PAGE_EVENTS)
		browse__close_page(browse);
	else if (browse->is_in_detail)
		browse->is_in_detail = false;
	else
		browse->has_detail = false;
}

/* Where there is no room for it, no key may seem to do nothing. */
static void check_detail(struct browse *browse)
{
	if (!browse->has_detail || browse__detail_height(browse))
		return;
	browse->has_detail = browse->is_in_detail = false;
	browse__say(browse, "too few lines to show the event");
}

static void toggle_detail(struct browse *browse)
{
	browse->has_detail = !browse->has_detail;
	browse->is_in_detail = false;
	browse->detail_top = 0;
	check_detail(browse);
}

static void switch_pane(struct browse *browse)
{
	browse->is_in_detail = !browse->has_detail || !browse->is_in_detail;
	browse->has_detail = true;
	check_detail(browse);
}

static void space(struct browse *browse)
{
	if (browse->is_following)
		browse->is_paused = !browse->is_paused;
	else
		move_by(browse, browse__table_height(browse), true);
}

static void follow(struct browse *browse)
{
	char why[TTLOG_WHY_BYTES];

	browse->is_following = !browse->is_following;
	if (browse->is_following && browse->sort != SORT_TIME)
		browse__sort_by(browse, SORT_TIME);
	if (browse->is_following && !browse->follow &&
	    browse__begin_follow(browse, why, sizeof(why))) {
		why[strcspn(why, "\n")] = '\0';
		browse__say(browse, "the file's end is followed; of collectors: %s", why);
	}
	browse->is_paused = false;
	browse->goal = GOAL_NONE;
}

static void reverse(struct browse *browse)
{
	struct rows_place here = browse->here;

	browse->is_reversed = !browse->is_reversed;
	if (browse->sort != SORT_TIME) {
		browse->err = browse__sort(browse);
		return;
	}
	if (browse->is_ready && browse->has_here)
		browse__go_to_place(browse, &here);
	browse__say(browse, browse->is_reversed ? "newest first" : "oldest first");
}

/* The page that a key opens, and closes; PAGE_EVENTS: none. */
static enum browse_page page_of(int key)
{
	switch (key) {
	case '?':
		return PAGE_HELP;
	case 'i':
		return PAGE_INFO;
	case 'o':
		return PAGE_STATS;
	case 'p':
		return PAGE_LANES;
	default:
		return PAGE_EVENTS;
	}
}

/* Keys that open something. */
static bool open_key(struct browse *browse, int key)
{
	if (page_of(key) != PAGE_EVENTS) {
		browse__open_page(browse, page_of(key));
		return true;
	}
	switch (key) {
	case 'S':
		browse__open_prompt(browse, PROMPT_SORT, "");
		return true;
	case '&':
		browse__open_prompt(browse, PROMPT_FILTER, browse->choice.expr);
		return true;
	case '/':
		browse__open_prompt(browse, PROMPT_SEARCH, "");
		return true;
	case 't':
		browse__open_prompt(browse, PROMPT_TIME, "");
		return true;
	default:
		return false;
	}
}

/* Keys that go to the next or previous of something. */
static bool go_key(struct browse *browse, int key)
{
	switch (key) {
	case 'n':
		go_to_hit(browse, GOAL_NEXT);
		return true;
	case 'N':
		go_to_hit(browse, GOAL_PREVIOUS);
		return true;
	case 'e':
		go_to_error(browse, GOAL_NEXT);
		return true;
	case 'E':
		go_to_error(browse, GOAL_PREVIOUS);
		return true;
	case 'x':
		go_to_crash(browse);
		return true;
	case 'B':
		browse__next_mark(browse);
		return true;
	default:
		return false;
	}
}

static void command(struct browse *browse, int key)
{
	if (open_key(browse, key) || go_key(browse, key))
		return;
	switch (key) {
	case 'q':
		browse->is_over = true;
		break;
	case 's':
		browse__sort_by(browse, (enum browse_sort)((browse->sort + 1) % SORT_FIELD));
		break;
	case 'l':
		choose_level(browse, browse->choice.level + 1u);
		break;
	case 'L':
		choose_level(browse, browse->choice.level + TTLOG_LEVEL_FATAL);
		break;
	case '1' ... '6':
		choose_level(browse, (unsigned)(key - '1'));
		break;
	case 'c':
		show_all(browse);
		break;
	case 'r':
		reverse(browse);
		break;
	case 'f':
		follow(browse);
		break;
	case ' ':
		space(browse);
		break;
	case 'b':
		browse__toggle_mark(browse);
		break;
	case '\t':
		switch_pane(browse);
		break;
	case '\r':
	case '\n':
		toggle_detail(browse);
		break;
	case 'm':
		browse__say(browse, screen__toggle_mouse()
					    ? "the mouse is this screen's"
					    : "the mouse is the terminal's: select text with it");
		break;
	case SCREEN_KEY('l'):
		screen__redraw();
		break;
	case SCREEN_KEY_ESC:
		escape(browse);
		break;
	default:
		break;
	}
}

static bool detail_key(struct browse *browse, int key, bool special)
{
	const int height = browse__detail_height(browse), page = height > 1 ? height - 1 : 1;

	if (!browse->is_in_detail || !height)
		return false;
	if (key == 'j' || (special && key == KEY_DOWN))
		browse->detail_top++;
	else if (key == 'k' || (special && key == KEY_UP))
		browse->detail_top -= browse->detail_top > 0;
	else if (special && key == KEY_NPAGE)
		browse->detail_top += page;
	else if (special && key == KEY_PPAGE)
		browse->detail_top -= page < browse->detail_top ? page : browse->detail_top;
	else
		return false;
	return true;
}

/* On a page, what is about the events leads back to them, unless it is counted anew what is chosen.
 * Returns whether that is all. */
static bool leave_page(struct browse *browse, int key)
{
	if (key <= 0 || key >= 0x7f)
		return false;
	if (key == 'q' || key == '\t' || page_of(key) == browse->page) {
		browse__close_page(browse);
		return true;
	}
	if (strchr("nNeExBbtsSrf/", key) ||
	    (!browse__page_counts(browse) && strchr("&lLc123456", key)))
		browse__close_page(browse);
	return false;
}

void browse__key(struct browse *browse, int key, bool special)
{
	browse->message[0] = '\0';
	if (special && key == KEY_RESIZE)
		return;
	if (browse->prompt != PROMPT_NONE) {
		browse__prompt_key(browse, key, special);
		return;
	}
	if (browse->page != PAGE_EVENTS) {
		if (page_key(browse, key, special) || (!special && leave_page(browse, key)))
			return;
	} else {
		if (detail_key(browse, key, special) || move_key(browse, key, special))
			return;
	}
	if (special && key == KEY_MOUSE)
		mouse(browse);
	else if (special && key == KEY_ENTER)
		command(browse, '\r');
	else if (!special)
		command(browse, key);
}
