/* SPDX-License-Identifier: MIT */
/*
 * The word after --sql. argp takes an optional argument only as --sql=STATEMENT, but people write
 * --sql 'SELECT ...' FILE, or --sql FILE for the shell. A word is a statement if it has a blank or
 * is a command (.tables), and is not the name of a file.
 */
#ifndef TTLOG_VIEW_SQL_WORDS_H
#define TTLOG_VIEW_SQL_WORDS_H

/* Makes `--sql STATEMENT` one word, which the caller frees. Returns 0 or -ENOMEM. */
int sql_words__join(int *argc, char **argv, char **ret_word);

#endif /* TTLOG_VIEW_SQL_WORDS_H */
