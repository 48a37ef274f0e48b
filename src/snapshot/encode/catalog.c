/* SPDX-License-Identifier: MIT */
/*
 * The first walk over a copy. Each module that occurs has an array from site index to site:
 * millions of records are looked up, and an index has 18 bits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "array.h"
#include "catalog.h"
#include "format.h"
#include "record.h"
#include "redact.h"
#include "ring.h"
#include "site.h"
#include "value.h"

struct catalog_module {
	uint32_t *slots; /* by site index: place in sites + 1, 0 for none; NULL: not made yet */
	uint32_t slot_cnt;
	struct catalog_site *sites; /* ascending by index */
	uint32_t site_cnt;
	uint32_t entry; /* of a catalog that grows: its first one in the file + 1; 0: none */
};

/* By the type of `ret`; NONE: it has none. */
#define END_TYPES(upper, lower) [TTLOG_TYPE_##upper] = { TTLOG_TYPE_U64, TTLOG_TYPE_##upper },

static const uint8_t span_end_types[][2] = { FORMAT_TYPES(END_TYPES) };

static uint32_t redacted_fields(const struct redact *redact, const struct catalog_site *site)
{
	uint32_t fields = 0;

	if (!redact)
		return 0;
	/* how long a span took is no value of the program's */
	for (size_t i = site->is_span_end; i < site->nfields; i++)
		fields |= (uint32_t)redact__hides(redact, catalog_site__key(site, i)) << i;
	return fields;
}

/* Whether there can be records of it. */
static bool is_usable(const struct site *site)
{
	return site->kind != TTLOG_SITE_ENABLED && site->index < TTLOG_MAX_SITES &&
	       site->nfields <= TTLOG_MAX_FIELDS && site->ret_type < ARRAY_SIZE(span_end_types);
}

const char *catalog_site__key(const struct catalog_site *site, size_t field)
{
	if (!site->is_span_end)
		return site->site->keys[field];
	return field ? site->site->ret_key : "duration_ns";
}

static bool has_ret(const struct site *site)
{
	return site->ret_type != TTLOG_TYPE_NONE && site->ret_key;
}

bool catalog_site__init(struct catalog_site *ret, const struct site *site, bool is_span_end)
{
	if (!is_usable(site) || (is_span_end && site->kind != TTLOG_SITE_SPAN))
		return false;
	*ret = (struct catalog_site){
		.site = site,
		.is_span_end = is_span_end,
		.nfields = site->nfields,
		.types = site->types,
		.names = site->names,
		.nullable = site->nullable,
		.number = CATALOG_NO_NUMBER,
	};
	if (is_span_end) {
		ret->names = 0;
		ret->nfields = has_ret(site) ? 2 : 1;
		ret->types = span_end_types[site->ret_type];
		ret->nullable = has_ret(site) ? 1u << 1 : 0;
	}
	ret->is_variable = ret->nullable != 0;
	for (size_t i = 0; i < ret->nfields; i++) {
		size_t bytes = value__fixed_bytes(ret->types[i]);

		ret->fixed_bytes += (uint32_t)bytes;
		ret->is_variable |= bytes == 0;
	}
	return true;
}

static void add_site(const struct catalog *catalog, struct catalog_module *module,
		     const struct site *site, bool is_span_end)
{
	const struct catalog_choice *choice = catalog->choice;
	uint32_t index = site->index + is_span_end;
	struct catalog_site made;

	if (!catalog_site__init(&made, site, is_span_end) || module->slots[index])
		return;
	made.redacted = redacted_fields(catalog->redact, &made);
	made.has_nulls = is_span_end && made.nfields > 1;
	for (size_t i = 0; i < made.nfields; i++)
		made.has_nulls |= catalog_site__has_nulls(&made, i);
	if (choice && !choice->wants(choice->ctx, &made))
		return;
	module->sites[module->site_cnt++] = made;
	module->slots[index] = module->site_cnt;
}

static int fill_module(const struct catalog *catalog, struct catalog_module *module,
		       const struct site_table *table)
{
	for (size_t i = 0; i < table->cnt; i++)
		if (is_usable(&table->sites[i]) && table->sites[i].index + 2 > module->slot_cnt)
			module->slot_cnt = table->sites[i].index + 2;
	module->slots = calloc(module->slot_cnt + 1, sizeof(*module->slots));
	module->sites = calloc(table->cnt * 2 + 1, sizeof(*module->sites));
	if (!module->slots || !module->sites)
		return -ENOMEM;
	for (size_t i = 0; i < table->cnt; i++) {
		const struct site *site = &table->sites[i];

		if (!is_usable(site))
			continue;
		add_site(catalog, module, site, false);
		if (site->kind == TTLOG_SITE_SPAN)
			add_site(catalog, module, site, true);
	}
	return 0;
}

static struct catalog_site *find_site(const struct catalog_module *module, uint32_t index)
{
	if (index >= module->slot_cnt || !module->slots[index])
		return NULL;
	return &module->sites[module->slots[index] - 1];
}

/* It occurs. */
static void note(struct catalog *catalog, struct catalog_site *site, uint32_t thread)
{
	site->record_cnt++;
	if (site->number == CATALOG_NO_NUMBER) {
		site->number = CATALOG_OCCURS;
		catalog->has_nulls |= site->has_nulls;
	}
	if (catalog->thread_numbers[thread] == CATALOG_NO_NUMBER)
		catalog->thread_numbers[thread] = CATALOG_OCCURS;
	catalog->last_entries[thread] = (uint32_t)catalog->entry_cnt;
}

static int walk_entry(struct catalog *catalog, const struct ring_entry *entry)
{
	struct record_walk walk = record_walk__start(entry);
	struct catalog_module *module;
	struct catalog_site *site;
	struct record record;
	int err;

	catalog->entry_cnt++;
	catalog->corrupt_cnt += entry->events;
	if (entry->thread >= catalog->table_thread_cnt || entry->module >= catalog->module_cnt ||
	    !catalog->tables[entry->module])
		return 0;
	module = &catalog->modules[entry->module];
	if (!module->slots) {
		err = fill_module(catalog, module, catalog->tables[entry->module]);
		if (err)
			return err;
	}
	while (record_walk__next(&walk, &record) == 1) {
		site = find_site(module, record.site_index);
		if (!site || !catalog_site__fits(site, record.fields, record.fields_len))
			continue;
		/* the numbers come later */
		note(catalog, site, entry->thread);
		catalog->corrupt_cnt--;
		catalog->record_bytes += sizeof(struct ttlog_record) + record.fields_len;
		if (record.fields_len > catalog->fields_max_bytes)
			catalog->fields_max_bytes = record.fields_len;
	}
	return 0;
}

static int number_sites(struct catalog *catalog)
{
	uint32_t cnt = 0, module = 0;

	for (size_t i = 0; i < catalog->module_cnt; i++)
		for (uint32_t k = 0; k < catalog->modules[i].site_cnt; k++)
			cnt += catalog->modules[i].sites[k].number != CATALOG_NO_NUMBER;
	catalog->sites = calloc((size_t)cnt + 1, sizeof(*catalog->sites));
	if (!catalog->sites)
		return -ENOMEM;
	for (size_t i = 0; i < catalog->module_cnt; i++) {
		const uint32_t before = catalog->site_cnt;

		for (uint32_t k = 0; k < catalog->modules[i].site_cnt; k++) {
			struct catalog_site *site = &catalog->modules[i].sites[k];

			if (site->number == CATALOG_NO_NUMBER)
				continue;
			site->number = catalog->site_cnt;
			site->module = module;
			site->build_id = catalog->tables[i]->build_id;
			catalog->sites[catalog->site_cnt++] = site;
		}
		module += catalog->site_cnt > before;
	}
	return 0;
}

static void number_threads(struct catalog *catalog)
{
	for (uint32_t i = 0; i < catalog->table_thread_cnt; i++) {
		if (catalog->thread_numbers[i] == CATALOG_NO_NUMBER)
			continue;
		catalog->thread_numbers[i] = catalog->thread_cnt;
		catalog->threads[catalog->thread_cnt++] = i;
	}
}

static int make_tables(struct catalog *catalog)
{
	const size_t thread_cnt = catalog->table_thread_cnt;

	catalog->modules = calloc(catalog->module_cnt + 1, sizeof(*catalog->modules));
	catalog->thread_numbers = calloc(thread_cnt + 1, sizeof(*catalog->thread_numbers));
	catalog->threads = calloc(thread_cnt + 1, sizeof(*catalog->threads));
	catalog->last_entries = calloc(thread_cnt + 1, sizeof(*catalog->last_entries));
	if (!catalog->modules || !catalog->thread_numbers || !catalog->threads ||
	    !catalog->last_entries)
		return -ENOMEM;
	for (size_t i = 0; i < thread_cnt; i++)
		catalog->thread_numbers[i] = CATALOG_NO_NUMBER;
	return 0;
}

struct catalog *catalog__new(struct ring_copy *copy, const struct site_table *const *modules,
			     size_t module_cnt, size_t thread_cnt,
			     const struct catalog_choice *choice, const struct redact *redact)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	const struct ring_entry *entry;
	size_t cursor = 0;
	int err;

	if (!catalog)
		return NULL;
	catalog->tables = modules;
	catalog->module_cnt = module_cnt;
	catalog->table_thread_cnt = thread_cnt;
	catalog->choice = choice;
	catalog->redact = redact;
	err = make_tables(catalog);
	while (!err && (entry = ring_copy__next(copy, &cursor)))
		err = walk_entry(catalog, entry);
	if (!err)
		err = number_sites(catalog);
	if (err) {
		catalog__free(catalog);
		errno = -err;
		return NULL;
	}
	number_threads(catalog);
	return catalog;
}

void catalog__free(struct catalog *catalog)
{
	if (!catalog)
		return;
	for (size_t i = 0; catalog->modules && i < catalog->module_cnt; i++) {
		free(catalog->modules[i].slots);
		free(catalog->modules[i].sites);
	}
	free(catalog->modules);
	free(catalog->thread_numbers);
	free(catalog->threads);
	free(catalog->last_entries);
	free(catalog->sites);
	free(catalog);
}

/* ---- one that grows ---- */

struct catalog *catalog__new_growing(const struct redact *redact)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog)
		catalog->redact = redact;
	return catalog;
}

int catalog__extend(struct catalog *catalog, const struct site_table *const *modules,
		    size_t module_cnt, size_t thread_cnt)
{
	size_t cap = catalog->thread_cap;
	const size_t had = catalog->table_thread_cnt;

	catalog->tables = modules;
	if (module_cnt > catalog->module_cnt) {
		if (array__reserve(catalog->modules, module_cnt, &catalog->module_cap))
			return -ENOMEM;
		memset(catalog->modules + catalog->module_cnt, 0,
		       (module_cnt - catalog->module_cnt) * sizeof(*catalog->modules));
		catalog->module_cnt = module_cnt;
	}
	if (thread_cnt <= had)
		return 0;
	/* three arrays of one capacity */
	if (array__reserve(catalog->thread_numbers, thread_cnt, &cap))
		return -ENOMEM;
	cap = catalog->thread_cap;
	if (array__reserve(catalog->threads, thread_cnt, &cap))
		return -ENOMEM;
	cap = catalog->thread_cap;
	if (array__reserve(catalog->last_entries, thread_cnt, &cap))
		return -ENOMEM;
	catalog->thread_cap = cap;
	for (size_t i = had; i < thread_cnt; i++) {
		catalog->thread_numbers[i] = CATALOG_NO_NUMBER;
		catalog->last_entries[i] = 0;
	}
	catalog->table_thread_cnt = thread_cnt;
	return 0;
}

int catalog__walk(struct catalog *catalog, struct ring_copy *copy)
{
	const struct ring_entry *entry;
	size_t cursor = 0;
	int err = 0;

	for (size_t i = 0; i < catalog->module_cnt; i++)
		for (uint32_t k = 0; k < catalog->modules[i].site_cnt; k++)
			catalog->modules[i].sites[k].record_cnt = 0;
	for (size_t i = 0; i < catalog->table_thread_cnt; i++)
		catalog->last_entries[i] = 0;
	catalog->entry_cnt = 0;
	catalog->corrupt_cnt = 0;
	catalog->record_bytes = 0;
	while (!err && (entry = ring_copy__next(copy, &cursor)))
		err = walk_entry(catalog, entry);
	return err;
}

void catalog__note(struct catalog *catalog, const struct catalog_site *site, uint32_t thread)
{
	/* the site is one of this catalog */
	note(catalog, (struct catalog_site *)site, thread);
	/* also if the copy has no entry */
	catalog->last_entries[thread] |= 1;
}

/* The sites that are new in one module follow each other, so they take one entry. */
static int number_new_sites(struct catalog *catalog, size_t number)
{
	struct catalog_module *module = &catalog->modules[number];
	bool is_first = true;

	for (uint32_t k = 0; k < module->site_cnt; k++) {
		struct catalog_site *site = &module->sites[k];

		if (site->number != CATALOG_OCCURS)
			continue;
		if (array__reserve(catalog->sites, (size_t)catalog->site_cnt + 1,
				   &catalog->site_cap))
			return -ENOMEM;
		if (is_first) {
			catalog->file_module_cnt++;
			if (!module->entry)
				module->entry = catalog->file_module_cnt;
		}
		is_first = false;
		site->module = module->entry - 1;
		site->build_id = catalog->tables[number]->build_id;
		site->number = catalog->site_cnt;
		catalog->sites[catalog->site_cnt++] = site;
	}
	return 0;
}

int catalog__number_new(struct catalog *catalog)
{
	int err = 0;

	for (size_t i = 0; i < catalog->module_cnt && !err; i++)
		err = number_new_sites(catalog, i);
	for (uint32_t i = 0; i < catalog->table_thread_cnt; i++) {
		if (catalog->thread_numbers[i] != CATALOG_OCCURS)
			continue;
		catalog->thread_numbers[i] = catalog->thread_cnt;
		catalog->threads[catalog->thread_cnt++] = i;
	}
	return err;
}

void catalog__renumber(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->module_cnt; i++) {
		struct catalog_module *module = &catalog->modules[i];

		module->entry = 0;
		for (uint32_t k = 0; k < module->site_cnt; k++)
			module->sites[k].number = module->sites[k].record_cnt ? CATALOG_OCCURS
									      : CATALOG_NO_NUMBER;
	}
	for (size_t i = 0; i < catalog->table_thread_cnt; i++)
		catalog->thread_numbers[i] = catalog->last_entries[i] ? CATALOG_OCCURS
								      : CATALOG_NO_NUMBER;
	catalog->site_cnt = catalog->thread_cnt = catalog->file_module_cnt = 0;
}

/* ---- one that is too large ---- */

uint64_t catalog__keep_sites(struct catalog *catalog, size_t max_cnt)
{
	uint64_t dropped = 0;

	for (size_t i = 0; i < catalog->module_cnt; i++) {
		const struct catalog_module *module = &catalog->modules[i];

		for (uint32_t k = 0; k < module->site_cnt; k++) {
			struct catalog_site *site = &module->sites[k];

			if (site->number == CATALOG_NO_NUMBER || site->number < max_cnt)
				continue;
			module->slots[site->site->index + site->is_span_end] = 0;
			site->number = CATALOG_NO_NUMBER;
			dropped += site->record_cnt;
		}
	}
	if (catalog->site_cnt > max_cnt)
		catalog->site_cnt = (uint32_t)max_cnt;
	catalog->corrupt_cnt += dropped;
	return dropped;
}

static int compare_newest_first(const void *a, const void *b)
{
	const uint32_t *one = a, *other = b;

	return *one < *other ? 1 : *one > *other ? -1 : 0;
}

size_t catalog__keep_threads(struct catalog *catalog, size_t max_cnt)
{
	const uint32_t cnt = catalog->thread_cnt;
	uint32_t *newest, oldest_kept, kept = 0;

	if (cnt <= max_cnt)
		return 0;
	newest = calloc(cnt, sizeof(*newest));
	for (uint32_t i = 0; newest && i < cnt; i++)
		newest[i] = catalog->last_entries[catalog->threads[i]];
	if (newest)
		qsort(newest, cnt, sizeof(*newest), compare_newest_first);
	/* an entry is of one thread, so all differ; without memory, one number stands for all
	 * threads */
	oldest_kept = newest && max_cnt > 1 ? newest[max_cnt - 2] : UINT32_MAX;
	free(newest);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t thread = catalog->threads[i];

		if (catalog->last_entries[thread] < oldest_kept)
			continue;
		catalog->thread_numbers[thread] = kept;
		catalog->threads[kept++] = thread;
	}
	for (uint32_t i = 0; i < catalog->table_thread_cnt; i++) {
		if (catalog->last_entries[i] && catalog->last_entries[i] < oldest_kept)
			catalog->thread_numbers[i] = kept;
	}
	catalog->threads[kept] = CATALOG_NO_NUMBER;
	catalog->thread_cnt = kept + 1;
	return cnt - kept;
}

const struct catalog_site *catalog__find(const struct catalog *catalog, uint32_t module,
					 uint32_t index)
{
	if (module >= catalog->module_cnt)
		return NULL;
	return find_site(&catalog->modules[module], index);
}

bool catalog_site__fits(const struct catalog_site *site, const unsigned char *fields, size_t len)
{
	if (site->is_variable)
		return value__fits(site->types, site->nfields, site->nullable, fields, len);
	return len >= site->fixed_bytes && len - site->fixed_bytes < TTLOG_RECORD_ALIGN;
}

uint32_t catalog__thread_number(const struct catalog *catalog, uint32_t thread)
{
	return thread < catalog->table_thread_cnt ? catalog->thread_numbers[thread]
						  : CATALOG_NO_NUMBER;
}
