/* SPDX-License-Identifier: MIT */
/*
 * The paths come from a file that may be hostile: only absolute ones are taken, so that none is an
 * option of gdb, and nothing else of the file goes into the line. gdb's own commands can start
 * programs, so no symbol is one of its arguments.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ttlog/read.h>
#include <unistd.h>

#include "buffer.h"
#include "build_id.h"
#include "core_dump.h"
#include "gdb_line.h"
#include "out.h"
#include "shell_word.h"

#define DEBUG_DIR      "/usr/lib/debug"
#define BUILD_ID_CHARS 40u

__attribute__((format(printf, 2, 3))) static int add_problem(struct gdb_line *line,
							     const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	if (line->problem_cnt == GDB_LINE_MAX_PROBLEMS)
		return 0;
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	line->problems[line->problem_cnt++] = text;
	return 0;
}

/* ---- The program ---- */

/* Its path, as far as it can be one of this machine; false: there is none. */
static bool find_path(const struct ttlog_info *info, char ret[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	size_t len = info->exe.len;

	if (!len || len >= PATH_MAX || info->exe.p[0] != '/' || memchr(info->exe.p, 0, len))
		return false;
	memcpy(ret, info->exe.p, len);
	ret[len] = '\0';
	/* another file may be there by now, which has another build id */
	if (len > sizeof(gone) && !strcmp(ret + len - (sizeof(gone) - 1), gone))
		ret[len - (sizeof(gone) - 1)] = '\0';
	return true;
}

static bool is_hex(struct ttlog_text id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!memchr("0123456789abcdef", id.p[i], 16))
			return false;
	}
	return id.len > 2 && id.len <= BUILD_ID_CHARS;
}

static bool has_id(const char *path, struct ttlog_text id)
{
	char found[BUILD_ID_CHARS + 1];

	return !build_id__read_path(path, found) && ttlog_text_is(id, found);
}

/* A file of /usr/lib/debug/.build-id: of the program itself, or of its debug information. */
static int find_by_id(struct gdb_line *line, struct ttlog_text id, const char *dir)
{
	char path[PATH_MAX];

	for (int is_debug = 0; is_debug < 2 && !line->program; is_debug++) {
		(void)snprintf(path, sizeof(path), "%s/.build-id/%.2s/%.*s%s", dir, id.p,
			       (int)id.len - 2, id.p + 2, is_debug ? ".debug" : "");
		if (!has_id(path, id))
			continue;
		line->program = strdup(path);
		line->is_debug_file = is_debug;
		if (!line->program)
			return -ENOMEM;
	}
	return 0;
}

/* Says why the file at the path is not the program. */
static int say_other(struct gdb_line *line, const struct ttlog_info *info, const char *path)
{
	const char *instead = line->is_debug_file ? ": only its debug information is given to gdb"
			      : line->program     ? ""
						  : ": gdb would show other functions and lines; "
						    "install that version";
	char found[BUILD_ID_CHARS + 1];
	int err = build_id__read_path(path, found);

	if (err)
		return add_problem(line, "%s: %s; the program with build id %.*s is needed%s", path,
				   strerror(-err), (int)info->build_id.len, info->build_id.p,
				   line->is_debug_file ? instead : "");
	return add_problem(line, "%s has build id %s, and %.*s crashed%s", path,
			   found[0] ? found : "(none)", (int)info->build_id.len, info->build_id.p,
			   instead);
}

static int find_program(struct gdb_line *line, const struct ttlog_info *info, const char *debug_dir)
{
	char path[PATH_MAX] = "";
	bool has_path = find_path(info, path);
	int err = 0;

	if (!is_hex(info->build_id)) {
		if (!has_path || access(path, R_OK))
			return add_problem(line, "the program is not known, or not there: %s",
					   path);
		line->program = strdup(path);
		if (!line->program)
			return -ENOMEM;
		return add_problem(line,
				   "the program that crashed has no build id: whether it is %s "
				   "as it is now can't be known",
				   path);
	}
	if (has_path && has_id(path, info->build_id)) {
		line->program = strdup(path);
		return line->program ? 0 : -ENOMEM;
	}
	err = find_by_id(line, info->build_id, debug_dir);
	if (!err)
		err = say_other(line, info, has_path ? path : "the path of the program");
	return err;
}

/* ---- The core ---- */

static int find_core(struct gdb_line *line, const struct ttlog_info *info,
		     const struct core_dump_places *places)
{
	line->core = places ? core_dump__find_in(info, places) : core_dump__find(info);
	if (!info->crash->is_there)
		return add_problem(line, "the process did not crash: it left no core dump");
	if (!line->core)
		return add_problem(line,
				   "no core dump of this crash is known here: see ulimit -c, "
				   "kernel.core_pattern (an absolute path with %%p), coredumpctl");
	if (access(line->core, R_OK))
		return add_problem(line, "%s: %s: run the line as a user who may read it",
				   line->core, strerror(errno));
	return 0;
}

int gdb_line__find_in(struct gdb_line *ret, const struct ttlog_info *info, const char *debug_dir,
		      const struct core_dump_places *places)
{
	struct gdb_line line = { .program = NULL };
	int err = find_program(&line, info, debug_dir);

	if (!err)
		err = find_core(&line, info, places);
	if (!err && info->container.len)
		err = add_problem(
			&line,
			"it ran in container %.*s: for its libraries add -iex 'set sysroot "
			"DIR', with the container's root directory",
			(int)info->container.len, info->container.p);
	if (err)
		gdb_line__fini(&line);
	*ret = line;
	return err;
}

int gdb_line__find(struct gdb_line *ret, const struct ttlog_info *info)
{
	return gdb_line__find_in(ret, info, DEBUG_DIR, NULL);
}

void gdb_line__fini(struct gdb_line *line)
{
	free(line->program);
	free(line->core);
	for (size_t i = 0; i < line->problem_cnt; i++)
		free(line->problems[i]);
	*line = (struct gdb_line){ .program = NULL };
}

/* ---- The line ---- */

/* What unpacks it; NULL: it is not packed. */
static const char *unpacker(const char *path)
{
	static const char *const BY_SUFFIX[][2] = {
		{ ".zst", "zstd" },
		{ ".lz4", "lz4" },
		{ ".xz", "xz" },
	};
	const char *suffix = strrchr(path, '.');

	for (size_t i = 0; suffix && i < sizeof(BY_SUFFIX) / sizeof(BY_SUFFIX[0]); i++) {
		if (!strcmp(suffix, BY_SUFFIX[i][0]))
			return BY_SUFFIX[i][1];
	}
	return NULL;
}

/* Before the program is read. */
static void print_servers(struct out *out, const char *urls)
{
	struct buffer setting = { .len = 0 };

	buffer__bytes(&setting, "set debuginfod urls ", 20);
	buffer__bytes(&setting, urls, strlen(urls) + 1);
	if (setting.err)
		out->err = setting.err;
	else
		out__text(out, " -iex 'set debuginfod enabled on' -iex ");
	if (!setting.err)
		shell_word__print(out, setting.bytes);
	buffer__fini(&setting);
}

void gdb_line__print(struct out *out, const struct gdb_line *line, const char *debuginfod)
{
	const char *tool = line->core ? unpacker(line->core) : NULL;

	if (!line->program && !line->core)
		return;
	if (tool) {
		out__format(out, "d=$(mktemp -d) && %s -dc ", tool);
		shell_word__print(out, line->core);
		out__text(out, " >\"$d/core\" && ");
	}
	out__text(out, "gdb");
	if (debuginfod)
		print_servers(out, debuginfod);
	if (line->program) {
		out__text(out, line->is_debug_file ? " -s " : " ");
		shell_word__print(out, line->program);
	}
	if (line->core) {
		out__text(out, " -c ");
		if (tool)
			out__text(out, "\"$d/core\"");
		else
			shell_word__print(out, line->core);
	}
	out__text(out, tool ? "; rm -r \"$d\"\n" : "\n");
}
