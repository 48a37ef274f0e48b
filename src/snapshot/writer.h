/* SPDX-License-Identifier: MIT */
/*
 * The directory that snapshots are written to.
 */
#ifndef TTLOG_WRITER_H
#define TTLOG_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk_room.h"
#include "retain.h"

struct job;
struct recipients;
struct redact;
struct snapshot_target;
struct writer;

struct writer_options {
	const char *dir;                     /* is made if it is not there */
	int level;                           /* of compression, as in frame_out.h */
	gid_t group;                         /* may read the files; OUT_DIR_NO_GROUP: none */
	const struct redact *redact;         /* NULL: no value is hidden */
	const struct recipients *recipients; /* who can read them; NULL: in clear */
	struct retain_options retain;        /* which files stay */
};

/* NULL with errno; -EPERM with a group: the directory is not safe (out_dir.h). */
struct writer *writer__new(const struct writer_options *options);
/* As retain__change(). */
int writer__set_retain(struct writer *writer, const struct retain_options *options);
/* NULL is fine. */
void writer__free(struct writer *writer);
/* Grows whenever the disk has taken something. Any thread. */
uint64_t writer__steps(const struct writer *writer);
/* Any thread. */
struct disk_room writer__room(const struct writer *writer);
/* How and where it writes; valid as long as the writer. */
const struct snapshot_target *writer__target(const struct writer *writer);
/* The directory may have gone, or another one may have its name: as out_dir__refresh(). */
int writer__refresh(const struct writer *writer);
/* Deletes files beyond the limits, but not the one of that name, which is new. What can't be deleted
 * now is tried again with the next file. Any thread. */
void writer__retain(const struct writer *writer, const char *name);
/* Writes the job's file, and sets the job's results. Any thread. */
void writer__write(const struct writer *writer, struct job *job);

#endif /* TTLOG_WRITER_H */
