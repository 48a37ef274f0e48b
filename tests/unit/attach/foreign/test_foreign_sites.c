/* SPDX-License-Identifier: MIT */
/*
 * foreign_sites.c, foreign_builder.c, usdt_sites.c, usdt_fields.c, usdt_notes.c and usdt_symbols.c
 * on files that cc makes of usdt_fixture.S.
 */
#include "foreign_fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "elf.h"
#include "elf_file.h"
#include "foreign_builder.h"
#include "foreign_list.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "foreign_sites.h"
#include "site.h"
#include "temp_dir.h"

#if defined(__aarch64__)
#define STEP       4u
#define WORD_FIRST 0u /* x0 */
#define WORD_PC    32u
#define WORD_SP    31u
#else
#define STEP       1u
#define WORD_FIRST 14u /* rdi */
#define WORD_PC    16u
#define WORD_SP    19u
#endif

struct files {
	char dir[64];
	int pie, no_pie, moved, marked;
};

static int set_up(void **state)
{
	static struct files files = { .dir = "/tmp/ttlog-test-foreign.XXXXXX" };

	assert_non_null(mkdtemp(files.dir));
	files.pie =
		foreign_fixture__build(files.dir, "pie", "-fPIE -pie -rdynamic " FOREIGN_FIXTURE);
	files.no_pie =
		foreign_fixture__build(files.dir, "no_pie", "-fno-pie -no-pie " FOREIGN_FIXTURE);
	files.moved =
		foreign_fixture__build(files.dir, "moved", "-fPIE -pie -DMOVED " FOREIGN_FIXTURE);
	files.marked = foreign_fixture__build(files.dir, "marked",
					      "-O2 -Iinclude tests/apps/crash.c -lpthread");
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	close(files->pie);
	close(files->no_pie);
	close(files->moved);
	close(files->marked);
	return temp_dir__remove(files->dir);
}

/* A probe of the user; with '+' before it, of the catalogue. NULL ends the list. */
static struct foreign_probes *make_probes(const char *const *texts)
{
	struct foreign_probes *probes = foreign_probes__new();

	assert_non_null(probes);
	for (; *texts; texts++) {
		char error[256] = "";
		const bool is_known = **texts == '+';
		struct foreign_probe *probe =
			foreign_probe__parse(FOREIGN_USDT, *texts + is_known, error, sizeof(error));

		if (!probe)
			fail_msg("%s: %s", *texts, error);
		assert_int_equal(is_known ? foreign_probes__add_known(probes, probe)
					  : foreign_probes__add(probes, probe),
				 0);
	}
	return probes;
}

struct result {
	struct site_table *table;
	struct foreign_probes *probes;
	struct foreign_report report;
};

#define find_sites(fd, ...) find(fd, (const char *const[]){ __VA_ARGS__, NULL })

static struct result find(int fd, const char *const *texts)
{
	struct result result = { .table = elf__read_sites(fd, "prog"),
				 .probes = make_probes(texts) };

	assert_non_null(result.table);
	assert_int_equal(
		foreign_sites__add(result.table, result.probes, fd, "/bin/prog", &result.report),
		0);
	return result;
}

static void done(struct result *result)
{
	foreign_report__fini(&result->report);
	foreign_probes__free(result->probes);
	site_table__free(result->table);
}

static bool reports(const struct result *result, const char *line)
{
	for (size_t i = 0; i < result->report.cnt; i++)
		if (!strcmp(result->report.lines[i], line))
			return true;
	return false;
}

static uint64_t offset_of(const struct files *files, int fd, const char *name, const char *symbol)
{
	char command[256], line[64];
	struct elf_file *file = elf_file__new(fd);
	uint64_t offset;
	FILE *in;

	(void)snprintf(command, sizeof(command), "nm %s/%s | sed -n 's/ [a-zA-Z] %s$//p'",
		       files->dir, name, symbol);
	in = popen(command, "re");
	assert_non_null(in);
	assert_non_null(fgets(line, sizeof(line), in));
	assert_int_equal(pclose(in), 0);
	assert_int_equal(elf_file__offset(file, strtoull(line, NULL, 16), 1, 0, &offset), 0);
	elf_file__free(file);
	return offset;
}

static void check_inlined(const struct files *files, int fd, const char *name)
{
	struct result result = find_sites(fd, "shop:inlined=warn");
	const struct site_table *table = result.table;
	const uint64_t places = offset_of(files, fd, name, "places");
	const uint64_t semaphore = offset_of(files, fd, name, "sema");
	const struct site *site = table->sites;

	assert_int_equal(table->cnt, 1);
	assert_string_equal(site->target, "shop");
	assert_string_equal(site->name, "inlined");
	assert_string_equal(site->message, "shop:inlined");
	assert_string_equal(site->service, "");
	assert_string_equal(site->file, "");
	assert_string_equal(site->function, "");
	assert_int_equal(site->index, 0);
	assert_int_equal(site->level, TTLOG_LEVEL_WARN);
	assert_int_equal(site->kind, TTLOG_SITE_EVENT);
	assert_int_equal(site->nfields, 3);
	assert_string_equal(site->keys[0], "arg0");
	assert_string_equal(site->keys[2], "arg2");
	assert_string_equal(site->keys[3], "");
	assert_int_equal(site->types[0], TTLOG_TYPE_I32);
	assert_int_equal(site->types[1], TTLOG_TYPE_U64);
	assert_int_equal(site->types[2], TTLOG_TYPE_U32);
	assert_int_equal(site->nullable, 6);
	assert_int_equal(site->gate_offset, 0);
	assert_int_equal(site->semaphore_offset, 0);
	assert_int_equal(table->place_cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(table->places[i].offset, places + i * 2 * STEP);
		assert_int_equal(table->places[i].semaphore_offset, semaphore);
		assert_int_equal(table->places[i].plan.site, 0);
		assert_int_equal(table->places[i].plan.kind, WIRE_PLACE_EVENT);
		assert_int_equal(table->places[i].plan.value_cnt, 3);
	}
	assert_int_equal(table->places[0].plan.values[0].from, WIRE_REGISTER);
	assert_int_equal(table->places[0].plan.values[0].base, WORD_FIRST);
	assert_int_equal(table->places[0].plan.values[1].from, WIRE_MEMORY);
	assert_int_equal(table->places[1].plan.values[0].from, WIRE_CONSTANT);
	assert_int_equal(table->places[1].plan.values[0].offset, 3);
	assert_int_equal(table->places[1].plan.values[2].from, WIRE_MEMORY);
	assert_int_equal(table->places[1].plan.values[2].bytes, 4);
	assert_true(reports(&result, "/bin/prog: 6 notes of USDT probes are invalid"));
	assert_int_equal(result.report.cnt, 1);
	done(&result);
}

static void test_foreign_sites_has_all_places_of_a_probe(void **state)
{
	struct files *files = *state;

	check_inlined(files, files->pie, "pie");
	check_inlined(files, files->no_pie, "no_pie");
	check_inlined(files, files->moved, "moved");
}

static void test_foreign_sites_takes_what_a_glob_matches(void **state)
{
	static const char *const names[] = { "words", "floats", "inlined", "nothing", "symbol" };
	struct files *files = *state;
	struct result result = find_sites(files->pie, "bank:*=debug", "shop:*");

	assert_int_equal(result.table->cnt, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(result.table->sites[i].name, names[i]);
		assert_int_equal(result.table->sites[i].index, i);
	}
	assert_int_equal(result.table->sites[0].level, TTLOG_LEVEL_DEBUG);
	assert_int_equal(result.table->sites[1].level, TTLOG_LEVEL_INFO);
	assert_int_equal(result.table->sites[3].nfields, 0);
	assert_int_equal(result.table->place_cnt, 6);
	done(&result);
	result = find_sites(files->pie, "shop:inline", "?:*");
	assert_int_equal(result.table->cnt, 0);
	assert_int_equal(result.table->place_cnt, 0);
	done(&result);
}

static void test_foreign_sites_has_the_types_of_a_signature(void **state)
{
	struct files *files = *state;
	struct result result = find_sites(files->pie,
					  "bank:words(name:str,text:str,small,flag:bool)=error",
					  "+bank:words(other)");
	const struct site *site = result.table->sites;
	const struct wire_place *plan = &result.table->places[0].plan;

	assert_int_equal(site->nfields, 4);
	assert_string_equal(site->keys[0], "name");
	assert_string_equal(site->keys[2], "small");
	assert_int_equal(site->types[0], TTLOG_TYPE_STR);
	assert_int_equal(site->types[2], TTLOG_TYPE_U16);
	assert_int_equal(site->types[3], TTLOG_TYPE_BOOL);
	assert_int_equal(site->nullable, 0);
	assert_int_equal(plan->values[0].text, WIRE_TEXT);
	assert_int_equal(plan->values[1].text, WIRE_TEXT);
	assert_int_equal(plan->values[1].from, WIRE_MEMORY);
	assert_int_equal(plan->values[2].text, WIRE_NO_TEXT);
	assert_int_equal(plan->values[3].is_signed, 1);
	done(&result);
	/* a text with its length */
	result = find_sites(files->pie, "bank:words(name:str,text:str,text_len)");
	plan = &result.table->places[0].plan;
	assert_int_equal(plan->values[0].text, WIRE_TEXT);
	assert_int_equal(plan->values[1].text, WIRE_TEXT_UP_TO);
	assert_int_equal(plan->values[2].text, WIRE_NO_TEXT);
	done(&result);
	/* what is at an address */
	result = find_sites(files->pie, "bank:words(name:str@8,small:i16@0@4,no:u8@1)");
	plan = &result.table->places[0].plan;
	assert_int_equal(plan->values[0].from, WIRE_REGISTER);
	assert_int_equal(plan->values[0].bytes, 8);
	assert_int_equal(plan->values[0].text, WIRE_TEXT);
	assert_int_equal(plan->values[0].step_cnt, 1);
	assert_int_equal(plan->values[0].steps[0], 8);
	assert_int_equal(plan->values[1].from, WIRE_MEMORY);
	assert_int_equal(plan->values[1].bytes, 2);
	assert_int_equal(plan->values[1].is_signed, 1);
	assert_int_equal(plan->values[1].step_cnt, 2);
	assert_int_equal(plan->values[1].steps[1], 4);
	assert_int_equal(plan->values[2].from, WIRE_NOTHING);
	assert_int_equal(result.table->sites[0].nullable, 6);
	done(&result);
	/* fewer, and none */
	result = find_sites(files->pie, "bank:words(name)");
	assert_int_equal(result.table->sites[0].nfields, 1);
	assert_int_equal(result.table->places[0].plan.value_cnt, 1);
	done(&result);
	result = find_sites(files->pie, "bank:words()");
	assert_int_equal(result.table->sites[0].nfields, 0);
	done(&result);
}

static void test_foreign_sites_has_what_the_catalogue_knows(void **state)
{
	struct files *files = *state;
	struct result result =
		find_sites(files->pie, "bank:*=warn", "+bank:words(name:str,b:hex,c:str,d,e:u8)");
	const struct site *site = result.table->sites;

	assert_int_equal(site->nfields, 4);
	assert_string_equal(site->keys[0], "name");
	assert_int_equal(site->types[0], TTLOG_TYPE_STR);
	assert_int_equal(site->types[1], TTLOG_TYPE_HEX);
	assert_int_equal(site->types[2], TTLOG_TYPE_U16); /* 2 bytes are no address */
	assert_int_equal(site->types[3], TTLOG_TYPE_I8);
	assert_int_equal(site->nullable, 2);
	assert_int_equal(result.report.cnt, 1);
	done(&result);
}

static void test_foreign_sites_says_what_is_null(void **state)
{
	struct files *files = *state;
	struct result result = find_sites(files->pie, "shop:floats", "shop:symbol",
					  "bank:words(a,b,c:str,d:f64,e:u8,f)");
	const struct site_table *table = result.table;

	assert_int_equal(table->cnt, 3);
	assert_int_equal(table->sites[0].nfields, 4);
	assert_int_equal(table->places[0].plan.values[2].from, WIRE_NOTHING);
	assert_int_equal(table->places[0].plan.values[3].from, WIRE_NOTHING);
	assert_true(reports(&result,
			    "/bin/prog: argument 3 of bank:words is null at 1 of 1 places: "
			    "its size does not fit its type"));
	assert_true(reports(&result, "/bin/prog: bank:words has no more than 4 arguments: the last "
				     "2 fields of --usdt 'bank:words(a,b,c:str,d:f64,e:u8,f)' are "
				     "left out"));
	assert_int_equal(table->sites[1].types[0], TTLOG_TYPE_F64);
	assert_int_equal(table->sites[1].types[1], TTLOG_TYPE_F32);
	assert_int_equal(table->sites[1].nullable, 7);
	assert_int_equal(table->places[1].plan.values[0].from, WIRE_NOTHING);
	assert_int_equal(table->places[1].plan.values[1].from, WIRE_MEMORY);
	assert_true(reports(&result, "/bin/prog: argument 1 of shop:floats is null at 1 of 1 "
				     "places: it is in a vector register"));
	assert_true(reports(&result, "/bin/prog: argument 2 of shop:symbol is null at 1 of 1 "
				     "places: the file does not have its symbol"));
	done(&result);
}

/* A nop of five bytes: there the kernel would harm the program. */
static void test_foreign_sites_leaves_out_what_harms(void **state)
{
#if defined(__x86_64__)
	struct files *files = *state;
	struct result result = find_sites(files->pie, "shop:long", "shop:nothing");

	assert_int_equal(result.table->cnt, 1);
	assert_string_equal(result.table->sites[0].name, "nothing");
	assert_true(reports(&result, "/bin/prog: shop:long is left out where it is a nop of five "
				     "bytes: kernels from 6.18 on would harm the program there"));
	done(&result);
#else
	(void)state;
#endif
}

static void test_foreign_sites_finds_symbols(void **state)
{
	struct files *files = *state;
	const uint64_t places = offset_of(files, files->pie, "pie", "places");
	struct result result = find_sites(files->pie, "shop:symbol");
	const struct wire_value *value = &result.table->places[0].plan.values[0];
	struct elf_file *file = elf_file__new(files->pie);
	uint64_t offset;

	assert_int_equal(value->from, WIRE_MEMORY);
	assert_int_equal(result.table->places[0].offset, places + 4 * STEP);
#if defined(__aarch64__)
	(void)offset;
	assert_int_equal(value->base, 3);
#else
	/* code lies in the file where it is linked, in this file */
	assert_int_equal(value->base, WORD_PC);
	assert_int_equal(elf_file__offset(file, places + 4 * STEP + (uint64_t)value->offset, 4,
					  PF_W, &offset),
			 0);
	assert_int_equal(offset, offset_of(files, files->pie, "pie", "counters") + 4);
#endif
	elf_file__free(file);
	done(&result);
}

/* ttlog-collect --list. */
static void test_foreign_list_has_a_line_for_each_probe(void **state)
{
	struct files *files = *state;
	struct result result = find_sites(files->pie, "shop:inlined", "shop:nothing");
	struct foreign_list_file file = { "/bin/prog", result.table, 0 };
	struct site_table *table = result.table;
	size_t len, cnt = 99;
	char *text;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(foreign_list__print(out, &file, 1, &cnt), 0);
	table->sites[0].target = "a\x1b[1m";
	file.own_cnt = 1;
	assert_int_equal(cnt, 2);
	assert_int_equal(
		foreign_list__print(out, (struct foreign_list_file[]){ file, file }, 2, &cnt), 0);
	assert_int_equal(cnt, 2);
	file.own_cnt = 0;
	table->cnt = 1;
	assert_int_equal(foreign_list__print(out, &file, 1, &cnt), 0);
	file.own_cnt = 1;
	assert_int_equal(foreign_list__print(out, &file, 1, &cnt), 0);
	assert_int_equal(cnt, 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "USDT PROBE    FIELDS                      PLACES\n"
				  "shop:inlined  arg0:i32,arg1:u64,arg2:u32  2\n"
				  "shop:nothing  -                           1\n"
				  "USDT PROBE    FIELDS  PLACES  FILE\n"
				  "shop:nothing  -       1       /bin/prog\n"
				  "shop:nothing  -       1       /bin/prog\n"
				  "USDT PROBE        FIELDS                      PLACES\n"
				  "a\\x1b[1m:inlined  arg0:i32,arg1:u64,arg2:u32  2\n");
	free(text);
	done(&result);
}

/* Sites of ttlog's macros have notes, too, and are recorded anyway. */
static void test_foreign_sites_passes_over_own_sites(void **state)
{
	struct files *files = *state;
	struct result result = find_sites(files->marked, "*:*");

	assert_true(result.table->has_module);
	assert_true(result.table->cnt > 0);
	assert_int_equal(result.table->place_cnt, 0);
	assert_int_equal(result.report.cnt, 0);
	done(&result);
}

static void test_foreign_builder_gives_indexes(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->marked, "prog");
	const size_t own = table->cnt;
	const uint32_t last =
		table->sites[own - 1].index + (table->sites[own - 1].kind == TTLOG_SITE_SPAN);
	struct foreign_builder builder = foreign_builder__begin(table, "/bin/prog", NULL);
	struct site span = { .kind = TTLOG_SITE_SPAN }, event = { .kind = TTLOG_SITE_EVENT };
	struct foreign_place place = { .offset = 1 };

	assert_int_equal(foreign_builder__add_site(&builder, &span), 0);
	assert_int_equal(foreign_builder__add_site(&builder, &event), 0);
	assert_int_equal(foreign_builder__add_site(&builder, &event), 0);
	assert_int_equal(table->cnt, own + 3);
	assert_int_equal(table->sites[own].index, last + 1);
	assert_int_equal(table->sites[own + 1].index, last + 3);
	assert_int_equal(event.index, last + 4);
	table->sites[table->cnt - 1].index = TTLOG_MAX_SITES - 1;
	assert_int_equal(foreign_builder__add_site(&builder, &event), -E2BIG);
	for (size_t i = 0; i < FOREIGN_MAX_PLACES; i++)
		assert_int_equal(foreign_builder__add_place(&builder, &place), 0);
	assert_int_equal(foreign_builder__add_place(&builder, &place), -E2BIG);
	site_table__free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_sites_has_all_places_of_a_probe),
		cmocka_unit_test(test_foreign_sites_takes_what_a_glob_matches),
		cmocka_unit_test(test_foreign_sites_has_the_types_of_a_signature),
		cmocka_unit_test(test_foreign_sites_has_what_the_catalogue_knows),
		cmocka_unit_test(test_foreign_sites_says_what_is_null),
		cmocka_unit_test(test_foreign_sites_leaves_out_what_harms),
		cmocka_unit_test(test_foreign_sites_finds_symbols),
		cmocka_unit_test(test_foreign_list_has_a_line_for_each_probe),
		cmocka_unit_test(test_foreign_sites_passes_over_own_sites),
		cmocka_unit_test(test_foreign_builder_gives_indexes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
