/* SPDX-License-Identifier: MIT */
/*
 * Records of events that the kernel sends for probes that are not ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "foreign_batch.h"
#include "site.h"

#define SLOTS 4

struct message {
	struct wire_event event;
	char text[SLOTS * WIRE_SLOT_BYTES];
};

struct fixture {
	struct message message;
	struct site site;
	struct foreign_batch batch;
};

/* The batch with that event alone; NULL: it is refused. */
static const struct wire_batch *pack(const struct wire_event *message, size_t bytes,
				     const struct site *site, struct foreign_batch *batch)
{
	struct foreign_event event;

	foreign_event__of_message(message, bytes, &event);
	foreign_batch__begin(batch, &message->head, &event);
	return foreign_batch__add(batch, &event, site) ? foreign_batch__message(batch) : NULL;
}

static struct fixture make(uint8_t nfields, const uint8_t *types)
{
	struct fixture fixture = {
		.message.event = {
			.head = { .kind = WIRE_EVENT, .stamp_ns = 500, .tgid = 7, .tid = 8 },
			.site = 10,
			.place_kind = WIRE_PLACE_EVENT,
			.value_cnt = nfields,
		},
		.site = { .index = 10, .nfields = nfields },
	};

	memcpy(fixture.site.types, types, nfields);
	return fixture;
}

/* Its record has these bytes after its head; it comes alone, at that time. */
static void assert_record(struct fixture *fixture, uint32_t index, uint64_t time_ns,
			  const void *bytes, size_t cnt)
{
	const struct wire_batch *batch = pack(&fixture->message.event, sizeof(fixture->message),
					      &fixture->site, &fixture->batch);
	const size_t len = (sizeof(struct ttlog_record) + cnt + 3) / 4 * 4;
	struct ttlog_record record;

	assert_non_null(batch);
	memcpy(&record, batch + 1, sizeof(record));
	assert_int_equal(record.site_len >> TTLOG_RECORD_LEN_BITS, index);
	assert_int_equal((record.site_len & TTLOG_RECORD_LEN_MASK) * 4, len);
	assert_int_equal(batch->batch.committed, (uint64_t)1 << 32 | len);
	assert_int_equal(batch->batch.base_ticks, time_ns);
	assert_int_equal(batch->batch.flags, TTLOG_BATCH_ALONE);
	assert_int_equal(batch->batch.clock, TTLOG_CLOCK_MONOTONIC);
	assert_int_equal(batch->head.kind, WIRE_BATCH);
	assert_int_equal(batch->head.bytes, sizeof(*batch) + len);
	assert_int_equal(batch->head.tid, 8);
	assert_memory_equal((const char *)(batch + 1) + sizeof(record), bytes, cnt);
}

static void test_foreign_event_numbers(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_I32, TTLOG_TYPE_U8, TTLOG_TYPE_BOOL,
					 TTLOG_TYPE_U64, TTLOG_TYPE_I16 };
	/* -2, 255, true, 2^63, 0x1234 */
	static const unsigned char bytes[] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0x01, 0,    0,
					       0,    0,    0,    0,    0,    0x80, 0x34, 0x12 };
	struct fixture fixture = make(5, types);

	(void)state;
	fixture.message.event.values.list[0] = (uint64_t)-2;
	fixture.message.event.values.list[1] = 0xff;
	fixture.message.event.values.list[2] = 256;
	fixture.message.event.values.list[3] = UINT64_C(1) << 63;
	fixture.message.event.values.list[4] = 0x1234;
	assert_record(&fixture, 10, 500, bytes, sizeof(bytes));
}

/* Each nullable value has a byte before it; what the event lacks is null, too. */
static void test_foreign_event_nulls(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_U16, TTLOG_TYPE_U16, TTLOG_TYPE_U16 };
	static const unsigned char bytes[] = { 1, 5, 0, 0, 0 };
	struct fixture fixture = make(3, types);

	(void)state;
	fixture.site.nullable = 7;
	fixture.message.event.values.list[0] = 5;
	fixture.message.event.values.list[1] = 6;
	fixture.message.event.values.missing = 2;
	fixture.message.event.value_cnt = 2;
	assert_record(&fixture, 10, 500, bytes, sizeof(bytes));
}

static void test_foreign_event_texts(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_STR, TTLOG_TYPE_STR, TTLOG_TYPE_STR };
	static const unsigned char bytes[] = { 2, 0, 'a', 'b', 0, TTLOG_STR_NULL >> 8, 1, 0, 'c' };
	struct fixture fixture = make(3, types);

	(void)state;
	fixture.message.event.slot_bytes = WIRE_SLOT_BYTES;
	fixture.message.event.values.list[0] = 3;
	fixture.message.event.values.list[1] = WIRE_NULL_TEXT;
	fixture.message.event.values.list[2] = 2;
	memcpy(fixture.message.event.text, "ab", 3);
	memcpy(fixture.message.event.text + WIRE_SLOT_BYTES, "c", 2);
	assert_record(&fixture, 10, 500, bytes, sizeof(bytes));
}

/* 4,000 bytes are recorded whole; of more, the first 4,000, and a mark. */
static void test_foreign_event_cuts_texts(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_STR };
	unsigned char bytes[2 + TTLOG_STR_MAX];
	struct fixture *fixture = calloc(1, sizeof(*fixture) + WIRE_SLOT_MAX_BYTES);

	(void)state;
	assert_non_null(fixture);
	for (uint16_t more = 0; more <= 1; more++) {
		const uint16_t word = TTLOG_STR_MAX | (more ? TTLOG_STR_CUT : 0);
		struct {
			struct wire_event event;
			char text[WIRE_SLOT_MAX_BYTES];
		} message = { .event = make(1, types).message.event };
		const struct wire_batch *batch;

		fixture->site = make(1, types).site;
		message.event.slot_bytes = WIRE_SLOT_MAX_BYTES;
		message.event.values.list[0] = TTLOG_STR_MAX + more + 1;
		memset(message.text, 'x', sizeof(message.text));
		memcpy(bytes, &word, sizeof(word));
		memset(bytes + 2, 'x', TTLOG_STR_MAX);
		batch = pack(&message.event, sizeof(message), &fixture->site, &fixture->batch);
		assert_non_null(batch);
		assert_memory_equal((const char *)(batch + 1) + sizeof(struct ttlog_record), bytes,
				    sizeof(bytes));
	}
	free(fixture);
}

/* A span begins when the kernel says so; its end has that time, and the value that it returned. */
static void test_foreign_event_spans(void **state)
{
	static const uint8_t none[1];
	static const unsigned char returned[] = { 100, 0, 0,    0,    0,    0,   0,
						  0,   1, 0xff, 0xff, 0xff, 0xff };
	static const unsigned char left[] = { 100, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture fixture = make(0, none);

	(void)state;
	fixture.site.kind = TTLOG_SITE_SPAN;
	fixture.site.ret_type = TTLOG_TYPE_I32;
	fixture.message.event.begin_ns = 100;
	fixture.message.event.place_kind = WIRE_PLACE_BEGIN;
	assert_record(&fixture, 10, 100, "", 0);
	fixture.message.event.place_kind = WIRE_PLACE_RETURN;
	fixture.message.event.value_cnt = 1;
	fixture.message.event.values.list[0] = (uint64_t)-1;
	assert_record(&fixture, 11, 500, returned, sizeof(returned));
	fixture.message.event.place_kind = WIRE_PLACE_JUMP;
	fixture.message.event.value_cnt = 0;
	assert_record(&fixture, 11, 500, left, sizeof(left));
}

/* What does not fit its site is refused: the file changed, or memory is corrupt. */
static void test_foreign_event_refuses(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_STR };
	struct fixture fixture = make(1, types);
	struct wire_event *event = &fixture.message.event;

	(void)state;
	event->slot_bytes = WIRE_SLOT_BYTES;
	event->values.list[0] = WIRE_SLOT_BYTES + 1;
	assert_null(pack(event, sizeof(fixture.message), &fixture.site, &fixture.batch));
	event->values.list[0] = 9;
	assert_null(pack(event, sizeof(*event) + 8, &fixture.site, &fixture.batch));
	event->values.list[0] = 0;
	assert_null(pack(event, sizeof(fixture.message), &fixture.site, &fixture.batch));
	event->values.list[0] = 1;
	event->value_cnt = TTLOG_MAX_FIELDS + 1;
	assert_null(pack(event, sizeof(fixture.message), &fixture.site, &fixture.batch));
	event->value_cnt = 1;
	event->place_kind = WIRE_PLACE_RETURN; /* of a site that is no span */
	assert_null(pack(event, sizeof(fixture.message), &fixture.site, &fixture.batch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_event_numbers),
		cmocka_unit_test(test_foreign_event_nulls),
		cmocka_unit_test(test_foreign_event_texts),
		cmocka_unit_test(test_foreign_event_cuts_texts),
		cmocka_unit_test(test_foreign_event_spans),
		cmocka_unit_test(test_foreign_event_refuses),
	};

	return cmocka_run_group_tests_name("foreign_event", tests, NULL, NULL);
}
