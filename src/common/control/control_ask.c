/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "control_ask.h"
#include "control_reply.h"
#include "runtime_dir.h"

void control_places__find(struct control_places *ret)
{
	ret->own_err = runtime_dir__find(ret->own);
	if (ret->own_err)
		ret->own[0] = '\0';
}

static void take(void *ctx, const char *name, int fd, int err)
{
	struct control_ask *ask = ctx;
	struct control_told *told = &ask->told[ask->cnt];

	if (ask->cnt == ARRAY_SIZE(ask->told)) {
		if (!err)
			close(fd);
		return;
	}
	*told = (struct control_told){ .fd = err ? -1 : fd, .verdict = err };
	(void)snprintf(told->name, sizeof(told->name), "%s", name);
	ask->cnt++;
}

/* 0 or -errno; -ENOENT: there is no such directory. */
static int ask_in(const char *dir, const struct control_dial *dial)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = control_dial__all(fd, dial);
	close(fd);
	return err;
}

/* Of one that this user may not look into, the first error counts. */
static int ask_everywhere(const struct control_places *places, const struct control_dial *dial)
{
	int err = places->own_err, system_err = 0;

	if (err || strcmp(places->own, RUNTIME_DIR_SYSTEM) != 0)
		system_err = ask_in(RUNTIME_DIR_SYSTEM, dial);
	if (!err)
		err = ask_in(places->own, dial);
	if (system_err == -EACCES)
		return system_err;
	return err == -ENOENT ? 0 : err;
}

static void read_replies(struct control_ask *ask)
{
	const uint64_t deadline_ns = clock__now_mono_ns() + ask->timeout_ms * UINT64_C(1000000);
	size_t left = ask->most_bytes;

	for (size_t i = 0; i < ask->cnt; i++) {
		struct control_told *told = &ask->told[i];

		if (told->fd >= 0) {
			told->verdict =
				control_reply__read(told->fd, deadline_ns, left, &told->text);
			close(told->fd);
		}
		if (!told->text)
			told->text = strdup("");
		if (!told->text)
			abort();
		left -= strlen(told->text);
	}
}

int control_ask__all(struct control_ask *ask)
{
	const struct control_dial dial = {
		.request = ask->request,
		.request_len = ask->request_len,
		.timeout_ms = ask->timeout_ms,
		.reached = take,
		.ctx = ask,
	};
	int err;

	ask->cnt = 0;
	err = ask_everywhere(ask->places, &dial);
	read_replies(ask);
	if (ask->cnt)
		return 0;
	return err ? err : -ENOENT;
}

void control_ask__fini(struct control_ask *ask)
{
	for (size_t i = 0; i < ask->cnt; i++)
		free(ask->told[i].text);
	ask->cnt = 0;
}

size_t control_ask__pack(char ret[CONTROL_WIRE_MAX_BYTES], enum control_command command,
			 uint32_t pid, uint64_t for_ns, const struct control_command_texts *texts)
{
	const size_t service = strlen(texts->service) + 1, target = strlen(texts->target) + 1;
	const struct control_wire_command wire = {
		.magic = CONTROL_WIRE_COMMAND_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.command = command,
		.pid = pid,
		.for_ns = for_ns,
		.text_bytes = (uint32_t)(service + target + texts->argument_bytes),
	};
	char *at = ret + sizeof(wire);

	if (service + target + texts->argument_bytes > CONTROL_WIRE_TEXTS_BYTES)
		return 0;
	memcpy(ret, &wire, sizeof(wire));
	memcpy(at, texts->service, service);
	memcpy(at + service, texts->target, target);
	if (texts->argument_bytes)
		memcpy(at + service + target, texts->argument, texts->argument_bytes);
	return sizeof(wire) + wire.text_bytes;
}
