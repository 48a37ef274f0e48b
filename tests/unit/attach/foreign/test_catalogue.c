/* SPDX-License-Identifier: MIT */
/*
 * catalogue.c, and the files that are packaged: held against binaries of this machine.
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
#include <unistd.h>

#include "array.h"
#include "catalogue.h"
#include "elf_file.h"
#include "foreign_probes.h"
#include "temp_dir.h"
#include "usdt_fields.h"
#include "usdt_notes.h"
#include "usdt_operand.h"

#define PACKAGED "packaging/probes"

struct directory {
	char path[64];
};

static int set_up(void **state)
{
	static struct directory directory;

	(void)snprintf(directory.path, sizeof(directory.path), "/tmp/ttlog-test-catalogue.XXXXXX");
	*state = &directory;
	return mkdtemp(directory.path) ? 0 : -1;
}

static int tear_down(void **state)
{
	const struct directory *directory = *state;

	return temp_dir__remove(directory->path);
}

static void put(const struct directory *directory, const char *name, const char *text)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void test_catalogue_reads_lines(void **state)
{
	const struct directory *directory = *state;
	struct foreign_probes *probes = foreign_probes__new();
	char error[CATALOGUE_ERROR_BYTES] = "";

	put(directory, "b.conf", "p:second(x:str)\np:first(later)\n");
	put(directory, "a.conf",
	    "# a comment\n\n  p:first( a:u8,\tb )  # and another\r\nq:*\nr:none()");
	put(directory, "c.text", "no probe");
	put(directory, ".d.conf", "no probe");
	assert_int_equal(catalogue__read_dir(probes, directory->path, error, sizeof(error)), 0);
	assert_string_equal(error, "");
	assert_string_equal(foreign_probes__find_known(probes, "p", "first")->fields[1].name, "b");
	assert_string_equal(foreign_probes__find_known(probes, "p", "second")->fields[0].name, "x");
	assert_int_equal(foreign_probes__find_known(probes, "r", "none")->field_cnt, 0);
	assert_null(foreign_probes__find_known(probes, "q", "any"));
	assert_true(foreign_probes__knows_provider(probes, "q"));
	assert_int_equal(foreign_probes__cnt(probes), 0);
	foreign_probes__free(probes);
}

static void check_error(const struct directory *directory, const char *text, const char *expected)
{
	struct foreign_probes *probes = foreign_probes__new();
	char error[CATALOGUE_ERROR_BYTES] = "", wanted[CATALOGUE_ERROR_BYTES];

	put(directory, "a.conf", text);
	assert_int_equal(catalogue__read_dir(probes, directory->path, error, sizeof(error)),
			 -EINVAL);
	(void)snprintf(wanted, sizeof(wanted), "%s/a.conf:%s", directory->path, expected);
	assert_string_equal(error, wanted);
	foreign_probes__free(probes);
}

static void test_catalogue_says_which_line_is_wrong(void **state)
{
	const struct directory *directory = *state;
	static char text[2 * CATALOGUE_MAX_LINE_BYTES];

	check_error(directory, "p:n(a:u8)\n\np:n(a:int)\n",
		    "3: 'int' is no type (of field 'a'): types are " FOREIGN_TYPES);
	check_error(directory, "nothing", "1: it has no ':' between provider and probe");
	check_error(directory, "p:n(a)=warn", "1: a line of the catalogue has no level");
	memset(text, ' ', sizeof(text) - 1);
	check_error(directory, text, "1: the line is too long");
}

static void test_catalogue_need_not_be_there(void **state)
{
	struct foreign_probes *probes = foreign_probes__new();
	char error[CATALOGUE_ERROR_BYTES] = "";

	(void)state;
	assert_int_equal(catalogue__read_dir(probes, "/nonexistent/probes", error, sizeof(error)),
			 0);
	foreign_probes__free(probes);
}

struct comparison {
	const struct foreign_probes *probes;
	const char *path;
	size_t cnt, wrong_cnt;
};

/* A probe of a file: the catalogue has it, with as many fields as it has arguments, of types that
 * these can be. */
static int compare(const struct usdt_note *note, void *ctx)
{
	struct comparison *comparison = ctx;
	const struct foreign_probe *known;
	const struct usdt_scope scope = { .machine = USDT_X86_64, .place = note->vaddr };
	const char *at = note->arguments;
	struct usdt_operand operand;
	size_t cnt = 0;

	if (!strcmp(note->provider, "hotspot_jni"))
		return 0;
	comparison->cnt++;
	known = foreign_probes__find_known(comparison->probes, note->provider, note->name);
	if (!known) {
		print_error("%s: %s:%s is not in the catalogue\n", comparison->path, note->provider,
			    note->name);
		comparison->wrong_cnt++;
		return 0;
	}
	for (; usdt_operand__next(&scope, &at, &operand); cnt++) {
		if (cnt >= known->field_cnt ||
		    usdt_fields__fits(&known->fields[cnt], operand.bytes))
			continue;
		print_error("%s: %s:%s: field %s does not fit '%s'\n", comparison->path,
			    note->provider, note->name, known->fields[cnt].name, note->arguments);
		comparison->wrong_cnt++;
	}
	if (cnt != known->field_cnt) {
		print_error("%s: %s:%s has %zu arguments, not %zu\n", comparison->path,
			    note->provider, note->name, cnt, known->field_cnt);
		comparison->wrong_cnt++;
	}
	return 0;
}

/* What is not installed is skipped; `make check-probes` installs it first. */
static void test_catalogue_has_what_binaries_have(void **state)
{
	static const struct {
		const char *path;
		size_t cnt; /* at least */
	} files[] = {
		{ "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", 3 },
		{ "/usr/bin/python3", 8 },
		{ "/usr/lib/postgresql/15/bin/postgres", 71 },
		{ "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", 48 },
	};
	const bool needs_all = getenv("TTLOG_NEED_PROBES");
	struct foreign_probes *probes = foreign_probes__new();
	char error[CATALOGUE_ERROR_BYTES] = "";
	size_t checked = 0;

	(void)state;
	if (catalogue__read_dir(probes, PACKAGED, error, sizeof(error)))
		fail_msg("%s", error);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct comparison comparison = { .probes = probes, .path = files[i].path };
		int fd = open(files[i].path, O_RDONLY | O_CLOEXEC);
		struct elf_file *file = fd < 0 ? NULL : elf_file__new(fd);
		size_t malformed = 0;

		if (fd >= 0) {
			assert_non_null(file);
			assert_int_equal(usdt_notes__each(file, compare, &comparison, &malformed),
					 0);
			assert_int_equal(malformed, 0);
			elf_file__free(file);
			close(fd);
		}
		assert_int_equal(comparison.wrong_cnt, 0);
		if (fd >= 0 || needs_all)
			assert_true(comparison.cnt >= files[i].cnt);
		checked += comparison.cnt;
	}
	print_message("%zu probes are as the catalogue has them\n", checked);
	foreign_probes__free(probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_catalogue_reads_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_catalogue_says_which_line_is_wrong, set_up,
						tear_down),
		cmocka_unit_test(test_catalogue_need_not_be_there),
		cmocka_unit_test(test_catalogue_has_what_binaries_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
