/* SPDX-License-Identifier: MIT */
/* The page as a whole: every metric once, and what promtool says of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "metric.h"
#include "metrics_page.h"
#include "status.h"

static char *write_page(const struct status *status)
{
	const struct metrics_page_options options = { .trap_ns = 450, .by_pid = true };
	struct metrics_page *page = metrics_page__new(&options);
	char *text;
	size_t bytes;

	assert_non_null(page);
	assert_int_equal(metrics_page__write(page, status, &text, &bytes), 0);
	assert_int_equal(strlen(text), bytes);
	metrics_page__free(page);
	return text;
}

static void count_snapshots(struct snapshot_counts *counts)
{
	snapshot_counts__made(counts, "crash", 10, 1000, 20000000);
	snapshot_counts__made(counts, "by hand", 10, 500, 2000000000);
	snapshot_counts__failed(counts, "timer", -ENOSPC);
	snapshot_counts__suppressed(counts, "event");
}

/* A machine with a hostile service. */
static char *write_example(void)
{
	struct status_process processes[] = {
		{ .service = (char *)"api\"} 1\n",
		  .newest_ns = 1,
		  .bytes = 640,
		  .flushes = 3,
		  .ring_bytes = 1048576,
		  .ring_used_bytes = 512,
		  .unsaved_bytes = 8,
		  .accounts = { .emitted = 99,
				.recorded = 10,
				.overwritten = 4,
				.lost = { .memory = 1,
					  .kernel_ring = 2,
					  .fault = 3,
					  .corrupt = 4,
					  .table_full = 5 } } },
		{ .service = (char *)"other", .ended = true },
		/* the second one has the pid of the first one, whose end is not known yet */
		{ .service = (char *)"db", .pid = 7, .start_ns = 1, .accounts = { .emitted = 1 } },
		{ .service = (char *)"db",
		  .pid = 7,
		  .start_ns = 2,
		  .newest_ns = 1,
		  .is_streamed = true,
		  .durable_ns = 1,
		  .ring_used_bytes = 64,
		  .bytes = 128,
		  .flushes = 4,
		  .accounts = { .emitted = 9,
				.recorded = 8,
				.lost_total = 1,
				.overwritten = 2,
				.lost = { .fault = 1 } } },
		{ .service = (char *)"silent", .pid = 8 },
	};
	struct status status = {
		.processes = processes,
		.process_cnt = 5,
		.has_streams = true,
		.stream_written = 70,
		.stream_missed = 3,
		.start_real_ns = 1764500000000000000,
		.ring_memory_bytes = 2097152,
		.ring_budget_bytes = 4194304,
		.cpu_ns = 1500000000,
		.resident_bytes = 77,
		.snapshots_open = 1,
		.untracked_cnt = 6,
		.deleted_cnt = { [KEPT_MAX_DISK] = 12 },
		.batches = { .bytes = 67108864, .peak_bytes = 4096 },
		.lifecycle = { .bytes = 1048576 },
		.programs = { { .name = "control", .missed_cnt = 2 },
			      { .name = "start", .run_cnt = 3, .run_ns = 4000 } },
		.program_cnt = 2,
	};

	count_snapshots(&status.snapshots);
	return write_page(&status);
}

static void assert_has(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line '%s' in:\n%s", line, text);
}

static const char *const LINES[] = {
	"ttlog_events_emitted_total{service=\"api\\\"} 1?\"} 25",
	"ttlog_events_recorded_total{service=\"api\\\"} 1?\"} 10",
	"ttlog_events_lost_total{service=\"api\\\"} 1?\",cause=\"memory\"} 1",
	"ttlog_events_lost_total{service=\"api\\\"} 1?\",cause=\"kernel_ring\"} 2",
	"ttlog_events_lost_total{service=\"api\\\"} 1?\",cause=\"fault\"} 3",
	"ttlog_events_lost_total{service=\"api\\\"} 1?\",cause=\"corrupt\"} 4",
	"ttlog_events_lost_total{service=\"api\\\"} 1?\",cause=\"table_full\"} 5",
	"ttlog_events_overwritten_total{service=\"api\\\"} 1?\"} 4",
	"ttlog_recorded_bytes_total{service=\"api\\\"} 1?\"} 640",
	"ttlog_flushes_total{service=\"api\\\"} 1?\"} 3",
	"ttlog_processes{service=\"api\\\"} 1?\"} 1",
	"ttlog_processes{service=\"other\"} 0",
	"ttlog_processes_ended_total{service=\"other\"} 1",
	"ttlog_ring_used_bytes{service=\"api\\\"} 1?\"} 512",
	"ttlog_ring_size_bytes{service=\"api\\\"} 1?\"} 1048576",
	"ttlog_ring_unsaved_bytes{service=\"api\\\"} 1?\"} 8",
	"ttlog_snapshots_total{reason=\"crash\"} 1",
	"ttlog_snapshots_total{reason=\"other\"} 1",
	"ttlog_snapshots_total{reason=\"timer\"} 0",
	"ttlog_snapshot_failures_total{reason=\"timer\"} 1",
	"ttlog_storage_faults_total{fault=\"no_room\"} 1",
	"ttlog_storage_faults_total{fault=\"io\"} 0",
	"ttlog_files_deleted_total{reason=\"max-disk\"} 12",
	"ttlog_files_deleted_total{reason=\"keep-free\"} 0",
	"ttlog_snapshots_suppressed_total{reason=\"event\"} 1",
	"ttlog_snapshot_bytes_total{reason=\"crash\"} 1000",
	"ttlog_snapshot_duration_seconds_bucket{le=\"0.01\"} 0",
	"ttlog_snapshot_duration_seconds_bucket{le=\"0.1\"} 1",
	"ttlog_snapshot_duration_seconds_bucket{le=\"+Inf\"} 2",
	"ttlog_snapshot_duration_seconds_sum 2.02",
	"ttlog_snapshot_duration_seconds_count 2",
	"ttlog_snapshots_pending 1",
	"ttlog_stream_lag_seconds{service=\"db\"} 0",
	"ttlog_stream_events_written_total 70",
	"ttlog_stream_events_missed_total 3",
	"ttlog_ring_memory_bytes 2097152",
	"ttlog_ring_memory_limit_bytes 4194304",
	"ttlog_kernel_buffer_peak_bytes{buffer=\"batches\"} 4096",
	"ttlog_kernel_buffer_size_bytes{buffer=\"lifecycle\"} 1048576",
	"ttlog_bpf_program_misses_total{program=\"control\"} 2",
	"ttlog_bpf_program_misses_total{program=\"start\"} 0",
	"ttlog_bpf_program_runs_total{program=\"start\"} 3",
	"ttlog_bpf_program_run_seconds_total{program=\"start\"} 4e-06",
	"ttlog_untracked_hits_total 6",
	"ttlog_trap_duration_seconds 4.5e-07",
	"ttlog_collector_cpu_seconds_total 1.5",
	"ttlog_collector_resident_bytes 77",
	"ttlog_collector_start_time_seconds 1764500000",
	"ttlog_process_events_recorded_total{service=\"db\",pid=\"7\"} 8",
	"ttlog_process_events_lost_total{service=\"db\",pid=\"7\"} 1",
	"ttlog_process_events_overwritten_total{service=\"db\",pid=\"7\"} 2",
	"ttlog_process_recorded_bytes_total{service=\"db\",pid=\"7\"} 128",
	"ttlog_process_flushes_total{service=\"db\",pid=\"7\"} 4",
	"ttlog_process_ring_used_bytes{service=\"db\",pid=\"7\"} 64",
	"ttlog_build_info{version=\"" TTLOG_VERSION "\"} 1",
};

static void test_metrics_page_says_what_the_status_has(void **state)
{
	char *text = write_example();

	(void)state;
	for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
		assert_has(text, LINES[i]);
	free(text);
}

/* A family begins once, or Prometheus refuses the page. */
static void test_metrics_page_has_only_processes_that_log(void **state)
{
	char *text = write_example();
	const char *at = strstr(text, "pid=\"7\"");

	(void)state;
	assert_null(strstr(text, "pid=\"8\""));
	/* once in each family */
	for (size_t i = METRIC_PROCESS_FIRST; i < METRIC_PROCESS_LAST; i++) {
		assert_non_null(at);
		at = strstr(at + 1, "pid=\"7\"");
	}
	assert_non_null(at);
	assert_null(strstr(at + 1, "pid=\"7\""));
	free(text);
}

static void test_metrics_page_has_each_metric_once(void **state)
{
	char *text = write_example(), begin[128];

	(void)state;
	for (size_t i = 0; i < METRIC_CNT; i++) {
		const char *at;

		assert_non_null(metrics[i].name);
		(void)snprintf(begin, sizeof(begin), "# TYPE %s ", metrics[i].name);
		at = strstr(text, begin);
		if (!at || strstr(at + 1, begin))
			fail_msg("%s is there %s", metrics[i].name, at ? "twice" : "not at all");
	}
	free(text);
}

static void test_metrics_page_pleases_promtool(void **state)
{
	char *text = write_example(), *empty = write_page(&(const struct status){ 0 });
	const char *const pages[] = { text, empty };

	(void)state;
	if (system("promtool --version >/dev/null 2>&1") != 0) {
		free(text);
		free(empty);
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		FILE *promtool = popen("promtool check metrics 2>&1", "w");

		assert_non_null(promtool);
		assert_int_equal(fwrite(pages[i], 1, strlen(pages[i]), promtool), strlen(pages[i]));
		assert_int_equal(pclose(promtool), 0);
	}
	free(text);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_page_says_what_the_status_has),
		cmocka_unit_test(test_metrics_page_has_only_processes_that_log),
		cmocka_unit_test(test_metrics_page_has_each_metric_once),
		cmocka_unit_test(test_metrics_page_pleases_promtool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
