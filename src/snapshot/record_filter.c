/* SPDX-License-Identifier: MIT */
/*
 * All values of a record are decoded when a term asks for the first of them: where a value is
 * depends on those before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "format.h"
#include "hex.h"
#include "merge.h"
#include "record_filter.h"
#include "redact.h"
#include "site.h"
#include "value.h"

#define MAX_EXPRS 64u

struct record_filter {
	struct expr *exprs[MAX_EXPRS];
	size_t cnt;
};

/* What is known of a record; NULL: not known. */
struct known {
	const struct catalog_site *site;
	const struct record_facts *facts;
	bool decoded;
	struct value values[TTLOG_MAX_FIELDS];
	char id[2 * FORMAT_TRACE_ID_BYTES];
};

void record_filter__free(struct record_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->cnt; i++)
		expr__free(filter->exprs[i]);
	free(filter);
}

static int add(struct record_filter *filter, const char *text, char *ret_why, size_t why_size)
{
	struct expr_error error;
	struct expr *expr;

	if (filter->cnt == MAX_EXPRS) {
		(void)snprintf(ret_why, why_size, "more than %u expressions", MAX_EXPRS);
		return -EINVAL;
	}
	expr = expr__parse(text, &error);
	if (!expr && errno == EINVAL)
		expr_error__print(&error, text, ret_why, why_size);
	if (!expr)
		return -errno;
	filter->exprs[filter->cnt++] = expr;
	return 0;
}

struct record_filter *record_filter__new(const char *texts, size_t bytes, uint64_t now_ns,
					 char *ret_why, size_t why_size)
{
	struct record_filter *filter = calloc(1, sizeof(*filter));
	int err = 0;

	if (!filter)
		return NULL;
	for (size_t at = 0; !err && at < bytes; at += strlen(texts + at) + 1)
		err = add(filter, texts + at, ret_why, why_size);
	if (err) {
		record_filter__free(filter);
		errno = -err;
		return NULL;
	}
	for (size_t i = 0; i < filter->cnt; i++)
		expr__set_last(filter->exprs[i], now_ns);
	return filter;
}

bool record_filter__is_empty(const struct record_filter *filter)
{
	return !filter->cnt;
}

/* ---- values ---- */

static void to_field(const struct value *value, struct ttlog_field *ret)
{
	*ret = (struct ttlog_field){
		.type = value->type,
		.null = value->is_null,
		.cut = value->is_cut,
		.scale = value->scale,
	};
	switch (value->type) {
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_BYTES:
		ret->text = (struct ttlog_text){ (const char *)value->bytes, value->len };
		break;
	case TTLOG_TYPE_F32:
		ret->d = value->f32;
		break;
	case TTLOG_TYPE_F64:
		ret->d = value->f64;
		break;
	default:
		ret->u = value->u;
		break;
	}
}

static void decode(struct known *known)
{
	const struct merge_record *record = known->facts->record;
	const struct catalog_site *site = known->site;

	known->decoded = true;
	(void)value__read_fields(site->types, site->nfields, site->nullable, record->fields,
				 record->bytes - sizeof(struct ttlog_record), known->values);
	/* the record has the ticks of its start */
	if (site->is_span_end)
		known->values[0].u = record->duration_ns;
}

static bool is_key(const struct term *term, const struct catalog_site *site, unsigned idx)
{
	return ttlog_text_is(term->key, catalog_site__key(site, idx)) ||
	       (site->is_span_end && !idx && term__means_duration(term));
}

static enum expr_found look_up_field(struct known *known, const struct term *term, unsigned *at,
				     struct ttlog_field *ret)
{
	while (*at < known->site->nfields) {
		unsigned idx = (*at)++;

		if (!is_key(term, known->site, idx))
			continue;
		if (term->op == OP_HAS)
			return EXPR_FOUND;
		if (catalog_site__hides(known->site, idx)) {
			/* a filter must not tell what is hidden */
			*ret = (struct ttlog_field){
				.type = TTLOG_TYPE_STR,
				.text = ttlog_text_of(REDACT_REPLACEMENT),
			};
			return EXPR_FOUND;
		}
		if (!known->facts)
			return EXPR_UNKNOWN;
		if (!known->decoded)
			decode(known);
		to_field(&known->values[idx], ret);
		return EXPR_FOUND;
	}
	return EXPR_ABSENT;
}

static struct ttlog_text id_text(struct known *known, bool is_span)
{
	const struct context *context = &known->facts->record->context;
	const size_t len = is_span ? FORMAT_SPAN_ID_BYTES : FORMAT_TRACE_ID_BYTES;

	hex__bytes(known->id, is_span ? context->span_id : context->trace_id, len);
	return (struct ttlog_text){ known->id, 2 * len };
}

/* Whether the event has one. */
static bool take_optional(struct known *known, enum event_key subject, struct ttlog_field *ret)
{
	const struct merge_record *record = known->facts->record;

	*ret = (struct ttlog_field){ .type = TTLOG_TYPE_NONE };
	if (subject == EVENT_KEY_SUPPRESSED) {
		ret->type = TTLOG_TYPE_U64;
		ret->u = record->suppressed;
		return ret->u;
	}
	ret->text = id_text(known, subject == EVENT_KEY_SPAN);
	return context__is_set(&record->context);
}

/* First the event's own, then fields with that key. */
static enum expr_found look_up_optional(struct known *known, const struct term *term, unsigned *at,
					struct ttlog_field *ret)
{
	enum expr_found found;

	if (!*at) {
		if (!known->facts)
			return EXPR_UNKNOWN;
		(*at)++;
		if (take_optional(known, term->subject, ret))
			return EXPR_FOUND;
	}
	(*at)--;
	found = look_up_field(known, term, at, ret);
	(*at)++;
	return found;
}

static struct ttlog_text text_of_site(const struct site *site, enum event_key subject)
{
	switch (subject) {
	case EVENT_KEY_TARGET:
		return ttlog_text_of(site->target);
	case EVENT_KEY_PROBE:
		return ttlog_text_of(site->name);
	case EVENT_KEY_MSG:
		return ttlog_text_of(site->message);
	case EVENT_KEY_FILE:
		return ttlog_text_of(site->file);
	default:
		return ttlog_text_of(site->function);
	}
}

static enum expr_found look_up_origin(const struct record_facts *facts, enum event_key subject,
				      struct ttlog_field *ret)
{
	if (!facts)
		return EXPR_UNKNOWN;
	if (subject == EVENT_KEY_PID)
		ret->u = facts->thread->pid;
	else if (subject == EVENT_KEY_TID)
		ret->u = facts->thread->tid;
	else if (subject == EVENT_KEY_TS)
		ret->u = facts->real_ns;
	else
		ret->text = (struct ttlog_text){ facts->thread->comm,
						 strnlen(facts->thread->comm,
							 sizeof(facts->thread->comm)) };
	return EXPR_FOUND;
}

static enum expr_found look_up(void *context, const struct term *term, unsigned *at,
			       struct ttlog_field *ret)
{
	struct known *known = context;

	if (term->subject == EVENT_KEY_FIELD)
		return look_up_field(known, term, at, ret);
	if (event_key__is_optional(term->subject))
		return look_up_optional(known, term, at, ret);
	if ((*at)++)
		return EXPR_ABSENT;
	*ret = (struct ttlog_field){ .type = TTLOG_TYPE_NONE };
	switch (term->subject) {
	case EVENT_KEY_PID:
	case EVENT_KEY_TID:
	case EVENT_KEY_COMM:
	case EVENT_KEY_TS:
		return look_up_origin(known->facts, term->subject, ret);
	case EVENT_KEY_LEVEL:
		ret->u = known->site->site->level;
		break;
	case EVENT_KEY_LINE:
		ret->u = known->site->site->line;
		break;
	default:
		ret->text = text_of_site(known->site->site, term->subject);
		break;
	}
	return EXPR_FOUND;
}

/* ---- asking ---- */

static uint64_t gave_up_of(const struct record_filter *filter)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < filter->cnt; i++)
		sum += filter->exprs[i]->patterns.gave_up;
	return sum;
}

static enum expr_truth truth_of_all(const struct record_filter *filter, struct known *known)
{
	const struct expr_host host = { .look_up = look_up, .context = known };
	enum expr_truth all = EXPR_YES;

	for (size_t i = 0; i < filter->cnt; i++) {
		enum expr_truth one = expr__truth(filter->exprs[i], filter->exprs[i]->root, &host);

		if (one == EXPR_NO)
			return EXPR_NO;
		if (one == EXPR_OPEN)
			all = EXPR_OPEN;
	}
	return all;
}

/* If a regular expression gave up, the viewer looks again, and tells. */
static enum expr_truth truth_of(const struct record_filter *filter, struct known *known)
{
	uint64_t gave_up = gave_up_of(filter);
	enum expr_truth truth = truth_of_all(filter, known);

	return truth == EXPR_NO && gave_up_of(filter) != gave_up ? EXPR_OPEN : truth;
}

enum expr_truth record_filter__site(const struct record_filter *filter,
				    const struct catalog_site *site)
{
	struct known known;

	known.site = site;
	known.facts = NULL;
	return truth_of(filter, &known);
}

bool record_filter__matches(const struct record_filter *filter, const struct record_facts *facts)
{
	struct known known;

	known.site = facts->record->site;
	known.facts = facts;
	known.decoded = false;
	return truth_of(filter, &known) != EXPR_NO;
}
