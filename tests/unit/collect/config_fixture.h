/* SPDX-License-Identifier: MIT */
/*
 * What the tests of configuration files share. Include it after cmocka.h.
 */
#ifndef TTLOG_CONFIG_FIXTURE_H
#define TTLOG_CONFIG_FIXTURE_H

#include "config.h"
#include "config_file.h"
#include "env.h"
#include "settings.h"

static inline int parse_bytes(struct env *env, const char *text, size_t len, char *error)
{
	const struct config config = { .given = &env->by_files, .targets = &env->targets };

	assert_int_equal(env__init(env), 0);
	return config_file__parse("x.conf", text, len, &config, error, CONFIG_ERROR_BYTES);
}

/* With a command line, of options with their long names and values, a NULL at the end. */
static inline void build_with(struct env *env, const char *text, const char *const *options)
{
	char error[CONFIG_ERROR_BYTES] = "";

	assert_int_equal(parse_bytes(env, text, strlen(text), error), 0);
	for (; *options; options += 2)
		assert_int_equal(given_list__add(&env->by_user, setting__of_long_name(options[0]),
						 options[1], NULL),
				 0);
	if (config__build(env, error, sizeof(error)))
		fail_msg("%s", error);
}

static inline char *print(const struct env *env)
{
	char *text = NULL, error[CONFIG_ERROR_BYTES] = "";
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (config__print(env, out, error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif /* TTLOG_CONFIG_FIXTURE_H */
