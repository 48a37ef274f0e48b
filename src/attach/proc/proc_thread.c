/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc_file.h"
#include "proc_thread.h"
#include "process_files.h"

/* Where systemd mounts version 2: alone, or together with version 1. */
static const char *const cgroup_roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

static bool read_exe(uint32_t tid, char ret[PATH_MAX])
{
	char link[32];

	(void)snprintf(link, sizeof(link), "%u/exe", tid);
	return process_files__read_link(link, ret, PATH_MAX) > 0;
}

bool proc_thread__read_exe(uint32_t pid, char ret[PATH_MAX])
{
	return read_exe(pid, ret) || read_exe(process_files__living_thread(pid), ret);
}

int proc_thread__open_exe(uint32_t pid)
{
	struct code_file file = { .place = CODE_OF_PROGRAM, .pid = (pid_t)pid };
	int fd = process_files__open_code(&file);

	if (fd != -ENOENT)
		return fd;
	file.pid = (pid_t)process_files__living_thread(pid);
	return process_files__open_code(&file);
}

int proc_thread__read_comm(uint32_t pid, uint32_t tid, char ret[16])
{
	char text[17]; /* at most 15 bytes, then a newline */
	ssize_t len = proc_file__read(text, sizeof(text), "%u/task/%u/comm", pid, tid);

	if (len <= 0)
		return len ? (int)len : -ESRCH;
	memset(ret, 0, 16);
	memcpy(ret, text, (size_t)len - 1);
	return 0;
}

/* The last number of a line: that in the innermost namespace. */
static uint32_t last_number(const char *line)
{
	const char *number = strrchr(line, '\t');

	return number ? (uint32_t)strtoul(number, NULL, 10) : 0;
}

uint32_t proc_thread__pid(uint32_t tid)
{
	char line[512];
	uint32_t pid = 0;
	FILE *file = proc_file__open("%u/status", tid);

	if (!file)
		return 0;
	while (!pid && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Tgid:", 5) == 0)
			pid = last_number(line);
	}
	(void)fclose(file);
	return pid;
}

int proc_thread__read(uint32_t pid, uint32_t tid, struct proc_thread *ret)
{
	char line[512];
	struct proc_thread thread = { 0 };
	FILE *file;
	int err = proc_thread__read_comm(pid, tid, thread.comm);

	if (err)
		return err;
	file = proc_file__open("%u/task/%u/status", pid, tid);
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "NSpid:", 6) == 0)
			thread.ns_tid = last_number(line);
		else if (strncmp(line, "NStgid:", 7) == 0)
			thread.ns_tgid = last_number(line);
		else if (strncmp(line, "Uid:\t", 5) == 0)
			thread.uid = (uint32_t)strtoul(line + 5, NULL, 10);
	}
	(void)fclose(file);
	if (!thread.ns_tid || !thread.ns_tgid)
		return -ESRCH;
	*ret = thread;
	return 0;
}

uint64_t proc_thread__read_cgroup(uint32_t pid)
{
	char line[PATH_MAX], dir[PATH_MAX + 64];
	struct stat status;
	uint64_t found = 0;
	FILE *file = proc_file__open("%u/cgroup", pid);

	if (!file)
		return 0;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < sizeof(cgroup_roots) / sizeof(*cgroup_roots); i++) {
			if (strncmp(line, "0::", 3) || found)
				continue;
			(void)snprintf(dir, sizeof(dir), "%s%s/cgroup.procs", cgroup_roots[i],
				       line + 3);
			if (access(dir, F_OK))
				continue;
			*strrchr(dir, '/') = '\0';
			if (stat(dir, &status) == 0)
				found = status.st_ino;
		}
	}
	(void)fclose(file);
	return found;
}
