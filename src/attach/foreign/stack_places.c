/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>

#include "elf_file.h"
#include "foreign_builder.h"
#include "site.h"
#include "stack_places.h"
#include "usdt_notes.h"

struct visit {
	struct foreign_builder builder;
	uint8_t from;
};

/* Of our own sites, which ascend by their semaphores. NULL: none has that. */
static const struct site *find_site(const struct site_table *table, uint64_t semaphore_offset)
{
	size_t low = 0, high = table->cnt;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct site *site = &table->sites[middle];

		if (site__is_foreign(site) || site->semaphore_offset > semaphore_offset)
			high = middle;
		else if (site->semaphore_offset < semaphore_offset)
			low = middle + 1;
		else
			return site;
	}
	return NULL;
}

static int take_note(const struct usdt_note *note, void *ctx)
{
	struct visit *visit = ctx;
	const struct site *site = NULL;

	if (note->semaphore_offset)
		site = find_site(visit->builder.table, note->semaphore_offset);
	if (!site || STACK_PLACES_FROM(site->level) < visit->from ||
	    site->kind == TTLOG_SITE_ENABLED)
		return 0;
	/* its gate's link raises the semaphore */
	return foreign_builder__add_place(
		&visit->builder, &(const struct foreign_place){
					 .offset = note->offset,
					 .plan = { .site = site->index, .kind = WIRE_PLACE_STACK },
				 });
}

/* Probes that are not ours have their places already. */
static void note_foreign(struct site_table *table, uint8_t from)
{
	for (size_t i = 0; i < table->place_cnt; i++) {
		struct wire_place *plan = &table->places[i].plan;
		const struct site *site = site_table__find(table, plan->site);

		plan->has_stack =
			site && STACK_PLACES_FROM(site->level) >= from &&
			(plan->kind == WIRE_PLACE_EVENT || plan->kind == WIRE_PLACE_BEGIN);
	}
}

int stack_places__add(struct site_table *table, uint8_t from, int fd)
{
	struct visit visit = { .from = from };
	struct elf_file *file;
	size_t malformed;
	int err;

	if (from == STACK_PLACES_OFF)
		return 0;
	note_foreign(table, from);
	if (!table->has_module)
		return 0;
	file = elf_file__new(fd);
	if (!file)
		return -errno;
	visit.builder = foreign_builder__begin(table, "", NULL);
	err = usdt_notes__each(file, take_note, &visit, &malformed);
	elf_file__free(file);
	return err;
}
