/* SPDX-License-Identifier: MIT */
/*
 * One page of HTML with everything in it, for people without ttlog-view. src/page/ is what the
 * browser shows and runs; this file writes the page around the data.
 *
 * The page consists of src/page/page.html with its styles and scripts; blocks of events, each in a
 * script element that no browser runs; and what is only known at the end: the files, the ends of
 * their processes, problems. Text of a snapshot is in base64, or in JSON without '<', so it can't
 * be markup; the page also shows it as text only.
 *
 * An event of a block:
 *   site*2, plus 1 if a field is null; the site's definition when it first occurs
 *   thread; its definition when it first occurs
 *   wall time in ns, minus that of the event before, signed
 *   if a field is null: one bit per field
 *   the fields that are not null, by their types
 *
 * Calls that were left out before an event are one more field of it, `suppressed`. So a site with
 * such events is two sites of the page, which differ in that field.
 */
#include <errno.h>
#include <stdlib.h>

#include "event_output.h"
#include "hex.h"
#include "html_pack.h"
#include "info.h"
#include "provenance.h"
#include "signals.h"

/* Each is `{ bytes, }`, made by od from files that the Makefile joins. */
static const char PAGE_HEAD[] = {
#include "page_head.inc"
};
static const char PAGE_TAIL[] = {
#include "page_tail.inc"
};

struct html_thread {
	uint32_t number; /* plus 1; 0: not defined yet */
	uint64_t shift_ns;
};

struct html {
	const struct event_output_setup *setup;
	struct out *out;
	struct html_pack pack;
	struct provenances provenances;
	uint32_t (*sites)[2];        /* by site, without `suppressed` and with: its number plus 1 */
	struct html_thread *threads; /* by number over all files */
	uint32_t site_cnt, thread_cnt;
	uint64_t event_cnt, slot_cnt, last_ns;
};

/* ---- Events ---- */

static void define_site(struct html_pack *pack, const struct ttlog_site *site, bool has_suppressed)
{
	html_pack__u64(pack, site->kind);
	html_pack__u64(pack, site->level);
	html_pack__u64(pack, site->line);
	html_pack__text(pack, site->target, false);
	html_pack__text(pack, site->probe, false);
	html_pack__text(pack, site->msg, false);
	html_pack__text(pack, site->file, false);
	html_pack__text(pack, site->func, false);
	html_pack__u64(pack, site->nfields + has_suppressed);
	for (unsigned i = 0; i < site->nfields; i++) {
		html_pack__u64(pack, site->types[i]);
		html_pack__text(pack, site->keys[i], false);
	}
	if (has_suppressed) {
		html_pack__u64(pack, TTLOG_TYPE_U64);
		html_pack__text(pack, EVENT_KEYS[EVENT_KEY_SUPPRESSED], false);
	}
}

static void put_site(struct html *html, const struct ttlog_event *event,
		     const struct provenance *provenance, bool has_nulls, bool has_suppressed)
{
	uint32_t *number =
		&html->sites[provenance->first_site + event->site_number][has_suppressed];
	const bool is_new = !*number;

	if (is_new)
		*number = ++html->site_cnt;
	html_pack__u64(&html->pack, (uint64_t)(*number - 1) << 1 | has_nulls);
	if (is_new)
		define_site(&html->pack, event->site, has_suppressed);
}

/* If the difference of its clocks changes, a thread gets a new number. */
static void put_thread(struct html *html, const struct ttlog_event *event,
		       const struct provenance *provenance)
{
	struct html_thread *known = &html->threads[provenance->first_thread + event->thread_number];
	const struct ttlog_thread *thread = event->thread;
	uint64_t shift_ns = event->real_ns - event->mono_ns;
	struct html_pack *pack = &html->pack;

	if (known->number && known->shift_ns == shift_ns) {
		html_pack__u64(pack, known->number - 1);
		return;
	}
	*known = (struct html_thread){ ++html->thread_cnt, shift_ns };
	html_pack__u64(pack, known->number - 1);
	html_pack__u64(pack, provenance->number);
	html_pack__u64(pack, thread->pid);
	html_pack__u64(pack, thread->tid);
	html_pack__u64(pack, thread->ns_pid);
	html_pack__u64(pack, thread->ns_tid);
	html_pack__u64(pack, shift_ns);
	html_pack__text(pack, thread->comm, false);
}

static void put_bytes(struct html_pack *pack, const struct ttlog_field *field)
{
	char hex[2 * TTLOG_STR_MAX];
	size_t len = field->text.len < TTLOG_STR_MAX ? field->text.len : TTLOG_STR_MAX;

	hex__bytes(hex, field->text.p, len);
	html_pack__text(pack, (struct ttlog_text){ hex, 2 * len }, field->cut);
}

static void put_value(struct html *html, const struct ttlog_field *field, uint8_t type)
{
	struct html_pack *pack = &html->pack;

	switch (type) {
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_I64:
		html_pack__i64(pack, field->i);
		break;
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
		html_pack__f64(pack, field->d);
		break;
	case TTLOG_TYPE_DECIMAL:
		html_pack__i64(pack, field->i);
		html_pack__u64(pack, field->scale);
		break;
	case TTLOG_TYPE_STR:
		html_pack__text(pack, field->text, field->cut);
		break;
	case TTLOG_TYPE_BYTES:
		put_bytes(pack, field);
		break;
	default:
		html_pack__u64(pack, field->u);
	}
}

static void put_fields(struct html *html, const struct ttlog_site *site,
		       const struct ttlog_field *fields, unsigned nulls)
{
	for (unsigned i = 0; i < site->nfields; i++) {
		/* a decimal's scale has its own slot */
		html->slot_cnt += site->types[i] == TTLOG_TYPE_DECIMAL ? 2 : 1;
		if (!(nulls >> i & 1))
			put_value(html, &fields[i], site->types[i]);
	}
}

static void put_block(struct html *html)
{
	out__text(html->out, "<script type=\"text/plain\" class=\"block\">");
	html_pack__flush(&html->pack, html->out);
	out__text(html->out, "</script>\n");
	if (html->pack.block.err && !html->out->err)
		html->out->err = html->pack.block.err;
}

static void html__event(void *state, const struct ttlog_event *event)
{
	struct html *html = state;
	const struct ttlog_site *site = event->site;
	const struct provenance *provenance = provenances__find(&html->provenances, event);
	const uint64_t suppressed = ttlog_event_suppressed(event);
	struct ttlog_field fields[TTLOG_MAX_FIELDS];
	unsigned nulls = 0;

	for (unsigned i = 0; i < site->nfields; i++) {
		ttlog_event_field(event, i, &fields[i]);
		nulls |= (unsigned)(fields[i].null || fields[i].type != site->types[i]) << i;
	}
	put_site(html, event, provenance, nulls, suppressed);
	put_thread(html, event, provenance);
	html_pack__i64(&html->pack, (int64_t)(event->real_ns - html->last_ns));
	if (nulls)
		html_pack__u64(&html->pack, nulls);
	put_fields(html, site, fields, nulls);
	if (suppressed) {
		html->slot_cnt++;
		html_pack__u64(&html->pack, suppressed);
	}
	html->last_ns = event->real_ns;
	html->event_cnt++;
	if (html_pack__is_full(&html->pack))
		put_block(html);
}

/* ---- Begin and end ---- */

static void html__fini(void *state)
{
	struct html *html = state;

	html_pack__fini(&html->pack);
	provenances__fini(&html->provenances);
	free(html->sites);
	free(html->threads);
}

static int html__begin(void *state, const struct event_output_setup *setup)
{
	struct html *html = state;
	int err = html_pack__init(&html->pack);

	if (!err)
		err = provenances__init(&html->provenances, setup->readers, setup->reader_cnt);
	if (err)
		return err;
	html->setup = setup;
	html->out = setup->out;
	html->sites = calloc(html->provenances.site_cnt + 1, sizeof(*html->sites));
	html->threads = calloc(html->provenances.thread_cnt + 1, sizeof(*html->threads));
	if (!html->sites || !html->threads)
		return -ENOMEM;
	out__bytes(html->out, PAGE_HEAD, sizeof(PAGE_HEAD));
	return 0;
}

static void put_problems(struct out *out, const struct ttlog_snapshot *reader)
{
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);

	out__text(out, ",\"problems\":[");
	for (size_t i = 0; i < contents->problem_cnt; i++) {
		out__text(out, i ? "," : "");
		out__json_text(out, ttlog_text_of(contents->problems[i]), false);
	}
	out__json_u64(out, "],\"more_problems\":", contents->problem_more);
}

/* The meaning of the crash's numbers. */
static void put_cause(struct out *out, const struct ttlog_crash *crash)
{
	const struct signal_code *words =
		crash->has_code ? signal_code__find(crash->signal, crash->code) : NULL;

	out__text(out, signal_code__has_address(crash->signal, crash->code)
			       ? ",\"has_address\":true"
			       : "");
	if (words)
		out__format(out, ",\"cause\":\"%s: %s\"", words->name, words->meaning);
}

static void put_file(struct out *out, struct ttlog_snapshot *reader)
{
	int err;

	out__json_member(out, "{\"name\":", ttlog_text_of(ttlog_snapshot_name(reader)));
	put_problems(out, reader);
	if (ttlog_snapshot_info(reader)->crash->is_there)
		put_cause(out, ttlog_snapshot_info(reader)->crash);
	out__text(out, ",\"info\":");
	err = info__print_json(out, reader);
	out__char(out, '}');
	if (err && !out->err)
		out->err = err;
}

/* What is only known at the end, in JSON. */
static void put_summary(struct html *html)
{
	const struct event_output_setup *setup = html->setup;
	struct out *out = html->out;
	uint64_t held = 0;

	out__text(out,
		  "<script type=\"application/json\" id=\"summary\">{\"version\":\"" TTLOG_VERSION
		  "\"");
	out__json_u64(out, ",\"events\":", html->event_cnt);
	out__json_u64(out, ",\"slots\":", html->slot_cnt);
	out__json_u64(out, ",\"unread\":", setup->unread_cnt);
	if (setup->has_limit)
		out__json_u64(out, ",\"limit\":", setup->limit);
	out__text(out, ",\"files\":[");
	for (size_t i = 0; i < setup->reader_cnt; i++) {
		/* with --head, not all may have been read */
		(void)ttlog_snapshot_has_chunk(setup->readers[i], SIZE_MAX);
		held += ttlog_snapshot_contents(setup->readers[i])->event_cnt;
		out__text(out, i ? "," : "");
		put_file(out, setup->readers[i]);
	}
	out__json_u64(out, "],\"held\":", held);
	out__text(out, "}</script>\n");
}

static void html__end(void *state)
{
	struct html *html = state;

	if (html->pack.block.len)
		put_block(html);
	html->out->in_html = true;
	put_summary(html);
	html->out->in_html = false;
	out__bytes(html->out, PAGE_TAIL, sizeof(PAGE_TAIL));
}

const struct event_output html_output = {
	.state_bytes = sizeof(struct html),
	.begin = html__begin,
	.event = html__event,
	.end = html__end,
	.fini = html__fini,
};
