/* SPDX-License-Identifier: MIT */
/* Headers that a receiver wants, such as a key: OTEL_EXPORTER_OTLP_HEADERS, as all exporters of OpenTelemetry read
 * it: NAME=VALUE[,NAME=VALUE...], in which %XX of a value is a byte. */
#ifndef TTLOG_OTLP_HEADERS_H
#define TTLOG_OTLP_HEADERS_H

#include "fleet_error.h"

#define OTLP_HEADERS_VARIABLE "OTEL_EXPORTER_OTLP_HEADERS"
#define OTLP_HEADERS_MOST     32

struct otlp_headers {
	const char *lines[OTLP_HEADERS_MOST + 1]; /* "NAME: VALUE"; NULL ends them */
	char *text;                               /* what they point into */
};

/* NULL: there are none. 0; -EINVAL with a line for the user, without values; -ENOMEM. */
int otlp_headers__parse(struct otlp_headers *ret, const char *text, struct fleet_error *error);
void otlp_headers__fini(struct otlp_headers *headers);

#endif /* TTLOG_OTLP_HEADERS_H */
