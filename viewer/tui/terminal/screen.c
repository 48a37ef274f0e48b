/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "out.h"
#include "screen.h"
#include "utf8.h"

/* The width of a text that is drawn, and how many combining marks a letter may have. */
#define MAX_COLUMNS     1024
#define MAX_COMBINING   2
#define RESTORE_BYTES   256u
#define ALT_STACK_BYTES 65536u

/* For the handler of fatal signals. Only the handler writes it while the screen is up. */
static struct {
	struct termios modes;
	char text[RESTORE_BYTES];
	size_t len;
	volatile sig_atomic_t is_up;
} restore;

static SCREEN *terminal;
static sigset_t wait_mask;
static bool is_utf8, has_colour, takes_mouse;
static attr_t looks[STYLE_CNT];
static char alt_stack[ALT_STACK_BYTES];

/* ---- The terminal as it was ---- */

static int add_restore_char(int c)
{
	if (restore.len < sizeof(restore.text))
		restore.text[restore.len++] = (char)c;
	return c;
}

static void add_restore(const char *capability)
{
	const char *text = tigetstr(capability);

	if (text && text != (const char *)-1)
		(void)tputs(text, 1, add_restore_char);
}

static void prepare_restore(void)
{
	static const char MOUSE_OFF[] = "\033[?1000l\033[?1002l\033[?1006l";
	const char *mouse = tigetstr("kmous");

	restore.len = 0;
	add_restore("sgr0");
	add_restore("op");
	add_restore("rmkx");
	add_restore("cnorm");
	if (mouse && mouse != (const char *)-1) {
		for (const char *c = MOUSE_OFF; *c; c++)
			(void)add_restore_char(*c);
	}
	add_restore("rmcup");
}

/* A process that was stopped in the background ends there: the terminal has the modes of the
 * shell. */
static void restore_terminal(void)
{
	struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };
	pid_t front = tcgetpgrp(STDOUT_FILENO);
	sigset_t stopping;

	(void)sigemptyset(&stopping);
	(void)sigaddset(&stopping, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &stopping, NULL);
	/* a terminal that is stopped (Ctrl-S) must not keep us from ending */
	if (poll(&room, 1, 0) > 0)
		(void)!write(STDOUT_FILENO, restore.text, restore.len);
	if (front < 0 || front == getpgrp())
		(void)tcsetattr(STDOUT_FILENO, TCSANOW, &restore.modes);
}

/* Calls only what POSIX allows in a handler, and isendwin(), which reads a flag: after Ctrl-Z the
 * terminal is already restored, and belongs to another program. */
static void on_fatal(int number)
{
	if (restore.is_up && !isendwin())
		restore_terminal();
	restore.is_up = 0;
	/* SA_RESETHAND has restored the default action, which ends the process. */
	(void)raise(number);
}

/* The default action of a signal that can be caught. */
static bool ends_process(int number)
{
	static const int OTHERS[] = {
		SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU
	};

	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
		if (OTHERS[i] == number)
			return false;
	}
	return true;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_fatal,
				    .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK) };
	const stack_t stack = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	sigset_t waiting;

	sigemptyset(&action.sa_mask);
	(void)sigaltstack(&stack, NULL);
	for (int number = 1; number <= SIGRTMAX; number++) {
		struct sigaction before;

		/* what is ignored, as SIGHUP after nohup, stays ignored */
		if (ends_process(number) && !sigaction(number, NULL, &before) &&
		    before.sa_handler != SIG_IGN)
			(void)sigaction(number, &action, NULL);
	}
	/* Both are let through only while we wait: so no new size is missed between two waits; and
	 * the handler of Ctrl-Z, which is that of ncurses, draws: it must not interrupt drawing or
	 * malloc. */
	sigemptyset(&waiting);
	sigaddset(&waiting, SIGWINCH);
	sigaddset(&waiting, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &waiting, &wait_mask);
	sigdelset(&wait_mask, SIGWINCH);
	sigdelset(&wait_mask, SIGTSTP);
}

/* ---- Begin and end ---- */

static void choose_looks(void)
{
	static const short LEVELS[] = { -1, COLOR_CYAN, COLOR_GREEN, COLOR_YELLOW, COLOR_RED };

	looks[STYLE_PLAIN] = A_NORMAL;
	looks[STYLE_DIM] = A_DIM;
	looks[STYLE_BOLD] = A_BOLD;
	looks[STYLE_BAR] = A_REVERSE;
	looks[STYLE_ALARM] = A_REVERSE | A_BOLD;
	looks[STYLE_HEAD] = A_BOLD | A_UNDERLINE;
	looks[STYLE_KEY] = A_DIM;
	looks[STYLE_ERROR] = A_BOLD;
	looks[STYLE_MARK] = A_BOLD;
	looks[STYLE_LEVEL] = A_DIM;
	for (int i = 1; i < 6; i++)
		looks[STYLE_LEVEL + i] = i < 3 ? A_NORMAL : A_BOLD;
	if (!has_colour)
		return;
	for (short i = 1; i < 5; i++) {
		(void)init_pair(i, LEVELS[i], -1);
		looks[STYLE_LEVEL + i] = (attr_t)COLOR_PAIR(i);
	}
	(void)init_pair(5, COLOR_WHITE, COLOR_RED);
	(void)init_pair(6, COLOR_BLACK, COLOR_CYAN);
	looks[STYLE_LEVEL + 5] = (attr_t)COLOR_PAIR(5) | A_BOLD;
	looks[STYLE_ALARM] = (attr_t)COLOR_PAIR(5) | A_BOLD;
	looks[STYLE_BAR] = (attr_t)COLOR_PAIR(6);
	looks[STYLE_KEY] = (attr_t)COLOR_PAIR(1);
	looks[STYLE_ERROR] = (attr_t)COLOR_PAIR(4) | A_BOLD;
	looks[STYLE_MARK] = (attr_t)COLOR_PAIR(3) | A_BOLD;
}

int screen__begin(bool colour, char *ret_why, size_t why_size)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(ret_why, why_size,
			 "the full screen needs a terminal for both its input and its output");
		return -EINVAL;
	}
	if (!term || !*term) {
		snprintf(ret_why, why_size, "TERM is not set, so nothing is known of the terminal");
		return -EINVAL;
	}
	/* Nothing but the characters: numbers stay as they are everywhere else. */
	(void)setlocale(LC_CTYPE, "");
	is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	(void)tcgetattr(STDOUT_FILENO, &restore.modes);
	catch_signals();
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		snprintf(ret_why, why_size, "nothing is known of the terminal '%s': set TERM",
			 term);
		return -EINVAL;
	}
	/* newterm() takes terminals that only print, too, and then writes all on one line. */
	if (!cursor_address) {
		(void)endwin();
		delscreen(terminal);
		terminal = NULL;
		snprintf(ret_why, why_size,
			 "the terminal '%s' can't move its cursor: use --format text", term);
		return -EINVAL;
	}
	prepare_restore();
	restore.is_up = 1;
	has_colour = colour && has_colors() && start_color() != ERR && use_default_colors() != ERR;
	choose_looks();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(25);
	takes_mouse = false;
	(void)screen__toggle_mouse();
	(void)mouseinterval(0);
	(void)curs_set(0);
	return 0;
}

bool screen__toggle_mouse(void)
{
	const mmask_t all = BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED |
			    BUTTON5_PRESSED;

	takes_mouse = !takes_mouse;
	(void)mousemask(takes_mouse ? all : 0, NULL);
	return takes_mouse;
}

void screen__end(void)
{
	if (!terminal)
		return;
	/* Where the screen stays, as on a vt100, the shell goes on in its last line. */
	screen__line(LINES - 1, STYLE_PLAIN, false);
	(void)refresh();
	(void)endwin();
	restore.is_up = 0;
	delscreen(terminal);
	terminal = NULL;
}

int screen__height(void)
{
	return LINES;
}

int screen__width(void)
{
	return COLS;
}

/* ---- Keys ---- */

int screen__key(int timeout_ms, int other_fd)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = other_fd, .events = POLLIN } };
	wint_t key;
	int kind = get_wch(&key);

	if (kind == ERR) {
		int got = ppoll(fds, 2, timeout_ms < 0 ? NULL : &timeout, &wait_mask);

		if (got > 0 && fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
			(void)raise(SIGHUP);
			return SCREEN_KEY_GONE; /* it is ignored */
		}
		kind = get_wch(&key);
	}
	if (kind == ERR)
		return SCREEN_KEY_NONE;
	if (key == (kind == KEY_CODE_YES ? KEY_ENTER : '\n'))
		return '\r';
	return kind == KEY_CODE_YES ? SCREEN_SPECIAL((int)key) : (int)key;
}

/* ---- Text ---- */

/* How many cells a character takes. ret: the character to draw. */
static int columns_of(uint32_t code, wchar_t *ret)
{
	int cells;

	*ret = (wchar_t)code;
	if (code < 0x80)
		return 1;
	cells = is_utf8 && code != UTF8_INVALID ? wcwidth((wchar_t)code) : -1;
	if (cells >= 0)
		return cells;
	*ret = L'?';
	return 1;
}

struct line {
	wchar_t text[MAX_COLUMNS * (1 + MAX_COMBINING) + 1];
	size_t len;
	int cells;
};

static void fit(struct line *line, struct ttlog_text text, int skip, int width)
{
	const char *p = text.p, *end = text.p + text.len;
	int combining = 0, at = 0;

	line->len = 0;
	line->cells = 0;
	while (p < end) {
		uint32_t code;
		wchar_t shown;
		int cells;

		p += utf8__next(p, end, &code);
		cells = columns_of(code, &shown);
		combining = cells ? 0 : combining + 1;
		at += cells;
		if (at - cells < skip) {
			/* a wide one that is cut in two */
			for (; at > skip && line->cells < at - skip && line->cells < width;)
				line->text[line->len++] = L' ', line->cells++;
			continue;
		}
		if (line->cells + cells > width)
			break;
		if (!cells && (combining > MAX_COMBINING || !line->cells))
			continue;
		line->text[line->len++] = shown;
		line->cells += cells;
	}
	line->text[line->len] = L'\0';
}

static attr_t look_of(enum screen_style style, bool selected)
{
	attr_t look = looks[style];

	/* Dim on reverse cannot be read. */
	return selected ? (look & ~A_DIM) | A_REVERSE : look;
}

void screen__line(int y, enum screen_style style, bool selected)
{
	(void)move(y, 0);
	(void)attrset((int)A_NORMAL);
	(void)clrtoeol();
	if (style == STYLE_PLAIN && !selected)
		return;
	(void)attrset((int)look_of(style, selected));
	(void)hline(' ' | look_of(style, selected), COLS);
}

int screen__text_from(int y, int x, int width, struct ttlog_text text, int skip,
		      enum screen_style style, bool selected)
{
	static struct line line;

	if (y < 0 || y >= LINES || x >= COLS)
		return 0;
	if (width > COLS - x)
		width = COLS - x;
	if (width > MAX_COLUMNS)
		width = MAX_COLUMNS;
	fit(&line, text, skip, width);
	(void)attrset((int)look_of(style, selected));
	(void)mvaddnwstr(y, x, line.text, (int)line.len);
	return line.cells;
}

int screen__text(int y, int x, int width, struct ttlog_text text, enum screen_style style,
		 bool selected)
{
	return screen__text_from(y, x, width, text, 0, style, selected);
}

size_t screen__bytes(struct ttlog_text text, int width)
{
	size_t len = 0;
	int cells = 0;

	while (len < text.len) {
		uint32_t code;
		wchar_t shown;
		size_t more = utf8__next(text.p + len, text.p + text.len, &code);

		cells += columns_of(code, &shown);
		if (cells > width && len)
			break;
		len += more;
	}
	return len;
}

int screen__columns(struct ttlog_text text)
{
	const char *p = text.p, *end = text.p + text.len;
	int cells = 0;

	while (p < end) {
		uint32_t code;
		wchar_t shown;

		p += utf8__next(p, end, &code);
		cells += columns_of(code, &shown);
	}
	return cells;
}

void screen__cursor(int y, int x)
{
	(void)curs_set(y >= 0);
	if (y >= 0)
		(void)move(y, x < COLS ? x : COLS - 1);
}

void screen__show(void)
{
	(void)refresh();
}

void screen__redraw(void)
{
	(void)clearok(stdscr, TRUE);
}
