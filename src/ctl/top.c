/* SPDX-License-Identifier: MIT */
/*
 * Each second all collectors are asked for their status. Lines are made as text first; the screen
 * and the tables print the same lines.
 */
#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "ask.h"
#include "clock.h"
#include "ctl_options.h"
#include "print.h"
#include "rates.h"
#include "top.h"

#define LINE_BYTES 256

struct top {
	const struct ctl_options *options;
	struct rates rates;
	enum rates_sort sort;
	size_t first; /* the line at the top of the screen */
	bool has_screen, helps, over;
	char error[LINE_BYTES]; /* "" */
};

static volatile sig_atomic_t is_told;

static void take_signal(int signal)
{
	is_told = signal;
}

/* ---- lines ---- */

static const struct {
	int key;
	const char *name;
} sorts[RATES_SORT_CNT] = {
	[RATES_BY_EVENTS] = { 'e', "events" }, [RATES_BY_LOST] = { 'l', "lost" },
	[RATES_BY_FILL] = { 'f', "fill" },     [RATES_BY_TRAPS] = { 't', "traps" },
	[RATES_BY_PID] = { 'p', "pid" },       [RATES_BY_SERVICE] = { 's', "service" },
};

static void format_totals(const struct top *top, char to[LINE_BYTES])
{
	const struct rates_totals *totals = &top->rates.totals;
	char events[PRINT_SHORT_BYTES], lost[PRINT_SHORT_BYTES], memory[PRINT_SHORT_BYTES];

	(void)snprintf(
		to, LINE_BYTES,
		"%zu process%s, %zu collector%s: %s events/s, %s lost/s, CPU %.1f%%, %sB; by %s",
		top->rates.cnt, top->rates.cnt == 1 ? "" : "es", totals->collector_cnt,
		totals->collector_cnt == 1 ? "" : "s", print__short(events, totals->events_s),
		print__short(lost, totals->lost_s), totals->cpu * 100,
		print__short(memory, (double)totals->resident_bytes), sorts[top->sort].name);
}

static void format_heads(char to[LINE_BYTES])
{
	(void)snprintf(to, LINE_BYTES, "%7s %8s %6s %7s %5s %7s %6s %8s %6s %-12s %s", "PID",
		       "EVENTS/S", "B/S", "LOST", "L/S", "OVERW/S", "FILL", "TRAPS/S", "LAST",
		       "SERVICE", "COMMAND");
}

static void format_row(const struct rates_row *row, char to[LINE_BYTES])
{
	char events[PRINT_SHORT_BYTES], bytes[PRINT_SHORT_BYTES], lost[PRINT_SHORT_BYTES],
		lost_s[PRINT_SHORT_BYTES], over[PRINT_SHORT_BYTES], traps[PRINT_SHORT_BYTES],
		age[PRINT_SHORT_BYTES];

	(void)snprintf(to, LINE_BYTES, "%7" PRIu64 " %8s %6s %7s %5s %7s %5u%% %8s %6s %-12.12s %s",
		       row->pid, print__short(events, row->events_s),
		       print__short(bytes, row->bytes_s), print__short(lost, (double)row->lost),
		       print__short(lost_s, row->lost_s), print__short(over, row->overwritten_s),
		       print__percent(row->ring_used_bytes, row->ring_bytes),
		       print__short(traps, row->traps_s), print__age(age, row->newest_age_ns),
		       row->service, row->comm);
}

/* ---- looking ---- */

static void add_reply(struct top *top, const struct control_told *reply)
{
	json_t *answer = NULL;

	if (reply->verdict == CONTROL_WIRE_DONE)
		answer = json_loads(reply->text, 0, NULL);
	if (!answer || rates__add(&top->rates, answer))
		(void)snprintf(top->error, sizeof(top->error), "%s: no answer", reply->name);
	json_decref(answer);
}

/* 0; -errno: no collector answers. */
static int look(struct top *top)
{
	static struct replies replies;
	int err;

	replies.quiet = top->has_screen;
	err = ask__command(&replies, top->options, CONTROL_COMMAND_STATUS, NULL, 0);
	top->error[0] = '\0';
	rates__begin(&top->rates);
	for (size_t i = 0; i < replies.ask.cnt; i++)
		add_reply(top, &replies.ask.told[i]);
	rates__end(&top->rates, top->sort);
	if (!err && !top->has_screen && !top->rates.totals.collector_cnt) {
		(void)replies__tell(&replies, top->options);
		err = -EPIPE;
	}
	if (err)
		(void)snprintf(top->error, sizeof(top->error), "no collector is running");
	replies__fini(&replies);
	return err;
}

/* ---- tables ---- */

static void sleep_for(uint64_t ns)
{
	const struct timespec time = clock__timespec(ns);

	(void)nanosleep(&time, NULL);
}

static int print_table(struct top *top)
{
	char line[LINE_BYTES];

	format_totals(top, line);
	puts(line);
	format_heads(line);
	puts(line);
	for (size_t i = 0; i < top->rates.cnt; i++) {
		format_row(&top->rates.rows[i], line);
		puts(line);
	}
	puts("");
	return fflush(stdout) || ferror(stdout) ? -errno : 0;
}

/* Rates need two looks. */
static int print_tables(struct top *top)
{
	int err = look(top);

	for (uint64_t i = 0; !err && !is_told && (!top->options->count || i < top->options->count);
	     i++) {
		sleep_for(top->options->delay_ns);
		err = is_told ? 0 : look(top);
		if (!err && !is_told)
			err = print_table(top);
	}
	return err ? 1 : 0;
}

/* ---- the screen ---- */

static void draw_line(int y, const char *text, int attributes)
{
	if (y >= LINES)
		return;
	(void)attrset(attributes);
	(void)mvaddnstr(y, 0, text, COLS);
	if (attributes & A_REVERSE)
		(void)mvhline(y, (int)strnlen(text, (size_t)COLS), ' ', COLS);
	(void)attrset(A_NORMAL);
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"EVENTS/S, B/S  events and bytes that the process records",
		"LOST, L/S      events that were lost: ever, and a second",
		"OVERW/S        events that newer ones took the place of",
		"FILL           of the flight ring",
		"TRAPS/S        what recording costs the process: traps, of 0.5 to 5 us",
		"LAST           since its newest events came",
		"",
		"sort by: e events, l lost, f fill, t traps, p pid, s service",
		"arrows, PgUp, PgDn, Home: move    h: this help    q: quit",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		draw_line((int)i + 2, lines[i], A_NORMAL);
}

static void draw(const struct top *top)
{
	char line[LINE_BYTES];
	int y = 2;

	(void)erase();
	format_totals(top, line);
	draw_line(0, top->error[0] ? top->error : line, A_BOLD);
	format_heads(line);
	draw_line(1, line, A_REVERSE);
	if (top->helps) {
		draw_help();
	} else {
		for (size_t i = top->first; i < top->rates.cnt && y < LINES; i++) {
			format_row(&top->rates.rows[i], line);
			draw_line(y++, line, top->rates.rows[i].lost_s > 0 ? A_BOLD : A_NORMAL);
		}
	}
	(void)refresh();
}

static void move_by(struct top *top, long lines)
{
	const size_t last = top->rates.cnt ? top->rates.cnt - 1 : 0;

	if (lines < 0 && (size_t)-lines > top->first)
		top->first = 0;
	else
		top->first += (size_t)lines;
	if (top->first > last)
		top->first = last;
}

static void take_key(struct top *top, int key)
{
	for (int i = 0; i < RATES_SORT_CNT; i++) {
		if (key != sorts[i].key)
			continue;
		top->sort = (enum rates_sort)i;
		rates__sort(&top->rates, top->sort);
	}
	switch (key) {
	case 'q':
	case 3: /* Ctrl-C */
		top->over = true;
		break;
	case 'h':
	case '?':
		top->helps = !top->helps;
		break;
	case KEY_DOWN:
	case KEY_UP:
		move_by(top, key == KEY_DOWN ? 1 : -1);
		break;
	case KEY_NPAGE:
	case KEY_PPAGE:
		move_by(top, key == KEY_NPAGE ? LINES - 2 : 2 - LINES);
		break;
	case KEY_HOME:
		top->first = 0;
		break;
	}
}

/* Keys, until the next look is due. */
static void wait_keys(struct top *top, uint64_t until_ns)
{
	uint64_t now_ns;
	int key;

	while (!top->over && !is_told && (now_ns = clock__now_mono_ns()) < until_ns) {
		timeout((int)((until_ns - now_ns) / 1000000) + 1);
		key = getch();
		if (key == ERR)
			continue;
		take_key(top, key);
		draw(top);
	}
}

static int run_screen(struct top *top)
{
	uint64_t left = top->options->count ? top->options->count : UINT64_MAX;
	SCREEN *screen;

	/* before the screen: an error is printed */
	if (look(top))
		return 1;
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		fprintf(stderr, "ttlog-ctl: top: the terminal '%s' is not known (TERM)\n",
			getenv("TERM") ? getenv("TERM") : "");
		return 1;
	}
	top->has_screen = true;
	(void)cbreak();
	(void)noecho();
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	while (!top->over && !is_told && left--) {
		draw(top);
		wait_keys(top, clock__now_mono_ns() + top->options->delay_ns);
		if (!top->over && !is_told)
			(void)look(top);
	}
	(void)endwin();
	delscreen(screen);
	return 0;
}

int top__run(const struct ctl_options *options)
{
	struct top top = { .options = options };
	const struct sigaction action = { .sa_handler = take_signal };
	int status;

	(void)setlocale(LC_CTYPE, "");
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	status = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? run_screen(&top)
							       : print_tables(&top);
	rates__fini(&top.rates);
	return status;
}
