/* SPDX-License-Identifier: MIT */
/*
 * Which modules a process has, and where its own data of them are.
 */
#include <errno.h>
#include <stdlib.h>

#include "facts.h"
#include "process.h"

int process__add_anchor(struct process *process, const struct anchor *anchor)
{
	struct anchor *anchors;

	for (size_t i = 0; i < process->anchor_cnt; i++) {
		if (process->anchors[i].address == anchor->address)
			return 0;
	}
	anchors = reallocarray(process->anchors, process->anchor_cnt + 1, sizeof(*anchors));
	if (!anchors)
		return -ENOMEM;
	process->anchors = anchors;
	anchors[process->anchor_cnt++] = *anchor;
	facts__add_anchor(process->facts_fd, anchor);
	return 0;
}

bool process__has_module(struct process *process, uint32_t module)
{
	if (module == process->last_module)
		return true;
	for (size_t i = 0; i < process->module_cnt; i++) {
		if (process->modules[i] != module)
			continue;
		process->last_module = module;
		return true;
	}
	return false;
}

int process__add_module(struct process *process, uint32_t module)
{
	size_t cap = process->module_cap ? process->module_cap * 2 : 16;
	uint32_t *modules = process->modules;

	if (process->module_cnt == process->module_cap) {
		modules = reallocarray(modules, cap, sizeof(*modules));
		if (!modules)
			return -ENOMEM;
		process->modules = modules;
		process->module_cap = cap;
	}
	modules[process->module_cnt++] = module;
	return 0;
}
