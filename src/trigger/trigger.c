/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

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
