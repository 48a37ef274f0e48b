/* SPDX-License-Identifier: MIT */
#include <editline/readline.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "array.h"
#include "diagnostics.h"
#include "input.h"
#include "options.h"
#include "sql.h"
#include "sql_shell.h"

#define HISTORY_LINES 1000
#define MAX_BYTES     (1u << 20) /* of a statement */

struct shell {
	struct sql *sql;
	struct out *out;
	enum sql_format format;
	char *history; /* the path of its file; NULL: none */
	char *statement;
	size_t len, cap;
	bool is_over;
};

/* ---- Ctrl-C ---- */

/* SIGINT ends a statement that runs, or a line that is edited. While a line is edited, SIGINT is
 * blocked except while waiting for a key: interrupted anywhere else, the editor would leave its
 * memory in pieces. */
static struct sql *volatile running;
static sigjmp_buf line_begin;
static volatile sig_atomic_t is_interrupted;
static sigset_t interrupts, wait_mask;

static void interrupt(int unused)
{
	(void)unused;
	if (running)
		sql__interrupt(running);
	else
		is_interrupted = 1;
}

static bool read_byte(char *ret)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (ppoll(&input, 1, NULL, &wait_mask) < 0) {
		if (is_interrupted)
			siglongjmp(line_begin, 1);
		if (errno != EINTR)
			return false;
	}
	return read(STDIN_FILENO, ret, 1) == 1;
}

/* The next character for the editor; bytes that are none are skipped. EOF at the end. */
static int read_char(FILE *unused)
{
	mbstate_t state = { 0 };
	wchar_t c;
	char byte;

	(void)unused;
	while (read_byte(&byte)) {
		const bool is_first = mbsinit(&state);
		size_t len = mbrtowc(&c, &byte, 1, &state);

		if (len == (size_t)-1) {
			state = (mbstate_t){ 0 };
			/* it may begin the next one */
			len = is_first ? len : mbrtowc(&c, &byte, 1, &state);
		}
		if (len == (size_t)-1)
			state = (mbstate_t){ 0 };
		else if (len != (size_t)-2)
			return (int)c;
	}
	return EOF;
}

/* ---- History ---- */

/* $XDG_STATE_HOME/ttlog/sql_history. Missing directories are made for the user alone. */
static char *history_file(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const bool has_state = state && *state == '/';
	char *path;

	if (!has_state && (!home || *home != '/'))
		return NULL;
	if (asprintf(&path, "%s%s/ttlog/sql_history", has_state ? state : home,
		     has_state ? "" : "/.local/state") < 0)
		return NULL;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	return path;
}

static void open_history(struct shell *shell)
{
	using_history();
	stifle_history(HISTORY_LINES);
	shell->history = history_file();
	if (shell->history)
		(void)read_history(shell->history);
}

static void close_history(struct shell *shell)
{
	if (shell->history) {
		mode_t old = umask(077);

		(void)write_history(shell->history);
		(void)umask(old);
	}
	free(shell->history);
	clear_history();
}

/* A statement of several lines becomes one line. */
static void remember(const char *statement)
{
	char *line = strdup(statement);

	for (char *p = line; p && *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
	if (line)
		add_history(line);
	free(line);
}

/* ---- Commands ---- */

static int run(struct shell *shell, const char *statements)
{
	int err;

	running = shell->sql;
	err = sql__run(shell->sql, statements, shell->out, shell->format);
	running = NULL;
	(void)out__flush(shell->out);
	return err;
}

static void show_help(struct shell *shell)
{
	out__text(
		shell->out,
		"STATEMENT;            what SQL gives; a statement goes on until its ;\n"
		".tables               the tables there are\n"
		".schema [TABLE]       their columns\n"
		".mode table|csv|json  how rows are shown\n"
		".help                 this\n"
		".quit                 ends; so does Ctrl-D\n"
		"Ctrl-C ends a statement that runs, or forgets the line.\n"
		"Functions: ns('5ms')  ts(NS)  ts_ns(TEXT)  level('WARN')  dec_sum(X)  dec_cmp(A, B)\n");
}

static int show_schema(struct shell *shell, const char *table)
{
	char *query = sql__schema_query(table);
	int err = query ? run(shell, query) : -ENOMEM;

	sqlite3_free(query);
	return err;
}

static int set_mode(struct shell *shell, const char *name)
{
	static const char *const NAMES[] = { "table", "csv", "json" };

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (!strcmp(name, NAMES[i])) {
			shell->format = (enum sql_format)i;
			return 0;
		}
	}
	diagnostics__print(".mode", "there is table, csv, json");
	return -EINVAL;
}

static int unknown(const char *word)
{
	diagnostics__print(word, "no such command: see .help");
	return -EINVAL;
}

static int command(struct shell *shell, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " \t\r;", &rest);
	const char *argument = strtok_r(NULL, " \t\r;", &rest);
	int err = 0;

	if (!strcmp(word, ".quit") || !strcmp(word, ".exit"))
		shell->is_over = true;
	else if (!strcmp(word, ".help"))
		show_help(shell);
	else if (!strcmp(word, ".tables"))
		err = run(shell, sql__tables_query());
	else if (!strcmp(word, ".schema"))
		err = show_schema(shell, argument);
	else if (!strcmp(word, ".mode"))
		err = set_mode(shell, argument ? argument : "");
	else
		err = unknown(word);
	(void)out__flush(shell->out);
	return err;
}

/* ---- Lines ---- */

static int add_line(struct shell *shell, const char *line)
{
	size_t len = strlen(line);

	if (shell->len + len > MAX_BYTES) {
		diagnostics__print("sql", "the statement is too long");
		shell->len = 0;
		return -E2BIG;
	}
	if (array__reserve(shell->statement, shell->len + len + 2, &shell->cap))
		return -ENOMEM;
	memcpy(shell->statement + shell->len, line, len);
	shell->len += len + 1;
	memcpy(shell->statement + shell->len - 1, "\n", 2);
	return 0;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == 0;
}

static void take_line(struct shell *shell, char *line)
{
	if (!shell->len && (is_blank(line) || *line == '.')) {
		if (*line == '.') {
			remember(line);
			(void)command(shell, line);
		}
		return;
	}
	if (add_line(shell, line) || !sql__is_complete(shell->statement))
		return;
	shell->statement[shell->len - 1] = 0;
	shell->len = 0;
	remember(shell->statement);
	(void)run(shell, shell->statement);
}

/* The next line, which the caller frees; NULL at the end. */
static char *edit_line(struct shell *shell)
{
	char *line;

	(void)sigprocmask(SIG_BLOCK, &interrupts, &wait_mask);
	(void)sigdelset(&wait_mask, SIGINT);
	if (sigsetjmp(line_begin, 1)) {
		/* Forgets the line, and the lines before it. */
		shell->len = 0;
		fputs("^C\n", stdout);
		fflush(stdout);
	}
	is_interrupted = 0;
	line = readline(shell->len ? "   ...> " : "ttlog> ");
	(void)sigprocmask(SIG_UNBLOCK, &interrupts, NULL);
	return line;
}

/* From a terminal: reports a mistake and goes on. Returns 0 or -errno, the output's. */
static int talk(struct shell *shell)
{
	struct sigaction action = { .sa_handler = interrupt }, old;
	char *line;

	/* else the editor drops all but ASCII */
	(void)setlocale(LC_CTYPE, "");
	rl_readline_name = (char *)"ttlog-view";
	rl_getc_function = read_char;
	(void)sigemptyset(&interrupts);
	(void)sigaddset(&interrupts, SIGINT);
	open_history(shell);
	(void)sigaction(SIGINT, &action, &old);
	puts("SQL over events, spans, threads, sites, frames, snapshots ...: .help tells more.");
	while (!shell->is_over && !shell->out->err && (line = edit_line(shell))) {
		take_line(shell, line);
		free(line);
	}
	(void)sigaction(SIGINT, &old, NULL);
	close_history(shell);
	return shell->out->err;
}

/* ---- Without a terminal ---- */

/* From stdin, up to the first mistake. Returns what sql__run() returns. */
static int read_all(struct shell *shell)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int err = 0;

	while (!err && !shell->is_over && (len = getline(&line, &cap, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			line[len - 1] = 0;
		if (!shell->len && *line == '.') {
			err = command(shell, line);
			continue;
		}
		if (!shell->len && is_blank(line))
			continue;
		err = add_line(shell, line);
		if (!err && sql__is_complete(shell->statement)) {
			err = run(shell, shell->statement);
			shell->len = 0;
		}
	}
	/* The last statement needs no ';'. */
	if (!err && shell->len)
		err = run(shell, shell->statement);
	free(line);
	return err;
}

/* The statements, or the command, of the command line. Returns the same. */
static int run_word(struct shell *shell, const char *word)
{
	char *line;
	int err;

	if (*word != '.')
		return sql__run(shell->sql, word, shell->out, shell->format);
	line = strdup(word);
	err = line ? command(shell, line) : -ENOMEM;
	free(line);
	return err;
}

int sql_shell__run(const struct options *options, const struct input *input, struct out *out)
{
	struct shell shell = {
		.sql = sql__new(input->readers, input->reader_cnt),
		.out = out,
		.format = options->format == FORMAT_JSON  ? SQL_JSON
			  : options->format == FORMAT_CSV ? SQL_CSV
							  : SQL_TABLE,
	};
	int err;

	if (!shell.sql)
		return -errno;
	if (options->statement)
		err = run_word(&shell, options->statement);
	else
		err = isatty(STDIN_FILENO) ? talk(&shell) : read_all(&shell);
	free(shell.statement);
	sql__free(shell.sql);
	return err;
}
