/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "input.h"
#include "options.h"
#include "sql.h"
#include "sql_shell.h"
#include "sql_show.h"
#include "to_sqlite.h"

static enum sql_format format_of(const struct options *options)
{
	switch (options->format) {
	case FORMAT_JSON:
		return SQL_JSON;
	case FORMAT_CSV:
		return SQL_CSV;
	default:
		return SQL_TABLE;
	}
}

int sql_show__run(const struct options *options, const struct input *input, struct out *out)
{
	struct sql *sql;
	int err;

	if (options->mode == MODE_TO_SQLITE)
		return to_sqlite__write(options->database, input->readers, input->reader_cnt);
	sql = sql__new(input->readers, input->reader_cnt);
	if (!sql)
		return -errno;
	if (options->statement)
		err = sql_shell__word(sql, out, format_of(options), options->statement);
	else if (isatty(STDIN_FILENO))
		err = sql_shell__talk(sql, out, format_of(options));
	else
		err = sql_shell__read(sql, out, format_of(options));
	sql__free(sql);
	return err;
}
