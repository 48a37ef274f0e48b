/* SPDX-License-Identifier: MIT */
/*
 * otlp+http:// and otlp+https://: a receiver of OpenTelemetry. What it took can't be read back, so there is no
 * audit: its answer counts. The note of a file has how many requests were taken, so that it goes on from there.
 */
#ifndef TTLOG_OTLP_PLACE_H
#define TTLOG_OTLP_PLACE_H

#include "place.h"

extern const struct place_ops otlp_http__ops, otlp_https__ops;

#endif /* TTLOG_OTLP_PLACE_H */
