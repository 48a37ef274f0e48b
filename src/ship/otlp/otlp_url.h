/* SPDX-License-Identifier: MIT */
/*
 * A receiver of OTLP: otlp+http://HOST[:PORT][/PATH] or otlp+https://...; without a port it is 4318.
 */
#ifndef TTLOG_OTLP_URL_H
#define TTLOG_OTLP_URL_H

#include "fleet_error.h"
#include "otlp_lines.h"

#define OTLP_URL_PREFIX "otlp+"
#define OTLP_URL_BYTES  512

struct otlp_url {
	char server[OTLP_URL_BYTES];                     /* "HOST:PORT", to be shown */
	char endpoints[OTLP_SIGNAL_CNT][OTLP_URL_BYTES]; /* "http://HOST:PORT/PATH/v1/logs" */
};

/* 0; -EINVAL with a line for the user. */
int otlp_url__parse(struct otlp_url *ret, const char *text, struct fleet_error *error);

#endif /* TTLOG_OTLP_URL_H */
