/* SPDX-License-Identifier: MIT */
/* What --metrics takes, and where that listens. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "listen_address.h"

static void test_listen_address_forms(void **state)
{
	static const struct {
		const char *text, *printed;
		bool is_loopback;
	} cases[] = {
		{ "9464", "127.0.0.1:9464", true },
		{ ":9464", "127.0.0.1:9464", true },
		{ "127.0.0.1:1", "127.0.0.1:1", true },
		{ "127.9.9.9:65535", "127.9.9.9:65535", true },
		{ "0.0.0.0:9464", "0.0.0.0:9464", false },
		{ "192.0.2.7:9464", "192.0.2.7:9464", false },
		{ "[::1]:9464", "[::1]:9464", true },
		{ "[::]:9464", "[::]:9464", false },
		{ "[2001:db8::7]:80", "[2001:db8::7]:80", false },
	};
	char printed[LISTEN_ADDRESS_BYTES];
	struct listen_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(listen_address__parse(cases[i].text, &address), 0);
		listen_address__print(&address, printed);
		assert_string_equal(printed, cases[i].printed);
		assert_int_equal(listen_address__is_loopback(&address), cases[i].is_loopback);
	}
}

static void test_listen_address_refuses(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", -EINVAL },
		{ ":", -EINVAL },
		{ "0", -ERANGE },
		{ "65536", -ERANGE },
		{ "99999999999999999999999", -ERANGE },
		{ "-1", -EINVAL },
		{ "+9464", -EINVAL },
		{ " 9464", -EINVAL },
		{ "9464 ", -EINVAL },
		{ "127.0.0.1", -EINVAL },
		{ "127.0.0.1:", -EINVAL },
		{ "localhost:9464", -EINVAL },
		{ "::1:9464", -EINVAL },
		{ "[::1]", -EINVAL },
		{ "[]:9464", -EINVAL },
		{ "[:9464", -EINVAL },
		{ "[127.0.0.1]:9464", -EINVAL },
		{ "[fe80::1%eth0]:9464", -EINVAL },
		{ "http://127.0.0.1:9464", -EINVAL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct listen_address address = { .len = 77 };

		assert_int_equal(listen_address__parse(cases[i].text, &address), cases[i].err);
		assert_int_equal(address.len, 77);
	}
}

/* The second one at the same port is refused, and says why. */
static void test_listen_address_opens_once(void **state)
{
	struct listen_address address;
	struct sockaddr_in *four = (struct sockaddr_in *)&address.bytes;
	int first, second;

	(void)state;
	assert_int_equal(listen_address__parse("9464", &address), 0);
	four->sin_port = 0; /* any that is free */
	first = listen_address__open(&address);
	assert_true(first >= 0);
	assert_int_equal(getsockname(first, (struct sockaddr *)&address.bytes, &address.len), 0);
	second = listen_address__open(&address);
	assert_int_equal(second, -EADDRINUSE);
	close(first);
	second = listen_address__open(&address);
	assert_true(second >= 0);
	close(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listen_address_forms),
		cmocka_unit_test(test_listen_address_refuses),
		cmocka_unit_test(test_listen_address_opens_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
