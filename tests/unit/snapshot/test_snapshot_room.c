/* SPDX-License-Identifier: MIT */
/*
 * A program has more of something than a header has room for. There is a snapshot all the same,
 * with all events, and it says what was left out.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "temp_dir.h"
#include "make.h"

#include "clock.h"
#include "crash.h"
#include "out_dir.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "thread.h"
#include "ttlog/read.h"

#define THREADS      600000u
#define KEPT_THREADS 100000u
#define MAPPINGS     20000u
#define SITES        4000u
#define MANY_SITES   250000u
#define ALIKE_SITES  65535u

struct fixture {
	char dir[48];
	int dir_fd;
	struct ring *ring;
	struct clock *clock;
	struct make_batch batch;
	struct snapshot_source source;
	const struct site_table *modules[1];
	struct ttlog_snapshot *read;
};

static const uint8_t number[] = { TTLOG_TYPE_U64 };

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_snapshot_room.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->ring = ring__new(NULL, 64 << 20);
	fixture->clock = clock__new_blank();
	fixture->source = (struct snapshot_source){
		.modules = fixture->modules,
		.module_cnt = 1,
		.clock = fixture->clock,
		.pid = 4242,
		.reason = "crash",
	};
	return fixture->dir_fd < 0 || !fixture->ring || !fixture->clock;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	int err;

	ttlog_snapshot_close(fixture->read);
	err = temp_dir__remove(fixture->dir);
	(void)close(fixture->dir_fd);
	ring__free(fixture->ring);
	clock__free(fixture->clock);
	site_table__free((struct site_table *)fixture->modules[0]);
	free((void *)fixture->source.threads);
	free(fixture);
	return err;
}

static void make_threads(struct fixture *fixture, uint32_t cnt)
{
	struct thread *threads = calloc(cnt, sizeof(*threads));

	assert_non_null(threads);
	for (uint32_t i = 0; i < cnt; i++) {
		threads[i] = (struct thread){
			.pid = 4242, .tid = 100000 + i, .ns_pid = 70000, .ns_tid = 200000 + i
		};
		(void)snprintf(threads[i].comm, sizeof(threads[i].comm), "worker-%08u", i);
	}
	fixture->source.threads = threads;
	fixture->source.thread_cnt = cnt;
}

/* Writes and reads the snapshot; each recorded event is in it or counted as corrupt. */
static const struct ttlog_info *write_and_read(struct fixture *fixture, uint64_t recorded,
					       uint64_t *ret_events)
{
	const struct snapshot_target target = { .dir_fd = fixture->dir_fd,
						.group = OUT_DIR_NO_GROUP };
	char name[NAME_MAX + 1], path[PATH_MAX], why[256] = "";
	uint64_t overwritten, corrupt;
	const struct ttlog_contents *contents;
	struct ring_copy *copy = ring__freeze(fixture->ring, &overwritten);

	assert_non_null(copy);
	assert_int_equal(overwritten, 0);
	fixture->source.events = copy;
	fixture->source.emitted = fixture->source.recorded = recorded;
	assert_int_equal(
		snapshot__write(&target, &fixture->source, name, ret_events, &corrupt, NULL), 0);
	ring_copy__free(copy);
	assert_int_equal(*ret_events + corrupt, recorded);
	(void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
	fixture->read = ttlog_snapshot_open(path, why, sizeof(why));
	if (!fixture->read)
		fail_msg("%s", why);
	contents = ttlog_snapshot_contents(fixture->read);
	assert_int_equal(contents->event_cnt, *ret_events);
	assert_int_equal(contents->recorded, *ret_events);
	if (contents->problem_cnt)
		fail_msg("%s", contents->problems[0]);
	assert_int_equal(contents->lost->total, corrupt);
	return ttlog_snapshot_info(fixture->read);
}

static bool says(const struct ttlog_info *info, const char *key)
{
	const size_t bytes = (size_t)(info->item.end - info->item.at);

	return memmem(info->item.at, bytes, key, strlen(key));
}

static void test_snapshot_room_for_threads(void **state)
{
	struct fixture *fixture = *state;
	struct site_table *table = make__table(1);
	const struct ttlog_info *info;
	uint64_t events;

	fixture->modules[0] = table;
	make__site(table, 0, "count", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n", number);
	make_threads(fixture, THREADS);
	for (uint32_t i = 0; i < THREADS; i++) {
		make__record(&fixture->batch, 0, 1, i);
		/* the first thread comes last */
		make__flush(&fixture->batch, fixture->ring, THREADS - 1 - i, 0, 1000 + i, 2000 + i,
			    1);
	}
	info = write_and_read(fixture, THREADS, &events);
	assert_int_equal(events, THREADS);
	assert_int_equal(info->thread_cnt, KEPT_THREADS);
	assert_int_equal(info->threads[0]->tid, 100000);
	assert_int_equal(info->threads[KEPT_THREADS - 2]->tid, 100000 + KEPT_THREADS - 2);
	assert_int_equal(info->threads[KEPT_THREADS - 1]->tid, 0);
	assert_true(says(info, "left_out"));
	assert_true(says(info, "\x67threads\x1a")); /* "threads": a number of 32 bits */
}

static void test_snapshot_room_for_mappings(void **state)
{
	struct fixture *fixture = *state;
	struct mapping *mappings = calloc(MAPPINGS, sizeof(*mappings));
	struct site_table *table = make__table(1);
	struct crash crash = { .has_crash = true, .signal = SIGSEGV, .frame_cnt = 1 };
	const struct ttlog_info *info;
	char path[2001] = { 0 };
	bool has_it = false;
	uint64_t events;

	fixture->modules[0] = table;
	assert_non_null(mappings);
	memset(path, 'x', sizeof(path) - 1);
	for (uint32_t i = 0; i < MAPPINGS; i++) {
		mappings[i].start = i * 4096ull;
		mappings[i].end = (i + 1) * 4096ull;
		mappings[i].path = path;
	}
	crash.frames[0].ip = (MAPPINGS - 1) * 4096ull + 7;
	crash.mappings = (struct mappings){ mappings, MAPPINGS };
	fixture->source.crash = &crash;
	info = write_and_read(fixture, 0, &events);
	assert_true(info->mapping_cnt > 500 && info->mapping_cnt < MAPPINGS);
	for (size_t i = 0; i < info->mapping_cnt; i++)
		has_it |= info->mappings[i]->start == (MAPPINGS - 1) * 4096ull;
	assert_true(has_it);
	assert_true(says(info, "left_out"));
	free(mappings);
}

static void test_snapshot_room_for_texts(void **state)
{
	struct fixture *fixture = *state;
	struct site_table *table = make__table(SITES);
	const struct ttlog_info *info;
	static char text[8193];
	uint64_t events;

	fixture->modules[0] = table;
	make_threads(fixture, 1);
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = "\xc3\xa4"[i % 2]; /* characters of two bytes */
	for (uint32_t i = 0; i < SITES; i++) {
		struct site *site = make__site(table, 2 * i, "count", TTLOG_LEVEL_INFO,
					       TTLOG_SITE_EVENT, "n", number);

		site->message = make__text(table, text);
		site->function = make__text(table, text);
		make__record(&fixture->batch, 2 * i, 1, i);
		make__flush(&fixture->batch, fixture->ring, 0, 0, 1000 + i, 2000 + i, i + 1);
	}
	info = write_and_read(fixture, SITES, &events);
	assert_int_equal(events, SITES);
	assert_int_equal(info->site_cnt, SITES);
	assert_int_equal(info->sites[0]->msg.len, 1024);
	assert_true(says(info, "text_bytes"));
}

/* So many sites that even their shortest texts are too many: events are lost, and counted. */
static void test_snapshot_room_for_sites(void **state)
{
	struct fixture *fixture = *state;
	struct site_table *table = make__table(MANY_SITES);
	const struct ttlog_info *info;
	char name[64];
	uint64_t events;

	fixture->modules[0] = table;
	make_threads(fixture, 1);
	for (uint32_t i = 0; i < MANY_SITES; i++) {
		struct site *site;

		(void)snprintf(name, sizeof(name), "%08x_a_name_of_many_characters",
			       i * 0x9e3779b1);
		site = make__site(table, i, name, TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "n", number);
		site->message = site->name;
		make__record(&fixture->batch, i, 1, i);
		make__flush(&fixture->batch, fixture->ring, 0, 0, 1000 + i, 2000 + i, i + 1);
	}
	info = write_and_read(fixture, MANY_SITES, &events);
	assert_true(events > MANY_SITES / 2 && events < MANY_SITES);
	assert_int_equal(info->site_cnt, events);
	assert_true(says(info, "left_out"));
}

/* The fields of every event are its number. */
static void expect_numbers(struct fixture *fixture, uint64_t cnt)
{
	struct ttlog_field field;
	struct ttlog_event event;
	uint64_t read = 0;

	for (size_t k = 0; k < ttlog_snapshot_contents(fixture->read)->chunk_cnt; k++) {
		const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(fixture->read);

		if (ttlog_snapshot_load(fixture->read, k))
			fail_msg("%s", ttlog_snapshot_contents(fixture->read)->problems[0]);
		for (uint32_t i = 0; i < chunk->n; i++) {
			ttlog_snapshot_event(fixture->read, i, &event);
			for (unsigned f = 0; f < event.site->nfields; f++) {
				ttlog_event_field(&event, f, &field);
				assert_int_equal(field.u, read);
			}
			read++;
		}
	}
	assert_int_equal(read, cnt);
	assert_int_equal(ttlog_snapshot_contents(fixture->read)->problem_cnt, 0);
}

/* Sites that differ only in their line, with one event each. */
static void write_alike(struct fixture *fixture, uint32_t cnt, const char *keys, unsigned key_cnt)
{
	uint8_t types[TTLOG_MAX_FIELDS];
	struct site_table *table = make__table(cnt);
	uint64_t events;

	memset(types, TTLOG_TYPE_U64, sizeof(types));
	fixture->modules[0] = table;
	make_threads(fixture, 1);
	for (uint32_t i = 0; i < cnt; i++) {
		make__site(table, i, "count", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, keys, types);
		make__begin(&fixture->batch, i, 1);
		for (unsigned k = 0; k < key_cnt; k++)
			make__put_u64(&fixture->batch, i);
		make__end(&fixture->batch);
		make__flush(&fixture->batch, fixture->ring, 0, 0, 1000 + i, 2000 + i, i + 1);
	}
	assert_int_equal(write_and_read(fixture, cnt, &events)->site_cnt, cnt);
	expect_numbers(fixture, cnt);
}

/* Whether there are empty frames, as they come after the header. */
static bool has_filling(const struct fixture *fixture)
{
	static const unsigned char SKIPPABLE[] = { 0x50, 0x2a, 0x4d, 0x18, 0xf8, 0x7f, 0, 0, 0, 0 };
	static unsigned char bytes[1 << 20];
	FILE *file = fopen(ttlog_snapshot_name(fixture->read), "r");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	assert_int_equal(fclose(file), 0);
	return memmem(bytes, len, SKIPPABLE, sizeof(SKIPPABLE));
}

static void test_snapshot_room_is_not_made_where_there_is(void **state)
{
	write_alike(*state, 10000, "n", 1);
	assert_false(has_filling(*state));
}

/* The more alike the sites are, the smaller is the file; its size limits the memory that the reader
 * uses for them. */
static void test_snapshot_room_for_sites_alike(void **state)
{
	write_alike(*state, ALIKE_SITES, "n", 1);
}

static void test_snapshot_room_for_sites_alike_of_many_keys(void **state)
{
	write_alike(*state, ALIKE_SITES, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", 16);
	assert_true(has_filling(*state));
}

/* 20 MiB of paths that LZ4 compresses to 100 KB; nothing is left out, for the header has room for
 * them. */
static void test_snapshot_room_for_mappings_alike(void **state)
{
	struct fixture *fixture = *state;
	struct mapping *mappings = calloc(MAPPINGS, sizeof(*mappings));
	struct site_table *table = make__table(1);
	struct crash crash = { .has_crash = true, .signal = SIGSEGV };
	char path[1049] = { 0 };
	uint64_t events;

	fixture->modules[0] = table;
	assert_non_null(mappings);
	memset(path, 'x', sizeof(path) - 1);
	for (uint32_t i = 0; i < MAPPINGS; i++) {
		mappings[i].start = i * 4096ull;
		mappings[i].end = (i + 1) * 4096ull;
		mappings[i].path = path;
	}
	crash.mappings = (struct mappings){ mappings, MAPPINGS };
	fixture->source.crash = &crash;
	assert_int_equal(write_and_read(fixture, 0, &events)->mapping_cnt, MAPPINGS);
	free(mappings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_mappings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_sites, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_is_not_made_where_there_is,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_sites_alike, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_sites_alike_of_many_keys,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_room_for_mappings_alike, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
