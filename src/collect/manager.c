/* SPDX-License-Identifier: MIT */
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "drain.h"
#include "manager.h"

#define US_PER_S 1000000u

/* Three times within the limit: one may be late. */
static int open_watchdog(uint64_t limit_us)
{
	const uint64_t period_us = limit_us / 3 + 1;
	const struct timespec period = {
		.tv_sec = (time_t)(period_us / US_PER_S),
		.tv_nsec = (long)(period_us % US_PER_S * 1000),
	};
	const struct itimerspec spec = { .it_interval = period, .it_value = period };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &spec, NULL);
	return fd;
}

void manager__ready(struct manager *manager)
{
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) > 0)
		manager->watchdog_fd = open_watchdog(limit_us);
	(void)sd_notify(0, "READY=1\nSTATUS=Recording");
}

void manager__alive(struct manager *manager, const struct drain *drain)
{
	const uint64_t rounds = drain__rounds(drain);
	uint64_t expirations;

	(void)!read(manager->watchdog_fd, &expirations, sizeof(expirations));
	if (rounds == manager->told_rounds)
		return;
	manager->told_rounds = rounds;
	(void)sd_notify(0, "WATCHDOG=1");
}

void manager__stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Writing the last snapshots");
}
