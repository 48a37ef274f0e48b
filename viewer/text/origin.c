/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "origin.h"

static int compare(const void *a, const void *b)
{
	const struct origin *x = a, *y = b;
	uintptr_t p = (uintptr_t)x->reader, q = (uintptr_t)y->reader;

	return p < q ? -1 : p > q;
}

int origins__init(struct origins *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	struct origins origins = { .list = calloc(reader_cnt + 1, sizeof(*origins.list)) };

	if (!origins.list)
		return -ENOMEM;
	for (size_t i = 0; i < reader_cnt; i++) {
		if (!ttlog_snapshot_info(readers[i])->has_header)
			continue;
		origins.list[origins.cnt++] = (struct origin){
			.reader = readers[i],
			.number = i,
			.first_site = origins.site_cnt,
			.first_thread = origins.thread_cnt,
		};
		origins.site_cnt += ttlog_snapshot_info(readers[i])->site_cnt;
		origins.thread_cnt += ttlog_snapshot_info(readers[i])->thread_cnt;
	}
	qsort(origins.list, origins.cnt, sizeof(*origins.list), compare);
	*ret = origins;
	return 0;
}

void origins__fini(struct origins *origins)
{
	free(origins->list);
	*origins = (struct origins){ .cnt = 0 };
}

const struct origin *origins__find(struct origins *origins, const struct ttlog_event *event)
{
	size_t low = 0, high = origins->cnt;

	if (origins->list[origins->last].reader == event->snapshot)
		return &origins->list[origins->last];
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if ((uintptr_t)event->snapshot < (uintptr_t)origins->list[mid].reader)
			high = mid;
		else
			low = mid;
	}
	origins->last = low;
	return &origins->list[low];
}
