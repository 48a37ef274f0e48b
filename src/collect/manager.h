/* SPDX-License-Identifier: MIT */
/*
 * What the service manager is told (sd_notify(3)): systemd, or another that sets NOTIFY_SOCKET.
 * Without one these calls do nothing. With -- CMD the socket is CMD's, so nothing is told.
 */
#ifndef TTLOG_MANAGER_H
#define TTLOG_MANAGER_H

#include <stdint.h>

struct drain;

struct manager {
	int watchdog_fd; /* a timer; -1: the manager does not watch us */
	uint64_t told_rounds;
};

/* Recording has begun. From now on manager__alive() is called each time watchdog_fd is readable. */
void manager__ready(struct manager *manager);
/* Says that we are alive, if the drain thread has gone round since the last call. */
void manager__alive(struct manager *manager, const struct drain *drain);
/* The last snapshots are being written. */
void manager__stopping(void);

#endif /* TTLOG_MANAGER_H */
