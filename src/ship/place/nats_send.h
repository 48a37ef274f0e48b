/* SPDX-License-Identifier: MIT */
/*
 * One file to a bucket that is connected: its object, then its message in the index. And the proof, later,
 * that both are there. As struct place_ops says.
 */
#ifndef TTLOG_NATS_SEND_H
#define TTLOG_NATS_SEND_H

#include "nats_place.h"

/* Looks whether it is there, and publishes its chunks. What comes after them is published by settle, once a
 * quorum has what comes before; meanwhile other files are sent. */
int nats_send__file(struct place *base, struct place_file *file, struct fleet_error *error);
int nats_send__settle(struct place *base, bool is_waiting, struct place_file **ret,
		      struct fleet_error *error);

/* An acknowledgement is not believed: JetStream acknowledges before it is on a disk. Reads all chunks back,
 * compares their digest with that of the file, and looks for the message of the index. */
int nats_send__audit(struct place *base, struct place_file *file, struct fleet_error *error);

/* Ends what was half done for files that are gone, and purges chunks that are of no object; as far as it
 * gets: then the next time. */
int nats_send__clean(struct place *base, struct fleet_error *error);

#endif /* TTLOG_NATS_SEND_H */
