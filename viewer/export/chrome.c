/* SPDX-License-Identifier: MIT */
/*
 * Trace Event Format, the JSON that Perfetto UI, Chromium's DevTools and speedscope open.
 *
 * Threads are tracks. A span is a complete slice, printed when its end comes. A span without an end
 * begins and stays open, as it was when the process died. A wait of --sched is a complete slice,
 * named by its reason. All other events are instants. Times are microseconds of CLOCK_MONOTONIC with three decimals, exactly: readers use doubles, which can't
 * hold wall time, nor the time since boot if that is years ago.
 *
 * Readers sort slices by start, longer ones first; of two equal ones, the first in the file is the
 * outer one. So a slice that begins at the same time as the one around it waits until that has
 * ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "chrome_field.h"
#include "counters.h"
#include "death_event.h"
#include "event_output.h"
#include "json.h"
#include "spans.h"
#include "waits.h"

/* Linux has no larger pid. Pids of another machine come after these. */
#define PIDS_PER_MACHINE (1ull << 22)

#define DAY_NS         86400000000000ull
/* Up to 2^43 us (101 days), a double can distinguish single nanoseconds. */
#define EXACT_NS       (100 * DAY_NS)
/* The exact begin of a span does not matter if it was so long before the snapshot. */
#define REACH_NS       (50 * DAY_NS)
/* All slices that wait; beyond this, slices are printed before the ones around them. */
#define MAX_HELD_BYTES (8u << 20)

struct chrome {
	struct out *out;
	struct spans spans;
	struct counters counters;
	struct buffer *held; /* by lane: slices that wait; an open span's id is how many bytes of
			      * these came before it */
	size_t held_bytes;   /* memory of these */
	struct out page;     /* in memory: slices are formatted here */
	uint64_t base_ns;    /* times count from here */
	bool any;            /* the array is not empty */
};

/* ---- Parts ---- */

static void microseconds(struct out *out, const char *key, uint64_t ns)
{
	const char rest[] = { '.', (char)('0' + ns / 100 % 10), (char)('0' + ns / 10 % 10),
			      (char)('0' + ns % 10) };

	out__text(out, key);
	out__u64(out, ns / 1000);
	out__bytes(out, rest, sizeof(rest));
}

/* On the trace's time axis. */
static uint64_t since_base(const struct chrome *chrome, uint64_t ns)
{
	return ns > chrome->base_ns ? ns - chrome->base_ns : 0;
}

/* In a damaged file, an end may come before its start. */
static uint64_t length_ns(uint64_t begin_ns, uint64_t end_ns)
{
	return end_ns > begin_ns ? end_ns - begin_ns : 0;
}

static uint64_t event_ns(struct chrome *chrome, const struct ttlog_event *event)
{
	return since_base(chrome, spans__ns(&chrome->spans, event));
}

static uint64_t pid_of(const struct lane *lane)
{
	return lane->thread->pid + lane->machine * PIDS_PER_MACHINE;
}

/* {"ph":"X","pid":1,"tid":2 */
static void start_at(struct chrome *chrome, const char *phase, uint64_t pid, uint64_t tid)
{
	struct out *out = chrome->out;

	out__text(out, chrome->any ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	chrome->any = true;
	out__text(out, phase);
	out__json_u64(out, "\",\"pid\":", pid);
	out__json_u64(out, ",\"tid\":", tid);
}

static void start(struct chrome *chrome, const char *phase, const struct lane *lane)
{
	start_at(chrome, phase, pid_of(lane), lane->thread->tid);
}

static void name(struct out *out, struct ttlog_text name, struct ttlog_text category)
{
	out__json_member(out, ",\"name\":", name);
	out__json_member(out, ",\"cat\":", category);
}

/* All but a duration. kept: values of the event's fields; NULL: read them from the event. */
static void fields(struct out *out, const struct ttlog_event *event, const struct ttlog_field *kept)
{
	for (unsigned i = ttlog_site_first_field(event->site); i < event->site->nfields; i++) {
		struct ttlog_field field;

		if (kept)
			field = kept[i];
		else
			ttlog_event_field(event, i, &field);
		chrome_field__put(out, event->site->keys[i], &field);
	}
}

/* All that is not a field goes into one object, so that it takes no field's key. */
static void place(struct out *out, const struct ttlog_site *site, struct ttlog_text trace_id,
		  struct ttlog_text span_id)
{
	out__text(out, "\"ttlog\":{\"level\":\"");
	out__text(out, ttlog_level_name(site->level));
	out__json_member(out, "\",\"probe\":", site->probe);
	out__json_member(out, ",\"file\":", site->file);
	out__json_u64(out, ",\"line\":", site->line);
	out__json_member(out, ",\"func\":", site->func);
	if (!trace_id.len)
		return;
	out__json_member(out, ",\"trace_id\":", trace_id);
	out__json_member(out, ",\"span_id\":", span_id);
}

static void place_of_event(struct out *out, const struct ttlog_event *event)
{
	char trace_id[TTLOG_ID_BYTES], span_id[TTLOG_ID_BYTES];

	const uint64_t suppressed = ttlog_event_suppressed(event);

	place(out, event->site, ttlog_event_trace_id(event, trace_id),
	      ttlog_event_span_id(event, span_id));
	if (suppressed)
		out__json_u64(out, ",\"suppressed\":", suppressed);
}

static void place_of_span(struct out *out, const struct span *span)
{
	place(out, span->begin.site, ttlog_text_of(span->trace_id), ttlog_text_of(span->span_id));
}

/* ---- Begin and end of the file ---- */

static void process(struct chrome *chrome, const struct lane *lane)
{
	const struct ttlog_info *header = ttlog_snapshot_info(lane->reader);
	struct ttlog_text named = header->service.len ? header->service
				  : header->comm.len  ? header->comm
						      : lane->thread->comm;

	start(chrome, "M", lane);
	out__json_member(chrome->out, ",\"name\":\"process_name\",\"args\":{\"name\":", named);
	out__text(chrome->out, "}}");
	if (!header->host.len && !header->exe.len)
		return;
	start(chrome, "M", lane);
	out__json_member(chrome->out, ",\"name\":\"process_labels\",\"args\":{\"labels\":",
			 header->exe.len ? header->exe : header->host);
	out__text(chrome->out, "}}");
}

static void metadata(struct chrome *chrome)
{
	const struct lane *last = NULL;

	for (size_t i = 0; i < chrome->spans.lane_cnt; i++) {
		const struct lane *lane = &chrome->spans.lanes[i];

		if (!last || pid_of(last) != pid_of(lane))
			process(chrome, lane);
		start(chrome, "M", lane);
		out__json_member(chrome->out, ",\"name\":\"thread_name\",\"args\":{\"name\":",
				 lane->thread->comm);
		out__text(chrome->out, "}}");
		last = lane;
	}
}

static void head(struct chrome *chrome, const struct event_output_setup *setup)
{
	struct out *out = chrome->out;

	out__text(
		out,
		"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"producer\":\"ttlog-view " TTLOG_VERSION
		"\"");
	if (setup->reader_cnt) {
		const struct ttlog_info *header = ttlog_snapshot_info(setup->readers[0]);

		if (header->mono_ns > EXACT_NS)
			chrome->base_ns = (header->mono_ns - REACH_NS) / DAY_NS * DAY_NS;
		out__json_u64(out, ",\"mono_ns_at_0\":\"", chrome->base_ns);
		out__json_u64(out, "\",\"unix_ns_at_0\":\"",
			      ttlog_info_real_ns(header, chrome->base_ns));
		out__json_member(out, "\",\"host\":", header->host);
	}
	out__text(out, "},\"traceEvents\":[");
}

/* A span that never ended, or one inside a span that ended: it is unknown when it was left. */
static void open_slice(struct chrome *chrome, const struct lane *lane, const struct span *span,
		       const char *phase, uint64_t end_ns)
{
	struct out *out = chrome->out;
	const struct ttlog_event *begin = &span->begin;
	uint64_t begin_ns = event_ns(chrome, begin);

	start(chrome, phase, lane);
	name(out, begin->site->probe, begin->site->target);
	microseconds(out, ",\"ts\":", begin_ns);
	if (phase[0] == 'X')
		microseconds(out, ",\"dur\":", length_ns(begin_ns, end_ns));
	out__text(out, ",\"args\":{");
	if (span->fields)
		fields(out, begin, span->fields);
	place_of_span(out, span);
	out__text(out, ",\"unfinished\":true}}}");
}

static void stack(struct out *out, const struct ttlog_crash *crash)
{
	struct buffer text = { .len = 0 };

	for (size_t i = 0; i < crash->frame_cnt; i++) {
		text.len = 0;
		death_event__frame(&text, crash->frames[i]);
		if (i)
			out__char(out, ',');
		out__json_text(out, (struct ttlog_text){ text.bytes, text.len }, false);
	}
	if (text.err)
		out->err = text.err;
	buffer__fini(&text);
}

static void death(void *to, const struct death *death)
{
	struct chrome *chrome = to;
	struct out *out = chrome->out;
	const struct ttlog_crash *crash = death->info->crash;
	uint64_t pid = death->pid + death->machine * PIDS_PER_MACHINE;

	if (!death->lane && crash->thread.len) {
		start_at(chrome, "M", pid, death->tid);
		out__json_member(out,
				 ",\"name\":\"thread_name\",\"args\":{\"name\":", crash->thread);
		out__text(out, "}}");
	}
	start_at(chrome, "i", pid, death->tid);
	name(out, ttlog_text_of(death->words), ttlog_text_of(DEATH_CATEGORY));
	microseconds(out, ",\"ts\":", since_base(chrome, death->mono_ns));
	out__json_member(out, ",\"s\":\"t\",\"args\":{\"signal\":", crash->signal);
	out__json_member(out, ",\"address\":", crash->address);
	out__text(out, ",\"stack\":[");
	stack(out, crash);
	out__text(out, "]}}");
}

static void chrome__fini(void *state)
{
	struct chrome *chrome = state;

	for (size_t i = 0; chrome->held && i < chrome->spans.lane_cnt; i++)
		buffer__fini(&chrome->held[i]);
	free(chrome->held);
	out__fini(&chrome->page);
	spans__fini(&chrome->spans);
	counters__fini(&chrome->counters);
}

/* The place in `held` from which on text belongs to the open span, or to later slices. */
static size_t held_since(const struct buffer *held, const struct span *span)
{
	return span->id < held->len ? (size_t)span->id : held->len;
}

static void print_part(struct out *out, const struct buffer *held, size_t from, size_t until)
{
	if (until > from)
		out__bytes(out, held->bytes + from, until - from);
}

/* Open spans stay open. */
static void end_lane(struct chrome *chrome, const struct lane *lane)
{
	const struct buffer *held = &chrome->held[lane - chrome->spans.lanes];
	size_t done = 0;

	for (uint32_t k = 0; k < lane->cnt; k++) {
		size_t until = held_since(held, &lane->open[k]);

		print_part(chrome->out, held, done, until);
		open_slice(chrome, lane, &lane->open[k], "B", 0);
		done = until;
	}
	print_part(chrome->out, held, done, held->len);
}

static void chrome__end(void *state)
{
	struct chrome *chrome = state;

	for (size_t i = 0; i < chrome->spans.lane_cnt; i++)
		end_lane(chrome, &chrome->spans.lanes[i]);
	if (deaths__each(&chrome->spans, death, chrome))
		chrome->out->err = -ENOMEM;
	out__text(chrome->out, "\n]}\n");
}

static int chrome__begin(void *state, const struct event_output_setup *setup)
{
	struct chrome *chrome = state;
	int err = spans__init(&chrome->spans, setup->readers, setup->reader_cnt);

	chrome->out = setup->out;
	if (!err)
		err = counters__init(&chrome->counters, &chrome->spans.provenances,
				     setup->counters);
	if (!err)
		err = out__init_memory(&chrome->page);
	if (err)
		return err;
	chrome->held = calloc(chrome->spans.lane_cnt + 1, sizeof(*chrome->held));
	if (!chrome->held)
		return -ENOMEM;
	head(chrome, setup);
	metadata(chrome);
	return 0;
}

/* ---- Events ---- */

/* Prints the slices that wait from `from` on. */
static void print_held(struct chrome *chrome, struct buffer *held, size_t from)
{
	print_part(chrome->out, held, from, held->len);
	held->len = from;
	if (from)
		return;
	chrome->held_bytes -= held->cap;
	buffer__fini(held);
}

/* Puts the slice on the page before those that wait from `at` on. Returns the place after it. */
static size_t hold_page(struct chrome *chrome, struct buffer *held, size_t at)
{
	struct ttlog_text page = out__written(&chrome->page);
	size_t cap = held->cap;

	if (chrome->page.err || !buffer__room(held, page.len)) {
		chrome->out->err = -ENOMEM;
	} else {
		memmove(held->bytes + at + page.len, held->bytes + at, held->len - at);
		memcpy(held->bytes + at, page.p, page.len);
		held->len += page.len;
		chrome->held_bytes += held->cap - cap;
		at += page.len;
	}
	out__clear(&chrome->page);
	if (chrome->held_bytes <= MAX_HELD_BYTES)
		return at;
	print_held(chrome, held, 0);
	return 0;
}

/* A span that ends, and the open spans inside it: it is unknown when these were left. */
struct ended {
	const struct ttlog_event *end;
	const struct span *span; /* NULL: its start was not seen */
	uint64_t begin_ns;
	uint32_t inner;          /* the first open span inside */
	uint32_t left;           /* how many stay open */
	const struct wait *wait; /* it is one, not a span; NULL */
};

static struct ended find_ended(struct chrome *chrome, struct lane *lane,
			       const struct ttlog_event *end)
{
	struct ended ended = { .end = end };
	uint64_t end_ns = event_ns(chrome, end);
	struct ttlog_field duration;
	uint32_t at;

	ttlog_event_field(end, 0, &duration);
	at = spans__match(lane, end, duration.u);
	if (at < lane->cnt) {
		ended.span = &lane->open[at];
		ended.begin_ns = event_ns(chrome, &ended.span->begin);
		ended.left = at;
		ended.inner = at + 1;
		return ended;
	}
	/* spans that began during it are inside */
	ended.begin_ns = end_ns > duration.u ? end_ns - duration.u : 0;
	ended.inner = lane->cnt;
	while (ended.inner && !lane->unkept &&
	       event_ns(chrome, &lane->open[ended.inner - 1].begin) >= ended.begin_ns)
		ended.inner--;
	ended.left = ended.inner;
	return ended;
}

static void ended_slice(struct chrome *chrome, const struct lane *lane, const struct ended *ended)
{
	struct out *out = chrome->out;
	const struct ttlog_event *end = ended->end;
	const struct span *span = ended->span;
	struct ttlog_field duration;

	ttlog_event_field(end, 0, &duration);
	start(chrome, "X", lane);
	name(out, ended->wait ? ttlog_text_of(WAIT_REASONS[ended->wait->reason]) : end->site->probe,
	     end->site->target);
	microseconds(out, ",\"ts\":", ended->begin_ns);
	microseconds(out, ",\"dur\":", length_ns(ended->begin_ns, event_ns(chrome, end)));
	out__text(out, ",\"args\":{");
	if (span && span->fields)
		fields(out, &span->begin, span->fields);
	fields(out, end, NULL);
	place_of_event(out, end);
	if (!ended->wait) {
		out__text(out, ",\"duration_ns\":");
		json__field(out, &duration);
	}
	out__text(out, "}}}");
}

/* The span that ends comes first, then those inside it. */
static void print_ended(struct chrome *chrome, const struct lane *lane, const struct ended *ended,
			uint32_t number)
{
	if (number)
		open_slice(chrome, lane, &lane->open[ended->inner + number - 1], "X",
			   event_ns(chrome, ended->end));
	else
		ended_slice(chrome, lane, ended);
}

static void slice(struct chrome *chrome, struct lane *lane, const struct ended *ended)
{
	struct buffer *held = &chrome->held[lane - chrome->spans.lanes];
	bool waits = ended->left &&
		     event_ns(chrome, &lane->open[ended->left - 1].begin) == ended->begin_ns;
	size_t first = ended->left < lane->cnt ? held_since(held, &lane->open[ended->left])
					       : held->len;
	bool has_page = waits || first < held->len;
	struct out *out = chrome->out;
	size_t at = first;

	for (uint32_t i = 0; i <= lane->cnt - ended->inner; i++) {
		if (has_page)
			chrome->out = &chrome->page;
		print_ended(chrome, lane, ended, i);
		chrome->out = out;
		if (has_page)
			at = hold_page(chrome, held, at);
	}
	if (has_page && !waits)
		print_held(chrome, held, first < held->len ? first : held->len);
	while (lane->cnt > ended->left)
		spans__pop(&chrome->spans, lane);
}

static void span_slice(struct chrome *chrome, struct lane *lane, const struct ttlog_event *end)
{
	const struct ended ended = find_ended(chrome, lane, end);

	slice(chrome, lane, &ended);
}

/* It is inside all open spans. */
static void wait_slice(struct chrome *chrome, struct lane *lane, const struct ttlog_event *event,
		       const struct wait *wait)
{
	const struct ended ended = {
		.end = event,
		.begin_ns = wait__begin_ns(wait, lane, event_ns(chrome, event)),
		.inner = lane->cnt,
		.left = lane->cnt,
		.wait = wait,
	};

	slice(chrome, lane, &ended);
}

static void instant(struct chrome *chrome, const struct lane *lane, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;
	struct out *out = chrome->out;

	start(chrome, "i", lane);
	name(out, site->msg.len ? site->msg : site->probe, site->target);
	microseconds(out, ",\"ts\":", event_ns(chrome, event));
	out__text(out, ",\"s\":\"t\",\"args\":{");
	fields(out, event, NULL);
	place_of_event(out, event);
	out__text(out, "}}}");
}

static void counters(struct chrome *chrome, const struct lane *lane,
		     const struct ttlog_event *event)
{
	const uint16_t chosen =
		counters__of(&chrome->counters, spans__site_number(&chrome->spans, event));
	const struct ttlog_site *site = event->site;
	struct out *out = chrome->out;

	for (unsigned i = 0; chosen >> i; i++) {
		struct ttlog_field field;

		if (!(chosen >> i & 1) || !counters__value(event, i, &field))
			continue;
		start(chrome, "C", lane);
		name(out, site->keys[i], site->target);
		microseconds(out, ",\"ts\":", event_ns(chrome, event));
		out__text(out, ",\"args\":{\"value\":");
		if (chrome_field__is_beyond(&field))
			out__f64(out, counters__double(&field));
		else
			json__field(out, &field);
		out__text(out, "}}");
	}
}

static void begin(struct chrome *chrome, struct lane *lane, const struct ttlog_event *event)
{
	struct span *span = spans__begin(&chrome->spans, lane, event);

	if (span)
		span->id = chrome->held[lane - chrome->spans.lanes].len;
	else
		instant(chrome, lane, event);
}

static void chrome__event(void *state, const struct ttlog_event *event)
{
	struct chrome *chrome = state;
	struct lane *lane = spans__lane(&chrome->spans, event);
	struct wait wait;

	if (event->site->kind == TTLOG_EVENT_SPAN_END)
		span_slice(chrome, lane, event);
	else if (wait__of(event, &wait))
		wait_slice(chrome, lane, event, &wait);
	else if (event->site->kind == TTLOG_EVENT_SPAN)
		begin(chrome, lane, event);
	else
		instant(chrome, lane, event);
	counters(chrome, lane, event);
	lane->last_ns = event_ns(chrome, event);
}

const struct event_output chrome_output = {
	.state_bytes = sizeof(struct chrome),
	.begin = chrome__begin,
	.event = chrome__event,
	.end = chrome__end,
	.fini = chrome__fini,
};
