/* SPDX-License-Identifier: MIT */
/*
 * foreign_probe.c, foreign_probes.c and foreign_report.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include "array.h"
#include "foreign_probe.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "value.h"
#include "temp_dir.h"

static struct foreign_probe *parse(enum foreign_kind kind, const char *text)
{
	char error[256] = "";
	struct foreign_probe *probe = foreign_probe__parse(kind, text, error, sizeof(error));

	if (!probe)
		fail_msg("%s: %s", text, error);
	assert_string_equal(probe->text, text);
	assert_int_equal(probe->kind, kind);
	return probe;
}

/* "where|name|field:type,...|LEVEL"; "-" for fields: no signature. */
static void check(enum foreign_kind kind, const char *text, const char *expected)
{
	struct foreign_probe *probe = parse(kind, text);
	char got[512];
	int at = snprintf(got, sizeof(got), "%s|%s|%s", probe->where, probe->name,
			  probe->has_fields ? "" : "-");

	for (size_t i = 0; i < probe->field_cnt; i++) {
		const uint8_t number = probe->fields[i].type;
		const char *type = number ? value__type_name(number) : NULL;

		at += snprintf(got + at, sizeof(got) - (size_t)at, "%s%s%s%s", i ? "," : "",
			       probe->fields[i].name, type ? ":" : "", type ? type : "");
	}
	(void)snprintf(got + at, sizeof(got) - (size_t)at, "|%s", value__level_name(probe->level));
	assert_string_equal(got, expected);
	foreign_probe__free(probe);
}

static void test_foreign_probe_reads_usdt(void **state)
{
	(void)state;
	check(FOREIGN_USDT, "postgresql:query__start", "postgresql|query__start|-|INFO");
	check(FOREIGN_USDT, "libstdcxx:*", "libstdcxx|*|-|INFO");
	check(FOREIGN_USDT, "p:n()", "p|n||INFO");
	check(FOREIGN_USDT, "p:n( )", "p|n||INFO");
	check(FOREIGN_USDT, "p:n(a,b:str, c_2 : u8)=warn", "p|n|a,b:str,c_2:u8|WARN");
	check(FOREIGN_USDT, "p:n(a:cxx,b:cxx@8)", "p|n|a:str,b:str|INFO");
	check(FOREIGN_USDT, "p:n=ERROR", "p|n|-|ERROR");
	check(FOREIGN_USDT, "p?[a-c]:n*(x:i64)", "p?[a-c]|n*|x:i64|INFO");
	check(FOREIGN_USDT, "p:n(a:i8,b:i16,c:i32,d:i64,e:u8,f:u16,g:u32,h:u64)",
	      "p|n|a:i8,b:i16,c:i32,d:i64,e:u8,f:u16,g:u32,h:u64|INFO");
	check(FOREIGN_USDT, "p:n(a:f32,b:f64,c:str,d:hex,e:ptr,f:bool,g:char)",
	      "p|n|a:f32,b:f64,c:str,d:hex,e:ptr,f:bool,g:char|INFO");
	check(FOREIGN_USDT, "p:n(int)", "p|n|int|INFO");
}

static void test_foreign_probe_reads_functions(void **state)
{
	(void)state;
	check(FOREIGN_FUNCTION, "libc:malloc(size:u64)=debug", "libc|malloc|size:u64|DEBUG");
	check(FOREIGN_SPAN, "/opt/my app/bin:f", "/opt/my app/bin|f|-|INFO");
	check(FOREIGN_SPAN, "app:ns::Class<a::b>::run(order.item.name:str)",
	      "app|ns::Class<a::b>::run|order.item.name:str|INFO");
	/* parameters of C++ are part of the name */
	check(FOREIGN_FUNCTION, "app:f(int)", "app|f(int)|-|INFO");
	check(FOREIGN_FUNCTION, "app:f(a::b)", "app|f(a::b)|-|INFO");
	check(FOREIGN_FUNCTION, "app:f(x, unsigned long)=warn", "app|f(x, unsigned long)|-|WARN");
	check(FOREIGN_FUNCTION, "app:f(char const*, X)(a,b:u8)",
	      "app|f(char const*, X)|a,b:u8|INFO");
	check(FOREIGN_FUNCTION, "app:f()(a)", "app|f()|a|INFO");
	check(FOREIGN_FUNCTION, "app:(anonymous namespace)::f(a)",
	      "app|(anonymous namespace)::f|a|INFO");
	check(FOREIGN_FUNCTION, "app:f(void (*)(int))(cb:ptr)", "app|f(void (*)(int))|cb:ptr|INFO");
	check(FOREIGN_FUNCTION, "app:A::operator()", "app|A::operator()|-|INFO");
	check(FOREIGN_FUNCTION, "app:A::operator()(a:i32)", "app|A::operator()|a:i32|INFO");
	check(FOREIGN_FUNCTION, "app:A::operator==", "app|A::operator==|-|INFO");
	check(FOREIGN_FUNCTION, "app:A::operator==info", "app|A::operator=|-|INFO");
}

static void test_foreign_probe_reads_offsets(void **state)
{
	struct foreign_probe *probe = parse(FOREIGN_USDT, "p:n(a:str@8,b:i32@0x10@-4@0,c)");

	(void)state;
	assert_int_equal(probe->fields[0].type, TTLOG_TYPE_STR);
	assert_int_equal(probe->fields[0].step_cnt, 1);
	assert_int_equal(probe->fields[0].steps[0], 8);
	assert_int_equal(probe->fields[1].step_cnt, 3);
	assert_int_equal(probe->fields[1].steps[0], 16);
	assert_int_equal(probe->fields[1].steps[1], -4);
	assert_int_equal(probe->fields[1].steps[2], 0);
	assert_int_equal(probe->fields[2].step_cnt, 0);
	assert_false(probe->fields[0].is_name);
	foreign_probe__free(probe);
}

static void test_foreign_probe_refuses(void **state)
{
	static const struct {
		enum foreign_kind kind;
		const char *text, *error;
	} cases[] = {
		{ FOREIGN_USDT, "", "it has no ':' between provider and probe" },
		{ FOREIGN_USDT, "p", "it has no ':' between provider and probe" },
		{ FOREIGN_SPAN, "f(a:u8)", "it has no ':' between file and function" },
		{ FOREIGN_USDT, ":n", "it has no provider before ':'" },
		{ FOREIGN_USDT, "p:", "it has no probe after ':'" },
		{ FOREIGN_SPAN, " :f", "it has no file before ':'" },
		{ FOREIGN_SPAN, "f:(a)", "it has no function after ':'" },
		{ FOREIGN_USDT, "p:n(a", "its '(' has no ')' at the end" },
		{ FOREIGN_USDT, "p:n(a)b", "its '(' has no ')' at the end" },
		{ FOREIGN_USDT, "p:na)", "its ')' has no '('" },
		{ FOREIGN_USDT, "p:n(a,)", "'' is no name for field 2: letters, digits and _" },
		{ FOREIGN_USDT, "p:n(1a)", "'1a' is no name for field 1: letters, digits and _" },
		{ FOREIGN_USDT, "p:n(a.b)", "'a.b' is no name for field 1: letters, digits and _" },
		{ FOREIGN_SPAN, "p:n(a..b)",
		  "'a..b' is no name for field 1: letters, digits and _, and . before a member" },
		{ FOREIGN_USDT, "p:n(a,a:u8)", "field 'a' is there twice" },
		{ FOREIGN_USDT, "p:n(a:int)",
		  "'int' is no type (of field 'a'): types are " FOREIGN_TYPES },
		{ FOREIGN_USDT, "p:n(a:)",
		  "'' is no type (of field 'a'): types are " FOREIGN_TYPES },
		{ FOREIGN_USDT, "p:n(a:str@)", "'' is no offset (of field 'a')" },
		{ FOREIGN_USDT, "p:n(a:str@x)", "'x' is no offset (of field 'a')" },
		{ FOREIGN_USDT, "p:n(a:str@9999999999)",
		  "'9999999999' is no offset (of field 'a')" },
		{ FOREIGN_USDT, "p:n(a:u8@1@1@1@1@1)", "field 'a' has more than 4 offsets" },
		{ FOREIGN_USDT, "p:n(a:@8)",
		  "'' is no type (of field 'a'): types are " FOREIGN_TYPES },
		{ FOREIGN_USDT, "p:n=loud",
		  "'loud' is no level: levels are trace, debug, info, warn, error and fatal" },
		{ FOREIGN_USDT,
		  "p:n=", "'' is no level: levels are trace, debug, info, warn, error and fatal" },
		{ FOREIGN_USDT, "p:n(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q)",
		  "it has more than 16 fields" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[256] = "";

		assert_null(
			foreign_probe__parse(cases[i].kind, cases[i].text, error, sizeof(error)));
		assert_int_equal(errno, EINVAL);
		assert_string_equal(error, cases[i].error);
	}
}

static void test_foreign_probes_takes_the_first_that_matches(void **state)
{
	struct foreign_probes *probes = foreign_probes__new();
	const struct foreign_probe *found;

	(void)state;
	assert_non_null(probes);
	assert_int_equal(foreign_probes__cnt(NULL), 0);
	assert_null(foreign_probes__find_usdt(NULL, "p", "n"));
	assert_false(foreign_probes__has(probes, FOREIGN_USDT));
	assert_int_equal(foreign_probes__add(probes, parse(FOREIGN_SPAN, "q:n=fatal")), 0);
	assert_int_equal(foreign_probes__add(probes, parse(FOREIGN_USDT, "p:a*=warn")), 0);
	assert_int_equal(foreign_probes__add(probes, parse(FOREIGN_USDT, "*:*=debug")), 0);
	assert_int_equal(foreign_probes__add_known(probes, parse(FOREIGN_USDT, "p:b(x:str)")), 0);
	assert_int_equal(foreign_probes__cnt(probes), 3);
	assert_true(foreign_probes__has(probes, FOREIGN_USDT));
	assert_false(foreign_probes__has(probes, FOREIGN_FUNCTION));
	found = foreign_probes__find_usdt(probes, "p", "ab");
	assert_ptr_equal(found, foreign_probes__get(probes, 1));
	found = foreign_probes__find_usdt(probes, "q", "n");
	assert_ptr_equal(found, foreign_probes__get(probes, 2));
	assert_string_equal(foreign_probes__find_known(probes, "p", "b")->fields[0].name, "x");
	assert_null(foreign_probes__find_known(probes, "p", "c"));
	assert_true(foreign_probes__knows_provider(probes, "p"));
	assert_true(foreign_probes__knows_provider(probes, "?"));
	assert_false(foreign_probes__knows_provider(probes, "q"));
	foreign_probes__free(probes);
}

static void check_file(const char *text, const char *path, bool takes)
{
	struct foreign_probe *probe = parse(FOREIGN_FUNCTION, text);

	if (foreign_probe__takes_file(probe, path) != takes)
		fail_msg("%s takes %s: %d", text, path, !takes);
	foreign_probe__free(probe);
}

static void test_foreign_probe_names_a_file(void **state)
{
	(void)state;
	check_file("libc:f", "/usr/lib/libc.so.6", true);
	check_file("libc.so.6:f", "/usr/lib/libc.so.6", true);
	check_file("libc.so:f", "/usr/lib/libc.so.6", false);
	check_file("lib*:f", "/usr/lib/libc.so.6", true);
	check_file("libc:f", "/usr/lib/libcap.so.2", false);
	check_file("libc:f", "/usr/lib/libc.sox", false);
	check_file("postgres:f", "/usr/lib/postgresql/15/bin/postgres", true);
	check_file("/usr/lib/libc.so.6:f", "/usr/lib/libc.so.6", true);
	check_file("/lib/libc.so.6:f", "/usr/lib/libc.so.6", false);
	check_file("/usr/*/libc.so.6:f", "/usr/lib/libc.so.6", true);
	check_file("libstdc++.so.6:f", "/usr/lib/libstdc++.so.6.0.30", true);
	check_file("libstdc++.so.6:f", "/usr/lib/libstdc++.so.60", false);
}

/* Links, "..", and a path from where the user is. */
static void test_foreign_probe_finds_the_file_of_a_path(void **state)
{
	char dir[] = "/tmp/ttlog-test-where.XXXXXX", text[256], path[256];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path),
		       "mkdir %s/real && touch %s/real/lib.so.1 && "
		       "ln -s real %s/link",
		       dir, dir, dir);
	assert_int_equal(system(path), 0);
	(void)snprintf(path, sizeof(path), "%s/real/lib.so.1", dir);
	(void)snprintf(text, sizeof(text), "%s/link/lib.so.1:f", dir);
	check_file(text, path, true);
	(void)snprintf(text, sizeof(text), "%s/link/lib*:f", dir);
	check_file(text, path, true);
	(void)snprintf(text, sizeof(text), "%s/link/../real/lib.so.1:f", dir);
	check_file(text, path, true);
	(void)snprintf(text, sizeof(text), "%s/link/lib.so.2:f", dir);
	check_file(text, path, false);
	(void)snprintf(text, sizeof(text), "%s/real/lib.so.1:f", dir);
	(void)snprintf(path, sizeof(path), "%s/link/lib.so.1", dir);
	check_file(text, path, true);
	assert_int_equal(chdir(dir), 0);
	check_file("./real/lib.so.1:f", path, true);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(temp_dir__remove(dir), 0);
}

static void test_foreign_glob_finds_its_own_text(void **state)
{
	(void)state;
	assert_true(foreign_glob__matches("A::operator[]", "A::operator[]"));
	assert_true(foreign_glob__matches("a*[xy]", "abcx"));
	assert_false(foreign_glob__matches("a*[xy]", "abcz"));
	assert_true(foreign_glob__is_pattern("a?"));
	assert_false(foreign_glob__is_pattern("a::b"));
}

static void test_foreign_report_is_bounded(void **state)
{
	struct foreign_report report = { 0 };

	(void)state;
	foreign_report__add(NULL, "dropped");
	for (unsigned int i = 0; i < FOREIGN_REPORT_MAX_LINES + 5; i++) {
		foreign_report__add(&report, "line %u", i);
		foreign_report__add(&report, "line %u", 0u);
	}
	assert_int_equal(report.cnt, FOREIGN_REPORT_MAX_LINES);
	assert_int_equal(report.more_cnt, 5);
	assert_string_equal(report.lines[1], "line 1");
	foreign_report__fini(&report);
	assert_int_equal(report.cnt, 0);
}

static size_t told_cnt;
static char last_told[FOREIGN_REPORT_LINE_BYTES];

static void take_line(const char *line)
{
	told_cnt++;
	(void)snprintf(last_told, sizeof(last_told), "%s", line);
}

static void test_foreign_probes_tells_each_line_once(void **state)
{
	struct foreign_probes *probes = foreign_probes__new();
	struct foreign_report report = { 0 };

	(void)state;
	foreign_report__add(&report, "first");
	foreign_probes__tell(probes, &report); /* to nothing */
	foreign_probes__tell_to(probes, take_line);
	foreign_probes__tell(probes, &report);
	foreign_probes__tell(probes, &report);
	assert_int_equal(told_cnt, 1);
	assert_string_equal(last_told, "first");
	for (unsigned int round = 0; round < 3; round++) {
		foreign_report__fini(&report);
		for (unsigned int i = 0; i < 20; i++)
			foreign_report__add(&report, "line %u of %u", i, round);
		foreign_probes__tell(probes, &report);
	}
	assert_int_equal(told_cnt, FOREIGN_REPORT_MAX_LINES + 1);
	assert_string_equal(last_told, "there is more to say of probes, which is left out");
	foreign_report__fini(&report);
	foreign_probes__free(probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_probe_reads_usdt),
		cmocka_unit_test(test_foreign_probe_reads_functions),
		cmocka_unit_test(test_foreign_probe_reads_offsets),
		cmocka_unit_test(test_foreign_probe_refuses),
		cmocka_unit_test(test_foreign_probes_takes_the_first_that_matches),
		cmocka_unit_test(test_foreign_probe_names_a_file),
		cmocka_unit_test(test_foreign_probe_finds_the_file_of_a_path),
		cmocka_unit_test(test_foreign_glob_finds_its_own_text),
		cmocka_unit_test(test_foreign_report_is_bounded),
		cmocka_unit_test(test_foreign_probes_tells_each_line_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
