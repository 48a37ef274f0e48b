/* SPDX-License-Identifier: MIT */
/*
 * The example in src/collect/collect.conf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_fixture.h"

/* Appends the key of a line "#KEY = VALUE" of the example to *keys, and the line without # to out. */
static void take_example(const char *line, FILE *out, FILE *keys)
{
	const size_t len = line[0] == '#' ? strspn(line + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;

	if (!len || strncmp(line + 1 + len, " =", 2) != 0)
		return;
	fprintf(keys, "%.*s,", (int)len, line + 1);
	if (line[1 + len + 2] == ' ')
		fputs(line + 1, out);
}

/* The example has each key, with its default. */
static void test_config_example_has_the_defaults(void **state)
{
	FILE *file = fopen("src/collect/collect.conf", "r"), *out, *keys;
	char line[256], *text = NULL, *names = NULL, *said, *plain;
	struct env env, without;
	size_t len, names_len;

	(void)state;
	assert_non_null(file);
	out = open_memstream(&text, &len);
	keys = open_memstream(&names, &names_len);
	assert_true(out && keys);
	fputc(',', keys);
	while (fgets(line, sizeof(line), file))
		take_example(line, out, keys);
	(void)fclose(file);
	(void)fclose(out);
	(void)fclose(keys);
	for (size_t i = 0; i < setting_cnt; i++) {
		(void)snprintf(line, sizeof(line), ",%s,", setting__long_name(&settings[i]));
		if (setting__is_in_file(&settings[i]) != !!strstr(names, line))
			fail_msg("src/collect/collect.conf: #%s =",
				 setting__long_name(&settings[i]));
	}
	build_with(&env, text, (const char *const[]){ "pid", "1", NULL });
	build_with(&without, "", (const char *const[]){ "pid", "1", NULL });
	said = print(&env);
	plain = print(&without);
	assert_string_equal(said, plain);
	env__fini(&env);
	env__fini(&without);
	free(said);
	free(plain);
	free(text);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_example_has_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
