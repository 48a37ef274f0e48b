/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ledger.h"
#include "temp_dir.h"

static char dir[] = "/tmp/ttlog-ledger-XXXXXX";
static char path[64];

static struct ledger *open_it(void)
{
	const char *why = "";
	struct ledger *ledger = ledger__open(path, &why);

	if (!ledger)
		fail_msg("%s", why);
	return ledger;
}

static struct ledger_entry entry_of(const char *destination, const char *name)
{
	return (struct ledger_entry){
		.destination = destination,
		.name = name,
		.inode = UINT64_MAX,
		.nuid = "h.N",
		.object = "h/s/f",
		.digest = "SHA-256=x",
		.subject = "ttlog.index.b.h.s.r.i",
		.sent_s = 12,
		.audited_s = 0,
	};
}

static void compare(void *ctx, const struct ledger_entry *entry)
{
	const struct ledger_entry *want = ctx;

	assert_string_equal(entry->destination, want->destination);
	assert_string_equal(entry->name, want->name);
	assert_true(entry->inode == want->inode);
	assert_string_equal(entry->nuid, want->nuid);
	assert_string_equal(entry->object, want->object);
	assert_string_equal(entry->digest, want->digest);
	assert_string_equal(entry->subject, want->subject);
	assert_int_equal(entry->sent_s, want->sent_s);
	assert_int_equal(entry->audited_s, want->audited_s);
}

static void count(void *ctx, const struct ledger_entry *entry)
{
	(void)entry;
	++*(size_t *)ctx;
}

static size_t count_of(struct ledger *ledger, const char *destination)
{
	size_t cnt = 0;

	assert_int_equal(ledger__each(ledger, destination, count, &cnt), 0);
	return cnt;
}

static void test_ledger_keeps_what_it_is_told(void **state)
{
	struct ledger *ledger = open_it();
	struct ledger_entry one = entry_of("d", "n'; DROP TABLE files1; --"),
			    two = entry_of("d", "m");
	struct ledger_entry other = entry_of("e", "m");

	(void)state;
	assert_int_equal(ledger__put(ledger, &one), 0);
	assert_int_equal(ledger__put(ledger, &two), 0);
	assert_int_equal(ledger__put(ledger, &other), 0);
	one.audited_s = 13;
	one.nuid = "h.M";
	assert_int_equal(ledger__put(ledger, &one), 0);
	ledger__free(ledger);

	ledger = open_it();
	assert_int_equal(ledger__get(ledger, one.destination, one.name, compare, &one), 0);
	assert_int_equal(ledger__get(ledger, "d", "none", compare, &one), -ENOENT);
	assert_int_equal(count_of(ledger, "d"), 2);
	assert_int_equal(count_of(ledger, "e"), 1);
	assert_int_equal(ledger__forget(ledger, "m"), 0);
	assert_int_equal(count_of(ledger, "d"), 1);
	assert_int_equal(count_of(ledger, "e"), 0);
	ledger__free(ledger);
}

static void test_ledger_forgets_what_went_meanwhile(void **state)
{
	struct ledger *ledger = open_it();
	struct ledger_entry there = entry_of("d", "ledger.db"), gone = entry_of("d", "gone"),
			    also = entry_of("e", "gone");
	const int fd = open(dir, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ledger__put(ledger, &there), 0);
	assert_int_equal(ledger__put(ledger, &gone), 0);
	assert_int_equal(ledger__put(ledger, &also), 0);
	assert_int_equal(ledger__forget_gone(ledger, fd), 0);
	assert_int_equal(count_of(ledger, "d"), 1);
	assert_int_equal(count_of(ledger, "e"), 0);
	assert_int_equal(ledger__get(ledger, "d", "ledger.db", compare, &there), 0);
	assert_int_equal(close(fd), 0);
	ledger__free(ledger);
}

static void test_ledger_is_made_anew(void **state)
{
	const struct ledger_entry one = entry_of("d", "n");
	FILE *file = fopen(path, "we");
	struct ledger *ledger;

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_true(fputs("no database ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	ledger = open_it();
	assert_int_equal(count_of(ledger, "d"), 0);
	assert_int_equal(ledger__put(ledger, &one), 0);
	assert_int_equal(count_of(ledger, "d"), 1);
	ledger__free(ledger);
}

static void test_ledger_says_why_not(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_null(ledger__open("/nonexistent/ledger.db", &why));
	assert_string_equal(why, "unable to open database file");
}

static int make_dir(void **state)
{
	(void)state;
	if (temp_dir__make(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ledger.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

static void take_chunks(void *ctx, const struct ledger_chunks *chunks)
{
	char *said = ctx;

	(void)strcat(strcat(strcat(strcat(said, chunks->nuid), "="), chunks->object), ";");
}

static void assert_chunks(struct ledger *ledger, const char *destination, const char *want)
{
	char said[256] = "";

	assert_int_equal(ledger__each_chunks(ledger, destination, take_chunks, said), 0);
	assert_string_equal(said, want);
}

static void test_ledger_keeps_chunks_of_files_that_went(void **state)
{
	struct ledger *ledger = open_it();
	struct ledger_entry one = entry_of("d", "f");

	(void)state;
	assert_chunks(ledger, "d", "");
	assert_int_equal(ledger__put(ledger, &one), 0);
	assert_int_equal(ledger__begin_chunks(ledger, "d", "h.1", "h/s/f"), 0);
	assert_int_equal(ledger__begin_chunks(ledger, "d", "h.2", "h/s/f"), 0);
	assert_int_equal(ledger__begin_chunks(ledger, "d", "h.2", "h/s/f"), 0);
	assert_int_equal(ledger__begin_chunks(ledger, "e", "h.1", "h/s/g"), 0);
	assert_int_equal(ledger__forget(ledger, "f"), 0);
	ledger__free(ledger);
	ledger = open_it();
	assert_chunks(ledger, "d", "h.1=h/s/f;h.2=h/s/f;");
	assert_int_equal(ledger__end_chunks(ledger, "d", "h.1"), 0);
	assert_int_equal(ledger__end_chunks(ledger, "d", "h.1"), 0);
	assert_chunks(ledger, "d", "h.2=h/s/f;");
	assert_chunks(ledger, "e", "h.1=h/s/g;");
	ledger__free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ledger_keeps_what_it_is_told, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_ledger_keeps_chunks_of_files_that_went,
						make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_ledger_forgets_what_went_meanwhile, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_ledger_is_made_anew, make_dir, remove_dir),
		cmocka_unit_test(test_ledger_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
