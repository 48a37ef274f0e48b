/* SPDX-License-Identifier: MIT */
/*
 * The broker is forked, and this process gives up its privileges: before it has threads, and before it
 * reads what others wrote. What is opened before is only what needs them: BPF programs, sockets,
 * directories.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "collect_parts.h"
#include "confine.h"
#include "debuginfod.h"
#include "env.h"
#include "foreign_probes.h"
#include "kernel.h"
#include "output_dir.h"
#include "report.h"

static struct broker_policy make_policy(const struct collector *collector)
{
	const struct env *env = collector->env;
	struct broker_policy policy = {
		.is_strict = true,
		.allows_memory = env->mode == ENV_COMMAND,
		.watches_path = env->mode == ENV_PATH,
		.client = getpid(),
		.command = env->mode == ENV_COMMAND ? env->command : NULL,
		.command_signals = collect__command_signals(collector),
		.loading_fd = kernel__loading_fd(collector->kernel),
		.out_dir = env->output_dir,
		.group = env->group,
		.shipped_state = env->shipped_state,
	};

	policy.program_cnt =
		kernel__list_programs(collector->kernel, policy.programs, BROKER_MAX_PROGRAMS);
	return policy;
}

/* A reload reads them again; a directory, since an editor replaces the file. */
static const char *config_dir(const struct env *env, char dir[PATH_MAX])
{
	if (!env->config_path || snprintf(dir, PATH_MAX, "%s", env->config_path) >= PATH_MAX)
		return NULL;
	return dirname(dir);
}

static int confine(const struct collector *collector)
{
	const struct env *env = collector->env;
	char own_dir[PATH_MAX];
	const char *config = config_dir(env, own_dir), *failed;
	const char *const written[] = { collector->ring_root, collector->control_dir, NULL };
	const char *const read[] = {
		"/proc",
		"/sys",
		"/dev/null",
		"/dev/urandom",
		"/etc/ld.so.cache",
		"/etc/localtime",
		"/etc/group",
		"/etc/passwd",
		"/etc/nsswitch.conf",
		"/usr/share/zoneinfo",
		config,
		NULL,
	};
	const struct allowed_paths paths = { written, read };
	unsigned int gaps;
	int err = confine__self(&paths, &gaps, &failed);

	if (err)
		fprintf(stderr, "ttlog-collect: can't give up privileges (%s): %s\n", failed,
			strerror(-err));
	else if (gaps && env->verbose)
		fputs("ttlog-collect: this kernel has no Landlock: the process that records may open what its user may\n",
		      stderr);
	return err;
}

int collect__open_debuginfod(struct collector *collector)
{
	const struct env *env = collector->env;
	const struct debuginfod_options options = { env->debuginfod, .gives_up_rights = true };
	char why[256];

	if (!env->debuginfod || (!foreign_probes__has(env->foreign, FOREIGN_FUNCTION) &&
				 !foreign_probes__has(env->foreign, FOREIGN_SPAN)))
		return 0;
	collector->debuginfod = debuginfod__new(&options, why, sizeof(why));
	if (!collector->debuginfod) {
		const int err = -errno;

		fprintf(stderr, "ttlog-collect: --debuginfod: %s\n", why);
		return err;
	}
	foreign_probes__set_debuginfod(env->foreign, collector->debuginfod);
	return 0;
}

int collect__give_up_rights(struct collector *collector)
{
	const struct broker_policy policy = make_policy(collector);
	int err;

	kernel__settle(collector->kernel);
	err = broker__start(&policy);
	if (err)
		return report__error("can't start a process that keeps the privileges", NULL, err);
	kernel__set_tracer(collector->kernel, broker__pid());
	output_dir__use_broker();
	return confine(collector);
}
