/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot_counts.h"
#include "trigger.h"

void trigger_reason__of_user(const char *text, char ret[TRIGGER_REASON_BYTES])
{
	const char *prefix = snapshot_reason__of(text) != SNAPSHOT_OTHER ? "user-" : "";

	(void)snprintf(ret, TRIGGER_REASON_BYTES, "%s%s", prefix, text[0] ? text : "request");
}

struct trigger_request *trigger_request__new(const char *reason, uint32_t pid, bool only_new)
{
	struct trigger_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	strncpy(request->reason, reason, sizeof(request->reason) - 1);
	request->pid = pid;
	request->only_new = only_new;
	return request;
}

void trigger_request__free(struct trigger_request *request)
{
	if (!request)
		return;
	free(request->text);
	free(request);
}

void trigger_request__add_line(struct trigger_request *request, const char *line)
{
	size_t len = strlen(line);
	char *text = realloc(request->text, request->text_len + len + 2);

	/* then the answer lacks this line; the snapshot is on disk all the same */
	if (!text)
		return;
	memcpy(text + request->text_len, line, len);
	text[request->text_len + len] = '\n';
	text[request->text_len + len + 1] = '\0';
	request->text = text;
	request->text_len += len + 1;
}
