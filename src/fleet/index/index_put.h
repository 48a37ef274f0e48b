/* SPDX-License-Identifier: MIT */
/* Writes what the index has of a file, once the file itself is there. */
#ifndef TTLOG_INDEX_PUT_H
#define TTLOG_INDEX_PUT_H

#include "ack_window.h"
#include "index_message.h"

/* 0: a quorum has it, on *ret_subject. -EBADMSG: these are no contents of a message; else -errno as
 * ack_window__publish(). */
int index_put__message(struct ack_window *window, const struct index_message *message,
		       char ret_subject[INDEX_SUBJECT_BYTES], struct fleet_error *error);
/* The same, but it does not wait for the acknowledgement. */
int index_put__begin(struct ack_window *window, const struct index_message *message,
		     char ret_subject[INDEX_SUBJECT_BYTES], struct fleet_error *error);

#endif /* TTLOG_INDEX_PUT_H */
