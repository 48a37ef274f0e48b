/* SPDX-License-Identifier: MIT */
/* Where LTTng-UST's probes of the events are made, once a program. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.h"
