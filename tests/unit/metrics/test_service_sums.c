/* SPDX-License-Identifier: MIT */
/* Counts by service: they never fall, and services are few and named once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "service_sums.h"
#include "status.h"

static struct service_sums sums;

static int begin(void **state)
{
	(void)state;
	memset(&sums, 0, sizeof(sums));
	return 0;
}

/* A process with that service and so many recorded events, half as many overwritten. */
static struct status_process process_of(const char *service, uint64_t recorded)
{
	return (struct status_process){
		.service = (char *)service,
		.accounts = { .emitted = recorded,
			      .recorded = recorded,
			      .overwritten = recorded / 2 },
		.bytes = 8 * recorded,
		.ring_bytes = 4096,
		.ring_used_bytes = 1024,
	};
}

static void take(struct status_process *processes, size_t cnt, struct service_total *ended,
		 size_t ended_cnt)
{
	const struct status status = {
		.processes = processes,
		.process_cnt = cnt,
		.ended = { .items = ended, .cnt = ended_cnt },
	};

	service_sums__take(&sums, &status);
}

static const struct service_sum *find(const char *name)
{
	for (size_t i = 0; i < sums.cnt; i++) {
		if (!strcmp(sums.items[i].name, name))
			return &sums.items[i];
	}
	return NULL;
}

static void test_service_sums_adds_up(void **state)
{
	struct status_process processes[] = { process_of("api", 10), process_of("db", 100),
					      process_of("api", 20) };
	struct service_total ended = { .name = "api",
				       .processes = 3,
				       .accounts = { .recorded = 5, .lost = { .fault = 2 } } };

	(void)state;
	processes[2].newest_ns = 77;
	take(processes, 3, &ended, 1);
	assert_int_equal(sums.cnt, 3);
	assert_int_equal(find("api")->counts[SERVICE_RECORDED], 35);
	assert_int_equal(find("api")->counts[SERVICE_OVERWRITTEN], 15);
	assert_int_equal(find("api")->counts[SERVICE_BYTES], 240);
	assert_int_equal(find("api")->counts[SERVICE_LOST_FAULT], 2);
	assert_int_equal(find("api")->counts[SERVICE_ENDED], 3);
	assert_int_equal(find("api")->process_cnt, 2);
	assert_int_equal(find("api")->ring_bytes, 8192);
	assert_int_equal(find("api")->ring_used_bytes, 2048);
	assert_int_equal(find("api")->newest_ns, 77);
	assert_int_equal(find("db")->counts[SERVICE_RECORDED], 100);
	assert_false(service_sums__has_rest(&sums));
}

/* It ends, its service is gone from the table, an account is corrected: no count falls. */
static void test_service_sums_never_fall(void **state)
{
	struct status_process process = process_of("api", 10);
	struct service_total ended = { .name = "api",
				       .processes = 1,
				       .accounts = { .recorded = 12 } };

	(void)state;
	take(&process, 1, NULL, 0);
	process.ended = true;
	take(&process, 1, NULL, 0);
	assert_int_equal(find("api")->process_cnt, 0);
	assert_int_equal(find("api")->counts[SERVICE_ENDED], 1);
	take(NULL, 0, &ended, 1);
	assert_int_equal(find("api")->counts[SERVICE_RECORDED], 12);
	assert_int_equal(find("api")->counts[SERVICE_ENDED], 1);
	assert_int_equal(find("api")->ring_bytes, 0);
	ended.accounts.recorded = 11;
	take(NULL, 0, &ended, 1);
	assert_int_equal(find("api")->counts[SERVICE_RECORDED], 12);
	take(NULL, 0, NULL, 0);
	assert_int_equal(find("api")->counts[SERVICE_RECORDED], 12);
	ended.accounts.recorded = 13;
	take(NULL, 0, &ended, 1);
	assert_int_equal(find("api")->counts[SERVICE_RECORDED], 13);
}

/* A machine has a few dozen services; a program may invent thousands. */
static void test_service_sums_bounds_services(void **state)
{
	struct status_process process;
	char name[32];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "service-%u", i);
		process = process_of(name, 1);
		take(&process, 1, NULL, 0);
	}
	assert_int_equal(sums.cnt, SERVICE_SUM_MAX + 1);
	assert_non_null(find("service-0"));
	assert_null(find("service-999"));
	assert_true(service_sums__has_rest(&sums));
	assert_int_equal(find(SERVICE_REST)->counts[SERVICE_RECORDED], 1);
	/* the first ones still have their place */
	process = process_of("service-0", 7);
	take(&process, 1, NULL, 0);
	assert_int_equal(find("service-0")->counts[SERVICE_RECORDED], 7);
}

/* What can't be a label, what is cut alike, and names that are ours. */
static void test_service_sums_names(void **state)
{
	static const struct {
		const char *service, *name;
	} cases[] = {
		{ NULL, "unknown" },
		{ "", "unknown" },
		{ "unknown", "unknown" },
		{ "other", "other" },
		{ "(other)", "other" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "a\nb\x1b[m", "a?b?[m" },
		{ "\xff", "?" },
		{ "\xfe", "?" },
		{ "\xc3", "?" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
		  "012345678901234567890123456789012345678901234567890123456789012" },
		{ "01234567890123456789012345678901234567890123456789012345678901\xc3\xbc",
		  "01234567890123456789012345678901234567890123456789012345678901?" },
	};
	const size_t cnt = sizeof(cases) / sizeof(*cases);

	(void)state;
	for (size_t i = 0; i < cnt; i++) {
		struct status_process process = process_of(cases[i].service, i + 1);

		take(&process, 1, NULL, 0);
		assert_non_null(find(cases[i].name));
		assert_int_equal(find(cases[i].name)->process_cnt, 1);
		for (size_t other = 1; other < sums.cnt; other++)
			for (size_t same = 0; same < other; same++)
				assert_string_not_equal(sums.items[same].name,
							sums.items[other].name);
	}
}

/* The stream that is most behind counts, and one that has all on disk does not. */
static void test_service_sums_streams(void **state)
{
	struct status_process processes[] = { process_of("api", 1), process_of("api", 1),
					      process_of("api", 1), process_of("db", 1) };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		processes[i].is_streamed = true;
		processes[i].newest_ns = 50;
	}
	processes[0].durable_ns = 40;
	processes[1].durable_ns = 30;
	processes[2].durable_ns = processes[3].durable_ns = 50;
	take(processes, 4, NULL, 0);
	assert_int_equal(find("api")->not_durable_ns, 30);
	assert_int_equal(find("db")->not_durable_ns, 0);
	processes[3].durable_ns = 0;
	take(&processes[3], 1, NULL, 0);
	assert_int_equal(find("api")->not_durable_ns, 0);
	assert_int_equal(find("db")->not_durable_ns, 50);
}

/* A shell that starts a marked program is no service. */
static void test_service_sums_leaves_out_the_unmarked(void **state)
{
	struct status_process processes[] = { process_of(NULL, 0), process_of("api", 0) };
	struct service_total ended = { .processes = 8 };

	(void)state;
	take(processes, 2, &ended, 1);
	assert_int_equal(sums.cnt, 2);
	assert_int_equal(find("api")->process_cnt, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_service_sums_adds_up, begin),
		cmocka_unit_test_setup(test_service_sums_never_fall, begin),
		cmocka_unit_test_setup(test_service_sums_bounds_services, begin),
		cmocka_unit_test_setup(test_service_sums_names, begin),
		cmocka_unit_test_setup(test_service_sums_streams, begin),
		cmocka_unit_test_setup(test_service_sums_leaves_out_the_unmarked, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
