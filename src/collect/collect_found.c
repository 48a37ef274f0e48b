/* SPDX-License-Identifier: MIT */
/*
 * --all, --unit, --cgroup and [target] sections: programs that are found. With --all, files are attached
 * to, for every process. Otherwise processes are, one by one: a process that is not chosen costs
 * nothing, though it runs the same file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "attached_process.h"
#include "attach.h"
#include "attacher.h"
#include "collect_parts.h"
#include "drain.h"
#include "env.h"
#include "finder.h"
#include "kernel.h"
#include "report.h"

/* Processes that have a file mapped when it is found. */
struct findings {
	struct {
		pid_t pid;
		size_t site_cnt;
	} items[4096]; /* more are recorded, not announced */
	size_t cnt;
	size_t file_cnt, process_cnt; /* so far */
	bool told_missed;
};

/* ---- files, for every process ---- */

/* This and the next: one at a time. */
static void take_of_file(void *ctx, struct attached_process *attached)
{
	struct collector *collector = ctx;
	struct findings *findings = collector->findings;
	const uint32_t pid = attached->pid;
	size_t site_cnt = 0;

	if (attached->look) {
		collect__take_attached(collector, attached);
		return;
	}
	for (size_t i = 0; i < attached->anchor_cnt; i++)
		site_cnt += attach__enabled_cnt(collector->attach, attached->anchors[i].module);
	findings->process_cnt++;
	if (findings->cnt < ARRAY_SIZE(findings->items)) {
		findings->items[findings->cnt].pid = (pid_t)pid;
		findings->items[findings->cnt++].site_cnt = site_cnt;
	}
	(void)kernel__track(collector->kernel, (pid_t)pid);
	collect__take_announced(collector, attached);
	/* its other files are opened by another thread */
	(void)attacher__look(collector->attacher, pid, 0, ATTACH_LOOK_NEW);
}

static void tell_file(struct collector *collector, const struct attach_file *file)
{
	const bool is_quiet = collector->env->quiet;

	if (file->err == -ESHUTDOWN)
		return;
	if (file->err) {
		report__unattached(file->path, &file->result,
				   file->result.malformed_cnt ? 0 : file->err);
		return;
	}
	if (!file->is_new)
		return;
	collector->findings->file_cnt++;
	if (is_quiet)
		return;
	fprintf(stderr, "ttlog-collect: recording %s (%zu sites)\n", file->path,
		file->result.site_cnt);
	if (!file->result.site_cnt)
		report__none_chosen(file->path, &file->result);
}

static void tell_files(void *ctx, const struct attach_file *files, size_t cnt)
{
	struct collector *collector = ctx;
	struct findings *findings = collector->findings;

	for (size_t i = 0; i < cnt; i++)
		tell_file(collector, &files[i]);
	for (size_t i = 0; i < findings->cnt && !collector->env->quiet; i++)
		fprintf(stderr, "ttlog-collect: recording pid %d (%zu sites)\n",
			(int)findings->items[i].pid, findings->items[i].site_cnt);
	findings->cnt = 0;
}

/* ---- chosen processes ---- */

static void take_chosen(void *ctx, pid_t pid, uint64_t start_ns)
{
	struct collector *collector = ctx;

	/* a program that has just begun: before it is attached to, so that a crash meanwhile is
	 * reported */
	if (start_ns)
		(void)kernel__track(collector->kernel, pid);
	(void)attacher__look(collector->attacher, (uint32_t)pid, start_ns, ATTACH_LOOK_EXEC);
}

/* Once: the number is said at the end, too. */
static void tell_missed(void *ctx, uint64_t cnt)
{
	struct collector *collector = ctx;

	if (collector->findings->told_missed || collector->env->quiet)
		return;
	collector->findings->told_missed = true;
	fprintf(stderr,
		"ttlog-collect: %llu reports of programs and libraries were lost: all processes are looked at, now and whenever that happens\n",
		(unsigned long long)cnt);
}

/* ---- up and down ---- */

static void tell_begin(const struct collector *collector)
{
	const struct env *env = collector->env;
	const struct findings *findings = collector->findings;

	if (env->quiet)
		return;
	if (collect__serves_all(env))
		fprintf(stderr,
			"ttlog-collect: recording every marked program (now %zu files, %zu processes)\n",
			findings->file_cnt, findings->process_cnt);
	else
		fprintf(stderr, "ttlog-collect: recording %s\n",
			env->all ? "every marked program" : "the chosen programs");
}

int collect__open_finder(struct collector *collector)
{
	const bool chooses = !collect__serves_all(collector->env);
	const struct finder_options options = {
		.attach = collector->attach,
		.foreign = collector->env->foreign,
		.chooses = chooses ? collect__chooses : NULL,
		.chosen = take_chosen,
		.before = take_of_file,
		.attached = tell_files,
		.missed = tell_missed,
		.ctx = collector,
	};
	const char *failed;
	int err;

	collector->findings = calloc(1, sizeof(*collector->findings));
	if (!collector->findings)
		return report__error("can't start", NULL, -ENOMEM);
	collector->finder = finder__new(&options, &failed);
	if (collector->finder)
		return 0;
	err = -errno;
	fprintf(stderr, "ttlog-collect: can't find programs: %s: %s (see ttlog-collect --check)\n",
		failed, strerror(-err));
	return err;
}

int collect__find_all(struct collector *collector)
{
	int err = finder__scan(collector->finder);
	if (!err)
		err = finder__start(collector->finder);
	if (err)
		return report__error("can't look at all processes", NULL, err);
	tell_begin(collector);
	return 0;
}

static void tell_counts(const struct collector *collector)
{
	struct finder_counts counts;

	finder__count(collector->finder, &counts);
	if (counts.missed_cnt && !collector->env->quiet)
		fprintf(stderr,
			"ttlog-collect: %llu reports of programs were lost, and made up for by %llu looks at all processes\n",
			(unsigned long long)counts.missed_cnt,
			(unsigned long long)counts.scan_cnt - 1);
	if (collector->env->verbose)
		fprintf(stderr,
			"ttlog-collect: found programs: %llu files were opened, %llu looks at all processes\n",
			(unsigned long long)counts.look_cnt, (unsigned long long)counts.scan_cnt);
}

bool collect__end_finding(struct collector *collector)
{
	if (collector->finder)
		tell_counts(collector);
	if (!finder__free(collector->finder))
		return false;
	free(collector->findings);
	return true;
}
