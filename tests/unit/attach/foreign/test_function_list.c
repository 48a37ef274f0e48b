/* SPDX-License-Identifier: MIT */
/*
 * function_list.c and function_name.c on files that c++ makes of functions_fixture.cc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "function_list.h"
#include "temp_dir.h"

struct files {
	char dir[64];
	int whole, stripped;
};

static int open_built(const struct files *files, const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", files->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int set_up(void **state)
{
	static struct files files = { .dir = "/tmp/ttlog-test-functions.XXXXXX" };
	char command[512];
	int status;

	assert_non_null(mkdtemp(files.dir));
	(void)snprintf(command, sizeof(command),
		       "c++ -O1 -o %s/whole tests/unit/attach/foreign/functions_fixture.cc && "
		       "strip -o %s/stripped %s/whole",
		       files.dir, files.dir, files.dir);
	status = system(command);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	files.whole = open_built(&files, "whole");
	files.stripped = open_built(&files, "stripped");
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	close(files->whole);
	close(files->stripped);
	return temp_dir__remove(files->dir);
}

/* The names of what matches, each followed by a semicolon. */
static void check(const struct function_list *list, const char *glob, const char *expected)
{
	struct function_match *matches;
	size_t cnt, resolver_cnt;
	char found[1024] = "";

	assert_int_equal(function_list__match(list, glob, 100, &matches, &cnt, &resolver_cnt), 0);
	for (size_t i = 0; i < cnt; i++) {
		strcat(found, matches[i].name);
		strcat(found, ";");
		assert_ptr_equal(function_list__at(list, matches[i].function->vaddr)->vaddr,
				 matches[i].function->vaddr);
	}
	function_matches__free(matches, cnt);
	if (strcmp(found, expected))
		fail_msg("%s: %s, not %s", glob, found, expected);
}

static void test_function_list_finds_names(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);

	assert_non_null(list);
	check(list, "plain_one", "plain_one;");
	check(list, "main", "main;");
	check(list, "shop::Order::total", "shop::Order::total;");
	check(list, "shop::Order::*", "shop::Order::total;shop::Order::Order;");
	check(list, "shop::twice<*>", "shop::twice<int>;shop::twice<long>;");
	check(list, "*length", "shop::length;shop::length;");
	check(list, "shop::length(int)", "shop::length;");
	check(list, "shop::length(std::__cxx11::basic_string*", "shop::length;");
	check(list, "_ZN4shop6lengthEi", "shop::length;");
	check(list, "nothing", "");
	/* not one of this file */
	check(list, "__libc_start_main", "");
	function_list__free(list);
}

/* The name that was wanted, and each function once. */
static void test_function_list_knows_aliases(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);
	struct function_match *matches;
	size_t cnt, resolver_cnt;

	check(list, "__plain_alias", "__plain_alias;");
	check(list, "*plain_[oa]*", "plain_one;");
	check(list, "another_plain_one", "another_plain_one;");
	assert_int_equal(function_list__match(list, "plain_one", 1, &matches, &cnt, &resolver_cnt),
			 0);
	(void)function_list__aliases(list, matches->function, &resolver_cnt);
	assert_int_equal(resolver_cnt, 3);
	function_matches__free(matches, cnt);
	function_list__free(list);
}

static void test_function_list_knows_clones(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);
	struct function_match *matches;
	size_t cnt, resolver_cnt;

	check(list, "of_clone", "of_clone;");
	check(list, "of_c*", "of_clone;");
	check(list, "plain_two", "plain_two;");
	/* a part is not one more function */
	check(list, "*[ne]_[ct][lw]o*", "plain_two;");
	check(list, "plain_one.cold", "");
	assert_int_equal(function_list__match(list, "plain_two", 1, &matches, &cnt, &resolver_cnt),
			 0);
	assert_int_equal(matches->function->clone, FUNCTION_CHANGED);
	function_matches__free(matches, cnt);
	function_list__free(list);
}

static int count_cold(void *ctx, const struct function *cold)
{
	assert_string_equal(cold->symbol, "plain_one.cold");
	++*(int *)ctx;
	return 0;
}

static void test_function_list_finds_cold_code(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);
	struct function_match *matches;
	size_t cnt, resolver_cnt;
	int cold_cnt = 0;

	assert_int_equal(function_list__match(list, "plain_one", 1, &matches, &cnt, &resolver_cnt),
			 0);
	assert_int_equal(function_list__each_cold(list, matches->function, count_cold, &cold_cnt),
			 0);
	assert_int_equal(cold_cnt, 1);
	function_matches__free(matches, cnt);
	assert_int_equal(function_list__match(list, "main", 1, &matches, &cnt, &resolver_cnt), 0);
	assert_int_equal(function_list__each_cold(list, matches->function, count_cold, &cold_cnt),
			 0);
	assert_int_equal(cold_cnt, 1);
	function_matches__free(matches, cnt);
	function_list__free(list);
}

static void test_function_list_leaves_out_resolvers(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);
	struct function_match *matches;
	size_t cnt, resolver_cnt;

	assert_int_equal(
		function_list__match(list, "at_run_time", 9, &matches, &cnt, &resolver_cnt), 0);
	assert_int_equal(cnt, 0);
	assert_int_equal(resolver_cnt, 1);
	function_matches__free(matches, cnt);
	function_list__free(list);
}

static void test_function_list_has_bounds(void **state)
{
	struct files *files = *state;
	struct function_list *list = function_list__new(files->whole);
	struct function_match *matches;
	size_t cnt, resolver_cnt;

	assert_int_equal(function_list__match(list, "shop::*", 2, &matches, &cnt, &resolver_cnt),
			 -E2BIG);
	function_list__free(list);
	list = function_list__new(files->stripped);
	assert_non_null(list);
	check(list, "shop::*", "");
	/* its symbols are in another file */
	assert_int_equal(function_list__add(list, files->whole), 0);
	check(list, "shop::Order::total", "shop::Order::total;");
	function_list__free(list);
	errno = 0;
	assert_null(function_list__new(open("/dev/null", O_RDONLY | O_CLOEXEC)));
	assert_int_equal(errno, ENOEXEC);
}

static void test_function_name_drops_what_the_compiler_adds(void **state)
{
	static const struct {
		const char *symbol, *base;
		enum function_clone clone;
	} cases[] = {
		{ "f", "f", FUNCTION_WHOLE },
		{ "f@@GLIBC_2.2.5", "f", FUNCTION_WHOLE },
		{ "f.cold", "f", FUNCTION_COLD },
		{ "f.cold.1", "f", FUNCTION_COLD },
		{ "f.part.0", "f", FUNCTION_PART },
		{ "f.isra.0.part.0.cold", "f", FUNCTION_COLD },
		{ "f.constprop.0.isra.0", "f", FUNCTION_CHANGED },
		{ "f.llvm.123", "f", FUNCTION_WHOLE },
		{ "f.localalias", "f", FUNCTION_WHOLE },
		{ "f.coldness", "f.coldness", FUNCTION_WHOLE },
		{ "main.main", "main.main", FUNCTION_WHOLE },
		{ ".cold", ".cold", FUNCTION_WHOLE },
		{ "", "", FUNCTION_WHOLE },
	};
	enum function_clone clone;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(function_name__base(cases[i].symbol, &clone),
				 strlen(cases[i].base));
		assert_int_equal(clone, cases[i].clone);
	}
}

static void check_readable(const char *symbol, bool has_parameters, const char *expected)
{
	char *name = function_name__readable(symbol, strlen(symbol), has_parameters);

	assert_non_null(name);
	assert_string_equal(name, expected);
	free(name);
}

static void test_function_name_is_readable(void **state)
{
	(void)state;
	check_readable("malloc", true, "malloc");
	check_readable("_ZN4shop6lengthEi", true, "shop::length(int)");
	check_readable("_ZN4shop6lengthEi", false, "shop::length");
	check_readable("_ZN4core3fmt5write17h0123456789abcdefE", false, "core::fmt::write");
	check_readable("_RNvCs1234_7mycrate3foo", false, "mycrate::foo");
	check_readable("_Znot", false, "_Znot");
}

/* Each of these types has the one before it twice: the name would have 2^60 of them. */
static void test_function_name_is_bounded(void **state)
{
	char symbol[2048] = "_Z1f1SIiiE";
	size_t len = strlen(symbol);
	char *name;

	(void)state;
	for (int i = 0; i < 60; i++) {
		char last[4] = "S0_";

		if (i)
			last[1] = (char)(i < 10 ? '0' + i : 'A' + i - 10);
		if (i > 35)
			break;
		len += (size_t)sprintf(symbol + len, "S_I%s%sE", last, last);
	}
	name = function_name__readable(symbol, len, true);
	assert_non_null(name);
	assert_true(strlen(name) <= FUNCTION_NAME_MAX_BYTES);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_list_finds_names),
		cmocka_unit_test(test_function_list_knows_aliases),
		cmocka_unit_test(test_function_list_knows_clones),
		cmocka_unit_test(test_function_list_finds_cold_code),
		cmocka_unit_test(test_function_list_leaves_out_resolvers),
		cmocka_unit_test(test_function_list_has_bounds),
		cmocka_unit_test(test_function_name_drops_what_the_compiler_adds),
		cmocka_unit_test(test_function_name_is_readable),
		cmocka_unit_test(test_function_name_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
