/* SPDX-License-Identifier: MIT */
/*
 * Notes that a probe of the user takes are collected first, and sorted by name: so the places of
 * one site follow each other, and equal names cost nothing to find in a file that has many.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf_file.h"
#include "foreign_builder.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "site.h"
#include "text_pool.h"
#include "usdt_fields.h"
#include "usdt_notes.h"
#include "usdt_sites.h"
#include "usdt_symbols.h"

/* A note, with texts of the pool. */
struct chosen_note {
	const char *provider, *name, *arguments;
	uint64_t vaddr, offset, semaphore_offset;
	const struct foreign_probe *probe;
};

struct collection {
	struct foreign_builder *builder;
	const struct foreign_probes *probes;
	struct elf_file *file;
	struct usdt_symbols *symbols;
	size_t own_cnt; /* sites that the table had before */
	struct chosen_note *notes;
	size_t cnt, cap;
};

static int compare_semaphores(const void *key, const void *item)
{
	const uint64_t *offset = key;
	const struct site *site = item;

	return (*offset > site->semaphore_offset) - (*offset < site->semaphore_offset);
}

/* Sites of ttlog's macros have notes, too. */
static bool is_own(const struct collection *all, const struct usdt_note *note)
{
	const struct site_table *table = all->builder->table;

	if (!table->has_module || !note->semaphore_offset)
		return false;
	return note->semaphore_offset == table->listening_offset ||
	       bsearch(&note->semaphore_offset, table->sites, all->own_cnt, sizeof(*table->sites),
		       compare_semaphores);
}

/*
 * Kernels from 6.18 on make a nop of five bytes a call. That overwrites the red zone, and children
 * after fork() die there.
 */
static bool harms(struct collection *all, const struct usdt_note *note)
{
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	uint8_t code[sizeof(nop5)];

	return all->file->header.e_machine == EM_X86_64 &&
	       !elf_file__read(all->file, note->offset, code, sizeof(code)) &&
	       !memcmp(code, nop5, sizeof(code));
}

static int collect(const struct usdt_note *note, void *ctx)
{
	struct collection *all = ctx;
	const struct foreign_probe *probe =
		foreign_probes__find_usdt(all->probes, note->provider, note->name);
	struct chosen_note *chosen;

	if (!probe || is_own(all, note))
		return 0;
	if (harms(all, note)) {
		foreign_report__add(
			all->builder->report,
			"%s: %s:%s is left out where it is a nop of five bytes: kernels from "
			"6.18 on would harm the program there",
			all->builder->path, note->provider, note->name);
		return 0;
	}
	if (array__reserve(all->notes, all->cnt + 1, &all->cap))
		return -ENOMEM;
	chosen = &all->notes[all->cnt];
	*chosen = (struct chosen_note){
		.provider = foreign_builder__text(all->builder, note->provider),
		.name = foreign_builder__text(all->builder, note->name),
		.arguments = foreign_builder__text(all->builder, note->arguments),
		.vaddr = note->vaddr,
		.offset = note->offset,
		.semaphore_offset = note->semaphore_offset,
		.probe = probe,
	};
	if (!chosen->provider || !chosen->name || !chosen->arguments)
		return -ENOMEM;
	all->cnt++;
	return 0;
}

static int compare_names(const struct chosen_note *a, const struct chosen_note *b)
{
	int order = strcmp(a->provider, b->provider);

	return order ? order : strcmp(a->name, b->name);
}

static int compare_notes(const void *a, const void *b)
{
	const struct chosen_note *x = a, *y = b;
	int order = compare_names(x, y);

	return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Parses the operands of all places of a site into places, and adds these; what is known of its
 * fields after all of them comes afterwards. */
static int add_places(struct collection *all, const struct chosen_note *notes, size_t cnt,
		      uint32_t index, struct usdt_fields *fields)
{
	struct usdt_scope scope = { .machine = usdt__machine(all->file),
				    .is_absolute = all->file->header.e_type == ET_EXEC,
				    .find_symbol = usdt_symbols__find,
				    .ctx = all->symbols };
	int err;

	for (size_t i = 0; i < cnt; i++) {
		struct foreign_place place = {
			.offset = notes[i].offset,
			.semaphore_offset = notes[i].semaphore_offset,
			.plan = { .site = index, .kind = WIRE_PLACE_EVENT },
		};

		if (i && notes[i].offset == notes[i - 1].offset)
			continue;
		scope.place = notes[i].vaddr;
		usdt_fields__add_place(fields, &scope, notes[i].arguments, &place.plan);
		err = foreign_builder__add_place(all->builder, &place);
		if (err)
			return err;
	}
	return 0;
}

static int fill_texts(struct foreign_builder *builder, const struct chosen_note *note,
		      struct site *site)
{
	char message[512];

	(void)snprintf(message, sizeof(message), "%s:%s", note->provider, note->name);
	site->target = note->provider;
	site->name = note->name;
	site->service = site->file = site->function = "";
	site->message = foreign_builder__text(builder, message);
	return site->message ? 0 : -ENOMEM;
}

static void report_null(const struct collection *all, const struct chosen_note *note,
			const struct usdt_fields *fields, size_t place_cnt)
{
	for (size_t i = 0; i < fields->cnt; i++) {
		const struct usdt_field *field = &fields->list[i];

		if (field->null_cnt)
			foreign_report__add(all->builder->report,
					    "%s: argument %zu of %s:%s is null at %zu of %zu "
					    "places: %s",
					    all->builder->path, i + 1, note->provider, note->name,
					    field->null_cnt, place_cnt, field->why);
	}
}

/* cnt notes with the same name become a site. */
static int add_site(struct collection *all, const struct chosen_note *notes, size_t cnt)
{
	struct site_table *table = all->builder->table;
	const size_t first_place = table->place_cnt;
	struct site site = { .level = notes->probe->level, .kind = TTLOG_SITE_EVENT };
	struct usdt_fields fields = { 0 };
	int err = fill_texts(all->builder, notes, &site);

	if (!err)
		err = foreign_builder__add_site(all->builder, &site);
	if (!err)
		err = add_places(all, notes, cnt, site.index, &fields);
	if (err)
		return err;
	usdt_fields__choose(&fields, notes->probe,
			    foreign_probes__find_known(all->probes, notes->provider, notes->name));
	if (fields.missing_cnt)
		foreign_report__add(all->builder->report,
				    "%s: %s:%s has no more than %zu arguments: the last %zu fields "
				    "of %s '%s' are left out",
				    all->builder->path, notes->provider, notes->name,
				    fields.argument_cnt, fields.missing_cnt,
				    foreign_kind__option(FOREIGN_USDT), notes->probe->text);
	for (size_t i = first_place; i < table->place_cnt; i++)
		usdt_fields__finish_place(&fields, &table->places[i].plan);
	report_null(all, notes, &fields, table->place_cnt - first_place);
	return usdt_fields__fill_site(&fields, table->pool, &table->sites[table->cnt - 1]);
}

static int add_sites(struct collection *all)
{
	size_t end;
	int err = 0;

	if (!all->cnt)
		return 0;
	if (!usdt__machine(all->file)) {
		foreign_report__add(all->builder->report,
				    "%s: its USDT probes are of a machine that is not known",
				    all->builder->path);
		return 0;
	}
	qsort(all->notes, all->cnt, sizeof(*all->notes), compare_notes);
	for (size_t start = 0; !err && start < all->cnt; start = end) {
		end = start + 1;
		while (end < all->cnt && !compare_names(&all->notes[start], &all->notes[end]))
			end++;
		err = add_site(all, &all->notes[start], end - start);
	}
	return err;
}

int usdt_sites__add(struct foreign_builder *builder, const struct foreign_probes *probes, int fd)
{
	struct collection all = {
		.builder = builder,
		.probes = probes,
		.own_cnt = builder->table->cnt,
		.file = elf_file__new(fd),
	};
	size_t malformed = 0;
	int err;

	if (!all.file)
		return -errno;
	all.symbols = usdt_symbols__new(all.file);
	err = all.symbols ? usdt_notes__each(all.file, collect, &all, &malformed) : -ENOMEM;
	if (malformed)
		foreign_report__add(builder->report, "%s: %zu notes of USDT probes are invalid",
				    builder->path, malformed);
	if (!err)
		err = add_sites(&all);
	usdt_symbols__free(all.symbols);
	elf_file__free(all.file);
	free(all.notes);
	return err;
}
