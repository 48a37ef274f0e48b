/* SPDX-License-Identifier: MIT */
/*
 * One file, to one destination that is connected: what it is about, then the place, then the ledger. And the
 * proof, later, that it is there.
 */
#ifndef TTLOG_SENDING_H
#define TTLOG_SENDING_H

#include "destination.h"

/* 0: it is there. -ENOENT: it is gone here. -EBADF: this file can't be read; else what failed at the
 * destination: the connection is of no more use. */
int sending__send(struct destination *destination, const struct spool_work *work,
		  struct fleet_error *error);

/* It is read back and compared. 0: all is there; -ENODATA: something is not, and error says what;
 * -ECANCELED: something urgent came; else of the connection. */
int sending__audit(struct destination *destination, const struct spool_work *work,
		   struct fleet_error *error);

#endif /* TTLOG_SENDING_H */
