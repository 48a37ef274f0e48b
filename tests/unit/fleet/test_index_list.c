/* SPDX-License-Identifier: MIT */
/* Messages of a real server's index, by filters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ack_window.h"
#include "index_list.h"
#include "index_message.h"
#include "nats_server.h"

static struct fleet_error error;

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static void put(struct ack_window *window, const char *host, const char *service,
		const char *reason, unsigned int number)
{
	const char *const digests[] = {
		"SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
		"SHA-256=57DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
	};
	const struct index_message message = {
		.bucket = "b",
		.host = host,
		.service = service,
		.reason = reason,
		.object = service,
		.digest = digests[number],
		.size_bytes = 5,
		.info = "{\"pid\":7}",
	};
	char subject[INDEX_SUBJECT_BYTES];
	char *payload = index_message__encode(&message);
	char *summary = payload ? index_summary__of_message(payload, strlen(payload)) : NULL;

	assert_non_null(summary);
	assert_int_equal(index_message__subject(subject, &message), 0);
	ack_window__begin(window);
	/* one of another program has no summary */
	OK(ack_window__publish(window, subject, number ? NULL : INDEX_SUMMARY_HEADER, summary,
			       payload, strlen(payload), &error));
	OK(ack_window__finish(window, &error));
	free(summary);
	free(payload);
}

static int note(void *ctx, const struct index_entry *entry)
{
	char *said = ctx;

	assert_true(entry->has_summary);
	assert_string_equal(entry->summary.object, entry->service);
	assert_int_equal(entry->summary.pid, 7);
	assert_int_equal(entry->summary.size_bytes, 5);
	assert_int_equal(strlen(entry->id), 64);
	assert_true(entry->stored_ns > 1700000000000000000);
	(void)sprintf(said + strlen(said), "%s|%s|%s;", entry->host, entry->service, entry->reason);
	return 0;
}

static void check(const struct index_stream *index, struct index_filter filter, const char *want)
{
	char said[1024] = "";

	OK(index_list__each(index, &filter, note, said, &error));
	assert_string_equal(said, want);
}

static int stop(void *ctx, const struct index_entry *entry)
{
	(void)entry;
	++*(unsigned int *)ctx;
	return -ECANCELED;
}

#define WEB1 "web1-00000001|a.b.>|crash;"
#define WEB2 "web2.x-00000002|shop|crash;"
#define DB1  "db1-00000003|shop|timer;"

static void test_index_list_by_filters(void **state)
{
	const struct index_filter all = { "", "", "" };
	struct nats_server server;
	struct nats_link *link;
	struct index_stream index;
	struct ack_window *window;
	unsigned int cnt = 0;

	(void)state;
	nats_server__make_dir(&server);
	nats_server__start(&server, NULL);
	link = nats_server__connect(&server);
	assert_int_equal(index_stream__open(&index, link, "b", 0, &error), -ENOENT);
	OK(index_stream__open(&index, link, "b", 1, &error));
	check(&index, all, "");
	window = ack_window__new(link, 4, &error);
	assert_non_null(window);
	put(window, "web1-00000001", "a.b.>", "crash", 0);
	put(window, "web2.x-00000002", "shop", "crash", 0);
	put(window, "db1-00000003", "shop", "timer", 0);
	check(&index, all, WEB1 WEB2 DB1);
	/* what is sent twice is there once, another file is there beside it */
	put(window, "web1-00000001", "a.b.>", "crash", 0);
	check(&index, all, WEB2 DB1 WEB1);
	put(window, "web1-00000001", "a.b.>", "crash", 1);
	check(&index, (struct index_filter){ "web*", "", "" }, WEB2 WEB1 WEB1);
	check(&index, (struct index_filter){ "web2.x", "", "" }, WEB2);
	check(&index, (struct index_filter){ "db1-00000003", "", "" }, DB1);
	check(&index, (struct index_filter){ "db1-0000000", "", "" }, "");
	check(&index, (struct index_filter){ "", "shop", "" }, WEB2 DB1);
	check(&index, (struct index_filter){ "", "a.b.>", "" }, WEB1 WEB1);
	check(&index, (struct index_filter){ "", "s?op", "t*" }, DB1);
	check(&index, (struct index_filter){ "", "", "crash" }, WEB2 WEB1 WEB1);
	check(&index, (struct index_filter){ "", "none", "" }, "");
	assert_int_equal(index_list__each(&index, &all, stop, &cnt, &error), -ECANCELED);
	assert_int_equal(cnt, 1);
	ack_window__free(window);
	nats_link__close(link);
	nats_server__end(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_list_by_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
