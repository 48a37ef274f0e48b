/* SPDX-License-Identifier: MIT */
/*
 * How the programs of this directory check themselves, in every way that they are built.
 *
 * A program runs all its marks twice. First without a collector: then no field expression may run.
 * Then it raises the semaphores itself: each expression must run once, and each event must be in a
 * batch as a whole record. EVAL() counts evaluations. main is HEADER_TEST_MAIN(run, events): a span
 * counts for two events, and every event but a span's end has one EVAL().
 */
#ifndef HEADER_TEST_H
#define HEADER_TEST_H

#include <stdint.h>
#include <stdio.h>

extern const char __stop_ttlog_sites[] __attribute__((visibility("hidden")));

extern int header_test__evaluated;

#define EVAL() (++header_test__evaluated)

static inline void header_test__raise(uint16_t count)
{
	volatile uint16_t *site = (volatile uint16_t *)(uintptr_t)__start_ttlog_sites;

	while ((uintptr_t)site < (uintptr_t)__stop_ttlog_sites)
		*site++ = count;
	*(volatile uint16_t *)&ttlog_module.listening = count;
}

/* How many events are in one batch, by its records; -1: a record is malformed. */
static inline long header_test__count_batch(const struct ttlog_batch *batch)
{
	const unsigned char *at = (const unsigned char *)(batch + 1);
	const unsigned char *end = at + (uint32_t)batch->committed;
	uint32_t sites = (uint32_t)(__stop_ttlog_sites - __start_ttlog_sites) / 2;
	long events = 0;

	while (at < end) {
		uint32_t site_len = ((const struct ttlog_record *)(const void *)at)->site_len;
		uint32_t len = (site_len & TTLOG_RECORD_LEN_MASK) * 4;

		uint32_t site = site_len >> TTLOG_RECORD_LEN_BITS;

		if (len < sizeof(struct ttlog_record) || len > (uint32_t)(end - at) ||
		    (site >= sites && site != TTLOG_SIDE_SITE))
			return -1;
		at += len;
		events += site != TTLOG_SIDE_SITE;
	}
	return events == (long)(batch->committed >> 32) ? events : -1;
}

static inline long header_test__count(void)
{
	uint64_t at = ttlog_module.batches;
	long events = 0;

	while (at) {
		const struct ttlog_batch *batch = (const struct ttlog_batch *)(uintptr_t)at;
		long in_batch = header_test__count_batch(batch);

		if (in_batch < 0)
			return -1;
		events += in_batch + (long)batch->events_before;
		at = batch->next;
	}
	return events;
}

static inline int header_test__main(void (*run)(void), long events, int evaluations)
{
	long recorded;

	run();
	if (header_test__evaluated || ttlog_module.batches) {
		printf("nobody listens, but %d evaluated\n", header_test__evaluated);
		return 1;
	}
	header_test__raise(1);
	run();
	header_test__raise(0);
	recorded = header_test__count();
	if (header_test__evaluated != evaluations || recorded != events) {
		printf("%d evaluated of %d, %ld recorded of %ld\n", header_test__evaluated,
		       evaluations, recorded, events);
		return 1;
	}
	run();
	if (header_test__evaluated != evaluations || header_test__count() != events) {
		printf("nobody listens any more, but %d evaluated\n", header_test__evaluated);
		return 1;
	}
	return 0;
}

#define HEADER_TEST_MAIN(run, events, evaluations)                                                 \
	int header_test__evaluated;                                                                \
	int main(void)                                                                             \
	{                                                                                          \
		return header_test__main((run), (events), (evaluations));                          \
	}

#endif /* HEADER_TEST_H */
