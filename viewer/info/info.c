/* SPDX-License-Identifier: MIT */
/*
 * --info as text. The facts that matter most after a crash come first: which process died, of what,
 * and where; then what was recorded and lost; then the details.
 */
#include <errno.h>
#include <stdlib.h>

#include "core_dump.h"
#include "info.h"
#include "info_item.h"
#include "info_trigger.h"
#include "signals.h"
#include "text.h"

#define BOLD  "\033[1m"
#define RED   "\033[1;31m"
#define DIM   "\033[2m"
#define RESET "\033[0m"

#define LABEL_WIDTH      12u
#define REGISTERS_A_LINE 4u

struct page {
	struct out *out;
	bool colour;
};

static void style(struct page *page, const char *code)
{
	if (page->colour)
		out__text(page->out, code);
}

static void styled(struct page *page, const char *code, struct ttlog_text text)
{
	style(page, code);
	out__plain(page->out, text);
	style(page, RESET);
}

static void title(struct page *page, const char *text)
{
	out__char(page->out, '\n');
	styled(page, BOLD, ttlog_text_of(text));
	out__char(page->out, '\n');
}

static void label(struct page *page, const char *text)
{
	size_t len = strlen(text);

	out__text(page->out, "  ");
	styled(page, DIM, ttlog_text_of(text));
	out__pad(page->out, len < LABEL_WIDTH ? LABEL_WIDTH - len : 1);
}

static void line_text(struct page *page, const char *name, struct ttlog_text value)
{
	if (!value.p)
		return;
	label(page, name);
	out__plain(page->out, value);
	out__char(page->out, '\n');
}

/* ---- The end of the process ---- */

/* "SIGSEGV, SEGV_MAPERR: nothing is mapped there, at 0x10" */
static void crash_cause(struct page *page, const struct ttlog_crash *crash)
{
	struct out *out = page->out;
	const struct signal_code *words;

	styled(page, RED, crash->signal.p ? crash->signal : ttlog_text_of("unknown signal"));
	if (crash->has_code) {
		words = signal_code__find(crash->signal, crash->code);
		if (words)
			out__format(out, ", %s: %s", words->name, words->meaning);
		else
			out__format(out, ", code %lld", (long long)crash->code);
	}
	if (crash->address.p && signal_code__has_address(crash->signal, crash->code)) {
		out__text(out, ", address ");
		out__plain(out, crash->address);
	}
	if (crash->is_stack_overflow)
		out__text(out, ", stack overflow");
	if (crash->is_reraised)
		out__text(out, " (a handler raised a signal again)");
}

void info__crash_cause(struct out *out, const struct ttlog_crash *crash)
{
	crash_cause(&(struct page){ .out = out }, crash);
}

/* "std::runtime_error: no such order" */
void info__exception(struct out *out, const struct ttlog_crash *crash)
{
	out__plain(out, crash->exception_type);
	if (crash->exception_what.len) {
		out__text(out, ": ");
		out__plain(out, crash->exception_what);
	}
}

void info__sender(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_exit *end = info->exit;

	if (end->is_oom) {
		out__text(out, ", by the kernel: out of memory");
		if (end->has_max_rss) {
			out__text(out, "; it held ");
			out__grouped(out, end->max_rss_bytes >> 10);
			out__text(out, " KiB");
		}
	} else if (end->has_sender && info->has_pid && end->sender_pid == info->pid) {
		out__text(out, ", sent by itself");
	} else if (end->has_sender) {
		out__text(out, ", sent by ");
		out__plain(out, end->sender_comm);
		out__format(out, "[%llu], uid %llu", (unsigned long long)end->sender_pid,
			    (unsigned long long)end->sender_uid);
	}
}

static void crash_exception(struct page *page, const struct ttlog_crash *crash)
{
	if (!crash->exception_type.p)
		return;
	label(page, "exception");
	info__exception(page->out, crash);
	out__char(page->out, '\n');
}

static void crash_thread(struct page *page, const struct ttlog_crash *crash)
{
	if (!crash->has_tid)
		return;
	label(page, "thread");
	out__u64(page->out, crash->tid);
	if (crash->thread.p) {
		out__char(page->out, ' ');
		out__plain(page->out, crash->thread);
	}
	out__char(page->out, '\n');
}

static void core_dump(struct page *page, const struct ttlog_info *header)
{
	char *path = core_dump__find(header);

	if (path)
		line_text(page, "core dump", ttlog_text_of(path));
	free(path);
}

static void how_it_ended(struct page *page, const struct ttlog_info *header)
{
	if (header->crash->is_there) {
		label(page, "died of");
		crash_cause(page, header->crash);
		info__sender(page->out, header);
		out__char(page->out, '\n');
		crash_exception(page, header->crash);
		crash_thread(page, header->crash);
		line_text(page, "signature", header->signature);
		core_dump(page, header);
	} else if (header->exit->signal.p) {
		label(page, "died of");
		styled(page, RED, header->exit->signal);
		info__sender(page->out, header);
		out__char(page->out, '\n');
	} else if (header->exit->has_code) {
		label(page, "ended");
		out__format(page->out, "with status %lld\n", (long long)header->exit->code);
	}
}

/* Frames at the thread's begin are counted backwards: the first one is -1. */
static void frame_line(struct page *page, long number, const struct ttlog_frame *frame)
{
	struct out *out = page->out;
	size_t width = frame->ip.p ? out__width(frame->ip) : 1;

	out__format(out, "  #%-3ld", number);
	styled(page, DIM, frame->ip.p ? frame->ip : ttlog_text_of("?"));
	out__pad(out, width < 18 ? 20 - width : 2);
	styled(page, BOLD, frame->symbol.p ? frame->symbol : ttlog_text_of("?"));
	if (frame->file.p) {
		out__text(out, "  at ");
		out__plain(out, frame->file);
		if (frame->has_line)
			out__format(out, ":%llu", (unsigned long long)frame->line);
	}
	if (frame->module.p) {
		out__text(out, "  in ");
		out__plain(out, frame->module);
		if (frame->offset.p) {
			out__char(out, '+');
			out__plain(out, frame->offset);
		}
	}
	out__char(out, '\n');
}

static void more_line(struct page *page, uint64_t cnt)
{
	if (cnt)
		out__format(page->out, "  and %llu more\n", (unsigned long long)cnt);
}

static void stack(struct page *page, const struct ttlog_crash *crash)
{
	if (!crash->frame_cnt)
		return;
	title(page, "Stack");
	for (size_t i = 0; i < crash->frame_cnt; i++)
		frame_line(page, (long)i, crash->frames[i]);
	more_line(page, crash->frame_more);
	if (ttlog_text_is(crash->cut, "frames"))
		out__text(page->out, "  ... more frames than are kept\n");
	else if (ttlog_text_is(crash->cut, "stack"))
		out__text(page->out, "  ... the rest of the stack was not copied\n");
	for (size_t i = 0; i < crash->outer_cnt; i++)
		frame_line(page, (long)i - (long)crash->outer_cnt, crash->outer_frames[i]);
}

static void other_stacks(struct page *page, const struct ttlog_crash *crash)
{
	if (!crash->thread_cnt)
		return;
	title(page, "Stacks of the other threads");
	for (size_t i = 0; i < crash->thread_cnt; i++) {
		const struct ttlog_crash_thread *thread = crash->threads[i];

		out__format(page->out, "  %llu ", (unsigned long long)thread->tid);
		out__plain(page->out, thread->thread);
		out__char(page->out, '\n');
		for (size_t k = 0; k < thread->frame_cnt; k++)
			frame_line(page, (long)k, thread->frames[k]);
	}
}

static void registers(struct page *page, const struct ttlog_crash *crash)
{
	size_t cnt = crash->register_cnt;

	if (!cnt)
		return;
	title(page, "Registers");
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_register *reg = &crash->registers[i];
		bool is_last = i + 1 == cnt || (i + 1) % REGISTERS_A_LINE == 0;
		size_t width = out__width(reg->name);

		out__pad(page->out, width < 8 ? 10 - width : 2);
		styled(page, DIM, reg->name);
		out__char(page->out, ' ');
		out__plain(page->out, reg->value);
		width = out__width(reg->value);
		if (is_last)
			out__char(page->out, '\n');
		else
			out__pad(page->out, width < 18 ? 18 - width : 0);
	}
	more_line(page, crash->register_more);
}

/* The last events of the crashed thread. */
static int last_events(struct page *page, const struct info_scan *scan)
{
	bool is_known = !scan->left || scan->last.cnt == INFO_LAST_CNT;

	if (!is_known || !scan->last.cnt)
		return 0;
	title(page, "Last events of the thread");
	return info_last__print(page->out, scan->reader, &scan->last, page->colour);
}

static void span_line(void *to, const struct ttlog_event *begin)
{
	text_output__event(to, begin);
}

static int open_spans(struct page *page, const struct info_scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	struct text_output text;
	int err;

	/* they are only known when all chunks were read */
	if (scan->left || !scan->open.found_cnt)
		return 0;
	title(page, "Spans that were open, the oldest first");
	text_output__init(&text, page->out, page->colour, &reader, 1);
	err = open_spans__each(&scan->open, span_line, &text);
	more_line(page, open_spans__more(&scan->open));
	return err;
}

/* ---- Recorded events ---- */

static void count_line(struct page *page, const char *name, uint64_t cnt, const char *what)
{
	label(page, name);
	out__grouped(page->out, cnt);
	out__text(page->out, what);
	out__char(page->out, '\n');
}

static void losses(struct page *page, const struct ttlog_lost *lost)
{
	struct out *out = page->out;
	bool any = false;

	if (!lost->is_there)
		return;
	label(page, "lost");
	if (lost->total)
		style(page, RED);
	out__grouped(out, lost->total);
	style(page, RESET);
	for (size_t i = 0; i < lost->cause_cnt; i++) {
		if (!lost->causes[i].cnt)
			continue;
		out__text(out, any ? ", " : " (");
		out__plain(out, lost->causes[i].name);
		out__char(out, ' ');
		out__grouped(out, lost->causes[i].cnt);
		any = true;
	}
	out__text(out, any ? ")\n" : "\n");
}

/* Parts for which the header had no room. */
static void left_out(struct page *page, const struct ttlog_info *info)
{
	static const struct {
		const char *key, *before, *after;
	} PARTS[] = {
		{ "threads", "", " threads (their events have tid 0)" },
		{ "mappings", "", " mappings" },
		{ "text_bytes", "what texts of sites have beyond ", " bytes" },
		{ "sites", "", " sites (their events are lost)" },
	};
	const struct ttlog_cbor map = info_item__find(info->item, "left_out");
	bool any = false;

	for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		struct ttlog_cbor in = info_item__find(map, PARTS[i].key);
		struct ttlog_cbor_item cnt;

		if (!in.at || ttlog_cbor_next(&in, &cnt) || cnt.kind != TTLOG_CBOR_UINT || !cnt.u)
			continue;
		if (any)
			out__text(page->out, ", ");
		else
			label(page, "left out");
		out__text(page->out, PARTS[i].before);
		out__grouped(page->out, cnt.u);
		out__text(page->out, PARTS[i].after);
		any = true;
	}
	if (any)
		out__text(page->out, "\n");
}

/* With --stack: how many events have one. */
static void stacks(struct page *page, const struct ttlog_info *info)
{
	struct ttlog_cbor events = info_item__find(info->item, "stacks");
	struct ttlog_cbor wanted = info_item__find(info->item, "stacks_wanted");
	struct ttlog_cbor_item in_file = { .u = 0 }, cnt;

	if (!wanted.at || ttlog_cbor_next(&wanted, &cnt) || cnt.kind != TTLOG_CBOR_UINT)
		return;
	if (events.at)
		events = info_item__find(events, "events");
	if (events.at && (ttlog_cbor_next(&events, &in_file) || in_file.kind != TTLOG_CBOR_ARRAY))
		in_file.u = 0;
	label(page, "stacks");
	out__grouped(page->out, in_file.u);
	out__text(page->out, " in the file, of ");
	out__grouped(page->out, cnt.u);
	out__text(page->out, " that were to be taken so far\n");
}

static void events(struct page *page, const struct ttlog_snapshot *reader)
{
	struct out *out = page->out;
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_info *info = ttlog_snapshot_info(reader);

	title(page, "Events");
	count_line(page, "in the file", contents->event_cnt, "");
	if (info->has_header && contents->chunk_cnt) {
		uint64_t first_ns = contents->chunks[0].first_ns;
		uint64_t last_ns = contents->chunks[contents->chunk_cnt - 1].last_ns;

		label(page, "from");
		out__time(out, ttlog_info_real_ns(info, first_ns));
		out__char(out, '\n');
		label(page, "to");
		out__time(out, ttlog_info_real_ns(info, last_ns));
		out__text(out, " (");
		/* in a damaged file, times may go back */
		out__duration(out, last_ns > first_ns ? last_ns - first_ns : 0);
		out__text(out, ")\n");
	}
	if (contents->has_totals) {
		count_line(page, "emitted", contents->emitted,
			   " by the process up to the snapshot");
		count_line(page, "recorded", contents->recorded, "");
		count_line(page, "overwritten", contents->overwritten,
			   contents->overwritten ? " recorded, but older than the ring holds" : "");
	}
	if (contents->unread)
		count_line(page, "unread", contents->unread,
			   " with a value that could not be read: it is null");
	if (contents->suppressed)
		count_line(page, "suppressed", contents->suppressed,
			   " calls left out by TTLOG_PROBE_EVERY and _LIMIT");
	if (info->has_stream)
		count_line(
			page, "missed", contents->missed,
			contents->missed
				? " recorded, but not in the stream: the disk or the ring was too slow"
				: "");
	stacks(page, info);
	losses(page, contents->lost);
	left_out(page, info);
}

/* ---- Threads and mappings ---- */

static void threads(struct page *page, const struct ttlog_info *header,
		    const struct info_scan *scan)
{
	struct out *out = page->out;

	if (!header->thread_cnt)
		return;
	title(page, "Threads");
	out__format(out, "  %10s %10s %12s  %s\n", "pid", "tid", "events", "name");
	for (size_t i = 0; i < header->thread_cnt; i++) {
		const struct ttlog_thread *thread = header->threads[i];

		out__format(out, "  %10llu %10llu ", (unsigned long long)thread->pid,
			    (unsigned long long)thread->tid);
		if (scan->counts && !scan->left)
			out__format(out, "%12llu  ", (unsigned long long)scan->counts[i]);
		else
			out__format(out, "%12s  ", "...");
		out__plain(out, thread->comm);
		if (thread->ns_tid)
			out__format(out, "  (%llu/%llu in its pid namespace)",
				    (unsigned long long)thread->ns_pid,
				    (unsigned long long)thread->ns_tid);
		out__char(out, '\n');
	}
}

static void mappings(struct page *page, const struct ttlog_info *header)
{
	struct out *out = page->out;

	if (!header->mapping_cnt)
		return;
	title(page, "Mappings");
	for (size_t i = 0; i < header->mapping_cnt; i++) {
		const struct ttlog_mapping *mapping = header->mappings[i];

		out__format(out, "  %012llx-%012llx +%-8llx ", (unsigned long long)mapping->start,
			    (unsigned long long)mapping->end, (unsigned long long)mapping->offset);
		out__plain(out, mapping->path);
		if (mapping->build_id.p) {
			out__text(out, "  ");
			styled(page, DIM, mapping->build_id);
		}
		out__char(out, '\n');
	}
}

static void tags(struct page *page, const struct ttlog_info *header)
{
	const struct ttlog_cbor map = info_item__find(header->item, "tags");

	if (!info_item__is_filled_map(map))
		return;
	label(page, "tags");
	info_item__print_texts(page->out, map);
	out__char(page->out, '\n');
}

static void trigger(struct page *page, const struct ttlog_info *header)
{
	const struct ttlog_cbor map = info_item__find(header->item, "trigger");
	struct ttlog_cbor suppressed = info_item__find(header->item, "suppressed_snapshots");
	struct ttlog_cbor_item cnt;

	if (info_item__is_filled_map(map)) {
		label(page, "trigger");
		info_trigger__print(page->out, map, header);
		out__char(page->out, '\n');
	}
	if (suppressed.at && !ttlog_cbor_next(&suppressed, &cnt) && cnt.kind == TTLOG_CBOR_UINT)
		count_line(page, "suppressed", cnt.u,
			   " triggers since the snapshot before (--min-gap)");
}

static void clock_error(struct page *page, const struct ttlog_info *header)
{
	if (!header->has_clock_error)
		return;
	label(page, "clock error");
	out__text(page->out, "at most ");
	out__duration(page->out, header->clock_error_ns);
	out__text(page->out, header->is_clock_unsynchronised
				     ? ", as far as is known: it was not synchronised\n"
				     : ", by the kernel's estimate\n");
}

static void process(struct page *page, const struct ttlog_info *header)
{
	struct out *out = page->out;

	label(page, "process");
	if (header->has_pid)
		out__u64(out, header->pid);
	else
		out__char(out, '?');
	if (header->comm.p) {
		out__char(out, ' ');
		out__plain(out, header->comm);
	}
	if (header->ns_pid)
		out__format(out, " (%llu in its pid namespace)",
			    (unsigned long long)header->ns_pid);
	out__char(out, '\n');
	how_it_ended(page, header);
	line_text(page, "program", header->exe);
	line_text(page, "build id", header->build_id);
	line_text(page, "service", header->service);
	line_text(page, "host", header->host);
	line_text(page, "kernel", header->kernel);
	line_text(page, "unit", header->unit);
	line_text(page, "container", header->container);
	line_text(page, "cgroup", header->cgroup_path);
	if (header->has_uid) {
		label(page, "uid");
		out__u64(out, header->uid);
		out__char(out, '\n');
	}
	line_text(page, "reason", header->reason);
	trigger(page, header);
	line_text(page, "taken at", header->created_at);
	clock_error(page, header);
	tags(page, header);
}

int info__print_scan(struct out *out, struct ttlog_snapshot *reader, const struct info_scan *scan,
		     bool colour)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct page page = { .out = out, .colour = colour };
	int err;

	styled(&page, BOLD, ttlog_text_of(ttlog_snapshot_name(reader)));
	out__char(out, '\n');
	if (!info->has_header) {
		out__text(out, "  no header could be read\n");
		return 0;
	}
	process(&page, info);
	stack(&page, info->crash);
	err = last_events(&page, scan);
	if (!err)
		err = open_spans(&page, scan);
	if (err)
		return err;
	events(&page, reader);
	registers(&page, info->crash);
	other_stacks(&page, info->crash);
	threads(&page, info, scan);
	mappings(&page, info);
	return 0;
}

int info__print_text(struct out *out, struct ttlog_snapshot *reader, bool colour)
{
	struct info_scan scan;
	int err = info_scan__begin(&scan, reader), more = err ? 0 : 1;

	while (more > 0)
		more = info_scan__step(&scan);
	err = more ? more : err;
	if (!err)
		err = info__print_scan(out, reader, &scan, colour);
	info_scan__fini(&scan);
	return err;
}
