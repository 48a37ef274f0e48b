/* SPDX-License-Identifier: MIT */
/*
 * Requests of the control socket, passed on or refused, each with its answer. The test is the
 * client and, in the same thread, the collector.
 */
#include "control_fixture.h"

#include "dispatch.h"
#include "format.h"
#include "live.h"
#include "trigger.h"

struct collector {
	struct control *control;
	struct dispatch dispatch;
	struct trigger_request *got; /* owned */
	int client;
};

static void take_request(void *ctx, struct trigger_request *request)
{
	struct collector *collector = ctx;

	assert_null(collector->got);
	collector->got = request;
}

static void start(struct collector *collector)
{
	*collector = (struct collector){
		.control = control__new(dir, NULL),
		.dispatch = { .request = take_request, .live = live__new(NULL) },
	};
	collector->dispatch.ctx = collector;
	assert_non_null(collector->control);
	assert_non_null(collector->dispatch.live);
	collector->client = raw_connect();
}

static void stop(struct collector *collector)
{
	close(collector->client);
	trigger_request__free(collector->got);
	live__free(collector->dispatch.live);
	control__free(collector->control);
}

/* All packets that the client gets: for each its kind and a line, or the verdict. */
static void assert_told(struct collector *collector, const char *what)
{
	char told[1024], *end = told;
	ssize_t n;

	do {
		n = recv(collector->client, end, sizeof(told) - 1 - (size_t)(end - told), 0);
		assert_true(n >= 0);
		end += n;
	} while (n);
	*end = '\0';
	if (!memmem(told, (size_t)(end - told), what, strlen(what)))
		fail_msg("'%s' is not in '%s'", what, told);
}

static void follow(struct collector *collector, uint32_t format, const char *filter)
{
	char packet[256];
	const size_t len = make_follow(packet, format, filter, *filter ? strlen(filter) + 1 : 0);

	assert_int_equal(send(collector->client, packet, len, MSG_NOSIGNAL), len);
	dispatch__requests(collector->control, &collector->dispatch);
}

static void test_dispatch_passes_requests_on(void **state)
{
	struct collector collector;

	(void)state;
	start(&collector);
	dispatch__requests(collector.control, &collector.dispatch);
	assert_null(collector.got);
	raw_ask(collector.client, "because");
	dispatch__requests(collector.control, &collector.dispatch);
	assert_non_null(collector.got);
	assert_string_equal(collector.got->reason, "because");
	assert_int_equal(collector.got->pid, 0);
	assert_false(collector.got->only_new);
	trigger_request__add_line(collector.got, "/a/path.bin");
	collector.got->made = true;
	collector.got->answer(collector.got);
	assert_told(&collector, "/a/path.bin");
	stop(&collector);
}

static void test_dispatch_refuses_requests_that_are_off(void **state)
{
	struct collector collector;

	(void)state;
	start(&collector);
	collector.dispatch.requests_off = true;
	raw_ask(collector.client, "because");
	dispatch__requests(collector.control, &collector.dispatch);
	assert_null(collector.got);
	assert_told(&collector, "requests are off");
	stop(&collector);
}

static void test_dispatch_hands_followers_to_live(void **state)
{
	struct collector collector;

	(void)state;
	start(&collector);
	collector.dispatch.requests_off = true; /* requests off does not matter to followers */
	assert_int_equal(live__state(collector.dispatch.live), LIVE_NOBODY);
	follow(&collector, FORMAT_NUMBER, "level>=WARN");
	assert_int_equal(live__state(collector.dispatch.live), LIVE_NEW);
	stop(&collector);
}

static void test_dispatch_tells_followers_what_is_wrong(void **state)
{
	struct collector collector;

	(void)state;
	start(&collector);
	follow(&collector, FORMAT_NUMBER, "level>=LOUD");
	assert_told(&collector, "LOUD");
	assert_int_equal(live__state(collector.dispatch.live), LIVE_NOBODY);
	stop(&collector);
}

static void test_dispatch_refuses_more_followers_than_there_is_room_for(void **state)
{
	struct collector collector;
	int clients[64], cnt = 0;

	(void)state;
	start(&collector);
	while (!live__is_full(collector.dispatch.live)) {
		assert_true(cnt < 64);
		follow(&collector, FORMAT_NUMBER, "");
		clients[cnt++] = collector.client;
		collector.client = raw_connect();
	}
	assert_true(cnt > 1);
	follow(&collector, FORMAT_NUMBER, "");
	assert_told(&collector, "too many");
	while (cnt)
		close(clients[--cnt]);
	stop(&collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dispatch_passes_requests_on),
		cmocka_unit_test(test_dispatch_refuses_requests_that_are_off),
		cmocka_unit_test(test_dispatch_hands_followers_to_live),
		cmocka_unit_test(test_dispatch_tells_followers_what_is_wrong),
		cmocka_unit_test(test_dispatch_refuses_more_followers_than_there_is_room_for),
	};

	return cmocka_run_group_tests_name("dispatch", tests, setup, teardown);
}
