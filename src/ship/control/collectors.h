/* SPDX-License-Identifier: MIT */
/* Hands a request to the collectors of this machine, as ttlog-ctl does, and gathers what they tell. */
#ifndef TTLOG_COLLECTORS_H
#define TTLOG_COLLECTORS_H

#include "ask_answer.h"
#include "ask_request.h"
#include "control_ask.h"

/* The answer, which the caller drops; NULL: no memory. A trigger with a service is one for each process
 * of it. */
json_t *collectors__ask(const struct control_places *places, const struct ask_request *request);

#endif /* TTLOG_COLLECTORS_H */
