/* SPDX-License-Identifier: MIT */
/*
 * Which process it is: its numbers, its start time, the program that it runs.
 */
#ifndef TTLOG_PROCESS_ID_H
#define TTLOG_PROCESS_ID_H

#include <stdbool.h>
#include <stdint.h>

struct wire_head;

struct process_id {
	uint32_t pid, ns_pid, uid;
	uint64_t start_ns;      /* as the kernel stamps it; 0: not known yet */
	uint64_t proc_start_ns; /* as /proc has it (start_time.h); 0: unknown */
	uint64_t cgroup;
	char comm[16];
	char *exe;         /* NULL: unknown */
	char *cgroup_path; /* NULL: unknown */
	char build_id[41];
};

void process_id__init(struct process_id *id, const struct wire_head *head);
void process_id__fini(struct process_id *id);

/* What the kernel stamps on a message, but for the start time. */
void process_id__take_head(struct process_id *id, const struct wire_head *head);
/* Reads the path of the program, which never waits. */
void process_id__read_exe(struct process_id *id);

/* Reads the path of its control group; it keeps the old one if there is none now. */
void process_id__read_cgroup(struct process_id *id);

/* The best known start time; 0: unknown. */
static inline uint64_t process_id__start_ns(const struct process_id *id)
{
	return id->start_ns ? id->start_ns : id->proc_start_ns;
}

/* Whether the process started then, by the kernel's stamp. 0 fits every process. */
bool process_id__is_started_at(const struct process_id *id, uint64_t start_ns);
/* Whether it is still there, and its pid not another process's. */
bool process_id__is_running(const struct process_id *id);

/* Stamps a message of head->tid as the kernel would, with what /proc has now. */
void process_id__stamp_thread(struct wire_head *head);

#endif /* TTLOG_PROCESS_ID_H */
