/* SPDX-License-Identifier: MIT */
/*
 * Whole snapshots: what is in the file, how it comes to be there, and what is left when it doesn't.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4frame.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "accounts.h"
#include "clock.h"
#include "crash.h"
#include "decode.h"
#include "make.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "thread.h"

#define ALL_SITE   0u /* every type */
#define COUNT_SITE 2u
#define SPAN_SITE  4u
#define EMPTY_SITE 8u
#define NEVER_SITE 12u
#define MAX_ITEMS  64

struct fixture {
	char dir[32];
	int dir_fd;
	struct site_table *table;
	const struct site_table *modules[1];
	struct thread threads[4];
	struct ring *ring;
	struct clock *clock;
	struct make_batch batch;
	struct ring_copy *copy;
	struct snapshot_source source;
	struct crash crash;
	char name[NAME_MAX + 1];
	uint64_t events, corrupt;
	cbor_item_t *items[MAX_ITEMS];
	size_t item_cnt;
};

static const uint8_t all_types[] = {
	TTLOG_TYPE_BOOL, TTLOG_TYPE_CHAR,  TTLOG_TYPE_I8,  TTLOG_TYPE_U16,
	TTLOG_TYPE_I32,  TTLOG_TYPE_I64,   TTLOG_TYPE_U64, TTLOG_TYPE_F32,
	TTLOG_TYPE_F64,  TTLOG_TYPE_PTR,   TTLOG_TYPE_STR, TTLOG_TYPE_STR,
	TTLOG_TYPE_STR,  TTLOG_TYPE_BYTES, TTLOG_TYPE_HEX, TTLOG_TYPE_DECIMAL,
};

static int make_sites(struct fixture *fixture)
{
	static const uint8_t number[] = { TTLOG_TYPE_U64 };
	struct site_table *table = make__table(8);

	make__site(table, ALL_SITE, "all", TTLOG_LEVEL_WARN, TTLOG_SITE_EVENT,
		   "bool,char,i8,u16,i32,i64,u64,f32,f64,ptr,str,null,cut,bytes,hex,decimal",
		   all_types);
	make__site(table, COUNT_SITE, "count", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n", number);
	make__site(table, SPAN_SITE, "span", TTLOG_LEVEL_DEBUG, TTLOG_SITE_SPAN, "n", number);
	make__site(table, EMPTY_SITE, "empty", TTLOG_LEVEL_FATAL, TTLOG_SITE_EVENT, "", NULL);
	make__site(table, NEVER_SITE, "never", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n", number);
	fixture->table = table;
	fixture->modules[0] = table;
	return 0;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_snapshot.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->ring = ring__new(NULL, 8 << 20);
	fixture->clock = clock__new_blank();
	for (uint32_t i = 0; i < 4; i++) {
		fixture->threads[i] = (struct thread){ .pid = 4242, .tid = 4242 + i };
		(void)snprintf(fixture->threads[i].comm, sizeof(fixture->threads[i].comm),
			       "worker-%u", i);
	}
	fixture->threads[3].ns_pid = 1;
	fixture->threads[3].ns_tid = 7;
	memcpy(fixture->threads[3].comm, "sixteen bytes \xff.", 16); /* no zero byte, no UTF-8 */
	fixture->source = (struct snapshot_source){
		.threads = fixture->threads,
		.thread_cnt = 4,
		.modules = fixture->modules,
		.module_cnt = 1,
		.clock = fixture->clock,
		.pid = 4242,
		.uid = 1000,
		.cgroup = 77,
		.service = "svc",
		.comm = "worker-0",
		.exe = "/usr/bin/app",
		.reason = "timer",
		.emitted = 10,
		.recorded = 7,
		.overwritten = 2,
		.lost = { .memory = 1, .corrupt = 2 },
	};
	return make_sites(fixture) || fixture->dir_fd < 0 || !fixture->ring || !fixture->clock;
}

static void drop_items(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->item_cnt; i++)
		cbor_decref(&fixture->items[i]);
	fixture->item_cnt = 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;

	drop_items(fixture);
	ring_copy__free(fixture->copy);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free(fixture->table);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' || strstr(entry->d_name, "ttlog"))
			(void)unlinkat(fixture->dir_fd, entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)rmdir(fixture->dir);
	(void)close(fixture->dir_fd);
	free(fixture);
	return 0;
}

/* ---- helpers ---- */

static size_t count_files(const struct fixture *fixture)
{
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;
	size_t cnt = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		cnt += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	(void)closedir(dir);
	return cnt;
}

static int try_write(struct fixture *fixture)
{
	uint64_t overwritten;

	ring_copy__free(fixture->copy);
	fixture->copy = ring__copy(fixture->ring, &overwritten);
	assert_non_null(fixture->copy);
	fixture->source.events = fixture->copy;
	return snapshot__write(fixture->dir_fd, &fixture->source, fixture->name, &fixture->events,
			       &fixture->corrupt);
}

/* Checks one frame's descriptor and gives its content. */
static unsigned char *read_frame(const unsigned char *bytes, size_t len, size_t *ret_taken,
				 size_t *ret_len)
{
	LZ4F_dctx *context = NULL;
	LZ4F_frameInfo_t info;
	size_t taken = len, left, produced;
	unsigned char *content;

	assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
	assert_false(LZ4F_isError(LZ4F_getFrameInfo(context, &info, bytes, &taken)));
	assert_int_equal(info.blockMode, LZ4F_blockIndependent);
	assert_int_equal(info.contentChecksumFlag, LZ4F_contentChecksumEnabled);
	assert_int_equal(info.blockChecksumFlag, LZ4F_blockChecksumEnabled);
	assert_true(info.contentSize > 0 && info.contentSize <= 32 << 20);
	content = malloc(info.contentSize);
	assert_non_null(content);
	*ret_len = 0;
	do {
		left = len - taken;
		produced = info.contentSize - *ret_len;
		size_t hint = LZ4F_decompress(context, content + *ret_len, &produced, bytes + taken,
					      &left, NULL);

		assert_false(LZ4F_isError(hint));
		taken += left;
		*ret_len += produced;
		if (!hint)
			break;
		assert_true(left || produced);
	} while (taken <= len);
	assert_int_equal(*ret_len, info.contentSize);
	(void)LZ4F_freeDecompressionContext(context);
	*ret_taken = taken;
	return content;
}

/* Reads fixture->name into fixture->items, one a frame. */
static void read_items(struct fixture *fixture)
{
	int fd = openat(fixture->dir_fd, fixture->name, O_RDONLY | O_CLOEXEC);
	struct cbor_load_result result;
	size_t at = 0, taken, len;
	unsigned char *bytes, *content;
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	(void)close(fd);
	drop_items(fixture);
	for (; at < (size_t)st.st_size; at += taken) {
		content = read_frame(bytes + at, (size_t)st.st_size - at, &taken, &len);
		assert_true(fixture->item_cnt < MAX_ITEMS);
		fixture->items[fixture->item_cnt] = cbor_load(content, len, &result);
		assert_non_null(fixture->items[fixture->item_cnt]);
		assert_int_equal(result.read, len);
		assert_true(decode__is_text(
			cbor_map_handle(fixture->items[fixture->item_cnt])[0].key, "item"));
		fixture->item_cnt++;
		free(content);
	}
	free(bytes);
}

static void write_and_read(struct fixture *fixture)
{
	assert_int_equal(try_write(fixture), 0);
	read_items(fixture);
	assert_true(fixture->item_cnt >= 2);
	assert_true(decode__is_text(decode__get(fixture->items[0], "item"), "header"));
	assert_true(
		decode__is_text(decode__get(fixture->items[fixture->item_cnt - 1], "item"), "end"));
}

static uint64_t get_int(const cbor_item_t *map, const char *name)
{
	cbor_item_t *item = decode__get(map, name);

	if (!item)
		fail_msg("no %s", name);
	return decode__int(item);
}

static void assert_text(const cbor_item_t *map, const char *name, const char *text)
{
	if (!decode__is_text(decode__get(map, name), text))
		fail_msg("%s is not \"%s\"", name, text);
}

/* A record with a value of every type, which follow from i. */
static void make_all(struct make_batch *batch, uint32_t delta, int64_t i)
{
	const char *text = i % 3 ? "caf\xc3\xa9 \"quoted\"" : "caf\xe9\n";
	const float f32 = (float)i + 0.1f;
	const double f64 = i % 2 ? (double)i / 4 : -(double)i;
	const int8_t i8 = (int8_t)-i;
	const uint16_t u16 = (uint16_t)(i * 1000);
	const int32_t i32 = (int32_t)(i * -100000);
	const int64_t units = i * 1005 - 5;

	make__begin(batch, ALL_SITE, delta);
	make__put(batch, &(uint8_t){ i % 2 }, 1);
	make__put(batch, &(uint8_t){ (uint8_t)('a' + i) }, 1);
	make__put(batch, &i8, sizeof(i8));
	make__put(batch, &u16, sizeof(u16));
	make__put(batch, &i32, sizeof(i32));
	make__put_u64(batch, (uint64_t)(INT64_MIN + i));
	make__put_u64(batch, UINT64_MAX - (uint64_t)i);
	make__put(batch, &f32, sizeof(f32));
	make__put(batch, &f64, sizeof(f64));
	make__put_u64(batch, 0x7f0000001000 + (uint64_t)i);
	make__put_text(batch, text, strlen(text), 0);
	make__put_text(batch, "", 0, TTLOG_STR_NULL);
	make__put_text(batch, "the beginnin", 12, TTLOG_STR_CUT);
	make__put_text(batch, "\x00\x01\xfe", 3, 0);
	make__put_u64(batch, 0xdead0000 + (uint64_t)i);
	make__put(batch, &units, sizeof(units));
	make__put(batch, &(uint8_t){ 2 }, 1);
	make__end(batch);
}

/* ---- the file ---- */

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
	assert_int_equal(count_files(fixture), 1);
}

/* Threads 1 and 3 occur, sites 2, 4 and the end of 4. */
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

/* Counters of three threads, in batches; thread t counts by itself. */
static void fill_ring(struct fixture *fixture, uint64_t batches, uint32_t per_batch)
{
	for (uint64_t seq = 1; seq <= batches; seq++) {
		for (uint32_t thread = 0; thread < 3; thread++) {
			uint64_t base = 1000000 + seq * per_batch * 10 + thread;

			for (uint32_t i = 0; i < per_batch; i++)
				make__record(&fixture->batch, COUNT_SITE, i * 10,
					     (seq - 1) * per_batch + i);
			make__flush(&fixture->batch, fixture->ring, thread, 0, base,
				    base + per_batch * 10, seq);
		}
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
	assert_int_equal(fixture->item_cnt, 2 + 32); /* a part of the events to a chunk */
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
	/* in the accounts they are lost */
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

/* ---- names ---- */

static void test_snapshot_reason_in_the_name(void **state)
{
	struct fixture *fixture = *state;
	char longest[101];

	fixture->source.reason = "../a b/\xc3\xa9";
	write_and_read(fixture);
	assert_string_equal(fixture->name + strlen("ttlog-4242-YYYYMMDDHHMMSSmmm-"),
			    ".._a_b___.bin");
	assert_text(fixture->items[0], "reason", "../a b/\xc3\xa9");
	memset(longest, 'r', 100);
	longest[100] = '\0';
	fixture->source.reason = longest;
	write_and_read(fixture);
	assert_int_equal(strlen(fixture->name), strlen("ttlog-4242-YYYYMMDDHHMMSSmmm-.bin") + 64);
	assert_text(fixture->items[0], "reason", longest);
	fixture->source.reason = "";
	write_and_read(fixture);
	assert_string_equal(fixture->name + strlen("ttlog-4242-YYYYMMDDHHMMSSmmm-"), "_.bin");
}

static void test_snapshot_names_never_collide(void **state)
{
	struct fixture *fixture = *state;
	char names[50][NAME_MAX + 1];

	/* many of these fall into one millisecond */
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(try_write(fixture), 0);
		memcpy(names[i], fixture->name, sizeof(names[i]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
	assert_int_equal(count_files(fixture), 50);
}

/* ---- failures ---- */

static void test_snapshot_full_disk_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, small;
	struct stat st;
	int err;

	fill_ring(fixture, 20, 1000);
	assert_int_equal(try_write(fixture), 0);
	assert_int_equal(fstatat(fixture->dir_fd, fixture->name, &st, 0), 0);
	assert_int_equal(unlinkat(fixture->dir_fd, fixture->name, 0), 0);
	fixture->events = 12345;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	/* at every place of the file: in the header, the events, the end */
	for (off_t bytes = 0; bytes < st.st_size; bytes += st.st_size / 16) {
		small = (struct rlimit){ .rlim_cur = (rlim_t)bytes, .rlim_max = limit.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		err = try_write(fixture);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(err, -EFBIG);
		assert_int_equal(count_files(fixture), 0);
		assert_int_equal(fixture->events, 12345);
	}
	assert_int_equal(try_write(fixture), 0);
	assert_int_equal(fixture->events, 60000);
}

/* As many of the newest as there is room for; the accounts hold. */
static void test_snapshot_full_disk_takes_the_newest(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, small;
	uint64_t left_out, before = UINT64_MAX, overwritten;
	struct stat st;
	off_t whole;

	fill_ring(fixture, 60, 1000);
	fixture->source.recorded = 180000;
	fixture->source.overwritten = 0;
	assert_int_equal(try_write(fixture), 0);
	assert_int_equal(fstatat(fixture->dir_fd, fixture->name, &st, 0), 0);
	whole = st.st_size;
	assert_int_equal(unlinkat(fixture->dir_fd, fixture->name, 0), 0);
	ring_copy__free(fixture->copy);
	fixture->copy = ring__freeze(fixture->ring, &overwritten);
	fixture->source.events = fixture->copy;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	for (off_t bytes = whole / 2; bytes <= whole; bytes += whole / 8) {
		small = (struct rlimit){ .rlim_cur = (rlim_t)bytes, .rlim_max = limit.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_equal(snapshot__write_newest(fixture->dir_fd, &fixture->source,
							fixture->name, &fixture->events,
							&fixture->corrupt, &left_out),
				 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		read_items(fixture);
		assert_int_equal(get_int(fixture->items[0], "overwritten"), left_out);
		assert_int_equal(fixture->events + left_out, 180000);
		assert_int_equal(get_int(fixture->items[fixture->item_cnt - 1], "events"),
				 fixture->events);
		assert_true(left_out <= before);
		before = left_out;
		drop_items(fixture);
		assert_int_equal(unlinkat(fixture->dir_fd, fixture->name, 0), 0);
	}
	assert_true(before < 180000 / 4);
	/* not even a header */
	small = (struct rlimit){ .rlim_cur = 100, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(snapshot__write_newest(fixture->dir_fd, &fixture->source, fixture->name,
						&fixture->events, &fixture->corrupt, &left_out),
			 -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(count_files(fixture), 0);
	/* nor has it lost anything of the copy */
	assert_int_equal(snapshot__write_newest(fixture->dir_fd, &fixture->source, fixture->name,
						&fixture->events, &fixture->corrupt, &left_out),
			 0);
	assert_int_equal(fixture->events, 180000);
	assert_int_equal(left_out, 0);
}

static void test_snapshot_bad_directory(void **state)
{
	struct fixture *fixture = *state;
	int dir_fd = fixture->dir_fd;
	char gone[64];

	fixture->dir_fd = -1;
	assert_int_equal(try_write(fixture), -EBADF);
	/* a directory that was removed: even root can't write there */
	(void)snprintf(gone, sizeof(gone), "%s/gone", fixture->dir);
	assert_int_equal(mkdir(gone, 0700), 0);
	fixture->dir_fd = open(gone, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rmdir(gone), 0);
	assert_true(try_write(fixture) < 0);
	(void)close(fixture->dir_fd);
	fixture->dir_fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(try_write(fixture) < 0);
	(void)close(fixture->dir_fd);
	fixture->dir_fd = dir_fd;
}

/* ---- the other reader ---- */

static int has_python_reader(void)
{
	return system("/usr/bin/python3 -c 'import cbor2' 2>/dev/null && command -v lz4 >/dev/null") ==
	       0;
}

/* The line from "level" on: what stands before has today's time in it. */
static void expect_line(FILE *pipe, uint64_t mono_ns, const char *expected)
{
	char *line = NULL, text[64], *at;
	size_t capacity = 0;

	assert_true(getline(&line, &capacity, pipe) > 0);
	(void)snprintf(text, sizeof(text), "Z\",\"mono_ns\":%llu,", (unsigned long long)mono_ns);
	at = strstr(line, text);
	if (!at)
		fail_msg("no %s in %s", text, line);
	else
		assert_string_equal(at + strlen(text), expected);
	free(line);
}

static void test_snapshot_is_read_by_another_reader(void **state)
{
	struct fixture *fixture = *state;
	char command[512];
	FILE *pipe;

	if (!has_python_reader())
		skip();
	make_all(&fixture->batch, 1, 0);
	make_all(&fixture->batch, 2, 1);
	make__begin(&fixture->batch, EMPTY_SITE, 3);
	make__end(&fixture->batch);
	make__record(&fixture->batch, SPAN_SITE, 10, 5);
	make__record(&fixture->batch, SPAN_SITE + 1, 500, 1010);
	make__flush(&fixture->batch, fixture->ring, 1, 0, 1000, 2000, 1);
	assert_int_equal(try_write(fixture), 0);
	(void)snprintf(command, sizeof(command), "lz4 -dc %s/%s | tests/read_snapshot.py",
		       fixture->dir, fixture->name);
	pipe = popen(command, "r");
	assert_non_null(pipe);
#define WHO         "\"pid\":4242,\"tid\":4243,\"comm\":\"worker-1\",\"file\":\"src/app.c\","
#define WHAT(probe) "\"target\":\"net.http\",\"probe\":\"" probe "\",\"msg\":\"A message\"," WHO
	expect_line(
		pipe, 1001,
		"\"level\":\"WARN\"," WHAT(
			"all") "\"line\":100,\"func\":\"main\",\"fields\":{"
			       "\"bool\":false,\"char\":\"a\",\"i8\":0,\"u16\":0,\"i32\":0,"
			       "\"i64\":-9223372036854775808,\"u64\":18446744073709551615,\"f32\":0.1,"
			       "\"f64\":-0.0,\"ptr\":\"0x7f0000001000\",\"str\":\"caf\xef\xbf\xbd\\n\","
			       "\"null\":null,\"cut\":\"the beginnin\xe2\x80\xa6\",\"bytes\":\"0001fe\","
			       "\"hex\":\"0xdead0000\",\"decimal\":-0.05}}\n");
	expect_line(
		pipe, 1002,
		"\"level\":\"WARN\"," WHAT(
			"all") "\"line\":100,\"func\":\"main\",\"fields\":{"
			       "\"bool\":true,\"char\":\"b\",\"i8\":-1,\"u16\":1000,\"i32\":-100000,"
			       "\"i64\":-9223372036854775807,\"u64\":18446744073709551614,\"f32\":1.1,"
			       "\"f64\":0.25,\"ptr\":\"0x7f0000001001\",\"str\":\"caf\xc3\xa9 \\\"quoted\\\"\","
			       "\"null\":null,\"cut\":\"the beginnin\xe2\x80\xa6\",\"bytes\":\"0001fe\","
			       "\"hex\":\"0xdead0001\",\"decimal\":10.00}}\n");
	expect_line(pipe, 1003,
		    "\"level\":\"FATAL\"," WHAT(
			    "empty") "\"line\":108,\"func\":\"main\",\"fields\":{}}\n");
	expect_line(pipe, 1010,
		    "\"level\":\"DEBUG\"," WHAT("span") "\"line\":104,\"func\":\"main\","
							"\"fields\":{\"n\":5}}\n");
	expect_line(pipe, 1500,
		    "\"level\":\"DEBUG\"," WHAT("span") "\"line\":104,\"func\":\"main\","
							"\"fields\":{},\"duration_ns\":490}\n");
	assert_int_equal(getc(pipe), EOF);
	assert_int_equal(pclose(pipe), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_snapshot_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(header),
		TEST(values_of_every_type),
		TEST(many_chunks_in_order),
		TEST(large_strings_close_chunks),
		TEST(corrupt_is_counted),
		TEST(crash),
		TEST(first_fault),
		TEST(reason_in_the_name),
		TEST(names_never_collide),
		TEST(full_disk_leaves_nothing),
		TEST(full_disk_takes_the_newest),
		TEST(bad_directory),
		TEST(is_read_by_another_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
