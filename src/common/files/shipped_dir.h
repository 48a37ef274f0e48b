/* SPDX-License-Identifier: MIT */
/*
 * What ttlog-ship has proven to be at all its destinations. For each such file there is an empty one
 * of the same name in a directory below that of its state. So who heeds it (--keep-until-shipped)
 * reads names alone, and parses nothing that ttlog-ship wrote.
 */
#ifndef TTLOG_SHIPPED_DIR_H
#define TTLOG_SHIPPED_DIR_H

#define SHIPPED_STATE_DIR "/var/lib/ttlog-ship"
#define SHIPPED_DIR       "shipped"

#endif /* TTLOG_SHIPPED_DIR_H */
