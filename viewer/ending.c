/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "buffer.h"
#include "ending.h"
#include "format_number.h"

/* A field's value is loaded in a function of ours, inlined into the one that has the mark. */
static bool is_of_header(struct ttlog_text symbol)
{
	return (symbol.len >= 7 && !memcmp(symbol.p, "ttlog__", 7)) ||
	       memmem(symbol.p, symbol.len, "ttlog_detail::", 14);
}

/* parse_order+0x1f: where in it is nothing to compare. */
static struct ttlog_text function_of(const struct ttlog_crash *crash,
				     const struct ttlog_frame **ret)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		struct ttlog_text symbol = crash->frames[i]->symbol;
		const char *plus = symbol.len ? memchr(symbol.p, '+', symbol.len) : NULL;

		if (!symbol.len || (crash->frames[i]->is_inlined && is_of_header(symbol)))
			continue;
		*ret = crash->frames[i];
		if (plus && plus > symbol.p)
			symbol.len = (size_t)(plus - symbol.p);
		return symbol;
	}
	return (struct ttlog_text){ NULL, 0 };
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
static void crash_in_words(struct buffer *words, const struct ttlog_crash *crash)
{
	const struct ttlog_frame *frame = NULL;
	struct ttlog_text function = function_of(crash, &frame);

	buffer__bytes(words, crash->signal.p, crash->signal.len);
	if (!crash->signal.len)
		put(words, "a signal");
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
		return;
	}
	put(words, end->code < 0 ? "exit status -" : "exit status ");
	put_number(words, end->code < 0 ? -(uint64_t)end->code : (uint64_t)end->code);
}

char *ending__words(const struct ttlog_info *info)
{
	struct buffer words = { .len = 0 };

	if (info->crash->is_there)
		crash_in_words(&words, info->crash);
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
		       ttlog_text_equal(function_of(a->crash, &frame),
					function_of(b->crash, &frame));
	return a->exit->is_there == b->exit->is_there && a->exit->code == b->exit->code &&
	       a->exit->has_code == b->exit->has_code &&
	       ttlog_text_equal(a->exit->signal, b->exit->signal);
}
