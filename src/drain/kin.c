/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"
#include "kin.h"
#include "process.h"

struct kin_layout {
	struct mappings mappings;
	char *exe;
	char build_id[41];
};

static void layout__free(struct kin_layout *layout)
{
	if (!layout)
		return;
	mappings__fini(&layout->mappings);
	free(layout->exe);
	free(layout);
}

static struct kin_layout *layout__new(const struct process *process)
{
	struct kin_layout *layout = calloc(1, sizeof(*layout));

	if (!layout)
		return NULL;
	memcpy(layout->build_id, process->build_id, sizeof(layout->build_id));
	layout->exe = strdup(process->exe);
	if (!layout->exe || mappings__copy(&process->crash.mappings, &layout->mappings)) {
		layout__free(layout);
		return NULL;
	}
	return layout;
}

void kin__fini(struct kin *kin)
{
	for (size_t i = 0; i < KIN_CNT; i++)
		layout__free(kin->layouts[i]);
	*kin = (struct kin){ 0 };
}

/* A relative has mapped the same there; what it has loaded besides may differ. */
static bool is_known(const struct kin_layout *layout, const struct process *process)
{
	return layout->mappings.cnt == process->crash.mappings.cnt &&
	       layout->mappings.items[0].start == process->crash.mappings.items[0].start &&
	       strcmp(layout->exe, process->exe) == 0 &&
	       strcmp(layout->build_id, process->build_id) == 0;
}

void kin__remember(struct kin *kin, const struct process *process)
{
	struct kin_layout *layout;

	if (!process->crash.mappings.cnt || !process->exe || !process->build_id[0])
		return;
	for (size_t i = 0; i < KIN_CNT && kin->layouts[i]; i++) {
		if (is_known(kin->layouts[i], process))
			return;
	}
	layout = layout__new(process);
	if (!layout)
		return;
	layout__free(kin->layouts[KIN_CNT - 1]);
	memmove(kin->layouts + 1, kin->layouts, (KIN_CNT - 1) * sizeof(*kin->layouts));
	kin->layouts[0] = layout;
}

static bool has_mapped(const struct kin_layout *layout, const struct crash_frame *frame)
{
	const struct mapping *mapping = mappings__find(&layout->mappings, frame->ip);

	return mapping && frame->ip - mapping->start + mapping->offset == frame->offset;
}

/* One frame that the kernel knows at least, and none that is elsewhere. */
static bool is_kin(const struct kin_layout *layout, const struct crash *crash)
{
	size_t cnt = 0;

	for (size_t i = 0; i < crash->frame_cnt; i++) {
		if (!crash->frames[i].build_id[0])
			continue;
		if (!has_mapped(layout, &crash->frames[i]))
			return false;
		cnt++;
	}
	return cnt > 0;
}

void kin__lend(const struct kin *kin, struct process *process)
{
	struct mappings copy;

	if (process->crash.mappings.cnt)
		return;
	for (size_t i = 0; i < KIN_CNT && kin->layouts[i]; i++) {
		const struct kin_layout *layout = kin->layouts[i];

		if (!is_kin(layout, &process->crash) || mappings__copy(&layout->mappings, &copy))
			continue;
		mappings__fini(&process->crash.mappings);
		process->crash.mappings = copy;
		if (!process->exe)
			process->exe = strdup(layout->exe);
		if (!process->build_id[0])
			memcpy(process->build_id, layout->build_id, sizeof(process->build_id));
		return;
	}
}
