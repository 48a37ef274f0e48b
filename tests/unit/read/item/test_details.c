/* SPDX-License-Identifier: MIT */
/* How a process ended and what was lost: from maps as the writer makes them, and from others. */
#include "view_fixture.h"

#include "cbor_out.h"
#include "details.h"

static void put_text(struct cbor_out *out, const char *text)
{
	cbor_out__text(out, text);
}

static struct ttlog_cbor item_of(const struct cbor_out *out)
{
	assert_true(cbor_reader__check(out->bytes, out->len, &(uint64_t){ 0 }));
	return (struct ttlog_cbor){ out->bytes, out->bytes + out->len };
}

static void assert_text(struct ttlog_text text, const char *want)
{
	assert_non_null(text.p);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.p, want, text.len);
}

static void put_frame(struct cbor_out *out, const char *ip, const char *symbol)
{
	cbor_out__map(out, 2);
	put_text(out, "ip");
	put_text(out, ip);
	put_text(out, "symbol");
	put_text(out, symbol);
}

static void test_details_reads_the_golden_crash(void **state)
{
	struct ttlog_snapshot *reader = fixture__open_golden("golden.bin");
	const struct ttlog_crash *crash = ttlog_snapshot_info(reader)->crash;

	(void)state;
	assert_true(ttlog_snapshot_info(reader)->exit->is_there);
	assert_text(ttlog_snapshot_info(reader)->exit->signal, "SIGSEGV");
	assert_int_equal(ttlog_snapshot_info(reader)->exit->number, 11);
	assert_false(ttlog_snapshot_info(reader)->exit->has_code);
	assert_true(crash->is_there && crash->has_number && crash->has_code && crash->has_tid);
	assert_text(crash->signal, "SIGSEGV");
	assert_int_equal(crash->number, 11);
	assert_int_equal(crash->code, 1);
	assert_text(crash->address, "0x10");
	assert_int_equal(crash->tid, 1240);
	assert_text(crash->thread, "worker-3");
	assert_int_equal(crash->register_cnt, 5);
	assert_text(crash->registers[0].name, "rip");
	assert_text(crash->registers[0].value, "0x401f3a");
	assert_int_equal(crash->frame_cnt, 3);
	assert_text(crash->frames[0]->symbol, "execute+0x1a");
	assert_text(crash->frames[0]->module, "/usr/bin/orderd");
	assert_text(crash->frames[0]->offset, "0x1f3a");
	assert_true(crash->frames[0]->has_line);
	assert_int_equal(crash->frames[0]->line, 12);
	assert_text(crash->frames[2]->ip, "0xdead");
	assert_null(crash->frames[2]->symbol.p);
	assert_false(crash->frames[2]->has_line);
	assert_int_equal(ttlog_snapshot_contents(reader)->lost->total, 5);
	assert_int_equal(ttlog_snapshot_contents(reader)->lost->cause_cnt, 2);
	assert_text(ttlog_snapshot_contents(reader)->lost->causes[0].name, "kernel_ring");
	assert_int_equal(ttlog_snapshot_contents(reader)->lost->causes[0].cnt, 3);
	ttlog_snapshot_close(reader);
}

/* Only the value true counts: files are hostile. */
static void test_details_reads_reraised(void **state)
{
	static const struct {
		unsigned char map[11];
		bool is_reraised;
	} cases[] = {
		{ "\xa1\x68reraised\xf5", true }, /* {"reraised": true} */
		{ "\xa1\x68reraised\xf4", false },
		{ "\xa1\x68reraised\x01", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ttlog_cbor map = { cases[i].map, cases[i].map + sizeof(cases[i].map) };
		struct arena arena = { .max_bytes = 1 << 20 };
		struct ttlog_crash crash;

		assert_int_equal(details__parse_crash(&crash, map, &arena), 0);
		assert_true(crash.is_there);
		assert_int_equal(crash.is_reraised, cases[i].is_reraised);
		arena__fini(&arena);
	}
}

static void test_details_reads_exceptions(void **state)
{
	static const struct {
		const char *map;
		const char *type, *what;
	} cases[] = {
		/* {"exception": {"type": "int"}} */
		{ "\xa1\x69"
		  "exception\xa1\x64type\x63int",
		  "int", NULL },
		/* {"exception": {"what": "", "type": "E"}} */
		{ "\xa1\x69"
		  "exception\xa2\x64what\x60\x64type\x61"
		  "E",
		  "E", "" },
		/* {"exception": "int"} */
		{ "\xa1\x69"
		  "exception\x63int",
		  NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const unsigned char *map = (const unsigned char *)cases[i].map;
		struct arena arena = { .max_bytes = 1 << 20 };
		struct ttlog_crash crash;

		assert_int_equal(
			details__parse_crash(&crash,
					     (struct ttlog_cbor){ map, map + strlen(cases[i].map) },
					     &arena),
			0);
		assert_int_equal(!crash.exception_type.p, !cases[i].type);
		if (cases[i].type)
			assert_true(ttlog_text_is(crash.exception_type, cases[i].type));
		assert_int_equal(!crash.exception_what.p, !cases[i].what);
		if (cases[i].what)
			assert_true(ttlog_text_is(crash.exception_what, cases[i].what));
		arena__fini(&arena);
	}
}

/* The frames of a recursion have the same ip. */
static void test_details_tells_inlined_from_recursive(void **state)
{
	struct cbor_out out = { .bytes = NULL };
	struct ttlog_crash crash;
	struct arena arena = { NULL };

	(void)state;
	cbor_out__map(&out, 1);
	put_text(&out, "frames");
	cbor_out__array(&out, 6);
	put_frame(&out, "0x10", "operator+");
	put_frame(&out, "0x10", "inner");
	put_frame(&out, "0x10", "outer+0x1f");
	put_frame(&out, "0x20", "again+0x8");
	put_frame(&out, "0x20", "again+0x8");
	put_frame(&out, "0x20", "main");
	assert_int_equal(details__parse_crash(&crash, item_of(&out), &arena), 0);
	assert_int_equal(crash.frame_cnt, 6);
	assert_true(crash.frames[0]->is_inlined);
	assert_true(crash.frames[1]->is_inlined);
	for (size_t i = 2; i < 6; i++)
		assert_false(crash.frames[i]->is_inlined);
	arena__fini(&arena);
	cbor_out__fini(&out);
}

static void test_details_passes_over_other_types(void **state)
{
	struct cbor_out out = { .bytes = NULL };
	struct ttlog_crash crash;
	struct arena arena = { NULL };

	(void)state;
	/* {"signal": 11, "tid": -1, "code": -6, "frames": [1, {}], "registers": {"rip": 7, "a": "b"},
	 *  "later": {}} */
	cbor_out__map(&out, 6);
	put_text(&out, "signal");
	cbor_out__uint(&out, 11);
	put_text(&out, "tid");
	cbor_out__int(&out, -1);
	put_text(&out, "code");
	cbor_out__int(&out, -6);
	put_text(&out, "frames");
	cbor_out__array(&out, 2);
	cbor_out__uint(&out, 1);
	cbor_out__map(&out, 0);
	put_text(&out, "registers");
	cbor_out__map(&out, 2);
	put_text(&out, "rip");
	cbor_out__uint(&out, 7);
	put_text(&out, "a");
	put_text(&out, "b");
	put_text(&out, "later");
	cbor_out__map(&out, 0);
	assert_int_equal(details__parse_crash(&crash, item_of(&out), &arena), 0);
	assert_null(crash.signal.p);
	assert_false(crash.has_tid);
	assert_true(crash.has_code);
	assert_int_equal(crash.code, -6);
	assert_int_equal(crash.frame_cnt, 2);
	assert_null(crash.frames[0]->ip.p);
	assert_int_equal(crash.register_cnt, 0);
	assert_int_equal(crash.register_more, 2);
	arena__fini(&arena);
	cbor_out__fini(&out);
}

/* For any number of entries in a file, and any number of repetitions. */
static void test_details_are_bounded(void **state)
{
	struct cbor_out out = { .bytes = NULL };
	struct ttlog_crash crash;
	struct ttlog_lost lost;
	struct arena arena = { NULL };
	char cause[16];

	(void)state;
	cbor_out__map(&out, 2);
	for (unsigned k = 0; k < 2; k++) {
		put_text(&out, "frames");
		cbor_out__array(&out, DETAILS_MAX_FRAMES + 5 + k);
		for (unsigned i = 0; i < DETAILS_MAX_FRAMES + 5 + k; i++)
			cbor_out__map(&out, 0);
	}
	assert_int_equal(details__parse_crash(&crash, item_of(&out), &arena), 0);
	assert_int_equal(crash.frame_cnt, DETAILS_MAX_FRAMES);
	assert_int_equal(crash.frame_more, 5);
	cbor_out__fini(&out);

	out = (struct cbor_out){ .bytes = NULL };
	cbor_out__map(&out, DETAILS_MAX_CAUSES + 6);
	for (unsigned i = 0; i < DETAILS_MAX_CAUSES + 5; i++) {
		snprintf(cause, sizeof(cause), "cause%u", i);
		put_text(&out, cause);
		cbor_out__uint(&out, i);
	}
	put_text(&out, "total");
	cbor_out__uint(&out, 77);
	assert_int_equal(details__parse_lost(&lost, item_of(&out), &arena), 0);
	assert_int_equal(lost.cause_cnt, DETAILS_MAX_CAUSES);
	assert_int_equal(lost.total, 77);
	cbor_out__fini(&out);
	arena__fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_details_reads_the_golden_crash),
		cmocka_unit_test(test_details_reads_reraised),
		cmocka_unit_test(test_details_reads_exceptions),
		cmocka_unit_test(test_details_tells_inlined_from_recursive),
		cmocka_unit_test(test_details_passes_over_other_types),
		cmocka_unit_test(test_details_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
