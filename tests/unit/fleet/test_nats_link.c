/* SPDX-License-Identifier: MIT */
/* Who is let in where, and what is said if not. From the top of the tree. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nats_server.h"

static struct fleet_error error;

static char certificates[] = "/tmp/ttlog-certificates-XXXXXX";

/* A file of the last few calls. */
static const char *path_of(const char *name)
{
	static char paths[8][128];
	static size_t next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", certificates, name);
	return path;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0 && !fclose(file));
}

static int make_certificates(void **state)
{
	char command[128];

	(void)state;
	if (!mkdtemp(certificates))
		return -1;
	(void)snprintf(command, sizeof(command), "tests/fleet/make-certificates %s", certificates);
	return system(command);
}

static int remove_certificates(void **state)
{
	(void)state;
	return temp_dir__remove(certificates);
}

/* With the certificate NAME.pem, from clients that have one of ca.pem. */
static void start_tls(struct nats_server *server, const char *name)
{
	const char *config = path_of("server.conf");
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "tls { cert_file: \"%s/%s.pem\", key_file: \"%s/%s.key\", "
		       "ca_file: \"%s/ca.pem\", verify: true }\n",
		       certificates, name, certificates, name, certificates);
	write_file(config, text);
	nats_server__start(server, config);
}

static int try(const struct nats_server *server, const struct nats_link_options *wanted)
{
	const struct fleet_server at = { .host = "127.0.0.1", .port = server->port };
	struct nats_link_options options = *wanted;
	struct nats_link *link;

	options.servers = &at;
	options.server_cnt = 1;
	options.name = "test";
	link = nats_link__open(&options, &error);
	if (!link)
		return -errno;
	nats_link__close(link);
	return 0;
}

static void assert_says(const char *text)
{
	if (!strstr(error.text, text))
		fail_msg("'%s' is not in '%s'", text, error.text);
}

static void test_nats_link_takes_its_certificate(void **state)
{
	struct nats_server server;
	struct nats_link_options options = { 0 };

	(void)state;
	nats_server__make_dir(&server);
	start_tls(&server, "server");
	options.login.tls_ca = path_of("ca.pem");
	options.login.tls_cert = path_of("client.pem");
	options.login.tls_key = path_of("client.key");
	if (try(&server, &options))
		fail_msg("%s", error.text);

	options.login.tls_ca = path_of("other-ca.pem");
	assert_true(try(&server, &options) < 0);
	assert_says("certificate");
	options = (struct nats_link_options){ .login.tls_ca = path_of("ca.pem") };
	assert_true(try(&server, &options) < 0);
	options.login.tls_ca = NULL;
	assert_int_equal(try(&server, &options), -EACCES);
	assert_says("(the server wants TLS: use --tls-ca)");
	nats_server__end(&server);
}

static void test_nats_link_checks_the_servers_name(void **state)
{
	struct nats_server server;
	struct nats_link_options options = { 0 };

	(void)state;
	nats_server__make_dir(&server);
	start_tls(&server, "elsewhere");
	options.login.tls_ca = path_of("ca.pem");
	options.login.tls_cert = path_of("client.pem");
	options.login.tls_key = path_of("client.key");
	assert_true(try(&server, &options) < 0);
	assert_says("mismatch");
	nats_server__end(&server);
}

static void test_nats_link_tells_a_server_without_tls(void **state)
{
	struct nats_server server;
	struct nats_link_options options = { 0 };

	(void)state;
	nats_server__make_dir(&server);
	nats_server__start(&server, NULL);
	options.login.tls_ca = path_of("ca.pem");
	assert_int_equal(try(&server, &options), -EACCES);
	assert_says("the server has no TLS");
	nats_server__end(&server);
}

static void test_nats_link_needs_a_password(void **state)
{
	struct nats_server server;
	const struct nats_link_options options = { 0 };
	const char *config;

	(void)state;
	nats_server__make_dir(&server);
	config = path_of("server.conf");
	write_file(config, "authorization { user: a, password: b }\n");
	nats_server__start(&server, config);
	assert_int_equal(try(&server, &options), -EACCES);
	assert_says("Authorization Violation");
	nats_server__end(&server);
}

static void test_nats_link_tries_all_servers(void **state)
{
	struct nats_server server;
	struct fleet_server at[2] = { { .host = "127.0.0.1" }, { .host = "127.0.0.1", .port = 1 } };
	const struct nats_link_options options = { .servers = at, .server_cnt = 2, .name = "test" };

	(void)state;
	nats_server__make_dir(&server);
	nats_server__start(&server, NULL);
	at[0].port = server.port;
	/* it begins with any of them */
	for (int i = 0; i < 10; i++) {
		struct nats_link *link = nats_link__open(&options, &error);

		if (!link)
			fail_msg("%s", error.text);
		nats_link__close(link);
	}
	nats_server__kill(&server);
	assert_null(nats_link__open(&options, &error));
	assert_int_equal(errno, ENOTCONN);
	assert_says("127.0.0.1:1: ");
	assert_says("; ");
	assert_int_equal(temp_dir__remove(server.dir), 0);
}

static void test_nats_link_checks_its_files(void **state)
{
	const char *ca, *cert, *key, *other, *none;

	(void)state;
	ca = path_of("ca.pem");
	cert = path_of("client.pem");
	key = path_of("client.key");
	other = path_of("server.key");
	none = path_of("none");
	{
		const struct {
			struct nats_link_options options;
			const char *says;
		} cases[] = {
			{ { .login = { .tls_ca = none } }, "none: No such file or directory" },
			{ { .login = { .creds = none } }, "none: No such file or directory" },
			{ { .login = { .tls_ca = key } }, "--tls-ca " },
			{ { .login = { .tls_cert = cert } },
			  "--tls-cert and --tls-key are given together" },
			{ { .login = { .tls_ca = ca, .tls_key = key } },
			  "--tls-key are given together" },
			{ { .login = { .tls_cert = cert, .tls_key = other } }, "--tls-key " },
			{ { .login = { .creds = cert } }, "it is no NATS credentials file" },
		};

		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			struct nats_link_options options = cases[i].options;

			options.name = "test";
			assert_int_equal(nats_link__check(&options, &error), -EINVAL);
			assert_says(cases[i].says);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nats_link_takes_its_certificate),
		cmocka_unit_test(test_nats_link_checks_the_servers_name),
		cmocka_unit_test(test_nats_link_tells_a_server_without_tls),
		cmocka_unit_test(test_nats_link_needs_a_password),
		cmocka_unit_test(test_nats_link_tries_all_servers),
		cmocka_unit_test(test_nats_link_checks_its_files),
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
