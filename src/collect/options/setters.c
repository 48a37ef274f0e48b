/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "debuginfod.h"
#include "foreign_probes.h"
#include "listen_address.h"
#include "parse.h"
#include "setters.h"
#include "settings.h"
#include "shipped_dir.h"
#include "site_filter.h"
#include "stack_places.h"
#include "trigger_plan.h"

#define MIN_BUFFER_BYTES (1ull << 20) /* a few of the largest batches */
#define MIN_INTERVAL_NS  10000000u
#define SCHED_LEAST_NS   1000000u

/* In a file, it has a value. */
int setter__flag(struct env *env, struct argument *arg)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
	size_t i;

	(void)env;
	for (i = 0; arg->text && i < ARRAY_SIZE(words); i++) {
		if (ascii__is_alike(arg->text, words[i]))
			break;
	}
	if (arg->text && i == ARRAY_SIZE(words)) {
		(void)snprintf(arg->error, sizeof(arg->error), "'%s' is not yes or no", arg->text);
		return -EINVAL;
	}
	arg->is_off = arg->text && i % 2 == 0;
	*(bool *)arg->member = !arg->is_off;
	return 0;
}

int setter__text(struct env *env, struct argument *arg)
{
	(void)env;
	if (!arg->text[0])
		return -EINVAL;
	*(const char **)arg->member = arg->text;
	return 0;
}

int setter__debuginfod(struct env *env, struct argument *arg)
{
	return debuginfod__are_urls(arg->text) ? setter__text(env, arg) : -EINVAL;
}

int setter__pids(struct env *env, struct argument *arg)
{
	return parse__pids(arg->text, &env->pids, &env->pid_cnt);
}

int setter__path(struct env *env, struct argument *arg)
{
	if (env->path) {
		(void)snprintf(arg->error, sizeof(arg->error), "only one PATH can be given");
		return -EINVAL;
	}
	return setter__text(env, arg);
}

/* The last one was read. */
int setter__config(struct env *env, struct argument *arg)
{
	if (!arg->text[0])
		return -EINVAL;
	if (arg->text == env->config_path)
		return 0;
	(void)snprintf(arg->error, sizeof(arg->error), "only one FILE can be given");
	return -EINVAL;
}

static int choose(struct env *env, const char *key, const char *glob)
{
	struct target_list *chosen = &env->chosen;

	if (!glob[0])
		return -EINVAL;
	return target_list__add(chosen, key, "") ? -ENOMEM
						 : target__add_glob(&chosen->items[chosen->cnt - 1],
								    target_key__find(key), glob);
}

int setter__unit(struct env *env, struct argument *arg)
{
	return choose(env, "unit", arg->text);
}

/* As /proc/PID/cgroup has it. */
int setter__cgroup(struct env *env, struct argument *arg)
{
	if (arg->text[0] == '/' || arg->text[0] == '*')
		return choose(env, "cgroup", arg->text);
	(void)snprintf(arg->error, sizeof(arg->error),
		       "'%s' is no path from the root of cgroup v2, as /system.slice/*", arg->text);
	return -EINVAL;
}

int setter__list(struct env *env, struct argument *arg)
{
	return arg->text ? setter__path(env, arg) : 0;
}

int setter__level(struct env *env, struct argument *arg)
{
	return site_filter__set_levels(env->site_filter, arg->text, arg->error, sizeof(arg->error));
}

int setter__filter(struct env *env, struct argument *arg)
{
	return site_filter__add(env->site_filter, arg->text, arg->error, sizeof(arg->error));
}

int setter__size(struct env *env, struct argument *arg)
{
	const struct setting *setting = arg->setting;
	uint64_t bytes;
	int err = parse__size(arg->text, &bytes);

	(void)env;
	if (err)
		return err;
	if (bytes < setting->min || bytes > setting->max)
		return -ERANGE;
	*(uint64_t *)arg->member = bytes;
	return 0;
}

int setter__keep_free(struct env *env, struct argument *arg)
{
	unsigned percent = 0;
	const char *at = arg->text;
	int err = 0;

	while (*at >= '0' && *at <= '9' && percent < 100)
		percent = percent * 10 + (unsigned)(*at++ - '0');
	if (at == arg->text || strcmp(at, "%") != 0) {
		err = setter__size(env, arg);
		percent = 0;
	} else if (!percent || percent > 99) {
		err = -ERANGE;
	} else {
		env->keep_free_bytes = 0;
	}
	if (!err)
		env->keep_free_percent = percent;
	return err;
}

int setter__keep_until_shipped(struct env *env, struct argument *arg)
{
	bool is_on = false;
	struct argument flag = { .text = arg->text, .member = &is_on };

	if (setter__flag(env, &flag))
		return setter__text(env, arg);
	arg->is_off = flag.is_off;
	env->shipped_state = is_on ? SHIPPED_STATE_DIR : NULL;
	return 0;
}

/* Rounded up: the kernel takes powers of two. */
int setter__buffer_size(struct env *env, struct argument *arg)
{
	uint64_t rounded = MIN_BUFFER_BYTES;
	int err = setter__size(env, arg);

	if (err)
		return err;
	while (rounded < env->buffer_bytes)
		rounded *= 2;
	env->buffer_bytes = rounded;
	return 0;
}

int setter__interval(struct env *env, struct argument *arg)
{
	uint64_t ns;
	int err = parse__duration(arg->text, &ns);

	if (err)
		return err;
	if (ns && ns < MIN_INTERVAL_NS) {
		(void)snprintf(arg->error, sizeof(arg->error), "'%s' is less than 10ms", arg->text);
		return -EINVAL;
	}
	env->interval_ns = ns;
	return 0;
}

int setter__duration(struct env *env, struct argument *arg)
{
	uint64_t ns;
	int err = parse__duration(arg->text, &ns);

	(void)env;
	if (err)
		return err;
	if (ns < arg->setting->min)
		return -ERANGE;
	*(uint64_t *)arg->member = ns;
	return 0;
}

int setter__stack(struct env *env, struct argument *arg)
{
	static const char *const levels[] = { "trace", "debug", "info", "warn", "error", "fatal" };

	env->stack_from = STACK_PLACES_OFF;
	if (ascii__is_alike(arg->text, "off"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (ascii__is_alike(arg->text, levels[i]))
			env->stack_from = STACK_PLACES_FROM(i);
	}
	return env->stack_from == STACK_PLACES_OFF ? -EINVAL : 0;
}

/* A duration switches it on, too. */
int setter__sched(struct env *env, struct argument *arg)
{
	uint64_t ns;
	int err;

	env->sched_least_ns = SCHED_LEAST_NS;
	if (!arg->text || !ascii__is_digit(arg->text[0])) {
		err = setter__flag(env, arg);
		if (err)
			arg->error[0] = '\0'; /* it takes more than yes and no */
		return err;
	}
	err = parse__duration(arg->text, &ns);
	if (err)
		return err;
	if (ns < arg->setting->min)
		return -ERANGE;
	env->sched = true;
	env->sched_least_ns = ns;
	return 0;
}

int setter__on(struct env *env, struct argument *arg)
{
	return trigger_plan__add(env->triggers, arg->text, arg->error, sizeof(arg->error));
}

int setter__delay(struct env *env, struct argument *arg)
{
	return parse__duration(arg->text, &env->triggers->rules.delay_ns);
}

int setter__min_gap(struct env *env, struct argument *arg)
{
	return parse__duration(arg->text, &env->triggers->rules.min_gap_ns);
}

int setter__number(struct env *env, struct argument *arg)
{
	const struct setting *setting = arg->setting;
	char *end;
	unsigned long long n;

	(void)env;
	if (!ascii__is_digit(arg->text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(arg->text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n < setting->min || n > setting->max)
		return -ERANGE;
	*(uint64_t *)arg->member = n;
	return 0;
}

int setter__stacks(struct env *env, struct argument *arg)
{
	env->all_stacks = !strcmp(arg->text, "all");
	return env->all_stacks || !strcmp(arg->text, "crashed") ? 0 : -EINVAL;
}

int setter__group(struct env *env, struct argument *arg)
{
	char buffer[4096];
	struct group group, *found = NULL;

	(void)env;
	if (!arg->text[0])
		return -EINVAL;
	/* -ERANGE: its list of members is long, and is of no interest */
	if (getgrnam_r(arg->text, &group, buffer, sizeof(buffer), &found) == ERANGE)
		found = getgrnam(arg->text);
	if (!found) {
		(void)snprintf(arg->error, sizeof(arg->error), "there is no group '%s' here",
			       arg->text);
		return -EINVAL;
	}
	*(gid_t *)arg->member = found->gr_gid;
	return 0;
}

int setter__tag(struct env *env, struct argument *arg)
{
	return tags__add(&env->tags, arg->text, arg->error, sizeof(arg->error));
}

static int add_foreign(struct env *env, struct argument *arg, enum foreign_kind kind)
{
	struct foreign_probe *probe;

	if (!env->foreign)
		env->foreign = foreign_probes__new();
	if (!env->foreign)
		return -ENOMEM;
	probe = foreign_probe__parse(kind, arg->text, arg->error, sizeof(arg->error));
	return probe ? foreign_probes__add(env->foreign, probe) : -errno;
}

int setter__usdt(struct env *env, struct argument *arg)
{
	return add_foreign(env, arg, FOREIGN_USDT);
}

int setter__uprobe(struct env *env, struct argument *arg)
{
	return add_foreign(env, arg, FOREIGN_FUNCTION);
}

int setter__span(struct env *env, struct argument *arg)
{
	return add_foreign(env, arg, FOREIGN_SPAN);
}

int setter__redact(struct env *env, struct argument *arg)
{
	return redact__add(&env->redact, arg->text, arg->error, sizeof(arg->error));
}

int setter__encrypt_to(struct env *env, struct argument *arg)
{
	return recipients__add_file(&env->recipients, arg->text, arg->error, sizeof(arg->error));
}

int setter__metrics(struct env *env, struct argument *arg)
{
	return listen_address__parse(arg->text, &env->metrics);
}

int setter__metrics_by(struct env *env, struct argument *arg)
{
	env->metrics_by_pid = !strcmp(arg->text, "pid");
	return env->metrics_by_pid || !strcmp(arg->text, "service") ? 0 : -EINVAL;
}

int setter__allow(struct env *env, struct argument *arg)
{
	return control_rights__allow(&env->rights, arg->text, arg->error, sizeof(arg->error));
}
