/* SPDX-License-Identifier: MIT */
/*
 * ttlog-ctl: asks the collectors on this machine, or on many, and changes what they do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "ctl_options.h"
#include "machines.h"
#include "print.h"
#include "show.h"
#include "top.h"

/* The arguments, each zero-terminated; the caller frees them. NULL: no memory. */
static char *join_arguments(const struct ctl_options *options, size_t *ret_bytes)
{
	size_t bytes = 0;
	char *text, *at;

	for (size_t i = 0; i < options->argument_cnt; i++)
		bytes += strlen(options->arguments[i]) + 1;
	text = at = malloc(bytes + 1);
	for (size_t i = 0; text && i < options->argument_cnt; i++)
		at = stpcpy(at, options->arguments[i]) + 1;
	*ret_bytes = bytes;
	return text;
}

/* The worse one: 2 is more than 1. */
static int combine(int a, int b)
{
	return a > b ? a : b;
}

static int command(const struct ctl_options *options, enum control_command number,
		   struct replies *replies)
{
	size_t bytes;
	char *arguments = join_arguments(options, &bytes);
	int status = 0;

	if (!arguments || ask__command(replies, options, number, arguments, bytes)) {
		free(arguments);
		return 1;
	}
	free(arguments);
	if (options->command == CTL_LIST && !options->json)
		print__list_heads(stdout);
	for (size_t i = 0; i < replies->ask.cnt; i++) {
		if (replies->ask.told[i].verdict == CONTROL_WIRE_DONE)
			status |= show__answer(stdout, options, replies->ask.told[i].name,
					       replies->ask.told[i].text);
	}
	return combine(status, replies__tell(replies, options));
}

static int trigger(const struct ctl_options *options, struct replies *replies)
{
	struct control_wire_request wire = {
		.magic = CONTROL_WIRE_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.pid = options->pid,
	};

	(void)snprintf(wire.reason, CONTROL_REASON_BYTES, "%s", options->arguments[0]);
	if (ask__all(replies, &wire, sizeof(wire)))
		return 1;
	for (size_t i = 0; i < replies->ask.cnt; i++)
		show__paths(stdout, replies->ask.told[i].text);
	return replies__tell(replies, options);
}

static int run(const struct ctl_options *options)
{
	static struct replies replies;
	int status = 1;

	switch (options->command) {
	case CTL_STATUS:
		status = command(options, CONTROL_COMMAND_STATUS, &replies);
		break;
	case CTL_LIST:
		status = command(options, CONTROL_COMMAND_LIST, &replies);
		break;
	case CTL_LEVEL:
		status = command(options, CONTROL_COMMAND_LEVEL, &replies);
		break;
	case CTL_FILTER:
		status = command(options, CONTROL_COMMAND_FILTER, &replies);
		break;
	case CTL_RELOAD:
		status = command(options, CONTROL_COMMAND_RELOAD, &replies);
		break;
	case CTL_TRIGGER:
		status = trigger(options, &replies);
		break;
	case CTL_TOP:
		return top__run(options);
	}
	replies__fini(&replies);
	return status;
}

int main(int argc, char **argv)
{
	struct ctl_options options;
	int status;

	ctl_options__parse(&options, argc, argv);
	status = options.at ? machines__ask(&options) : run(&options);
	free(options.arguments);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "ttlog-ctl: can't write: %s\n", strerror(errno));
		return 1;
	}
	return status;
}
