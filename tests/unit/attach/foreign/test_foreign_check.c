/* SPDX-License-Identifier: MIT */
/*
 * foreign_check.c, needed_files.c and library_cache.c, on a program whose library has USDT probes.
 */
#include "foreign_fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "foreign_check.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "library_cache.h"
#include "needed_files.h"
#include "temp_dir.h"

struct files {
	char dir[64];
	char program[128], library[128], bare[128];
};

static int set_up(void **state)
{
	static struct files files = { .dir = "/tmp/ttlog-test-check.XXXXXX" };
	char flags[400];

	assert_non_null(mkdtemp(files.dir));
	(void)snprintf(files.program, sizeof(files.program), "%s/program", files.dir);
	(void)snprintf(files.library, sizeof(files.library), "%s/libshop.so.1", files.dir);
	(void)snprintf(files.bare, sizeof(files.bare), "%s/bare", files.dir);
	close(foreign_fixture__build(
		files.dir, "libshop.so.1",
		"-DSOUND -fPIC -shared -Wl,-soname,libshop.so.1 " FOREIGN_FIXTURE));
	(void)snprintf(flags, sizeof(flags),
		       "-O2 -Iinclude tests/apps/crash.c -lpthread -Wl,--no-as-needed %s "
		       "-Wl,-rpath,'$ORIGIN'",
		       files.library);
	close(foreign_fixture__build(files.dir, "program", flags));
	close(foreign_fixture__build(files.dir, "bare",
				     "-s -static -nostdlib -Wl,-e,0 " FOREIGN_FIXTURE));
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	const struct files *files = *state;

	return temp_dir__remove(files->dir);
}

static struct foreign_probe *parse(enum foreign_kind kind, const char *text)
{
	char error[256] = "";
	struct foreign_probe *probe = foreign_probe__parse(kind, text, error, sizeof(error));

	if (!probe)
		fail_msg("%s: %s", text, error);
	return probe;
}

/* The only line of a report; "": none. */
static const char *only_line(const struct foreign_report *report)
{
	assert_true(report->cnt <= 1);
	return report->cnt ? report->lines[0] : "";
}

/* %s in what is expected: `file`. */
static void check(const struct files *files, enum foreign_kind kind, const char *text,
		  const char *error, const char *warning, const char *file)
{
	struct foreign_report errors = { 0 }, warnings = { 0 };
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_check *foreign;
	char expected[512];

	assert_int_equal(foreign_probes__add(probes, parse(kind, text)), 0);
	assert_int_equal(foreign_probes__add_known(probes, parse(FOREIGN_USDT, "known:*")), 0);
	foreign = foreign_check__new(probes);
	assert_int_equal(foreign_check__program(foreign, files->program), 0);
	foreign_check__judge(foreign, "the program", &errors, &warnings);
	(void)snprintf(expected, sizeof(expected), error, file);
	assert_string_equal(only_line(&errors), expected);
	(void)snprintf(expected, sizeof(expected), warning, file);
	/* what is refused needs no warning */
	if (!*error)
		assert_string_equal(only_line(&warnings), expected);
	foreign_report__fini(&errors);
	foreign_report__fini(&warnings);
	foreign_check__free(foreign);
	foreign_probes__free(probes);
}

static void test_foreign_check_takes_what_is_there(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:inlined", "", "", "");
	check(files, FOREIGN_USDT, "shop:inlined(a,b:str,c:u8)=warn", "", "", "");
	check(files, FOREIGN_USDT, "shop:inlined(a)", "", "", "");
	check(files, FOREIGN_USDT, "*:words*", "", "", "");
	check(files, FOREIGN_USDT, "shop:n*()", "", "", "");
	check(files, FOREIGN_FUNCTION, "program:main", "", "", "");
	check(files, FOREIGN_SPAN, "libc:mal*", "", "", "");
}

static void test_foreign_check_names_what_is_near(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:inline",
	      "--usdt 'shop:inline': %s has no probe inline: is it 'inlined'?", "", files->library);
	check(files, FOREIGN_USDT, "shoop:inlined",
	      "--usdt 'shoop:inlined': the program has no provider shoop: is it 'shop'?", "", "");
	check(files, FOREIGN_FUNCTION, "program:mian",
	      "--uprobe 'program:mian': %s has no function 'mian'; did you mean 'main'?", "",
	      files->program);
	check(files, FOREIGN_SPAN, "libshops:main",
	      "--span 'libshops:main': the program has no file libshops: is it 'libshop.so.1'?", "",
	      "");
}

static void test_foreign_check_says_what_there_is(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:xyz",
	      "--usdt 'shop:xyz': %s has no probe xyz (ttlog-collect --list shows those that it "
	      "has)",
	      "", files->library);
}

static void test_foreign_check_compares_signatures(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:inlined(a,b,c,d)",
	      "--usdt 'shop:inlined(a,b,c,d)': it has 4 fields, and shop:inlined no more than 3 "
	      "(%s)",
	      "", files->library);
	check(files, FOREIGN_USDT, "shop:inlined(a:str)",
	      "--usdt 'shop:inlined(a:str)': field 'a' can't be str: argument 1 of shop:inlined has "
	      "4 bytes (%s)",
	      "", files->library);
	check(files, FOREIGN_USDT, "shop:inlined(a:u8@4)",
	      "--usdt 'shop:inlined(a:u8@4)': field 'a' can't be u8 at an address: argument 1 of "
	      "shop:inlined has 4 bytes (%s)",
	      "", files->library);
}

/* Of a library that is loaded later. */
static void test_foreign_check_warns_of_what_may_come(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:xyz*", "",
	      "--usdt 'shop:xyz*': %s has no probe xyz* yet (ttlog-collect --list shows those that it "
	      "has)",
	      files->library);
	check(files, FOREIGN_USDT, "known:any", "",
	      "--usdt 'known:any': the program has no provider known yet: there is %s",
	      "crash, shop, bank");
	check(files, FOREIGN_USDT, "other:any", "",
	      "--usdt 'other:any': the program has no provider other yet: there is %s",
	      "crash, shop, bank");
	check(files, FOREIGN_SPAN, "libxyz:f", "",
	      "--span 'libxyz:f': the program has no file libxyz yet", "");
	check(files, FOREIGN_SPAN, "libxyz*:f", "",
	      "--span 'libxyz*:f': the program has no file libxyz* yet", "");
}

/* As it will be when it is recorded. */
static void test_foreign_check_warns_of_what_is_null(void **state)
{
	const struct files *files = *state;

	check(files, FOREIGN_USDT, "shop:floats", "",
	      "%s: argument 1 of shop:floats is null at 1 of 1 places: it is in a vector register",
	      files->library);
}

static void test_foreign_check_says_if_there_are_no_symbols(void **state)
{
	const struct files *files = *state;
	struct foreign_report errors = { 0 }, warnings = { 0 };
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_check *foreign;
	char expected[512];

	assert_int_equal(foreign_probes__add(probes, parse(FOREIGN_SPAN, "bare:main")), 0);
	foreign = foreign_check__new(probes);
	assert_int_equal(foreign_check__file(foreign, files->bare), 0);
	foreign_check__judge(foreign, files->bare, &errors, &warnings);
	(void)snprintf(
		expected, sizeof(expected),
		"--span 'bare:main': %s has no symbols, so none of its functions is known; it is "
		"stripped, and a file with its symbols is not below /usr/lib/debug or "
		"beside it",
		files->bare);
	assert_string_equal(only_line(&errors), expected);
	foreign_report__fini(&errors);
	foreign_check__free(foreign);
	foreign_probes__free(probes);
}

/* This process has libcmocka mapped. */
static void test_foreign_check_looks_at_a_process(void **state)
{
	struct foreign_report errors = { 0 }, warnings = { 0 };
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_check *foreign;

	(void)state;
	assert_int_equal(
		foreign_probes__add(probes, parse(FOREIGN_FUNCTION, "libcmocka:_assert_true")), 0);
	foreign = foreign_check__new(probes);
	assert_int_equal(foreign_check__process(foreign, getpid()), 0);
	foreign_check__judge(foreign, "this", &errors, &warnings);
	assert_string_equal(only_line(&errors), "");
	assert_string_equal(only_line(&warnings), "");
	foreign_check__free(foreign);
	foreign_probes__free(probes);
}

static void test_foreign_check_needs_a_file(void **state)
{
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_check *foreign = foreign_check__new(probes);

	(void)state;
	assert_int_equal(foreign_check__file(foreign, "/nonexistent"), -ENOENT);
	assert_int_equal(foreign_check__program(foreign, "/nonexistent"), -ENOENT);
	foreign_check__free(foreign);
	foreign_probes__free(probes);
}

static int stop_at_libc(int fd, const char *path, void *ctx)
{
	size_t *cnt = ctx;

	assert_true(fd >= 0);
	++*cnt;
	return strstr(path, "/libc.so.6") ? 7 : 0;
}

/* libc is not beside the program: ld.so.cache says where it is. */
static void test_needed_files_finds_libraries(void **state)
{
	const struct files *files = *state;
	size_t cnt = 0;

	assert_int_equal(needed_files__each(files->program, stop_at_libc, &cnt), 7);
	assert_true(cnt >= 3);
}

static void put(const char *path, const void *bytes, size_t len)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static void test_library_cache_is_not_believed(void **state)
{
	const struct files *files = *state;
	char path[128], found[PATH_MAX];
	unsigned char bytes[80] = "glibc-ld.so.cache1.1";
	const uint32_t huge = UINT32_MAX;
	struct library_cache *cache;

	(void)snprintf(path, sizeof(path), "%s/cache", files->dir);
	assert_null(library_cache__new(path));
	put(path, bytes, 30); /* cut in the head */
	assert_null(library_cache__new(path));
	memcpy(bytes + 20, &huge, sizeof(huge)); /* so many entries */
	put(path, bytes, sizeof(bytes));
	cache = library_cache__new(path);
	assert_non_null(cache);
	assert_false(library_cache__find(cache, "libc.so.6", found));
	library_cache__free(cache);
	memset(bytes, 'x', sizeof(bytes));
	put(path, bytes, sizeof(bytes));
	assert_null(library_cache__new(path));
	assert_false(library_cache__find(NULL, "libc.so.6", found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_check_takes_what_is_there),
		cmocka_unit_test(test_foreign_check_names_what_is_near),
		cmocka_unit_test(test_foreign_check_says_what_there_is),
		cmocka_unit_test(test_foreign_check_compares_signatures),
		cmocka_unit_test(test_foreign_check_warns_of_what_may_come),
		cmocka_unit_test(test_foreign_check_warns_of_what_is_null),
		cmocka_unit_test(test_foreign_check_says_if_there_are_no_symbols),
		cmocka_unit_test(test_foreign_check_looks_at_a_process),
		cmocka_unit_test(test_foreign_check_needs_a_file),
		cmocka_unit_test(test_needed_files_finds_libraries),
		cmocka_unit_test(test_library_cache_is_not_believed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
