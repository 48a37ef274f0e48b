/* SPDX-License-Identifier: MIT */
/*
 * s3://BUCKET/PREFIX: an object has the hash of its content in its name, so what is there is not sent again. An
 * acknowledgement of S3 is of what is on disks: it is read back once, and daily only asked for its ETag.
 */
#ifndef TTLOG_S3_PLACE_H
#define TTLOG_S3_PLACE_H

#include "place.h"

extern const struct place_ops s3_place__ops;

#endif /* TTLOG_S3_PLACE_H */
