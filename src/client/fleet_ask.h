/* SPDX-License-Identifier: MIT */
/*
 * ttlog-fleet ask: one request to each host that matches, and a line of JSON for each answer, as it comes:
 *	{"host":"HOST","verdict":"done"|"refused"|"failed"|"silent"|"absent","why":"...","answers":[...]}
 * answers as in ask_answer.h. A host that is silent did not answer in time; one that is absent does not
 * listen.
 *
 * The hosts are those in the index of the bucket, if the URL names one, and those that tell their names.
 */
#ifndef TTLOG_FLEET_ASK_H
#define TTLOG_FLEET_ASK_H

#include "client_options.h"

/* Returns the exit status: 0: all have answered, 1, 2; what failed was said. */
int fleet_ask__run(struct client_options *options);

#endif /* TTLOG_FLEET_ASK_H */
