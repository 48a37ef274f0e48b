/* SPDX-License-Identifier: MIT */
/*
 * What a place may have of no file: of a send that failed, or of what another one took the place of. The
 * ledger knows it from before the first byte until it is known that it is a file's, or gone, whatever ends
 * between: also the file here. What a nuid names is the place's own: chunks, a file, an upload.
 */
#ifndef TTLOG_LEFTOVERS_H
#define TTLOG_LEFTOVERS_H

#include "place.h"

#define LEFTOVERS_MOST 64 /* at a time */

struct leftover {
	char nuid[OBJECT_NUID_BYTES], object[FLEET_OBJECT_BYTES];
};

struct leftovers {
	const char *object; /* NULL: of all */
	size_t cnt;
	struct leftover items[LEFTOVERS_MOST];
};

/* Something of this nuid may be left; "": nothing. */
void leftovers__begin(const struct place_setting *setting, const char *nuid, const char *object);
/* It is that object's, which is all there, or it is gone. */
void leftovers__end(const struct place_setting *setting, const char *nuid);

/* object: NULL: of all. The caller frees it. NULL: out of memory. */
struct leftovers *leftovers__of(const struct place_setting *setting, const char *object);

#endif /* TTLOG_LEFTOVERS_H */
