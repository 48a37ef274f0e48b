/* SPDX-License-Identifier: MIT */
/*
 * How old files are, by a wall clock that may jump.
 *
 * A jump is what the wall clock went on more than CLOCK_BOOTTIME did; over a reboot it is what goes
 * beyond the time since that boot and a day. What the clock jumped ahead does not count as age of
 * the files from before, until none of them looks too old only because of it. What it jumped back is forgotten after a day: if
 * it jumps ahead again meanwhile, as when the time comes from the network after a boot, that was no
 * jump. The state outlives the collector in a file of the directory.
 */
#ifndef TTLOG_AGE_CLOCK_H
#define TTLOG_AGE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

struct kept_file;

/* One moment. */
struct age_clock_time {
	uint64_t real_ns;            /* CLOCK_REALTIME */
	uint64_t boot_ns;            /* CLOCK_BOOTTIME */
	char boot_id[BOOT_ID_BYTES]; /* that this is of */
};

/* All zero is valid: then the wall clock counts as right. */
struct age_clock {
	struct age_clock_time last; /* real_ns 0: none */
	int64_t ahead_ns;           /* of what it would show without jumps */
	uint64_t jumped_ns;         /* what it showed after the last one; 0: none */
	uint64_t behind_ns;         /* for so long ahead_ns has been below 0 */
};

void age_clock__now(struct age_clock_time *ret);
/* Takes the time. Returns how far the clock has jumped since the last one: 0 for less than a
 * minute. */
int64_t age_clock__advance(struct age_clock *clock, const struct age_clock_time *now);
/* Sets `why` of the files that are older than max_age_ns, but open ones; call it after
 * age_clock__advance(). Returns how many only a jump made older. 0 or -ENOMEM. */
int age_clock__find_old(struct age_clock *clock, struct kept_file *files, size_t cnt,
			uint64_t max_age_ns, size_t *ret_held_cnt);

/* What is missing or damaged is as all zero. */
void age_clock__load(struct age_clock *clock, int dir_fd);
/* 0 or -errno. */
int age_clock__save(const struct age_clock *clock, int dir_fd);

#endif /* TTLOG_AGE_CLOCK_H */
