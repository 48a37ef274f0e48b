/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "filter_parts.h"
#include "format_number.h"
#include "hex.h"

/* A key, '=' and a value. Only a hostile file has longer ones. */
#define SEARCHED_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

struct ttlog_filter *ttlog_filter_new(void)
{
	return calloc(1, sizeof(struct ttlog_filter));
}

const struct ttlog_filter *filter__everything(void)
{
	static const struct ttlog_filter EVERYTHING;

	return &EVERYTHING;
}

void ttlog_filter_free(struct ttlog_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->expr_cnt; i++)
		expr__free(filter->exprs[i]);
	for (size_t i = 0; i < filter->search_cnt; i++)
		pattern__fini(&filter->searches[i]);
	free(filter->exprs);
	free(filter->conjuncts);
	free(filter->searches);
	free(filter);
}

bool ttlog_filter_is_empty(const struct ttlog_filter *filter)
{
	return !filter->expr_cnt && !filter->search_cnt;
}

/* ---- Adding ---- */

static int add_conjunct(struct ttlog_filter *filter, const struct expr *expr, uint32_t node)
{
	if (array__reserve(filter->conjuncts, filter->conjunct_cnt + 1, &filter->conjunct_cap))
		return -ENOMEM;
	filter->conjuncts[filter->conjunct_cnt++] = (struct filter_conjunct){
		.expr = expr,
		.node = node,
		.subjects = expr__subjects(expr, node),
	};
	return 0;
}

/* Takes ownership of the expression. */
static int add_expr(struct ttlog_filter *filter, struct expr *expr)
{
	const struct expr_node *root = &expr->nodes[expr->root];
	size_t before = filter->conjunct_cnt;
	int err = 0;

	if (array__reserve(filter->exprs, filter->expr_cnt + 1, &filter->expr_cap)) {
		expr__free(expr);
		return -ENOMEM;
	}
	if (root->kind != EXPR_AND) {
		err = add_conjunct(filter, expr, expr->root);
	} else {
		for (uint32_t child = root->child; child != EXPR_NONE && !err;
		     child = expr->nodes[child].next)
			err = add_conjunct(filter, expr, child);
	}
	if (err) {
		filter->conjunct_cnt = before;
		expr__free(expr);
		return err;
	}
	filter->exprs[filter->expr_cnt++] = expr;
	return 0;
}

int ttlog_filter_add(struct ttlog_filter *filter, const char *expression, char *ret_why,
		     size_t why_size)
{
	struct expr_error error;
	struct expr *expr = expr__parse(expression, &error);

	if (expr)
		return add_expr(filter, expr);
	if (errno != EINVAL)
		return -ENOMEM;
	expr_error__print(&error, expression, ret_why, why_size);
	return -EINVAL;
}

uint64_t ttlog_filter_gave_up(const struct ttlog_filter *filter)
{
	uint64_t sum = filter->budget.gave_up;

	for (size_t i = 0; i < filter->expr_cnt; i++)
		sum += filter->exprs[i]->patterns.gave_up;
	return sum;
}

int ttlog_filter_search(struct ttlog_filter *filter, const char *regex, char *ret_why,
			size_t why_size)
{
	struct expr_error error;
	int err;

	if (array__reserve(filter->searches, filter->search_cnt + 1, &filter->search_cap))
		return -ENOMEM;
	err = pattern__init(&filter->searches[filter->search_cnt], regex, 0, &filter->budget,
			    &error);
	if (!err)
		filter->search_cnt++;
	if (err == -EINVAL)
		expr_error__print(&error, regex, ret_why, why_size);
	return err;
}

/* ---- Time ---- */

bool ttlog_filter_needs_last(const struct ttlog_filter *filter)
{
	for (size_t i = 0; i < filter->expr_cnt; i++) {
		if (expr__needs_last(filter->exprs[i]))
			return true;
	}
	return false;
}

void ttlog_filter_set_last(struct ttlog_filter *filter, uint64_t last_ns)
{
	for (size_t i = 0; i < filter->expr_cnt; i++)
		expr__set_last(filter->exprs[i], last_ns);
}

/* The term of a conjunct that only bounds the time; else NULL. */
static const struct term *bound_of(const struct filter_conjunct *conjunct)
{
	const struct expr_node *node = &conjunct->expr->nodes[conjunct->node];
	const struct term *term = &conjunct->expr->terms[node->child];

	if (node->kind != EXPR_TERM || term->subject != EVENT_KEY_TS || term->op == OP_NE ||
	    term->op == OP_HAS)
		return NULL;
	return term;
}

static void narrow(const struct term *term, uint64_t *since_ns, uint64_t *until_ns)
{
	uint64_t first = 0, last = UINT64_MAX, at = term->time_ns;
	bool none = (term->op == OP_LT && !at) || (term->op == OP_GT && at == UINT64_MAX);

	if (none) {
		*since_ns = UINT64_MAX;
		*until_ns = 0;
		return;
	}
	if (term->op == OP_EQ || term->op == OP_GE || term->op == OP_GT)
		first = at + (term->op == OP_GT);
	if (term->op == OP_EQ || term->op == OP_LE || term->op == OP_LT)
		last = at - (term->op == OP_LT);
	*since_ns = first > *since_ns ? first : *since_ns;
	*until_ns = last < *until_ns ? last : *until_ns;
}

void filter__range(const struct ttlog_filter *filter, uint64_t *since_ns, uint64_t *until_ns)
{
	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		const struct term *term = bound_of(&filter->conjuncts[i]);

		if (term)
			narrow(term, since_ns, until_ns);
	}
}

bool filter__is_settled(const struct filter_conjunct *conjunct)
{
	return !(conjunct->subjects & ~THREAD_KEYS) || bound_of(conjunct);
}

/* ---- One value after the other ---- */

bool filter__is_key(const struct term *term, const struct ttlog_site *site, unsigned idx)
{
	if (ttlog_text_equal(site->keys[idx], term->key))
		return true;
	return idx < ttlog_site_first_field(site) && term__means_duration(term);
}

static bool has_key(const struct ttlog_info *info, const struct term *term)
{
	for (size_t i = 0; i < info->site_cnt; i++) {
		for (unsigned idx = 0; idx < info->sites[i]->nfields; idx++) {
			if (filter__is_key(term, info->sites[i], idx))
				return true;
		}
	}
	return false;
}

static bool is_unknown(const struct term *term, struct ttlog_snapshot *const *snapshots,
		       size_t snapshot_cnt)
{
	if (term->subject != EVENT_KEY_FIELD || term->op == OP_HAS)
		return false;
	for (size_t i = 0; i < snapshot_cnt; i++) {
		if (has_key(ttlog_snapshot_info(snapshots[i]), term))
			return false;
	}
	return true;
}

const char *ttlog_filter_unknown_key(const struct ttlog_filter *filter,
				     struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt)
{
	for (size_t i = 0; i < filter->expr_cnt; i++) {
		for (uint32_t k = 0; k < filter->exprs[i]->term_cnt; k++) {
			const struct term *term = &filter->exprs[i]->terms[k];

			if (is_unknown(term, snapshots, snapshot_cnt))
				return term->key.p;
		}
	}
	return NULL;
}

static enum expr_found look_up_field(const struct filter_known *known, const struct term *term,
				     unsigned *at, struct ttlog_field *ret)
{
	if (!known->site)
		return EXPR_UNKNOWN;
	while (*at < known->site->nfields) {
		unsigned idx = (*at)++;

		if (!filter__is_key(term, known->site, idx))
			continue;
		if (term->op == OP_HAS)
			return EXPR_FOUND;
		if (!known->event)
			return EXPR_UNKNOWN;
		ttlog_event_field(known->event, idx, ret);
		return EXPR_FOUND;
	}
	return EXPR_ABSENT;
}

/* Whether the event has one. */
static bool take_optional(const struct filter_known *known, enum event_key subject,
			  struct ttlog_field *ret)
{
	*ret = (struct ttlog_field){ .type = TTLOG_TYPE_NONE };
	if (subject == EVENT_KEY_SUPPRESSED) {
		ret->type = TTLOG_TYPE_U64;
		ret->u = ttlog_event_suppressed(known->event);
		return ret->u;
	}
	ret->text = (subject == EVENT_KEY_SPAN ? ttlog_event_span_id
					       : ttlog_event_trace_id)(known->event, known->id);
	return ret->text.p;
}

/* First the event's own, then fields with that key. */
static enum expr_found look_up_optional(const struct filter_known *known, const struct term *term,
					unsigned *at, struct ttlog_field *ret)
{
	enum expr_found found;

	if (!*at) {
		if (!known->event)
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

/* Whether the part that has the subject is known. */
static bool is_known(const struct filter_known *known, enum event_key subject)
{
	if (BIT(subject) & THREAD_KEYS)
		return !!known->thread;
	return subject == EVENT_KEY_TS ? !!known->event : !!known->site;
}

enum expr_found filter__look_up(void *context, const struct term *term, unsigned *at,
				struct ttlog_field *ret)
{
	const struct filter_known *known = context;

	if (term->subject == EVENT_KEY_FIELD)
		return look_up_field(known, term, at, ret);
	if (event_key__is_optional(term->subject))
		return look_up_optional(known, term, at, ret);
	if ((*at)++)
		return EXPR_ABSENT;
	if (!is_known(known, term->subject))
		return EXPR_UNKNOWN;
	*ret = (struct ttlog_field){ .type = TTLOG_TYPE_NONE };
	switch (term->subject) {
	case EVENT_KEY_PID:
		ret->u = known->thread->pid;
		break;
	case EVENT_KEY_TID:
		ret->u = known->thread->tid;
		break;
	case EVENT_KEY_COMM:
		ret->text = known->thread->comm;
		break;
	case EVENT_KEY_TS:
		ret->u = known->event->real_ns;
		break;
	case EVENT_KEY_LEVEL:
		ret->u = known->site->level;
		break;
	case EVENT_KEY_LINE:
		ret->u = known->site->line;
		break;
	case EVENT_KEY_TARGET:
		ret->text = known->site->target;
		break;
	case EVENT_KEY_PROBE:
		ret->text = known->site->probe;
		break;
	case EVENT_KEY_MSG:
		ret->text = known->site->msg;
		break;
	case EVENT_KEY_FILE:
		ret->text = known->site->file;
		break;
	default:
		ret->text = known->site->func;
	}
	return EXPR_FOUND;
}

static enum expr_truth truth_of(const struct filter_conjunct *conjunct, struct filter_known known)
{
	const struct expr_host host = { .look_up = filter__look_up, .context = &known };

	return expr__truth(conjunct->expr, conjunct->node, &host);
}

/* --search looks at a field's text and at key=value. */
static bool search_field(const struct pattern *pattern, struct ttlog_text key,
			 const struct ttlog_field *field)
{
	char subject[SEARCHED_MAX_BYTES], buf[FORMAT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	struct ttlog_text value = ttlog_field_text(field, buf);

	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		value = hex__text(value, hex, sizeof(hex));
	if (field->type == TTLOG_TYPE_STR && pattern__matches(pattern, value))
		return true;
	if (key.len + 1 + value.len > sizeof(subject))
		return false;
	memcpy(subject, key.p, key.len);
	subject[key.len] = '=';
	if (value.len)
		memcpy(subject + key.len + 1, value.p, value.len);
	return pattern__matches(pattern, (struct ttlog_text){ subject, key.len + 1 + value.len });
}

bool filter__search_fields(const struct pattern *pattern, const struct ttlog_event *event)
{
	struct ttlog_field field;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		ttlog_event_field(event, i, &field);
		if (search_field(pattern, event->site->keys[i], &field))
			return true;
	}
	return false;
}

enum filter_verdict filter__site(const struct ttlog_filter *filter, const struct ttlog_site *site)
{
	enum filter_verdict all = FILTER_YES;

	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		enum expr_truth truth;

		if (filter__is_settled(&filter->conjuncts[i]))
			continue;
		truth = truth_of(&filter->conjuncts[i], (struct filter_known){ .site = site });
		if (truth == EXPR_NO)
			return FILTER_NO;
		if (truth == EXPR_OPEN)
			all = FILTER_FIELDS;
	}
	for (size_t i = 0; i < filter->search_cnt; i++) {
		if (pattern__matches(&filter->searches[i], site->msg))
			continue;
		if (!site->nfields)
			return FILTER_NO;
		all = FILTER_FIELDS;
	}
	return all;
}

bool filter__thread(const struct ttlog_filter *filter, const struct ttlog_thread *thread)
{
	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		if (truth_of(&filter->conjuncts[i], (struct filter_known){ .thread = thread }) ==
		    EXPR_NO)
			return false;
	}
	return true;
}

bool ttlog_filter_matches(const struct ttlog_filter *filter, const struct ttlog_event *event)
{
	char id[TTLOG_ID_BYTES];
	const struct filter_known known = { event->site, event->thread, event, id };

	for (size_t i = 0; i < filter->conjunct_cnt; i++) {
		if (truth_of(&filter->conjuncts[i], known) != EXPR_YES)
			return false;
	}
	for (size_t i = 0; i < filter->search_cnt; i++) {
		if (!pattern__matches(&filter->searches[i], event->site->msg) &&
		    !filter__search_fields(&filter->searches[i], event))
			return false;
	}
	return true;
}
