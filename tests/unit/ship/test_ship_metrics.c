/* SPDX-License-Identifier: MIT */
/* The page of --metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "ship_metrics.h"

static const struct ship_figures figures[] = {
	{
		.destination = "nats://a/x",
		.counts = { .sent_files = 7,
			    .sent_bytes = UINT64_C(1) << 40,
			    .whole = 5,
			    .not_whole = 2,
			    .resends = 3,
			    .failures = 4,
			    .refused = 11,
			    .rejected_records = 12,
			    .crash_ns = 250000000,
			    .is_connected = 1 },
		.spool = { .waiting = 8,
			   .waiting_bytes = 4096,
			   .oldest_ns = UINT64_C(1793404800000000000),
			   .unaudited = 1,
			   .dropped = 6,
			   .unproven = 9 },
	},
	{ .destination = "nats://b\"/\n\xff" },
};

static const char *const wanted[] = {
	"# TYPE ttlog_ship_connected gauge\n",
	"# TYPE ttlog_ship_sent_files_total counter\n",
	"\nttlog_ship_connected{destination=\"nats://a/x\"} 1\n",
	"\nttlog_ship_connected{destination=\"nats://b\\\"/\\n\xef\xbf\xbd\"} 0\n",
	"\nttlog_ship_backlog_files{destination=\"nats://a/x\"} 8\n",
	"\nttlog_ship_backlog_bytes{destination=\"nats://a/x\"} 4096\n",
	"\nttlog_ship_lag_seconds{destination=\"nats://a/x\"} 1.5\n",
	"\nttlog_ship_lag_seconds{destination=\"nats://b\\\"/\\n\xef\xbf\xbd\"} 0\n",
	"\nttlog_ship_unaudited_files{destination=\"nats://a/x\"} 1\n",
	"\nttlog_ship_crash_latency_seconds{destination=\"nats://a/x\"} 0.25\n",
	"\nttlog_ship_sent_files_total{destination=\"nats://a/x\"} 7\n",
	"\nttlog_ship_sent_bytes_total{destination=\"nats://a/x\"} 1099511627776\n",
	"\nttlog_ship_audits_total{destination=\"nats://a/x\",result=\"whole\"} 5\n",
	"\nttlog_ship_audits_total{destination=\"nats://a/x\",result=\"not_whole\"} 2\n",
	"\nttlog_ship_resends_total{destination=\"nats://a/x\"} 3\n",
	"\nttlog_ship_failures_total{destination=\"nats://a/x\"} 4\n",
	"\nttlog_ship_refused_files_total{destination=\"nats://a/x\"} 11\n",
	"\nttlog_ship_rejected_records_total{destination=\"nats://a/x\"} 12\n",
	"\nttlog_ship_dropped_files_total{destination=\"nats://a/x\",state=\"unsent\"} 6\n",
	"\nttlog_ship_dropped_files_total{destination=\"nats://a/x\",state=\"unaudited\"} 9\n",
};

static char *page_at(uint64_t now_ns)
{
	char *text = NULL;
	size_t bytes = 0;

	assert_int_equal(ship_metrics__write(figures, ARRAY_SIZE(figures), now_ns, &text, &bytes),
			 0);
	assert_int_equal(strlen(text), bytes);
	return text;
}

static void test_ship_metrics_has_all(void **state)
{
	char *text = page_at(figures[0].spool.oldest_ns + 1500000000);
	size_t cnt = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(text, wanted[i]))
			fail_msg("no %s in\n%s", wanted[i], text);
	}
	/* a family begins once */
	for (const char *at = text; (at = strstr(at, "# TYPE ttlog_ship_audits_total")); at++)
		cnt++;
	assert_int_equal(cnt, 1);
	free(text);
}

static void test_ship_metrics_when_the_clock_was_set_back(void **state)
{
	char *text = page_at(1);

	(void)state;
	assert_true(strstr(text, "\nttlog_ship_lag_seconds{destination=\"nats://a/x\"} 0\n") !=
		    NULL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ship_metrics_has_all),
		cmocka_unit_test(test_ship_metrics_when_the_clock_was_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
