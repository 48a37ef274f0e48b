/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "env.h"
#include "out_dir.h"
#include "site_filter.h"
#include "trigger.h"

int env__init(struct env *env)
{
	*env = (struct env){
		.site_filter = site_filter__new(),
		.output_dir = ENV_OUTPUT_DIR,
		.ring_bytes = 64u << 20,
		.buffer_bytes = 64u << 20,
		.group = OUT_DIR_NO_GROUP,
		.on = TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST,
		.all_stacks = true,
	};
	return env->site_filter ? 0 : -ENOMEM;
}

void env__fini(struct env *env)
{
	free(env->pids);
	env->pids = NULL;
	tags__fini(&env->tags);
	site_filter__free(env->site_filter);
	env->site_filter = NULL;
}
