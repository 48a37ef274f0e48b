/* SPDX-License-Identifier: MIT */
/*
 * Filters column by column: each term once for all events of a site that are left. The loops write
 * bytes, which may alias anything. So they copy what they need of `rows` first: else the compiler
 * would read it again after each write, and could not vectorise.
 */
#include <string.h>

#include "filter_parts.h"
#include "column_filter.h"
#include "format.h"
#include "hex.h"

bool filter__needs_origins(const struct ttlog_filter *filter)
{
	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		const struct filter_conjunct *conjunct = &filter->conjuncts[i];

		if (conjunct->subjects & (THREAD_KEYS | OPTIONAL_KEYS | BIT(EVENT_KEY_TS)) &&
		    !filter__is_settled(conjunct))
			return true;
	}
	return false;
}

/* Whether it holds if one child holds. */
static bool is_any(enum expr_kind kind, bool negate)
{
	return kind == (negate ? EXPR_AND : EXPR_OR);
}

static size_t scratch_of(const struct expr *expr, uint32_t node, bool negate)
{
	const struct expr_node *it = &expr->nodes[node];
	size_t most = 0;

	if (it->kind == EXPR_TERM)
		return 1;
	negate ^= it->kind == EXPR_NOT;
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next) {
		size_t one = scratch_of(expr, child, negate);

		most = one > most ? one : most;
	}
	return most + (is_any(it->kind, negate) ? 2 : 0);
}

size_t filter__scratch_cnt(const struct ttlog_filter *filter)
{
	size_t most = 1;

	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		size_t one =
			scratch_of(filter->conjuncts[i].expr, filter->conjuncts[i].node, false);

		most = one > most ? one : most;
	}
	return most;
}

/* It holds if it holds for one field with that key. */
static void match_fields(const struct term *term, const struct filter_rows *rows,
			 const uint8_t *asked, uint8_t *hits)
{
	const struct ttlog_field unreadable = { .type = TTLOG_TYPE_NONE, .null = true };
	const struct ttlog_event *event = rows->event;

	memset(hits, 0, rows->cnt);
	for (unsigned i = 0; i < event->site->nfields; i++) {
		const struct ttlog_column *column;

		if (!filter__is_key(term, event->site, i))
			continue;
		column = term->op == OP_HAS ? NULL : ttlog_event_column(event, i);
		if (column)
			column_filter__match(term, column, rows->cnt, asked, hits);
		else if (term__field(term, &unreadable))
			memset(hits, 1, rows->cnt);
	}
}

/* Consecutive events often have the same thread. */
static void match_threads(const struct term *term, const struct filter_rows *rows, uint8_t *hits)
{
	const uint32_t cnt = rows->cnt, *threads = rows->threads;
	uint32_t last = 0;
	uint8_t verdict = 0;

	for (uint32_t row = 0; row < cnt; row++) {
		if (!row || threads[row] != last) {
			struct filter_known known = { .thread = &rows->thread_table[threads[row]] };
			struct ttlog_field field;
			unsigned at = 0;

			last = threads[row];
			verdict = filter__look_up(&known, term, &at, &field) == EXPR_FOUND &&
				  term__holds(term, &field);
		}
		hits[row] = verdict;
	}
}

static size_t number_of_text(const struct ttlog_column *column, uint32_t i)
{
	return column->index ? column->index[i & column->index_mask] : i & column->mask;
}

/* The ids, each of which is looked at once, besides fields with that key. */
static void match_ids(const struct term *term, const struct filter_rows *rows, const uint8_t *asked,
		      uint8_t *hits)
{
	const struct ttlog_event *event = rows->event;
	const struct ttlog_column *ids =
		event->source->ids ? event->source->ids(event, term->subject == EVENT_KEY_SPAN)
				   : NULL;
	uint8_t verdicts[FORMAT_CHUNK_MAX_EVENTS];

	match_fields(term, rows, asked, hits);
	if (!ids)
		return;
	for (uint32_t i = 0; i < ids->text_cnt; i++) {
		struct ttlog_field field = { .type = TTLOG_TYPE_NONE };
		char digits[TTLOG_ID_BYTES];

		field.text = hex__text(ids->texts[i].text, digits, sizeof(digits));
		verdicts[i] = !ids->texts[i].null && term__holds(term, &field);
	}
	/* chunk__ids() has checked that each number is below text_cnt */
	for (uint32_t row = 0; row < rows->cnt; row++)
		/* cppcheck-suppress uninitvar */
		hits[row] |= verdicts[number_of_text(ids, rows->positions[row])];
}

/* How many calls were left out before each event, besides fields with that key. */
static void match_suppressed(const struct term *term, const struct filter_rows *rows,
			     const uint8_t *asked, uint8_t *hits)
{
	const struct ttlog_event *event = rows->event;
	const struct ttlog_column *counts =
		event->source->suppressed ? event->source->suppressed(event) : NULL;
	struct ttlog_field field = { .type = TTLOG_TYPE_U64 };
	uint8_t verdict = 0;

	match_fields(term, rows, asked, hits);
	for (uint32_t row = 0; counts && row < rows->cnt; row++) {
		const uint64_t cnt = counts->nums[rows->positions[row] & counts->mask];

		if (cnt && cnt != field.u) {
			field.u = cnt;
			verdict = term__holds(term, &field);
		}
		hits[row] |= cnt && verdict;
	}
}

static void match_times(const struct term *term, const struct filter_rows *rows, uint8_t *hits)
{
	const uint64_t at = term->time_ns, *real_ns = rows->real_ns;
	const uint32_t cnt = rows->cnt;
	uint8_t verdicts[3];

	for (int i = 0; i < 3; i++)
		verdicts[i] = term->op == OP_HAS || term__order(term, i - 1);
	for (uint32_t row = 0; row < cnt; row++)
		hits[row] = verdicts[(real_ns[row] >= at) + (real_ns[row] > at)];
}

static void match_term(const struct term *term, const struct filter_rows *rows,
		       const uint8_t *asked, uint8_t *hits)
{
	struct filter_known known = { .site = rows->event->site };
	struct ttlog_field field;
	unsigned at = 0;

	if (term->subject == EVENT_KEY_FIELD)
		match_fields(term, rows, asked, hits);
	else if (event_key__is_id(term->subject))
		match_ids(term, rows, asked, hits);
	else if (term->subject == EVENT_KEY_SUPPRESSED)
		match_suppressed(term, rows, asked, hits);
	else if (BIT(term->subject) & THREAD_KEYS)
		match_threads(term, rows, hits);
	else if (term->subject == EVENT_KEY_TS)
		match_times(term, rows, hits);
	else
		memset(hits,
		       filter__look_up(&known, term, &at, &field) == EXPR_FOUND &&
			       term__holds(term, &field),
		       rows->cnt);
}

/* Sets pass to 0 where the node does not hold; with `negate`, where it holds. */
static void apply_node(const struct expr *expr, uint32_t node, bool negate,
		       const struct filter_rows *rows, uint8_t *pass, uint8_t *scratch)
{
	const struct expr_node *it = &expr->nodes[node];
	const uint32_t cnt = rows->cnt;
	uint8_t *left = scratch, *one = scratch + cnt, *rest = scratch;
	bool any;

	if (!memchr(pass, 1, cnt))
		return; /* no column needs to be decoded */
	if (it->kind == EXPR_TERM) {
		match_term(&expr->terms[it->child], rows, pass, scratch);
		for (uint32_t row = 0; row < cnt; row++)
			pass[row] &= scratch[row] ^ negate;
		return;
	}
	negate ^= it->kind == EXPR_NOT;
	any = is_any(it->kind, negate);
	if (any) {
		memcpy(left, pass, cnt);
		rest = scratch + 2 * (size_t)cnt;
	}
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next) {
		if (!any) {
			apply_node(expr, child, negate, rows, pass, rest);
			continue;
		}
		/* only rows for which no child has held yet */
		memcpy(one, left, cnt);
		apply_node(expr, child, negate, rows, one, rest);
		for (uint32_t row = 0; row < cnt; row++)
			left[row] ^= one[row];
	}
	for (uint32_t row = 0; any && row < cnt; row++)
		pass[row] ^= left[row];
}

void filter__rows(const struct ttlog_filter *filter, const struct filter_rows *rows)
{
	struct ttlog_event *event = rows->event;

	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		const struct filter_conjunct *conjunct = &filter->conjuncts[i];

		/* a condition on the site alone holds: else this site's rows would not come here */
		if (conjunct->subjects & ROW_KEYS && !filter__is_settled(conjunct))
			apply_node(conjunct->expr, conjunct->node, false, rows, rows->pass,
				   rows->scratch);
	}
	for (size_t i = 0; i < filter->search_cnt; i++) {
		const struct pattern *pattern = &filter->searches[i];

		if (pattern__matches(pattern, event->site->msg))
			continue;
		for (event->row = 0; event->row < rows->cnt; event->row++)
			rows->pass[event->row] = rows->pass[event->row] &&
						 filter__search_fields(pattern, event);
	}
}
