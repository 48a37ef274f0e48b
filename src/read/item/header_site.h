/* SPDX-License-Identifier: MIT */
/* A site of a header's table: FORMAT.md, section 3. */
#ifndef TTLOG_READ_HEADER_SITE_H
#define TTLOG_READ_HEADER_SITE_H

#include <ttlog/read.h>

struct arena;

/* Returns 0, -EBADMSG or -ENOMEM. */
int header_site__parse(struct ttlog_site *site, struct arena *arena, struct ttlog_cbor *in);

#endif /* TTLOG_READ_HEADER_SITE_H */
