/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "parse.h"
#include "ring_budget.h"
#include "settings.h"
#include "site_filter.h"
#include "trigger.h"
#include "value.h"

#define MAX_RING_BYTES   (1ull << 40)
#define MAX_BUFFER_BYTES (1ull << 31) /* the kernel counts a ring buffer's bytes in 32 bits */
#define MIN_BUFFER_BYTES (1ull << 20) /* a few of the largest batches */
#define MIN_INTERVAL_NS  10000000u

static int set_flag(struct env *env, struct argument *arg)
{
	(void)env;
	*(bool *)arg->member = true;
	return 0;
}

static int set_text(struct env *env, struct argument *arg)
{
	(void)env;
	if (!arg->text[0])
		return -EINVAL;
	*(const char **)arg->member = arg->text;
	return 0;
}

static int set_pids(struct env *env, struct argument *arg)
{
	return parse__pids(arg->text, &env->pids, &env->pid_cnt);
}

static int set_path(struct env *env, struct argument *arg)
{
	if (env->path) {
		(void)snprintf(arg->error, sizeof(arg->error), "only one PATH can be given");
		return -EINVAL;
	}
	return set_text(env, arg);
}

static int set_list(struct env *env, struct argument *arg)
{
	return arg->text ? set_path(env, arg) : 0;
}

static int set_level(struct env *env, struct argument *arg)
{
	const int level = value__parse_level(arg->text);

	if (level < 0)
		return level;
	site_filter__set_level(env->site_filter, (uint8_t)level);
	return 0;
}

static int set_filter(struct env *env, struct argument *arg)
{
	return site_filter__add(env->site_filter, arg->text, arg->error, sizeof(arg->error));
}

static int parse_bytes(const char *arg, uint64_t min, uint64_t max, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int err = parse__size(arg, &bytes);

	if (err)
		return err;
	if (bytes < min || bytes > max)
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

static int set_ring_size(struct env *env, struct argument *arg)
{
	return parse_bytes(arg->text, 1, MAX_RING_BYTES, &env->ring_bytes);
}

static int set_max_disk(struct env *env, struct argument *arg)
{
	return parse_bytes(arg->text, 1, INT64_MAX, &env->max_disk_bytes);
}

static int set_max_memory(struct env *env, struct argument *arg)
{
	return parse_bytes(arg->text, RING_BUDGET_MIN_BYTES, MAX_RING_BYTES,
			   &env->max_memory_bytes);
}

/* Rounded up: the kernel takes powers of two. */
static int set_buffer_size(struct env *env, struct argument *arg)
{
	uint64_t bytes, rounded = MIN_BUFFER_BYTES;
	int err = parse_bytes(arg->text, 1, MAX_BUFFER_BYTES, &bytes);

	if (err)
		return err;
	while (rounded < bytes)
		rounded *= 2;
	env->buffer_bytes = rounded;
	return 0;
}

static int set_interval(struct env *env, struct argument *arg)
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

static int set_duration(struct env *env, struct argument *arg)
{
	uint64_t ns;
	int err = parse__duration(arg->text, &ns);

	if (!err && !ns)
		err = -ERANGE;
	if (!err)
		env->duration_ns = ns;
	return err;
}

static int set_on(struct env *env, struct argument *arg)
{
	static const struct {
		const char *name;
		unsigned bit;
	} triggers[] = {
		{ "crash", TRIGGER_ON_CRASH },
		{ "killed", TRIGGER_ON_KILLED },
		{ "exit", TRIGGER_ON_EXIT },
		{ "request", TRIGGER_ON_REQUEST },
	};
	unsigned on = 0;
	size_t len, i;

	for (const char *item = arg->text;; item += len + 1) {
		len = strcspn(item, ",");
		for (i = 0; i < ARRAY_SIZE(triggers); i++) {
			if (strlen(triggers[i].name) == len && !memcmp(triggers[i].name, item, len))
				break;
		}
		if (i == ARRAY_SIZE(triggers))
			return -EINVAL;
		on |= triggers[i].bit;
		if (!item[len])
			break;
	}
	env->on = on;
	return 0;
}

static int set_max_snapshots(struct env *env, struct argument *arg)
{
	char *end;
	unsigned long long n;

	if (arg->text[0] < '0' || arg->text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(arg->text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || !n || n > SIZE_MAX)
		return -ERANGE;
	env->max_snapshots = n;
	return 0;
}

static int set_stacks(struct env *env, struct argument *arg)
{
	env->all_stacks = !strcmp(arg->text, "all");
	return env->all_stacks || !strcmp(arg->text, "crashed") ? 0 : -EINVAL;
}

static int set_group(struct env *env, struct argument *arg)
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

static int set_tag(struct env *env, struct argument *arg)
{
	return tags__add(&env->tags, arg->text, arg->error, sizeof(arg->error));
}

#define AT(member) offsetof(struct env, member)

const struct setting settings[SETTING_CNT] = {
	{ 'p', MODE(ENV_PIDS) | MODE(ENV_TRIGGER) | MODE(ENV_LIST), "-p",
	  "a process id, or several with commas between", set_pids, AT(pids) },
	{ 'e', MODE(ENV_PATH), "-e", "a path", set_path, AT(path) },
	{ KEY_TRIGGER, MODE(ENV_TRIGGER), "--trigger", "a reason", set_text, AT(reason) },
	{ KEY_LIST, MODE(ENV_LIST), "--list", "a path", set_list, AT(path) },
	{ KEY_CHECK, MODE(ENV_CHECK), "--check", NULL, NULL, AT(mode) },
	{ 'l', RECORDING, "--level", "one of trace, debug, info, warn, error, fatal", set_level,
	  AT(site_filter) },
	{ 'F', RECORDING, "--filter", "an expression such as target=net.*", set_filter,
	  AT(site_filter) },
	{ KEY_IMMEDIATE, RECORDING, "--immediate", NULL, set_flag, AT(immediate) },
	{ 'o', RECORDING | MODE(ENV_CHECK), "--output-dir", "a directory", set_text,
	  AT(output_dir) },
	{ KEY_GROUP, RECORDING, "--group", "a group's name", set_group, AT(group) },
	{ KEY_TAG, RECORDING, "--tag", "KEY=VALUE", set_tag, AT(tags) },
	{ KEY_ON, RECORDING, "--on", "a list of crash,killed,exit,request", set_on, AT(on) },
	{ KEY_STACKS, RECORDING, "--stacks", "all or crashed", set_stacks, AT(all_stacks) },
	{ 'i', RECORDING, "--interval", "a duration such as 30s", set_interval, AT(interval_ns) },
	{ KEY_MAX_SNAPSHOTS, RECORDING, "--max-snapshots", "a number above 0", set_max_snapshots,
	  AT(max_snapshots) },
	{ KEY_MAX_DISK, RECORDING, "--max-disk", "a size such as 2G", set_max_disk,
	  AT(max_disk_bytes) },
	{ 's', RECORDING, "--ring-size", "a size such as 64M, up to 1T", set_ring_size,
	  AT(ring_bytes) },
	{ KEY_MAX_MEMORY, RECORDING, "--max-memory", "a size such as 512M, from 1M", set_max_memory,
	  AT(max_memory_bytes) },
	{ 'b', RECORDING, "--buffer-size", "a size such as 64M, up to 2G", set_buffer_size,
	  AT(buffer_bytes) },
	{ 'd', RECORDING, "--duration", "a duration such as 30s", set_duration, AT(duration_ns) },
	{ 'q', ANY, "-q", NULL, set_flag, AT(quiet) },
	{ 'v', ANY, "-v", NULL, set_flag, AT(verbose) },
};
