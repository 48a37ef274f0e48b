/* SPDX-License-Identifier: MIT */
/*
 * Files of other processes, for reading: what /proc tells of them, and the files that they run.
 */
#ifndef TTLOG_PROCESS_FILES_H
#define TTLOG_PROCESS_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct broker_result;
struct broker_task;

/* Where a file that a process runs is looked for. */
enum code_place {
	CODE_OF_MAPPING, /* /proc/PID/map_files/START-END */
	CODE_OF_PROGRAM, /* /proc/PID/exe */
	CODE_IN_ROOT,    /* a path in the root of the process, which no link leads out of */
	CODE_AT_PATH,    /* a path in our root */
};

struct code_file {
	enum code_place place;
	pid_t pid;
	uint64_t start, end; /* of the mapping */
	const char *path;    /* NULL: none */
};

/*
 * A descriptor, or -errno: -ENODEV: not a regular file, -ENOEXEC: the broker opens ELF files only,
 * and this is none. Any thread; it may wait for the file system.
 */
int process_files__open_code(const struct code_file *file);

/* A file in /proc, as "1234/maps". A descriptor, or -errno. Any thread. */
int process_files__open_proc(const char *path);
/* As readlink(2), of "1234/exe" or "1234/ns/pid", with a zero byte after it. The length or -errno. */
ssize_t process_files__read_link(const char *path, char *ret, size_t room);

/* A thread of the process that has its memory: the first one's is gone once main has called
 * pthread_exit(). pid if none has. */
uint32_t process_files__living_thread(uint32_t pid);
bool process_files__has_memory(uint32_t tid);

/* The broker's side. */
int process_files__serve_open(const struct broker_task *task, struct broker_result *ret);
int process_files__serve_link(const struct broker_task *task, struct broker_result *ret);
int process_files__serve_code(const struct broker_task *task, struct broker_result *ret);
int process_files__serve_living(const struct broker_task *task, struct broker_result *ret);
/* For process_memory.c, in the broker's process. */
uint32_t process_files__find_living(uint32_t pid);

#endif /* TTLOG_PROCESS_FILES_H */
