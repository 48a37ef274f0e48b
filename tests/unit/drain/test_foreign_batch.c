/* SPDX-License-Identifier: MIT */
/*
 * Events of probes that are not ours, from a thread's chunk: many in one batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "foreign_batch.h"
#include "site.h"

#define MODULE 3
#define SITE   10

/* Records as BPF writes them. */
struct records {
	_Alignas(uint64_t) char bytes[4096];
	size_t cnt;
};

static void put(struct records *records, const void *bytes, size_t cnt)
{
	memcpy(records->bytes + records->cnt, bytes, cnt);
	records->cnt += cnt;
}

static void put_word(struct records *records, uint64_t word)
{
	put(records, &word, sizeof(word));
}

/* Its head; `words` more of 8 bytes follow. */
static void put_head(struct records *records, uint64_t stamp_ns, uint8_t kind, uint8_t value_cnt,
		     uint16_t words)
{
	const struct wire_chunk_record head = {
		.stamp_ns = stamp_ns,
		.module = MODULE,
		.site = SITE,
		.words = words + sizeof(head) / 8,
		.place_kind = kind,
		.value_cnt = value_cnt,
	};

	put(records, &head, sizeof(head));
}

static struct foreign_event first_of(const struct records *records, size_t bytes)
{
	struct foreign_event event;

	assert_int_equal(foreign_event__of_record(records->bytes, records->cnt, &event), bytes);
	return event;
}

static struct site make_site(uint8_t nfields, uint8_t type)
{
	struct site site = { .index = SITE, .nfields = nfields };

	memset(site.types, type, nfields);
	return site;
}

static void begin(struct foreign_batch *batch, const struct foreign_event *event)
{
	const struct wire_head head = { .tgid = 7, .tid = 8 };

	foreign_batch__begin(batch, &head, event);
}

static void test_foreign_batch_has_many(void **state)
{
	static const unsigned char bytes[] = { 5, 0, 0, 0, 6, 0, 0, 0 };
	const struct site site = make_site(1, TTLOG_TYPE_U32);
	static struct foreign_batch batch;
	struct ttlog_record record;
	const struct wire_batch *message;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct records records = { .cnt = 0 };
		struct foreign_event event;

		put_head(&records, 500 + 70 * i, WIRE_PLACE_EVENT, 1, 1);
		put_word(&records, 5 + i);
		event = first_of(&records, 32);
		if (!i)
			begin(&batch, &event);
		assert_true(foreign_batch__has_room(&batch, &event));
		assert_true(foreign_batch__add(&batch, &event, &site));
	}
	message = foreign_batch__message(&batch);
	assert_non_null(message);
	assert_int_equal(message->batch.committed, (uint64_t)2 << 32 | 24);
	assert_int_equal(message->batch.base_ticks, 500);
	assert_int_equal(message->head.stamp_ns, 570);
	assert_int_equal(message->head.bytes, sizeof(*message) + 24);
	assert_int_equal(message->head.module, MODULE);
	assert_int_equal(message->head.tid, 8);
	for (size_t i = 0; i < 2; i++) {
		const char *at = (const char *)(message + 1) + 12 * i;

		memcpy(&record, at, sizeof(record));
		assert_int_equal(record.delta_ticks, 70 * i);
		assert_int_equal(record.site_len, SITE << TTLOG_RECORD_LEN_BITS | 3);
		assert_memory_equal(at + sizeof(record), bytes + 4 * i, 4);
	}
}

/* A delta has 32 bits, a batch one module; and time does not go back. */
static void test_foreign_batch_has_no_room(void **state)
{
	static struct foreign_batch batch;
	struct foreign_event event = { .time_ns = 1000, .module = MODULE };

	(void)state;
	begin(&batch, &event);
	assert_null(foreign_batch__message(&batch));
	event.time_ns = 1000 + (uint64_t)UINT32_MAX;
	assert_true(foreign_batch__has_room(&batch, &event));
	event.time_ns++;
	assert_false(foreign_batch__has_room(&batch, &event));
	event.time_ns = 999;
	assert_false(foreign_batch__has_room(&batch, &event));
	event.time_ns = 1000;
	event.module++;
	assert_false(foreign_batch__has_room(&batch, &event));
	event.module--;
	batch.bytes = FOREIGN_BATCH_BYTES;
	assert_false(foreign_batch__has_room(&batch, &event));
}

/* One after another, each padded to 8 bytes. */
static void test_foreign_batch_texts(void **state)
{
	static const unsigned char bytes[] = {
		9, 0, 'n', 'i', 'n', 'e', ' ', 'h', 'e', 'r', 'e', 0, TTLOG_STR_NULL >> 8, 1, 0, 'c'
	};
	const struct site site = make_site(3, TTLOG_TYPE_STR);
	static struct foreign_batch batch;
	struct records records = { .cnt = 0 };
	struct foreign_event event;

	(void)state;
	put_head(&records, 500, WIRE_PLACE_EVENT, 3, 6);
	put_word(&records, 10);
	put_word(&records, WIRE_NULL_TEXT);
	put_word(&records, 2);
	put(&records, "nine here\0......c\0......", 24);
	event = first_of(&records, 72);
	begin(&batch, &event);
	assert_true(foreign_batch__add(&batch, &event, &site));
	assert_memory_equal((const char *)(foreign_batch__message(&batch) + 1) +
				    sizeof(struct ttlog_record),
			    bytes, sizeof(bytes));
}

static void test_foreign_batch_end_of_a_span(void **state)
{
	struct records records = { .cnt = 0 };
	struct foreign_event event;

	(void)state;
	put_head(&records, 500, WIRE_PLACE_RETURN, 1, 2);
	put_word(&records, 100);
	put_word(&records, 77);
	event = first_of(&records, 40);
	assert_int_equal(event.time_ns, 500);
	assert_int_equal(event.begin_ns, 100);
	assert_int_equal(event.value_cnt, 1);
	assert_int_equal(event.values[0], 77);
}

static void assert_none(const struct records *records)
{
	struct foreign_event event;

	assert_int_equal(foreign_event__of_record(records->bytes, records->cnt, &event), 0);
}

/* No record reaches beyond the bytes that there are, nor its values beyond the record. */
static void test_foreign_batch_refuses_records(void **state)
{
	struct records records = { .cnt = 0 };

	(void)state;
	assert_none(&records);
	put_head(&records, 500, WIRE_PLACE_EVENT, 1, 1);
	records.cnt--;
	assert_none(&records);
	records.cnt++;
	assert_none(&records); /* its value is missing */
	records.cnt = 0;
	put_head(&records, 500, WIRE_PLACE_EVENT, 2, 1);
	put_word(&records, 1);
	put_word(&records, 2);
	assert_none(&records);
	records.cnt = 0;
	put_head(&records, 500, WIRE_PLACE_JUMP, 0, 0);
	put_word(&records, 1);
	assert_none(&records);
	memset(records.bytes, 0, sizeof(records.bytes)); /* of no words */
	assert_none(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_batch_has_many),
		cmocka_unit_test(test_foreign_batch_has_no_room),
		cmocka_unit_test(test_foreign_batch_texts),
		cmocka_unit_test(test_foreign_batch_end_of_a_span),
		cmocka_unit_test(test_foreign_batch_refuses_records),
	};

	return cmocka_run_group_tests_name("foreign_batch", tests, NULL, NULL);
}
