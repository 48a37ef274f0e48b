/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect --trigger REASON`: the client's end of the control socket.
 *
 * All collectors are asked first, so they work at the same time. Then their replies are read one
 * after another.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control_dial.h"
#include "control_reply.h"
#include "control_wire.h"

/* A collector that has been asked. */
struct peer {
	char name[CONTROL_DIAL_NAME_BYTES];
	int fd;
};

struct peers {
	const struct control_trigger *trigger;
	int dir_fd;
	size_t cnt;
	struct peer peers[CONTROL_DIAL_MAX];
	char *errors; /* in memory: printed at the end, or not at all */
	size_t errors_len;
	FILE *errors_file;
	bool done;
};

static void take_answerer(void *ctx, const char *name, int fd, int err)
{
	struct peers *peers = ctx;
	struct peer *peer = &peers->peers[peers->cnt];

	if (err) {
		fprintf(peers->errors_file, "%s: can't be asked: %s\n", name, strerror(-err));
		return;
	}
	(void)snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->fd = fd;
	peers->cnt++;
}

static int ask_all(struct peers *peers)
{
	const struct control_trigger *trigger = peers->trigger;
	struct control_wire_request wire = {
		.magic = CONTROL_WIRE_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.pid = trigger->pid,
	};
	const struct control_dial dial = {
		.request = &wire,
		.request_len = sizeof(wire),
		.timeout_ms = trigger->timeout_ms,
		.reached = take_answerer,
		.ctx = peers,
	};

	memcpy(wire.reason, trigger->reason, strnlen(trigger->reason, CONTROL_REASON_BYTES - 1));
	return control_dial__all(peers->dir_fd, &dial);
}

static void print_lines(struct peers *peers, char *text, FILE *out)
{
	size_t prefix = strlen(CONTROL_ERROR);
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (!strncmp(line, CONTROL_ERROR, prefix))
			fprintf(peers->errors_file, "%s\n", line + prefix);
		else
			fprintf(out, "%s\n", line);
	}
}

static void read_replies(struct peers *peers, FILE *out)
{
	const uint64_t deadline_ns = clock__now_mono_ns() + peers->trigger->timeout_ms * 1000000ull;

	for (size_t i = 0; i < peers->cnt; i++) {
		struct peer *peer = &peers->peers[i];
		char *text;
		int verdict =
			control_reply__read(peer->fd, deadline_ns, CONTROL_REPLY_MAX_BYTES, &text);

		if (text)
			print_lines(peers, text, out);
		if (verdict == CONTROL_WIRE_DONE)
			peers->done = true;
		else if (verdict < 0)
			fprintf(peers->errors_file, "%s: the collector %s\n", peer->name,
				control_reply__describe(verdict));
		close(peer->fd);
		free(text);
	}
}

static int trigger_all(struct peers *peers, FILE *out)
{
	int err = ask_all(peers);

	read_replies(peers, out);
	if (fflush(out))
		err = -errno;
	if (fclose(peers->errors_file))
		err = -ENOMEM;
	return err;
}

int control__trigger(const char *dir, const struct control_trigger *trigger, FILE *out,
		     FILE *errors)
{
	struct peers peers = { .trigger = trigger };
	int err = 0;

	peers.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (peers.dir_fd < 0 && errno != ENOENT) {
		fprintf(errors, "ttlog-collect: %s: %s\n", dir, strerror(errno));
		return 1;
	}
	peers.errors_file = peers.dir_fd < 0 ? NULL
					     : open_memstream(&peers.errors, &peers.errors_len);
	if (peers.errors_file)
		err = trigger_all(&peers, out);
	if (err)
		fprintf(errors, "ttlog-collect: %s: %s\n", dir, strerror(-err));
	/* most collectors don't have the pid; it is enough if one has it */
	if (peers.errors && (!trigger->pid || !peers.done))
		fputs(peers.errors, errors);
	if (!peers.cnt && !err && !peers.errors_len)
		fprintf(errors, "ttlog-collect: no collector is running (none listens in %s)\n",
			dir);
	free(peers.errors);
	if (peers.dir_fd >= 0)
		close(peers.dir_fd);
	return peers.done ? 0 : 1;
}
