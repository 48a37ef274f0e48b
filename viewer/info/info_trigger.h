/* SPDX-License-Identifier: MIT */
/* What made a watch of the collector fire (--on fill, event, slow). */
#ifndef TTLOG_VIEW_INFO_TRIGGER_H
#define TTLOG_VIEW_INFO_TRIGGER_H

#include "out.h"
#include <ttlog/read.h>

/* map: the header's `trigger`. One line, without its end. */
void info_trigger__print(struct out *out, struct ttlog_cbor map, const struct ttlog_info *info);

#endif /* TTLOG_VIEW_INFO_TRIGGER_H */
