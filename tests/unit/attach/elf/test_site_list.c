/* SPDX-License-Identifier: MIT */
/* site_list.c: the table of sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site_list.h"
#include "site.h"

static struct site trade = {
	.index = 3,
	.line = 42,
	.level = TTLOG_LEVEL_INFO,
	.nfields = 2,
	.types = { TTLOG_TYPE_STR, TTLOG_TYPE_I64 },
	.target = "net.http",
	.name = "trade",
	.message = "a \"b\"\n\033[31m\xff é",
	.file = "src/a.c",
	.function = "f\033",
	.keys = { "symbol", "quantity" },
};

static struct site start = {
	.index = 1,
	.line = 7,
	.level = TTLOG_LEVEL_FATAL,
	.kind = TTLOG_SITE_SPAN,
	.target = "é",
	.name = "start",
	.message = "",
	.file = "src/a.c",
	.function = "",
};

/* The text that is printed for these tables. The caller frees it. */
static char *print(const struct list_module *modules, size_t cnt, size_t *ret_rows)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(site_list__print(out, modules, cnt, ret_rows), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_site_list_aligns_sorts_and_escapes(void **state)
{
	struct site sites[] = { start, trade };
	struct site_table table = { .sites = sites, .cnt = 2 };
	struct list_module module = { "prog", &table };
	size_t rows = 0;
	char *text = print(&module, 1, &rows);

	(void)state;
	assert_int_equal(rows, 2);
	assert_string_equal(
		text,
		"LEVEL  KIND   PROBE  TARGET    FILE:LINE   FUNCTION  MESSAGE                  "
		"  FIELDS                   INDEX\n"
		"INFO   event  trade  net.http  src/a.c:42  f\\x1b     \"a \\\"b\\\"\\n\\x1b[31m\\xff é\""
		"  symbol:str,quantity:i64  3\n"
		"FATAL  span   start  é         src/a.c:7   -         \"\"                       "
		"  -                        1\n");
	free(text);
}

static void test_site_list_merges_duplicates(void **state)
{
	struct site first[] = { start, trade }, second[] = { trade, trade };
	struct site_table tables[] = { { .sites = first, .cnt = 2 },
				       { .sites = second, .cnt = 2 } };
	struct list_module modules[] = { { "prog", &tables[0] }, { "lib.so", &tables[1] } };
	size_t rows = 0;
	char *text;

	(void)state;
	second[0].index = 8;
	second[1].index = 9;
	second[1].types[1] = TTLOG_TYPE_U64; /* as in two instances of a template: they differ */
	text = print(modules, 2, &rows);
	assert_int_equal(rows, 3);
	assert_non_null(strstr(text, "quantity:i64  3,8    prog,lib.so\n"));
	assert_non_null(strstr(text, "quantity:u64  9      lib.so\n"));
	free(text);
}

static void test_site_list_keeps_one_long_cell_from_widening_all(void **state)
{
	struct site sites[] = { start, trade };
	struct site_table table = { .sites = sites, .cnt = 2 };
	struct list_module module = { "prog", &table };
	char message[1000];
	size_t rows = 0;
	char *text;

	(void)state;
	memset(message, 'm', sizeof(message));
	message[sizeof(message) - 1] = 0;
	sites[1].message = message;
	text = print(&module, 1, &rows);
	assert_true(strcspn(text, "\n") < 120);
	assert_non_null(strstr(text, message));
	free(text);
}

static void test_site_list_of_nothing(void **state)
{
	size_t rows = 7;
	char *text = print(NULL, 0, &rows);

	(void)state;
	assert_int_equal(rows, 0);
	assert_true(!strncmp(text, "LEVEL", 5));
	assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
	free(text);
}

static void test_site_list_says_that_it_could_not_write(void **state)
{
	struct site sites[] = { start };
	struct site_table table = { .sites = sites, .cnt = 1 };
	struct list_module module = { "prog", &table };
	size_t rows = 7;
	FILE *out = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(out);
	assert_int_equal(site_list__print(out, &module, 1, &rows), -EIO);
	assert_int_equal(rows, 7);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_list_aligns_sorts_and_escapes),
		cmocka_unit_test(test_site_list_merges_duplicates),
		cmocka_unit_test(test_site_list_keeps_one_long_cell_from_widening_all),
		cmocka_unit_test(test_site_list_of_nothing),
		cmocka_unit_test(test_site_list_says_that_it_could_not_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
