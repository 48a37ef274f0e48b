/* SPDX-License-Identifier: MIT */
/* Makes LTTng-UST's probes of the events, once per program. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.h"
