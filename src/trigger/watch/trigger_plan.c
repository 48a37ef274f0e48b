/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "clock.h"
#include "expr_error.h"
#include "parse.h"
#include "record_filter.h"
#include "trigger_plan.h"

/* What watches begin with. */
#define FILL_WORD  "fill"
#define EVENT_WORD "event:"
#define SLOW_WORD  "slow:"

struct trigger_plan *trigger_plan__new(void)
{
	struct trigger_plan *plan = calloc(1, sizeof(*plan));

	if (plan)
		plan->on = TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST;
	return plan;
}

static void watch__fini(struct trigger_watch *watch)
{
	free(watch->text);
	free(watch->probe);
	record_filter__free(watch->filter);
}

void trigger_plan__free(struct trigger_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->watch_cnt; i++)
		watch__fini(&plan->watches[i]);
	free(plan);
}

/* ---- lists ---- */

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

/* ---- watches ---- */

/* "fill>90%" */
static int parse_fill(struct trigger_watch *watch, const char *text, struct expr_error *ret)
{
	const size_t at = strlen(FILL_WORD);
	unsigned percent = 0;
	const char *end = text + at;

	if (*end == '>')
		end++;
	for (; ascii__is_digit(*end) && percent <= 100; end++)
		percent = percent * 10 + (unsigned)(*end - '0');
	if (strcmp(end, "%") != 0)
		return expr_error__set(ret, at, strlen(text) - at,
				       "this takes a percentage: fill>90%%");
	if (percent < 1 || percent > 100)
		return expr_error__set(ret, at + 1, strlen(text) - at - 1,
				       "the percentage must be from 1 to 100");
	watch->kind = WATCH_FILL;
	watch->percent = percent;
	return 0;
}

/* "slow:handle_*>100ms" */
static int parse_slow(struct trigger_watch *watch, const char *text, struct expr_error *ret)
{
	const size_t at = strlen(SLOW_WORD);
	const char *probe = text + at, *sign = strrchr(probe, '>');
	int err;

	if (!sign || sign == probe)
		return expr_error__set(ret, at, strlen(probe),
				       "this takes a probe and a duration: slow:handle_*>100ms");
	err = parse__duration(sign + 1, &watch->duration_ns);
	if (err)
		return expr_error__set(ret, (size_t)(sign + 1 - text), strlen(sign + 1),
				       err == -ERANGE ? "the duration is out of range"
						      : "'%.60s' is not a duration such as 100ms",
				       sign + 1);
	watch->kind = WATCH_SLOW;
	watch->probe = strndup(probe, (size_t)(sign - probe));
	return watch->probe ? 0 : -ENOMEM;
}

static int parse_event(struct trigger_watch *watch, const char *text, char *ret_why,
		       size_t why_size)
{
	const char *expr = text + strlen(EVENT_WORD);

	watch->kind = WATCH_EVENT;
	watch->filter =
		record_filter__new(expr, strlen(expr) + 1, clock__now_real_ns(), ret_why, why_size);
	return watch->filter ? 0 : -errno;
}

static bool begins_with(const char *text, const char *word)
{
	return !strncmp(text, word, strlen(word));
}

static int parse_watch(struct trigger_watch *watch, const char *text, char *ret_why,
		       size_t why_size)
{
	struct expr_error error;
	int err;

	if (begins_with(text, EVENT_WORD))
		return parse_event(watch, text, ret_why, why_size);
	err = begins_with(text, SLOW_WORD) ? parse_slow(watch, text, &error)
					   : parse_fill(watch, text, &error);
	if (err == -EINVAL)
		expr_error__print(&error, text, ret_why, why_size);
	return err;
}

static int add_watch(struct trigger_plan *plan, const char *text, char *ret_why, size_t why_size)
{
	struct trigger_watch *watch = &plan->watches[plan->watch_cnt];
	int err;

	if (plan->watch_cnt == TRIGGER_WATCHES_MAX) {
		(void)snprintf(ret_why, why_size,
			       "there can be no more than %u of fill, event, slow",
			       TRIGGER_WATCHES_MAX);
		return -EINVAL;
	}
	*watch = (struct trigger_watch){ .text = strdup(text) };
	err = watch->text ? parse_watch(watch, text, ret_why, why_size) : -ENOMEM;
	if (err)
		watch__fini(watch);
	else
		plan->watch_cnt++;
	return err;
}

int trigger_plan__add(struct trigger_plan *plan, const char *text, char *ret_why, size_t why_size)
{
	if (why_size)
		ret_why[0] = '\0';
	if (begins_with(text, FILL_WORD) || begins_with(text, EVENT_WORD) ||
	    begins_with(text, SLOW_WORD))
		return add_watch(plan, text, ret_why, why_size);
	return add_list(plan, text);
}
