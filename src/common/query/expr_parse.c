/* SPDX-License-Identifier: MIT */
/*
 * From text to a tree, by recursive descent: one level per parenthesis or `not`, at most
 * EXPR_MAX_DEPTH. Only the end of a value without quotes needs a look ahead: find_value_end().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "expr.h"

#define BLANKS   " \t\n\r\v\f"
/* The characters that end a key without quotes. */
#define KEY_ENDS BLANKS "=!<>~()\"'"

#define CLASS_MAX_BYTES   32u
#define BRACKET_MAX_BYTES 512

struct parser {
	const char *source, *p;
	struct expr *expr;
	size_t node_cap, term_cap;
	unsigned depth;
	struct expr_error *error;
};

/* Children of one node, in their order. */
struct siblings {
	uint32_t first, last, cnt;
};

static int parse_expression(struct parser *parser, uint32_t *ret);

static int wrong_here(struct parser *parser, size_t len, const char *why)
{
	return expr_error__set(parser->error, (size_t)(parser->p - parser->source), len, "%s", why);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, BLANKS);
}

/* ---- The tree ---- */

static int add_node(struct parser *parser, enum expr_kind kind, uint32_t child, uint32_t *ret)
{
	struct expr *expr = parser->expr;

	if (array__reserve(expr->nodes, expr->node_cnt + 1u, &parser->node_cap))
		return -ENOMEM;
	expr->nodes[expr->node_cnt] =
		(struct expr_node){ .kind = kind, .child = child, .next = EXPR_NONE };
	*ret = expr->node_cnt++;
	return 0;
}

static int add_term(struct parser *parser, const struct term_words *words, uint32_t *ret)
{
	struct expr *expr = parser->expr;
	int err;

	if (array__reserve(expr->terms, expr->term_cnt + 1u, &parser->term_cap))
		return -ENOMEM;
	err = term__init(&expr->terms[expr->term_cnt], words, parser->error);
	if (err)
		return err;
	return add_node(parser, EXPR_TERM, expr->term_cnt++, ret);
}

/* (a and b) and c has three children of one node. */
static void add_sibling(struct expr *expr, enum expr_kind kind, struct siblings *siblings,
			uint32_t node)
{
	uint32_t first = node, last;

	if (expr->nodes[node].kind == kind)
		first = expr->nodes[node].child;
	for (last = first; expr->nodes[last].next != EXPR_NONE; last = expr->nodes[last].next)
		;
	if (siblings->cnt++)
		expr->nodes[siblings->last].next = first;
	else
		siblings->first = first;
	siblings->last = last;
}

/* ---- Words ---- */

/* The length of a keyword at p, or 0; the start of a longer word is not one. */
static size_t keyword(const char *p, const char *word, const char *sign)
{
	size_t len = strlen(word);

	if (!strncmp(p, sign, strlen(sign)))
		return strlen(sign);
	if (ascii__begins_alike(p, word, len) && (!p[len] || strchr(BLANKS "()!\"'", p[len])))
		return len;
	return 0;
}

static size_t and_at(const char *p)
{
	return keyword(p, "and", "&&");
}

static size_t or_at(const char *p)
{
	return keyword(p, "or", "||");
}

/* In `not = 5`, not is a field; `!=` and `!~` are operators. */
static size_t not_at(const char *p)
{
	enum term_op op;
	size_t len;

	if (*p == '!')
		return p[1] != '=' && p[1] != '~';
	len = keyword(p, "not", "!");
	return len && !term__parse_op(skip_blanks(p + len), &op) ? len : 0;
}

/* has( */
static bool is_has(const char *p)
{
	return ascii__begins_alike(p, "has", 3) && *skip_blanks(p + 3) == '(';
}

/* KEY OP inside a value: an `and` is missing. */
static bool looks_like_term(const char *p)
{
	enum term_op op;
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.0123456789");

	if (!ascii__is_letter(*p) && *p != '_')
		return false;
	return is_has(p) || term__parse_op(skip_blanks(p + len), &op);
}

/* The place after [:alpha:] and the like at p, where a bracket does not end; or NULL. */
static const char *skip_class(const char *p)
{
	const char ends[] = { p[1], ']' };
	const char *close;

	if (!p[1] || !strchr(":.=", p[1]))
		return NULL;
	close = memmem(p + 2, strnlen(p + 2, CLASS_MAX_BYTES), ends, sizeof(ends));
	return close ? close + sizeof(ends) : NULL;
}

/* The place after [...] at p; if there is none, after p. */
static const char *find_bracket_end(const char *p, bool is_regex)
{
	const char *end = p + 1;

	end += *end == '^';
	end += *end == ']';
	/* bounded, because each byte may begin one that has no end */
	while (*end && *end != ']' && end - p < BRACKET_MAX_BYTES) {
		const char *behind = *end == '[' ? skip_class(end) : NULL;

		if (is_regex && *end == '\\' && end[1])
			behind = end + 2;
		end = behind ? behind : end + 1;
	}
	return *end == ']' ? end + 1 : p + 1;
}

/* In a glob it contains no blanks, so that it does not reach into the next words. */
static const char *skip_bracket(const char *p, bool is_regex)
{
	const char *end = find_bracket_end(p, is_regex);

	return is_regex || strcspn(p, BLANKS) >= (size_t)(end - p) ? end : p + 1;
}

static int find_value_end(struct parser *parser, bool is_regex, const char **ret)
{
	const char *p = parser->p, *opened = NULL;
	unsigned open = 0;

	while (*p) {
		if (!open && (!strncmp(p, "&&", 2) || !strncmp(p, "||", 2)))
			break;
		if (*p == '\\' && p[1]) {
			p += 2;
		} else if (*p == '[') {
			p = skip_bracket(p, is_regex);
		} else if (*p == '(') {
			opened = open++ ? opened : p;
			p++;
		} else if (*p == ')') {
			if (!open)
				break;
			open--;
			p++;
		} else if (!open && strchr(BLANKS, *p)) {
			const char *word = skip_blanks(p);

			if (and_at(word) || or_at(word))
				break;
			p = word;
			if (looks_like_term(p)) {
				parser->p = p;
				return wrong_here(parser, strcspn(p, KEY_ENDS),
						  "'and' or 'or' is missing before this; if it is "
						  "part of the value, put the value in quotes");
			}
		} else {
			p++;
		}
	}
	/* PCRE2 has its own message for an invalid regular expression */
	if (open && !is_regex) {
		parser->p = opened;
		return wrong_here(parser, 1,
				  "this parenthesis is not closed; if it is part of the value, put "
				  "the value in quotes");
	}
	*ret = p;
	return 0;
}

/* Copies text in quotes at parser->p into a buffer that has room for it. */
static int parse_quoted(struct parser *parser, char *buf, struct ttlog_text *ret)
{
	const char quote = *parser->p, *p = parser->p + 1;
	size_t len = 0;

	while (*p && *p != quote) {
		if (*p == '\\' && p[1] && p[1] != quote)
			buf[len++] = *p++;
		else if (*p == '\\' && p[1])
			p++;
		buf[len++] = *p++;
	}
	if (!*p)
		return wrong_here(parser, 1, "this quote is not closed");
	parser->p = p + 1;
	*ret = (struct ttlog_text){ buf, len };
	return 0;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static int parse_key(struct parser *parser, char *buf, struct term_words *words)
{
	int err;

	words->key_at = (size_t)(parser->p - parser->source);
	if (is_quote(*parser->p)) {
		err = parse_quoted(parser, buf, &words->key);
		if (err)
			return err;
	} else {
		words->key = (struct ttlog_text){ parser->p, strcspn(parser->p, KEY_ENDS) };
		parser->p += words->key.len;
	}
	words->key_len = (size_t)(parser->p - parser->source) - words->key_at;
	if (words->key.len)
		return 0;
	if (!*parser->p)
		return wrong_here(parser, 1, "something is missing here: KEY=VALUE");
	if (*parser->p == ')')
		return wrong_here(parser, 1, "there is no term before this parenthesis");
	return wrong_here(parser, 1, "there is no key before the operator");
}

static int parse_op(struct parser *parser, struct term_words *words)
{
	const char *behind_key = parser->p;

	parser->p = skip_blanks(parser->p);
	words->op_at = (size_t)(parser->p - parser->source);
	words->op_len = term__parse_op(parser->p, &words->op);
	parser->p += words->op_len;
	if (words->op_len)
		return 0;
	if (*parser->p == '!')
		return wrong_here(parser, 1, "'!' is no operator");
	parser->p = behind_key;
	return expr_error__set(
		parser->error, words->key_at, words->key_len,
		"there is no operator after '%.*s': write KEY=VALUE, with one of = "
		"!= < <= > >= ~ !~, or has(KEY)%s",
		(int)(words->key.len < 60 ? words->key.len : 60), words->key.p,
		parser->expr->term_cnt ? "; a value with 'and' or 'or' in it needs quotes" : "");
}

static int parse_value(struct parser *parser, char *buf, struct term_words *words)
{
	const char *end;
	int err;

	parser->p = skip_blanks(parser->p);
	words->value_at = (size_t)(parser->p - parser->source);
	if (is_quote(*parser->p)) {
		err = parse_quoted(parser, buf, &words->value);
		words->value_len = (size_t)(parser->p - parser->source) - words->value_at;
		return err;
	}
	end = parser->p + (and_at(parser->p) + or_at(parser->p));
	if (end > parser->p && *skip_blanks(end))
		return wrong_here(
			parser, (size_t)(end - parser->p),
			"there is no value before this; a value that begins with it needs "
			"quotes");
	err = find_value_end(parser, words->op == OP_MATCH || words->op == OP_NO_MATCH, &end);
	if (err)
		return err;
	words->value = (struct ttlog_text){ parser->p, (size_t)(end - parser->p) };
	while (words->value.len && strchr(BLANKS, words->value.p[words->value.len - 1]))
		words->value.len--;
	if (!words->value.len)
		return wrong_here(parser, 1, "there is no value; write \"\" for an empty one");
	words->value_len = words->value.len;
	parser->p = end;
	return 0;
}

/* ---- Grammar ---- */

static int parse_has(struct parser *parser, char *buf, struct term_words *words)
{
	int err;

	words->op = OP_HAS;
	words->op_at = (size_t)(parser->p - parser->source);
	parser->p = skip_blanks(skip_blanks(parser->p + 3) + 1);
	err = parse_key(parser, buf, words);
	if (err)
		return err;
	parser->p = skip_blanks(parser->p);
	if (*parser->p != ')')
		return wrong_here(parser, 1, "has(KEY) is closed here");
	parser->p++;
	return 0;
}

static int parse_term(struct parser *parser, uint32_t *ret)
{
	struct term_words words = { .budget = &parser->expr->patterns };
	size_t room = strlen(parser->p) + 1;
	char *buf = malloc(2 * room);
	int err;

	if (!buf)
		return -ENOMEM;
	if (is_has(parser->p)) {
		err = parse_has(parser, buf, &words);
	} else {
		err = parse_key(parser, buf, &words);
		if (!err)
			err = parse_op(parser, &words);
		if (!err)
			err = parse_value(parser, buf + room, &words);
	}
	if (!err)
		err = add_term(parser, &words, ret);
	free(buf);
	return err;
}

static int parse_parentheses(struct parser *parser, uint32_t *ret)
{
	const char *opened = parser->p++;
	int err = parse_expression(parser, ret);

	if (err)
		return err;
	parser->p = skip_blanks(parser->p);
	if (*parser->p == ')') {
		parser->p++;
		return 0;
	}
	if (*parser->p)
		return wrong_here(parser, 1, "'and', 'or' or ) is missing before this");
	parser->p = opened;
	return wrong_here(parser, 1, "this parenthesis is not closed");
}

static int parse_factor(struct parser *parser, uint32_t *ret)
{
	size_t len;
	int err;

	parser->p = skip_blanks(parser->p);
	len = not_at(parser->p);
	if (!len && *parser->p != '(')
		return parse_term(parser, ret);
	if (parser->depth == EXPR_MAX_DEPTH)
		return wrong_here(parser, 1, "too many parentheses and nots are in one another");
	parser->depth++;
	if (len) {
		parser->p += len;
		err = parse_factor(parser, ret);
		if (!err)
			err = add_node(parser, EXPR_NOT, *ret, ret);
	} else {
		err = parse_parentheses(parser, ret);
	}
	parser->depth--;
	return err;
}

/* Operands with one operator between them. */
static int parse_operands(struct parser *parser, enum expr_kind kind,
			  size_t (*operator)(const char *),
			  int (*operand)(struct parser *, uint32_t *), uint32_t *ret)
{
	struct siblings siblings = { .cnt = 0 };
	uint32_t node;
	size_t len;
	int err;

	for (;;) {
		err = operand(parser, &node);
		if (err)
			return err;
		parser->p = skip_blanks(parser->p);
		len = operator(parser->p);
		if (!len && !siblings.cnt) {
			*ret = node;
			return 0;
		}
		add_sibling(parser->expr, kind, &siblings, node);
		if (!len)
			return add_node(parser, kind, siblings.first, ret);
		parser->p += len;
	}
}

static int parse_conjunction(struct parser *parser, uint32_t *ret)
{
	return parse_operands(parser, EXPR_AND, and_at, parse_factor, ret);
}

static int parse_expression(struct parser *parser, uint32_t *ret)
{
	return parse_operands(parser, EXPR_OR, or_at, parse_conjunction, ret);
}

static int parse_all(struct parser *parser)
{
	int err;

	if (strlen(parser->source) > EXPR_MAX_BYTES)
		return expr_error__set(parser->error, EXPR_MAX_BYTES, 1,
				       "the expression is longer than %u bytes", EXPR_MAX_BYTES);
	parser->p = skip_blanks(parser->source);
	if (!*parser->p)
		return wrong_here(parser, 1, "the expression is empty: write KEY=VALUE");
	err = parse_expression(parser, &parser->expr->root);
	if (err || !*parser->p)
		return err;
	if (*parser->p == ')')
		return wrong_here(parser, 1,
				  "there is no parenthesis that this one closes; if it is part of "
				  "a value, put the value in quotes");
	return wrong_here(parser, 1, "'and' or 'or' is missing before this");
}

struct expr *expr__parse(const char *source, struct expr_error *ret)
{
	struct parser parser = { .source = source, .error = ret };
	int err;

	parser.expr = calloc(1, sizeof(*parser.expr));
	if (!parser.expr) {
		errno = ENOMEM;
		return NULL;
	}
	err = parse_all(&parser);
	if (!err)
		return parser.expr;
	expr__free(parser.expr);
	errno = -err;
	return NULL;
}
