/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "control_reply.h"
#include "ctl_options.h"
#include "runtime_dir.h"

#define TIMEOUT_MS 60000

static void take(void *ctx, const char *name, int fd, int err)
{
	struct replies *replies = ctx;
	struct reply *reply = &replies->items[replies->cnt];

	if (replies->cnt == sizeof(replies->items) / sizeof(*replies->items)) {
		if (!err)
			close(fd);
		return;
	}
	*reply = (struct reply){ .fd = err ? -1 : fd, .verdict = err };
	(void)snprintf(reply->name, sizeof(reply->name), "%s", name);
	replies->cnt++;
}

/* 0 or -errno; -ENOENT: there is no such directory. */
static int ask_in(const char *dir, struct control_dial *dial)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = control_dial__all(fd, dial);
	close(fd);
	return err;
}

/* Of one that this user may not look into, the first error counts. */
static int ask_everywhere(struct control_dial *dial)
{
	char own[PATH_MAX];
	int err = runtime_dir__find(own), system_err = 0;

	if (err || strcmp(own, RUNTIME_DIR_SYSTEM) != 0)
		system_err = ask_in(RUNTIME_DIR_SYSTEM, dial);
	if (!err)
		err = ask_in(own, dial);
	if (system_err == -EACCES)
		return system_err;
	return err == -ENOENT ? 0 : err;
}

static void read_replies(struct replies *replies)
{
	const uint64_t deadline_ns = clock__now_mono_ns() + TIMEOUT_MS * 1000000ull;

	for (size_t i = 0; i < replies->cnt; i++) {
		struct reply *reply = &replies->items[i];

		if (reply->fd >= 0) {
			reply->verdict = control_reply__read(reply->fd, deadline_ns, &reply->text);
			close(reply->fd);
		}
		if (!reply->text)
			reply->text = strdup("");
		if (!reply->text)
			abort();
	}
}

static void tell_none(int err)
{
	if (err == -EACCES)
		fprintf(stderr,
			"ttlog-ctl: %s: permission denied: only root and members of the group ttlog "
			"can reach its collectors\n",
			RUNTIME_DIR_SYSTEM);
	else if (err)
		fprintf(stderr, "ttlog-ctl: can't look for collectors: %s\n", strerror(-err));
	else
		fputs("ttlog-ctl: no collector is running (see ttlog-collect)\n", stderr);
}

int ask__all(struct replies *replies, const void *request, size_t request_len)
{
	struct control_dial dial = {
		.request = request,
		.request_len = request_len,
		.timeout_ms = TIMEOUT_MS,
		.reached = take,
		.ctx = replies,
	};
	int err;

	replies->cnt = 0;
	err = ask_everywhere(&dial);
	read_replies(replies);
	if (replies->cnt)
		return 0;
	if (!replies->quiet)
		tell_none(err);
	return err ? err : -ENOENT;
}

void replies__fini(struct replies *replies)
{
	for (size_t i = 0; i < replies->cnt; i++)
		free(replies->items[i].text);
	replies->cnt = 0;
}

int ask__command(struct replies *replies, const struct ctl_options *options,
		 enum control_command command, const char *argument, size_t argument_bytes)
{
	const size_t service = strlen(options->service) + 1, target = strlen(options->target) + 1;
	struct control_wire_command wire = {
		.magic = CONTROL_WIRE_COMMAND_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.command = command,
		.pid = options->pid,
		.for_ns = options->for_ns,
		.text_bytes = (uint32_t)(service + target + argument_bytes),
	};
	char packet[CONTROL_WIRE_MAX_BYTES], *at = packet + sizeof(wire);

	replies->cnt = 0;
	if (service + target + argument_bytes > CONTROL_WIRE_TEXTS_BYTES) {
		fputs("ttlog-ctl: the patterns and expressions are too long\n", stderr);
		return -E2BIG;
	}
	memcpy(packet, &wire, sizeof(wire));
	memcpy(at, options->service, service);
	memcpy(at + service, options->target, target);
	if (argument_bytes)
		memcpy(at + service + target, argument, argument_bytes);
	return ask__all(replies, packet, sizeof(wire) + wire.text_bytes);
}

/* ---- what went wrong ---- */

static void print_errors(const struct reply *reply)
{
	const size_t prefix = strlen(CONTROL_ERROR);
	const char *line = reply->text, *end;

	if (reply->verdict < 0) {
		fprintf(stderr, "ttlog-ctl: %s: the collector %s\n", reply->name,
			control_reply__describe(reply->verdict));
		return;
	}
	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (!strncmp(line, CONTROL_ERROR, prefix))
			fprintf(stderr, "ttlog-ctl: %s: %.*s\n", reply->name,
				(int)(end - line - (long)prefix), line + prefix);
	}
}

int replies__tell(const struct replies *replies, const struct ctl_options *options)
{
	bool any_done = false, any_failed = false, usage = false;

	for (size_t i = 0; i < replies->cnt; i++)
		any_done |= replies->items[i].verdict == CONTROL_WIRE_DONE;
	for (size_t i = 0; i < replies->cnt; i++) {
		const struct reply *reply = &replies->items[i];

		if (reply->verdict == CONTROL_WIRE_DONE) {
			/* some of its snapshots could not be written */
			print_errors(reply);
			continue;
		}
		usage |= reply->verdict == CONTROL_WIRE_USAGE;
		/* most collectors don't have the pid; it is enough if one has it */
		if (options->pid && any_done)
			continue;
		print_errors(reply);
		any_failed = true;
	}
	if (usage)
		return 2;
	return any_failed || !any_done;
}
