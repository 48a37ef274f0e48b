/* SPDX-License-Identifier: MIT */
/* A ring, sites and threads to make a snapshot from, and the frames of the snapshot, read back. */
#ifndef TTLOG_TESTS_SNAPSHOT_FIXTURE_H
#define TTLOG_TESTS_SNAPSHOT_FIXTURE_H

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

#include "temp_dir.h"
#include "accounts.h"
#include "clock.h"
#include "crash.h"
#include "decode.h"
#include "make.h"
#include "out_dir.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "thread.h"

#define ALL_SITE   1u /* every type */
#define COUNT_SITE 2u
#define SPAN_SITE  4u
#define EMPTY_SITE 8u
#define NEVER_SITE 12u
#define MAX_ITEMS  64

struct fixture {
	char dir[32];
	int dir_fd;
	struct snapshot_target target;
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

static inline int make_sites(struct fixture *fixture)
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

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_snapshot.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->target =
		(struct snapshot_target){ .dir_fd = fixture->dir_fd, .group = OUT_DIR_NO_GROUP };
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

static inline void drop_items(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->item_cnt; i++)
		cbor_decref(&fixture->items[i]);
	fixture->item_cnt = 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	int err;

	drop_items(fixture);
	ring_copy__free(fixture->copy);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free(fixture->table);
	(void)close(fixture->dir_fd);
	err = temp_dir__remove(fixture->dir);
	free(fixture);
	return err;
}

/* ---- helpers ---- */

static inline int try_write(struct fixture *fixture)
{
	uint64_t overwritten;

	ring_copy__free(fixture->copy);
	fixture->copy = ring__freeze(fixture->ring, &overwritten);
	assert_non_null(fixture->copy);
	fixture->source.events = fixture->copy;
	fixture->target.dir_fd = fixture->dir_fd;
	return snapshot__write(&fixture->target, &fixture->source, fixture->name, &fixture->events,
			       &fixture->corrupt, NULL);
}

/* Checks one frame's descriptor and returns its content. */
static inline unsigned char *read_frame(const unsigned char *bytes, size_t len, size_t *ret_taken,
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

/* Reads the file fixture->name into fixture->items: one item for each frame. */
static inline void read_items(struct fixture *fixture)
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

static inline void write_and_read(struct fixture *fixture)
{
	assert_int_equal(try_write(fixture), 0);
	read_items(fixture);
	assert_true(fixture->item_cnt >= 2);
	assert_true(decode__is_text(decode__get(fixture->items[0], "item"), "header"));
	assert_true(
		decode__is_text(decode__get(fixture->items[fixture->item_cnt - 1], "item"), "end"));
}

static inline uint64_t get_int(const cbor_item_t *map, const char *name)
{
	cbor_item_t *item = decode__get(map, name);

	if (!item)
		fail_msg("no %s", name);
	return decode__int(item);
}

static inline void assert_text(const cbor_item_t *map, const char *name, const char *text)
{
	if (!decode__is_text(decode__get(map, name), text))
		fail_msg("%s is not \"%s\"", name, text);
}

/* A record with a value of every type; the values depend on i. */
static inline void make_all(struct make_batch *batch, uint32_t delta, int64_t i)
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

/* Writes events of three threads, in batches. Each thread has a counter of its own. */
static inline void fill_ring(struct fixture *fixture, uint64_t batches, uint32_t per_batch)
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

#endif /* TTLOG_TESTS_SNAPSHOT_FIXTURE_H */
