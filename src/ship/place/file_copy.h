/* SPDX-License-Identifier: MIT */
/*
 * One file to a directory: under another name until it is whole and on the disk. As struct place_ops says.
 * What is there with the same content stays as it is.
 */
#ifndef TTLOG_FILE_COPY_H
#define TTLOG_FILE_COPY_H

#include "place.h"

int file_copy__send(struct place *base, struct place_file *file, struct fleet_error *error);

/* From the disk, if the kernel heeds that what it has in memory is not wanted. */
int file_copy__audit(struct place *base, struct place_file *file, struct fleet_error *error);

/* Files that have another name still: of a shipper that was killed. */
int file_copy__clean(struct place *base, struct fleet_error *error);

#endif /* TTLOG_FILE_COPY_H */
