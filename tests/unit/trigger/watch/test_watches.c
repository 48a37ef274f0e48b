/* SPDX-License-Identifier: MIT */
/*
 * Watches over records that the test makes: which fire, at which record, and what they say.
 */
#include "make.h"

#include "wire.h"
#include "array.h"
#include "clock.h"
#include "process.h"
#include "process_settings.h"
#include "snapshot_counts.h"
#include "watched_module.h"
#include "watches_parts.h"

#define STEP     0u /* INFO, one u64 */
#define FAILED   2u /* ERROR, one u64 */
#define SPAN     4u /* INFO, a span without fields; its end is 5 */
#define OTHER    8u /* INFO, one u64 */
#define MODULE   1u
#define TID      42u
#define BASE_NS  1000000000ull
#define STAMP_NS 9000000000ull

static const uint8_t u64_types[] = { TTLOG_TYPE_U64 };

struct fixture {
	struct trigger_plan *plan;
	struct snapshot_counts counts;
	struct clock *clock;
	struct watches watches;
	struct process *process;
	struct make_batch batch;
	uint8_t flags; /* of the batch */
};

#define ERROR_FLAG TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR)

/* error_flag: what the records of FAILED leave in their batch; 0: an old header. */
static struct watched_module *make_module(const struct trigger_plan *plan, uint8_t error_flag)
{
	struct site_table *table = make__table(4);
	struct watched_module *module;

	make__site(table, STEP, "step", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "count", u64_types);
	make__site(table, FAILED, "failed", TTLOG_LEVEL_ERROR, TTLOG_SITE_EVENT, "code", u64_types)
		->batch_flag = error_flag;
	make__site(table, SPAN, "request", TTLOG_LEVEL_INFO, TTLOG_SITE_SPAN, "", u64_types);
	make__site(table, OTHER, "other", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "count", u64_types);
	module = watched_module__new(plan, table);
	assert_non_null(module);
	return module;
}

/* As if the process had sent a batch of the module before. */
static void add_module(struct fixture *fixture, uint8_t error_flag)
{
	struct watches *watches = &fixture->watches;
	struct process_watch *watch = watches__of(watches, fixture->process);
	struct watched_module *module;

	assert_non_null(watch);
	assert_int_equal(watch->ref_cnt, 0);
	module = make_module(watch->plan, error_flag);
	module->use_cnt = 1;
	assert_int_equal(
		array__reserve(watches->modules, watches->module_cnt + 1, &watches->module_cap), 0);
	assert_int_equal(array__reserve(watch->refs, 1, &watch->ref_cap), 0);
	watches->modules[watches->module_cnt++] = module;
	watch->refs[watch->ref_cnt++] = (struct watched_ref){ MODULE, module };
}

static struct trigger_plan *make_plan(const char *first, const char *second)
{
	struct trigger_plan *plan = trigger_plan__new();
	char why[640];

	assert_non_null(plan);
	assert_int_equal(trigger_plan__add(plan, first, why, sizeof(why)), 0);
	if (second)
		assert_int_equal(trigger_plan__add(plan, second, why, sizeof(why)), 0);
	return plan;
}

static struct fixture *start_with(const char *first, const char *second, uint8_t error_flag)
{
	const struct wire_head head = { .tgid = TID, .tid = TID, .start_ns = 5, .comm = "worker" };
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->plan = make_plan(first, second);
	fixture->clock = clock__new_blank();
	assert_non_null(fixture->clock);
	fixture->watches = (struct watches){
		.clock = fixture->clock,
		.counts = &fixture->counts,
		.next_due_ns = WATCHES_NEVER,
	};
	watches__set_plan(&fixture->watches, fixture->plan);
	fixture->process = process__new(&head);
	assert_non_null(fixture->process);
	fixture->process->ring = ring__new(NULL, RING_MIN_BYTES);
	assert_non_null(fixture->process->ring);
	assert_int_equal(thread_table__number(&fixture->process->threads, NULL, &head, UINT32_MAX),
			 0);
	add_module(fixture, error_flag);
	return fixture;
}

static struct fixture *start(const char *first, const char *second)
{
	return start_with(first, second, 0);
}

static void stop(struct fixture *fixture)
{
	watches__forget(&fixture->watches, fixture->process);
	assert_int_equal(fixture->watches.module_cnt, 0);
	watches__fini(&fixture->watches);
	process__free(fixture->process);
	clock__free(fixture->clock);
	trigger_plan__free(fixture->plan);
	free(fixture);
}

/* What is in the batch comes. */
static void take(struct fixture *fixture)
{
	struct make_batch *batch = &fixture->batch;

	fixture->process->taken = (struct taken_records){
		.entry = {
			.bytes = batch->len,
			.events = batch->events,
			.module = MODULE,
			.base_ticks = BASE_NS,
			.stamp_ns = STAMP_NS,
			.seq = 1,
			.clock = TTLOG_CLOCK_MONOTONIC,
		},
		.records = batch->bytes,
		.flags = fixture->flags,
	};
	watches__look(&fixture->watches, fixture->process);
	batch->len = batch->events = 0;
}

static const struct trigger_cause *cause_of(const struct fixture *fixture)
{
	return &fixture->process->snapshots.schedule.cause;
}

static bool is_due(const struct fixture *fixture)
{
	const bool due = fixture->process->snapshots.schedule.due_ns != 0;

	assert_int_equal(due, fixture->watches.next_due_ns != WATCHES_NEVER);
	return due;
}

static void make_span_end(struct make_batch *batch, uint32_t delta, uint64_t begin_ticks)
{
	make__record(batch, SPAN + 1, delta, begin_ticks);
}

static void make_span(struct make_batch *batch, uint32_t delta)
{
	make__begin(batch, SPAN, delta);
	make__end(batch);
}

static void test_watches_find_an_event_among_others(void **state)
{
	struct fixture *fixture = start("event:level>=error", NULL);

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		make__record(&fixture->batch, STEP, i, (uint64_t)FAILED << 46);
	take(fixture);
	assert_false(is_due(fixture));
	make__record(&fixture->batch, STEP, 1, 1);
	make__record(&fixture->batch, FAILED, 7, 3);
	make__record(&fixture->batch, FAILED, 8, 4);
	take(fixture);
	assert_true(is_due(fixture));
	assert_string_equal(fixture->process->snapshots.schedule.reason, "event");
	assert_string_equal(cause_of(fixture)->on, "event:level>=error");
	assert_string_equal(cause_of(fixture)->probe, "failed");
	assert_int_equal(cause_of(fixture)->mono_ns, BASE_NS + 7);
	assert_int_equal(cause_of(fixture)->tid, TID);
	stop(fixture);
}

static void put_other(struct make_batch *batch, bool is_mixed, uint32_t i)
{
	if (is_mixed)
		make__record(batch, i % 3 ? STEP : OTHER, i, FAILED);
	else
		make__record(batch, STEP, i, FAILED);
}

/* Wherever it is: records of one site, or of one length, are skipped several at a time. */
static void test_watches_find_an_event_at_each_place(void **state)
{
	(void)state;
	for (uint32_t before = 0; before < 60; before++) {
		for (uint32_t kind = 0; kind < 4; kind++) {
			struct fixture *fixture = start("event:level>=error", NULL);
			const bool is_mixed = kind & 1, is_there = kind & 2;

			for (uint32_t i = 0; i < before; i++)
				put_other(&fixture->batch, is_mixed, i);
			if (is_there)
				make__record(&fixture->batch, FAILED, 77, 1);
			for (uint32_t i = 0; i < 20; i++)
				put_other(&fixture->batch, is_mixed, i);
			take(fixture);
			assert_int_equal(is_due(fixture), is_there);
			if (is_there)
				assert_int_equal(cause_of(fixture)->mono_ns, BASE_NS + 77);
			stop(fixture);
		}
	}
}

/* Nor is what comes after the records that the batch says it has. */
static void test_watches_stop_where_the_batch_ends(void **state)
{
	(void)state;
	for (uint32_t cnt = 1; cnt < 60; cnt++) {
		struct fixture *fixture = start("event:level>=error", NULL);

		for (uint32_t i = 0; i < cnt; i++)
			put_other(&fixture->batch, false, i);
		make__record(&fixture->batch, FAILED, 77, 1);
		fixture->batch.events--;
		take(fixture);
		assert_false(is_due(fixture));
		stop(fixture);
	}
}

/* Whether an ERROR in a batch with these flags is found. */
static bool finds(const char *first, const char *second, uint8_t error_flag, uint8_t flags)
{
	struct fixture *fixture = start_with(first, second, error_flag);
	bool is_found;

	fixture->flags = flags;
	make__record(&fixture->batch, STEP, 1, 100);
	make__record(&fixture->batch, FAILED, 2, 101);
	take(fixture);
	is_found = is_due(fixture);
	stop(fixture);
	return is_found;
}

/* The flags say that nothing in it is watched: then it is not walked, which a lie shows. */
static void test_watches_pass_over_batches_by_their_flags(void **state)
{
	const char *event = "event:level>=error";
	const uint8_t others = (uint8_t)~ERROR_FLAG;

	(void)state;
	assert_true(finds(event, NULL, ERROR_FLAG, ERROR_FLAG));
	assert_true(finds(event, NULL, ERROR_FLAG, UINT8_MAX));
	assert_false(finds(event, NULL, ERROR_FLAG, 0));
	assert_false(finds(event, NULL, ERROR_FLAG, others));
	assert_false(finds("event:code>100 and level>info", NULL, ERROR_FLAG, others));
	/* an old header: nothing is known */
	assert_true(finds(event, NULL, 0, 0));
	/* sites below WARN are watched, too: an event, a span */
	assert_true(finds(event, "event:count=5", ERROR_FLAG, 0));
	assert_true(finds(event, "slow:request>1h", ERROR_FLAG, 0));
}

/* A section's plan takes the place of that for all, as soon as the process has its settings. */
static void test_watches_of_a_section(void **state)
{
	struct fixture *fixture = start("event:level>=error", "fill>1%");
	struct trigger_plan *plan = make_plan("slow:none>1h", "event:code=5");
	struct trigger_plan *list = make_plan("exit", NULL);
	const struct process_settings watching = { .plan = plan }, none = { .plan = list };

	(void)state;
	fixture->process->settings = &watching;
	add_module(fixture, 0);
	make__record(&fixture->batch, FAILED, 1, 4);
	take(fixture);
	assert_false(is_due(fixture));
	make__record(&fixture->batch, FAILED, 2, 5);
	take(fixture);
	assert_true(is_due(fixture));
	assert_string_equal(cause_of(fixture)->on, "event:code=5");
	fixture->process->snapshots.schedule.due_ns = 0;
	fixture->watches.next_due_ns = WATCHES_NEVER;
	/* it runs another program */
	fixture->process->settings = &none;
	make__record(&fixture->batch, FAILED, 3, 5);
	take(fixture);
	assert_false(is_due(fixture));
	assert_null(fixture->process->watch);
	stop(fixture);
	trigger_plan__free(plan);
	trigger_plan__free(list);
}

/* Only sections have watches. */
static void test_watches_are_on_for_sections(void **state)
{
	struct trigger_plan *list = make_plan("exit", NULL), *plan = make_plan("fill>1%", NULL);
	struct watches watches = { .plan = list };

	(void)state;
	assert_false(watches__is_on(&watches));
	watches.sections_watch = true;
	assert_true(watches__is_on(&watches));
	watches = (struct watches){ .plan = plan };
	assert_true(watches__is_on(&watches));
	trigger_plan__free(list);
	trigger_plan__free(plan);
}

static void test_watches_compare_values(void **state)
{
	struct fixture *fixture = start("event:probe=step and count>100", "event:code=5");

	(void)state;
	make__record(&fixture->batch, STEP, 1, 100);
	make__record(&fixture->batch, FAILED, 2, 101);
	take(fixture);
	assert_false(is_due(fixture));
	make__record(&fixture->batch, FAILED, 3, 5);
	make__record(&fixture->batch, STEP, 4, 101);
	take(fixture);
	assert_true(is_due(fixture));
	assert_string_equal(cause_of(fixture)->on, "event:code=5");
	assert_int_equal(fixture->watches.unchecked_cnt, 0);
	stop(fixture);
}

static void test_watches_skip_what_is_no_record(void **state)
{
	struct fixture *fixture = start("event:level>=error", NULL);
	const uint32_t huge = FAILED << TTLOG_RECORD_LEN_BITS | TTLOG_RECORD_LEN_MASK;

	(void)state;
	/* its fields do not fit the site */
	make__begin(&fixture->batch, FAILED, 1);
	make__put_u64(&fixture->batch, 1);
	make__put_u64(&fixture->batch, 2);
	make__end(&fixture->batch);
	/* an unknown site, then a length beyond the end */
	make__record(&fixture->batch, 200000, 2, 1);
	make__record(&fixture->batch, FAILED, 3, 1);
	memcpy(fixture->batch.bytes + fixture->batch.record + 4, &huge, sizeof(huge));
	take(fixture);
	assert_false(is_due(fixture));
	/* more records than the batch says: those do not count */
	make__record(&fixture->batch, STEP, 1, 1);
	make__record(&fixture->batch, FAILED, 3, 1);
	fixture->batch.events = 1;
	take(fixture);
	assert_false(is_due(fixture));
	stop(fixture);
}

static void test_watches_count_what_is_suppressed(void **state)
{
	struct fixture *fixture = start("event:level>=error", NULL);
	struct schedule *schedule = &fixture->process->snapshots.schedule;

	(void)state;
	fixture->plan->rules.min_gap_ns = UINT64_MAX;
	make__record(&fixture->batch, FAILED, 1, 1);
	take(fixture);
	assert_true(is_due(fixture));
	schedule->due_ns = 0; /* it is made */
	fixture->watches.next_due_ns = WATCHES_NEVER;
	/* those that come together count once */
	for (unsigned i = 0; i < 3; i++) {
		make__record(&fixture->batch, FAILED, 1, 1);
		make__record(&fixture->batch, FAILED, 2, 1);
		take(fixture);
	}
	assert_false(is_due(fixture));
	assert_int_equal(schedule->suppressed_cnt, 3);
	assert_int_equal(fixture->counts.by_reason[SNAPSHOT_EVENT].suppressed, 3);
	stop(fixture);
}

static void test_watches_notice_a_span_that_took_long(void **state)
{
	struct fixture *fixture = start("slow:req*>1us", NULL);

	(void)state;
	make_span(&fixture->batch, 100);
	make_span_end(&fixture->batch, 1100, BASE_NS + 100); /* not more than that */
	make_span(&fixture->batch, 2000);
	take(fixture);
	assert_false(is_due(fixture));
	make_span_end(&fixture->batch, 3001, BASE_NS + 2000);
	take(fixture);
	assert_true(is_due(fixture));
	assert_string_equal(fixture->process->snapshots.schedule.reason, "slow");
	assert_string_equal(cause_of(fixture)->probe, "request");
	assert_int_equal(cause_of(fixture)->mono_ns, BASE_NS + 2000);
	assert_int_equal(cause_of(fixture)->duration_ns, 1001);
	assert_false(cause_of(fixture)->is_open);
	stop(fixture);
}

static void test_watches_notice_a_span_that_is_open(void **state)
{
	struct fixture *fixture = start("slow:request>1us", NULL);
	struct schedule *schedule = &fixture->process->snapshots.schedule;

	(void)state;
	make_span(&fixture->batch, 0);
	take(fixture);
	watches__check(&fixture->watches, fixture->process, BASE_NS + 1000);
	assert_false(is_due(fixture));
	watches__check(&fixture->watches, fixture->process, BASE_NS + 1001);
	assert_true(is_due(fixture));
	assert_true(cause_of(fixture)->is_open);
	assert_int_equal(cause_of(fixture)->duration_ns, 1001);
	/* once: not again while it is open, nor at its end */
	schedule->due_ns = 0;
	fixture->watches.next_due_ns = WATCHES_NEVER;
	watches__check(&fixture->watches, fixture->process, BASE_NS + 5000);
	make_span_end(&fixture->batch, 6000, BASE_NS);
	take(fixture);
	assert_false(is_due(fixture));
	stop(fixture);
}

static void test_watches_forget_spans_of_what_is_gone(void **state)
{
	struct fixture *fixture = start("slow:request>1us", NULL);

	(void)state;
	make_span(&fixture->batch, 0);
	take(fixture);
	watches__end_thread(fixture->process, TID);
	watches__check(&fixture->watches, fixture->process, BASE_NS + 5000);
	make_span(&fixture->batch, 0);
	take(fixture);
	watches__exec(fixture->process);
	watches__check(&fixture->watches, fixture->process, BASE_NS + 5000);
	assert_false(is_due(fixture));
	stop(fixture);
}

static void test_watches_of_other_spans(void **state)
{
	struct fixture *fixture = start("slow:other*>1ns", "event:level>=fatal");

	(void)state;
	/* nothing in the module can make them fire */
	assert_int_equal(fixture->process->watch->refs[0].module->slot_cnt, 0);
	make_span(&fixture->batch, 0);
	make_span_end(&fixture->batch, 6000, BASE_NS);
	take(fixture);
	watches__check(&fixture->watches, fixture->process, BASE_NS + 9000);
	assert_false(is_due(fixture));
	stop(fixture);
}

static void test_watches_of_a_ring_that_fills(void **state)
{
	struct fixture *fixture = start("fill>50%", "fill>20%");
	const uint64_t ring_bytes = ring__data_bytes(fixture->process->ring);
	uint64_t written;

	(void)state;
	do {
		make__record(&fixture->batch, STEP, 1, 1);
		for (unsigned i = 0; i < 1000; i++)
			make__record(&fixture->batch, STEP, 1, 1);
		make__flush(&fixture->batch, fixture->process->ring, 0, MODULE, BASE_NS, STAMP_NS,
			    1);
		take(fixture);
		written = ring__written_bytes(fixture->process->ring);
		assert_int_equal(is_due(fixture), written >= ring_bytes / 100 * 20);
	} while (written < ring_bytes / 4);
	assert_string_equal(fixture->process->snapshots.schedule.reason, "fill");
	assert_string_equal(cause_of(fixture)->on, "fill>20%");
	assert_true(cause_of(fixture)->bytes >= ring_bytes / 100 * 20);
	stop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watches_find_an_event_among_others),
		cmocka_unit_test(test_watches_find_an_event_at_each_place),
		cmocka_unit_test(test_watches_stop_where_the_batch_ends),
		cmocka_unit_test(test_watches_pass_over_batches_by_their_flags),
		cmocka_unit_test(test_watches_of_a_section),
		cmocka_unit_test(test_watches_are_on_for_sections),
		cmocka_unit_test(test_watches_compare_values),
		cmocka_unit_test(test_watches_skip_what_is_no_record),
		cmocka_unit_test(test_watches_count_what_is_suppressed),
		cmocka_unit_test(test_watches_notice_a_span_that_took_long),
		cmocka_unit_test(test_watches_notice_a_span_that_is_open),
		cmocka_unit_test(test_watches_forget_spans_of_what_is_gone),
		cmocka_unit_test(test_watches_of_other_spans),
		cmocka_unit_test(test_watches_of_a_ring_that_fills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
