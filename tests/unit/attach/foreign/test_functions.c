/* SPDX-License-Identifier: MIT */
/*
 * functions.c and src/attach/foreign/argument/ on files that compilers make of arguments_fixture.cc:
 * what is read at the functions' starts is what main() has given.
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

#include "argument_child.h"
#include "argument_process.h"
#include "array.h"
#include "elf.h"
#include "elf_file.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "foreign_sites.h"
#include "site.h"
#include "temp_dir.h"
#include "wire_reader.h"

struct files {
	char dir[64];
};

static void make(const struct files *files, const char *format)
{
	char command[1024];
	int status;

	(void)snprintf(command, sizeof(command),
		       "cd %s && S=$OLDPWD/tests/unit/attach/foreign && %s", files->dir, format);
	status = system(command);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: status %d", command, status);
}

static int set_up(void **state)
{
	static struct files files = { .dir = "/tmp/ttlog-test-arguments.XXXXXX" };

	assert_non_null(mkdtemp(files.dir));
	make(&files, "c++ -g -O1 -no-pie -o optimized $S/arguments_fixture.cc");
	make(&files, "c++ -g -O0 -no-pie -gdwarf-4 -o plain $S/arguments_fixture.cc");
	make(&files, "clang++ -g -O1 -no-pie -o clang $S/arguments_fixture.cc");
	make(&files, "strip -g -o no_dwarf optimized");
	make(&files, "strip -o stripped optimized");
	make(&files,
	     "objcopy --only-keep-debug optimized debug && mkdir .debug && "
	     "cp debug .debug/linked.debug && cp stripped linked && "
	     "cp .debug/linked.debug . && objcopy --add-gnu-debuglink=linked.debug linked && "
	     "rm linked.debug");
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	return temp_dir__remove(((struct files *)*state)->dir);
}

/* The sites that one probe of `name` gives. */
static struct site_table *find(const struct files *files, const char *name, enum foreign_kind kind,
			       const char *function, struct foreign_report *report)
{
	struct foreign_probes *probes = foreign_probes__new();
	struct site_table *table;
	char path[128], text[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", files->dir, name);
	(void)snprintf(text, sizeof(text), "%s:%s", path, function);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(
		foreign_probes__add(probes, foreign_probe__parse(kind, text, path, sizeof(path))),
		0);
	(void)snprintf(path, sizeof(path), "%s/%s", files->dir, name);
	assert_int_equal(foreign_sites__add(table, probes, fd, path, report), 0);
	foreign_probes__free(probes);
	close(fd);
	return table;
}

/* What all fields have: "key=value ...". */
static void check_values(const struct files *files, const char *name, const char *function,
			 const char *expected)
{
	struct foreign_report report = { 0 };
	struct site_table *table = find(files, name, FOREIGN_FUNCTION, function, &report);
	char path[128], found[1024] = "";
	struct wire_reader reader;

	if (table->cnt != 1)
		fail_msg("%s of %s: %zu sites: %s", function, name, table->cnt,
			 report.cnt ? report.lines[0] : "");
	assert_int_equal(table->place_cnt, 1);
	(void)snprintf(path, sizeof(path), "%s/%s", files->dir, name);
	wire_reader__start(&reader, path);
	/* it is at its link-time address, 0x400000 */
	wire_reader__run_to(&reader, table->places[0].offset + 0x400000);
	for (size_t i = 0; i < table->sites[0].nfields; i++) {
		char value[128];

		wire_reader__print(&reader, &table->places[0].plan.values[i], value, sizeof(value));
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s=%s",
			       i ? " " : "", table->sites[0].keys[i], value);
	}
	wire_reader__end(&reader);
	if (strcmp(found, expected))
		fail_msg("%s of %s: %s, not %s", function, name, found, expected);
	site_table__free(table);
	foreign_report__fini(&report);
}

static const char *const compiled[] = { "optimized", "plain", "clang", "linked" };

static void test_functions_reads_arguments(void **state)
{
	static const struct {
		const char *function, *expected;
	} cases[] = {
		{ "integers", "c=120 sc=-2 s=-3 u=4000000000 l=-5 b=1 seventh=207 eighth=-8" },
		{ "enums", "c=7 s=-3 t=200 n=-9" },
		{ "pointers(text:str,nothing,ref,pair_ref.second)",
		  "text=\"some text\" nothing=0 ref=77 pair_ref.second=-32" },
		{ "floats", "x=null i=21 y=null j=-22" },
		{ "by_value(p.first,p.second,m.whole,m.half,l.a,l.b,l.inner.small,l.inner.text:str,"
		  "l.unnamed_one,l.inner.deep.next.name,after)",
		  "p.first=31 p.second=-32 m.whole=41 m.half=null l.a=51 l.b=-52 "
		  "l.inner.small=-53 l.inner.text=\"inner text\" l.unnamed_one=54 "
		  "l.inner.deep.next.name=\"second\" after=33" },
		{ "big_result", "x=34" },
		{ "members(l.b,l.inner.text:str,d.in_base,d.in_derived,list.value,list.next.name,"
		  "l.inner.deep.next.value)",
		  "l.b=-52 l.inner.text=\"inner text\" d.in_base=61 d.in_derived=62 list.value=11 "
		  "list.next.name=\"second\" l.inner.deep.next.value=22" },
		{ "owned(o.handle,after)", "o.handle=35 after=36" },
		{ "wide(after,last)", "after=38 last=39" },
		{ "derived::method(x,this.in_base)", "x=63 this.in_base=61" },
		{ "strings(by_reference:str,by_value:str,pointer:str)",
		  "by_reference=\"one\" by_value=\"a text that is too long for its own room\" "
		  "pointer=\"3\"" },
		{ "nothing_at_all", "" },
		{ "by_value(m.whole:i32)", "m.whole=41" },
		{ "members(l:str@24,d:i32@4,list:i64@0@16)", "l=\"inner text\" d=62 list=11" },
	};
	const struct files *files = *state;

	for (size_t k = 0; k < ARRAY_SIZE(compiled); k++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			check_values(files, compiled[k], cases[i].function, cases[i].expected);
	}
}

static void test_functions_without_debug_information(void **state)
{
	const struct files *files = *state;

	check_values(files, "no_dwarf", "integers", "");
	check_values(files, "no_dwarf", "integers(c:char,b:i8,s:i16,u:u32,l,x:bool,y:u8,z:i32)",
		     "c=120 b=-2 s=-3 u=4000000000 l=-5 x=1 y=207 z=-8");
	check_values(files, "no_dwarf", "pointers(s:str)", "s=\"some text\"");
	check_values(files, "no_dwarf", "members(text:str@24,derived:i32@4,value:i64@0@16)",
		     "text=\"inner text\" derived=62 value=11");
	check_values(files, "no_dwarf", "floats(x:f64,i:i32,y:f32,j)", "x=null i=21 y=null j=-22");
}

static void test_functions_knows_results(void **state)
{
	static const struct {
		const char *file, *function;
		uint8_t type;
	} cases[] = {
		{ "optimized", "integers", TTLOG_TYPE_I32 },
		{ "optimized", "pointers", TTLOG_TYPE_PTR },
		{ "optimized", "floats", TTLOG_TYPE_F64 },
		{ "optimized", "big_result", TTLOG_TYPE_NONE },
		{ "optimized", "nothing_at_all", TTLOG_TYPE_NONE },
		{ "no_dwarf", "nothing_at_all", TTLOG_TYPE_I64 },
	};
	const struct files *files = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site_table *table =
			find(files, cases[i].file, FOREIGN_SPAN, cases[i].function, NULL);
		size_t returns = 0;

		assert_int_equal(table->cnt, 1);
		assert_int_equal(table->sites[0].ret_type, cases[i].type);
		assert_int_equal(table->sites[0].kind, TTLOG_SITE_SPAN);
		assert_int_equal(table->places[0].plan.kind, WIRE_PLACE_BEGIN);
		for (size_t k = 1; k < table->place_cnt; k++) {
			const struct wire_place *plan = &table->places[k].plan;

			assert_int_equal(plan->site, table->sites[0].index);
			if (plan->kind != WIRE_PLACE_RETURN)
				continue;
			returns++;
			assert_int_equal(plan->value_cnt, cases[i].type != TTLOG_TYPE_NONE);
		}
		assert_true(returns > 0);
		site_table__free(table);
	}
}

static void test_functions_describes_sites(void **state)
{
	const struct files *files = *state;
	struct site_table *table = find(files, "optimized", FOREIGN_FUNCTION,
					"derived::method(x,this.in_base)=WARN", NULL);
	const struct site *site = table->sites;

	assert_int_equal(table->cnt, 1);
	assert_string_equal(site->target, "optimized");
	assert_string_equal(site->name, "derived::method");
	assert_string_equal(site->message, "derived::method");
	assert_int_equal(site->level, TTLOG_LEVEL_WARN);
	assert_non_null(strstr(site->file, "arguments_fixture.cc"));
	assert_true(site->line > 10);
	assert_int_equal(site->types[0], TTLOG_TYPE_I32);
	/* what is in memory may be gone */
	assert_int_equal(site->nullable, 2);
	site_table__free(table);
}

static void test_functions_says_what_is_wrong(void **state)
{
	static const struct {
		const char *file, *function, *why;
	} cases[] = {
		{ "optimized", "integer", "did you mean 'integers'?" },
		{ "optimized", "integers(cc)", "it has no argument 'cc', but c, sc, s, u" },
		{ "optimized", "nothing_at_all(x)", "it has none at all" },
		{ "optimized", "members(l.c)", "it has no member 'c', but a, b, inner, bits" },
		{ "optimized", "members(l.bits)", "'bits' is a bit-field" },
		{ "optimized", "members(l.inner)", "it is a struct: name one of its members" },
		{ "optimized", "integers(c.x)", "it is no struct" },
		{ "optimized", "integers(c:str)", "so it is no str" },
		{ "optimized", "integers(s:f64)", "it has 2 bytes, so it is no f64" },
		{ "optimized", "wide(big)", "no field can have its type" },
		{ "optimized", "members(l.inner.deep.next.next.next.value)",
		  "it is behind more than 4 pointers" },
		{ "optimized", "integers(c:str@8)", "'c' is no address" },
		{ "no_dwarf", "members(l.a)", "'l.a' is a member, and there is no debug" },
		{ "stripped", "integers", "has no symbols" },
	};
	const struct files *files = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct foreign_report report = { 0 };
		struct site_table *table =
			find(files, cases[i].file, FOREIGN_FUNCTION, cases[i].function, &report);

		if (!report.cnt || !strstr(report.lines[0], cases[i].why))
			fail_msg("%s: %s", cases[i].function, report.cnt ? report.lines[0] : "");
		site_table__free(table);
		foreign_report__fini(&report);
	}
}

/* One that two probes want is there once. */
static void test_functions_takes_each_once(void **state)
{
	const struct files *files = *state;
	struct site_table *table = find(files, "optimized", FOREIGN_SPAN, "*", NULL);

	assert_true(table->cnt > 15);
	for (size_t i = 1; i < table->cnt; i++)
		assert_int_equal(table->sites[i].index, table->sites[i - 1].index + 2);
	site_table__free(table);
}

/* "x1", "x1>>32", "[sp+8]", then "+16]" for each step. */
static void describe(const struct wire_value *value, char *ret, size_t size)
{
	size_t len = 0;

	if (value->from == WIRE_NOTHING) {
		(void)snprintf(ret, size, "null");
		return;
	}
	if (value->from == WIRE_MEMORY)
		len = (size_t)snprintf(ret, size, "[%s+%ld]", value->base == 31 ? "sp" : "?",
				       (long)value->offset);
	else
		len = (size_t)snprintf(ret, size, "x%u", value->base);
	if (value->shift)
		len += (size_t)snprintf(ret + len, size - len, ">>%u", value->shift);
	for (uint8_t i = 0; i < value->step_cnt; i++)
		len += (size_t)snprintf(ret + len, size - len, "+%d]", value->steps[i]);
	(void)snprintf(ret + len, size - len, ":%u", value->bytes);
}

static void test_functions_knows_the_registers_of_arm64(void **state)
{
	static const struct {
		const char *function, *expected;
	} cases[] = {
		{ "integers", "a=x0:1 b=x1:2 c=x2:4 d=x3:8 e=x4:8 f=x5:8 g=x6:8 h=x7:8 "
			      "on_stack=[sp+0]:4 last=[sp+8]:8 " },
		{ "structs(s.a,s.b,s.c,l.c,f.x,p.b,x,n)",
		  "s.a=x0:4 s.b=x0>>32:2 s.c=x1:8 l.c=x2+16]:8 f.x=null p.b=x3+8]:8 x=null "
		  "n=x4:4 " },
		/* in a pair of registers that begins with an even one */
		{ "aligned(first,after)", "first=x0:4 after=x4:4 " },
		{ "returned", "n=x0:4 " },
	};
	const struct files *files = *state;

	make(files, "clang --target=aarch64-linux-gnu -g -O1 -nostdlib -shared -fPIC -fuse-ld=lld "
		    "-o arm64 $S/arguments_arm64.c");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct foreign_report report = { 0 };
		struct site_table *table =
			find(files, "arm64", FOREIGN_SPAN, cases[i].function, &report);
		char found[512] = "", value[64];

		if (table->cnt != 1)
			fail_msg("%s: %s", cases[i].function, report.cnt ? report.lines[0] : "");
		for (size_t k = 0; k < table->sites[0].nfields; k++) {
			describe(&table->places[0].plan.values[k], value, sizeof(value));
			(void)snprintf(found + strlen(found), sizeof(found) - strlen(found),
				       "%s=%s ", table->sites[0].keys[k], value);
		}
		if (strcmp(found, cases[i].expected))
			fail_msg("%s: %s, not %s", cases[i].function, found, cases[i].expected);
		assert_true(table->place_cnt > 1);
		site_table__free(table);
		foreign_report__fini(&report);
	}
}

/* As ttlog-collect does it. Afterwards all do. */
static void test_functions_asks_a_child(void **state)
{
	const struct files *files = *state;

	argument_process__use();
	check_values(files, "optimized", "integers",
		     "c=120 sc=-2 s=-3 u=4000000000 l=-5 b=1 seventh=207 eighth=-8");
	check_values(files, "linked", "members(list.next.name)", "list.next.name=\"second\"");
}

/* Debug information of another kind of file, and none that makes sense. */
static void test_functions_survives_bad_debug_information(void **state)
{
	const struct files *files = *state;

	make(files, "head -c 65536 /dev/urandom >noise && objcopy --update-section "
		    ".debug_info=noise optimized damaged 2>/dev/null");
	check_values(files, "damaged", "integers(c:char)", "c=120");
}

int main(int argc, char **argv)
{
	if (argument_child__is_asked(argc, argv))
		argument_child__run();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_reads_arguments),
		cmocka_unit_test(test_functions_without_debug_information),
		cmocka_unit_test(test_functions_knows_results),
		cmocka_unit_test(test_functions_describes_sites),
		cmocka_unit_test(test_functions_says_what_is_wrong),
		cmocka_unit_test(test_functions_takes_each_once),
		cmocka_unit_test(test_functions_knows_the_registers_of_arm64),
		cmocka_unit_test(test_functions_asks_a_child),
		cmocka_unit_test(test_functions_survives_bad_debug_information),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
