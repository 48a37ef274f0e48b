/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "control_reply.h"
#include "ctl_options.h"
#include "runtime_dir.h"

#define TIMEOUT_MS 60000

static void tell_none(int err)
{
	if (err == -EACCES)
		fprintf(stderr,
			"ttlog-ctl: %s: permission denied: only root and members of the group ttlog "
			"can reach its collectors\n",
			RUNTIME_DIR_SYSTEM);
	else if (err != -ENOENT)
		fprintf(stderr, "ttlog-ctl: can't look for collectors: %s\n", strerror(-err));
	else
		fputs("ttlog-ctl: no collector is running (see ttlog-collect)\n", stderr);
}

int ask__all(struct replies *replies, const void *request, size_t request_len)
{
	int err;

	control_places__find(&replies->places);
	replies->ask = (struct control_ask){
		.places = &replies->places,
		.request = request,
		.request_len = request_len,
		.timeout_ms = TIMEOUT_MS,
		.most_bytes = SIZE_MAX,
	};
	err = control_ask__all(&replies->ask);
	if (err && !replies->quiet)
		tell_none(err);
	return err;
}

void replies__fini(struct replies *replies)
{
	control_ask__fini(&replies->ask);
}

int ask__command(struct replies *replies, const struct ctl_options *options,
		 enum control_command command, const char *argument, size_t argument_bytes)
{
	const struct control_command_texts texts = {
		.service = options->service,
		.target = options->target,
		.argument = argument,
		.argument_bytes = argument_bytes,
	};
	char packet[CONTROL_WIRE_MAX_BYTES];
	const size_t len =
		control_ask__pack(packet, command, options->pid, options->for_ns, &texts);

	replies->ask.cnt = 0;
	if (!len) {
		fputs("ttlog-ctl: the patterns and expressions are too long\n", stderr);
		return -E2BIG;
	}
	return ask__all(replies, packet, len);
}

/* ---- what went wrong ---- */

static void print_errors(const struct control_told *told)
{
	const size_t prefix = strlen(CONTROL_ERROR);
	const char *line = told->text, *end;

	if (told->verdict < 0) {
		fprintf(stderr, "ttlog-ctl: %s: the collector %s\n", told->name,
			control_reply__describe(told->verdict));
		return;
	}
	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (!strncmp(line, CONTROL_ERROR, prefix))
			fprintf(stderr, "ttlog-ctl: %s: %.*s\n", told->name,
				(int)(end - line - (long)prefix), line + prefix);
	}
}

int replies__tell(const struct replies *replies, const struct ctl_options *options)
{
	bool any_done = false, any_failed = false, usage = false;

	for (size_t i = 0; i < replies->ask.cnt; i++)
		any_done |= replies->ask.told[i].verdict == CONTROL_WIRE_DONE;
	for (size_t i = 0; i < replies->ask.cnt; i++) {
		const struct control_told *told = &replies->ask.told[i];

		if (told->verdict == CONTROL_WIRE_DONE) {
			/* some of its snapshots could not be written */
			print_errors(told);
			continue;
		}
		usage |= told->verdict == CONTROL_WIRE_USAGE;
		/* most collectors don't have the pid; it is enough if one has it */
		if (options->pid && any_done)
			continue;
		print_errors(told);
		any_failed = true;
	}
	if (usage)
		return 2;
	return any_failed || !any_done;
}
