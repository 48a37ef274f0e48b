/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fleet_url.h"

#define ALL (FLEET_URL_BUCKET | FLEET_URL_QUERY)

static struct fleet_url parse(const char *text, unsigned int parts)
{
	struct fleet_url url;
	struct fleet_error error = { "" };

	if (fleet_url__parse(&url, text, parts, &error))
		fail_msg("%s: %s", text, error.text);
	return url;
}

static void test_fleet_url_has_hosts_and_a_bucket(void **state)
{
	struct fleet_url url =
		parse("nats://a,b-1.example:5222,[fe80::1],[::1]:7/crashes_2-x", ALL);

	(void)state;
	assert_int_equal(url.server_cnt, 4);
	assert_string_equal(url.servers[0].host, "a");
	assert_int_equal(url.servers[0].port, 4222);
	assert_string_equal(url.servers[1].host, "b-1.example");
	assert_int_equal(url.servers[1].port, 5222);
	assert_string_equal(url.servers[2].host, "fe80::1");
	assert_int_equal(url.servers[2].port, 4222);
	assert_string_equal(url.servers[3].host, "::1");
	assert_int_equal(url.servers[3].port, 7);
	assert_string_equal(url.bucket, "crashes_2-x");
	assert_string_equal(url.host, "");
	assert_string_equal(url.service, "");
	assert_string_equal(url.reason, "");
	assert_false(url.has_since);
	fleet_url__fini(&url);
}

static void test_fleet_url_asks_for_some(void **state)
{
	struct fleet_url url =
		parse("nats://h/b?reason=crash&host=web%2A.x&since=-1h&service=a%3Fb%26c", ALL);

	(void)state;
	assert_string_equal(url.host, "web*.x");
	assert_string_equal(url.service, "a?b&c");
	assert_string_equal(url.reason, "crash");
	assert_true(url.has_since);
	assert_int_equal(url.since.kind, TIME_EXPR_BEFORE_LAST);
	assert_int_equal(url.since.ns, 3600000000000);
	fleet_url__fini(&url);
}

static void test_fleet_url_without_a_bucket(void **state)
{
	struct fleet_url url = parse("nats://h?host=w*", FLEET_URL_QUERY);

	(void)state;
	assert_string_equal(url.bucket, "");
	assert_string_equal(url.host, "w*");
	fleet_url__fini(&url);
	url = parse("nats://h/", 0);
	assert_string_equal(url.bucket, "");
	fleet_url__fini(&url);
}

static void test_fleet_url_refuses(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned int parts;
	} cases[] = {
		{ "http://h/b", "it does not begin with nats://", ALL },
		{ "nats://h", "no bucket: nats://HOST/BUCKET is needed", ALL },
		{ "nats://h/", "no bucket: nats://HOST/BUCKET is needed", ALL },
		{ "nats:///b", "'' has no name of a host", ALL },
		{ "nats://a,,c/b", "'' has no name of a host", ALL },
		{ "nats://a,/b", "'' has no name of a host", ALL },
		{ "nats://user:secret@h/b", "a URL has no user or password: use --creds FILE",
		  ALL },
		{ "nats://h:0/b", "'0' is not a port from 1 to 65535", ALL },
		{ "nats://h:65536/b", "'65536' is not a port from 1 to 65535", ALL },
		{ "nats://h:12x/b", "'12x' is not a port from 1 to 65535", ALL },
		{ "nats://h:/b", "'' is not a port from 1 to 65535", ALL },
		{ "nats://h!/b", "'h!' is not HOST or HOST:PORT", ALL },
		{ "nats://::1/b", "'::1' has no name of a host", ALL },
		{ "nats://[::1/b", "'[::1' has no ']'", ALL },
		{ "nats://[h]/b", "'h' is not an IPv6 address", ALL },
		{ "nats://h/b.c", "bucket 'b.c': only letters, digits, _ and - can be in it", ALL },
		{ "nats://h/b/c", "bucket 'b/c': only letters, digits, _ and - can be in it", ALL },
		{ "nats://h/b?host", "'host' is not KEY=VALUE", ALL },
		{ "nats://h/b?host=", "'host=' is not KEY=VALUE", ALL },
		{ "nats://h/b?", "'' is not KEY=VALUE", ALL },
		{ "nats://h/b?user=a", "'user' is not host, service, reason or since", ALL },
		{ "nats://h/b?host=a&host=b", "host= is there twice", ALL },
		{ "nats://h/b?since=@1&since=@2", "since= is there twice", ALL },
		{ "nats://h/b?since=now",
		  "since='now' is no time such as 2026-11-21T06:00:00Z or -1h", ALL },
		{ "nats://h/b?host=%4", "host=%4: a % needs two hexadecimal digits", ALL },
		{ "nats://h/b?host=%00", "host=%00: a % needs two hexadecimal digits", ALL },
		{ "nats://h/b?host=a", "'?host=a' means nothing here", FLEET_URL_BUCKET },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fleet_url url;
		struct fleet_error error = { "" };

		assert_int_equal(fleet_url__parse(&url, cases[i].text, cases[i].parts, &error),
				 -EINVAL);
		assert_string_equal(error.text, cases[i].says);
	}
}

static void test_fleet_url_has_limits(void **state)
{
	char text[1024] = "nats://h";
	struct fleet_url url;
	struct fleet_error error = { "" };

	(void)state;
	for (int i = 0; i < FLEET_URL_MAX_SERVERS; i++)
		strcat(text, ",h");
	strcat(text, "/b");
	assert_int_equal(fleet_url__parse(&url, text, ALL, &error), -EINVAL);
	assert_string_equal(error.text, "more than 32 hosts");
	(void)snprintf(text, sizeof(text), "nats://h/%0128d", 0);
	assert_int_equal(fleet_url__parse(&url, text, ALL, &error), -EINVAL);
	assert_string_equal(error.text, "the bucket's name is longer than 127 bytes");
	(void)snprintf(text, sizeof(text), "nats://h/%0127d", 0);
	url = parse(text, ALL);
	assert_int_equal(strlen(url.bucket), 127);
	fleet_url__fini(&url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fleet_url_has_hosts_and_a_bucket),
		cmocka_unit_test(test_fleet_url_asks_for_some),
		cmocka_unit_test(test_fleet_url_without_a_bucket),
		cmocka_unit_test(test_fleet_url_refuses),
		cmocka_unit_test(test_fleet_url_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
