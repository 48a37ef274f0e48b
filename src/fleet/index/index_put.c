/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index_put.h"
#include "index_summary.h"

int index_put__begin(struct ack_window *window, const struct index_message *message,
		     char ret_subject[INDEX_SUBJECT_BYTES], struct fleet_error *error)
{
	char *payload = index_message__encode(message), *summary;
	int err;

	if (!payload || index_message__subject(ret_subject, message)) {
		free(payload);
		return fleet_error__set(error, -EBADMSG, "%s: no message for the index",
					message->object);
	}
	summary = index_summary__of_message(payload, strlen(payload));
	ack_window__begin(window);
	err = ack_window__publish(window, ret_subject, summary ? INDEX_SUMMARY_HEADER : NULL,
				  summary, payload, strlen(payload), error);
	free(summary);
	free(payload);
	return err;
}

int index_put__message(struct ack_window *window, const struct index_message *message,
		       char ret_subject[INDEX_SUBJECT_BYTES], struct fleet_error *error)
{
	const int err = index_put__begin(window, message, ret_subject, error);

	return err ? err : ack_window__finish(window, error);
}
