/* SPDX-License-Identifier: MIT */
/*
 * The cursor's event with all that is known of it, a line each, and the line of source that made
 * it. The file's name comes from the snapshot: nothing but a plain file is opened, and it is read no
 * further than to the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "browse.h"
#include "plain_file.h"
#include <ttlog/read.h>
#include "screen.h"

#define KEY_WIDTH        12
#define SOURCE_MAX_BYTES (4u << 20)
#define SOURCE_MAX_LINE  512u
#define MIN_TABLE        4

int browse__detail_height(const struct browse *browse)
{
	int room = screen__height() - browse__table_top(browse) - 2 - MIN_TABLE;
	int height = screen__height() * 2 / 5;

	if (!browse->has_detail || browse->page != PAGE_EVENTS)
		return 0;
	height = height > room ? room : height;
	return height > 2 ? height : 0;
}

/* ---- The line of source ---- */

static FILE *open_source(struct ttlog_text path)
{
	char name[4096];
	struct stat st;
	int fd;
	FILE *file;

	if (!path.len || path.len >= sizeof(name) || memchr(path.p, '\0', path.len))
		return NULL;
	memcpy(name, path.p, path.len);
	name[path.len] = '\0';
	fd = plain_file__open(name);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || st.st_size > (off_t)SOURCE_MAX_BYTES) {
		close(fd);
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

/* Its text without the blanks around it. False where it cannot be read. */
static bool read_source(const struct ttlog_site *site, char *to, size_t size)
{
	FILE *file = open_source(site->file);
	uint64_t line = 1;
	size_t len = 0;
	int c;

	if (!file)
		return false;
	while ((c = getc(file)) != EOF && line <= site->line) {
		if (c == '\n')
			line++;
		else if (line == site->line && len + 1 < size && (len || (c != ' ' && c != '\t')))
			to[len++] = (char)c;
	}
	fclose(file);
	to[len] = '\0';
	return len;
}

/* ---- Lines ---- */

struct detail {
	struct browse *browse;
	int y, top, height; /* the next line's, as if nothing were scrolled; of the pane */
};

static struct out *begin(const struct detail *detail)
{
	detail->browse->out.len = 0;
	detail->browse->out.err = 0;
	return &detail->browse->out;
}

static void put(const struct detail *detail, int x, struct ttlog_text text, enum screen_style style)
{
	int y = detail->y - detail->browse->detail_top;

	if (y >= 0 && y < detail->height)
		(void)screen__text(detail->top + y, x, screen__width() - x, text, style, false);
}

/* A key, and what is in browse->out since the key's end; a long value takes several lines, a long
 * key a line of its own. */
static void line(struct detail *detail, size_t key_len, enum screen_style style)
{
	const struct out *out = &detail->browse->out;
	struct ttlog_text key = { out->buf, key_len };
	struct ttlog_text value = { out->buf + key_len, out->len - key_len };
	int x = screen__columns(key) + 2;

	put(detail, 1, key, STYLE_KEY);
	if (x > screen__width() / 2 && x > KEY_WIDTH + 2) {
		detail->y++;
		x = 0;
	}
	x = x < KEY_WIDTH + 2 ? KEY_WIDTH + 2 : x;
	x = x > screen__width() / 2 ? screen__width() / 2 : x;
	do {
		struct ttlog_text part = { value.p, screen__bytes(value, screen__width() - x) };

		put(detail, x, part, style);
		detail->y++;
		value = (struct ttlog_text){ value.p + part.len, value.len - part.len };
	} while (value.len);
}

static void text_line(struct detail *detail, const char *key, struct ttlog_text value,
		      enum screen_style style)
{
	struct out *out = begin(detail);

	out__text(out, key);
	out__plain(out, value);
	line(detail, strlen(key), style);
}

static void fields(struct detail *detail, const struct ttlog_event *event)
{
	for (unsigned i = 0; i < event->site->nfields; i++) {
		struct out *out = begin(detail);
		size_t key_len;

		text__key(out, event->site, i);
		key_len = out->len;
		text__value(out, event, i);
		line(detail, key_len, STYLE_BOLD);
	}
}

static void source(struct detail *detail, const struct ttlog_site *site)
{
	char text[SOURCE_MAX_LINE];
	struct out *out;

	if (!site->file.len)
		return;
	out = begin(detail);
	out__text(out, "source");
	out__plain(out, site->file);
	out__format(out, ":%llu", (unsigned long long)site->line);
	if (site->func.len) {
		out__text(out, "  in ");
		out__plain(out, site->func);
	}
	line(detail, strlen("source"), STYLE_PLAIN);
	if (read_source(site, text, sizeof(text)))
		text_line(detail, "", ttlog_text_of(text), STYLE_MARK);
}

static void origin(struct detail *detail, const struct ttlog_event *event)
{
	const struct ttlog_thread *thread = event->thread;
	const struct ttlog_snapshot *reader = event->snapshot;
	struct out *out = begin(detail);

	out__text(out, "thread");
	out__format(out, "%llu/%llu ", (unsigned long long)thread->pid,
		    (unsigned long long)thread->tid);
	out__plain(out, thread->comm);
	if (thread->ns_tid)
		out__format(out, "  (%llu/%llu in its pid namespace)",
			    (unsigned long long)thread->ns_pid, (unsigned long long)thread->ns_tid);
	line(detail, strlen("thread"), STYLE_PLAIN);
	if (detail->browse->input.reader_cnt > 1)
		text_line(detail, "file", ttlog_text_of(ttlog_snapshot_name(reader)), STYLE_PLAIN);
}

static void draw_separator(const struct browse *browse, int y, int below)
{
	const char *hint = browse->is_in_detail ? "arrows scroll, Tab: back to the events"
						: "Tab: scroll in it, Enter: close";
	char text[96];

	snprintf(text, sizeof(text), "EVENT  (%s)", hint);
	if (below > 0)
		snprintf(text, sizeof(text), "EVENT  (%s)  %d line%s below", hint, below,
			 below == 1 ? "" : "s");
	screen__line(y, STYLE_HEAD, false);
	(void)screen__text(y, 1, screen__width() - 1, ttlog_text_of(text), STYLE_HEAD, false);
}

void browse__draw_detail(struct browse *browse, int top, int height)
{
	struct detail detail = { .browse = browse, .top = top + 1, .height = height - 1 };
	struct ttlog_event event;
	struct out *out;

	if (!height)
		return;
	draw_separator(browse, top, 0);
	for (int i = 1; i < height; i++)
		screen__line(top + i, STYLE_PLAIN, false);
	if (!browse__line_cnt(browse) ||
	    rows__event(browse->rows, browse__row(browse, browse->cursor), &event, NULL))
		return;
	out = begin(&detail);
	out__text(out, "message");
	text__message(out, event.site);
	line(&detail, strlen("message"), STYLE_BOLD);
	fields(&detail, &event);
	out = begin(&detail);
	out__text(out, "time");
	out__time(out, event.real_ns);
	line(&detail, strlen("time"), STYLE_PLAIN);
	text_line(&detail, "level", ttlog_text_of(ttlog_level_name(event.site->level)),
		  (enum screen_style)(STYLE_LEVEL + event.site->level));
	origin(&detail, &event);
	text_line(&detail, "target", event.site->target, STYLE_PLAIN);
	text_line(&detail, "probe", event.site->probe, STYLE_PLAIN);
	source(&detail, event.site);
	/* The end of it stays in sight. */
	if (browse->detail_top > detail.y - detail.height)
		browse->detail_top = detail.y > detail.height ? detail.y - detail.height : 0;
	draw_separator(browse, top, detail.y - detail.height - browse->detail_top);
}
