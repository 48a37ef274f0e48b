/* SPDX-License-Identifier: MIT */
/* All objects of a bucket. */
#ifndef TTLOG_OBJECT_LIST_H
#define TTLOG_OBJECT_LIST_H

#include "bucket.h"
#include "object_meta.h"

/* Each object that is there when it begins, in the order in which they came; those that were deleted,
 * and what is no object, are passed over. each: 0, or -errno, which ends it. */
int object_list__each(const struct bucket *bucket,
		      int (*each)(void *ctx, const struct object_meta *meta), void *ctx,
		      struct fleet_error *error);

#endif /* TTLOG_OBJECT_LIST_H */
