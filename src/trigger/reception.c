/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "expr_error.h"
#include "format.h"
#include "live.h"
#include "reception.h"
#include "record_filter.h"
#include "trigger.h"

struct control_answer {
	struct control *control;
	uint64_t client;
};

static void refuse(struct control *control, uint64_t client, const char *why)
{
	char line[EXPR_ERROR_PRINT_BYTES + sizeof(CONTROL_ERROR) + 1];

	(void)snprintf(line, sizeof(line), CONTROL_ERROR "%s\n", why);
	(void)control__reply(control, client, line, false);
}

static void answer(struct trigger_request *wish)
{
	struct control_answer *answer = wish->ctx;

	(void)control__reply(answer->control, answer->client, wish->text, wish->made);
	free(answer);
}

static void pass_on_wish(struct control *control, const struct reception *reception,
			 const struct control_request *asked)
{
	struct control_answer *to;
	struct trigger_request *wish;

	if (reception->requests_off) {
		refuse(control, asked->client, "requests are off (--on)");
		return;
	}
	wish = trigger_request__new(asked->reason, asked->pid, false);
	to = calloc(1, sizeof(*to));
	if (!wish || !to) {
		trigger_request__free(wish);
		free(to);
		refuse(control, asked->client, "out of memory");
		return;
	}
	*to = (struct control_answer){ control, asked->client };
	wish->answer = answer;
	wish->ctx = to;
	reception->request(reception->ctx, wish);
}

/* Who has gone meanwhile is told nothing. */
static void pass_on_follower(struct control *control, const struct reception *reception,
			     const struct control_request *asked)
{
	char why[EXPR_ERROR_PRINT_BYTES] = "out of memory";
	struct record_filter *filter;
	int fd;

	if (asked->format < FORMAT_NUMBER) {
		refuse(control, asked->client, "ttlog-view is too old for this collector");
		return;
	}
	filter = record_filter__new(asked->filter, asked->filter_bytes, clock__now_real_ns(), why,
				    sizeof(why));
	if (!filter) {
		refuse(control, asked->client, why);
		return;
	}
	if (live__is_full(reception->live)) {
		refuse(control, asked->client, "too many follow already");
		record_filter__free(filter);
		return;
	}
	fd = control__take(control, asked->client);
	if (fd >= 0 && live__add(reception->live, fd, filter) == 0)
		return;
	if (fd >= 0)
		(void)close(fd);
	record_filter__free(filter);
}

void reception__receive(struct control *control, const struct reception *reception)
{
	struct control_request asked;

	while (control__receive(control, &asked) == 1) {
		if (asked.follows)
			pass_on_follower(control, reception, &asked);
		else
			pass_on_wish(control, reception, &asked);
	}
}
