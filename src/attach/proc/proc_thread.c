/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc_file.h"
#include "proc_thread.h"

/* Where systemd mounts version 2: alone, or together with version 1. */
static const char *const cgroup_roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

bool proc_thread__has_memory(uint32_t tid)
{
	char text[2];

	return proc_file__read(text, sizeof(text), "/proc/%u/maps", tid) > 0;
}

uint32_t proc_thread__living(uint32_t pid)
{
	uint32_t found = pid;
	struct dirent *entry;
	char path[32];
	DIR *dir;

	if (proc_thread__has_memory(pid))
		return pid;
	(void)snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return pid;
	while (found == pid && (entry = readdir(dir))) {
		uint32_t tid = strtoul(entry->d_name, NULL, 10);

		if (tid && tid != pid && proc_thread__has_memory(tid))
			found = tid;
	}
	(void)closedir(dir);
	return found;
}

void proc_thread__exe_link(uint32_t pid, char ret[32])
{
	char exe[1];

	(void)snprintf(ret, 32, "/proc/%u/exe", pid);
	if (readlink(ret, exe, sizeof(exe)) < 0)
		(void)snprintf(ret, 32, "/proc/%u/exe", proc_thread__living(pid));
}

int proc_thread__read_comm(uint32_t pid, uint32_t tid, char ret[16])
{
	char text[17]; /* at most 15 bytes, then a newline */
	ssize_t len = proc_file__read(text, sizeof(text), "/proc/%u/task/%u/comm", pid, tid);

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
	char path[64], line[512];
	uint32_t pid = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/status", tid);
	file = fopen(path, "re");
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
	char path[64], line[512];
	struct proc_thread thread = { 0 };
	FILE *file;
	int err = proc_thread__read_comm(pid, tid, thread.comm);

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/status", pid, tid);
	file = fopen(path, "re");
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
	char path[64], line[PATH_MAX], dir[PATH_MAX + 64];
	struct stat status;
	uint64_t found = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	file = fopen(path, "re");
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
