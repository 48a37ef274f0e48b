/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "format.h"
#include "column_filter.h"
#include "term.h"
#include "value.h"

static bool holds_at(const struct term *term, const struct ttlog_column *column, uint32_t i)
{
	struct ttlog_field field;

	ttlog_column_field(column, i, &field);
	return term__field(term, &field);
}

/* ---- Text of a dictionary: each distinct one is looked at once ---- */

static void match_dictionary(const struct term *term, const struct ttlog_column *column,
			     uint32_t cnt, uint8_t *hits)
{
	uint8_t verdicts[FORMAT_CHUNK_MAX_EVENTS];
	const struct ttlog_column texts = {
		.type = column->type,
		.mask = column->mask,
		.texts = column->texts,
	};

	for (uint32_t i = 0; i < column->text_cnt; i++)
		verdicts[i] = holds_at(term, &texts, i);
	/* unpack__column() has checked that each index is below text_cnt. */
	for (uint32_t i = 0; i < cnt; i++)
		hits[i] |= verdicts[column->index[i]]; /* cppcheck-suppress uninitvar */
}

/* ---- Integers: the term's number becomes bounds ---- */

/*
 * A value as an unsigned number in the order of its type: less than the term's number if it is
 * below `equal`, equal to it up to `last_equal`, more above that.
 */
struct bounds {
	uint64_t flip; /* XORed: signed order becomes unsigned order */
	uint64_t equal, last_equal;
	uint8_t verdicts[3]; /* for less, equal, more */
};

static int order_at(const struct term *term, uint8_t type, uint64_t v)
{
	const struct ttlog_field field = { .type = type, .u = v };
	int order = 0;

	(void)number__compare(&term->number, &field, &order);
	return order;
}

/* The first value whose order is at least `order`; 2^64 - 1 if there is none. */
static uint64_t first_of_order(const struct term *term, uint8_t type, uint64_t flip, int order)
{
	uint64_t low = 0, high = UINT64_MAX;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (order_at(term, type, mid ^ flip) < order)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct bounds find_bounds(const struct term *term, uint8_t type)
{
	struct bounds bounds = { .flip = value__is_signed(type) ? UINT64_C(1) << 63 : 0 };
	uint64_t more;
	int last = order_at(term, type, UINT64_MAX ^ bounds.flip);

	for (int i = 0; i < 3; i++)
		bounds.verdicts[i] = term__order(term, i - 1);
	bounds.equal = first_of_order(term, type, bounds.flip, 0);
	more = first_of_order(term, type, bounds.flip, 1);
	bounds.last_equal = last <= 0 ? UINT64_MAX : more - 1;
	/* all values of the type are less, or all are more: no bound can say that */
	if (last < 0)
		bounds.verdicts[1] = bounds.verdicts[2] = bounds.verdicts[0];
	else if (last > 0 && !more)
		bounds.verdicts[0] = bounds.verdicts[1] = bounds.verdicts[2];
	return bounds;
}

static void match_ints(const struct term *term, const struct ttlog_column *column, uint32_t cnt,
		       uint8_t *hits)
{
	const struct bounds bounds = find_bounds(term, column->type);

	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t v = column->nums[i] ^ bounds.flip;

		hits[i] |= bounds.verdicts[(v >= bounds.equal) + (v > bounds.last_equal)];
	}
}

/* Types that number__compare orders as whole numbers. */
static bool is_int(uint8_t type)
{
	return type == TTLOG_TYPE_BOOL || type == TTLOG_TYPE_PTR || type == TTLOG_TYPE_HEX ||
	       (type >= TTLOG_TYPE_I8 && type <= TTLOG_TYPE_U64);
}

void column_filter__match(const struct term *term, const struct ttlog_column *column, uint32_t cnt,
			  const uint8_t *asked, uint8_t *hits)
{
	if (ttlog_column_is_const(column)) {
		if (holds_at(term, column, 0))
			memset(hits, 1, cnt);
	} else if (column->index) {
		match_dictionary(term, column, cnt, hits);
	} else if (!column->nulls && is_int(column->type) && term__is_numeric(term) &&
		   !term->number.is_nan) {
		match_ints(term, column, cnt, hits);
	} else {
		for (uint32_t i = 0; i < cnt; i++)
			hits[i] |= asked[i] && holds_at(term, column, i);
	}
}
