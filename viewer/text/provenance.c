/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "provenance.h"

static int compare(const void *a, const void *b)
{
	const struct provenance *x = a, *y = b;
	uintptr_t p = (uintptr_t)x->reader, q = (uintptr_t)y->reader;

	return p < q ? -1 : p > q;
}

int provenances__init(struct provenances *ret, struct ttlog_snapshot *const *readers,
		      size_t reader_cnt)
{
	struct provenances provenances = { .list = calloc(reader_cnt + 1,
							  sizeof(*provenances.list)) };

	if (!provenances.list)
		return -ENOMEM;
	for (size_t i = 0; i < reader_cnt; i++) {
		if (!ttlog_snapshot_info(readers[i])->has_header)
			continue;
		provenances.list[provenances.cnt++] = (struct provenance){
			.reader = readers[i],
			.number = i,
			.first_site = provenances.site_cnt,
			.first_thread = provenances.thread_cnt,
		};
		provenances.site_cnt += ttlog_snapshot_info(readers[i])->site_cnt;
		provenances.thread_cnt += ttlog_snapshot_info(readers[i])->thread_cnt;
	}
	qsort(provenances.list, provenances.cnt, sizeof(*provenances.list), compare);
	*ret = provenances;
	return 0;
}

void provenances__fini(struct provenances *provenances)
{
	free(provenances->list);
	*provenances = (struct provenances){ .cnt = 0 };
}

const struct provenance *provenances__find(struct provenances *provenances,
					   const struct ttlog_event *event)
{
	size_t low = 0, high = provenances->cnt;

	if (provenances->list[provenances->last].reader == event->snapshot)
		return &provenances->list[provenances->last];
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if ((uintptr_t)event->snapshot < (uintptr_t)provenances->list[mid].reader)
			high = mid;
		else
			low = mid;
	}
	provenances->last = low;
	return &provenances->list[low];
}
