/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "filter.h"
#include "number.h"
#include "out.h"
#include "value.h"

#define FIELD_PREFIX      "fields."
/* What a regular expression sees of a text: a string is cut at 4,000 bytes, bytes are searched as
 * hex, and a key comes before them. Only a hostile file has more. */
#define SUBJECT_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

enum op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_MATCH,
	OP_NO_MATCH,
};

enum subject {
	SUBJECT_FIELD,
	SUBJECT_LEVEL,
	SUBJECT_TARGET,
	SUBJECT_PROBE,
	SUBJECT_MSG,
	SUBJECT_FILE,
	SUBJECT_FUNC,
	SUBJECT_PID,
	SUBJECT_TID,
	SUBJECT_COMM,
	SUBJECT_SEARCH, /* the message and all fields */
};

static const struct {
	const char *name;
	enum subject subject;
} SUBJECTS[] = {
	{ "level", SUBJECT_LEVEL }, { "target", SUBJECT_TARGET }, { "probe", SUBJECT_PROBE },
	{ "msg", SUBJECT_MSG },     { "file", SUBJECT_FILE },     { "func", SUBJECT_FUNC },
	{ "pid", SUBJECT_PID },     { "tid", SUBJECT_TID },       { "comm", SUBJECT_COMM },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct term {
	enum subject subject;
	enum op op;
	char *source; /* the expression; key and value lie in it */
	struct text key, value;
	unsigned level;
	bool is_number, has_regex;
	struct number number;
	regex_t regex;
};

struct filter {
	struct term *terms;
	size_t cnt;
};

struct filter *filter__new(void)
{
	return calloc(1, sizeof(struct filter));
}

static void term__fini(struct term *term)
{
	if (term->has_regex)
		regfree(&term->regex);
	free(term->source);
}

void filter__free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->cnt; i++)
		term__fini(&filter->terms[i]);
	free(filter->terms);
	free(filter);
}

bool filter__is_empty(const struct filter *filter)
{
	return !filter->cnt;
}

/* ---- Reading an expression ---- */

__attribute__((format(printf, 3, 4))) static int wrong(char *why, size_t size, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return -EINVAL;
}

static struct text trim(struct text text)
{
	while (text.len && isspace((unsigned char)text.p[0])) {
		text.p++;
		text.len--;
	}
	while (text.len && isspace((unsigned char)text.p[text.len - 1]))
		text.len--;
	return text;
}

/* The operator at p and its length. A key has none of these characters. */
static size_t parse_op(const char *p, enum op *ret)
{
	static const struct {
		const char *text;
		enum op op;
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

static enum subject subject_of(struct text *key)
{
	size_t prefix = strlen(FIELD_PREFIX);

	for (size_t i = 0; i < ARRAY_SIZE(SUBJECTS); i++) {
		if (text_is(*key, SUBJECTS[i].name))
			return SUBJECTS[i].subject;
	}
	if (key->len > prefix && !memcmp(key->p, FIELD_PREFIX, prefix)) {
		key->p += prefix;
		key->len -= prefix;
	}
	return SUBJECT_FIELD;
}

static bool is_order(enum op op)
{
	return op >= OP_LT && op <= OP_GE;
}

static bool is_regex(enum op op)
{
	return op == OP_MATCH || op == OP_NO_MATCH;
}

static int compile(struct term *term, const char *pattern, const char *at, char *why, size_t size)
{
	char reason[128];
	int err = regcomp(&term->regex, pattern, REG_EXTENDED);

	if (err) {
		regerror(err, &term->regex, reason, sizeof(reason));
		return wrong(why, size, "'%s': the regular expression '%s' is wrong: %s", at,
			     pattern, reason);
	}
	term->has_regex = true;
	return 0;
}

static int parse_level(struct term *term, char *why, size_t size)
{
	const char *name;

	if (is_regex(term->op))
		return wrong(why, size,
			     "'%s': a level is compared with = != < <= > >=", term->source);
	for (unsigned i = 0; (name = value__level_name(i)); i++) {
		if (term->value.len == strlen(name) &&
		    !strncasecmp(term->value.p, name, term->value.len)) {
			term->level = i;
			return 0;
		}
	}
	return wrong(why, size, "'%s': '%.*s' is no level; levels are " FILTER_LEVEL_LIST,
		     term->source, (int)term->value.len, term->value.p);
}

/* What the value must be, by key and operator. */
static int check_term(struct term *term, char *why, size_t size)
{
	bool is_text = term->subject >= SUBJECT_TARGET && term->subject <= SUBJECT_FUNC;

	if (term->subject == SUBJECT_LEVEL)
		return parse_level(term, why, size);
	if (is_regex(term->op))
		return compile(term, term->value.p, term->source, why, size);
	if (is_order(term->op) && (is_text || term->subject == SUBJECT_COMM))
		return wrong(why, size, "'%s': %.*s is text: it is compared with = != ~ !~",
			     term->source, (int)term->key.len, term->key.p);
	term->is_number = !number__parse(&term->number, term->value);
	if (!term->is_number &&
	    (is_order(term->op) || term->subject == SUBJECT_PID || term->subject == SUBJECT_TID))
		return wrong(why, size, "'%s': '%.*s' at character %zu is no number", term->source,
			     (int)term->value.len, term->value.p,
			     (size_t)(term->value.p - term->source) + 1);
	return 0;
}

static int parse_term(struct term *term, char *why, size_t size)
{
	char *source = term->source;
	size_t key_len = strcspn(source, "=!<>~");
	size_t op_len = parse_op(source + key_len, &term->op);
	struct text value;

	term->key = trim((struct text){ source, key_len });
	if (!source[key_len])
		return wrong(why, size,
			     "'%s': there is no operator: write KEY=VALUE, with one of "
			     "= != < <= > >= ~ !~",
			     source);
	if (!op_len)
		return wrong(why, size, "'%s': '%c' at character %zu is no operator", source,
			     source[key_len], key_len + 1);
	if (!term->key.len)
		return wrong(why, size, "'%s': there is no key before the operator", source);
	value = trim(text_of(source + key_len + op_len));
	if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"') {
		value.p++;
		value.len -= 2;
	} else if (!value.len) {
		return wrong(why, size, "'%s': there is no value; write \"\" for an empty one",
			     source);
	}
	/* The value ends the text that regcomp sees. */
	term->value = value;
	term->subject = subject_of(&term->key);
	return 0;
}

static int append(struct filter *filter, const char *source, struct term **ret)
{
	struct term *grown = reallocarray(filter->terms, filter->cnt + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	filter->terms = grown;
	*ret = &grown[filter->cnt];
	**ret = (struct term){ .source = strdup(source) };
	return (*ret)->source ? 0 : -ENOMEM;
}

int filter__add(struct filter *filter, const char *expression, char *ret_why, size_t why_size)
{
	struct term *term;
	char *pattern = NULL;
	int err = append(filter, expression, &term);

	if (err)
		return err;
	err = parse_term(term, ret_why, why_size);
	if (!err && is_regex(term->op)) {
		pattern = strndup(term->value.p, term->value.len);
		if (!pattern)
			err = -ENOMEM;
		else
			term->value = text_of(pattern);
	}
	if (!err)
		err = check_term(term, ret_why, why_size);
	free(pattern);
	if (is_regex(term->op))
		term->value = text_of("");
	if (err)
		term__fini(term);
	else
		filter->cnt++;
	return err;
}

int filter__search(struct filter *filter, const char *regex, char *ret_why, size_t why_size)
{
	struct term *term;
	int err = append(filter, regex, &term);

	if (err)
		return err;
	term->subject = SUBJECT_SEARCH;
	term->op = OP_MATCH;
	err = compile(term, regex, regex, ret_why, why_size);
	if (err)
		term__fini(term);
	else
		filter->cnt++;
	return err;
}

/* ---- Deciding ---- */

static bool holds(enum op op, int order)
{
	switch (op) {
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

static bool match_regex(const struct term *term, struct text text)
{
	char subject[SUBJECT_MAX_BYTES + 1];
	size_t len = text.len < SUBJECT_MAX_BYTES ? text.len : SUBJECT_MAX_BYTES;
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)len };

	/* With a zero behind it, for those who look for it before they look at REG_STARTEND (the
	 * sanitizers do), and with REG_STARTEND because there may be zeros in it. */
	memcpy(subject, text.p, len);
	subject[len] = '\0';
	return !regexec(&term->regex, subject, 1, &range, REG_STARTEND);
}

static bool match_text(const struct term *term, struct text text)
{
	switch (term->op) {
	case OP_EQ:
		return glob__match(term->value, text);
	case OP_NE:
		return !glob__match(term->value, text);
	case OP_MATCH:
		return match_regex(term, text);
	case OP_NO_MATCH:
		return !match_regex(term, text);
	default:
		return false;
	}
}

static bool match_number(const struct term *term, uint64_t v)
{
	char digits[OUT_NUMBER_BYTES];
	int order;

	if (is_regex(term->op)) {
		size_t len = format__u64(digits, v);

		return match_text(term, (struct text){ digits, len });
	}
	if (number__compare_u64(&term->number, v, &order))
		return term->op == OP_NE;
	return holds(term->op, order);
}

static int order_of(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static size_t format_hex(char *to, uint64_t v)
{
	return (size_t)sprintf(to, "0x%llx", (unsigned long long)v);
}

struct text event_field__text(const struct event_field *field, char *buf)
{
	size_t len = 0;

	if (field->null || field->type == TTLOG_TYPE_NONE)
		return text_of("null");
	switch (field->type) {
	case TTLOG_TYPE_BOOL:
		return text_of(field->u ? "true" : "false");
	case TTLOG_TYPE_CHAR:
		buf[0] = (char)field->u;
		len = 1;
		break;
	case TTLOG_TYPE_I8:
	case TTLOG_TYPE_I16:
	case TTLOG_TYPE_I32:
	case TTLOG_TYPE_I64:
		len = format__decimal(buf, field->i, 0);
		break;
	case TTLOG_TYPE_F32:
		len = format__f32(buf, (float)field->d);
		break;
	case TTLOG_TYPE_F64:
		len = format__f64(buf, field->d);
		break;
	case TTLOG_TYPE_PTR:
	case TTLOG_TYPE_HEX:
		len = format_hex(buf, field->u);
		break;
	case TTLOG_TYPE_DECIMAL:
		len = format__decimal(buf, field->i, field->scale);
		break;
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_BYTES:
		return field->text;
	default:
		len = format__u64(buf, field->u);
	}
	return (struct text){ buf, len };
}

/* Bytes as their hexadecimal text, which is what the outputs show; cut to what fits. */
static struct text hex_of(struct text bytes, char *to, size_t size)
{
	size_t len = bytes.len < size / 2 ? bytes.len : size / 2;

	for (size_t i = 0; i < len; i++) {
		to[2 * i] = "0123456789abcdef"[(unsigned char)bytes.p[i] >> 4];
		to[2 * i + 1] = "0123456789abcdef"[(unsigned char)bytes.p[i] & 15];
	}
	return (struct text){ to, 2 * len };
}

static bool match_value(const struct term *term, const struct event_field *field)
{
	char buf[OUT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	int order;

	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		return match_text(term, hex_of(field->text, hex, sizeof(hex)));
	/* A number is compared as one where it can be; 007 and NaN go as text. */
	if (term->is_number && !is_regex(term->op) &&
	    !number__compare(&term->number, field, &order))
		return holds(term->op, order);
	return match_text(term, event_field__text(field, buf));
}

static bool match_field(const struct term *term, const struct event *event)
{
	struct event_field field;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		if (!text_equal(event->site->keys[i], term->key))
			continue;
		event__field(event, i, &field);
		if (match_value(term, &field))
			return true;
	}
	return false;
}

/* One field for --search: its text, and key=value. */
static bool search_field(const struct term *term, struct text key, const struct event_field *field)
{
	char subject[SUBJECT_MAX_BYTES], buf[OUT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	struct text value = event_field__text(field, buf);

	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		value = hex_of(value, hex, sizeof(hex));
	if (field->type == TTLOG_TYPE_STR && match_regex(term, value))
		return true;
	if (key.len + 1 + value.len > sizeof(subject))
		return false;
	memcpy(subject, key.p, key.len);
	subject[key.len] = '=';
	memcpy(subject + key.len + 1, value.p, value.len);
	return match_regex(term, (struct text){ subject, key.len + 1 + value.len });
}

static bool search_fields(const struct term *term, const struct event *event)
{
	struct event_field field;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		event__field(event, i, &field);
		if (search_field(term, event->site->keys[i], &field))
			return true;
	}
	return false;
}

static enum filter_verdict site_verdict(const struct term *term, const struct event_site *site)
{
	bool hit;

	switch (term->subject) {
	case SUBJECT_LEVEL:
		hit = holds(term->op, order_of(site->level, term->level));
		break;
	case SUBJECT_TARGET:
		hit = match_text(term, site->target);
		break;
	case SUBJECT_PROBE:
		hit = match_text(term, site->probe);
		break;
	case SUBJECT_MSG:
		hit = match_text(term, site->msg);
		break;
	case SUBJECT_FILE:
		hit = match_text(term, site->file);
		break;
	case SUBJECT_FUNC:
		hit = match_text(term, site->func);
		break;
	case SUBJECT_FIELD:
		for (unsigned i = 0; i < site->nfields; i++) {
			if (text_equal(site->keys[i], term->key))
				return FILTER_FIELDS;
		}
		return FILTER_NO;
	case SUBJECT_SEARCH:
		if (match_regex(term, site->msg))
			return FILTER_YES;
		return site->nfields ? FILTER_FIELDS : FILTER_NO;
	default:
		return FILTER_YES; /* the thread's */
	}
	return hit ? FILTER_YES : FILTER_NO;
}

enum filter_verdict filter__site(const struct filter *filter, const struct event_site *site)
{
	enum filter_verdict all = FILTER_YES;

	for (size_t i = 0; i < filter->cnt; i++) {
		enum filter_verdict one = site_verdict(&filter->terms[i], site);

		if (one == FILTER_NO)
			return FILTER_NO;
		if (one == FILTER_FIELDS)
			all = FILTER_FIELDS;
	}
	return all;
}

bool filter__thread(const struct filter *filter, const struct event_thread *thread)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		const struct term *term = &filter->terms[i];

		if ((term->subject == SUBJECT_PID && !match_number(term, thread->pid)) ||
		    (term->subject == SUBJECT_TID && !match_number(term, thread->tid)) ||
		    (term->subject == SUBJECT_COMM && !match_text(term, thread->comm)))
			return false;
	}
	return true;
}

bool filter__fields(const struct filter *filter, const struct event *event)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		const struct term *term = &filter->terms[i];

		if (term->subject == SUBJECT_FIELD && !match_field(term, event))
			return false;
		if (term->subject == SUBJECT_SEARCH && !match_regex(term, event->site->msg) &&
		    !search_fields(term, event))
			return false;
	}
	return true;
}
