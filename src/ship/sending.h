/* SPDX-License-Identifier: MIT */
/*
 * One file, to one destination that is connected: its object, then its message in the index, then the
 * ledger. And the proof, later, that both are there.
 */
#ifndef TTLOG_SENDING_H
#define TTLOG_SENDING_H

#include "destination.h"

/* 0: it is there. -ENOENT: it is gone here. -EBADF: this file can't be read; else what failed at the
 * destination: the connection is of no more use. */
int sending__send(struct destination *destination, const struct spool_work *work,
		  struct fleet_error *error);

/*
 * An acknowledgement is not believed: JetStream acknowledges before it is on a disk. Reads all chunks
 * back, compares their digest with that of the file, and looks for the message of the index. 0: all is
 * there; -ENODATA: something is not, and error says what; -ECANCELED: something urgent came; else of
 * the connection.
 */
int sending__audit(struct destination *destination, const struct spool_work *work,
		   struct fleet_error *error);

/* Ends what was half done for files that are gone, and purges chunks that are of no object; as far as it
 * gets: then the next time. 0, or -errno of the destination. */
int sending__clean(struct destination *destination, struct fleet_error *error);

#endif /* TTLOG_SENDING_H */
