/* SPDX-License-Identifier: MIT */
/*
 * Both sides; what the broker allows is in out_guard.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "broker_server.h"
#include "dir_calls.h"
#include "out_dir.h"
#include "output_dir.h"
#include "out_guard.h"

/* ---- the broker's side ---- */

static int error_of(int result)
{
	return result < 0 ? -errno : 0;
}

/* The first or the second string of a payload; "" if there is none. */
static const char *text(const struct broker_task *task, size_t i)
{
	const size_t first = strlen(task->payload) + 1;

	if (!i)
		return task->payload;
	return first <= task->bytes ? task->payload + first : "";
}

static bool is_strict(const struct broker_task *task)
{
	return task->peer->policy->is_strict;
}

/* The group of a request counts only if nothing is checked. */
static gid_t group_of(const struct broker_task *task)
{
	return is_strict(task) ? task->peer->policy->group : (gid_t)task->request->args[0];
}

/* That so many descriptors were given, and the directory is the right one. */
static int check_dir(const struct broker_task *task, size_t fd_cnt)
{
	if (task->fd_cnt < fd_cnt)
		return -EBADF;
	return is_strict(task) ? out_guard__check_dir(task->peer->policy->out_dir, task->fds[0])
			       : 0;
}

/* The same, and its names. */
static int check(const struct broker_task *task, size_t fd_cnt, size_t name_cnt)
{
	int err = check_dir(task, fd_cnt);

	for (size_t i = 0; !err && is_strict(task) && i < name_cnt; i++)
		err = out_guard__check_name(text(task, i));
	return err;
}

int output_dir__serve_open_dir(const struct broker_task *task, struct broker_result *ret)
{
	const char *path = task->payload;
	int fd, err = 0;

	if (is_strict(task)) {
		path = task->peer->policy->out_dir;
		err = path && out_guard__may_open_dir() ? 0 : -EPERM;
	}
	if (err)
		return err;
	fd = out_dir__open_here(path, group_of(task), ret->payload);
	if (fd >= 0 && is_strict(task))
		err = out_guard__set_dir(ret->payload, fd);
	if (fd < 0 || err) {
		if (fd >= 0)
			(void)close(fd);
		return fd < 0 ? fd : err;
	}
	ret->fd = fd;
	ret->bytes = strlen(ret->payload) + 1;
	return 0;
}

int output_dir__serve_find_new(const struct broker_task *task, struct broker_result *ret)
{
	char path[PATH_MAX] = "";
	int err = check_dir(task, 1), fd;

	if (err)
		return err;
	if (is_strict(task))
		out_guard__path(path);
	else
		(void)snprintf(path, sizeof(path), "%s", task->payload);
	err = out_dir__find_new(path, group_of(task), task->fds[0], &fd);
	if (err)
		return err;
	if (is_strict(task))
		err = out_guard__set_dir(path, fd);
	if (err)
		(void)close(fd);
	else
		ret->fd = fd;
	return err;
}

int output_dir__serve_open(const struct broker_task *task, struct broker_result *ret)
{
	const int flags = (int)task->request->args[0];
	const mode_t mode = (mode_t)task->request->args[1];
	int err = check_dir(task, 1), fd;

	if (err)
		return err;
	if (is_strict(task)) {
		fd = out_guard__open(task->fds[0], text(task, 0), flags, mode);
	} else {
		fd = dir_calls__plain.open(task->fds[0], text(task, 0), flags, mode);
		if (fd < 0)
			fd = -errno;
	}
	if (fd < 0)
		return fd;
	ret->fd = fd;
	return 0;
}

int output_dir__serve_look(const struct broker_task *task, struct broker_result *ret)
{
	struct stat st;
	int err = check(task, 1, 1);

	if (!err)
		err = error_of(dir_calls__plain.look(task->fds[0], text(task, 0), &st));
	if (err)
		return err;
	memcpy(ret->payload, &st, sizeof(st));
	ret->bytes = sizeof(st);
	return 0;
}

int output_dir__serve_unlink(const struct broker_task *task, struct broker_result *ret)
{
	int err = check(task, 1, 1);

	(void)ret;
	return err ? err : error_of(dir_calls__plain.unlink(task->fds[0], text(task, 0)));
}

int output_dir__serve_link(const struct broker_task *task, struct broker_result *ret)
{
	int err = check(task, 1, 2);

	(void)ret;
	return err ? err
		   : error_of(dir_calls__plain.link(task->fds[0], text(task, 0), text(task, 1)));
}

int output_dir__serve_link_unnamed(const struct broker_task *task, struct broker_result *ret)
{
	int err = check(task, 2, 1);

	(void)ret;
	if (!err && is_strict(task))
		err = out_guard__check_unnamed(task->fds[1]);
	return err ? err
		   : error_of(dir_calls__plain.link_unnamed(task->fds[0], task->fds[1],
							    text(task, 0)));
}

int output_dir__serve_rename(const struct broker_task *task, struct broker_result *ret)
{
	const unsigned flags = (unsigned)task->request->args[0];
	int err = check(task, 1, 2);

	(void)ret;
	if (!err && is_strict(task) && (flags & ~(unsigned)RENAME_NOREPLACE))
		err = -EPERM;
	return err ? err
		   : error_of(dir_calls__plain.rename(task->fds[0], text(task, 0), text(task, 1),
						      flags));
}

int output_dir__serve_set_attribute(const struct broker_task *task, struct broker_result *ret)
{
	const char *name = text(task, 0);
	const size_t at = strlen(name) + 1;
	int err = task->fd_cnt && at <= task->bytes ? 0 : -EBADF;

	(void)ret;
	if (!err && is_strict(task))
		err = out_guard__check_attribute(task->peer->policy->out_dir, task->fds[0], name);
	return err ? err
		   : error_of(dir_calls__plain.set_attribute(task->fds[0], name, task->payload + at,
							     task->bytes - at));
}

int output_dir__serve_share(const struct broker_task *task, struct broker_result *ret)
{
	int err = task->fd_cnt ? 0 : -EBADF;

	(void)ret;
	if (!err && is_strict(task))
		err = group_of(task) == OUT_DIR_NO_GROUP ? -EPERM
							 : out_guard__check_own(task->fds[0]);
	return err ? err : error_of(dir_calls__plain.share(task->fds[0], group_of(task)));
}

/* ---- the recorder's side ---- */

struct names {
	char bytes[2 * (NAME_MAX + 1)];
	size_t len;
};

/* As a system call: -1 with errno. */
static int ask(struct broker_call *call)
{
	int err = broker__call(call);

	if (!err)
		return 0;
	if (call->ret_fd >= 0)
		(void)close(call->ret_fd);
	errno = -err;
	return -1;
}

/* second: NULL: there is one. */
static int put_names(struct names *names, const char *first, const char *second)
{
	const size_t first_len = strlen(first) + 1, second_len = second ? strlen(second) + 1 : 0;

	if (first_len > NAME_MAX + 1 || second_len > NAME_MAX + 1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(names->bytes, first, first_len);
	if (second)
		memcpy(names->bytes + first_len, second, second_len);
	names->len = first_len + second_len;
	return 0;
}

/* fills in what all have that are about names in the directory */
static int ask_by_name(struct broker_call *call, int dir_fd, const char *first, const char *second)
{
	struct names names;

	if (put_names(&names, first, second))
		return -1;
	call->payload = names.bytes;
	call->payload_bytes = names.len;
	call->fds[0] = dir_fd;
	if (!call->fd_cnt)
		call->fd_cnt = 1;
	return ask(call);
}

static int ask_open(int dir_fd, const char *name, int flags, mode_t mode)
{
	struct broker_call call = {
		.request = { .op = BROKER_OUT_OPEN, .args = { (uint64_t)flags, mode } },
	};

	return ask_by_name(&call, dir_fd, name, NULL) ? -1 : call.ret_fd;
}

static int ask_look(int dir_fd, const char *name, struct stat *ret)
{
	struct stat st = { 0 };
	struct broker_call call = {
		.request.op = BROKER_OUT_LOOK,
		.ret = &st,
		.ret_room = sizeof(st),
	};

	if (ask_by_name(&call, dir_fd, name, NULL))
		return -1;
	*ret = st;
	return 0;
}

static int ask_unlink(int dir_fd, const char *name)
{
	struct broker_call call = { .request.op = BROKER_OUT_UNLINK };

	return ask_by_name(&call, dir_fd, name, NULL);
}

static int ask_link(int dir_fd, const char *from, const char *to)
{
	struct broker_call call = { .request.op = BROKER_OUT_LINK };

	return ask_by_name(&call, dir_fd, from, to);
}

static int ask_link_unnamed(int dir_fd, int fd, const char *name)
{
	struct broker_call call = {
		.request.op = BROKER_OUT_LINK_UNNAMED,
		.fds = { dir_fd, fd },
		.fd_cnt = 2,
	};

	return ask_by_name(&call, dir_fd, name, NULL);
}

static int ask_rename(int dir_fd, const char *from, const char *to, unsigned flags)
{
	struct broker_call call = {
		.request = { .op = BROKER_OUT_RENAME, .args = { flags } },
	};

	return ask_by_name(&call, dir_fd, from, to);
}

static int ask_set_attribute(int fd, const char *name, const void *value, size_t bytes)
{
	const size_t name_bytes = strlen(name) + 1;
	char payload[BROKER_PAYLOAD_BYTES];
	struct broker_call call = {
		.request.op = BROKER_OUT_SET_ATTRIBUTE,
		.payload = payload,
		.payload_bytes = name_bytes + bytes,
		.fds = { fd },
		.fd_cnt = 1,
	};

	if (name_bytes > sizeof(payload) || bytes > sizeof(payload) - name_bytes) {
		errno = E2BIG;
		return -1;
	}
	memcpy(payload, name, name_bytes);
	memcpy(payload + name_bytes, value, bytes);
	return ask(&call);
}

static int ask_share(int fd, gid_t group)
{
	struct broker_call call = {
		.request = { .op = BROKER_OUT_SHARE, .args = { group } },
		.fds = { fd },
		.fd_cnt = 1,
	};

	return ask(&call);
}

static int ask_open_dir(const char *path, gid_t group, char *ret_path)
{
	char real[PATH_MAX] = "";
	struct broker_call call = {
		.request = { .op = BROKER_OUT_OPEN_DIR, .args = { group } },
		.payload = path,
		.payload_bytes = strlen(path),
		.ret = real,
		.ret_room = sizeof(real),
	};

	if (ask(&call))
		return -errno;
	memcpy(ret_path, real, call.ret_bytes);
	return call.ret_fd;
}

static int ask_find_new(const char *path, gid_t group, int fd, int *ret_fd)
{
	struct broker_call call = {
		.request = { .op = BROKER_OUT_FIND_NEW, .args = { group } },
		.payload = path,
		.payload_bytes = strlen(path),
		.fds = { fd },
		.fd_cnt = 1,
	};

	if (ask(&call))
		return -errno;
	*ret_fd = call.ret_fd;
	return 0;
}

void output_dir__use_broker(void)
{
	static const struct dir_calls calls = {
		.open = ask_open,
		.look = ask_look,
		.unlink = ask_unlink,
		.link = ask_link,
		.link_unnamed = ask_link_unnamed,
		.rename = ask_rename,
		.set_attribute = ask_set_attribute,
		.share = ask_share,
		.open_dir = ask_open_dir,
		.find_new = ask_find_new,
	};

	dir_calls__use(&calls);
}
