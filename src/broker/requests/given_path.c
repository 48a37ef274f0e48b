/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
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

/* Asks no server of the file system. */
static int device_of(int fd, uint64_t *ret)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &status))
		return -errno;
	*ret = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor;
	return 0;
}

static int open_below(int state_fd)
{
	const int path_fd =
		openat(state_fd, SHIPPED_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t devices[2];
	int fd = path_fd < 0 ? -errno : device_of(state_fd, &devices[0]);

	if (!fd)
		fd = device_of(path_fd, &devices[1]);
	if (!fd && devices[0] != devices[1])
		fd = -EXDEV;
	if (!fd) {
		fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (path_fd >= 0)
		(void)close(path_fd);
	return fd;
}

/* Without openat2(), which RestrictSUIDSGID of systemd takes away. */
static int open_shipped(const char *state)
{
	const int state_fd = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (state_fd < 0)
		return -errno;
	fd = open_below(state_fd);
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
