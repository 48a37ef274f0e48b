/* SPDX-License-Identifier: MIT */
/* What was recorded, and what of it is not there. */
#ifndef TTLOG_VIEW_INFO_EVENTS_H
#define TTLOG_VIEW_INFO_EVENTS_H

#include "info_page.h"

void info_events__print(struct info_page *page, const struct ttlog_snapshot *reader);

#endif /* TTLOG_VIEW_INFO_EVENTS_H */
