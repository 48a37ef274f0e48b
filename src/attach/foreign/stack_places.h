/* SPDX-License-Identifier: MIT */
/* With --stack: where a thread passes before it logs an event. */
#ifndef TTLOG_STACK_PLACES_H
#define TTLOG_STACK_PLACES_H

#include <stdint.h>

struct site_table;

#define STACK_PLACES_OFF         0
#define STACK_PLACES_FROM(level) ((uint8_t)((level) + 1))

/* Adds a place to the table for each copy of a site of our own marks of that level or above: the nop
 * of its USDT probe. Places of foreign sites are marked. from: STACK_PLACES_FROM(level), or off. 0 or -errno. */
int stack_places__add(struct site_table *table, uint8_t from, int fd);

#endif /* TTLOG_STACK_PLACES_H */
