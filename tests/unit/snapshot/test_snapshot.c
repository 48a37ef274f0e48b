/* SPDX-License-Identifier: MIT */
/* Whole snapshots: the contents of the file. */
#include "snapshot_fixture.h"

static void test_snapshot_empty(void **state)
{
	struct fixture *fixture = *state;
	cbor_item_t *end;

	write_and_read(fixture);
	assert_int_equal(fixture->item_cnt, 2);
	assert_int_equal(fixture->events, 0);
	end = fixture->items[1];
	assert_int_equal(get_int(end, "events"), 0);
	assert_int_equal(get_int(end, "chunks"), 0);
	assert_null(decode__get(end, "first_ns"));
	assert_int_equal(cbor_array_size(decode__get(fixture->items[0], "sites")), 0);
	assert_int_equal(temp_dir__file_cnt(fixture->dir), 1);
}

/* Threads 1 and 3 occur, sites 2 and 4, and the end of 4. */
static void assert_tables(const cbor_item_t *header)
{
	const cbor_item_t *threads = decode__get(header, "threads");
	const cbor_item_t *sites = decode__get(header, "sites");

	assert_int_equal(cbor_array_size(threads), 2);
	assert_int_equal(get_int(decode__at(threads, 0), "tid"), 4243);
	assert_null(decode__get(decode__at(threads, 0), "ns_pid"));
	assert_int_equal(get_int(decode__at(threads, 1), "ns_tid"), 7);
	assert_text(decode__at(threads, 1), "comm", "sixteen bytes \xef\xbf\xbd.");
	assert_int_equal(cbor_array_size(sites), 3);
	assert_text(decode__at(sites, 0), "probe", "count");
	assert_text(decode__at(sites, 0), "kind", "event");
	assert_text(decode__at(sites, 0), "level", "INFO");
	assert_text(decode__at(sites, 1), "kind", "span");
	assert_text(decode__at(sites, 2), "kind", "span_end");
	assert_text(decode__at(sites, 2), "probe", "span");
	assert_int_equal(get_int(decode__at(sites, 2), "line"), 104);
	assert_true(decode__is_text(decode__at(decode__get(decode__at(sites, 2), "keys"), 0),
				    "duration_ns"));
	assert_true(
		decode__is_text(decode__at(decode__get(decode__at(sites, 2), "types"), 0), "u64"));
}

static void test_snapshot_header(void **state)
{
	struct fixture *fixture = *state;
	cbor_item_t *header, *lost, *end;
	uint64_t real_ns = clock__now_real_ns();
	unsigned long long ms;

	make__record(&fixture->batch, SPAN_SITE, 1, 5);
	make__record(&fixture->batch, SPAN_SITE + 1, 9, 1001);
	make__flush(&fixture->batch, fixture->ring, 3, 0, 1000, 2000, 1);
	make__record(&fixture->batch, COUNT_SITE, 1, 5);
	make__flush(&fixture->batch, fixture->ring, 1, 0, 1000, 2000, 1);
	write_and_read(fixture);
	/* ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin */
	assert_int_equal(sscanf(fixture->name, "ttlog-4242-%17llu-timer.bin", &ms), 1);
	assert_int_equal(strlen(fixture->name), strlen("ttlog-4242-YYYYMMDDHHMMSSmmm-timer.bin"));

	header = fixture->items[0];
	assert_int_equal(get_int(header, "format"), 1);
	assert_int_equal(get_int(header, "incompatible"), 0);
	assert_int_equal(get_int(header, "pid"), 4242);
	assert_int_equal(get_int(header, "uid"), 1000);
	assert_int_equal(get_int(header, "cgroup"), 77);
	assert_text(header, "service", "svc");
	assert_text(header, "exe", "/usr/bin/app");
	assert_text(header, "reason", "timer");
	assert_null(decode__get(header, "build_id"));
	assert_null(decode__get(header, "crash"));
	assert_null(decode__get(header, "exit"));
	assert_true(get_int(decode__get(header, "clock"), "real_ns") - real_ns < 60000000000u);
	assert_int_equal(cbor_string_length(decode__get(header, "created_at")),
			 strlen("2026-11-21T06:00:00.123456789Z"));
	assert_true(get_int(header, "clock_error_ns") <= 16000000000u);
	lost = decode__get(header, "lost");
	assert_int_equal(get_int(lost, "total"), 3);
	assert_int_equal(get_int(lost, "memory"), 1);
	assert_int_equal(get_int(lost, "corrupt"), 2);
	assert_null(decode__get(lost, "fault"));

	assert_tables(header);
	end = fixture->items[fixture->item_cnt - 1];
	assert_int_equal(get_int(end, "events"), 3);
	assert_int_equal(get_int(end, "recorded"), 7);
	assert_text(decode__get(end, "header"), "item", "header");
	assert_int_equal(cbor_map_size(decode__get(end, "header")), cbor_map_size(header));
}

static void test_snapshot_values_of_every_type(void **state)
{
	struct fixture *fixture = *state;
	cbor_item_t *chunk, *columns, *text;
	uint64_t bits, scale;
	uint32_t low;

	for (int64_t i = 0; i < 20; i++)
		make_all(&fixture->batch, (uint32_t)i * 10, i);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	write_and_read(fixture);
	assert_int_equal(fixture->events, 20);
	assert_int_equal(fixture->corrupt, 0);
	assert_int_equal(fixture->item_cnt, 3);
	chunk = fixture->items[1];
	assert_int_equal(get_int(chunk, "n"), 20);
	assert_int_equal(get_int(chunk, "first_ns"), 1000);
	assert_int_equal(get_int(chunk, "last_ns"), 1190);
	columns = decode__at(decode__get(chunk, "fields"), 0);
	assert_int_equal(cbor_array_size(columns), 16);
	for (int64_t i = 0; i < 20; i++) {
		const size_t at = (size_t)i;
		const float f32 = (float)i + 0.1f;
		const double f64 = i % 2 ? (double)i / 4 : -(double)i;

		assert_int_equal(decode__column_int(decode__get(chunk, "time"), at, 20),
				 i ? 10 : 0);
		assert_int_equal(decode__column_int(decode__at(columns, 0), at, 20), i % 2);
		assert_int_equal(decode__column_int(decode__at(columns, 1), at, 20), 'a' + i);
		assert_int_equal(decode__column_int(decode__at(columns, 2), at, 20), -i);
		assert_int_equal(decode__column_int(decode__at(columns, 3), at, 20), i * 1000);
		assert_int_equal(decode__column_int(decode__at(columns, 4), at, 20), i * -100000);
		assert_int_equal(decode__column_int(decode__at(columns, 5), at, 20), INT64_MIN + i);
		assert_int_equal(decode__column_int(decode__at(columns, 6), at, 20),
				 UINT64_MAX - (uint64_t)i);
		memcpy(&low, &f32, sizeof(low));
		assert_int_equal(decode__column_float(decode__at(columns, 7), at, 20, true), low);
		memcpy(&bits, &f64, sizeof(bits));
		assert_int_equal(decode__column_float(decode__at(columns, 8), at, 20, false), bits);
		assert_int_equal(decode__column_int(decode__at(columns, 9), at, 20),
				 0x7f0000001000 + i);
		text = decode__column_text(decode__at(columns, 10), at, 20);
		if (i % 3)
			assert_true(decode__is_text(text, "caf\xc3\xa9 \"quoted\""));
		else
			assert_true(cbor_isa_bytestring(text) && cbor_bytestring_length(text) == 5);
		assert_true(cbor_is_null(decode__column_text(decode__at(columns, 11), at, 20)));
		text = decode__column_text(decode__at(columns, 12), at, 20);
		assert_true(decode__is_text(decode__at(text, 0), "the beginnin"));
		text = decode__column_text(decode__at(columns, 13), at, 20);
		assert_int_equal(cbor_bytestring_length(text), 3);
		assert_int_equal(decode__column_int(decode__at(columns, 14), at, 20),
				 0xdead0000 + i);
		assert_int_equal(decode__column_decimal(decode__at(columns, 15), at, 20, &scale),
				 i * 1005 - 5);
		assert_int_equal(scale, 2);
	}
}

static void test_snapshot_many_chunks_in_order(void **state)
{
	struct fixture *fixture = *state;
	static uint64_t values[65536], threads[65536], times[65536];
	uint64_t next[3] = { 0 }, last_ns = 0, events = 0;
	cbor_item_t *end;

	fill_ring(fixture, 70, 1000); /* 210,000 events of 16 bytes */
	write_and_read(fixture);
	assert_int_equal(fixture->events, 210000);
	assert_int_equal(fixture->item_cnt, 2 + 32); /* each chunk has a part of the events */
	for (size_t i = 1; i + 1 < fixture->item_cnt; i++) {
		cbor_item_t *chunk = fixture->items[i];
		uint64_t n = get_int(chunk, "n"), ns = get_int(chunk, "first_ns");

		assert_true(n <= 65536);
		assert_true(ns >= last_ns);
		decode__column_ints(decode__get(chunk, "thread"), threads, n);
		decode__column_ints(decode__get(chunk, "time"), times, n);
		decode__column_ints(decode__at(decode__at(decode__get(chunk, "fields"), 0), 0),
				    values, n);
		for (size_t k = 0; k < n; k++) {
			ns += times[k];
			assert_int_equal(values[k], next[threads[k]]++);
		}
		assert_int_equal(ns, get_int(chunk, "last_ns"));
		last_ns = ns;
		events += n;
	}
	end = fixture->items[fixture->item_cnt - 1];
	assert_int_equal(get_int(end, "events"), events);
	assert_int_equal(get_int(end, "chunks"), 32);
	assert_int_equal(get_int(end, "last_ns"), last_ns);
}

static void test_snapshot_large_strings_close_chunks(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_STR };
	struct fixture *fixture = *state;
	static char text[TTLOG_STR_MAX];

	make__site(fixture->table, 20, "text", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "s", types);
	for (uint32_t i = 0; i < 1000; i++) {
		memset(text, 'a' + i % 26, sizeof(text));
		memcpy(text, &i, sizeof(i));
		make__begin(&fixture->batch, 20, 1);
		make__put_text(&fixture->batch, text, sizeof(text), TTLOG_STR_CUT);
		make__end(&fixture->batch);
		make__flush(&fixture->batch, fixture->ring, 0, 0, 1000 + i, 2000 + i, i + 1);
	}
	write_and_read(fixture);
	assert_int_equal(fixture->events, 1000);
	assert_int_equal(fixture->item_cnt, 2 + 32);
}

static void test_snapshot_corrupt_is_counted(void **state)
{
	struct fixture *fixture = *state;

	make__record(&fixture->batch, COUNT_SITE, 1, 5);
	make__record(&fixture->batch, 77, 1, 5);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	make__record(&fixture->batch, COUNT_SITE, 1, 5);
	make__flush(&fixture->batch, fixture->ring, 9, 0, 1000, 2000, 1);
	fixture->source.emitted = 4;
	fixture->source.recorded = 3;
	fixture->source.lost = (struct accounts_lost){ .fault = 1 };
	write_and_read(fixture);
	assert_int_equal(fixture->events, 1);
	assert_int_equal(fixture->corrupt, 2);
	/* the accounts count them as lost */
	for (size_t i = 0; i < fixture->item_cnt; i += fixture->item_cnt - 1) {
		cbor_item_t *lost = decode__get(fixture->items[i], "lost");

		assert_int_equal(get_int(fixture->items[i], "emitted"), 4);
		assert_int_equal(get_int(fixture->items[i], "recorded"), 1);
		assert_int_equal(get_int(lost, "corrupt"), 2);
		assert_int_equal(get_int(lost, "total"), 3);
	}
}

static void test_snapshot_crash(void **state)
{
	struct fixture *fixture = *state;
	struct mapping mapping = { .start = 0x400000, .end = 0x500000, .path = "/usr/bin/app" };
	cbor_item_t *crash, *frames;

	fixture->crash = (struct crash){
		.has_exit = true,
		.exit_signal = SIGSEGV,
		.has_crash = true,
		.signal = SIGSEGV,
		.code = -6,
		.address = 0x10,
		.tid = 4243,
		.thread = "worker-1",
		.register_cnt = 1,
		.registers = { { "rip", 0x401234 } },
		.frame_cnt = 2,
		.frames = { { .ip = 0x401234,
			      .offset = 0x1234,
			      .module = "/usr/bin/app",
			      .symbol = "main+0x4",
			      .build_id = "abcd" },
			    { .ip = 0x1 } },
		.mappings = { &mapping, 1 },
	};
	fixture->source.crash = &fixture->crash;
	write_and_read(fixture);
	assert_text(decode__get(fixture->items[0], "exit"), "signal", "SIGSEGV");
	assert_int_equal(get_int(decode__get(fixture->items[0], "exit"), "number"), 11);
	crash = decode__get(fixture->items[0], "crash");
	assert_text(crash, "signal", "SIGSEGV");
	assert_int_equal(get_int(crash, "code"), -6);
	assert_text(crash, "address", "0x10");
	assert_null(decode__get(crash, "reraised"));
	assert_text(crash, "thread", "worker-1");
	assert_text(decode__get(crash, "registers"), "rip", "0x401234");
	frames = decode__get(crash, "frames");
	assert_int_equal(cbor_array_size(frames), 2);
	assert_text(decode__at(frames, 0), "symbol", "main+0x4");
	assert_text(decode__at(frames, 0), "offset", "0x1234");
	assert_int_equal(cbor_map_size(decode__at(frames, 1)), 1);
	assert_text(decode__at(decode__get(fixture->items[0], "mappings"), 0), "path",
		    "/usr/bin/app");
	assert_null(decode__get(crash, "exception"));

	fixture->crash = (struct crash){ .has_exit = true, .exit_code = 3 };
	write_and_read(fixture);
	assert_int_equal(get_int(decode__get(fixture->items[0], "exit"), "code"), 3);
	assert_null(decode__get(fixture->items[0], "crash"));
	fixture->crash = (struct crash){ .has_exit = true, .exit_signal = 40 };
	write_and_read(fixture);
	assert_text(decode__get(fixture->items[0], "exit"), "signal", "SIG40");
}

static void test_snapshot_first_fault(void **state)
{
	struct fixture *fixture = *state;
	cbor_item_t *crash;

	fixture->crash = (struct crash){
		.has_crash = true,
		.signal = SIGABRT,
		.is_reraised = true,
		.thrown_type = "std::runtime_error",
	};
	fixture->source.crash = &fixture->crash;
	write_and_read(fixture);
	crash = decode__get(fixture->items[0], "crash");
	assert_true(cbor_get_bool(decode__get(crash, "reraised")));
	assert_text(decode__get(crash, "exception"), "type", "std::runtime_error");
	assert_int_equal(cbor_map_size(decode__get(crash, "exception")), 1);

	fixture->crash.thrown_what = "";
	write_and_read(fixture);
	crash = decode__get(fixture->items[0], "crash");
	assert_text(decode__get(crash, "exception"), "what", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_snapshot_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_values_of_every_type, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_many_chunks_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_large_strings_close_chunks, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_corrupt_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_first_fault, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
