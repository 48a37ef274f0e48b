/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "env.h"
#include "foreign_probes.h"
#include "out_dir.h"
#include "profile.h"
#include "settings.h"
#include "site_filter.h"
#include "trigger_plan.h"

int env__init(struct env *env)
{
	int err = 0;

	*env = (struct env){
		.site_filter = site_filter__new(),
		.triggers = trigger_plan__new(),
		.group = OUT_DIR_NO_GROUP,
	};
	if (!env->site_filter || !env->triggers)
		return -ENOMEM;
	for (size_t i = 0; i < setting_cnt && !err; i++) {
		struct argument argument = {
			.setting = &settings[i],
			.text = settings[i].preset,
			.member = (char *)env + settings[i].at,
		};

		if (argument.text)
			err = settings[i].set(env, &argument);
	}
	env->triggers->has_list = false;
	return err ? err : profile__apply(env);
}

void env__fini(struct env *env)
{
	free(env->pids);
	env->pids = NULL;
	tags__fini(&env->tags);
	redact__fini(&env->redact);
	foreign_probes__free(env->foreign);
	given_list__fini(&env->by_user);
	given_list__fini(&env->by_files);
	target_list__fini(&env->targets);
	control_rights__fini(&env->rights);
	target_list__fini(&env->chosen);
	site_filter__free(env->site_filter);
	env->site_filter = NULL;
	trigger_plan__free(env->triggers);
	env->triggers = NULL;
}
