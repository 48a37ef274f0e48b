/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"
#include "cgroup.h"
#include "proc_thread.h"
#include "process_id.h"
#include "start_time.h"

void process_id__init(struct process_id *id, const struct wire_head *head)
{
	*id = (struct process_id){ .pid = head->tgid, .start_ns = head->start_ns };
	process_id__take_head(id, head);
}

void process_id__fini(struct process_id *id)
{
	free(id->exe);
	free(id->cgroup_path);
	id->exe = NULL;
	id->cgroup_path = NULL;
}

void process_id__take_head(struct process_id *id, const struct wire_head *head)
{
	id->ns_pid = head->ns_tgid;
	id->uid = head->uid;
	id->cgroup = head->cgroup;
	memcpy(id->comm, head->comm, sizeof(id->comm));
}

void process_id__read_exe(struct process_id *id)
{
	char exe[PATH_MAX];

	if (proc_thread__read_exe(id->pid, exe)) {
		free(id->exe);
		id->exe = strdup(exe);
	}
}

void process_id__read_cgroup(struct process_id *id)
{
	char path[CGROUP_PATH_BYTES], *copy;

	copy = cgroup__read_path(id->pid, path) ? NULL : strdup(path);
	if (!copy)
		return;
	free(id->cgroup_path);
	id->cgroup_path = copy;
}

bool process_id__is_started_at(const struct process_id *id, uint64_t start_ns)
{
	/* a batch that was pulled before the kernel had stamped one */
	if (!start_ns)
		return true;
	if (id->start_ns)
		return id->start_ns == start_ns;
	return !id->proc_start_ns || start_time__is_same(id->proc_start_ns, start_ns);
}

bool process_id__is_running(const struct process_id *id)
{
	const uint64_t now_ns = start_time__read_ns((pid_t)id->pid);
	const uint64_t start_ns = process_id__start_ns(id);

	if (now_ns && start_ns)
		return start_time__is_same(now_ns, start_ns);
	return kill((pid_t)id->pid, 0) == 0 || errno != ESRCH;
}

void process_id__stamp_thread(struct wire_head *head)
{
	struct proc_thread thread;

	if (proc_thread__read(head->tgid, head->tid, &thread))
		return;
	head->ns_tgid = thread.ns_tgid;
	head->ns_tid = thread.ns_tid;
	head->uid = thread.uid;
	memcpy(head->comm, thread.comm, sizeof(head->comm));
}
