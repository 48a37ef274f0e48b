/* SPDX-License-Identifier: MIT */
/* Explains an expression in words. Recursion is over a tree of bounded depth. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "expr.h"
#include "duration_unit.h"
#include "value.h"

#define WORDS_COLUMN 40

static const char *const WORDS[] = { [EXPR_NOT] = "not", [EXPR_AND] = "and", [EXPR_OR] = "or" };

/* ---- One term ---- */

/* Whether something follows each backslash, other than the closing quote. */
static bool can_quote(struct ttlog_text text, char quote)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\\' && (++i == text.len || text.p[i] == quote))
			return false;
	}
	return true;
}

static void put_quoted(FILE *to, struct ttlog_text text, char quote)
{
	fputc(quote, to);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == quote)
			fputc('\\', to);
		else if (text.p[i] == '\\')
			fputc(text.p[i++], to);
		fputc(text.p[i], to);
	}
	fputc(quote, to);
}

/* A text that no quotes can hold was written without: then a backslash takes the blank at the
 * end. */
static void put_words(FILE *to, struct ttlog_text text)
{
	if (can_quote(text, '"')) {
		put_quoted(to, text, '"');
	} else if (can_quote(text, '\'')) {
		put_quoted(to, text, '\'');
	} else {
		fwrite(text.p, 1, text.len, to);
		if (text.p[text.len - 1] == '\\')
			fputc(' ', to);
	}
}

static bool is_plain(struct ttlog_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' &&
		    !(i && ((c >= '0' && c <= '9') || c == '.' || c == '-')))
			return false;
	}
	return text.len && !ttlog_text_is(text, "not");
}

static void put_key(FILE *to, const struct term *term)
{
	struct ttlog_text key = term->key;

	/* if the key would mean something else without the prefix, it had the prefix */
	if (term->subject == EVENT_KEY_FIELD && key.p != term->words)
		key = ttlog_text_of(term->words);
	if (is_plain(key))
		fwrite(key.p, 1, key.len, to);
	else
		put_words(to, key);
}

static void put_term(FILE *to, const struct term *term)
{
	if (term->op == OP_HAS) {
		fputs("has(", to);
		put_key(to, term);
		fputc(')', to);
		return;
	}
	put_key(to, term);
	fprintf(to, " %s ", term__op_text(term->op));
	if (term->subject == EVENT_KEY_LEVEL)
		fputs(value__level_name(term->level), to);
	else if (term__is_numeric(term))
		fwrite(term->value.p, 1, term->value.len, to);
	else
		put_words(to, term->value);
}

/* 0.DIGITS * 10^point in usual notation. */
static void put_number(FILE *to, const struct number *number)
{
	int len = (int)number->len;

	if (number->negative)
		fputc('-', to);
	if (number->point > 30 || number->point < -30) {
		fprintf(to, "0.%.*se%d", len, number->digits, number->point);
		return;
	}
	for (int i = number->point < 1 ? number->point - 1 : 0; i < len || i < number->point; i++) {
		if (i == number->point)
			fputc('.', to);
		fputc(i >= 0 && i < len ? number->digits[i] : '0', to);
	}
}

static void explain_moment(FILE *to, const struct term *term)
{
	if (term->time.kind == TIME_EXPR_BEFORE_LAST)
		fprintf(to, "time, %llu ns before the last event",
			(unsigned long long)term->time.ns);
	else if (term->time.kind == TIME_EXPR_TIME_OF_DAY)
		fputs("time of the last event's day, UTC", to);
	else
		fprintf(to, "time, %llu ns since 1970", (unsigned long long)term->time_ns);
}

static void explain_value(FILE *to, const struct term *term)
{
	if (term->op == OP_MATCH || term->op == OP_NO_MATCH) {
		fputs("text, by regular expression", to);
	} else if (term->is_duration) {
		fputs("duration, ", to);
		put_number(to, &term->number);
		fprintf(to, " %s%s", duration_unit__of_key(term->key),
			term->op <= OP_NE ? "; text by glob" : "");
	} else if (term__is_numeric(term) && term->subject == EVENT_KEY_FIELD) {
		fprintf(to, "number, exactly%s", term->op <= OP_NE ? "; text by glob" : "");
	} else if (term->subject == EVENT_KEY_PID || term->subject == EVENT_KEY_TID ||
		   term->subject == EVENT_KEY_LINE ||
		   (term->subject == EVENT_KEY_SUPPRESSED && term__is_numeric(term))) {
		fputs("number", to);
	} else if (term->orders_text) {
		fputs("text, byte by byte", to);
	} else {
		fputs("text, by glob", to);
	}
}

static void explain_term(FILE *to, const struct term *term)
{
	if (term->op == OP_HAS) {
		fputs(event_key__is_id(term->subject) ? "whether it belongs to a trace"
		      : term->subject == EVENT_KEY_SUPPRESSED
			      ? "whether calls were left out before it"
		      : term->subject == EVENT_KEY_FIELD ? "whether there is such a field"
							 : "every event has one",
		      to);
	} else if (term->subject == EVENT_KEY_LEVEL) {
		fputs(term->op <= OP_NE ? "level, this one" : "level, by rank", to);
	} else if (term->subject == EVENT_KEY_TS) {
		explain_moment(to, term);
	} else {
		explain_value(to, term);
	}
}

/* ---- The tree ---- */

static void put_node(FILE *to, const struct expr *expr, uint32_t node, bool in_parentheses)
{
	const struct expr_node *it = &expr->nodes[node];

	if (it->kind == EXPR_TERM) {
		put_term(to, &expr->terms[it->child]);
		return;
	}
	if (it->kind == EXPR_NOT) {
		fputs("not ", to);
		put_node(to, expr, it->child, true);
		return;
	}
	if (in_parentheses)
		fputc('(', to);
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next) {
		if (child != it->child)
			fprintf(to, " %s ", WORDS[it->kind]);
		put_node(to, expr, child, true);
	}
	if (in_parentheses)
		fputc(')', to);
}

static void explain_node(FILE *to, const struct expr *expr, uint32_t node, int indent)
{
	const struct expr_node *it = &expr->nodes[node];
	long before = ftell(to), width;

	fprintf(to, "%*s", indent, "");
	if (it->kind == EXPR_TERM) {
		put_term(to, &expr->terms[it->child]);
		width = ftell(to) - before;
		fprintf(to, "%*s", width + 2 < WORDS_COLUMN ? (int)(WORDS_COLUMN - width) : 2, "");
		explain_term(to, &expr->terms[it->child]);
		fputc('\n', to);
		return;
	}
	fprintf(to, "%s\n", WORDS[it->kind]);
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next)
		explain_node(to, expr, child, indent + 2);
}

static char *to_text(const struct expr *expr, bool is_tree)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	if (is_tree)
		explain_node(to, expr, expr->root, 0);
	else
		put_node(to, expr, expr->root, false);
	if (fclose(to)) {
		free(text);
		errno = ENOMEM;
		return NULL;
	}
	return text;
}

char *expr__text(const struct expr *expr)
{
	return to_text(expr, false);
}

char *expr__explain(const struct expr *expr)
{
	return to_text(expr, true);
}
