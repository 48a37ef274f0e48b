/* SPDX-License-Identifier: MIT */
/*
 * The child is forked, not started anew: it has this process's memory, but no way to tell of it but
 * its answers, which only go to the user of this process.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <libelf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build_id.h"
#include "clock.h"
#include "dwarf_file.h"
#include "dwarf_names.h"
#include "name_child.h"
#include "parser_rights.h"

#define PROCESS_NAME     "ttlog-name"
#define NS_PER_MS        1000000ull
#define EXIT_OTHER_BUILD 3
#define EXIT_NO_ADDRESS  4

/* ---- The child ---- */

struct teller {
	int socket;
	uint32_t place;
	unsigned cnt;
};

static void tell(void *ctx, const struct dwarf_name *name)
{
	struct teller *teller = ctx;
	struct name_told told = { .place = teller->place, .is_inlined = name->is_inlined };

	if (teller->cnt++ >= NAME_CHILD_INLINED && name->is_inlined)
		return;
	/* cut, so that the offset fits after the name of a template */
	if (name->symbol && !name->is_inlined)
		(void)snprintf(told.symbol, sizeof(told.symbol), "%.1900s+0x%" PRIx64, name->symbol,
			       name->offset);
	else if (name->is_inlined)
		(void)snprintf(told.symbol, sizeof(told.symbol), "%s",
			       name->symbol ? name->symbol : "(inlined)");
	if (name->file) {
		(void)snprintf(told.file, sizeof(told.file), "%s", name->file);
		told.line = name->line;
	}
	if (send(teller->socket, &told, sizeof(told), MSG_NOSIGNAL) != sizeof(told))
		_exit(1);
}

static void check_build_id(int fd, const char *build_id)
{
	char found[41];

	if (fd >= 0 && (build_id__read(fd, found) || strcmp(found, build_id)))
		_exit(EXIT_OTHER_BUILD);
}

_Noreturn static void run(const struct name_work *work, int socket)
{
	const bool is_debug = work->fd < 0;
	struct teller teller = { .socket = socket };
	struct dwarf_file file;
	size_t found = 0;

	parser_rights__drop(PROCESS_NAME);
	check_build_id(work->fd, work->build_id);
	check_build_id(work->debug_fd, work->build_id);
	(void)elf_version(EV_CURRENT);
	if (dwarf_file__init(&file, "program", is_debug ? work->debug_fd : work->fd,
			     is_debug ? -1 : work->debug_fd))
		_exit(1);
	for (size_t i = 0; file.names && i < work->cnt; i++) {
		const struct name_place *place = &work->places[i];
		const uint64_t offset = place->offset - place->is_call;
		struct dwarf_step step = { .is_call = place->is_call };

		if (is_debug ? dwarf_file__address_by_debug(&file, offset, &step.ip)
			     : dwarf_file__address(&file, offset, &step.ip))
			continue;
		found++;
		step.ip += place->is_call;
		teller.place = (uint32_t)i;
		teller.cnt = 0;
		dwarf_names__each(file.names, &step, true, tell, &teller);
	}
	_exit(found ? 0 : EXIT_NO_ADDRESS);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* It has no other descriptors. */
static void close_others(const struct name_work *work, int socket)
{
	int kept[] = { work->fd, work->debug_fd, socket };
	int from = 0;

	qsort(kept, sizeof(kept) / sizeof(kept[0]), sizeof(kept[0]), compare);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (kept[i] > from)
			(void)close_range((unsigned)from, (unsigned)kept[i] - 1, 0);
		from = kept[i] < 0 ? from : kept[i] + 1;
	}
	(void)close_range((unsigned)from, UINT_MAX, 0);
}

/* ---- The parent ---- */

static bool is_sound(const struct name_work *work, struct name_told *told)
{
	told->symbol[sizeof(told->symbol) - 1] = '\0';
	told->file[sizeof(told->file) - 1] = '\0';
	return told->place < work->cnt;
}

/* Until the child has closed its end. */
static int listen_to(int socket, const struct name_work *work,
		     bool (*take)(void *to, const struct name_told *told), void *to)
{
	const uint64_t end_ns = clock__now_mono_ns() + NAME_CHILD_MAX_S * 1000 * NS_PER_MS;
	struct pollfd waiting = { .fd = socket, .events = POLLIN };
	struct name_told told;

	for (;;) {
		const uint64_t now_ns = clock__now_mono_ns();
		ssize_t len;

		if (now_ns >= end_ns)
			return -ETIME;
		if (poll(&waiting, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1) <= 0)
			continue;
		len = recv(socket, &told, sizeof(told), MSG_DONTWAIT);
		if (!len)
			return 0;
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (len != sizeof(told) || !is_sound(work, &told))
			return -EBADMSG;
		if (!take(to, &told))
			return -ENOMEM;
	}
}

static int end(pid_t pid, int err)
{
	int status = 0;

	if (err)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err)
		return err;
	switch (WIFEXITED(status) ? WEXITSTATUS(status) : -1) {
	case 0:
		return 0;
	case EXIT_OTHER_BUILD:
		return -ESTALE;
	case EXIT_NO_ADDRESS:
		return -ENXIO;
	default:
		return -EBADMSG;
	}
}

int name_child__run(const struct name_work *work,
		    bool (*take)(void *to, const struct name_told *told), void *to)
{
	int ends[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = fork();
	if (!pid) {
		close_others(work, ends[1]);
		run(work, ends[1]);
	}
	(void)close(ends[1]);
	err = pid < 0 ? -EAGAIN : listen_to(ends[0], work, take, to);
	(void)close(ends[0]);
	return pid < 0 ? err : end(pid, err);
}
