/* SPDX-License-Identifier: MIT */
/*
 * What processes that have ended had counted, by service: so that the counts of a service only grow.
 *
 * Of a machine with more services, those that end late count together as SERVICE_TOTALS_REST.
 */
#ifndef TTLOG_SERVICE_TOTALS_H
#define TTLOG_SERVICE_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "accounts.h"

#define SERVICE_TOTALS_MAX  256
#define SERVICE_TOTALS_REST "(other)"

struct service_total {
	char name[64]; /* cut; "": programs without a service's name */
	uint64_t processes;
	struct accounts accounts;
	uint64_t bytes, flushes;
};

struct service_totals {
	struct service_total *items;
	size_t cnt, cap;
};

void service_totals__fini(struct service_totals *totals);
/* service: NULL for none. Without memory, it is counted nowhere. */
void service_totals__add(struct service_totals *totals, const char *service,
			 const struct accounts *accounts, uint64_t bytes, uint64_t flushes);
/* Without memory, the copy is empty. */
void service_totals__copy(const struct service_totals *totals, struct service_totals *ret);

#endif /* TTLOG_SERVICE_TOTALS_H */
