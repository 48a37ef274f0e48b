/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ttlog/read.h>
#include "sql_bounds.h"

int sql_bounds__init(struct sql_bounds *ret, const struct store *store)
{
	*ret = (struct sql_bounds){
		.last_mono_ns = UINT64_MAX,
		.last_real_ns = UINT64_MAX,
		.files = calloc(store->file_cnt + 1, sizeof(*ret->files)),
		.file_cnt = store->file_cnt,
	};
	return ret->files ? 0 : -ENOMEM;
}

void sql_bounds__fini(struct sql_bounds *bounds)
{
	for (size_t i = 0; bounds->files && i < bounds->file_cnt; i++) {
		free(bounds->files[i].sites);
		free(bounds->files[i].threads);
	}
	free(bounds->files);
	*bounds = (struct sql_bounds){ .file_cnt = 0 };
}

/* ---- Sites and threads ---- */

static uint8_t *all_of(uint8_t **list, size_t cnt)
{
	if (!*list) {
		*list = malloc(cnt + 1);
		if (*list)
			memset(*list, 1, cnt);
	}
	return *list;
}

uint8_t *sql_bounds__sites(struct sql_bounds *bounds, const struct store *store, size_t file)
{
	return all_of(&bounds->files[file].sites,
		      ttlog_snapshot_info(store->files[file].reader)->site_cnt);
}

uint8_t *sql_bounds__threads(struct sql_bounds *bounds, const struct store *store, size_t file)
{
	return all_of(&bounds->files[file].threads,
		      ttlog_snapshot_info(store->files[file].reader)->thread_cnt);
}

int sql_bounds__keep_spans(struct sql_bounds *bounds, const struct store *store)
{
	for (size_t i = 0; i < bounds->file_cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(store->files[i].reader);
		uint8_t *sites = sql_bounds__sites(bounds, store, i);

		if (!sites)
			return -ENOMEM;
		for (size_t k = 0; k < header->site_cnt; k++)
			sites[k] &= header->sites[k]->kind != TTLOG_EVENT_PLAIN;
	}
	return 0;
}

/* ---- Time ---- */

bool sql_bounds__has_all(const struct sql_bounds *bounds, uint64_t first_mono_ns,
			 uint64_t last_mono_ns, uint64_t shift)
{
	if (first_mono_ns + shift > last_mono_ns + shift)
		return bounds->first_real_ns == 0 && bounds->last_real_ns == UINT64_MAX &&
		       first_mono_ns >= bounds->first_mono_ns &&
		       last_mono_ns <= bounds->last_mono_ns;
	return sql_bounds__is_in_time(bounds, first_mono_ns, first_mono_ns + shift) &&
	       sql_bounds__is_in_time(bounds, last_mono_ns, last_mono_ns + shift);
}

bool sql_bounds__has_none(const struct sql_bounds *bounds, uint64_t first_mono_ns,
			  uint64_t last_mono_ns, uint64_t shift)
{
	uint64_t first_real_ns = first_mono_ns + shift, last_real_ns = last_mono_ns + shift;

	if (last_mono_ns < bounds->first_mono_ns || first_mono_ns > bounds->last_mono_ns)
		return true;
	return first_real_ns <= last_real_ns &&
	       (last_real_ns < bounds->first_real_ns || first_real_ns > bounds->last_real_ns);
}
