/* SPDX-License-Identifier: MIT */
/*
 * For the viewer's tests: golden files, snapshots in memory, and outputs as strings. Tests run from
 * the top of the tree, where tests/golden/ is.
 */
#ifndef TTLOG_TESTS_VIEW_FIXTURE_H
#define TTLOG_TESTS_VIEW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <ttlog/read.h>
#include "json.h"
#include "out.h"
#include "text.h"

#define GOLDEN "tests/golden/"

/* A zero byte follows. */
struct bytes {
	unsigned char *p;
	size_t len;
};

static inline struct bytes bytes__read_fd(int fd)
{
	struct stat st;
	struct bytes bytes;

	assert_int_equal(fstat(fd, &st), 0);
	bytes.len = (size_t)st.st_size;
	bytes.p = malloc(bytes.len + 1);
	assert_non_null(bytes.p);
	assert_int_equal(pread(fd, bytes.p, bytes.len, 0), (ssize_t)bytes.len);
	bytes.p[bytes.len] = '\0';
	return bytes;
}

static inline struct bytes bytes__golden(const char *name)
{
	char path[256];
	struct bytes bytes;
	FILE *file;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: run the tests from the top of the tree", path);
	bytes = bytes__read_fd(fileno(file));
	fclose(file);
	return bytes;
}

static inline int bytes__to_fd(const void *p, size_t len)
{
	int fd = memfd_create("snapshot", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, len, 0), (ssize_t)len);
	return fd;
}

static inline struct ttlog_snapshot *fixture__open(const void *p, size_t len)
{
	char why[160] = "";
	struct ttlog_snapshot *reader =
		ttlog_snapshot_open_fd(bytes__to_fd(p, len), "test", why, sizeof(why));

	if (!reader)
		fail_msg("cannot open: %s", why);
	return reader;
}

/* The same, but opened by ttlog_snapshot_start(): the rest is read together with the events. */
static inline struct ttlog_snapshot *fixture__start(const void *p, size_t len)
{
	char why[160] = "";
	struct ttlog_snapshot *reader =
		ttlog_snapshot_start_fd(bytes__to_fd(p, len), "test", why, sizeof(why));

	if (!reader)
		fail_msg("cannot start: %s", why);
	return reader;
}

static inline struct ttlog_snapshot *fixture__open_golden(const char *name)
{
	char path[256], why[160] = "";
	struct ttlog_snapshot *reader;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	reader = ttlog_snapshot_open(path, why, sizeof(why));
	if (!reader)
		fail_msg("%s: %s", path, why);
	return reader;
}

/* Gets an output as a string. */
static inline void capture__begin(struct out *out)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(out__init(out, fd), 0);
}

static inline char *capture__end(struct out *out)
{
	struct bytes bytes;

	assert_int_equal(out__flush(out), 0);
	bytes = bytes__read_fd(out->fd);
	close(out->fd);
	out__fini(out);
	return (char *)bytes.p;
}

struct show {
	const char *filter; /* NULL: none */
	const char *search;
	struct ttlog_range range; /* all 0: everything */
	bool has_tail;
	uint64_t tail;
};

/* The events as JSON lines; the caller frees them. */
static inline char *fixture__json(struct ttlog_snapshot *const *readers, size_t cnt,
				  struct show show)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	struct ttlog_stream *stream;
	struct ttlog_event event;
	struct out out;
	char why[256];

	assert_non_null(filter);
	if (show.filter && ttlog_filter_add(filter, show.filter, why, sizeof(why)))
		fail_msg("%s", why);
	if (show.search && ttlog_filter_search(filter, show.search, why, sizeof(why)))
		fail_msg("%s", why);
	if (!show.range.until_ns)
		show.range.until_ns = UINT64_MAX;
	stream = ttlog_stream_new(readers, cnt, filter, &show.range);
	assert_non_null(stream);
	if (show.has_tail)
		assert_int_equal(ttlog_stream_tail(stream, show.tail), 0);
	capture__begin(&out);
	while (ttlog_stream_next(stream, &event))
		json__event(&out, &event);
	ttlog_stream_free(stream);
	ttlog_filter_free(filter);
	return capture__end(&out);
}

static inline char *fixture__json_of(struct ttlog_snapshot *reader)
{
	return fixture__json(&reader, 1, (struct show){ .filter = NULL });
}

static inline size_t count_lines(const char *text)
{
	size_t cnt = 0;

	for (; *text; text++)
		cnt += *text == '\n';
	return cnt;
}

#endif /* TTLOG_TESTS_VIEW_FIXTURE_H */
