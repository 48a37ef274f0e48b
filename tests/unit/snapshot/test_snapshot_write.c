/* SPDX-License-Identifier: MIT */
/*
 * How a snapshot is published: its name, what is left after a failure, and how another reader reads
 * it.
 */
#include "snapshot_fixture.h"

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
	assert_int_equal(temp_dir__file_cnt(fixture->dir), 50);
}

/* The harder it is packed, the smaller is the same content. */
static void test_snapshot_compression_levels(void **state)
{
	static const int levels[] = { -20, 0, 12 };
	struct fixture *fixture = *state;
	off_t last_bytes = 0;
	struct stat st;

	fill_ring(fixture, 20, 1000);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		fixture->target.level = levels[i];
		write_and_read(fixture);
		assert_int_equal(fixture->events, 60000);
		assert_int_equal(fstatat(fixture->dir_fd, fixture->name, &st, 0), 0);
		assert_true(!last_bytes || st.st_size < last_bytes);
		last_bytes = st.st_size;
	}
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
	/* at every place in the file: in the header, the events, the end */
	for (off_t bytes = 0; bytes < st.st_size; bytes += st.st_size / 16) {
		small = (struct rlimit){ .rlim_cur = (rlim_t)bytes, .rlim_max = limit.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		err = try_write(fixture);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(err, -EFBIG);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), 0);
		assert_int_equal(fixture->events, 12345);
	}
	assert_int_equal(try_write(fixture), 0);
	assert_int_equal(fixture->events, 60000);
}

/* Writes as many of the newest events as there is room for; the accounts are right. */
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
		assert_int_equal(snapshot__write(&fixture->target, &fixture->source, fixture->name,
						 &fixture->events, &fixture->corrupt, &left_out),
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
	/* no room for a header */
	small = (struct rlimit){ .rlim_cur = 100, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(snapshot__write(&fixture->target, &fixture->source, fixture->name,
					 &fixture->events, &fixture->corrupt, &left_out),
			 -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(temp_dir__file_cnt(fixture->dir), 0);
	/* and the copy has lost nothing */
	assert_int_equal(snapshot__write(&fixture->target, &fixture->source, fixture->name,
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

/* The line from "level" on: the part before it has today's time. */
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
			"all") "\"line\":101,\"func\":\"main\",\"fields\":{"
			       "\"bool\":false,\"char\":\"a\",\"i8\":0,\"u16\":0,\"i32\":0,"
			       "\"i64\":-9223372036854775808,\"u64\":18446744073709551615,\"f32\":0.1,"
			       "\"f64\":-0.0,\"ptr\":\"0x7f0000001000\",\"str\":\"caf\xef\xbf\xbd\\n\","
			       "\"null\":null,\"cut\":\"the beginnin\xe2\x80\xa6\",\"bytes\":\"0001fe\","
			       "\"hex\":\"0xdead0000\",\"decimal\":-0.05}}\n");
	expect_line(
		pipe, 1002,
		"\"level\":\"WARN\"," WHAT(
			"all") "\"line\":101,\"func\":\"main\",\"fields\":{"
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_snapshot_reason_in_the_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_names_never_collide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_compression_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_full_disk_leaves_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_full_disk_takes_the_newest, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_bad_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_is_read_by_another_reader, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
