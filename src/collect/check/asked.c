/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "catalogue.h"
#include "command_line.h"
#include "env.h"
#include "foreign_check.h"
#include "foreign_probes.h"
#include "foreign_report.h"

int asked__read_catalogue(const struct env *env)
{
	char error[CATALOGUE_ERROR_BYTES] = "out of memory";

	if (!foreign_probes__has(env->foreign, FOREIGN_USDT) ||
	    !catalogue__read(env->foreign, error, sizeof(error)))
		return 0;
	fprintf(stderr, "ttlog-collect: %s\n", error);
	return EXIT_USAGE;
}

/* What was looked at: in words. 0: nothing. */
static int look(const struct env *env, struct foreign_check *check, const char *program,
		char *ret_subject, size_t size)
{
	int looked = 0;

	switch (env->mode) {
	case ENV_PIDS:
		for (size_t i = 0; i < env->pid_cnt; i++)
			looked += !foreign_check__process(check, env->pids[i]);
		if (env->pid_cnt == 1)
			(void)snprintf(ret_subject, size, "pid %d", (int)env->pids[0]);
		else
			(void)snprintf(ret_subject, size, "none of the processes");
		return looked;
	case ENV_PATH:
		(void)snprintf(ret_subject, size, "%s", env->path);
		return !foreign_check__file(check, env->path);
	case ENV_COMMAND:
		(void)snprintf(ret_subject, size, "%s, with its libraries,", program);
		return !foreign_check__program(check, program);
	default:
		return 0;
	}
}

/* Any thread. */
static void print_line(const char *line)
{
	fprintf(stderr, "ttlog-collect: %s\n", line);
}

static void print(const struct foreign_report *report)
{
	for (size_t i = 0; i < report->cnt; i++)
		print_line(report->lines[i]);
	if (report->more_cnt)
		fprintf(stderr, "ttlog-collect: and %zu more\n", report->more_cnt);
}

int asked__check(const struct env *env, const char *program)
{
	struct foreign_report errors = { 0 }, warnings = { 0 };
	struct foreign_check *check;
	char subject[FOREIGN_REPORT_LINE_BYTES];
	int status = 0;

	if (!foreign_probes__cnt(env->foreign))
		return 0;
	check = foreign_check__new(env->foreign);
	if (check && look(env, check, program, subject, sizeof(subject)))
		foreign_check__judge(check, subject, &errors, &warnings);
	/* also what is found out later, when files are attached to */
	if (!env->quiet)
		foreign_probes__tell_to(env->foreign, print_line);
	if (!errors.cnt)
		foreign_probes__tell(env->foreign, &warnings);
	print(&errors);
	if (errors.cnt)
		status = EXIT_USAGE;
	foreign_report__fini(&errors);
	foreign_report__fini(&warnings);
	foreign_check__free(check);
	return status;
}
