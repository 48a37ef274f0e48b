/* SPDX-License-Identifier: MIT */
/*
 * Converts ticks to nanoseconds: exact at the pairs, never decreasing, right at the limits of 64
 * bits, and readable while pairs are added.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/timex.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif
#include <cmocka.h>

#include "ttlog/abi.h"

#include "clock.h"

#if defined(__aarch64__)
#define MACHINE TTLOG_CLOCK_CNTVCT
#else
#define MACHINE TTLOG_CLOCK_TSC
#endif

#define STRESS_PAIRS 20000u

static uint64_t read_machine_ticks(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return clock__now_mono_ns();
#endif
}

static uint64_t mono_ns_before(const struct clock *clock, uint64_t ticks, uint64_t before_ns)
{
	struct clock_span span;

	clock__find_span(clock, MACHINE, ticks, before_ns, &span);
	return clock_span__mono_ns(&span, ticks);
}

static uint64_t mono_ns(const struct clock *clock, uint8_t kind, uint64_t ticks)
{
	struct clock_span span;

	clock__find_span(clock, kind, ticks, UINT64_MAX, &span);
	return clock_span__mono_ns(&span, ticks);
}

static void assert_near(uint64_t value, uint64_t expected, uint64_t tolerance)
{
	assert_in_range(value, expected - tolerance, expected + tolerance);
}

static void test_clock_passes_monotonic_through(void **state)
{
	struct clock *clock = clock__new(NULL);

	(void)state;
	assert_non_null(clock);
	assert_int_equal(mono_ns(clock, TTLOG_CLOCK_MONOTONIC, 0), 0);
	assert_int_equal(mono_ns(clock, TTLOG_CLOCK_MONOTONIC, 123456789), 123456789);
	assert_true(mono_ns(clock, TTLOG_CLOCK_MONOTONIC, UINT64_MAX) == UINT64_MAX);
	clock__free(clock);
	clock__free(NULL);
}

static void test_clock_measures_the_machine(void **state)
{
	struct clock *clock = clock__new(NULL);
	uint64_t before, ticks, after, mapped;

	(void)state;
	assert_non_null(clock);
	/* an interrupt may come between the readings; the closest of many has none */
	for (int tries = 0; tries < 1000; tries++) {
		before = clock__now_mono_ns();
		ticks = read_machine_ticks();
		after = clock__now_mono_ns();
		if (after - before < 2000)
			break;
	}
	mapped = mono_ns(clock, MACHINE, ticks);
	/* 100 ppm of some ms, and the time that the readings take */
	assert_in_range(mapped, before - 20000, after + 20000);
	clock__free(clock);
}

static void test_clock_samples_keep_their_distance(void **state)
{
	struct clock *clock = clock__new_blank();
	struct clock_span first, second;
	struct timespec pause = { .tv_nsec = 3000000 };

	(void)state;
	assert_non_null(clock);
	clock__sample(clock);
	clock__sample(clock); /* too close: not counted */
	clock__find_span(clock, MACHINE, read_machine_ticks(), UINT64_MAX, &first);
	assert_int_equal(first.rate, 1);
	assert_int_equal(first.shift, 0);
	assert_int_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL), 0);
	clock__sample(clock);
	clock__find_span(clock, MACHINE, read_machine_ticks(), UINT64_MAX, &second);
	assert_int_not_equal(second.shift, 0);
	clock__free(clock);
}

static void test_clock_is_piecewise_linear(void **state)
{
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	assert_int_equal(clock__add(clock, 3000, 1000000), 0);
	assert_int_equal(clock__add(clock, 6000, 1001000), 0); /* 1/3 ns per tick */
	assert_int_equal(clock__add(clock, 7000, 1003000), 0); /* 2 ns per tick */
	assert_near(mono_ns(clock, MACHINE, 3000), 1000000, 0);
	assert_near(mono_ns(clock, MACHINE, 4500), 1000500, 1);
	assert_near(mono_ns(clock, MACHINE, 6000), 1001000, 0);
	assert_near(mono_ns(clock, MACHINE, 6500), 1002000, 1);
	assert_near(mono_ns(clock, MACHINE, 7000), 1003000, 1);
	/* after the last pair with the last rate, before the first with the first */
	assert_near(mono_ns(clock, MACHINE, 8000), 1005000, 1);
	assert_near(mono_ns(clock, MACHINE, 0), 999000, 1);
	assert_int_equal(clock__add(clock, 7000, 1004000), -EINVAL);
	assert_int_equal(clock__add(clock, 8000, 1003000), -EINVAL);
	clock__free(clock);
}

static void test_clock_survives_extremes(void **state)
{
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	assert_int_equal(clock__add(clock, 1000000, 5000), 0);
	assert_int_equal(clock__add(clock, 1000001, 1000000005000), 0); /* 1000 s per tick */
	assert_int_equal(mono_ns(clock, MACHINE, 0), 0);
	assert_true(mono_ns(clock, MACHINE, UINT64_MAX) == UINT64_MAX);
	clock__free(clock);

	clock = clock__new_blank();
	assert_non_null(clock);
	assert_int_equal(clock__add(clock, 0, 0), 0);
	assert_int_equal(clock__add(clock, UINT64_MAX - 1, UINT64_MAX / 2), 0);
	assert_near(mono_ns(clock, MACHINE, UINT64_MAX / 2), UINT64_MAX / 4, 8);
	clock__free(clock);
}

static void test_clock_never_falls(void **state)
{
	struct clock *clock = clock__new_blank();
	uint64_t ticks = 5, ns = 7, before = 0, mapped;

	(void)state;
	assert_non_null(clock);
	for (uint64_t i = 0; i < 100; i++) {
		ticks += 1 + i * 7919 % 3001;
		ns += 1 + i * 104729 % 997;
		assert_int_equal(clock__add(clock, ticks, ns), 0);
	}
	for (uint64_t at = 0; at < ticks + 5000; at++) {
		mapped = mono_ns(clock, MACHINE, at);
		assert_true(mapped >= before);
		before = mapped;
	}
	clock__free(clock);
}

/* Twenty thousand pairs: older ones are thinned out, and the mapping is still right everywhere. */
static void test_clock_thins_old_pairs(void **state)
{
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	for (uint64_t i = 1; i <= STRESS_PAIRS; i++)
		assert_int_equal(clock__add(clock, i * 3000000000u, i * 1000000000u), 0);
	for (uint64_t i = 1; i <= STRESS_PAIRS; i += 7)
		assert_near(mono_ns(clock, MACHINE, i * 3000000000u + 1500), i * 1000000000u + 500,
			    2);
	clock__free(clock);
}

/* 3 GHz, and a suspend at 100 s that sets the ticks back to 0: the clock goes on. */
static void test_clock_goes_on_when_the_ticks_went_back(void **state)
{
	const uint64_t s = 1000000000u;
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	for (uint64_t i = 90; i <= 100; i++)
		assert_int_equal(clock__add(clock, i * 3 * s, i * s), 0);
	/* noticed 0.7 s later; there are events before that and after it */
	assert_int_equal(clock__add(clock, 2100000000u, 100 * s + 700000000u), 0);
	assert_near(mono_ns_before(clock, 300000000u, 100 * s + 100000100u), 100 * s + 100000000u,
		    2);
	assert_near(mono_ns_before(clock, 2400000000u, 101 * s), 100 * s + 800000000u, 2);
	/* logged before the suspend, flushed before or after it */
	assert_near(mono_ns_before(clock, 285 * s, 95 * s + 100), 95 * s, 2);
	assert_near(mono_ns_before(clock, 299 * s, 101 * s), 99 * s + 666666667u, 2);
	for (uint64_t i = 101; i <= 400; i++)
		assert_int_equal(clock__add(clock, (i - 100) * 3 * s, i * s), 0);
	/* the same ticks again, 100 s later */
	assert_near(mono_ns_before(clock, 285 * s, 195 * s + 100), 195 * s, 2);
	assert_near(mono_ns_before(clock, 285 * s, 95 * s + 100), 95 * s, 2);
	assert_near(mono_ns_before(clock, 300000000u, 101 * s), 100 * s + 100000000u, 2);
	clock__free(clock);
}

/* Many suspends, more than the table holds: the newest pairs stay right. */
static void test_clock_survives_steps_without_end(void **state)
{
	const uint64_t s = 1000000000u;
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	for (uint64_t i = 1; i <= STRESS_PAIRS; i++)
		assert_int_equal(clock__add(clock, (i % 5 + 1) * 3 * s, i * s), 0);
	for (uint64_t i = STRESS_PAIRS - 1000; i < STRESS_PAIRS; i++)
		assert_near(mono_ns_before(clock, (i % 5 + 1) * 3 * s + 1500, i * s + 600),
			    i * s + 500, 2);
	clock__free(clock);
}

/* A few suspends, long ago: thinning pairs out does not join the runs between them. */
static void test_clock_thins_around_steps(void **state)
{
	const uint64_t s = 1000000000u;
	struct clock *clock = clock__new_blank();

	(void)state;
	assert_non_null(clock);
	for (uint64_t i = 1; i <= STRESS_PAIRS; i++)
		assert_int_equal(clock__add(clock, (i % 1000 + 1) * 3 * s, i * s), 0);
	for (uint64_t i = 1; i < STRESS_PAIRS; i += 7)
		assert_near(mono_ns_before(clock, (i % 1000 + 1) * 3 * s + 1500, i * s + 600),
			    i * s + 500, 2);
	clock__free(clock);
}

struct stress {
	struct clock *clock;
	uint32_t done; /* set by the adding thread, atomically */
	uint64_t wrong;
};

static void *map_forever(void *arg)
{
	struct stress *stress = arg;
	uint64_t i = 0;

	while (!__atomic_load_n(&stress->done, __ATOMIC_ACQUIRE)) {
		uint64_t ticks = (i++ * 7919 % STRESS_PAIRS + 1) * 3000;
		uint64_t mapped = mono_ns(stress->clock, MACHINE, ticks);

		if (mapped + 2 < ticks / 3 || mapped > ticks / 3 + 2)
			stress->wrong++;
	}
	return NULL;
}

static void test_clock_is_readable_while_pairs_come(void **state)
{
	struct stress stress = { .clock = clock__new_blank() };
	pthread_t reader;

	(void)state;
	assert_non_null(stress.clock);
	/* one rate for all pairs, so that any torn read shows */
	assert_int_equal(clock__add(stress.clock, 3, 1), 0);
	assert_int_equal(clock__add(stress.clock, 6, 2), 0);
	assert_int_equal(pthread_create(&reader, NULL, map_forever, &stress), 0);
	for (uint64_t i = 1; i <= STRESS_PAIRS; i++)
		assert_int_equal(clock__add(stress.clock, i * 3000, i * 1000), 0);
	__atomic_store_n(&stress.done, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(stress.wrong, 0);
	clock__free(stress.clock);
}

/* The kernel's own words, whatever the clock of this machine is like; they change in between. */
static void test_clock_tells_its_error(void **state)
{
	struct timex before = { .modes = 0 }, after = { .modes = 0 };
	struct clock_error error;

	(void)state;
	if (adjtimex(&before) < 0)
		skip(); /* a sandbox without it */
	clock__real_error(&error);
	assert_true(adjtimex(&after) >= 0);
	assert_true(error.is_known);
	if ((before.status & STA_UNSYNC) == (after.status & STA_UNSYNC))
		assert_int_equal(error.is_unsynchronised, (before.status & STA_UNSYNC) != 0);
	/* it only grows, unless the clock was set in between */
	if (before.maxerror <= after.maxerror && before.esterror == after.esterror) {
		assert_true(error.max_ns >= (uint64_t)before.maxerror * 1000);
		assert_true(error.max_ns >= (uint64_t)before.esterror * 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_passes_monotonic_through),
		cmocka_unit_test(test_clock_measures_the_machine),
		cmocka_unit_test(test_clock_samples_keep_their_distance),
		cmocka_unit_test(test_clock_is_piecewise_linear),
		cmocka_unit_test(test_clock_survives_extremes),
		cmocka_unit_test(test_clock_never_falls),
		cmocka_unit_test(test_clock_thins_old_pairs),
		cmocka_unit_test(test_clock_goes_on_when_the_ticks_went_back),
		cmocka_unit_test(test_clock_survives_steps_without_end),
		cmocka_unit_test(test_clock_thins_around_steps),
		cmocka_unit_test(test_clock_is_readable_while_pairs_come),
		cmocka_unit_test(test_clock_tells_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
