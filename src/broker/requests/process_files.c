/* SPDX-License-Identifier: MIT */
/*
 * The recorder tries first with its own rights: most of /proc is open to all.
 */
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "broker.h"
#include "broker_server.h"
#include "plain_file.h"
#include "process_files.h"

#define PROC "/proc/"

/* ---- what the broker opens ---- */

/* Skips digits. NULL: there are none. */
static const char *skip_number(const char *text)
{
	const char *at = text;

	while (isdigit((unsigned char)*at))
		at++;
	return at > text ? at : NULL;
}

/* After "PID/" or "PID/task/TID/". NULL: it is not of that kind. */
static const char *name_in_process(const char *path)
{
	static const char task[] = "/task/";
	const char *at = skip_number(path);

	if (at && !strncmp(at, task, sizeof(task) - 1))
		at = skip_number(at + sizeof(task) - 1);
	return at && *at == '/' ? at + 1 : NULL;
}

static bool is_one_of(const char *name, const char *const *names, size_t cnt)
{
	for (size_t i = 0; name && i < cnt; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool may_open(const struct broker_policy *policy, const char *path)
{
	static const char *const names[] = { "auxv", "cgroup", "comm", "maps", "stat", "status" };

	return !policy->is_strict || is_one_of(name_in_process(path), names, ARRAY_SIZE(names));
}

static bool may_read_link(const struct broker_policy *policy, const char *path)
{
	static const char *const names[] = { "exe", "ns/pid" };

	return !policy->is_strict || is_one_of(name_in_process(path), names, ARRAY_SIZE(names));
}

static int open_proc(const char *path)
{
	char whole[PATH_MAX];
	int fd;

	(void)snprintf(whole, sizeof(whole), PROC "%s", path);
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t read_link(const char *path, char *ret, size_t room)
{
	char whole[PATH_MAX];
	ssize_t len;

	(void)snprintf(whole, sizeof(whole), PROC "%s", path);
	len = readlink(whole, ret, room - 1);
	if (len < 0)
		return -errno;
	ret[len] = '\0';
	return len;
}

int process_files__serve_open(const struct broker_task *task, struct broker_result *ret)
{
	if (!may_open(task->peer->policy, task->payload))
		return -EPERM;
	ret->fd = open_proc(task->payload);
	return ret->fd < 0 ? ret->fd : 0;
}

int process_files__serve_link(const struct broker_task *task, struct broker_result *ret)
{
	ssize_t len;

	if (!may_read_link(task->peer->policy, task->payload))
		return -EPERM;
	len = read_link(task->payload, ret->payload, sizeof(ret->payload));
	if (len < 0)
		return (int)len;
	ret->bytes = (size_t)len;
	return 0;
}

/* ---- files that processes run ---- */

/* Programs and libraries alone: no data of a process, no core dump. */
static int check_code(int fd)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr header;
	} start;

	if (pread(fd, &start, sizeof(start), 0) != (ssize_t)sizeof(start) ||
	    memcmp(start.ident, ELFMAG, SELFMAG) ||
	    (start.header.e_type != ET_EXEC && start.header.e_type != ET_DYN))
		return -ENOEXEC;
	return 0;
}

static int open_in_root(pid_t pid, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char root[32];
	int root_fd, fd;

	(void)snprintf(root, sizeof(root), PROC "%d/root", (int)pid);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	(void)close(root_fd);
	return fd;
}

/* An O_PATH descriptor. */
static int find_code(const struct code_file *file)
{
	char path[96];
	int fd;

	switch (file->place) {
	case CODE_OF_MAPPING:
		(void)snprintf(path, sizeof(path), PROC "%d/map_files/%" PRIx64 "-%" PRIx64,
			       (int)file->pid, file->start, file->end);
		break;
	case CODE_OF_PROGRAM:
		(void)snprintf(path, sizeof(path), PROC "%d/exe", (int)file->pid);
		break;
	case CODE_IN_ROOT:
		return open_in_root(file->pid, file->path);
	default:
		fd = open(file->path, O_PATH | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int process_files__serve_code(const struct broker_task *task, struct broker_result *ret)
{
	const struct broker_request *request = task->request;
	const struct code_file file = {
		.place = (enum code_place)request->args[0],
		.pid = request->pid,
		.start = request->args[1],
		.end = request->args[2],
		.path = task->payload,
	};
	int path_fd = find_code(&file), fd, err;

	if (path_fd < 0)
		return path_fd;
	fd = plain_file__reopen(path_fd);
	(void)close(path_fd);
	if (fd < 0)
		return fd;
	err = task->peer->policy->is_strict ? check_code(fd) : 0;
	if (err)
		(void)close(fd);
	else
		ret->fd = fd;
	return err;
}

/* ---- threads with memory ---- */

/* The map is empty if there is none. */
static bool has_memory(uint32_t tid)
{
	char path[32], byte;
	bool has;
	int fd;

	(void)snprintf(path, sizeof(path), "%u/maps", tid);
	fd = open_proc(path);
	if (fd < 0)
		return false;
	has = read(fd, &byte, 1) == 1;
	(void)close(fd);
	return has;
}

uint32_t process_files__find_living(uint32_t pid)
{
	uint32_t found = pid;
	struct dirent *entry;
	char path[32];
	DIR *dir;

	if (has_memory(pid))
		return pid;
	(void)snprintf(path, sizeof(path), PROC "%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return pid;
	while (found == pid && (entry = readdir(dir))) {
		uint32_t tid = strtoul(entry->d_name, NULL, 10);

		if (tid && tid != pid && has_memory(tid))
			found = tid;
	}
	(void)closedir(dir);
	return found;
}

int process_files__serve_living(const struct broker_task *task, struct broker_result *ret)
{
	const uint32_t pid = (uint32_t)task->request->pid;
	const bool whole = task->request->args[0];

	ret->value = whole ? process_files__find_living(pid) : has_memory(pid);
	return 0;
}

/* ---- the recorder's side ---- */

int process_files__open_proc(const char *path)
{
	struct broker_call call = {
		.request.op = BROKER_OPEN_PROC,
		.payload = path,
		.payload_bytes = strlen(path),
	};
	int fd = open_proc(path), err;

	if (fd >= 0 || broker__fd() < 0)
		return fd;
	err = broker__call(&call);
	/* it does not open files of that kind */
	if (err == -EPERM)
		return fd;
	return err ? err : call.ret_fd;
}

ssize_t process_files__read_link(const char *path, char *ret, size_t room)
{
	const ssize_t own = read_link(path, ret, room);
	ssize_t len;

	if (own >= 0 || broker__fd() < 0)
		return own;
	len = broker__read_text(BROKER_READ_LINK, path, ret, room);
	/* it does not read links of that kind */
	return len == -EPERM ? own : len;
}

int process_files__open_code(const struct code_file *file)
{
	struct broker_call call = {
		.request = { .op = BROKER_OPEN_CODE,
			     .pid = file->pid,
			     .args = { file->place, file->start, file->end } },
		.payload = file->path,
		.payload_bytes = file->path ? strlen(file->path) : 0,
	};
	int err = broker__call(&call);

	return err ? err : call.ret_fd;
}

static uint64_t ask_living(uint32_t pid, bool whole)
{
	struct broker_call call = {
		.request = { .op = BROKER_LIVING_THREAD, .pid = (pid_t)pid, .args = { whole } },
	};

	return broker__call(&call) ? 0 : call.ret_value;
}

uint32_t process_files__living_thread(uint32_t pid)
{
	const uint32_t tid = (uint32_t)ask_living(pid, true);

	return tid ? tid : pid;
}

bool process_files__has_memory(uint32_t tid)
{
	return ask_living(tid, false);
}
