/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "control_wire.h"
#include "ctl_options.h"
#include "escape.h"
#include "print.h"
#include "show.h"

int show__answer(FILE *out, const struct ctl_options *options, const char *name, const char *text)
{
	json_error_t error;
	json_t *answer;

	if (options->json) {
		fprintf(out, "%s\n", text);
		return 0;
	}
	answer = json_loads(text, 0, &error);
	if (!answer) {
		fprintf(stderr, "ttlog-ctl: %s: the answer is no JSON: ", name);
		escape__put(stderr, error.text, false);
		fputc('\n', stderr);
		return 1;
	}
	if (options->command == CTL_STATUS)
		print__status(out, answer);
	else if (options->command == CTL_LIST)
		print__list(out, answer);
	else if (options->command == CTL_RELOAD)
		print__reloaded(out, answer);
	else
		print__switched(out, answer);
	json_decref(answer);
	return 0;
}

void show__paths(FILE *out, const char *text)
{
	const char *line = text, *end;

	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (strncmp(line, CONTROL_ERROR, strlen(CONTROL_ERROR)) != 0)
			fprintf(out, "%.*s\n", (int)(end - line), line);
	}
}
