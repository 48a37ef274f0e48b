/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "wire.h"
#include "attached_process.h"
#include "ends.h"
#include "kernel.h"
#include "left_out.h"
#include "looks.h"
#include "proc_thread.h"
#include "process.h"
#include "processes.h"
#include "report.h"
#include "source.h"
#include "start_time.h"

/* What the process already has stays with attached. */
static void take_modules(struct process *process, struct attached_process *attached)
{
	size_t left = 0;

	for (size_t i = 0; i < attached->module_cnt; i++) {
		const uint32_t module = attached->modules[i];

		if (module_set__has(&process->modules, module) ||
		    module_set__add(&process->modules, module))
			attached->modules[left++] = module;
	}
	attached->module_cnt = left;
}

static void take_seen(struct looks *looks, struct process *process,
		      struct attached_process *attached)
{
	const struct mappings old = process->crash.mappings;

	if (attached->build_id[0])
		memcpy(process->id.build_id, attached->build_id, sizeof(process->id.build_id));
	if (!attached->seen.cnt)
		return;
	/* attached frees the old ones */
	process->crash.mappings = attached->seen;
	attached->seen = old;
	if (!old.cnt)
		mapping_cache__add(&looks->processes->mapping_cache, process);
}

static void take_settings(struct process *process, const struct attached_process *attached)
{
	if (attached->settings)
		process->settings = attached->settings;
}

static struct process *find_attached(const struct looks *looks, uint32_t pid,
				     uint64_t proc_start_ns)
{
	struct process *process = process_table__find(&looks->processes->table, pid);
	uint64_t known_ns;

	if (!process || !proc_start_ns)
		return process;
	known_ns = process_id__start_ns(&process->id);
	return start_time__is_same(proc_start_ns, known_ns) ? process : NULL;
}

static void take_sources(struct looks *looks, struct process *process,
			 const struct attached_process *attached)
{
	for (size_t i = 0; i < attached->source_cnt; i++) {
		const struct source *source = &attached->sources[i];
		const struct wire_batch *rates = attached->rates[i];

		if (attached->look) {
			if (!source_table__look_again(&process->sources, source,
						      &attached->heads[i]))
				continue;
			left_out__forget(&process->left_out, source->address);
		} else if (source_table__add(&process->sources, source, &attached->heads[i])) {
			continue;
		}
		if (source->suppressed)
			left_out__add(&process->left_out, source->address, source->suppressed,
				      rates ? rates + 1 : NULL,
				      rates ? (uint32_t)rates->batch.committed : 0);
		(void)kernel__register_batch(looks->processes->options->job.kernel, attached->pid,
					     source->tid, source->address, source->module);
	}
}

/* Its links are made: from now on each batch that is handed over is ours. */
static void take_second_look(struct looks *looks, struct process *process,
			     const struct attached_process *attached)
{
	take_sources(looks, process, attached);
	source_table__end_joining(&process->sources);
}

static void take_look(struct looks *looks, struct attached_process *attached)
{
	struct process *process =
		processes__find(looks->processes, attached->pid, attached->start_ns);

	if (!process)
		return;
	take_modules(process, attached);
	take_seen(looks, process, attached);
	take_settings(process, attached);
	if (attached->build_id[0])
		facts__add_process(&process->facts, &process->id);
	if (attached->look & ATTACH_LOOK_BATCHES)
		take_second_look(looks, process, attached);
	if (!(attached->look & ATTACH_LOOK_CRASH))
		return;
	if (!attached->seen.cnt)
		mapping_cache__fill(&looks->processes->mapping_cache, process);
	process->lifecycle.is_looked_at = false;
	if (process->lifecycle.exiting && !process->lifecycle.ended)
		ends__when_whole(looks->ends, process);
}

void looks__take(struct looks *looks, struct attached_process *attached)
{
	struct wire_head head = { .tgid = attached->pid };
	uint64_t proc_start_ns = start_time__read_ns(attached->pid);
	struct process *process = find_attached(looks, attached->pid, proc_start_ns);

	if (attached->look) {
		take_look(looks, attached);
		return;
	}
	if (!process) {
		head.tid = attached->pid;
		head.ns_tgid = attached->pid;
		head.cgroup = proc_thread__read_cgroup(attached->pid);
		process_id__stamp_thread(&head);
		process = processes__admit(looks->processes, &head);
	}
	/* when it crashes it is mostly gone before it can be read again */
	if (!process || !attached->seen.items)
		report__failure(
			attached->pid, -ENOMEM,
			"what it has mapped is not known, the stack of a crash may have no names");
	if (!process)
		return;
	process->id.proc_start_ns = proc_start_ns;
	if (attached->given)
		processes__give(looks->processes, process);
	if (attached->ret_was_announced)
		*attached->ret_was_announced = process->lifecycle.announced;
	process->lifecycle.announced |= attached->announced;
	take_modules(process, attached);
	take_seen(looks, process, attached);
	take_settings(process, attached);
	for (size_t i = 0; i < attached->anchor_cnt; i++)
		(void)module_set__add_anchor(&process->modules, &attached->anchors[i]);
	process->sources.is_joining |= attached->joins;
	take_sources(looks, process, attached);
	if (process->modules.anchor_cnt)
		process__open_facts(process, looks->processes->options->ring_dir);
}

bool looks__now(struct looks *looks, struct process *process)
{
	struct attached_process *attached =
		attached_process__new_last_look(process->id.pid, process->id.start_ns);
	bool found = attached;

	if (found)
		take_seen(looks, process, attached);
	attached_process__free(attached);
	return found;
}
