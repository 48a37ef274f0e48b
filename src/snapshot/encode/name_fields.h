/* SPDX-License-Identifier: MIT */
/*
 * Texts that are mangled names of C++ (`cxx` in --usdt and the like), as the source has them. They
 * come from programs, and are hostile. For one thread.
 */
#ifndef TTLOG_NAME_FIELDS_H
#define TTLOG_NAME_FIELDS_H

#include <stdint.h>

struct catalog_site;
struct name_fields;

/* NULL without memory. */
struct name_fields *name_fields__new(void);
/* NULL is fine. */
void name_fields__free(struct name_fields *names);

/*
 * The fields of a record of a site that has such texts, with readable names, until the next call.
 * bytes: of the whole record; changes with it. The same fields if there is no name among them, or
 * they would be too long.
 */
const unsigned char *name_fields__read(struct name_fields *names, const struct catalog_site *site,
				       const unsigned char *fields, uint32_t *bytes);

#endif /* TTLOG_NAME_FIELDS_H */
