/* SPDX-License-Identifier: MIT */
/*
 * The configuration, read again while recording. The new one is taken as a whole, or not at all. The
 * env of the start stays, as other threads use it: settings that can't change now are compared with
 * it, all others with the env that was read last.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "collect_parts.h"
#include "commands.h"
#include "config.h"
#include "env.h"
#include "report.h"
#include "settings.h"
#include "site_filter.h"
#include "writer.h"

static void set_triggers(struct collector *collector, struct env *env)
{
	collect__set_triggers(collector, env->triggers);
	env->triggers = NULL;
}

static void set_interval(struct collector *collector, struct env *env)
{
	collect__start_timer(collector->interval_fd, env->interval_ns, true);
}

static void set_retention(struct collector *collector, struct env *env)
{
	const struct retain_options options = collect__retain_options(collector, env);
	int err = writer__set_retain(collector->writer, &options);

	if (err)
		(void)report__error("what stays on disk changes with the next snapshot, not now",
				    NULL, err);
}

static void set_sites(struct collector *collector, struct env *env)
{
	if (collector->commands)
		collector->new_sites = site_filter__ref(env->site_filter);
	else
		fputs("ttlog-collect: level and filter stay as they were: there is no thread for commands\n",
		      stderr);
}

/* What can change while recording; each function is for the keys of one block. */
static const struct {
	int key;
	void (*set)(struct collector *collector, struct env *env);
} live[] = {
	{ KEY_ON, set_triggers },
	{ KEY_DELAY, set_triggers },
	{ KEY_MIN_GAP, set_triggers },
	{ 'i', set_interval },
	{ KEY_MAX_SNAPSHOTS, set_retention },
	{ KEY_MAX_DISK, set_retention },
	{ KEY_MAX_AGE, set_retention },
	{ KEY_KEEP_FREE, set_retention },
	{ 'l', set_sites },
	{ 'F', set_sites },
};

static void add_name(char *names, size_t size, const char *name)
{
	const size_t len = strlen(names);

	if (len < size)
		(void)snprintf(names + len, size - len, "%s%s", len ? ", " : "", name);
}

static bool is_live(const struct setting *setting)
{
	for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
		if (live[i].key == setting->key)
			return true;
	}
	return false;
}

static void set_live(struct collector *collector, const struct env *before, struct env *now,
		     struct reloaded *ret)
{
	void (*last)(struct collector *, struct env *) = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
		const struct setting *setting = setting__of_key(live[i].key);

		if (config__agree(before, now, setting))
			continue;
		add_name(ret->changed, sizeof(ret->changed), setting__long_name(setting));
		if (live[i].set != last)
			live[i].set(collector, now);
		last = live[i].set;
	}
}

static void find_waiting(const struct env *started, const struct env *now, struct reloaded *ret)
{
	for (size_t i = 0; i < setting_cnt; i++) {
		const struct setting *setting = &settings[i];

		if (setting__is_in_file(setting) && !is_live(setting) &&
		    !config__agree(started, now, setting))
			add_name(ret->waiting, sizeof(ret->waiting), setting__long_name(setting));
	}
	if (!target_list__is_same(&started->targets, &now->targets))
		add_name(ret->waiting, sizeof(ret->waiting), "[target] sections");
}

int collect__reload(struct collector *collector, struct reloaded *ret)
{
	const struct env *before = collector->reread ? collector->reread : collector->env;
	struct env *now = calloc(1, sizeof(*now));
	int err = now ? 0 : -ENOMEM;

	*ret = (struct reloaded){ 0 };
	if (!collector->env->config_path) {
		(void)snprintf(ret->error, sizeof(ret->error),
			       "it was started without a configuration file (--config)");
		err = -ENOENT;
	}
	if (!err)
		err = config__read_again(before, now, ret->error, sizeof(ret->error));
	if (err == -ENOMEM)
		(void)snprintf(ret->error, sizeof(ret->error), "%s", strerror(ENOMEM));
	if (err) {
		free(now);
		return err;
	}
	set_live(collector, before, now, ret);
	if (collector->commands)
		commands__rebase(collector->commands, collector->new_sites);
	else
		site_filter__free(collector->new_sites);
	collector->new_sites = NULL;
	find_waiting(collector->env, now, ret);
	collect__forget_reread(collector);
	collector->reread = now;
	return 0;
}

void collect__forget_reread(struct collector *collector)
{
	if (collector->reread)
		env__fini(collector->reread);
	free(collector->reread);
	collector->reread = NULL;
}

void collect__reload_and_tell(struct collector *collector)
{
	struct reloaded reloaded;

	if (collect__reload(collector, &reloaded)) {
		fprintf(stderr, "ttlog-collect: the configuration stays as it was: %s\n",
			reloaded.error);
		return;
	}
	if (!collector->env->quiet)
		fprintf(stderr, "ttlog-collect: the configuration was read again; changed: %s\n",
			reloaded.changed[0] ? reloaded.changed : "nothing");
	if (reloaded.waiting[0])
		fprintf(stderr, "ttlog-collect: at the next start this will change, too: %s\n",
			reloaded.waiting);
}
