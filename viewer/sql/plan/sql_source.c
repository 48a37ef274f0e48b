/* SPDX-License-Identifier: MIT */
#include <sqlite3.h>

#include "hash.h"
#include "sql_source.h"
#include "sql_value.h"
#include <ttlog/read.h>

static bool is_clean_site(const struct ttlog_site *site)
{
	return sql_value__is_clean(site->target) && sql_value__is_clean(site->probe) &&
	       sql_value__is_clean(site->msg) && sql_value__is_clean(site->file) &&
	       sql_value__is_clean(site->func);
}

static bool is_clean(const struct store *store)
{
	for (size_t f = 0; f < store->file_cnt; f++) {
		const struct ttlog_info *header = ttlog_snapshot_info(store->files[f].reader);

		if (!sql_value__is_clean(
			    ttlog_text_of(ttlog_snapshot_name(store->files[f].reader))))
			return false;
		for (size_t i = 0; i < header->site_cnt; i++) {
			if (!is_clean_site(header->sites[i]))
				return false;
		}
		for (size_t i = 0; i < header->thread_cnt; i++) {
			if (!sql_value__is_clean(header->threads[i]->comm))
				return false;
		}
	}
	return true;
}

/* Only one thread uses SQLite here: without locks and memory statistics, a prepared look-up takes
 * half the time. SQLite refuses once it is in use; then nothing changes. */
static void be_single(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sql_source__init(struct sql_source *ret, struct ttlog_snapshot *const *readers,
		     size_t reader_cnt)
{
	int err;

	be_single();
	*ret = (struct sql_source){ .readers = readers, .reader_cnt = reader_cnt };
	ret->indices = (struct sql_indices){
		.store = &ret->store,
		.columns = &ret->columns,
		.scratch = &ret->scratch,
		.secret = hash__new_secret(),
	};
	for (size_t i = 0; i < reader_cnt; i++) {
		uint64_t last_ns = ttlog_snapshot_last_ns(readers[i]);

		ret->last_ns = last_ns > ret->last_ns ? last_ns : ret->last_ns;
	}
	err = out__init_memory(&ret->scratch);
	if (!err)
		err = store__init(&ret->store, readers, reader_cnt);
	if (!err)
		err = sql_columns__init(&ret->columns, &ret->store, &SQL_EVENTS_COLUMNS);
	if (!err)
		err = sql_columns__init(&ret->span_columns, &ret->store, &SQL_SPANS_COLUMNS);
	if (err)
		sql_source__fini(ret);
	else
		ret->is_clean = is_clean(&ret->store);
	return err;
}

void sql_source__fini(struct sql_source *source)
{
	sql_indices__fini(&source->indices);
	sql_columns__fini(&source->columns);
	sql_columns__fini(&source->span_columns);
	store__fini(&source->store);
	out__fini(&source->scratch);
}
