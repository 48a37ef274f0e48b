/* SPDX-License-Identifier: MIT */
/*
 * Sentry has a stack oldest first. It names frames itself, if it has the debug files; but it would
 * add the inlined functions once more that are here already, so these and the function around them
 * have a platform for which it looks up nothing.
 */
#include "ending.h"
#include "hex.h"
#include "out.h"
#include "sentry_crash.h"
#include "sentry_image.h"
#include "signals.h"

static void member(struct out *out, const char *key, struct ttlog_text text)
{
	if (text.len)
		out__json_member(out, key, text);
}

/* ---- Stacks ---- */

static bool begins_with(struct ttlog_text text, const char *begin)
{
	return text.len >= strlen(begin) && !memcmp(text.p, begin, strlen(begin));
}

/* Without debug information the place of the file tells. */
static bool is_in_app(const struct ttlog_info *info, const struct ttlog_frame *frame)
{
	if (frame->module.len && ttlog_text_equal(frame->module, info->exe))
		return true;
	if (frame->file.len)
		return ending__is_own(info, frame);
	return begins_with(frame->module, "/") && !begins_with(frame->module, "/usr/") &&
	       !begins_with(frame->module, "/lib");
}

static void source_file(struct out *out, struct ttlog_text path)
{
	const char *slash = path.len && path.p[0] == '/' ? memrchr(path.p, '/', path.len) : NULL;

	if (!slash) {
		member(out, ",\"filename\":", path);
		return;
	}
	out__json_member(out, ",\"abs_path\":", path);
	member(out, ",\"filename\":",
	       (struct ttlog_text){ slash + 1, (size_t)(ttlog_text_end(path) - slash - 1) });
}

static void frame(struct out *out, const struct ttlog_info *info, const struct ttlog_frame *shown,
		  bool is_complete)
{
	uint64_t ip, base;

	out__text(out, is_in_app(info, shown) ? "{\"in_app\":true" : "{\"in_app\":false");
	if (hex__address(shown->ip, &ip))
		out__json_member(out, ",\"instruction_addr\":", shown->ip);
	if (sentry_image__base(shown, &base))
		out__format(out, ",\"image_addr\":\"0x%llx\"", (unsigned long long)base);
	member(out, ",\"package\":", shown->module);
	member(out, ",\"function\":", ending__function(shown->symbol));
	source_file(out, shown->file);
	if (shown->has_line)
		out__json_u64(out, ",\"lineno\":", shown->line);
	if (is_complete)
		out__text(out, ",\"platform\":\"other\"");
	out__char(out, '}');
}

/* The frames, innermost first, in Sentry's order. */
static void frames(struct out *out, const struct ttlog_info *info,
		   const struct ttlog_frame *const *list, size_t cnt, bool any)
{
	for (size_t i = cnt; i-- > 0;) {
		if (any || i + 1 < cnt)
			out__char(out, ',');
		frame(out, info, list[i],
		      list[i]->is_inlined || (i && list[i - 1]->is_inlined && list[i]->has_line));
	}
}

static void crash_stack(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;

	out__text(out, "{\"frames\":[");
	frames(out, info, crash->outer_frames, crash->outer_cnt, false);
	if (crash->outer_cnt)
		out__text(out, ",{\"function\":\"(frames that were not kept)\",\"in_app\":false}");
	frames(out, info, crash->frames, crash->frame_cnt, crash->outer_cnt > 0);
	out__text(out, "],\"registers\":{");
	for (size_t i = 0; i < crash->register_cnt; i++) {
		if (i)
			out__char(out, ',');
		out__json_text(out, crash->registers[i].name, false);
		out__char(out, ':');
		out__json_text(out, crash->registers[i].value, false);
	}
	out__text(out, "}}");
}

void sentry_crash__threads(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;

	out__char(out, '[');
	if (crash->has_tid) {
		out__json_u64(out, "{\"id\":", crash->tid);
		member(out, ",\"name\":", crash->thread);
		out__text(out, ",\"crashed\":true,\"current\":true}");
	}
	for (size_t i = 0; i < crash->thread_cnt; i++) {
		const struct ttlog_crash_thread *thread = crash->threads[i];

		out__text(out, i || crash->has_tid ? "," : "");
		out__json_u64(out, "{\"id\":", thread->tid);
		member(out, ",\"name\":", thread->thread);
		out__text(out, ",\"crashed\":false,\"current\":false,\"stacktrace\":{\"frames\":[");
		frames(out, info, thread->frames, thread->frame_cnt, false);
		out__text(out, "]}}");
	}
	out__char(out, ']');
}

/* ---- The exception ---- */

static const struct signal_code *code_of(const struct ttlog_crash *crash)
{
	return crash->has_code ? signal_code__find(crash->signal, crash->code) : NULL;
}

/* The address of a fault; the text in the file may be anything. */
static bool find_address(const struct ttlog_crash *crash, uint64_t *ret)
{
	return crash->has_code && signal_code__has_address(crash->signal, crash->code) &&
	       hex__address(crash->address, ret);
}

/* "nothing is mapped there, at 0x0" */
static void signal_value(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	const struct signal_code *code = code_of(crash);
	uint64_t address;

	out__text(out, ",\"value\":\"");
	if (crash->is_stack_overflow)
		out__text(out, "stack overflow");
	else if (info->exit->is_oom)
		out__text(out, "out of memory");
	else if (code)
		out__text(out, code->meaning);
	else
		out__text(out, "ended by a signal");
	if (find_address(crash, &address))
		out__format(out, ", at 0x%llx", (unsigned long long)address);
	out__char(out, '"');
}

/* Texts and booleans alone, as the SDKs' types have it. */
static void mechanism_data(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	const struct ttlog_exit *end = info->exit;
	uint64_t address;

	out__text(out, ",\"data\":{\"stack_overflow\":");
	out__text(out, crash->is_stack_overflow ? "true" : "false");
	if (crash->is_reraised)
		out__text(out, ",\"reraised\":true");
	if (end->is_oom)
		out__text(out, ",\"oom\":true");
	if (find_address(crash, &address))
		out__format(out, ",\"address\":\"0x%llx\"", (unsigned long long)address);
	if (end->has_sender) {
		member(out, ",\"sender\":", end->sender_comm);
		out__format(out, ",\"sender_pid\":\"%llu\",\"sender_uid\":\"%llu\"",
			    (unsigned long long)end->sender_pid,
			    (unsigned long long)end->sender_uid);
	}
	out__char(out, '}');
}

static struct ttlog_text signal_name(const struct ttlog_info *info)
{
	struct ttlog_text name = info->crash->is_there ? info->crash->signal : info->exit->signal;

	return name.len ? name : ttlog_text_of("signal");
}

static void mechanism(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	const struct signal_code *code = code_of(crash);
	const bool has_number = crash->is_there ? crash->has_number : info->exit->has_number;

	out__text(out, crash->exception_type.len ? ",\"mechanism\":{\"type\":\"cpp_exception\""
						 : ",\"mechanism\":{\"type\":\"signalhandler\","
						   "\"synthetic\":true");
	out__text(out, ",\"handled\":false");
	mechanism_data(out, info);
	out__json_member(out, ",\"meta\":{\"signal\":{\"name\":", signal_name(info));
	if (has_number) {
		out__text(out, ",\"number\":");
		out__i64(out, crash->is_there ? crash->number : info->exit->number);
	}
	if (crash->has_code) {
		out__text(out, ",\"code\":");
		out__i64(out, crash->code);
	}
	if (code)
		out__json_member(out, ",\"code_name\":", ttlog_text_of(code->name));
	out__text(out, "}}}");
}

void sentry_crash__exceptions(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;

	if (crash->exception_type.len) {
		out__json_member(out, "[{\"type\":", crash->exception_type);
		member(out, ",\"value\":", crash->exception_what);
	} else {
		out__json_member(out, "[{\"type\":", signal_name(info));
		signal_value(out, info);
	}
	mechanism(out, info);
	if (crash->has_tid)
		out__json_u64(out, ",\"thread_id\":", crash->tid);
	if (crash->frame_cnt) {
		out__text(out, ",\"stacktrace\":");
		crash_stack(out, info);
	}
	out__text(out, "}]");
}

const char *sentry_crash__machine(const struct ttlog_crash *crash)
{
	for (size_t i = 0; i < crash->register_cnt; i++) {
		if (ttlog_text_is(crash->registers[i].name, "rip"))
			return "x86_64";
		if (ttlog_text_is(crash->registers[i].name, "x0"))
			return "arm64";
	}
	return NULL;
}
