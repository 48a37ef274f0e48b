/* SPDX-License-Identifier: MIT */
/*
 * For tests of ttlog.h from inside a program: raises its semaphores, reads its batches. Include it
 * after ttlog.h and cmocka.h.
 */
#ifndef OWN_BATCH_H
#define OWN_BATCH_H

#include <stdint.h>
#include <unistd.h>

#define BATCH_CAPACITY (TTLOG_BATCH_BYTES - sizeof(struct ttlog_batch) - TTLOG_BATCH_SLACK_BYTES)

extern const char __stop_ttlog_sites[] __attribute__((visibility("hidden")));

static inline uint32_t site_cnt(void)
{
	return (uint32_t)(__stop_ttlog_sites - __start_ttlog_sites) / 2;
}

static inline void raise_site(uint32_t site, uint16_t count)
{
	volatile uint16_t *semaphores = (volatile uint16_t *)(uintptr_t)__start_ttlog_sites;

	semaphores[site] = count;
}

static inline void raise_sites(uint16_t count)
{
	for (uint32_t site = 0; site < site_cnt(); site++)
		raise_site(site, count);
}

static inline void raise_listening(uint16_t listening, uint16_t immediate)
{
	*(volatile uint16_t *)&ttlog_module.listening = listening;
	*(volatile uint16_t *)&ttlog_module.immediate = immediate;
}

/* After each test there is no collector any more. */
static inline int lower_all(void **state)
{
	(void)state;
	raise_listening(0, 0);
	raise_sites(0);
	return 0;
}

/* ---- What is in a batch ---- */

static inline const struct ttlog_batch *own_batch(void)
{
	uint64_t at = ttlog_module.batches;

	while (at) {
		const struct ttlog_batch *batch = (const struct ttlog_batch *)(uintptr_t)at;

		if (batch->tid == (uint32_t)gettid())
			return batch;
		at = batch->next;
	}
	return NULL;
}

static inline uint32_t batch_bytes(const struct ttlog_batch *batch)
{
	return (uint32_t)batch->committed;
}

static inline uint32_t batch_events(const struct ttlog_batch *batch)
{
	return (uint32_t)(batch->committed >> 32);
}

static inline const struct ttlog_record *record_at(const struct ttlog_batch *batch, uint32_t offset)
{
	return (const struct ttlog_record *)((const char *)(batch + 1) + offset);
}

static inline uint32_t record_bytes(const struct ttlog_record *record)
{
	return (record->site_len & TTLOG_RECORD_LEN_MASK) * 4;
}

static inline uint32_t record_site(const struct ttlog_record *record)
{
	return record->site_len >> TTLOG_RECORD_LEN_BITS;
}

static inline const void *record_fields(const struct ttlog_record *record)
{
	return record + 1;
}

/* Every record of the batch is whole, and the batch has their right number. */
static inline void assert_batch_whole(const struct ttlog_batch *batch)
{
	uint32_t events = 0, offset = 0;

	assert_int_equal(batch->magic, TTLOG_BATCH_MAGIC);
	assert_int_equal(batch->version, TTLOG_ABI_VERSION);
	while (offset < batch_bytes(batch)) {
		const struct ttlog_record *record = record_at(batch, offset);

		assert_in_range(record_bytes(record), sizeof(*record), batch_bytes(batch) - offset);
		offset += record_bytes(record);
		if (record_site(record) == TTLOG_SIDE_SITE)
			continue;
		assert_in_range(record_site(record), 0, site_cnt() - 1);
		events++;
	}
	assert_int_equal(offset, batch_bytes(batch));
	assert_int_equal(events, batch_events(batch));
}

#endif /* OWN_BATCH_H */
