/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "config.h"
#include "config_file.h"
#include "env.h"
#include "given.h"
#include "profile.h"
#include "settings.h"
#include "target.h"
#include "trigger_plan.h"

#define DROP_INS     "conf.d"
#define DROP_IN_NAME ".conf"
#define MAX_DROP_INS 256

/* ---- the files ---- */

static int is_drop_in(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name), suffix = strlen(DROP_IN_NAME);

	return entry->d_name[0] != '.' && len > suffix &&
	       !strcmp(entry->d_name + len - suffix, DROP_IN_NAME);
}

/* In any locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(const char *dir, const struct config *config, char *error,
			 size_t error_size)
{
	struct dirent **entries = NULL;
	int cnt = scandir(dir, &entries, is_drop_in, compare_names), err = 0;
	char path[PATH_MAX];

	if (cnt < 0 && errno == ENOENT)
		return 0;
	if (cnt < 0 || cnt > MAX_DROP_INS) {
		err = cnt < 0 ? -errno : -E2BIG;
		(void)snprintf(error, error_size, "%s: can't read it: %s", dir,
			       cnt < 0 ? strerror(errno) : "there are more than 256 files");
	}
	for (int i = 0; i < cnt; i++) {
		if (!err && snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) <
				    (int)sizeof(path))
			err = config_file__read(path, config, error, error_size);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static int read_files(struct env *env, char *error, size_t error_size)
{
	const struct config config = { .given = &env->by_files, .targets = &env->targets };
	char path[PATH_MAX], dir[PATH_MAX];
	int err = config_file__read(env->config_path, &config, error, error_size);

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s", env->config_path);
	if (snprintf(dir, sizeof(dir), "%s/" DROP_INS, dirname(path)) >= (int)sizeof(dir))
		return 0;
	return read_drop_ins(dir, &config, error, error_size);
}

/* ---- settings ---- */

static int apply_list(const struct given_list *list, struct env *env, char *error,
		      size_t error_size)
{
	int err = 0;

	for (size_t i = 0; i < list->cnt && !err; i++)
		err = given__apply(&list->items[i], env, error, error_size);
	return err;
}

/* What these two leave of a list; NULL leaves all. */
static int apply_rest(const struct given_list *list, const struct given_list *by_user,
		      const struct given_list *section, struct env *env, char *error,
		      size_t error_size)
{
	int err = 0;

	for (size_t i = 0; i < list->cnt && !err; i++) {
		const struct setting *setting = list->items[i].setting;

		if (!given_list__replaces(by_user, setting) &&
		    !(section && given_list__replaces(section, setting)))
			err = given__apply(&list->items[i], env, error, error_size);
	}
	return err;
}

static int check_list(const struct given_list *list, char *error, size_t error_size)
{
	struct env scratch;
	int err = env__init(&scratch);

	if (!err)
		err = apply_list(list, &scratch, error, error_size);
	env__fini(&scratch);
	return err;
}

/* Also of what does not count because the command line says something else. */
static int check_files(const struct env *env, char *error, size_t error_size)
{
	int err = check_list(&env->by_files, error, error_size);

	for (size_t i = 0; i < env->targets.cnt && !err; i++)
		err = check_list(&env->targets.items[i].given, error, error_size);
	return err;
}

static int build_target(const struct env *env, struct target *target, char *error,
			size_t error_size)
{
	struct env *own = calloc(1, sizeof(*own));
	int err = own ? env__init(own) : -ENOMEM;

	target->env = own;
	if (!err)
		own->config_path = env->config_path;
	if (!err)
		err = apply_rest(&env->by_files, &env->by_user, &target->given, own, error,
				 error_size);
	if (!err)
		err = apply_rest(&target->given, &env->by_user, NULL, own, error, error_size);
	if (!err)
		err = apply_list(&env->by_user, own, error, error_size);
	if (!err)
		err = profile__apply(own);
	if (!err)
		own->mode = env->mode;
	return err;
}

void config__find(struct env *env, const char *otherwise)
{
	const struct given *given = given_list__find(&env->by_user, setting__of_key(KEY_CONFIG));

	env->config_path = given ? given->text : otherwise;
}

int config__build(struct env *env, char *error, size_t error_size)
{
	const bool has_file = env->config_path && env->config_path[0];
	int err = has_file ? read_files(env, error, error_size) : 0;

	if (!err)
		err = check_files(env, error, error_size);
	if (!err)
		err = apply_rest(&env->by_files, &env->by_user, NULL, env, error, error_size);
	if (!err)
		err = apply_list(&env->by_user, env, error, error_size);
	if (!err)
		err = command_line__check(env, error, error_size);
	if (!err)
		err = profile__apply(env);
	for (size_t i = 0; i < env->targets.cnt && !err; i++)
		err = build_target(env, &env->targets.items[i], error, error_size);
	return err;
}

/* ---- once more ---- */

static int copy_list(struct given_list *list, const struct given_list *from)
{
	int err = 0;

	for (size_t i = 0; i < from->cnt && !err; i++)
		err = given_list__add(list, from->items[i].setting, from->items[i].text,
				      from->items[i].place);
	return err;
}

int config__read_again(const struct env *before, struct env *ret_env, char *error,
		       size_t error_size)
{
	struct env env;
	int err = env__init(&env);

	env.command = before->command;
	env.private_dir = before->private_dir;
	if (!err)
		err = copy_list(&env.by_user, &before->by_user);
	config__find(&env, before->config_path);
	if (!err)
		err = config__build(&env, error, error_size);
	if (err) {
		env__fini(&env);
		return err;
	}
	*ret_env = env;
	return 0;
}

static const struct given_list *list_of(const struct env *env, const struct setting *setting)
{
	return given_list__replaces(&env->by_user, setting) ? &env->by_user : &env->by_files;
}

/* The next one of that setting, from *at on; NULL: none. */
static const char *next_text(const struct given_list *list, const struct setting *setting,
			     size_t *at)
{
	while (*at < list->cnt) {
		const struct given *given = &list->items[(*at)++];

		if (given->setting == setting)
			return given->text ? given->text : "yes";
	}
	return NULL;
}

bool config__agree(const struct env *a, const struct env *b, const struct setting *setting)
{
	const struct given_list *lists[] = { list_of(a, setting), list_of(b, setting) };
	const char *texts[2], *presets[2] = { setting->preset, setting->preset };
	size_t at[2] = { 0 };

	if (!setting->form)
		presets[0] = presets[1] = "no";
	do {
		for (size_t i = 0; i < 2; i++) {
			texts[i] = next_text(lists[i], setting, &at[i]);
			if (!texts[i])
				texts[i] = presets[i];
			presets[i] = NULL;
		}
		if (!texts[0] != !texts[1] || (texts[0] && strcmp(texts[0], texts[1]) != 0))
			return false;
	} while (texts[0]);
	return true;
}

/* ---- and back ---- */

struct printing {
	FILE *out;
	char *error;
	size_t error_size;
};

/* A file has no quotes. */
static int print_line(const struct printing *printing, const char *key, const char *text)
{
	const size_t len = strlen(text);
	const char *why = NULL;

	if (!len)
		why = "it is empty";
	else if (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1]))
		why = "a blank at its beginning or end";
	else if (strlen(key) + len + sizeof(" = ") > CONFIG_LINE_BYTES)
		why = "it is too long";
	for (size_t i = 0; i < len && !why; i++) {
		if (iscntrl((unsigned char)text[i]) && text[i] != '\t')
			why = "a byte that is no text";
	}
	if (why) {
		(void)snprintf(printing->error, printing->error_size,
			       "%s: no file can have this value: %s", key, why);
		return -EINVAL;
	}
	fprintf(printing->out, "%s = %s\n", key, text);
	return 0;
}

/* Returns how many there are, or -EINVAL. */
static int print_given(const struct printing *printing, const struct given_list *list,
		       const struct setting *setting)
{
	const struct given *last = given_list__find(list, setting);
	int cnt = 0, err = 0;

	for (size_t i = 0; i < list->cnt && !err; i++) {
		const struct given *given = &list->items[i];

		if (given->setting != setting ||
		    (given != last && !(setting->flags & SETTING_REPEATS)))
			continue;
		err = print_line(printing, setting__long_name(setting),
				 given->text ? given->text : "yes");
		cnt++;
	}
	return err ? err : cnt;
}

static int print_setting(const struct printing *printing, const struct env *env,
			 const struct setting *setting)
{
	const char *key = setting__long_name(setting);
	const char *preset = setting->preset ? setting->preset
					     : profile__preset(env->profile, setting);
	int cnt = print_given(printing, list_of(env, setting), setting);

	if (cnt)
		return cnt < 0 ? cnt : 0;
	if (preset)
		return print_line(printing, key, preset);
	if (!setting->form)
		return print_line(printing, key, "no");
	fprintf(printing->out, "#%s =\n", key);
	return 0;
}

static int print_target(const struct printing *printing, const struct env *env,
			const struct target *target)
{
	int err = 0;

	fprintf(printing->out, "\n[target %s]\n", target->name);
	for (size_t i = 0; i < target->glob_cnt && !err; i++)
		err = print_line(printing, target->globs[i].key->name, target->globs[i].glob);
	for (size_t i = 0; i < setting_cnt && err >= 0; i++) {
		if (!given_list__replaces(&env->by_user, &settings[i]))
			err = print_given(printing, &target->given, &settings[i]);
	}
	return err < 0 ? err : 0;
}

int config__print(const struct env *env, FILE *out, char *error, size_t error_size)
{
	const struct printing printing = { .out = out, .error = error, .error_size = error_size };
	int err = 0;

	for (size_t i = 0; i < setting_cnt && !err; i++) {
		if (setting__is_in_file(&settings[i]))
			err = print_setting(&printing, env, &settings[i]);
	}
	for (size_t i = 0; i < env->targets.cnt && !err; i++)
		err = print_target(&printing, env, &env->targets.items[i]);
	return err;
}
