/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "trigger_plan.h"

struct trigger_plan *trigger_plan__new(void)
{
	struct trigger_plan *plan = calloc(1, sizeof(*plan));

	if (plan)
		plan->on = TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST;
	return plan;
}

void trigger_plan__free(struct trigger_plan *plan)
{
	free(plan);
}

static unsigned find_trigger(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum trigger_on bit;
	} triggers[] = {
		{ "crash", TRIGGER_ON_CRASH },
		{ "killed", TRIGGER_ON_KILLED },
		{ "exit", TRIGGER_ON_EXIT },
		{ "request", TRIGGER_ON_REQUEST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(triggers); i++) {
		if (strlen(triggers[i].name) == len && !memcmp(triggers[i].name, name, len))
			return triggers[i].bit;
	}
	return 0;
}

static int add_list(struct trigger_plan *plan, const char *text)
{
	unsigned on = 0;
	size_t len;

	for (const char *item = text;; item += len + 1) {
		unsigned bit;

		len = strcspn(item, ",");
		bit = find_trigger(item, len);
		if (!bit)
			return -EINVAL;
		on |= bit;
		if (!item[len])
			break;
	}
	plan->on = plan->has_list ? plan->on | on : on;
	plan->has_list = true;
	return 0;
}

int trigger_plan__add(struct trigger_plan *plan, const char *text, char *ret_why, size_t why_size)
{
	if (why_size)
		ret_why[0] = '\0';
	return add_list(plan, text);
}
