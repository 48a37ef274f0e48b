/* SPDX-License-Identifier: MIT */
/*
 * Chunks in the bucket that may be of no object: of a put that failed, or of the object that another one
 * took the place of. The ledger knows them from before the first chunk until it is known that they are an
 * object's, or gone, whatever ends between: also the file here.
 */
#ifndef TTLOG_LEFTOVERS_H
#define TTLOG_LEFTOVERS_H

#include "nats_place.h"

#define LEFTOVERS_MOST 64 /* at a time */

struct leftover {
	char nuid[OBJECT_NUID_BYTES], object[FLEET_OBJECT_BYTES];
};

struct leftovers {
	const char *object; /* NULL: of all */
	size_t cnt;
	struct leftover items[LEFTOVERS_MOST];
};

/* Chunks of this nuid may be left; "": of none. */
void leftovers__begin(const struct nats_place *place, const char *nuid, const char *object);
/* They are of that object, which is all there. */
void leftovers__end(const struct nats_place *place, const char *nuid);

/* object: NULL: of all. The caller frees it. NULL: out of memory. */
struct leftovers *leftovers__of(const struct nats_place *place, const char *object);
int leftovers__purge(const struct nats_place *place, const char *nuid, struct fleet_error *error);
/* What other puts of this object left: its message, which is there, says that it has other chunks. */
int leftovers__purge_others(const struct nats_place *place, const struct object_meta *meta,
			    struct fleet_error *error);

#endif /* TTLOG_LEFTOVERS_H */
