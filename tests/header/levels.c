/* SPDX-License-Identifier: MIT */
/*
 * What marks of each level leave in the flags of their batch, in a batch that has room and in one
 * that is full; C and C++.
 */
/* sites: 8 */
#define TTLOG_SERVICE "levels"
#include <ttlog/ttlog.h>

#include "header_test.h"

#define WARN_FLAG  TTLOG_BATCH_LEVEL(TTLOG_LEVEL_WARN)
#define ERROR_FLAG TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR)
#define FATAL_FLAG TTLOG_BATCH_LEVEL(TTLOG_LEVEL_FATAL)

static int failed;

static const struct ttlog_batch *own_batch(void)
{
	return (const struct ttlog_batch *)(uintptr_t)ttlog_module.batches;
}

static void expect(const char *what, uint32_t want)
{
	uint32_t got = own_batch()->flags;

	if (got == want)
		return;
	printf("%s: flags %#x, not %#x\n", what, got, want);
	failed = 1;
}

static void log_quietly(void)
{
	TTLOG_TRACE("trace", "n", 1);
	TTLOG_DEBUG("debug", "n", 1);
	TTLOG_INFO("info", "n", 1);
	{
		TTLOG_SPAN(quiet, INFO, "n", 1);
	}
}

static void log_warn(void)
{
	TTLOG_WARN("warn", "n", 1);
}

static void log_error(void)
{
	TTLOG_PROBE(failed, ERROR, "error", "n", 1);
}

static void log_fatal(void)
{
	TTLOG_FATAL("fatal", "n", 1);
}

static void in_a_batch_with_room(void)
{
	ttlog__flush();
	log_quietly();
	expect("below WARN", 0);
	log_warn();
	expect("WARN", WARN_FLAG);
	log_error();
	expect("ERROR", WARN_FLAG | ERROR_FLAG);
	log_fatal();
	log_quietly();
	expect("FATAL", WARN_FLAG | ERROR_FLAG | FATAL_FLAG);
	ttlog__flush();
	expect("an empty batch", 0);
}

/* The end of a span is a record, too. */
static void in_spans(void)
{
	{
		TTLOG_SPAN(grave, ERROR, "n", 1);
		expect("a span", ERROR_FLAG);
		ttlog__flush();
		expect("after a flush", 0);
	}
	expect("the end of a span", ERROR_FLAG);
}

/* Fills the batch, so that each record in turn is the one that does not fit. */
static void in_full_batches(void (*log)(void), const char *what, uint32_t want)
{
	uint64_t seq;

	for (unsigned i = 0; i < 3; i++) {
		ttlog__flush();
		log_quietly();
		for (seq = own_batch()->seq; own_batch()->seq == seq;) {
			expect(what, own_batch()->committed >> 32 > 5 ? want : 0);
			log();
		}
		expect(what, want);
		if (own_batch()->committed >> 32 != 1) {
			printf("%s: not the first record\n", what);
			failed = 1;
		}
	}
}

int main(void)
{
	header_test__raise(1);
	log_error();
	expect("the first event of a thread", ERROR_FLAG);
	in_a_batch_with_room();
	in_spans();
	in_full_batches(log_warn, "WARN", WARN_FLAG);
	in_full_batches(log_error, "ERROR", ERROR_FLAG);
	in_full_batches(log_fatal, "FATAL", FATAL_FLAG);
	return failed;
}
