/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "field.h"
#include "format_number.h"
#include "glob.h"
#include "hex.h"
#include "term.h"
#include "duration_unit.h"
#include "value.h"

#define FIELD_PREFIX "fields."
#define LEVEL_LIST   "TRACE, DEBUG, INFO, WARN, ERROR, FATAL"

static const char *const OPS[] = {
	[OP_EQ] = "=",  [OP_NE] = "!=",   [OP_LT] = "<",        [OP_LE] = "<=",   [OP_GT] = ">",
	[OP_GE] = ">=", [OP_MATCH] = "~", [OP_NO_MATCH] = "!~", [OP_HAS] = "has",
};

const char *term__op_text(enum term_op op)
{
	return OPS[op];
}

size_t term__parse_op(const char *p, enum term_op *ret)
{
	/* longer ones first */
	static const struct {
		const char *text;
		enum term_op op;
	} ops[] = {
		{ "!=", OP_NE }, { "!~", OP_NO_MATCH }, { "<=", OP_LE }, { ">=", OP_GE },
		{ "==", OP_EQ }, { "=~", OP_MATCH },    { "=", OP_EQ },  { "<", OP_LT },
		{ ">", OP_GT },  { "~", OP_MATCH },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!strncmp(p, ops[i].text, strlen(ops[i].text))) {
			*ret = ops[i].op;
			return strlen(ops[i].text);
		}
	}
	return 0;
}

/* ---- Parsing ---- */

static enum event_key subject_of(struct ttlog_text *key)
{
	const size_t prefix = strlen(FIELD_PREFIX);
	const enum event_key found = event_key__find(*key, EVENT_KEY_SUPPRESSED);

	if (!found && key->len > prefix && !memcmp(key->p, FIELD_PREFIX, prefix)) {
		key->p += prefix;
		key->len -= prefix;
	}
	return found;
}

static bool is_order(enum term_op op)
{
	return op >= OP_LT && op <= OP_GE;
}

static bool is_regex(enum term_op op)
{
	return op == OP_MATCH || op == OP_NO_MATCH;
}

static int parse_level(struct term *term, const struct term_words *words, struct expr_error *ret)
{
	const char *name;

	if (is_regex(term->op))
		return expr_error__set(ret, words->op_at, words->op_len,
				       "a level is compared with = != < <= > >=");
	for (unsigned i = 0; (name = value__level_name(i)); i++) {
		if (ascii__is_alike(term->value.p, name)) {
			term->level = i;
			return 0;
		}
	}
	return expr_error__set(ret, words->value_at, words->value_len,
			       "'%.60s' is no level; levels are " LEVEL_LIST, term->value.p);
}

static int parse_moment(struct term *term, const struct term_words *words, struct expr_error *ret)
{
	if (is_regex(term->op))
		return expr_error__set(ret, words->op_at, words->op_len,
				       "a time is compared with = != < <= > >=");
	if (time_expr__parse(&term->time, term->value.p))
		return expr_error__set(ret, words->value_at, words->value_len,
				       "'%.40s' is no time; times are " TIME_EXPR_FORMS,
				       term->value.p);
	term->time_ns = term->time.ns;
	return 0;
}

static bool is_plain_number(enum event_key subject)
{
	return subject == EVENT_KEY_PID || subject == EVENT_KEY_TID || subject == EVENT_KEY_LINE;
}

/* 5mms and 1.2.3: rather a typing error than a text to compare with. */
static bool is_like_number(const char *p)
{
	p += *p == '-' || *p == '+';
	if (!ascii__is_digit(*p))
		return false;
	while (ascii__is_digit(*p) || *p == '.')
		p++;
	p += strspn(p, " ");
	while (ascii__is_letter(*p) || ascii__is_digit(*p))
		p++;
	return !*p;
}

static int parse_number(struct term *term, const struct term_words *words, struct expr_error *ret)
{
	bool is_id = is_plain_number(term->subject);

	term->is_number = !number__parse(&term->number, term->value);
	if (!term->is_number && event_key__may_be_field(term->subject)) {
		term->is_duration = !duration_unit__parse(&term->number, term->value, term->key);
		term->is_number = term->is_duration;
	}
	if (!term->is_number && is_id)
		return expr_error__set(ret, words->value_at, words->value_len,
				       "'%.60s' is no number", term->value.p);
	if (term->is_number || !is_order(term->op))
		return 0;
	if (term__means_duration(term) || is_like_number(term->value.p))
		return expr_error__set(ret, words->value_at, words->value_len,
				       "'%.60s' is no number, and no duration (" DURATION_UNIT_LIST
				       ")",
				       term->value.p);
	term->orders_text = true;
	return 0;
}

/* Parses the value; key and operator decide its kind. */
static int parse_value(struct term *term, const struct term_words *words, struct expr_error *ret)
{
	if (term->op == OP_HAS)
		return 0;
	if (term->subject == EVENT_KEY_LEVEL)
		return parse_level(term, words, ret);
	if (term->subject == EVENT_KEY_TS)
		return parse_moment(term, words, ret);
	if (is_regex(term->op))
		return pattern__init(&term->pattern, term->value.p, words->value_at, words->budget,
				     ret);
	if (is_order(term->op) && event_key__is_text(term->subject)) {
		term->orders_text = true;
		return 0;
	}
	return parse_number(term, words, ret);
}

int term__init(struct term *term, const struct term_words *words, struct expr_error *ret)
{
	char *copy = malloc(words->key.len + words->value.len + 2);
	int err;

	if (!copy)
		return -ENOMEM;
	*term = (struct term){ .op = words->op, .words = copy };
	term->key = (struct ttlog_text){ copy, words->key.len };
	memcpy(copy, words->key.p, words->key.len);
	copy[words->key.len] = '\0';
	copy += words->key.len + 1;
	term->value = (struct ttlog_text){ copy, words->value.len };
	if (words->value.len)
		memcpy(copy, words->value.p, words->value.len);
	copy[words->value.len] = '\0';
	term->subject = subject_of(&term->key);
	err = parse_value(term, words, ret);
	if (err)
		term__fini(term);
	return err;
}

void term__fini(struct term *term)
{
	pattern__fini(&term->pattern);
	free(term->words);
}

void term__set_last(struct term *term, uint64_t last_ns)
{
	term->time_ns = time_expr__resolve(&term->time, last_ns);
}

/* ---- Deciding ---- */

static int order_of(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

bool term__order(const struct term *term, int order)
{
	switch (term->op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	default:
		return false;
	}
}

static bool holds_for_text(const struct term *term, struct ttlog_text text)
{
	switch (term->op) {
	case OP_EQ:
		return glob__match(term->value, text);
	case OP_NE:
		return !glob__match(term->value, text);
	case OP_MATCH:
		return pattern__matches(&term->pattern, text);
	case OP_NO_MATCH:
		return !pattern__matches(&term->pattern, text);
	default:
		return term->orders_text &&
		       term__order(term, event_field__order(text, term->value));
	}
}

static bool is_real(const struct ttlog_field *field)
{
	return (field->type == TTLOG_TYPE_F32 || field->type == TTLOG_TYPE_F64) && !field->null;
}

static bool holds_for_number(const struct term *term, uint64_t v)
{
	const struct ttlog_field field = { .type = TTLOG_TYPE_U64, .u = v };
	char digits[FORMAT_NUMBER_BYTES];
	int order;

	if (is_regex(term->op))
		return holds_for_text(term, ttlog_field_text(&field, digits));
	if (number__compare(&term->number, &field, &order))
		return term->op == OP_NE;
	return term__order(term, order);
}

bool term__field(const struct term *term, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	int order;

	if (term->op == OP_HAS)
		return true;
	if (term->orders_text &&
	    (field->null || (field->type != TTLOG_TYPE_STR && field->type != TTLOG_TYPE_CHAR)))
		return false;
	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		return holds_for_text(term, hex__text(field->text, hex, sizeof(hex)));
	if (term__is_numeric(term) && term->number.is_nan && is_real(field))
		return term->op <= OP_NE && isnan(field->d) == (term->op == OP_EQ);
	/* if possible, a number is compared as a number; 007 is compared as text */
	if (term__is_numeric(term) && !number__compare(&term->number, field, &order))
		return term__order(term, order);
	return holds_for_text(term, ttlog_field_text(field, buf));
}

bool term__holds(const struct term *term, const struct ttlog_field *field)
{
	if (term->op == OP_HAS)
		return true;
	switch (term->subject) {
	case EVENT_KEY_FIELD:
	case EVENT_KEY_SUPPRESSED:
		return term__field(term, field);
	case EVENT_KEY_TRACE:
	case EVENT_KEY_SPAN:
		/* an id is no field */
		return field->type != TTLOG_TYPE_NONE ? term__field(term, field)
						      : holds_for_text(term, field->text);
	case EVENT_KEY_LEVEL:
		return term__order(term, order_of(field->u, term->level));
	case EVENT_KEY_TS:
		return term__order(term, order_of(field->u, term->time_ns));
	case EVENT_KEY_PID:
	case EVENT_KEY_TID:
	case EVENT_KEY_LINE:
		return holds_for_number(term, field->u);
	default:
		return holds_for_text(term, field->text);
	}
}
