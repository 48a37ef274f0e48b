/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "field.h"
#include "glob.h"
#include "format_number.h"
#include "term.h"
#include "value.h"

#define FIELD_PREFIX      "fields."
/* What a regular expression sees of a text: a string is cut at 4,000 bytes, bytes are searched as
 * hex, and a key comes before them. Only a hostile file has more. */
#define SUBJECT_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

static const struct {
	const char *name;
	enum term_subject subject;
} SUBJECTS[] = {
	{ "level", SUBJECT_LEVEL }, { "target", SUBJECT_TARGET }, { "probe", SUBJECT_PROBE },
	{ "msg", SUBJECT_MSG },     { "file", SUBJECT_FILE },     { "func", SUBJECT_FUNC },
	{ "pid", SUBJECT_PID },     { "tid", SUBJECT_TID },       { "comm", SUBJECT_COMM },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define LEVEL_LIST "TRACE, DEBUG, INFO, WARN, ERROR, FATAL"

void term__fini(struct term *term)
{
	if (term->has_regex)
		regfree(&term->regex);
	free(term->source);
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
static size_t parse_op(const char *p, enum term_op *ret)
{
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

static enum term_subject subject_of(struct text *key)
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

static bool is_order(enum term_op op)
{
	return op >= OP_LT && op <= OP_GE;
}

static bool is_regex(enum term_op op)
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
	return wrong(why, size, "'%s': '%.*s' is no level; levels are " LEVEL_LIST, term->source,
		     (int)term->value.len, term->value.p);
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

static int init_term(struct term *term, char *why, size_t size)
{
	char *pattern = NULL;
	int err = parse_term(term, why, size);

	if (!err && is_regex(term->op)) {
		pattern = strndup(term->value.p, term->value.len);
		if (!pattern)
			err = -ENOMEM;
		else
			term->value = text_of(pattern);
	}
	if (!err)
		err = check_term(term, why, size);
	free(pattern);
	if (is_regex(term->op))
		term->value = text_of("");
	return err;
}

int term__init(struct term *term, const char *expression, char *ret_why, size_t why_size)
{
	int err;

	*term = (struct term){ .source = strdup(expression) };
	if (!term->source)
		return -ENOMEM;
	err = init_term(term, ret_why, why_size);
	if (err)
		term__fini(term);
	return err;
}

int term__init_search(struct term *term, const char *regex, char *ret_why, size_t why_size)
{
	*term = (struct term){ .subject = SUBJECT_SEARCH, .op = OP_MATCH };
	return compile(term, regex, regex, ret_why, why_size);
}

/* ---- Deciding ---- */

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

bool term__search(const struct term *term, struct text text)
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

bool term__text(const struct term *term, struct text text)
{
	switch (term->op) {
	case OP_EQ:
		return glob__match(term->value, text);
	case OP_NE:
		return !glob__match(term->value, text);
	case OP_MATCH:
		return term__search(term, text);
	case OP_NO_MATCH:
		return !term__search(term, text);
	default:
		return false;
	}
}

bool term__number(const struct term *term, uint64_t v)
{
	char digits[FORMAT_NUMBER_BYTES];
	int order;

	if (is_regex(term->op)) {
		size_t len = format__u64(digits, v);

		return term__text(term, (struct text){ digits, len });
	}
	if (number__compare_u64(&term->number, v, &order))
		return term->op == OP_NE;
	return term__order(term, order);
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

bool term__field(const struct term *term, const struct event_field *field)
{
	char buf[FORMAT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	int order;

	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		return term__text(term, hex_of(field->text, hex, sizeof(hex)));
	/* A number is compared as one where it can be; 007 and NaN go as text. */
	if (term__is_numeric(term) && !number__compare(&term->number, field, &order))
		return term__order(term, order);
	return term__text(term, event_field__text(field, buf));
}

/* One field for --search: its text, and key=value. */
bool term__search_field(const struct term *term, struct text key, const struct event_field *field)
{
	char subject[SUBJECT_MAX_BYTES], buf[FORMAT_NUMBER_BYTES], hex[2 * TTLOG_STR_MAX];
	struct text value = event_field__text(field, buf);

	if (field->type == TTLOG_TYPE_BYTES && !field->null)
		value = hex_of(value, hex, sizeof(hex));
	if (field->type == TTLOG_TYPE_STR && term__search(term, value))
		return true;
	if (key.len + 1 + value.len > sizeof(subject))
		return false;
	memcpy(subject, key.p, key.len);
	subject[key.len] = '=';
	memcpy(subject + key.len + 1, value.p, value.len);
	return term__search(term, (struct text){ subject, key.len + 1 + value.len });
}
