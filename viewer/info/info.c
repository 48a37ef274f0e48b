/* SPDX-License-Identifier: MIT */
/*
 * --info as text. The facts that matter most after a crash come first: which process died, of what,
 * and where; then what was recorded and lost; then the details.
 */
#include <errno.h>
#include <stdlib.h>

#include "core_dump.h"
#include "info.h"
#include "info_events.h"
#include "info_item.h"
#include "info_page.h"
#include "info_trigger.h"
#include "signals.h"
#include "text.h"

#define REGISTERS_A_LINE 4u

/* ---- The end of the process ---- */

/* "SIGSEGV, SEGV_MAPERR: nothing is mapped there, at 0x10" */
static void crash_cause(struct info_page *page, const struct ttlog_crash *crash)
{
	struct out *out = page->out;
	const struct signal_code *words;

	info_page__styled(page, INFO_RED,
			  crash->signal.p ? crash->signal : ttlog_text_of("unknown signal"));
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
	crash_cause(&(struct info_page){ .out = out }, crash);
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

static void crash_exception(struct info_page *page, const struct ttlog_crash *crash)
{
	if (!crash->exception_type.p)
		return;
	info_page__label(page, "exception");
	info__exception(page->out, crash);
	out__char(page->out, '\n');
}

static void crash_thread(struct info_page *page, const struct ttlog_crash *crash)
{
	if (!crash->has_tid)
		return;
	info_page__label(page, "thread");
	out__u64(page->out, crash->tid);
	if (crash->thread.p) {
		out__char(page->out, ' ');
		out__plain(page->out, crash->thread);
	}
	out__char(page->out, '\n');
}

static void core_dump(struct info_page *page, const struct ttlog_info *header)
{
	char *path = core_dump__find(header);

	if (path)
		info_page__line(page, "core dump", ttlog_text_of(path));
	free(path);
}

static void how_it_ended(struct info_page *page, const struct ttlog_info *header)
{
	if (header->crash->is_there) {
		info_page__label(page, "died of");
		crash_cause(page, header->crash);
		info__sender(page->out, header);
		out__char(page->out, '\n');
		crash_exception(page, header->crash);
		crash_thread(page, header->crash);
		info_page__line(page, "signature", header->signature);
		core_dump(page, header);
	} else if (header->exit->signal.p) {
		info_page__label(page, "died of");
		info_page__styled(page, INFO_RED, header->exit->signal);
		info__sender(page->out, header);
		out__char(page->out, '\n');
	} else if (header->exit->has_code) {
		info_page__label(page, "ended");
		out__format(page->out, "with status %lld\n", (long long)header->exit->code);
	}
}

/* Frames at the thread's begin are counted backwards: the first one is -1. */
static void frame_line(struct info_page *page, long number, const struct ttlog_frame *frame)
{
	struct out *out = page->out;
	size_t width = frame->ip.p ? out__width(frame->ip) : 1;

	out__format(out, "  #%-3ld", number);
	info_page__styled(page, INFO_DIM, frame->ip.p ? frame->ip : ttlog_text_of("?"));
	out__pad(out, width < 18 ? 20 - width : 2);
	info_page__styled(page, INFO_BOLD, frame->symbol.p ? frame->symbol : ttlog_text_of("?"));
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

static void more_line(struct info_page *page, uint64_t cnt)
{
	if (cnt)
		out__format(page->out, "  and %llu more\n", (unsigned long long)cnt);
}

static void stack(struct info_page *page, const struct ttlog_crash *crash)
{
	if (!crash->frame_cnt)
		return;
	info_page__title(page, "Stack");
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

static void other_stacks(struct info_page *page, const struct ttlog_crash *crash)
{
	if (!crash->thread_cnt)
		return;
	info_page__title(page, "Stacks of the other threads");
	for (size_t i = 0; i < crash->thread_cnt; i++) {
		const struct ttlog_crash_thread *thread = crash->threads[i];

		out__format(page->out, "  %llu ", (unsigned long long)thread->tid);
		out__plain(page->out, thread->thread);
		out__char(page->out, '\n');
		for (size_t k = 0; k < thread->frame_cnt; k++)
			frame_line(page, (long)k, thread->frames[k]);
	}
}

static void registers(struct info_page *page, const struct ttlog_crash *crash)
{
	size_t cnt = crash->register_cnt;

	if (!cnt)
		return;
	info_page__title(page, "Registers");
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_register *reg = &crash->registers[i];
		bool is_last = i + 1 == cnt || (i + 1) % REGISTERS_A_LINE == 0;
		size_t width = out__width(reg->name);

		out__pad(page->out, width < 8 ? 10 - width : 2);
		info_page__styled(page, INFO_DIM, reg->name);
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
static int last_events(struct info_page *page, const struct info_scan *scan)
{
	bool is_known = !scan->left || scan->last.cnt == INFO_LAST_CNT;

	if (!is_known || !scan->last.cnt)
		return 0;
	info_page__title(page, "Last events of the thread");
	return info_last__print(page->out, scan->reader, &scan->last, page->colour);
}

static void span_line(void *to, const struct ttlog_event *begin)
{
	text_output__event(to, begin);
}

static int open_spans(struct info_page *page, const struct info_scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	struct text_output text;
	int err;

	/* they are only known when all chunks were read */
	if (scan->left || !scan->open.found_cnt)
		return 0;
	info_page__title(page, "Spans that were open, the oldest first");
	text_output__init(&text, page->out, page->colour, &reader, 1);
	err = open_spans__each(&scan->open, span_line, &text);
	more_line(page, open_spans__more(&scan->open));
	return err;
}

/* ---- Threads and mappings ---- */

static void threads(struct info_page *page, const struct ttlog_info *header,
		    const struct info_scan *scan)
{
	struct out *out = page->out;

	if (!header->thread_cnt)
		return;
	info_page__title(page, "Threads");
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

static void mappings(struct info_page *page, const struct ttlog_info *header)
{
	struct out *out = page->out;

	if (!header->mapping_cnt)
		return;
	info_page__title(page, "Mappings");
	for (size_t i = 0; i < header->mapping_cnt; i++) {
		const struct ttlog_mapping *mapping = header->mappings[i];

		out__format(out, "  %012llx-%012llx +%-8llx ", (unsigned long long)mapping->start,
			    (unsigned long long)mapping->end, (unsigned long long)mapping->offset);
		out__plain(out, mapping->path);
		if (mapping->build_id.p) {
			out__text(out, "  ");
			info_page__styled(page, INFO_DIM, mapping->build_id);
		}
		out__char(out, '\n');
	}
}

static void tags(struct info_page *page, const struct ttlog_info *header)
{
	const struct ttlog_cbor map = info_item__find(header->item, "tags");

	if (!info_item__is_filled_map(map))
		return;
	info_page__label(page, "tags");
	info_item__print_texts(page->out, map);
	out__char(page->out, '\n');
}

static void trigger(struct info_page *page, const struct ttlog_info *header)
{
	const struct ttlog_cbor map = info_item__find(header->item, "trigger");
	struct ttlog_cbor suppressed = info_item__find(header->item, "suppressed_snapshots");
	struct ttlog_cbor_item cnt;

	if (info_item__is_filled_map(map)) {
		info_page__label(page, "trigger");
		info_trigger__print(page->out, map, header);
		out__char(page->out, '\n');
	}
	if (suppressed.at && !ttlog_cbor_next(&suppressed, &cnt) && cnt.kind == TTLOG_CBOR_UINT)
		info_page__count(page, "suppressed", cnt.u,
				 " triggers since the snapshot before (--min-gap)");
}

static void clock_error(struct info_page *page, const struct ttlog_info *header)
{
	if (!header->has_clock_error)
		return;
	info_page__label(page, "clock error");
	out__text(page->out, "at most ");
	out__duration(page->out, header->clock_error_ns);
	out__text(page->out, header->is_clock_unsynchronised
				     ? ", as far as is known: it was not synchronised\n"
				     : ", by the kernel's estimate\n");
}

static void process(struct info_page *page, const struct ttlog_info *header)
{
	struct out *out = page->out;

	info_page__label(page, "process");
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
	info_page__line(page, "program", header->exe);
	info_page__line(page, "build id", header->build_id);
	info_page__line(page, "service", header->service);
	info_page__line(page, "host", header->host);
	info_page__line(page, "kernel", header->kernel);
	info_page__line(page, "unit", header->unit);
	info_page__line(page, "container", header->container);
	info_page__line(page, "cgroup", header->cgroup_path);
	if (header->has_uid) {
		info_page__label(page, "uid");
		out__u64(out, header->uid);
		out__char(out, '\n');
	}
	info_page__line(page, "reason", header->reason);
	trigger(page, header);
	info_page__line(page, "taken at", header->created_at);
	clock_error(page, header);
	tags(page, header);
}

int info__print_scan(struct out *out, struct ttlog_snapshot *reader, const struct info_scan *scan,
		     bool colour)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct info_page page = { .out = out, .colour = colour };
	int err;

	info_page__styled(&page, INFO_BOLD, ttlog_text_of(ttlog_snapshot_name(reader)));
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
	info_events__print(&page, reader);
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
