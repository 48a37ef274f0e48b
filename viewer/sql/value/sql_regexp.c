/* SPDX-License-Identifier: MIT */
/*
 * SQLite has the operator, but not its function. A constant pattern is compiled once a statement;
 * SQLite keeps it with the argument.
 */
#include <errno.h>
#include <stdlib.h>

#include "pattern.h"
#include "sql_regexp.h"
#include "sql_value.h"

struct compiled {
	struct pattern pattern;
	struct pattern_budget budget;
};

static void compiled__free(void *data)
{
	struct compiled *compiled = data;

	pattern__fini(&compiled->pattern);
	free(compiled);
}

/* NULL: the statement has the error. */
static struct compiled *compiled__new(sqlite3_context *to, const char *text)
{
	struct compiled *compiled = calloc(1, sizeof(*compiled));
	struct expr_error error;
	int err = compiled ? pattern__init(&compiled->pattern, text, 0, &compiled->budget, &error)
			   : -ENOMEM;

	if (!err)
		return compiled;
	free(compiled);
	if (err == -EINVAL)
		sqlite3_result_error(to, error.why, -1);
	else
		sqlite3_result_error_nomem(to);
	return NULL;
}

/* X REGEXP Y calls regexp(Y, X). */
static void regexp(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct compiled *compiled = sqlite3_get_auxdata(to, 0);
	const char *pattern = (const char *)sqlite3_value_text(argv[0]);
	struct ttlog_text text = sql_value__text_of(argv[1]);
	bool is_new = !compiled, found;
	uint64_t gave_up;

	(void)argc;
	if (!pattern || !text.p)
		return;
	if (is_new)
		compiled = compiled__new(to, pattern);
	if (!compiled)
		return;
	gave_up = compiled->budget.gave_up;
	found = pattern__matches(&compiled->pattern, text);
	/* NULL if the text takes too many steps */
	if (gave_up == compiled->budget.gave_up)
		sqlite3_result_int(to, found);
	/* SQLite may free it at once */
	if (is_new)
		sqlite3_set_auxdata(to, 0, compiled, compiled__free);
}

int sql_regexp__register(sqlite3 *db)
{
	return sqlite3_create_function(db, "regexp", 2,
				       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
				       regexp, NULL, NULL);
}
