/* SPDX-License-Identifier: MIT */
/*
 * The flight ring by itself, in one process, with no kernel in between.
 *
 * usage: rings ops PRODUCERS CONSUMERS SECONDS
 *	    One ring per producer: a ring has one writer. A producer writes entries of one trade
 *	    event. A consumer gets copies of its producers' rings again and again, and walks them.
 *	    Operations: entries written, entries read.
 *	rings many RINGS
 *	    Makes that many rings of the smallest size, writes an entry of 4 KiB into each, then one
 *	    more into each while all rings exist, then frees them.
 *	rings memory SECONDS
 *	    Writes batches of 32 KiB into a ring of 64 MiB, again and again; copies it when it is
 *	    full, and reads the copy; and copies the same bytes by memcpy() into the same place, as
 *	    the floor.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "barrier.h"
#include "ring.h"

#define OP_BYTES     44u
#define BATCH_BYTES  32768u
#define MEMORY_BYTES (64u << 20)
#define MANY_BYTES   4096u
#define MAX_SIDES    64u

static bool stopped;

static uint64_t now_ns(void)
{
	return bench__now_ns(CLOCK_MONOTONIC);
}

/* ---- ops ---- */

/* The producer's thread makes and frees copies, a consumer's reads them. */
struct offer {
	struct ring_copy *copy;
	bool is_read; /* the producer's turn; only the one whose turn it is touches the copy */
};

struct producer {
	pthread_t id;
	struct ring *ring;
	uint64_t ops;
	struct offer offers[MAX_SIDES]; /* by consumer */
	size_t offer_cnt;
};

struct consumer {
	pthread_t id;
	struct producer *producers;
	size_t number, first, step, cnt;
	uint64_t ops, copies;
};

static void offer_copies(struct producer *producer)
{
	uint64_t overwritten;

	for (size_t i = 0; i < producer->offer_cnt; i++) {
		struct offer *offer = &producer->offers[i];

		if (!barrier__load_acquire(&offer->is_read))
			continue;
		ring_copy__free(offer->copy);
		offer->copy = ring__freeze(producer->ring, &overwritten);
		if (!offer->copy)
			abort();
		barrier__store_release(&offer->is_read, false);
	}
}

static void *produce(void *arg)
{
	struct producer *producer = arg;
	struct ring_entry entry = { .bytes = OP_BYTES, .events = 1 };
	char records[OP_BYTES] = { 0 };

	/* relaxed: it is only a hint to come to an end */
	while (!barrier__load_relaxed(&stopped)) {
		for (int i = 0; i < 1000; i++) {
			entry.seq++;
			if (ring__write(producer->ring, &entry, records))
				abort();
		}
		producer->ops += 1000;
		offer_copies(producer);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct consumer *consumer = arg;

	while (!barrier__load_relaxed(&stopped)) {
		for (size_t i = consumer->first; i < consumer->cnt; i += consumer->step) {
			struct offer *offer = &consumer->producers[i].offers[consumer->number];

			if (barrier__load_acquire(&offer->is_read))
				continue;
			if (offer->copy) {
				consumer->ops += ring_copy__events(offer->copy);
				consumer->copies++;
			}
			barrier__store_release(&offer->is_read, true);
		}
	}
	return NULL;
}

static int start_all(struct producer *producers, size_t producer_cnt, struct consumer *consumers,
		     size_t consumer_cnt)
{
	for (size_t i = 0; i < producer_cnt; i++) {
		producers[i].ring = ring__new(NULL, RING_MIN_BYTES);
		if (!producers[i].ring)
			return -1;
		producers[i].offer_cnt = consumer_cnt;
	}
	for (size_t i = 0; i < producer_cnt; i++) {
		if (pthread_create(&producers[i].id, NULL, produce, &producers[i]))
			return -1;
	}
	for (size_t i = 0; i < consumer_cnt; i++) {
		consumers[i] = (struct consumer){ .producers = producers,
						  .number = i,
						  .first = i % producer_cnt,
						  .step = consumer_cnt,
						  .cnt = producer_cnt };
		if (pthread_create(&consumers[i].id, NULL, consume, &consumers[i]))
			return -1;
	}
	return 0;
}

static int measure_ops(size_t producer_cnt, size_t consumer_cnt, double seconds)
{
	static struct producer producers[MAX_SIDES];
	struct consumer consumers[MAX_SIDES] = { 0 };
	uint64_t begin = now_ns(), written = 0, read_cnt = 0, copies = 0;
	double passed;

	if (!producer_cnt || producer_cnt > MAX_SIDES || consumer_cnt > MAX_SIDES)
		return -1;
	if (start_all(producers, producer_cnt, consumers, consumer_cnt))
		return -1;
	(void)usleep((useconds_t)(seconds * 1e6));
	barrier__store_relaxed(&stopped, true);
	passed = (double)(now_ns() - begin) / NS_PER_S;
	for (size_t i = 0; i < producer_cnt; i++) {
		(void)pthread_join(producers[i].id, NULL);
		written += producers[i].ops;
	}
	for (size_t i = 0; i < consumer_cnt; i++) {
		(void)pthread_join(consumers[i].id, NULL);
		read_cnt += consumers[i].ops;
		copies += consumers[i].copies;
	}
	for (size_t i = 0; i < producer_cnt; i++) {
		for (size_t k = 0; k < consumer_cnt; k++)
			ring_copy__free(producers[i].offers[k].copy);
		ring__free(producers[i].ring);
	}
	printf("{\"producers\": %zu, \"consumers\": %zu, \"written_per_s\": %.0f, "
	       "\"read_per_s\": %.0f, \"copies\": %" PRIu64 "}\n",
	       producer_cnt, consumer_cnt, (double)written / passed, (double)read_cnt / passed,
	       copies);
	return 0;
}

/* ---- many ---- */

static int write_each(struct ring **rings, size_t cnt)
{
	static const char records[MANY_BYTES];
	const struct ring_entry entry = { .bytes = MANY_BYTES, .events = 100 };

	for (size_t i = 0; i < cnt; i++) {
		if (ring__write(rings[i], &entry, records))
			return -1;
	}
	return 0;
}

static int measure_many(size_t cnt)
{
	struct ring **rings = calloc(cnt, sizeof(struct ring *));
	uint64_t begin = now_ns(), made, first, second, end;
	struct rusage usage;
	int err = rings ? 0 : -1;

	for (size_t i = 0; !err && i < cnt; i++) {
		rings[i] = ring__new(NULL, RING_MIN_BYTES);
		if (!rings[i]) {
			fprintf(stderr, "rings: no memory for ring %zu\n", i);
			err = -1;
		}
	}
	made = now_ns();
	err = err || write_each(rings, cnt);
	first = now_ns();
	err = err || write_each(rings, cnt);
	second = now_ns();
	(void)getrusage(RUSAGE_SELF, &usage);
	for (size_t i = 0; rings && i < cnt; i++)
		ring__free(rings[i]);
	end = now_ns();
	free(rings);
	if (err)
		return err;
	printf("{\"rings\": %zu, \"new_ns\": %.1f, \"first_write_ns\": %.1f, "
	       "\"second_write_ns\": %.1f, \"free_ns\": %.1f, \"rings_per_s\": %.0f, "
	       "\"kib_per_ring\": %.1f}\n",
	       cnt, (double)(made - begin) / (double)cnt, (double)(first - made) / (double)cnt,
	       (double)(second - first) / (double)cnt, (double)(end - second) / (double)cnt,
	       (double)cnt * NS_PER_S / (double)(end - begin),
	       (double)usage.ru_maxrss / (double)cnt);
	return 0;
}

/* ---- memory ---- */

static double mb_per_s(uint64_t bytes, uint64_t ns)
{
	return (double)bytes / 1e6 / ((double)ns / NS_PER_S);
}

static double measure_writes(struct ring *ring, const char *records, uint64_t for_ns)
{
	const struct ring_entry entry = { .bytes = BATCH_BYTES, .events = 1365 };
	uint64_t begin = now_ns(), bytes = 0, now;

	do {
		for (int i = 0; i < 64; i++) {
			if (ring__write(ring, &entry, records))
				abort();
		}
		bytes += 64 * BATCH_BYTES;
		now = now_ns();
	} while (now - begin < for_ns);
	return mb_per_s(bytes, now - begin);
}

static double measure_copies(struct ring *ring, uint64_t for_ns)
{
	uint64_t begin = now_ns(), bytes = 0, now, overwritten;

	do {
		struct ring_copy *copy = ring__freeze(ring, &overwritten);

		if (!copy || !ring_copy__events(copy))
			abort();
		bytes += ring__used_bytes(ring);
		ring_copy__free(copy);
		now = now_ns();
	} while (now - begin < for_ns);
	return mb_per_s(bytes, now - begin);
}

static double measure_memcpy(char *area, const char *records, uint64_t for_ns)
{
	uint64_t begin = now_ns(), bytes = 0, now;

	do {
		for (int i = 0; i < 64; i++) {
			char *to = area + bytes % MEMORY_BYTES;

			memcpy(to, records, BATCH_BYTES);
			BENCH_OPAQUE(to);
			bytes += BATCH_BYTES;
		}
		now = now_ns();
	} while (now - begin < for_ns);
	return mb_per_s(bytes, now - begin);
}

static int measure_memory(double seconds)
{
	uint64_t for_ns = (uint64_t)(seconds * (double)NS_PER_S / 3);
	struct ring *ring = ring__new(NULL, MEMORY_BYTES);
	char *records = calloc(1, BATCH_BYTES), *area = malloc(MEMORY_BYTES);
	double writes, copies, memcpys;
	int err = ring && records && area ? 0 : -1;

	if (!err) {
		memset(area, 1, MEMORY_BYTES);
		(void)measure_writes(ring, records, for_ns / 10);
		writes = measure_writes(ring, records, for_ns);
		copies = measure_copies(ring, for_ns);
		memcpys = measure_memcpy(area, records, for_ns);
		printf("{\"write_mb_per_s\": %.0f, \"copy_mb_per_s\": %.0f, "
		       "\"memcpy_mb_per_s\": %.0f}\n",
		       writes, copies, memcpys);
	}
	free(area);
	free(records);
	ring__free(ring);
	return err;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	int err;

	if (strcmp(what, "ops") == 0 && argc == 5) {
		err = measure_ops(bench__number(argc, argv, 2, 0), bench__number(argc, argv, 3, 0),
				  strtod(argv[4], NULL));
	} else if (strcmp(what, "many") == 0) {
		err = measure_many(bench__number(argc, argv, 2, 0));
	} else if (strcmp(what, "memory") == 0) {
		err = measure_memory(strtod(argv[2], NULL));
	} else {
		fputs("usage: rings ops PRODUCERS CONSUMERS SECONDS | many RINGS | memory SECONDS\n",
		      stderr);
		return 2;
	}
	return err ? 1 : 0;
}
