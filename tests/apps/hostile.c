/* SPDX-License-Identifier: MIT */
/*
 * A program that calls the probe ttlog:control with lies.
 *
 * usage: hostile HOW
 *
 * Says "ready", waits for a byte, logs 100 times `honest` (n from 0), says "at it", does HOW, logs
 * 100 more, says "done N" (N: how many events it forged that have to be counted), waits for a byte,
 * ends.
 *	pointers	addresses that can't be read, with impossible lengths, in every operation
 *	heads		heads of batches with one wrong field
 *	records		two sound batches with wrong records
 *	scribble	batches that another thread overwrites all the time
 *	flood		begins and ends of batches at any addresses, thread names without end
 *	semaphores	raises and clears all of its own semaphores
 *	tails		threads that die with 64 large batches each
 *	fault_batch	a batch in memory whose faults are never handled (userfaultfd)
 *	fault_module	the same with struct ttlog_module, where the collector looks for batches; the
 *			program has to be killed
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#define TTLOG_SERVICE "hostile"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE                                                                                      \
	"hostile pointers|heads|records|scribble|flood|semaphores|tails|fault_batch|fault_module"
#define PAGE_BYTES   4096u
#define REGION_BYTES 524288u
#define HONEST_CNT   100
#define BUSY_NS      2000000000u
#define TAIL_THREADS 32
#define TAIL_BATCHES 64

extern const char __stop_ttlog_sites[] __attribute__((visibility("hidden")));

static uint64_t forged_cnt;

static void honest(void)
{
	static int n;

	for (int i = 0; i < HONEST_CNT; i++, n++)
		TTLOG_PROBE(honest, INFO, "Honest", "n", n);
}

static char *map(size_t bytes, int protection)
{
	void *memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("hostile: mmap");
		exit(1);
	}
	return (char *)memory;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A sound head. */
static struct ttlog_batch make_head(uint64_t seq, uint32_t events, uint32_t bytes)
{
	return (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = ttlog__choose_clock(),
		.seq = seq,
		.base_ticks = ttlog__clock_ticks(ttlog__choose_clock()),
		.committed = (uint64_t)events << 32 | bytes,
		.tid = 1,
	};
}

/* ---- pointers ---- */

/* Its faults are never handled. */
static void *leave_faulting(void *memory, size_t bytes)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)memory, .len = bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range) ||
	    madvise(memory, bytes, MADV_DONTNEED)) {
		perror("hostile: userfaultfd");
		exit(1);
	}
	return memory;
}

/* A head with two events that can be read, before a page that can't: counted as faults. */
static void *half_a_batch(void)
{
	char *pages = map(2 * PAGE_BYTES, PROT_READ | PROT_WRITE);
	struct ttlog_batch *batch = (struct ttlog_batch *)(pages + PAGE_BYTES) - 1;

	*batch = make_head(0, 2, 64);
	batch->flags = TTLOG_BATCH_ALONE;
	mprotect(pages + PAGE_BYTES, PAGE_BYTES, PROT_NONE);
	return batch;
}

/* As an honest program does it. */
static void flush(const struct ttlog_batch *batch)
{
	ttlog_control(batch, sizeof(*batch) + (uint32_t)batch->committed, TTLOG_OP_FLUSH);
}

static void *behind_a_file(void)
{
	int fd = memfd_create("empty", 0);

	return mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
}

static void tell_everything(const void *address)
{
	static const uint64_t lengths[] = { 0,      1,      64,         4096,       65664,
					    262144, 262145, UINT64_MAX, 1ull << 63, 1ull << 32 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (uint32_t op = 0; op < 7; op++)
			ttlog_control(address, lengths[i], op);
		ttlog_control(address, lengths[i], UINT32_MAX);
	}
}

static void point_anywhere(void)
{
	char *unmapped = map(PAGE_BYTES, PROT_READ);
	const uint64_t numbers[] = {
		0,
		1,
		PAGE_BYTES - 1,
		0x00007ffffffff000, /* the last page that a program could have, and after it */
		0x00007fffffffffc1,
		0x0000800000000000,
		0x00f0800000000000,
		0x7fffffffffffffc0,
		1ull << 63,
		0xffff888000000000, /* the kernel's */
		0xffffffff81000000,
		0xffffffffff600000,
		UINT64_MAX - 62,
		UINT64_MAX,
	};

	munmap(unmapped, PAGE_BYTES);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		tell_everything((const void *)(uintptr_t)numbers[i]);
	tell_everything(unmapped);
	tell_everything(map(PAGE_BYTES, PROT_NONE));
	tell_everything(map(PAGE_BYTES, PROT_READ)); /* zeroes, never touched */
	tell_everything(behind_a_file());
	tell_everything(leave_faulting(map(PAGE_BYTES, PROT_READ | PROT_WRITE), PAGE_BYTES));
	flush(half_a_batch());
	forged_cnt = 2;
}

/* ---- heads ---- */

static void forge_heads(void)
{
	struct ttlog_batch *batch = (struct ttlog_batch *)map(REGION_BYTES, PROT_READ | PROT_WRITE);
	const uint64_t committed[] = {
		0,
		8,
		1ull << 32,
		UINT64_MAX,
		UINT32_MAX,
		1ull << 63,
		(uint64_t)UINT32_MAX << 32 | 8,
		1ull << 32 | 65536,
		1ull << 32 | 65664,
		1ull << 32 | 65665,
		1ull << 32 | 262080,
		1ull << 32 | 262081,
		1ull << 32 | 262144,
		1ull << 32 | 262208,
		1ull << 32 | 9,
		2ull << 32 | 8,
	};
	const uint64_t words[] = { 0, 1, UINT32_MAX, 1ull << 32, 1ull << 63, UINT64_MAX };

	for (uint64_t i = 0; i < sizeof(committed) / sizeof(*committed); i++) {
		*batch = make_head(i + 1, 0, 0);
		batch->committed = committed[i];
		tell_everything(batch);
	}
	for (size_t field = 0; field < sizeof(*batch) / 8; field++) {
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			*batch = make_head(100 + i, 1, 12);
			batch[1] = (struct ttlog_batch){ 0 };
			((uint64_t *)batch)[field] = words[i];
			tell_everything(batch);
		}
	}
}

/* ---- records ---- */

/* As many records as the heads say, all of them wrong. */
static void forge_records(void)
{
	struct ttlog_batch *batch = (struct ttlog_batch *)map(REGION_BYTES, PROT_READ | PROT_WRITE);
	const uint32_t site_cnt = (uint32_t)(__stop_ttlog_sites - __start_ttlog_sites) / 2;
	uint32_t *at = (uint32_t *)(batch + 1);
	uint32_t events = 0;

	/* sites that don't exist, then one that does, with too many and too few bytes */
	const uint32_t sites[] = { 0, site_cnt, site_cnt + 1, 12345, TTLOG_SIDE_SITE - 1, 1, 1 };
	const uint32_t words[] = { 3, 3, 3, 3, 3, 9, 2 };

	for (size_t i = 0; i < sizeof(sites) / sizeof(*sites); i++, events++) {
		at[0] = events;
		at[1] = sites[i] << TTLOG_RECORD_LEN_BITS | words[i];
		at += words[i];
	}
	*batch = make_head(1, events, (uint32_t)((char *)at - (char *)(batch + 1)));
	flush(batch);
	forged_cnt = events;
	/* lengths that end the walk: the records after them are lost, too */
	for (uint32_t length = 0; length < 2; length++) {
		*batch = make_head(2 + length, 4, 48);
		batch->events_before = forged_cnt;
		at = (uint32_t *)(batch + 1);
		at[0] = 0;
		at[1] = 1u << TTLOG_RECORD_LEN_BITS | (length ? TTLOG_RECORD_LEN_MASK : 0);
		flush(batch);
		forged_cnt += 4;
	}
}

/* ---- scribble ---- */

static volatile bool enough;

static void *scribble(void *arg)
{
	volatile uint64_t *words = (volatile uint64_t *)arg;
	uint64_t state = 88172645463325252ull;

	while (!enough) {
		struct ttlog_batch head = make_head(state & 0xff, 4, 48);
		const uint64_t *good = (const uint64_t *)&head;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		/* mostly plausible: else the first check would refuse all */
		for (size_t i = 0; i < sizeof(head) / 8; i++)
			words[i] = state >> i & 1 ? good[i] : state * (i + 1);
		words[0] = state & 15 ? good[0] : state;
	}
	return NULL;
}

static void flush_scribbled(void)
{
	char *region = map(REGION_BYTES, PROT_READ | PROT_WRITE);
	const uint64_t end_ns = now_ns() + BUSY_NS;
	pthread_t thread;

	pthread_create(&thread, NULL, scribble, region);
	ttlog_control(region, 0, TTLOG_OP_BEGIN);
	while (now_ns() < end_ns) {
		for (int i = 0; i < 100; i++)
			ttlog_control(region, sizeof(struct ttlog_batch) + 48, TTLOG_OP_FLUSH);
	}
	enough = true;
	pthread_join(thread, NULL);
}

/* ---- flood ---- */

static void *flood_with_batches(void *arg)
{
	const uint64_t end_ns = now_ns() + BUSY_NS;
	uint64_t turn = 0;

	while (now_ns() < end_ns) {
		for (int i = 0; i < 64; i++, turn++) {
			const void *nowhere = (const void *)(uintptr_t)(turn << 12);

			ttlog_control(nowhere, 0, TTLOG_OP_BEGIN);
			ttlog_control(nowhere, 0, TTLOG_OP_END);
			ttlog_control("again", 0, TTLOG_OP_SNAPSHOT);
		}
	}
	return arg;
}

/* Each batch under a new thread name, which the snapshot would have to list. */
static void *flood_with_names(void *arg)
{
	const uint64_t end_ns = now_ns() + BUSY_NS;
	struct ttlog_batch *batch = (struct ttlog_batch *)arg;
	uint32_t *at = (uint32_t *)(batch + 1);
	char name[16];

	*batch = make_head(0, 1, 12);
	batch->flags = TTLOG_BATCH_ALONE;
	at[1] = 1u << TTLOG_RECORD_LEN_BITS | 3;
	for (unsigned int i = 0; now_ns() < end_ns; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		prctl(PR_SET_NAME, name);
		flush(batch);
	}
	return NULL;
}

static void flood(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, flood_with_batches, NULL);
	pthread_create(&threads[1], NULL, flood_with_names,
		       map(REGION_BYTES, PROT_READ | PROT_WRITE));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* ---- semaphores ---- */

static void set_semaphores(uint16_t value)
{
	volatile uint16_t *at = (volatile uint16_t *)(uintptr_t)__start_ttlog_sites;

	for (; (const char *)(uintptr_t)at < __stop_ttlog_sites; at++)
		*at = value;
	*(volatile uint16_t *)&ttlog_module.listening = value;
	*(volatile uint16_t *)&ttlog_module.immediate = value;
}

static void play_with_semaphores(void)
{
	static const uint16_t values[] = { 0, 1, 0x7fff, 0x8000, 0xffff, 2, 1 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		set_semaphores(values[i]);
		TTLOG_PROBE(raised, INFO, "With semaphores set by hand", "value", values[i]);
	}
	/* as with a collector without --immediate */
	*(volatile uint16_t *)&ttlog_module.immediate = 0;
}

/* ---- tails ---- */

static pthread_barrier_t together;

static void *die_with_batches(void *arg)
{
	static char regions[TAIL_BATCHES][REGION_BYTES];

	for (int i = 0; i < TAIL_BATCHES; i++) {
		struct ttlog_batch *batch = (struct ttlog_batch *)regions[i];

		memset(regions[i], 0, sizeof(regions[i]));
		*batch = make_head(1, 65000 / 12, 65000 / 12 * 12);
		ttlog_control(batch, 0, TTLOG_OP_BEGIN);
	}
	pthread_barrier_wait(&together);
	syscall(SYS_exit, 0);
	return arg;
}

static void die_in_crowds(void)
{
	const uint64_t end_ns = now_ns() + BUSY_NS;
	pthread_t threads[TAIL_THREADS];

	pthread_barrier_init(&together, NULL, TAIL_THREADS);
	while (now_ns() < end_ns) {
		for (int i = 0; i < TAIL_THREADS; i++)
			pthread_create(&threads[i], NULL, die_with_batches, NULL);
		for (int i = 0; i < TAIL_THREADS; i++)
			pthread_join(threads[i], NULL);
	}
}

/* ---- faults without end ---- */

static void begin_faulting(void)
{
	struct ttlog_batch *batch = (struct ttlog_batch *)map(PAGE_BYTES, PROT_READ | PROT_WRITE);

	*batch = make_head(1, 1, 12);
	ttlog_control(batch, 0, TTLOG_OP_BEGIN);
	leave_faulting(batch, PAGE_BYTES);
}

/* Puts other memory in the module's place. The next access waits for ever, maybe this one. */
static void hide_module(void)
{
	char *page = (char *)((uintptr_t)&ttlog_module & ~(uintptr_t)(PAGE_BYTES - 1));
	char *copy = map(PAGE_BYTES, PROT_READ | PROT_WRITE);

	memcpy(copy, page, PAGE_BYTES);
	if (mremap(copy, PAGE_BYTES, PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page)
		exit(1);
	leave_faulting(page, PAGE_BYTES);
}

static void nothing(void)
{
}

static void do_it(const char *how)
{
	static const struct {
		const char *how;
		void (*act)(void);
	} acts[] = {
		{ "pointers", point_anywhere },
		{ "heads", forge_heads },
		{ "records", forge_records },
		{ "scribble", flush_scribbled },
		{ "flood", flood },
		{ "semaphores", play_with_semaphores },
		{ "tails", die_in_crowds },
		{ "fault_batch", begin_faulting },
		{ "fault_module", nothing },
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		if (strcmp(how, acts[i].how) == 0) {
			acts[i].act();
			return;
		}
	}
	app__usage(USAGE);
}

int main(int argc, char **argv)
{
	char said[32];

	if (argc != 2)
		app__usage(USAGE);
	app__say("ready");
	app__wait();
	honest();
	app__say("at it");
	do_it(argv[1]);
	honest();
	(void)snprintf(said, sizeof(said), "done %llu", (unsigned long long)forged_cnt);
	app__say(said);
	if (strcmp(argv[1], "fault_module") == 0)
		hide_module();
	app__wait();
	return 0;
}
