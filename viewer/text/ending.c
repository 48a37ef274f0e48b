/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "buffer.h"
#include "ending.h"
#include "format_number.h"

static bool begins_with(struct ttlog_text text, const char *begin)
{
	size_t len = strlen(begin);

	return text.len >= len && !memcmp(text.p, begin, len);
}

/* Functions of ttlog.h that are inlined at a mark: they load a field's value. */
static bool is_of_header(const struct ttlog_frame *frame)
{
	struct ttlog_text symbol = frame->symbol;

	return frame->is_inlined && (begins_with(symbol, "ttlog__") ||
				     memmem(symbol.p, symbol.len, "ttlog_detail::", 14));
}

/* The C library's files are relative to its build, as the program's may be. */
bool ending__is_own(const struct ttlog_info *info, const struct ttlog_frame *frame)
{
	if (!frame->file.len || begins_with(frame->file, "/usr/include/"))
		return false;
	return (info->exe.len && ttlog_text_equal(frame->module, info->exe)) ||
	       (!begins_with(frame->file, "./") && !begins_with(frame->file, "../"));
}

/* The first frame of the program itself: above it there may be library functions that end a
 * process. */
static const struct ttlog_frame *telling_frame(const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	const struct ttlog_frame *named = NULL;

	for (size_t i = 0; i < crash->frame_cnt; i++) {
		const struct ttlog_frame *frame = crash->frames[i];

		if (!frame->symbol.len || is_of_header(frame))
			continue;
		if (ending__is_own(info, frame))
			return frame;
		if (!named)
			named = frame;
	}
	return named;
}

struct ttlog_text ending__function(struct ttlog_text symbol)
{
	/* an operator's name may have a + */
	const char *plus = symbol.len ? memrchr(symbol.p, '+', symbol.len) : NULL;

	if (plus && plus > symbol.p &&
	    begins_with((struct ttlog_text){ plus, (size_t)(ttlog_text_end(symbol) - plus) },
			"+0x"))
		symbol.len = (size_t)(plus - symbol.p);
	return symbol;
}

/* The offset is not compared. */
static struct ttlog_text function_of(const struct ttlog_info *info, const struct ttlog_frame **ret)
{
	const struct ttlog_frame *frame = telling_frame(info);

	if (!frame)
		return (struct ttlog_text){ NULL, 0 };
	*ret = frame;
	return ending__function(frame->symbol);
}

static void put(struct buffer *words, const char *text)
{
	buffer__bytes(words, text, strlen(text));
}

static void put_number(struct buffer *words, uint64_t v)
{
	char digits[FORMAT_NUMBER_BYTES];

	buffer__bytes(words, digits, format__u64(digits, v));
}

/* "SIGSEGV in parse_order (src/orders.c:88)" */
static void crash_in_words(struct buffer *words, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	const struct ttlog_frame *frame = NULL;
	struct ttlog_text function = function_of(info, &frame);

	buffer__bytes(words, crash->signal.p, crash->signal.len);
	if (!crash->signal.len)
		put(words, "a signal");
	if (crash->is_stack_overflow)
		put(words, " (stack overflow)");
	if (!function.len)
		return;
	put(words, " in ");
	buffer__bytes(words, function.p, function.len);
	if (!frame->file.len)
		return;
	put(words, " (");
	buffer__bytes(words, frame->file.p, frame->file.len);
	if (frame->has_line) {
		put(words, ":");
		put_number(words, frame->line);
	}
	put(words, ")");
}

static void exit_in_words(struct buffer *words, const struct ttlog_exit *end)
{
	if (!end->has_code) {
		buffer__bytes(words, end->signal.p, end->signal.len);
		if (end->is_oom)
			put(words, " (out of memory)");
		return;
	}
	put(words, end->code < 0 ? "exit status -" : "exit status ");
	put_number(words, end->code < 0 ? -(uint64_t)end->code : (uint64_t)end->code);
}

char *ending__words(const struct ttlog_info *info)
{
	struct buffer words = { .len = 0 };

	if (info->crash->is_there)
		crash_in_words(&words, info);
	else if (info->exit->is_there)
		exit_in_words(&words, info->exit);
	else
		put(&words, "no crash");
	buffer__byte(&words, 0);
	if (!words.err)
		return words.bytes;
	buffer__fini(&words);
	return NULL;
}

bool ending__is_same(const struct ttlog_info *a, const struct ttlog_info *b)
{
	const struct ttlog_frame *frame;

	if (a->crash->is_there != b->crash->is_there)
		return false;
	if (a->crash->is_there)
		return ttlog_text_equal(a->crash->signal, b->crash->signal) &&
		       ttlog_text_equal(function_of(a, &frame), function_of(b, &frame));
	return a->exit->is_there == b->exit->is_there && a->exit->code == b->exit->code &&
	       a->exit->has_code == b->exit->has_code &&
	       ttlog_text_equal(a->exit->signal, b->exit->signal);
}
