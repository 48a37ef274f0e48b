/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "given_path.h"
#include "shipped_dir.h"

static bool may_look(const struct broker_task *task)
{
	return !task->peer->policy->is_strict || task->peer->policy->watches_path;
}

int given_path__serve_watch(const struct broker_task *task, struct broker_result *ret)
{
	int watch;

	if (!may_look(task) || task->fd_cnt != 1)
		return -EPERM;
	watch = inotify_add_watch(task->fds[0], task->payload, (uint32_t)task->request->args[0]);
	if (watch < 0)
		return -errno;
	ret->value = (uint64_t)watch;
	return 0;
}

int given_path__serve_link(const struct broker_task *task, struct broker_result *ret)
{
	ssize_t len;

	if (!may_look(task))
		return -EPERM;
	len = readlink(task->payload, ret->payload, sizeof(ret->payload));
	if (len < 0)
		return -errno;
	ret->bytes = (size_t)len;
	return 0;
}

int given_path__serve_exists(const struct broker_task *task, struct broker_result *ret)
{
	(void)ret;
	if (!may_look(task))
		return -EPERM;
	return access(task->payload, F_OK) ? -errno : 0;
}

static int open_shipped(const char *state)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_XDEV };
	const int state_fd = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (state_fd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, state_fd, SHIPPED_DIR, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	(void)close(state_fd);
	return fd;
}

int given_path__serve_shipped(const struct broker_task *task, struct broker_result *ret)
{
	const struct broker_policy *policy = task->peer->policy;
	const char *state = policy->is_strict ? policy->shipped_state : task->payload;
	const int fd = state ? open_shipped(state) : -EPERM;

	if (fd < 0)
		return fd;
	ret->fd = fd;
	return 0;
}

int given_path__watch(int inotify_fd, const char *dir, uint32_t mask)
{
	struct broker_call call = {
		.request = { .op = BROKER_WATCH_PATH, .args = { mask } },
		.payload = dir,
		.payload_bytes = strlen(dir),
		.fds = { inotify_fd },
		.fd_cnt = 1,
	};
	int err = broker__call(&call);

	return err ? err : (int)call.ret_value;
}

ssize_t given_path__read_link(const char *path, char *ret, size_t room)
{
	return broker__read_text(BROKER_READ_GIVEN_LINK, path, ret, room);
}

bool given_path__exists(const char *path)
{
	struct broker_call call = {
		.request.op = BROKER_HAS_PATH,
		.payload = path,
		.payload_bytes = strlen(path),
	};

	return !broker__call(&call);
}

int given_path__open_shipped(const char *state)
{
	struct broker_call call = {
		.request.op = BROKER_OPEN_SHIPPED,
		.payload = state,
		.payload_bytes = strlen(state),
	};
	const int err = broker__call(&call);

	return err ? err : call.ret_fd;
}
