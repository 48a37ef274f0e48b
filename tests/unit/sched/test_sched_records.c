/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "call_names.h"
#include "record.h"
#include "sched_records.h"
#include "sched_sites.h"
#include "sched_wire.h"
#include "site.h"
#include "site_choice.h"
#include "site_filter.h"

#define MODULE 7

static struct sched_batch made;
static struct record record;

/* The one record of a batch, whose head is checked. */
static const unsigned char *take(const struct sched_message *message)
{
	struct call_names *names = call_names__new();
	struct record_walk walk;

	assert_non_null(names);
	assert_int_equal(sched_records__make(message, MODULE, names, &made), 0);
	call_names__free(names);
	assert_int_equal(made.message.head.kind, WIRE_BATCH);
	assert_int_equal(made.message.head.module, MODULE);
	assert_int_equal(made.message.head.tid, message->head.tid);
	assert_int_equal(made.message.batch.magic, TTLOG_BATCH_MAGIC);
	assert_int_equal(made.message.batch.flags, TTLOG_BATCH_ALONE);
	assert_int_equal(made.message.batch.clock, TTLOG_CLOCK_MONOTONIC);
	assert_int_equal(made.message.batch.base_ticks, message->head.stamp_ns);
	assert_int_equal(made.message.batch.committed >> 32, 1);
	walk = (struct record_walk){
		.at = made.record,
		.end = made.record + (uint32_t)made.message.batch.committed,
		.left = 1,
	};
	assert_int_equal(made.message.head.bytes, walk.end - (const unsigned char *)&made);
	assert_int_equal(record_walk__next(&walk, &record), 1);
	assert_ptr_equal(walk.at, walk.end);
	assert_int_equal(record.site_index, message->site);
	assert_int_equal(record.delta_ticks, 0);
	return record.fields;
}

static const unsigned char *see(const unsigned char *at, const void *bytes, size_t len)
{
	assert_memory_equal(at, bytes, len);
	return at + len;
}

static const unsigned char *see_u32(const unsigned char *at, uint32_t value)
{
	return see(at, &value, sizeof(value));
}

static const unsigned char *see_u64(const unsigned char *at, uint64_t value)
{
	return see(at, &value, sizeof(value));
}

/* NULL: null. */
static const unsigned char *see_text(const unsigned char *at, const char *text)
{
	const uint16_t word = text ? (uint16_t)strlen(text) : TTLOG_STR_NULL;

	at = see(at, &word, sizeof(word));
	return text ? see(at, text, strlen(text)) : at;
}

static void see_end(const unsigned char *at)
{
	assert_in_range(record.fields + record.fields_len - at, 0, TTLOG_RECORD_ALIGN - 1);
}

static void test_sched_records_off_cpu(void **state)
{
	const struct sched_message message = {
		.head = { .stamp_ns = 1000, .tid = 12 },
		.site = SCHED_OFF_CPU,
		.duration_ns = 15000000,
		.reason = SCHED_LOCK,
		.call = 0,
		.cpu = 3,
		.waker = SCHED_TASK,
		.peer_pid = 10,
		.peer_tid = 11,
		.peer_comm = "sixteen bytes 16", /* as the kernel never has it */
	};
	const unsigned char *at = take(&message);

	(void)state;
	at = see_u64(at, 15000000);
	at = see_text(at, "lock");
#if defined(__x86_64__)
	at = see_text(at, "read");
#else
	at = see_text(at, "io_setup");
#endif
	at = see_u32(at, 3);
	at = see_text(at, "task");
	at = see_text(at, "sixteen bytes 16");
	at = see_u32(at, 10);
	see_end(see_u32(at, 11));
}

static void test_sched_records_not_woken(void **state)
{
	const struct sched_message message = {
		.site = SCHED_OFF_CPU,
		.duration_ns = 1,
		.reason = SCHED_PREEMPTED,
		.call = SCHED_NO_CALL,
	};
	const unsigned char *at = take(&message);

	(void)state;
	at = see_u64(at, 1);
	at = see_text(at, "preempted");
	at = see_text(at, NULL);
	at = see_u32(at, 0);
	at = see_text(at, NULL);
	at = see_text(at, NULL);
	at = see_u32(at, 0);
	see_end(see_u32(at, 0));
}

static void test_sched_records_fault(void **state)
{
	const struct sched_message message = {
		.site = SCHED_MAJOR_FAULT,
		.address = 0x7f0000001000,
		.ip = 0x401000,
	};

	(void)state;
	see_end(see_u64(see_u64(take(&message), 0x7f0000001000), 0x401000));
}

static void see_signal(int number, const char *name)
{
	const struct sched_message message = {
		.site = SCHED_SIGNAL,
		.signal = number,
		.is_handled = 1,
		.peer_pid = 5,
	};
	const unsigned char *at = see_text(take(&message), name);

	at = see_u32(at, (uint32_t)number);
	at = see(at, "\1", 1);
	at = see_text(at, NULL);
	see_end(see_u32(at, 5));
}

static void test_sched_records_signal(void **state)
{
	(void)state;
	see_signal(15, "SIGTERM");
	see_signal(40, "40");
}

static void test_sched_records_of_no_site(void **state)
{
	const struct sched_message messages[] = {
		{ .site = SCHED_SITES },
		{ .reason = SCHED_REASONS },
		{ .waker = SCHED_WAKERS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		assert_int_equal(sched_records__make(&messages[i], MODULE, NULL, &made), -EBADMSG);
}

static void test_call_names_out_of_range(void **state)
{
	struct call_names *names = call_names__new();

	(void)state;
	assert_non_null(names);
	assert_null(call_names__of(names, SCHED_NO_CALL));
	assert_null(call_names__of(names, INT32_MAX));
	assert_null(call_names__of(names, 1023));
	call_names__free(names);
}

/* A bit for each site. */
static uint32_t on_by(const char *levels, const char *rule)
{
	struct site_filter *filter = site_filter__new();
	struct site_table *table = sched_sites__new();
	struct site_choice *choice;
	char error[256];
	uint32_t on;

	assert_non_null(filter);
	assert_non_null(table);
	assert_int_equal(site_filter__set_levels(filter, levels, error, sizeof(error)), 0);
	if (rule)
		assert_int_equal(site_filter__add(filter, rule, error, sizeof(error)), 0);
	choice = site_choice__new(filter, filter);
	assert_non_null(choice);
	on = sched_sites__on(table, choice);
	site_choice__unref(choice);
	site_table__free(table);
	site_filter__free(filter);
	return on;
}

static void test_sched_sites_are_chosen(void **state)
{
	(void)state;
	assert_int_equal(on_by("trace", NULL), 7);
	assert_int_equal(on_by("info", NULL), 7);
	assert_int_equal(on_by("warn", NULL), 0);
	assert_int_equal(on_by("warn,sched=info", NULL), 7);
	assert_int_equal(on_by("trace", "probe=off_cpu"), 1 << SCHED_OFF_CPU);
	assert_int_equal(on_by("trace", "target=net.*"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sched_records_off_cpu),
		cmocka_unit_test(test_sched_records_not_woken),
		cmocka_unit_test(test_sched_records_fault),
		cmocka_unit_test(test_sched_records_signal),
		cmocka_unit_test(test_sched_records_of_no_site),
		cmocka_unit_test(test_call_names_out_of_range),
		cmocka_unit_test(test_sched_sites_are_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
