/* SPDX-License-Identifier: MIT */

#include "ascii.h"
#include "text.h"

/* An endless name must not push every line out of the window. */
#define WHERE_MAX_WIDTH 40u
#define COMM_MAX_WIDTH  16u

#define DIM   "\033[2m"
#define BOLD  "\033[1m"
#define RESET "\033[0m"

static const char *const LEVEL_COLOURS[] = {
	"\033[2m", "\033[36m", "\033[32m", "\033[33m", "\033[31m", "\033[1;37;41m",
};

const char *level_colour(uint8_t level)
{
	return level < sizeof(LEVEL_COLOURS) / sizeof(LEVEL_COLOURS[0]) ? LEVEL_COLOURS[level] : "";
}

/* The probe of a level's macro has the level's name in lower case, which says nothing new. */
static bool has_own_probe(const struct ttlog_site *site)
{
	const char *level = ttlog_level_name(site->level);

	if (site->probe.len != strlen(level))
		return true;
	for (size_t i = 0; i < site->probe.len; i++) {
		if (site->probe.p[i] != ascii__lower(level[i]))
			return true;
	}
	return false;
}

static size_t where_width(const struct ttlog_site *site)
{
	size_t width = out__width(site->target);

	return has_own_probe(site) ? width + 1 + out__width(site->probe) : width;
}

static size_t at_most(size_t width, size_t most)
{
	return width < most ? width : most;
}

void text_output__init(struct text_output *text, struct out *out, bool colour,
		       struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	*text = (struct text_output){ .out = out, .colour = colour };
	text_output__widen(text, readers, reader_cnt);
}

void text_output__widen(struct text_output *text, struct ttlog_snapshot *const *readers,
			size_t reader_cnt)
{
	for (size_t i = 0; i < reader_cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(readers[i]);

		for (size_t k = 0; k < header->site_cnt; k++) {
			size_t width = where_width(header->sites[k]);

			if (width > text->where_width)
				text->where_width = at_most(width, WHERE_MAX_WIDTH);
		}
		for (size_t k = 0; k < header->thread_cnt; k++) {
			const struct ttlog_thread *thread = header->threads[k];
			size_t id = out__u64_width(thread->pid) + 1 + out__u64_width(thread->tid);
			size_t comm = out__width(thread->comm);

			if (id > text->id_width)
				text->id_width = id;
			if (comm > text->comm_width)
				text->comm_width = at_most(comm, COMM_MAX_WIDTH);
		}
	}
}

static void pad_to(struct out *out, size_t width, size_t used)
{
	out__pad(out, (used < width ? width - used : 0) + 1);
}

static void level(struct text_output *text, unsigned number)
{
	struct out *out = text->out;
	const char *name = ttlog_level_name(number);

	if (text->colour)
		out__text(out, level_colour(number));
	out__text(out, name);
	if (text->colour)
		out__text(out, RESET);
	pad_to(out, 5, strlen(name));
}

static void value(struct out *out, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text;

	if (field->type == TTLOG_TYPE_BYTES && !field->null) {
		out__hex_bytes(out, field->text);
		if (field->cut)
			out__text(out, "\xe2\x80\xa6");
		return;
	}
	text = ttlog_field_text(field, buf);
	if ((field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_CHAR) && !field->null)
		out__value(out, text, field->cut);
	else
		out__bytes(out, text.p, text.len);
}

void text__key(struct out *out, const struct ttlog_site *site, unsigned idx)
{
	if (idx < ttlog_site_first_field(site))
		out__text(out, "took");
	else
		out__plain(out, site->keys[idx]);
}

void text__value(struct out *out, const struct ttlog_event *event, unsigned idx)
{
	struct ttlog_field field;

	ttlog_event_field(event, idx, &field);
	if (idx < ttlog_site_first_field(event->site) && field.type != TTLOG_TYPE_NONE)
		out__duration(out, field.u);
	else
		value(out, &field);
}

static void fields(struct text_output *text, const struct ttlog_event *event)
{
	struct out *out = text->out;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		out__char(out, ' ');
		if (text->colour)
			out__text(out, DIM);
		text__key(out, event->site, i);
		out__char(out, '=');
		if (text->colour)
			out__text(out, RESET);
		text__value(out, event, i);
	}
}

#define SHORT_ID 8u

/* Its first digits, as a filter takes them. */
static void id(struct text_output *text, const char *key, struct ttlog_text digits)
{
	struct out *out = text->out;

	if (!digits.len)
		return;
	if (text->colour)
		out__text(out, DIM);
	out__text(out, key);
	out__bytes(out, digits.p, SHORT_ID);
	out__char(out, '*');
	if (text->colour)
		out__text(out, RESET);
}

static void suppressed(struct text_output *text, uint64_t cnt)
{
	if (!cnt)
		return;
	if (text->colour)
		out__text(text->out, DIM);
	out__text(text->out, " suppressed=");
	out__u64(text->out, cnt);
	if (text->colour)
		out__text(text->out, RESET);
}

static void unsure(const struct text_output *text)
{
	if (!text->unsure_ns)
		return;
	if (text->colour)
		out__text(text->out, DIM);
	out__text(text->out, " order=+-");
	out__duration(text->out, text->unsure_ns);
	if (text->colour)
		out__text(text->out, RESET);
}

void text__where(struct out *out, const struct ttlog_site *site)
{
	out__plain(out, site->target);
	if (has_own_probe(site)) {
		out__char(out, ':');
		out__plain(out, site->probe);
	}
}

void text__message(struct out *out, const struct ttlog_site *site)
{
	static const char *const MARKS[] = { "", " begin", " end" };

	out__plain(out, site->msg.len ? site->msg : site->probe);
	out__text(out, MARKS[site->kind]);
}

/* "    #0  parse+0x1f at src/parse.c:12 in /usr/bin/server+0x11f", below its event. */
static void frame(struct out *out, size_t number, const struct ttlog_frame *frame)
{
	out__format(out, "    #%-2zu ", number);
	out__plain(out, frame->symbol.p ? frame->symbol : frame->ip);
	if (frame->file.p) {
		out__plain_after(out, " at ", frame->file);
		if (frame->has_line)
			out__format(out, ":%llu", (unsigned long long)frame->line);
	}
	if (frame->module.p) {
		out__plain_after(out, " in ", frame->module);
		if (frame->offset.p)
			out__plain_after(out, "+", frame->offset);
	}
	out__char(out, '\n');
}

static void stack(const struct text_output *text, const struct ttlog_event *event)
{
	const struct ttlog_frame *const *frames;
	const size_t cnt = ttlog_event_stack(event, &frames);

	if (cnt && text->colour)
		out__text(text->out, DIM);
	for (size_t i = 0; i < cnt; i++)
		frame(text->out, i, frames[i]);
	if (cnt && text->colour)
		out__text(text->out, RESET);
}

void text_output__event(struct text_output *text, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;
	const struct ttlog_thread *thread = event->thread;
	struct out *out = text->out;
	char buf[TTLOG_ID_BYTES];

	if (text->colour)
		out__text(out, DIM);
	out__time(out, event->real_ns);
	if (text->colour)
		out__text(out, RESET);
	out__char(out, ' ');
	level(text, site->level);
	out__u64(out, thread->pid);
	out__char(out, '/');
	out__u64(out, thread->tid);
	pad_to(out, text->id_width, out__u64_width(thread->pid) + 1 + out__u64_width(thread->tid));
	out__plain(out, thread->comm);
	pad_to(out, text->comm_width, out__width(thread->comm));
	text__where(out, site);
	pad_to(out, text->where_width, where_width(site));
	if (text->colour && site->level >= TTLOG_LEVEL_WARN)
		out__text(out, BOLD);
	text__message(out, site);
	if (text->colour && site->level >= TTLOG_LEVEL_WARN)
		out__text(out, RESET);
	fields(text, event);
	id(text, " trace=", ttlog_event_trace_id(event, buf));
	id(text, " span=", ttlog_event_span_id(event, buf));
	suppressed(text, ttlog_event_suppressed(event));
	unsure(text);
	out__char(out, '\n');
	stack(text, event);
}
