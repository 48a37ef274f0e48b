/* SPDX-License-Identifier: MIT */
/* Objects in a bucket of a real server: put, listed, read back; damaged, and put again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "ack_window.h"
#include "bucket.h"
#include "nats_server.h"
#include "object_get.h"
#include "object_list.h"
#include "object_put.h"

struct store {
	struct nats_server server;
	struct nats_link *link;
	struct bucket bucket;
	struct ack_window *window;
};

static struct fleet_error error;

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static void begin(struct store *store, unsigned int window)
{
	nats_server__make_dir(&store->server);
	nats_server__start(&store->server, NULL);
	store->link = nats_server__connect(&store->server);
	OK(bucket__open(&store->bucket, store->link, "crashes", 1, &error));
	store->window = ack_window__new(store->link, window, &error);
	assert_non_null(store->window);
}

static void end(struct store *store)
{
	ack_window__free(store->window);
	nats_link__close(store->link);
	nats_server__end(&store->server);
}

/* A file of `bytes` bytes that differ from chunk to chunk. */
static int make_file(size_t bytes, unsigned int seed)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	unsigned int *words;

	assert_true(fd >= 0 && !ftruncate(fd, (off_t)bytes));
	if (!bytes)
		return fd;
	words = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(words, MAP_FAILED);
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = seed = seed * 1103515245 + 12345;
	assert_int_equal(munmap(words, bytes), 0);
	return fd;
}

static void put(const struct store *store, const char *name, int fd, struct object_meta *ret)
{
	const struct object_put how = { .bucket = &store->bucket, .window = store->window };

	*ret = (struct object_meta){ 0 };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	object_meta__new_nuid(ret->nuid, "web1-01234567");
	OK(object_put__file(&how, fd, ret, &error));
}

struct compare {
	int fd;
	off_t at;
};

static int compare_bytes(void *ctx, const void *bytes, size_t len)
{
	struct compare *compare = ctx;
	char *own = malloc(len);

	assert_int_equal(pread(compare->fd, own, len, compare->at), len);
	assert_memory_equal(own, bytes, len);
	free(own);
	compare->at += (off_t)len;
	return 0;
}

static void read_and_compare(const struct store *store, const char *name, int fd, size_t bytes)
{
	struct compare compare = { .fd = fd };
	struct object_meta meta;

	OK(object_get__meta_at_leader(&store->bucket, name, &meta, &error));
	OK(object_get__meta(&store->bucket, name, &meta, &error));
	assert_string_equal(meta.name, name);
	assert_int_equal(meta.size_bytes, bytes);
	OK(object_get__read(&store->bucket, &meta, compare_bytes, &compare, &error));
	assert_int_equal(compare.at, bytes);
}

static void test_object_store_gives_back_what_was_put(void **state)
{
	static const size_t sizes[] = {
		0,
		1,
		OBJECT_CHUNK_BYTES - 1,
		OBJECT_CHUNK_BYTES,
		OBJECT_CHUNK_BYTES + 1,
		OBJECT_CHUNK_BYTES * 9 + 77,
	};
	struct store store;
	struct object_meta meta;
	char name[64];

	(void)state;
	begin(&store, 3);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = make_file(sizes[i], (unsigned int)i);

		(void)snprintf(name, sizeof(name), "web1-01234567/a%%2Eb%%3E/%zu", i);
		put(&store, name, fd, &meta);
		assert_int_equal(meta.chunk_cnt,
				 (sizes[i] + OBJECT_CHUNK_BYTES - 1) / OBJECT_CHUNK_BYTES);
		read_and_compare(&store, name, fd, sizes[i]);
		(void)close(fd);
	}
	assert_int_equal(
		object_get__meta_at_leader(&store.bucket, "web1-01234567/x/none", &meta, &error),
		-ENOENT);
	assert_int_equal(object_get__meta(&store.bucket, "web1-01234567/x/none", &meta, &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "bucket crashes has no web1-01234567/x/none"));
	end(&store);
}

static int count(void *ctx, const struct object_meta *meta)
{
	unsigned int *seen = ctx;
	const unsigned long number = strtoul(meta->name + strlen("h/s/"), NULL, 10);

	assert_true(number < 200);
	seen[number]++;
	return 0;
}

static int stop(void *ctx, const struct object_meta *meta)
{
	(void)meta;
	++*(unsigned int *)ctx;
	return -ECANCELED;
}

/* Messages of others before a chunk, as if many hosts wrote at once. */
static int put_others(void *ctx, size_t bytes)
{
	static const unsigned int counts[] = { 0, 0, 0, 1, 0, 5, 2, 0, 30, 0, 0 };
	const struct store *store = ctx;
	static unsigned int at;

	(void)bytes;
	for (unsigned int i = counts[at++ % (sizeof(counts) / sizeof(*counts))]; i; i--)
		assert_int_equal(natsConnection_PublishString(store->link->connection,
							      "$O.crashes.C.web2.x", "other"),
				 NATS_OK);
	return 0;
}

static void test_object_store_reads_among_others(void **state)
{
	const size_t bytes = OBJECT_CHUNK_BYTES * 60 + 5;
	struct object_meta meta = { .name = "web1-01234567/a/b", .nuid = "web1-01234567.x" };
	struct store store;
	struct object_put put = { .bucket = &store.bucket,
				  .before_chunk = put_others,
				  .ctx = &store };
	int fd = make_file(bytes, 1);

	(void)state;
	begin(&store, 8);
	put.window = store.window;
	OK(object_put__file(&put, fd, &meta, &error));
	read_and_compare(&store, meta.name, fd, bytes);
	(void)close(fd);
	end(&store);
}

static void test_object_store_lists_each_once(void **state)
{
	struct store store;
	struct object_meta meta;
	unsigned int seen[200] = { 0 }, stopped = 0;
	int fd = make_file(100, 1);
	char name[32];

	(void)state;
	begin(&store, OBJECT_PUT_WINDOW);
	OK(object_list__each(&store.bucket, count, seen, &error));
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "h/s/%d", i);
		put(&store, name, fd, &meta);
	}
	put(&store, "h/s/7", fd, &meta);
	OK(object_list__each(&store.bucket, count, seen, &error));
	for (int i = 0; i < 200; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(object_list__each(&store.bucket, stop, &stopped, &error), -ECANCELED);
	assert_int_equal(stopped, 1);
	(void)close(fd);
	end(&store);
}

static uint64_t count_messages(const struct store *store)
{
	jsStreamInfo *info;
	uint64_t cnt;

	assert_int_equal(js_GetStreamInfo(&info, store->link->js, store->bucket.stream, NULL, NULL),
			 NATS_OK);
	cnt = info->State.Msgs;
	jsStreamInfo_Destroy(info);
	return cnt;
}

/* What was put first has three chunks, at 1 to 3, and its meta at 4. */
static void test_object_store_sees_what_the_server_lost(void **state)
{
	const size_t bytes = OBJECT_CHUNK_BYTES * 2 + 1;
	struct store store;
	struct object_meta meta, again;
	int fd = make_file(bytes, 5);

	(void)state;
	begin(&store, 2);
	put(&store, "h/s/f", fd, &meta);
	assert_int_equal(js_DeleteMsg(store.link->js, store.bucket.stream, 2, NULL, NULL), NATS_OK);
	assert_int_equal(object_get__read(&store.bucket, &meta, NULL, NULL, &error), -ENODATA);
	assert_string_equal(error.text, "h/s/f: a chunk is missing");

	/* a hole is not filled: the chunk would come last */
	put(&store, "h/s/f", fd, &again);
	assert_string_not_equal(again.nuid, meta.nuid);
	OK(bucket__purge_chunks(&store.bucket, meta.nuid, &error));
	assert_int_equal(count_messages(&store), 3 + 1);
	read_and_compare(&store, "h/s/f", fd, bytes);

	again.digest[20] ^= 1;
	assert_int_equal(object_get__read(&store.bucket, &again, NULL, NULL, &error), -EBADMSG);
	again.digest[20] ^= 1;
	again.chunk_cnt--;
	assert_int_equal(object_get__read(&store.bucket, &again, NULL, NULL, &error), -EBADMSG);
	again.chunk_cnt += 2;
	assert_int_equal(object_get__read(&store.bucket, &again, NULL, NULL, &error), -ENODATA);
	again.chunk_cnt--;
	again.size_bytes = 10;
	assert_int_equal(object_get__read(&store.bucket, &again, NULL, NULL, &error), -EBADMSG);
	(void)close(fd);
	end(&store);
}

static void wait_all(struct ack_window *const windows[2])
{
	while (ack_window__waiting(windows[0]) || ack_window__waiting(windows[1])) {
		OK(ack_window__poll(windows[0], &error));
		OK(ack_window__poll(windows[1], &error));
	}
}

static void test_object_store_takes_two_at_a_time(void **state)
{
	struct store store;
	struct object_meta metas[2] = { { .name = "h/s/f" }, { .name = "h/s/g" } };
	struct ack_window *windows[2];
	int fds[2];

	(void)state;
	begin(&store, 8);
	windows[0] = store.window;
	windows[1] = ack_window__new(store.link, 8, &error);
	assert_non_null(windows[1]);
	for (unsigned int i = 0; i < 2; i++) {
		const struct object_put how = { .bucket = &store.bucket, .window = windows[i] };

		fds[i] = make_file(OBJECT_CHUNK_BYTES * (i + 2), i);
		object_meta__new_nuid(metas[i].nuid, "h");
		OK(object_put__chunks(&how, fds[i], &metas[i], &error));
	}
	assert_int_equal(object_get__meta(&store.bucket, "h/s/f", &metas[0], &error), -ENOENT);
	wait_all(windows);
	for (unsigned int i = 0; i < 2; i++) {
		const struct object_put how = { .bucket = &store.bucket, .window = windows[i] };

		OK(object_put__meta(&how, &metas[i], &error));
	}
	wait_all(windows);
	read_and_compare(&store, "h/s/f", fds[0], OBJECT_CHUNK_BYTES * 2);
	read_and_compare(&store, "h/s/g", fds[1], OBJECT_CHUNK_BYTES * 3);
	(void)close(fds[0]);
	(void)close(fds[1]);
	ack_window__free(windows[1]);
	end(&store);
}

static int stop_at_third(void *ctx, size_t bytes)
{
	assert_true(bytes == OBJECT_CHUNK_BYTES);
	return ++*(unsigned int *)ctx == 3 ? -ECANCELED : 0;
}

static void test_object_store_shows_nothing_half_put(void **state)
{
	struct store store;
	struct object_meta meta = { .name = "h/s/f" };
	unsigned int chunks = 0;
	const struct object_put how = { .bucket = &store.bucket,
					.before_chunk = stop_at_third,
					.ctx = &chunks };
	struct object_put put_so = how;
	int fd = make_file(OBJECT_CHUNK_BYTES * 4, 5);

	(void)state;
	begin(&store, 2);
	put_so.window = store.window;
	object_meta__new_nuid(meta.nuid, "h");
	assert_int_equal(object_put__file(&put_so, fd, &meta, &error), -ECANCELED);
	assert_int_equal(object_get__meta(&store.bucket, "h/s/f", &meta, &error), -ENOENT);
	/* the next put is not confused by answers to the one that ended */
	put(&store, "h/s/f", fd, &meta);
	read_and_compare(&store, "h/s/f", fd, OBJECT_CHUNK_BYTES * 4);
	(void)close(fd);
	end(&store);
}

static void test_object_store_says_that_a_limit_is_reached(void **state)
{
	struct store store;
	struct object_meta meta = { .name = "h/s/f" };
	struct object_put how = { .bucket = &store.bucket };
	jsStreamInfo *info;
	int fd = make_file(OBJECT_CHUNK_BYTES * 4, 5);

	(void)state;
	begin(&store, 2);
	assert_int_equal(js_GetStreamInfo(&info, store.link->js, store.bucket.stream, NULL, NULL),
			 NATS_OK);
	info->Config->MaxBytes = OBJECT_CHUNK_BYTES * 2;
	assert_int_equal(js_UpdateStream(NULL, store.link->js, info->Config, NULL, NULL), NATS_OK);
	jsStreamInfo_Destroy(info);
	how.window = store.window;
	object_meta__new_nuid(meta.nuid, "h");
	assert_int_equal(object_put__file(&how, fd, &meta, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "maximum bytes exceeded"));
	(void)close(fd);
	end(&store);
}

static void test_object_store_when_the_server_is_gone(void **state)
{
	struct store store;
	struct object_meta meta;
	struct object_put how = { .bucket = &store.bucket };
	const size_t bytes = OBJECT_CHUNK_BYTES * 4;
	int fd = make_file(bytes, 5);
	struct object_meta kept;

	(void)state;
	begin(&store, 2);
	put(&store, "h/s/kept", fd, &kept);
	nats_server__kill(&store.server);
	how.window = store.window;
	meta = kept;
	object_meta__new_nuid(meta.nuid, "h");
	assert_int_equal(object_put__file(&how, fd, &meta, &error), -ENOTCONN);
	assert_int_equal(object_get__read(&store.bucket, &kept, NULL, NULL, &error), -ENOTCONN);
	ack_window__free(store.window);
	nats_link__close(store.link);

	nats_server__start(&store.server, NULL);
	store.link = nats_server__connect(&store.server);
	OK(bucket__open(&store.bucket, store.link, "crashes", 0, &error));
	store.window = ack_window__new(store.link, 2, &error);
	read_and_compare(&store, "h/s/kept", fd, bytes);
	(void)close(fd);
	end(&store);
}

static void test_object_store_bucket(void **state)
{
	struct store store;
	struct bucket other;

	(void)state;
	begin(&store, 2);
	assert_int_equal(bucket__open(&other, store.link, "none", 0, &error), -ENOENT);
	assert_non_null(strstr(error.text, ": there is no bucket none"));
	assert_int_equal(bucket__open(&other, store.link, "three", 3, &error), -EINVAL);
	assert_non_null(strstr(error.text, "--replicas 1"));
	OK(bucket__open(&other, store.link, "crashes", 0, &error));
	assert_int_equal(other.replicas, 1);
	end(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object_store_gives_back_what_was_put),
		cmocka_unit_test(test_object_store_takes_two_at_a_time),
		cmocka_unit_test(test_object_store_reads_among_others),
		cmocka_unit_test(test_object_store_lists_each_once),
		cmocka_unit_test(test_object_store_sees_what_the_server_lost),
		cmocka_unit_test(test_object_store_shows_nothing_half_put),
		cmocka_unit_test(test_object_store_says_that_a_limit_is_reached),
		cmocka_unit_test(test_object_store_when_the_server_is_gone),
		cmocka_unit_test(test_object_store_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
