/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "control.h"
#include "control_rights.h"
#include "expr_error.h"
#include "format.h"
#include "live.h"
#include "dispatch.h"
#include "record_filter.h"
#include "trigger.h"

/* At once: other things wait for this thread, too. */
#define MAX_REQUESTS 16

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

static void answer(struct trigger_request *request)
{
	struct control_answer *answer = request->ctx;

	(void)control__reply(answer->control, answer->client, request->text, request->made);
	free(answer);
}

static void pass_on_request(struct control *control, const struct dispatch *dispatch,
			    const struct control_request *asked)
{
	struct control_answer *to;
	struct trigger_request *request;
	char reason[TRIGGER_REASON_BYTES];

	if (dispatch->requests_off) {
		refuse(control, asked->client, "requests are off (--on)");
		return;
	}
	trigger_reason__of_user(asked->reason, reason);
	request = trigger_request__new(reason, asked->pid, false);
	to = calloc(1, sizeof(*to));
	if (!request || !to) {
		trigger_request__free(request);
		free(to);
		refuse(control, asked->client, "out of memory");
		return;
	}
	*to = (struct control_answer){ control, asked->client };
	request->answer = answer;
	request->ctx = to;
	dispatch->request(dispatch->ctx, request);
}

static void add_follower(struct control *control, const struct dispatch *dispatch,
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
	if (live__is_full(dispatch->live)) {
		refuse(control, asked->client, "too many follow already");
		record_filter__free(filter);
		return;
	}
	fd = control__take(control, asked->client);
	if (fd >= 0 && live__add(dispatch->live, fd, filter) == 0)
		return;
	if (fd >= 0)
		(void)close(fd);
	record_filter__free(filter);
}

/* 0: there is no such request. */
static unsigned int right_of(const struct control_request *asked)
{
	static const unsigned int of_command[] = {
		[CONTROL_COMMAND_STATUS] = CONTROL_MAY_STATUS,
		[CONTROL_COMMAND_LIST] = CONTROL_MAY_LIST,
		[CONTROL_COMMAND_LEVEL] = CONTROL_MAY_LEVEL,
		[CONTROL_COMMAND_FILTER] = CONTROL_MAY_FILTER,
		[CONTROL_COMMAND_RELOAD] = CONTROL_MAY_RELOAD,
	};

	switch (asked->kind) {
	case CONTROL_REQUEST_SNAPSHOT:
		return CONTROL_MAY_TRIGGER;
	case CONTROL_REQUEST_FOLLOW:
		return CONTROL_MAY_FOLLOW;
	case CONTROL_REQUEST_COMMAND:
		break;
	}
	return asked->command < ARRAY_SIZE(of_command) ? of_command[asked->command] : 0;
}

/* If not, the client is told. */
static bool may(struct control *control, const struct control_request *asked)
{
	const unsigned int right = right_of(asked);
	char why[160];

	if (right & asked->rights)
		return true;
	if (right)
		(void)snprintf(why, sizeof(why),
			       "not allowed: root may, and who has the right '%s' by --allow",
			       control_right__name((enum control_right)right));
	else
		(void)snprintf(why, sizeof(why),
			       "this collector (" TTLOG_VERSION ") does not know the command");
	refuse(control, asked->client, why);
	return false;
}

void dispatch__requests(struct control *control, const struct dispatch *dispatch)
{
	struct control_request asked;

	for (int i = 0; i < MAX_REQUESTS && control__receive(control, &asked) == 1; i++) {
		if (!may(control, &asked))
			continue;
		switch (asked.kind) {
		case CONTROL_REQUEST_SNAPSHOT:
			pass_on_request(control, dispatch, &asked);
			break;
		case CONTROL_REQUEST_FOLLOW:
			add_follower(control, dispatch, &asked);
			break;
		case CONTROL_REQUEST_COMMAND:
			dispatch->command(dispatch->command_ctx, &asked);
			break;
		}
	}
}
