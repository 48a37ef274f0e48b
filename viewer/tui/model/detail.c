/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "detail.h"
#include "plain_file.h"
#include "text.h"

#define KEY_WIDTH        12
#define SOURCE_MAX_BYTES (4u << 20)
#define SOURCE_MAX_LINE  512u

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

/* The line without the blanks before it. Returns whether it could be read. */
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

/* ---- Lines: a key, and a value ---- */

static void put(struct detail *detail, int x, size_t start, size_t len, enum screen_style style)
{
	if (array__reserve(detail->texts, detail->cnt + 1, &detail->cap)) {
		detail->out.err = -ENOMEM;
		return;
	}
	detail->texts[detail->cnt++] = (struct detail_text){
		.x = x, .y = detail->line_cnt, .start = start, .len = len, .style = style
	};
}

/* Begins a line: first its key, up to end_key(), and then its value. */
static struct out *begin_line(struct detail *detail)
{
	detail->line_start = out__written(&detail->out).len;
	return &detail->out;
}

static void end_key(struct detail *detail)
{
	detail->value_start = out__written(&detail->out).len;
}

static struct out *begin(struct detail *detail, const char *key)
{
	out__text(begin_line(detail), key);
	end_key(detail);
	return &detail->out;
}

/* A long value takes several lines, a long key a line of its own. */
static void end_line(struct detail *detail, enum screen_style style)
{
	const struct ttlog_text all = out__written(&detail->out);
	const size_t key_len = detail->value_start - detail->line_start;
	struct ttlog_text value = { all.p + detail->value_start, all.len - detail->value_start };
	const int half = detail->width / 2;
	int x = screen__columns((struct ttlog_text){ all.p + detail->line_start, key_len }) + 2;

	put(detail, 1, detail->line_start, key_len, STYLE_KEY);
	if (x > half && x > KEY_WIDTH + 2) {
		detail->line_cnt++;
		x = 0;
	}
	x = x < KEY_WIDTH + 2 ? KEY_WIDTH + 2 : x;
	x = x > half ? half : x;
	do {
		size_t len = screen__bytes(value, detail->width - x);

		put(detail, x, (size_t)(value.p - all.p), len, style);
		detail->line_cnt++;
		value = (struct ttlog_text){ value.p + len, value.len - len };
	} while (value.len);
}

static void text_line(struct detail *detail, const char *key, struct ttlog_text value,
		      enum screen_style style)
{
	out__plain(begin(detail, key), value);
	end_line(detail, style);
}

static void field_line(struct detail *detail, const struct ttlog_event *event, unsigned idx)
{
	text__key(begin_line(detail), event->site, idx);
	end_key(detail);
	text__value(&detail->out, event, idx);
	end_line(detail, STYLE_BOLD);
}

static void id_line(struct detail *detail, const char *key, struct ttlog_text digits)
{
	if (digits.len)
		text_line(detail, key, digits, STYLE_PLAIN);
}

static void suppressed_line(struct detail *detail, uint64_t cnt)
{
	if (!cnt)
		return;
	out__u64(begin(detail, "suppressed"), cnt);
	end_line(detail, STYLE_PLAIN);
}

static void thread_line(struct detail *detail, const struct ttlog_thread *thread)
{
	struct out *out = begin(detail, "thread");

	out__format(out, "%llu/%llu ", (unsigned long long)thread->pid,
		    (unsigned long long)thread->tid);
	out__plain(out, thread->comm);
	if (thread->ns_tid)
		out__format(out, "  (%llu/%llu in its pid namespace)",
			    (unsigned long long)thread->ns_pid, (unsigned long long)thread->ns_tid);
	end_line(detail, STYLE_PLAIN);
}

/* Of one of several files. */
static void clock_line(struct detail *detail, const struct ttlog_info *info)
{
	struct out *out;

	if (!info->has_clock_error || !info->host.len)
		return;
	out = begin(detail, "clock");
	out__plain_after(out, "of ", info->host);
	out__text(out, ", off by at most ");
	out__duration(out, info->clock_error_ns);
	end_line(detail, STYLE_PLAIN);
}

static void source_lines(struct detail *detail, const struct ttlog_site *site)
{
	char text[SOURCE_MAX_LINE];
	struct out *out;

	if (!site->file.len)
		return;
	out = begin(detail, "source");
	out__plain(out, site->file);
	out__format(out, ":%llu", (unsigned long long)site->line);
	if (site->func.len)
		out__plain_after(out, "  in ", site->func);
	end_line(detail, STYLE_PLAIN);
	if (read_source(site, text, sizeof(text)))
		text_line(detail, "", ttlog_text_of(text), STYLE_MARK);
}

void detail__clear(struct detail *detail)
{
	out__clear(&detail->out);
	detail->cnt = 0;
	detail->line_cnt = 0;
}

int detail__make(struct detail *detail, const struct ttlog_event *event, bool with_file, int width,
		 int height)
{
	const struct ttlog_site *site = event->site;
	char id[TTLOG_ID_BYTES];

	detail__clear(detail);
	detail->width = width;
	text__message(begin(detail, "message"), site);
	end_line(detail, STYLE_BOLD);
	for (unsigned i = 0; i < site->nfields; i++)
		field_line(detail, event, i);
	out__time(begin(detail, "time"), event->real_ns);
	end_line(detail, STYLE_PLAIN);
	text_line(detail, "level", ttlog_text_of(ttlog_level_name(site->level)),
		  (enum screen_style)(STYLE_LEVEL + site->level));
	thread_line(detail, event->thread);
	if (with_file) {
		text_line(detail, "file", ttlog_text_of(ttlog_snapshot_name(event->snapshot)),
			  STYLE_PLAIN);
		clock_line(detail, ttlog_snapshot_info(event->snapshot));
	}
	text_line(detail, "target", site->target, STYLE_PLAIN);
	text_line(detail, "probe", site->probe, STYLE_PLAIN);
	id_line(detail, "trace_id", ttlog_event_trace_id(event, id));
	id_line(detail, "span_id", ttlog_event_span_id(event, id));
	suppressed_line(detail, ttlog_event_suppressed(event));
	source_lines(detail, site);
	/* Its end stays in sight. */
	if (detail->top > detail->line_cnt - height)
		detail->top = detail->line_cnt > height ? detail->line_cnt - height : 0;
	detail->all = out__written(&detail->out);
	return detail->out.err;
}

int detail__init(struct detail *detail)
{
	return out__init_memory(&detail->out);
}

void detail__fini(struct detail *detail)
{
	free(detail->texts);
	out__fini(&detail->out);
}
