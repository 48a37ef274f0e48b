/* SPDX-License-Identifier: MIT */
/*
 * From what was given, on the command line and in files, to an env, and back to the text of a file.
 *
 * The command line wins over a [target NAME] section, which wins over the rest of the files. The files
 * are the one that was named, then conf.d/NAME.conf beside it, in order of name: a later one wins, and
 * adds to settings that can repeat.
 */
#ifndef TTLOG_CONFIG_H
#define TTLOG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct env;
struct setting;

#define CONFIG_ERROR_BYTES 512

/* Sets env->config_path from env->by_user: that of --config, else this one, or NULL. */
void config__find(struct env *env, const char *otherwise);
/*
 * Sets all of env from env->by_user, which has what the command line gives, and from env->config_path,
 * if there is one. 0 or -errno; then error says what is wrong, and env is only good for env__fini().
 */
int config__build(struct env *env, char *error, size_t error_size);

/*
 * The same once more, from the same command line, with what files say now. 0 or -errno, as
 * config__build(); then ret_env is untouched.
 */
int config__read_again(const struct env *before, struct env *ret_env, char *error,
		       size_t error_size);
/* Whether both say the same of a setting, in the same words. */
bool config__agree(const struct env *a, const struct env *b, const struct setting *setting);

/* All that recording goes by, as a file that says the same. 0, -EINVAL: something can't be in a file;
 * error says what; or -ENOMEM. */
int config__print(const struct env *env, FILE *out, char *error, size_t error_size);

#endif /* TTLOG_CONFIG_H */
