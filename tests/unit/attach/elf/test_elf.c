/* SPDX-License-Identifier: MIT */
/*
 * elf.c, elf_file.c, elf_symbols.c and elf_exports.c on real files.
 */
#include "build_id.h"
#include "elf_fixture.h"

static void test_elf_reads_sites_of_every_kind_of_file(void **state)
{
	struct files *files = *state;

	check_sites(files, files->pie, "pie");
	check_sites(files, files->no_pie, "no_pie");
	check_sites(files, files->shared, "shared");
	check_sites(files, files->stripped, NULL);
}

static void test_elf_knows_where_the_file_is_loaded(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->pie, NULL);

	assert_int_equal(table->load_vaddr, 0);
	assert_string_equal(table->sites[2].service, "");
	site_table__free(table);
	table = elf__read_sites(files->no_pie, NULL);
	assert_int_equal(file_offset_of(files->no_pie, table->load_vaddr), 0);
	assert_int_not_equal(table->load_vaddr, 0);
	site_table__free(table);
}

/* The start of the file's code. */
static void test_elf_knows_where_the_file_starts(void **state)
{
	struct files *files = *state;
	const struct {
		int fd;
		const char *name, *symbol;
	} cases[] = {
		{ files->pie, "pie", "_start" },
		{ files->no_pie, "no_pie", "_start" },
		{ files->shared, "shared", "_init" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t start = address_of(files, cases[i].name, cases[i].symbol);
		struct site_table *table = elf__read_sites(cases[i].fd, NULL);

		assert_int_equal(table->start_offset, file_offset_of(cases[i].fd, start));
		site_table__free(table);
	}
}

/* Only if all notes of a site say so, and only from WARN on. */
static void test_elf_knows_what_records_leave_in_their_batch(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->pie, NULL);

	assert_non_null(table);
	assert_int_equal(table->cnt, 4);
	assert_int_equal(table->sites[0].batch_flag, 0);
	assert_int_equal(table->sites[1].batch_flag, 0);
	assert_int_equal(table->sites[2].level, TTLOG_LEVEL_ERROR);
	assert_int_equal(table->sites[2].batch_flag, 0x10);
	assert_int_equal(table->sites[3].level, TTLOG_LEVEL_FATAL);
	assert_int_equal(table->sites[3].batch_flag, 0);
	site_table__free(table);
}

static void test_elf_passes_over_nonsense(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->nonsense, "prog");

	assert_non_null(table);
	assert_int_equal(table->malformed_cnt, 12);
	assert_int_equal(table->cnt, 4);
	site_table__free(table);
}

static void test_elf_without_notes_gives_an_empty_table(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->plain, "prog");

	assert_non_null(table);
	assert_int_equal(table->has_module, 0);
	assert_int_equal(table->cnt, 0);
	assert_int_equal(table->malformed_cnt, 0);
	assert_int_equal(strlen(table->build_id), 40);
	site_table__free(table);
}

static void check_leaks(const struct files *files, const char *flags, bool looks)
{
	char command[256], path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/leaks", files->dir);
	snprintf(command, sizeof(command), "cc %s -o %s tests/apps/leaks.c", flags, path);
	run(command);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(elf__looks_for_leaks(fd), looks);
	close(fd);
}

static void test_elf_knows_who_looks_for_leaks(void **state)
{
	struct files *files = *state;

	check_leaks(files, "", false);
	check_leaks(files, "-fsanitize=leak -static-liblsan -rdynamic", true);
}

static void test_elf_refuses_what_is_none(void **state)
{
	unsigned char header[sizeof(ElfW(Ehdr))];
	struct files *files = *state;
	char build_id[41] = "untouched";
	int fd;

	assert_int_equal(pread(files->pie, header, sizeof(header), 0), sizeof(header));
	header[EI_CLASS] = header[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
	fd = memory_file(header, sizeof(header));
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	close(fd);
	header[EI_CLASS] = header[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
	header[EI_DATA] = header[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
	fd = memory_file(header, sizeof(header));
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	assert_int_equal(build_id__read(fd, build_id), -ENOEXEC);
	assert_string_equal(build_id, "untouched");
	close(fd);
	fd = memory_file("", 0);
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, EISDIR);
	close(fd);
}

static void test_elf_reads_the_build_id_that_readelf_shows(void **state)
{
	struct files *files = *state;
	char command[256], expected[64], build_id[41];
	FILE *in;

	snprintf(command, sizeof(command), "readelf -n %s/shared | sed -n 's/.*Build ID: //p'",
		 files->dir);
	in = popen(command, "re");
	assert_non_null(in);
	assert_non_null(fgets(expected, sizeof(expected), in));
	assert_int_equal(pclose(in), 0);
	expected[strcspn(expected, "\n")] = 0;
	assert_int_equal(build_id__read(files->shared, build_id), 0);
	assert_string_equal(build_id, expected);
	snprintf(command, sizeof(command), "%s/shared", files->dir);
	memset(build_id, 0, sizeof(build_id));
	assert_int_equal(build_id__read_path(command, build_id), 0);
	assert_string_equal(build_id, expected);
	assert_int_equal(build_id__read_path("/nowhere", build_id), -ENOENT);
	/* to open a fifo for reading would wait for a writer forever */
	snprintf(command, sizeof(command), "%s/fifo", files->dir);
	assert_int_equal(mkfifo(command, 0600), 0);
	assert_int_equal(build_id__read_path(command, build_id), -ENOEXEC);
}

static void test_elf_finds_symbols(void **state)
{
	struct files *files = *state;
	uint64_t start = file_offset_of(files->pie, address_of(files, "pie", "fixture_function"));
	struct elf_symbols *symbols = elf_symbols__new(files->pie);
	uint64_t stripped_start;
	char *symbol;

	assert_non_null(symbols);
	assert_int_equal(elf_symbols__find(symbols, start, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x0");
	free(symbol);
	assert_int_equal(elf_symbols__find(symbols, start + 3, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x3");
	free(symbol);
	assert_int_equal(elf_symbols__find(symbols, 1, &symbol), -ENOENT);
	assert_int_equal(elf_symbols__find(symbols, UINT64_MAX, &symbol), -ENOENT);
	elf_symbols__free(symbols);
	/* no .symtab: the same code as in "shared" lies at the same place */
	stripped_start =
		file_offset_of(files->shared, address_of(files, "shared", "fixture_function"));
	assert_int_equal(find_symbol(files->stripped, stripped_start + 1, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x1");
	free(symbol);
}

static void test_elf_finds_exports(void **state)
{
	static const char *const names[] = { "fixture_functio", "fixture_function", "main",
					     "fixture_function2", "" };
	struct files *files = *state;
	uint64_t found[ARRAY_SIZE(names)], load, address;
	int fd = build(files, "moved", "-fPIC -shared -s -Wl,-Ttext-segment=0x7000000");

	assert_int_equal(elf__find_exports(files->shared, names, ARRAY_SIZE(names), found), 0);
	assert_int_equal(found[0], 0);
	assert_int_equal(found[1], address_of(files, "shared", "fixture_function"));
	assert_int_equal(found[2], address_of(files, "shared", "main"));
	assert_int_equal(found[3], 0);
	assert_int_equal(found[4], 0);
	/* from the first byte on, whatever address the file asks for */
	address = found[1];
	load = 0x7000000;
	assert_int_equal(elf__find_exports(fd, names, ARRAY_SIZE(names), found), 0);
	assert_int_equal(found[1], address);
	assert_int_not_equal(file_offset_of(fd, load + found[1]), 0);
	close(fd);
	/* a program exports nothing of its own */
	assert_int_equal(elf__find_exports(files->pie, names, ARRAY_SIZE(names), found), 0);
	assert_int_equal(found[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_reads_sites_of_every_kind_of_file),
		cmocka_unit_test(test_elf_knows_where_the_file_is_loaded),
		cmocka_unit_test(test_elf_knows_where_the_file_starts),
		cmocka_unit_test(test_elf_knows_what_records_leave_in_their_batch),
		cmocka_unit_test(test_elf_passes_over_nonsense),
		cmocka_unit_test(test_elf_without_notes_gives_an_empty_table),
		cmocka_unit_test(test_elf_knows_who_looks_for_leaks),
		cmocka_unit_test(test_elf_refuses_what_is_none),
		cmocka_unit_test(test_elf_reads_the_build_id_that_readelf_shows),
		cmocka_unit_test(test_elf_finds_symbols),
		cmocka_unit_test(test_elf_finds_exports),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
