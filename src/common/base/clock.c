/* SPDX-License-Identifier: MIT */
/*
 * The machine's tick clock against CLOCK_MONOTONIC.
 *
 * A pair is measured as ticks, clock_gettime, ticks. Of several tries the shortest counts. The pair
 * has the ticks in the middle, so its error is half the time of that try (some 20 ns).
 *
 * Pairs lie in a table of fixed size. When it is full, every second pair of its older half is
 * dropped: a quiet program's ring may hold days. The result goes into the other of two tables,
 * which is then published. A reader that was still in the old table notices that, and looks again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "ttlog/abi.h"

#include "barrier.h"
#include "clock.h"

#define TABLE_PAIRS      4096u
#define SAMPLE_TRIES     16
#define FIRST_MEASURE_NS 8000000
/* Pairs closer than this give a bad rate: 20 ns of error in 1 ms are 20 ppm. */
#define MIN_DISTANCE_NS  1000000u
#define CLOCK_MAGIC      0x4b434f4c435f4c54u /* "TL_CLOCK" */
#define NS_PER_S         1000000000u
/* Ticks may map to so much after their stamp: the first rate, of 8 ms, is not exact. */
#define STAMP_SLACK_NS   10000000u

struct clock_pair {
	uint64_t ticks;
	uint64_t ns;
};

/* The sampling thread writes, all read. */
struct clock_table {
	uint32_t cnt;      /* pairs below are filled; published with release */
	uint32_t step_cnt; /* how often the ticks went back, ever */
	struct clock_pair pairs[TABLE_PAIRS];
};

/* Mapped memory, maybe of a file: magic and bytes are for that. */
struct clock {
	uint64_t magic;
	uint64_t bytes;
	uint64_t generation; /* tables[generation % 2] counts; published with release */
	struct clock_table tables[2];
};

static uint64_t read_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint64_t ticks;

	/* else rdtsc moves before or after clock_gettime */
	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(ticks) : : "memory");
	return ticks;
#else
	return clock__now_mono_ns();
#endif
}

static int is_machine_clock(uint8_t kind)
{
#if defined(__x86_64__) || defined(__i386__)
	return kind == TTLOG_CLOCK_TSC;
#elif defined(__aarch64__)
	return kind == TTLOG_CLOCK_CNTVCT;
#else
	(void)kind;
	return 0;
#endif
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec now = { 0 };

	(void)clock_gettime(id, &now); /* can't fail for these ids */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock__now_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock__now_real_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock__real_error(struct clock_error *ret)
{
	struct timex state = { .modes = 0 }; /* only read: no privilege is needed */
	const int clock_state = adjtimex(&state);
	const long most_us = state.maxerror > state.esterror ? state.maxerror : state.esterror;

	*ret = (struct clock_error){ .is_known = clock_state >= 0 && most_us >= 0 };
	if (!ret->is_known)
		return;
	ret->is_unsynchronised = (state.status & STA_UNSYNC) != 0;
	ret->max_ns = (uint64_t)most_us * 1000;
}

uint64_t clock__now_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

struct timespec clock__timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

void clock__init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static struct clock_pair measure_pair(void)
{
	struct clock_pair best = { 0 };
	uint64_t tightest = UINT64_MAX;

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		uint64_t before = read_ticks();
		uint64_t ns = clock__now_mono_ns();
		uint64_t width = read_ticks() - before;

		if (width < tightest) {
			tightest = width;
			best = (struct clock_pair){ .ticks = before + width / 2, .ns = ns };
		}
	}
	return best;
}

/* Whether the ticks went back right before or after this pair, which is not the first or the last.
 * Without such pairs two runs would become one. */
static bool is_at_step(const struct clock_table *full, uint32_t i)
{
	const struct clock_pair *pair = &full->pairs[i];

	return pair[0].ticks < pair[-1].ticks || pair[1].ticks < pair[0].ticks;
}

/* Drops older pairs first. If the ticks go back often, it drops the older half. */
static bool keeps_pair(const struct clock_table *full, uint32_t i)
{
	if (i >= TABLE_PAIRS / 2)
		return true;
	if (full->step_cnt > TABLE_PAIRS / 8)
		return false;
	return i % 2 == 0 || (full->step_cnt && is_at_step(full, i));
}

/* Copies the full table into the other one, without half of the older pairs, and publishes it. */
static struct clock_table *thin_table(struct clock *clock, const struct clock_table *full)
{
	struct clock_table *table = &clock->tables[(clock->generation + 1) % 2];
	uint32_t cnt = 0;

	/* Orders the generation before this one ahead of the words that overwrite its table; its
	 * pair is in clock__find_span(). */
	barrier__fence_release();
	for (uint32_t i = 0; i < TABLE_PAIRS; i++) {
		if (!keeps_pair(full, i))
			continue;
		barrier__store_relaxed(&table->pairs[cnt].ticks, full->pairs[i].ticks);
		barrier__store_relaxed(&table->pairs[cnt].ns, full->pairs[i].ns);
		cnt++;
	}
	barrier__store_relaxed(&table->step_cnt, full->step_cnt);
	barrier__store_relaxed(&table->cnt, cnt);
	/* Protects the new table; its pair is in clock__find_span(). */
	barrier__store_release(&clock->generation, clock->generation + 1);
	return table;
}

int clock__add(struct clock *clock, uint64_t ticks, uint64_t mono_ns)
{
	struct clock_table *table = &clock->tables[clock->generation % 2];
	const struct clock_pair *last = table->cnt ? &table->pairs[table->cnt - 1] : NULL;
	bool went_back;

	if (last && (ticks == last->ticks || mono_ns <= last->ns))
		return -EINVAL;
	went_back = last && ticks < last->ticks;
	if (table->cnt == TABLE_PAIRS)
		table = thin_table(clock, table);
	if (went_back)
		barrier__store_relaxed(&table->step_cnt, table->step_cnt + 1);
	barrier__store_relaxed(&table->pairs[table->cnt].ticks, ticks);
	barrier__store_relaxed(&table->pairs[table->cnt].ns, mono_ns);
	/* Protects the pair; its pair is in find_in_table(). */
	barrier__store_release(&table->cnt, table->cnt + 1);
	return 0;
}

void clock__sample(struct clock *clock)
{
	const struct clock_table *table = &clock->tables[clock->generation % 2];
	const struct clock_pair pair = measure_pair();

	if (table->cnt && pair.ns < table->pairs[table->cnt - 1].ns + MIN_DISTANCE_NS)
		return;
	(void)clock__add(clock, pair.ticks, pair.ns);
}

static struct clock *map_clock(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *map = mmap(NULL, sizeof(struct clock), PROT_READ | PROT_WRITE, flags, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

struct clock *clock__new_blank(void)
{
	return map_clock(-1);
}

/* Two pairs, some milliseconds apart. */
static void measure_rate(struct clock *clock)
{
	struct timespec distance = { .tv_nsec = FIRST_MEASURE_NS };

	clock__sample(clock);
	/* A signal may cut the sleep: then the first rate is worse, until the next sample. */
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &distance, NULL);
	clock__sample(clock);
}

struct clock *clock__new(const char *path)
{
	struct clock *clock;
	int fd = -1, err;

	if (path) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return NULL;
		err = posix_fallocate(fd, 0, sizeof(struct clock));
		if (err) {
			(void)close(fd);
			errno = err;
			return NULL;
		}
	}
	clock = map_clock(fd);
	if (fd >= 0)
		(void)close(fd);
	if (!clock)
		return NULL;
	clock->bytes = sizeof(*clock);
	clock->magic = CLOCK_MAGIC;
	measure_rate(clock);
	return clock;
}

struct clock *clock__open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct clock *clock = NULL;
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && status.st_size == (off_t)sizeof(*clock))
		clock = map_clock(fd);
	(void)close(fd);
	if (clock && clock->magic == CLOCK_MAGIC && clock->bytes == sizeof(*clock) &&
	    clock->tables[0].cnt <= TABLE_PAIRS && clock->tables[1].cnt <= TABLE_PAIRS)
		return clock;
	clock__free(clock);
	errno = EBADMSG;
	return NULL;
}

void clock__free(struct clock *clock)
{
	if (clock)
		(void)munmap(clock, sizeof(*clock));
}

static struct clock_pair load_pair(const struct clock_table *table, uint32_t i)
{
	return (struct clock_pair){
		.ticks = barrier__load_relaxed(&table->pairs[i].ticks),
		.ns = barrier__load_relaxed(&table->pairs[i].ns),
	};
}

/* Sets the rate of the line from one pair to the next, as finely as 64 bits hold it. */
static void set_rate(struct clock_span *span, struct clock_pair from, struct clock_pair to)
{
	const uint64_t ticks = to.ticks > from.ticks ? to.ticks - from.ticks : 1;
	const uint64_t ns = to.ns - from.ns;
	unsigned __int128 rate;

	span->shift = 62;
	rate = ((unsigned __int128)ns << span->shift) / ticks;
	while (rate >> 64) {
		rate >>= 1;
		span->shift--;
	}
	span->rate = (uint64_t)rate;
	span->origin_ticks = from.ticks;
	span->origin_ns = from.ns;
}

static void set_identity(struct clock_span *span)
{
	*span = (struct clock_span){ .to_ticks = UINT64_MAX, .rate = 1 };
}

/* Among the pairs of one run, from first on to before end, of which there are two at least. */
static void find_in_run(const struct clock_table *table, uint32_t first, uint32_t end,
			uint64_t ticks, struct clock_span *span)
{
	uint32_t low = first + 1, high = end - 1;

	/* the first later pair between the first and the last */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (load_pair(table, middle).ticks <= ticks)
			low = middle + 1;
		else
			high = middle;
	}
	set_rate(span, load_pair(table, low - 1), load_pair(table, low));
	span->from_ticks = low == first + 1 ? 0 : load_pair(table, low - 1).ticks;
	span->to_ticks = low == end - 1 ? UINT64_MAX : load_pair(table, low).ticks - 1;
}

/* A run of one pair so far: takes the rate from before the ticks went back. */
static void find_by_earlier_rate(const struct clock_table *table, uint32_t at,
				 struct clock_span *span)
{
	const struct clock_pair pair = load_pair(table, at);
	uint32_t i = at - 1;

	while (i > 0 && load_pair(table, i).ticks < load_pair(table, i - 1).ticks)
		i--;
	set_identity(span);
	if (i > 0)
		set_rate(span, load_pair(table, i - 1), load_pair(table, i));
	span->origin_ticks = pair.ticks;
	span->origin_ns = pair.ns;
	span->from_ticks = 0;
}

/* The latest run in which these ticks are a time of that run, and before before_ns. */
static void find_run(const struct clock_table *table, uint32_t cnt, uint64_t ticks,
		     uint64_t before_ns, struct clock_span *span)
{
	const uint64_t latest_ns =
		before_ns > UINT64_MAX - STAMP_SLACK_NS ? UINT64_MAX : before_ns + STAMP_SLACK_NS;

	for (uint32_t end = cnt, first;; end = first) {
		uint64_t ns;

		first = end - 1;
		while (first > 0 &&
		       load_pair(table, first).ticks > load_pair(table, first - 1).ticks)
			first--;
		if (end - first > 1)
			find_in_run(table, first, end, ticks, span);
		else if (first > 0)
			find_by_earlier_rate(table, first, span);
		else
			set_identity(span);
		ns = clock_span__mono_ns(span, ticks);
		if (!first || (ns <= latest_ns && ns > load_pair(table, first - 1).ns))
			return;
	}
}

static void find_in_table(const struct clock_table *table, uint64_t ticks, uint64_t before_ns,
			  struct clock_span *span)
{
	/* Acquire, from clock__add(): the pairs below cnt are filled. */
	const uint32_t cnt = barrier__load_acquire(&table->cnt);

	if (cnt < 2)
		set_identity(span);
	else if (barrier__load_relaxed(&table->step_cnt))
		find_run(table, cnt, ticks, before_ns, span);
	else
		find_in_run(table, 0, cnt, ticks, span);
}

void clock__find_span(const struct clock *clock, uint8_t kind, uint64_t ticks, uint64_t before_ns,
		      struct clock_span *ret_span)
{
	uint64_t generation;

	if (!is_machine_clock(kind)) {
		set_identity(ret_span);
		return;
	}
	do {
		/* Acquire, from thin_table(): the table of that generation is filled. */
		generation = barrier__load_acquire(&clock->generation);
		find_in_table(&clock->tables[generation % 2], ticks, before_ns, ret_span);
		/* Orders the look into the table before the question; its pair is in
		 * thin_table(). */
		barrier__fence_acquire();
	} while (barrier__load_relaxed(&clock->generation) != generation);
}
