/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: one that is taken prints as a file that says the same, one that is refused
 * says where and why. The first byte: whether the command line says what to record.
 */
#include <errno.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "env.h"
#include "fuzz.h"
#include "settings.h"

#define PATH "fuzz.conf"

static int read_text(struct env *env, const char *text, size_t len, bool has_pid, char *error)
{
	const struct config config = { .given = &env->by_files, .targets = &env->targets };
	int err;

	FUZZ_CHECK(!env__init(env));
	if (has_pid)
		FUZZ_CHECK(
			!given_list__add(&env->by_user, setting__of_long_name("pid"), "1", NULL));
	err = config_file__parse(PATH, text, len, &config, error, CONFIG_ERROR_BYTES);
	if (err)
		FUZZ_CHECK(!strncmp(error, PATH ":", strlen(PATH ":")));
	return err ? err : config__build(env, error, CONFIG_ERROR_BYTES);
}

static char *print(const struct env *env)
{
	char *text = NULL, error[CONFIG_ERROR_BYTES];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out);
	FUZZ_CHECK(!config__print(env, out, error, sizeof(error)));
	FUZZ_CHECK(!fclose(out));
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_BYTES] = "";
	bool has_pid = size && (data[0] & 1);
	char *text, *same;
	struct env env;
	int err;

	if (!size)
		return 0;
	fuzz__begin();
	err = read_text(&env, (const char *)data + 1, size - 1, has_pid, error);
	if (err) {
		FUZZ_CHECK(err == -EINVAL && *error);
		/* it goes to a terminal */
		for (const char *c = error; *c; c++)
			FUZZ_CHECK((unsigned char)*c >= ' ' || *c == '\t' || *c == '\n');
	} else {
		text = print(&env);
		env__fini(&env);
		if (read_text(&env, text, strlen(text), false, error)) {
			fprintf(stderr, "%s\n", error);
			abort();
		}
		same = print(&env);
		FUZZ_CHECK(!strcmp(text, same));
		free(same);
		free(text);
	}
	env__fini(&env);
	fuzz__end();
	return 0;
}
