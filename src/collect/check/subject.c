/* SPDX-License-Identifier: MIT */
/*
 * Logs enough to fill batches, so that the probe must fire, and then a rest that only its death can
 * send. In between it measures what both cost the thread that logs.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TTLOG_SERVICE "ttlog-check"
#include "ttlog/ttlog.h"

#include "clock.h"
#include "subject.h"

#define FLUSHED_EVENTS 4000u /* of 24 bytes: several batches */
#define COPIED_EVENTS  1200u /* most of a batch */
#define LAST_EVENTS    50u
#define ROUNDS         5u
#define HITS           200u
#define OP_NONE        0u /* the BPF program finds the process, and does nothing */

static void log_events(unsigned int *total, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++)
		TTLOG_PROBE(subject, INFO, "Recorded by --check", "number", (uint64_t)*total + i,
			    "of", (uint64_t)cnt);
	*total += cnt;
}

static void smallest(uint64_t *least, uint64_t value)
{
	if (value < *least)
		*least = value;
}

/* The best of some rounds, so that other load does not count. */
static uint64_t measure_trap(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t began = clock__now_mono_ns();

		for (unsigned int i = 0; i < HITS; i++)
			ttlog_control(NULL, 0, OP_NONE);
		smallest(&least, (clock__now_mono_ns() - began) / HITS);
	}
	return least;
}

/* The kernel side copies the batch of a thread that is renamed just as at its death. */
static uint64_t rename_thread(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t began = clock__now_mono_ns();

		(void)prctl(PR_SET_NAME, "ttlog-check", 0, 0, 0);
		smallest(&least, clock__now_mono_ns() - began);
	}
	return least;
}

int subject__run(void)
{
	uint64_t trap_ns, empty_ns, full_ns, bytes;
	unsigned int total = 0;
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (puts("ready") == EOF || fflush(stdout))
		return 1;
	while (read(0, &byte, 1) < 0)
		continue;
	log_events(&total, FLUSHED_EVENTS);
	trap_ns = measure_trap();
	ttlog__flush();
	empty_ns = rename_thread();
	log_events(&total, COPIED_EVENTS);
	bytes = (uint32_t)ttlog__batch->committed;
	full_ns = rename_thread();
	printf(SUBJECT_SAYS, total + LAST_EVENTS, TTLOG_ENABLED(INFO), (unsigned long long)trap_ns,
	       (unsigned long long)bytes,
	       (unsigned long long)(full_ns > empty_ns ? full_ns - empty_ns : 0));
	if (fflush(stdout))
		return 1;
	log_events(&total, LAST_EVENTS);
	(void)kill(getpid(), SIGKILL);
	return 1;
}
