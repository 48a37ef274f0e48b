/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>

#include "journal.h"
#include "journal_out.h"
#include "site.h"
#include "value.h"
#include "text_pool.h"

const char *site__type_word(const struct site *site, size_t i)
{
	const char *word = site->names >> i & 1 ? "cxx" : value__type_name(site->types[i]);

	return word ? word : "?";
}

struct site_table *site_table__ref(struct site_table *table)
{
	(void)__atomic_add_fetch(&table->more_refs, 1, __ATOMIC_RELAXED);
	return table;
}

void site_table__free(struct site_table *table)
{
	/* acquire and release: all other uses come before the free */
	if (!table || __atomic_fetch_sub(&table->more_refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(table->sites);
	free(table->places);
	text_pool__free(table->pool);
	free(table);
}

const struct site *site_table__find(const struct site_table *table, uint32_t index)
{
	size_t low = 0, high = table->cnt;

	while (low < high) {
		const size_t at = low + (high - low) / 2;

		if (table->sites[at].index < index)
			low = at + 1;
		else
			high = at;
	}
	return low < table->cnt && table->sites[low].index == index ? &table->sites[low] : NULL;
}

static void put_site(struct journal_out *out, const struct site *site)
{
	journal_out__u32(out, site->index);
	journal_out__u32(out, site->line);
	journal_out__u32(out, site->level);
	journal_out__u32(out, site->kind);
	journal_out__u32(out, site->nfields);
	journal_out__bytes(out, site->types, sizeof(site->types));
	journal_out__text(out, site->service);
	journal_out__text(out, site->target);
	journal_out__text(out, site->name);
	journal_out__text(out, site->message);
	journal_out__text(out, site->file);
	journal_out__text(out, site->function);
	for (size_t i = 0; i < site->nfields && i < TTLOG_MAX_FIELDS; i++)
		journal_out__text(out, site->keys[i]);
}

static bool is_plain(const struct site *site)
{
	return !site->nullable && !site->names && site->ret_type == TTLOG_TYPE_NONE;
}

/* What foreign sites have more. It comes after all sites, so that collectors of the first version
 * read the rest. */
static void put_more(struct journal_out *out, const struct site_table *table)
{
	for (size_t i = 0; i < table->cnt; i++) {
		const struct site *site = &table->sites[i];

		if (is_plain(site))
			continue;
		journal_out__u32(out, (uint32_t)i);
		journal_out__u32(out, site->nullable);
		/* older collectors read its low byte */
		journal_out__u32(out, site->ret_type | site->names << SITE_NAMES_SHIFT);
		journal_out__text(out, site->ret_key ? site->ret_key : "");
	}
}

int64_t site_table__store(const struct site_table *table, uint32_t number, int fd)
{
	struct journal_out out = journal_out__begin(JOURNAL_MODULE, fd);

	journal_out__u32(&out, number);
	journal_out__text(&out, table->build_id);
	journal_out__u64(&out, table->cnt);
	for (size_t i = 0; i < table->cnt; i++)
		put_site(&out, &table->sites[i]);
	put_more(&out, table);
	return journal_out__end(&out);
}
