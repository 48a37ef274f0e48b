/* SPDX-License-Identifier: MIT */
/*
 * OpenTelemetry's OTLP/JSON: objects with resourceLogs, then objects with resourceSpans, one per
 * line. A collector reads such a file, or takes single lines at /v1/logs and /v1/traces. A line is
 * shorter than the limit of its receivers.
 *
 * Logs and spans are separate there, but events come mixed: so this goes over the events twice. A
 * span is printed when its end comes. Ids are made from host, pid, thread, time and site, so that a
 * span has the same id in each snapshot of the process. A trace is an outermost span with all spans
 * inside.
 */
#include <errno.h>

#include "death_event.h"
#include "event_output.h"
#include "hex.h"
#include "otlp_attribute.h"
#include "spans.h"

#define SPAN_KIND_INTERNAL "1"

/* The collector's file receivers cut lines at 1 MiB. After so many bytes, a line begins no new
 * item; 16 fields of 4,000 bytes, each \u0000, are 384,000. */
#define LINE_BYTES (512u << 10)

struct otlp {
	struct out *out;
	struct spans spans;
	size_t process;      /* the process with an open array; SIZE_MAX: none */
	uint64_t line_start; /* of the open line; UINT64_MAX: none */
	bool in_spans;       /* the second pass */
	bool any_line, any_item;
	bool has_spans; /* there are sites with spans */
	uint64_t last_ns;
};

/* ---- The arrays ---- */

static void close_process(struct otlp *otlp)
{
	if (otlp->process != SIZE_MAX)
		out__text(otlp->out, "]}]}");
	otlp->process = SIZE_MAX;
}

static void open_line(struct otlp *otlp)
{
	otlp->line_start = out__position(otlp->out);
	out__text(otlp->out, otlp->in_spans ? "{\"resourceSpans\":[" : "{\"resourceLogs\":[");
	otlp->any_line = true;
}

static void close_line(struct otlp *otlp)
{
	close_process(otlp);
	if (otlp->line_start != UINT64_MAX)
		out__text(otlp->out, "]}\n");
	otlp->line_start = UINT64_MAX;
}

static void resource(struct out *out, const struct ttlog_info *header)
{
	out__text(out, "{\"resource\":{\"attributes\":[");
	otlp_attribute__text(out, "host.name", header->host);
	otlp_attribute__text(out, "process.executable.path", header->exe);
	otlp_attribute__text(out, "process.executable.build_id.gnu", header->build_id);
	if (header->has_pid)
		otlp_attribute__u64(out, "process.pid", header->pid, ",");
	out__text(out, "{\"key\":\"service.name\",\"value\":{\"stringValue\":");
	out__json_text(out,
		       header->service.len ? header->service
		       : header->comm.len  ? header->comm
					   : ttlog_text_of("unknown_service"),
		       false);
	out__text(out, "}}]},");
}

/* What follows belongs to the process of this file. */
static void start_item(struct otlp *otlp, size_t reader, const struct ttlog_info *info)
{
	size_t process = otlp->spans.processes[reader];
	struct out *out = otlp->out;

	if (otlp->line_start != UINT64_MAX && out__position(out) - otlp->line_start > LINE_BYTES)
		close_line(otlp);
	if (process != otlp->process) {
		bool is_first = otlp->line_start == UINT64_MAX;

		close_process(otlp);
		if (is_first)
			open_line(otlp);
		else
			out__char(out, ',');
		resource(out, info);
		out__text(out, otlp->in_spans ? "\"scopeSpans\"" : "\"scopeLogs\"");
		out__text(out,
			  ":[{\"scope\":{\"name\":\"ttlog\",\"version\":\"" TTLOG_VERSION "\"},");
		out__text(out, otlp->in_spans ? "\"spans\":[" : "\"logRecords\":[");
		otlp->process = process;
		otlp->any_item = false;
	}
	if (otlp->any_item)
		out__char(out, ',');
	otlp->any_item = true;
}

static void start_event(struct otlp *otlp, const struct ttlog_event *event)
{
	const struct provenance *provenance = provenances__find(&otlp->spans.provenances, event);

	start_item(otlp, provenance->number, ttlog_snapshot_info(provenance->reader));
}

/* ---- Ids ---- */

/* Other tools store the ids: this hash must not change. */
static uint64_t mix(uint64_t hash, uint64_t v)
{
	hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, struct ttlog_text text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = mix(hash, (unsigned char)text.p[i]);
	return mix(hash, text.len);
}

/* Never 0, which is not an id. */
static uint64_t id_of(const struct ttlog_event *event, uint64_t begin_ns)
{
	const struct ttlog_info *header = ttlog_snapshot_info(event->snapshot);
	uint64_t hash = mix_text(0x7474c0de, header->host);

	hash = mix(mix(mix(hash, event->thread->pid), event->thread->tid), begin_ns);
	hash = mix_text(mix(hash, event->site->line), event->site->probe);
	return hash ? hash : 1;
}

static void hex_id(struct out *out, uint64_t id)
{
	char digits[16];

	hex__digits(digits, id, sizeof(digits));
	out__bytes(out, digits, sizeof(digits));
}

/* trace_id: of the program's context; else one that is made of `trace`. */
static void ids(struct out *out, struct ttlog_text trace_id, uint64_t trace, uint64_t id)
{
	out__text(out, "\"traceId\":\"");
	if (trace_id.len) {
		out__bytes(out, trace_id.p, trace_id.len);
	} else {
		hex_id(out, mix(trace, 1));
		hex_id(out, trace);
	}
	out__text(out, "\",\"spanId\":\"");
	hex_id(out, id);
	out__char(out, '"');
}

/* ---- Logs ---- */

static void time_key(struct out *out, const char *key, uint64_t real_ns)
{
	out__json_u64(out, key, real_ns);
	out__char(out, '"');
}

/* A log record up to its attributes. */
static void open_record(struct out *out, uint64_t real_ns, uint8_t level, struct ttlog_text name,
			struct ttlog_text body)
{
	time_key(out, "{\"timeUnixNano\":\"", real_ns);
	time_key(out, ",\"observedTimeUnixNano\":\"", real_ns);
	/* TRACE is 1, and each level has four numbers */
	out__json_u64(out, ",\"severityNumber\":", 1 + 4 * (uint64_t)level);
	out__text(out, ",\"severityText\":\"");
	out__text(out, ttlog_level_name(level));
	out__json_member(out, "\",\"eventName\":", name);
	out__json_member(out, ",\"body\":{\"stringValue\":", body);
	out__text(out, "},\"attributes\":[");
}

/* event: NULL: it is none. Its own context comes before the open span. */
static void close_record(struct out *out, const struct lane *lane, const struct ttlog_event *event)
{
	const struct span *span = lane && lane->cnt ? &lane->open[lane->cnt - 1] : NULL;
	char trace_id[TTLOG_ID_BYTES], span_id[TTLOG_ID_BYTES];
	struct ttlog_text trace = { NULL, 0 };

	if (event)
		trace = ttlog_event_trace_id(event, trace_id);
	if (trace.len) {
		out__json_member(out, ",\"traceId\":", trace);
		out__json_member(out, ",\"spanId\":", ttlog_event_span_id(event, span_id));
	} else if (span) {
		out__char(out, ',');
		ids(out, ttlog_text_of(span->trace_id), span->trace, span->id);
	}
	out__char(out, '}');
}

static void log_record(struct otlp *otlp, const struct lane *lane, const struct ttlog_event *event)
{
	const uint64_t suppressed = ttlog_event_suppressed(event);
	const struct ttlog_site *site = event->site;
	struct out *out = otlp->out;
	char id[TTLOG_ID_BYTES];

	start_event(otlp, event);
	open_record(out, event->real_ns, site->level, site->probe, site->msg);
	otlp_attribute__fields(out, event, NULL);
	otlp_attribute__text(out, "log.record.uid", ttlog_event_id(event, id));
	if (suppressed)
		otlp_attribute__u64(out, "ttlog.suppressed", suppressed, ",");
	otlp_attribute__place(out, event);
	close_record(out, lane, event);
}

static void stack(struct out *out, const struct ttlog_crash *crash)
{
	struct buffer text = { .len = 0 };

	death_event__stack(&text, crash);
	if (text.err)
		out->err = text.err;
	otlp_attribute__text(out, "exception.stacktrace",
			     (struct ttlog_text){ text.bytes, text.len });
	buffer__fini(&text);
}

static void death(void *to, const struct death *death)
{
	struct otlp *otlp = to;
	struct out *out = otlp->out;
	const struct ttlog_crash *crash = death->info->crash;

	start_item(otlp, death->reader, death->info);
	open_record(out, death->real_ns, TTLOG_LEVEL_FATAL, ttlog_text_of(DEATH_CATEGORY),
		    ttlog_text_of(death->words));
	otlp_attribute__text(out, "exception.type",
			     crash->exception_type.p ? crash->exception_type : crash->signal);
	otlp_attribute__text(out, "exception.message",
			     crash->exception_what.p ? crash->exception_what
						     : ttlog_text_of(death->words));
	stack(out, crash);
	otlp_attribute__text(out, "thread.name", crash->thread);
	otlp_attribute__u64(out, "thread.id", death->tid, "]");
	close_record(out, death->lane, NULL);
}

/* ---- Spans ---- */

struct otlp_span {
	const struct ttlog_event *event; /* start, or end if the start was not seen */
	const struct ttlog_field *fields;
	const struct span *parent; /* or NULL */
	uint64_t id, trace, begin_ns, end_ns;
	const struct ttlog_field *duration;  /* NULL: its end was not seen */
	const struct ttlog_event *end;       /* likewise */
	struct ttlog_text trace_id, span_id; /* of its context */
};

/* The span around it, if both are of one trace; else that of its context. */
static void parent(struct out *out, const struct otlp_span *span)
{
	if (span->parent && ttlog_text_is(span->trace_id, span->parent->trace_id)) {
		out__text(out, ",\"parentSpanId\":\"");
		hex_id(out, span->parent->id);
		out__char(out, '"');
	} else if (span->span_id.len) {
		out__json_member(out, ",\"parentSpanId\":", span->span_id);
	}
}

static void print_span(struct otlp *otlp, const struct otlp_span *span)
{
	struct out *out = otlp->out;

	start_event(otlp, span->event);
	out__char(out, '{');
	ids(out, span->trace_id, span->trace, span->id);
	parent(out, span);
	out__json_member(out, ",\"name\":", span->event->site->probe);
	out__text(out, ",\"kind\":" SPAN_KIND_INTERNAL);
	time_key(out, ",\"startTimeUnixNano\":\"", span->begin_ns);
	time_key(out, ",\"endTimeUnixNano\":\"", span->end_ns);
	out__text(out, ",\"attributes\":[");
	if (span->fields)
		otlp_attribute__fields(out, span->event, span->fields);
	if (span->end)
		otlp_attribute__fields(out, span->end, NULL);
	otlp_attribute__text(out, "ttlog.level",
			     ttlog_text_of(ttlog_level_name(span->event->site->level)));
	if (span->duration)
		otlp_attribute__field(out, "ttlog.duration_ns", span->duration);
	else
		out__text(out, "{\"key\":\"ttlog.unfinished\",\"value\":{\"boolValue\":true}},");
	otlp_attribute__place(out, span->event);
	out__char(out, '}');
}

/* Prints an open span as one that ends now. end: its own end, and how long it took; or NULL. */
static void end_open(struct otlp *otlp, const struct lane *lane, uint32_t at, uint64_t end_ns,
		     const struct ttlog_event *end, const struct ttlog_field *duration)
{
	const struct span *span = &lane->open[at];
	struct otlp_span shown = {
		.event = &span->begin,
		.fields = span->fields,
		.parent = at ? span - 1 : NULL,
		.id = span->id,
		.trace = span->trace,
		.begin_ns = span->begin.real_ns,
		.end_ns = end_ns > span->begin.real_ns ? end_ns : span->begin.real_ns,
		.duration = duration,
		.end = end,
		.trace_id = ttlog_text_of(span->trace_id),
		.span_id = ttlog_text_of(span->span_id),
	};

	print_span(otlp, &shown);
}

static void end_unseen(struct otlp *otlp, const struct lane *lane, const struct ttlog_event *end,
		       const struct ttlog_field *duration)
{
	const uint64_t took_ns = duration->u;
	char trace_id[TTLOG_ID_BYTES], span_id[TTLOG_ID_BYTES];
	struct otlp_span shown = {
		.event = end,
		.id = id_of(end, end->mono_ns - took_ns),
		.begin_ns = end->real_ns > took_ns ? end->real_ns - took_ns : 0,
		.end_ns = end->real_ns,
		.duration = duration,
		.end = end,
		.trace_id = ttlog_event_trace_id(end, trace_id),
		.span_id = ttlog_event_span_id(end, span_id),
	};

	for (uint32_t i = lane->cnt; i-- > 0 && !shown.parent;) {
		if (lane->open[i].begin.real_ns <= shown.begin_ns)
			shown.parent = &lane->open[i];
	}
	shown.trace = shown.parent ? shown.parent->trace : shown.id;
	print_span(otlp, &shown);
}

static void end_span(struct otlp *otlp, struct lane *lane, const struct ttlog_event *end)
{
	struct ttlog_field duration;
	uint32_t at;

	ttlog_event_field(end, 0, &duration);
	at = spans__match(lane, end, duration.u);
	if (at == lane->cnt) {
		if (otlp->in_spans)
			end_unseen(otlp, lane, end, &duration);
		return;
	}
	while (lane->cnt > at) {
		uint32_t last = lane->cnt - 1;

		if (otlp->in_spans)
			end_open(otlp, lane, last, end->real_ns, last == at ? end : NULL,
				 last == at ? &duration : NULL);
		spans__pop(&otlp->spans, lane);
	}
}

static void otlp__event(void *state, const struct ttlog_event *event)
{
	struct otlp *otlp = state;
	struct lane *lane = spans__lane(&otlp->spans, event);
	struct span *span;

	otlp->last_ns = event->real_ns;
	switch (event->site->kind) {
	case TTLOG_EVENT_SPAN_END:
		end_span(otlp, lane, event);
		return;
	case TTLOG_EVENT_SPAN:
		span = spans__begin(&otlp->spans, lane, event);
		if (span) {
			span->id = id_of(event, event->mono_ns);
			span->trace = lane->cnt > 1 ? lane->open[0].id : span->id;
			return;
		}
		/* its fields are only here */
		break;
	default:
		break;
	}
	if (!otlp->in_spans)
		log_record(otlp, lane, event);
}

/* ---- Begin and end ---- */

static void otlp__fini(void *state)
{
	spans__fini(&((struct otlp *)state)->spans);
}

static bool otlp__again(void *state)
{
	struct otlp *otlp = state;

	if (deaths__each(&otlp->spans, death, otlp))
		otlp->out->err = -ENOMEM;
	close_line(otlp);
	otlp->in_spans = true;
	for (size_t i = 0; i < otlp->spans.lane_cnt; i++) {
		while (otlp->spans.lanes[i].cnt)
			spans__pop(&otlp->spans, &otlp->spans.lanes[i]);
		otlp->spans.lanes[i].unkept = 0;
	}
	return otlp->has_spans;
}

static void otlp__end(void *state)
{
	struct otlp *otlp = state;

	for (size_t i = 0; otlp->in_spans && i < otlp->spans.lane_cnt; i++) {
		const struct lane *lane = &otlp->spans.lanes[i];

		for (uint32_t k = 0; k < lane->cnt; k++)
			end_open(otlp, lane, k, otlp->last_ns, NULL, NULL);
	}
	if (!otlp->any_line) {
		otlp->in_spans = false;
		open_line(otlp);
	}
	close_line(otlp);
}

static void find_spans(struct otlp *otlp, struct ttlog_snapshot *const *readers, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(readers[i]);

		for (size_t s = 0; s < header->site_cnt; s++)
			otlp->has_spans |= header->sites[s]->kind != TTLOG_EVENT_PLAIN;
	}
}

static int otlp__begin(void *state, const struct event_output_setup *setup)
{
	struct otlp *otlp = state;

	otlp->out = setup->out;
	otlp->process = SIZE_MAX;
	otlp->line_start = UINT64_MAX;
	find_spans(otlp, setup->readers, setup->reader_cnt);
	return spans__init(&otlp->spans, setup->readers, setup->reader_cnt);
}

const struct event_output otlp_output = {
	.state_bytes = sizeof(struct otlp),
	.begin = otlp__begin,
	.event = otlp__event,
	.again = otlp__again,
	.end = otlp__end,
	.fini = otlp__fini,
};
