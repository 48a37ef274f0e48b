/* SPDX-License-Identifier: MIT */
/*
 * [target] sections, --unit and --cgroup: which processes they are for, and how these are recorded. In
 * threads that may wait for files. The sections are those of the start.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "attached_process.h"
#include "cgroup.h"
#include "collect_parts.h"
#include "elf.h"
#include "env.h"
#include "kernel.h"
#include "maps.h"
#include "proc_thread.h"
#include "process_settings.h"
#include "report.h"
#include "settings.h"
#include "site.h"
#include "target.h"
#include "trigger_plan.h"

#define DELETED " (deleted)"

/* What the globs are compared with. */
struct subject {
	char exe[PATH_MAX];
	char cgroup[CGROUP_PATH_BYTES];
	char unit[CGROUP_NAME_BYTES];
	char *service;
	struct target_subject names;
};

/* An upgrade may have replaced the file. */
static void read_exe(struct subject *subject, pid_t pid)
{
	const size_t suffix = strlen(DELETED);
	char *exe = subject->exe;
	size_t len;

	if (!proc_thread__read_exe((uint32_t)pid, exe))
		return;
	len = strlen(exe);
	if (len > suffix && !strcmp(exe + len - suffix, DELETED))
		exe[len - suffix] = '\0';
	subject->names.exe = exe;
}

static void read_subject(struct subject *subject, pid_t pid)
{
	subject->names = (struct target_subject){ 0 };
	subject->service = NULL;
	read_exe(subject, pid);
	if (cgroup__read_path((uint32_t)pid, subject->cgroup))
		return;
	subject->names.cgroup = subject->cgroup;
	cgroup__unit(subject->cgroup, subject->unit);
	subject->names.unit = subject->unit[0] ? subject->unit : NULL;
}

/* That of the first file with sites: the program's own, if it has some, is mapped below its libraries.
 * The caller frees it. NULL: none is found. */
static char *find_service(pid_t pid)
{
	struct maps *maps = maps__read(pid);
	char *service = NULL;
	ino_t last = 0;

	for (size_t i = 0; maps && i < maps->cnt && !service; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		struct site_table *table;
		int fd;

		if (!entry->executable || !entry->inode || entry->inode == last)
			continue;
		last = entry->inode;
		fd = maps__open(pid, entry);
		if (fd < 0)
			continue;
		table = elf__read_sites(fd, basename(entry->path));
		if (table && table->cnt)
			service = strdup(table->sites[0].service);
		site_table__free(table);
		(void)close(fd);
	}
	maps__free(maps);
	return service;
}

/* By the service that find_service() finds, if a section asks for one. NULL: none. */
static const struct target *find_section(const struct env *env, pid_t pid)
{
	const struct target *section;
	struct subject subject;

	read_subject(&subject, pid);
	if (target_list__has(&env->targets, "service"))
		subject.names.service = subject.service = find_service(pid);
	section = target_list__match(&env->targets, &subject.names);
	free(subject.service);
	return section;
}

bool collect__chooses(void *ctx, pid_t pid)
{
	const struct collector *collector = ctx;
	const struct env *env = collector->env;
	struct subject subject;

	if (env->all)
		return true;
	if (!env->chosen.cnt)
		return find_section(env, pid);
	read_subject(&subject, pid);
	return target_list__match(&env->chosen, &subject.names);
}

const struct process_settings *collect__settings_of(struct collector *collector,
						    const struct attached_process *attached)
{
	static const struct process_settings plain = { 0 };
	const struct env *env = collector->env;
	const struct target *target;
	struct subject subject;

	if (!collector->sections)
		return NULL;
	read_subject(&subject, (pid_t)attached->pid);
	subject.service = attach__service(collector->attach, attached->build_id, attached->modules,
					  attached->module_cnt);
	subject.names.service = subject.service;
	target = target_list__match(&env->targets, &subject.names);
	free(subject.service);
	return target ? &collector->sections[target - env->targets.items] : &plain;
}

/* Whether the section has its own, which the command line leaves. */
static bool has_own(const struct collector *collector, const struct target *target, int key)
{
	const struct setting *setting = setting__of_key(key);

	return given_list__find(&target->given, setting) &&
	       !given_list__replaces(&collector->env->by_user, setting);
}

static bool has_sites(const struct collector *collector, const struct target *target)
{
	return has_own(collector, target, 'l') || has_own(collector, target, 'F');
}

const struct site_filter *collect__filter_of(void *ctx, pid_t pid)
{
	const struct collector *collector = ctx;
	const struct target *target = find_section(collector->env, pid);

	return target && has_sites(collector, target) ? target->env->site_filter : NULL;
}

bool collect__has_section_sites(const struct collector *collector)
{
	const struct target_list *targets = &collector->env->targets;

	for (size_t i = 0; i < targets->cnt; i++) {
		if (has_sites(collector, &targets->items[i]))
			return true;
	}
	return false;
}

/* Links that serve all processes can't make a difference. */
static void tell_useless(const struct collector *collector)
{
	const enum env_mode mode = collector->env->mode;
	const char *why = mode == ENV_PATH                         ? "with -e"
			  : mode == ENV_COMMAND                    ? "with -- CMD"
			  : !kernel__can_filter(collector->kernel) ? "on this kernel"
								   : NULL;

	if (why && collect__has_section_sites(collector))
		fprintf(stderr,
			"ttlog-collect: level and filter of [target] sections mean nothing %s: those of all hold\n",
			why);
}

bool collect__sections_watch(const struct collector *collector)
{
	const size_t cnt = collector->sections ? collector->env->targets.cnt : 0;

	for (size_t i = 0; i < cnt; i++) {
		if (collector->sections[i].plan && collector->sections[i].plan->watch_cnt)
			return true;
	}
	return false;
}

int collect__open_sections(struct collector *collector)
{
	const struct target_list *targets = &collector->env->targets;

	if (!targets->cnt)
		return 0;
	collector->sections = calloc(targets->cnt, sizeof(*collector->sections));
	if (!collector->sections)
		return report__error("can't start", NULL, -ENOMEM);
	for (size_t i = 0; i < targets->cnt; i++) {
		const struct target *target = &targets->items[i];

		collector->sections[i] = (struct process_settings){
			.ring_bytes = target->env->ring_bytes,
			.plan = has_own(collector, target, KEY_ON) ? target->env->triggers : NULL,
			.has_stream = has_own(collector, target, KEY_STREAM),
			.stream = target->env->stream,
			.tags = &target->env->tags,
		};
	}
	tell_useless(collector);
	return 0;
}
