/* SPDX-License-Identifier: MIT */
/*
 * What is recorded: processes, a file, a command.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "attached_process.h"
#include "attach.h"
#include "attacher.h"
#include "collect_parts.h"
#include "drain.h"
#include "env.h"
#include "given_path.h"
#include "hold.h"
#include "kernel.h"
#include "launch.h"
#include "report.h"
#include "proc_thread.h"
#include "traced_command.h"
#include "watch.h"

/* ---- attached processes, from any thread that attaches ---- */

void collect__take_attached(void *ctx, struct attached_process *attached)
{
	struct collector *collector = ctx;

	attached->given = !attached->look && collector->env->mode == ENV_PIDS;
	if (!attached->look || attached->look & (ATTACH_LOOK_NEW | ATTACH_LOOK_EXEC))
		attached->settings = collect__settings_of(collector, attached);
	if (attached->look)
		drain__update_process(collector->drain, attached);
	else
		drain__add_process(collector->drain, attached);
}

void collect__take_announced(void *ctx, struct attached_process *attached)
{
	/* without sites it is not announced now */
	attached->announced = attached->has_sites;
	collect__take_attached(ctx, attached);
}

bool collect__look(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t what)
{
	struct collector *collector = ctx;

	return attacher__look(collector->attacher, pid, start_ns, what);
}

static void announce(const struct collector *collector, pid_t pid,
		     const struct attach_result *result)
{
	if (!collector->env->quiet)
		report__recording(pid, result);
}

/* ---- the three kinds of targets ---- */

/* Maybe nothing is left to record. */
void collect__late_failure(void *ctx)
{
	struct collector *collector = ctx;

	__atomic_store_n(&collector->failed_late, true, __ATOMIC_RELAXED);
	drain__ask_done(collector->drain);
}

struct file_processes {
	struct collector *collector;
	pid_t pids[4096]; /* more are recorded, not announced */
	size_t cnt;
};

static void take_of_file(void *ctx, struct attached_process *attached)
{
	struct file_processes *processes = ctx;
	const uint32_t pid = attached->pid;

	if (attached->look) {
		collect__take_attached(processes->collector, attached);
		return;
	}
	if (processes->cnt < sizeof(processes->pids) / sizeof(*processes->pids))
		processes->pids[processes->cnt++] = attached->pid;
	(void)kernel__track(processes->collector->kernel, pid);
	collect__take_announced(processes->collector, attached);
	/* its other files are opened by another thread */
	(void)attacher__look(processes->collector->attacher, pid, 0, ATTACH_LOOK_NEW);
}

int collect__attach_file(struct collector *collector)
{
	struct file_processes *processes = calloc(1, sizeof(*processes));
	const char *path = collector->env->path;
	struct attach_result result = { 0 };
	int err;

	if (!processes)
		return report__error("can't attach to", path, -ENOMEM);
	processes->collector = collector;
	err = attach__file(collector->attach, path, take_of_file, processes, &result);
	if (err == -ENOEXEC)
		fprintf(stderr, "ttlog-collect: %s: not an ELF file of this machine\n", path);
	else if (err == -ENOENT && !given_path__exists(path))
		(void)report__error("can't attach to", path, err);
	else if (err)
		report__unattached(path, &result, err);
	else if (result.module_cnt && !collector->env->quiet)
		fprintf(stderr, "ttlog-collect: recording %s (%zu sites)\n", path, result.site_cnt);
	if (!err && result.module_cnt && !result.site_cnt && !collector->env->quiet)
		report__none_chosen(path, &result);
	for (size_t i = 0; !err && i < processes->cnt; i++)
		announce(collector, processes->pids[i], &result);
	free(processes);
	return err;
}

/* Before the first look at the file, so that no replacement is missed. */
static int watch_file(struct collector *collector)
{
	const char *path = collector->env->path;

	collector->watch = watch__new(path);
	if (!collector->watch)
		(void)report__error("what takes this file's place won't be recorded:", path,
				    -errno);
	return collect__attach_file(collector);
}

/* In the launch thread. A process that is gone is no failure. */
static void failed_to_attach(struct collector *collector, pid_t pid,
			     const struct attach_result *result, int err)
{
	char subject[32];

	/* each library that it maps is a new try */
	if (!err || err == -ESRCH || (pid == collector->failed_pid && err == collector->failed_err))
		return;
	collector->failed_pid = pid;
	collector->failed_err = err;
	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	report__unattached(subject, result, err);
}

/* This and the next six: in the launch thread, while the process is stopped. */
static int command_begins(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops)
{
	struct collector *collector = ctx;

	/* so that a crash in the meantime is reported */
	(void)kernel__track(collector->kernel, pid);
	return attach__begin_linking(collector->attach, pid, ret_linker, ret_stops);
}

static bool command_has_linked(void *ctx, pid_t pid, struct linker *linker)
{
	struct collector *collector = ctx;

	return attach__has_linked(collector->attach, pid, linker);
}

static void command_ends_linking(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;

	attach__end_linking(collector->attach, pid);
}

static void command_mapped(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	int err = kernel__track(collector->kernel, pid);

	if (!err)
		err = attach__starting(collector->attach, pid, collect__take_announced, collector,
				       &result);
	failed_to_attach(collector, pid, &result, err);
}

/* Its libraries are mapped. */
static bool command_linked(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	int err = kernel__track(collector->kernel, pid);

	if (!err)
		err = attach__process(collector->attach, pid, collect__take_announced, collector,
				      &result);
	failed_to_attach(collector, pid, &result, err);
	if (!err && !result.module_cnt && result.malformed_cnt)
		report__unattached(collector->env->command[0], &result, 0);
	if (result.module_cnt)
		announce(collector, pid, &result);
	return result.module_cnt || result.looks_for_leaks;
}

static void command_loaded(void *ctx, pid_t tid)
{
	struct collector *collector = ctx;
	const uint32_t pid = proc_thread__pid((uint32_t)tid);

	if (pid)
		attacher__attach_loaded(collector->attacher, (pid_t)pid);
}

void collect__find_command(const char *name, char ret_path[PATH_MAX])
{
	const char *dirs = getenv("PATH");

	while (dirs && *dirs && !strchr(name, '/')) {
		size_t len = strcspn(dirs, ":");

		(void)snprintf(ret_path, PATH_MAX, "%.*s/%s", len ? (int)len : 1, len ? dirs : ".",
			       name);
		if (!access(ret_path, X_OK))
			return;
		dirs += len + (dirs[len] == ':');
	}
	(void)snprintf(ret_path, PATH_MAX, "%s", name);
}

/* In the launch thread, before the exec. The sites of the program itself are enabled now, those
 * of its libraries when they are seen. */
static void command_untraced(void *ctx, pid_t pid, int trace_err)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	char path[PATH_MAX];
	int err;

	fprintf(stderr,
		"ttlog-collect: can't trace %s (ptrace: %s): what it starts and what its libraries log at first may be missing\n",
		collector->env->command[0], strerror(-trace_err));
	collect__find_command(collector->env->command[0], path);
	err = kernel__track(collector->kernel, pid);
	if (!err)
		err = attach__file(collector->attach, path, collect__take_attached, collector,
				   &result);
	/* a script, or a program without marks: its children may have some */
	if (err != -ENOEXEC && err != -ENOENT)
		failed_to_attach(collector, pid, &result, err);
}

static void command_ended(void *ctx, int wait_status)
{
	struct collector *collector = ctx;

	collector->command_status = wait_status;
	(void)eventfd_write(collector->command_fd, 1);
}

struct command_signals collect__command_signals(const struct collector *collector)
{
	struct command_signals signals = { .mask = collector->old_mask };

	sigemptyset(&signals.defaults);
	sigaddset(&signals.defaults, SIGPIPE);
	sigaddset(&signals.defaults, SIGXFSZ);
	return signals;
}

static int start_command(struct collector *collector, int *ret_exit_status)
{
	const struct launch_callbacks callbacks = {
		.begin_linking = command_begins,
		.has_linked = command_has_linked,
		.end_linking = command_ends_linking,
		.mapped = command_mapped,
		.linked = command_linked,
		.loaded = command_loaded,
		.untraced = command_untraced,
		.ended = command_ended,
		.ctx = collector,
	};
	const struct hold_options hold = {
		.loads_fd = kernel__loads_fd(collector->kernel),
		.loaded = command_loaded,
		.ctx = collector,
	};
	const struct command_signals signals = collect__command_signals(collector);

	collector->hold = hold__new(&hold);
	if (!collector->hold)
		return report__error("can't start", NULL, -errno);
	collector->launch =
		launch__start(collector->env->command, &signals, &callbacks, ret_exit_status);
	if (!collector->launch)
		return report__error("can't run", collector->env->command[0], -errno);
	return 0;
}

int collect__attach(struct collector *collector, int *ret_exit_status)
{
	switch (collector->env->mode) {
	case ENV_PIDS:
		return attacher__attach(collector->attacher, collector->env->pids,
					collector->env->pid_cnt);
	case ENV_PATH:
		return watch_file(collector);
	case ENV_FOUND:
		return collect__find_all(collector);
	default:
		return start_command(collector, ret_exit_status);
	}
}
