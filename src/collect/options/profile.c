/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "env.h"
#include "parse.h"
#include "profile.h"
#include "settings.h"

#define MIN_CACHE_BYTES ((uint64_t)64 << 10)
#define MAX_CACHE_BYTES ((uint64_t)1 << 30)
#define MIN_CACHE_NS    10000000u

static const struct profile profiles[] = {
	{ .name = "latency", .buffer = "64M", .cache = "256K,10ms", .sync = "100ms" },
	{ .name = "balanced", .buffer = "64M", .cache = "4M,100ms", .sync = "1s" },
	{ .name = "throughput",
	  .buffer = "128M",
	  .cache = "16M,1s",
	  .sync = "segment",
	  .compression = -4 },
	{ .name = "durable", .buffer = "64M", .cache = "1M,20ms", .sync = "batch" },
};

const struct profile *profile__find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

int profile__set(struct env *env, struct argument *arg)
{
	env->profile = profile__find(arg->text);
	return env->profile ? 0 : -EINVAL;
}

int profile__set_sync(struct env *env, struct argument *arg)
{
	uint64_t ns = 0;
	int err = 0;

	if (!strcmp(arg->text, "segment"))
		env->sync = STREAM_SYNC_SEGMENT;
	else if (!strcmp(arg->text, "batch"))
		env->sync = STREAM_SYNC_BATCH;
	else
		err = parse__duration(arg->text, &ns);
	if (err)
		return err;
	if (ns)
		env->sync = STREAM_SYNC_TIME;
	else if (arg->text[0] >= '0' && arg->text[0] <= '9')
		return -ERANGE;
	env->sync_ns = ns;
	return 0;
}

/* SIZE,DURATION */
int profile__set_cache(struct env *env, struct argument *arg)
{
	const char *comma = strchr(arg->text, ',');
	uint64_t bytes, ns;
	char size[32];
	int err;

	if (!comma || comma == arg->text || (size_t)(comma - arg->text) >= sizeof(size))
		return -EINVAL;
	memcpy(size, arg->text, (size_t)(comma - arg->text));
	size[comma - arg->text] = '\0';
	err = parse__size(size, &bytes);
	if (!err)
		err = parse__duration(comma + 1, &ns);
	if (err)
		return err;
	if (bytes < MIN_CACHE_BYTES || bytes > MAX_CACHE_BYTES || ns < MIN_CACHE_NS) {
		(void)snprintf(arg->error, sizeof(arg->error),
			       "'%s' is out of range; from 64K to 1G, and from 10ms", arg->text);
		return -EINVAL;
	}
	env->cache_bytes = bytes;
	env->cache_ns = ns;
	return 0;
}

const char *profile__preset(const struct profile *profile, const struct setting *setting)
{
	switch (setting->key) {
	case 'b':
		return profile->buffer;
	case KEY_WRITE_CACHE:
		return profile->cache;
	case KEY_SYNC:
		return profile->sync;
	default:
		return NULL;
	}
}

int profile__apply(struct env *env)
{
	int err = 0;

	for (size_t i = 0; i < setting_cnt && !err; i++) {
		struct argument argument = {
			.setting = &settings[i],
			.text = profile__preset(env->profile, &settings[i]),
			.member = (char *)env + settings[i].at,
		};

		if (argument.text && !env->used[i])
			err = settings[i].set(env, &argument);
	}
	return err;
}
