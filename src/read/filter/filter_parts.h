/* SPDX-License-Identifier: MIT */
/*
 * What the files of the filter share. No other file includes it.
 *
 * The operands of each expression's outermost `and` are conjuncts: all must hold. Those about
 * threads alone, and bounds of time, are decided before events are read.
 */
#ifndef TTLOG_READ_FILTER_PARTS_H
#define TTLOG_READ_FILTER_PARTS_H

#include "expr.h"
#include "filter.h"

#define BIT(subject)  (1u << (subject))
#define THREAD_KEYS   (BIT(EVENT_KEY_PID) | BIT(EVENT_KEY_TID) | BIT(EVENT_KEY_COMM))
#define OPTIONAL_KEYS (BIT(EVENT_KEY_TRACE) | BIT(EVENT_KEY_SPAN) | BIT(EVENT_KEY_SUPPRESSED))
#define ROW_KEYS      (THREAD_KEYS | OPTIONAL_KEYS | BIT(EVENT_KEY_TS) | BIT(EVENT_KEY_FIELD))

struct filter_conjunct {
	const struct expr *expr;
	uint32_t node;
	unsigned subjects;
};

struct ttlog_filter {
	struct expr **exprs;
	struct filter_conjunct *conjuncts;
	struct pattern *searches;
	size_t expr_cnt, conjunct_cnt, search_cnt;
	size_t expr_cap, conjunct_cap, search_cap;
	struct pattern_budget budget; /* of the searches */
};

/* A part that is NULL is not known yet. */
struct filter_known {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	const struct ttlog_event *event;
	char *id; /* of TTLOG_ID_BYTES, for a value of the event */
};

/* A value of the term's subject; as expr_host.look_up. `context`: a struct filter_known. */
enum expr_found filter__look_up(void *context, const struct term *term, unsigned *at,
				struct ttlog_field *ret);
/* Whether the term is about this field of the site. */
bool filter__is_key(const struct term *term, const struct ttlog_site *site, unsigned idx);
/* Whether filter__thread() or filter__range() has decided it. */
bool filter__is_settled(const struct filter_conjunct *conjunct);
/* Whether the pattern is found in one of the event's fields. */
bool filter__search_fields(const struct pattern *pattern, const struct ttlog_event *event);

#endif /* TTLOG_READ_FILTER_PARTS_H */
