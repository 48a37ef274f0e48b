/* SPDX-License-Identifier: MIT */
/* The events of mark.h for LTTng-UST, whose macros include this file twice. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_events.h"

#if !defined(LTTNG_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_EVENTS_H

#include <stdint.h>
#include <lttng/tracepoint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(
	bench, two_integers,
	LTTNG_UST_TP_ARGS(uint64_t, a, uint64_t, b),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint64_t, a, a)
		lttng_ust_field_integer(uint64_t, b, b)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(
	bench, trade_executed,
	LTTNG_UST_TP_ARGS(const char *, symbol, int, quantity, double, price, const char *, side,
			  int, latency_us),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(symbol, symbol)
		lttng_ust_field_integer(int, quantity, quantity)
		lttng_ust_field_float(double, price, price)
		lttng_ust_field_string(side, side)
		lttng_ust_field_integer(int, latency_us, latency_us)
	)
)
/* clang-format on */

#endif /* LTTNG_EVENTS_H */

#include <lttng/tracepoint-event.h>
