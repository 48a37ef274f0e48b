/* SPDX-License-Identifier: MIT */
/*
 * One file, to one destination that is connected: what it is about, then the place, then the ledger. And the
 * proof, later, that it is there.
 */
#ifndef TTLOG_SENDING_H
#define TTLOG_SENDING_H

#include "destination.h"

/* 0: it is there. -EINPROGRESS: it is under way, and sending__settle() says what became of it. -ENOENT: it is
 * gone here. -EBADF: this file can't be sent; else what failed at the destination: the connection is of
 * no more use. At most ops->under_way_most are under way before. */
int sending__send(struct destination *destination, const struct spool_work *work,
		  struct fleet_error *error);

/* What became of a file that was under way: as sending__send(). ret->task is SPOOL_NOTHING if it is none:
 * none is done, or the connection is of no more use. is_waiting: until one is done. */
int sending__settle(struct destination *destination, bool is_waiting, struct spool_work *ret,
		    struct fleet_error *error);
/* After the place was closed: forgets a file that was under way. False: there is none. */
bool sending__drop(struct destination *destination, struct spool_work *ret);

/* It is read back and compared. 0: all is there; -ENODATA: something is not, and error says what;
 * -ECANCELED: something urgent came; else of the connection. */
int sending__audit(struct destination *destination, const struct spool_work *work,
		   struct fleet_error *error);

#endif /* TTLOG_SENDING_H */
