/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect -- CMD`: starts CMD so that the collector can attach to every program of its
 * process tree before any code of that program runs, even constructors of libraries.
 *
 * A thread traces CMD and its descendants by ptrace. After an exec, the process runs until its
 * dynamic linker reports that all libraries are mapped and relocated, which is before any
 * constructor. A probe there stops it (bpf/launch.bpf.h), and the collector attaches. If the probe
 * can't stop it, the process stops at each of its system calls, and the collector attaches to what
 * was mapped: to the program at once, to each library when its code is mapped. A program with ttlog
 * is then let go: BPF follows it, and it runs at full speed. Other programs (a shell, make, ...)
 * stay traced, so that their children and further execs are seen, but do not stop at their calls.
 * Their threads are traced, too, because any of them may fork or exec. Libraries that such a
 * program loads later (dlopen) stop it in the same way.
 *
 * A process can have only one tracer. So some are let go early: a child that asks its parent to
 * trace it (gdb), or that its parent is about to trace (strace, bpftrace); a program with
 * LeakSanitizer, which traces itself; and process 1 of a PID namespace at a fault, which can't kill
 * it while it is traced. BPF also reports their forks and execs, but the programs that they start
 * run while the collector attaches.
 *
 * A program without a dynamic linker is only stopped at its first instruction.
 */
#ifndef TTLOG_LAUNCH_H
#define TTLOG_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

struct command_signals;
struct launch;
struct linker;

/* Called in the launch thread, possibly before launch__start() has returned. */
struct launch_callbacks {
	/*
	 * The process is stopped at its exec. Finds its dynamic linker: 0 or -errno. *ret_stops:
	 * it will stop before a signal each time that its linker reports libraries; then
	 * has_linked is called, and end_linking when these stops are to end. NULL, or not called:
	 * the process stops at its system calls.
	 */
	int (*begin_linking)(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops);
	bool (*has_linked)(void *ctx, pid_t pid, struct linker *linker);
	void (*end_linking)(void *ctx, pid_t pid);
	/* The process is stopped, and has mapped a program or a library. */
	void (*mapped)(void *ctx, pid_t pid);
	/* The process is stopped, and all is mapped. Returns whether to let it go: it has ttlog, or
	 * traces itself. */
	bool (*linked)(void *ctx, pid_t pid);
	/* The thread is stopped, and its process may have loaded libraries (dlopen), whose
	 * constructors have not run yet. May be NULL. */
	void (*loaded)(void *ctx, pid_t tid);
	/*
	 * CMD can't be traced (-errno of ptrace). It will run untraced, and none of the functions
	 * above will be called. pid has not called exec yet.
	 */
	void (*untraced)(void *ctx, pid_t pid, int err);
	/* CMD itself ended; wait_status as of waitpid(2). */
	void (*ended)(void *ctx, int wait_status);
	void *ctx;
};

/*
 * Returns when CMD runs. NULL with errno on failure; then *ret_exit_status is as that of env(1):
 * 127: CMD was not found, 126: it could not be run, 125: any other failure.
 */
struct launch *launch__start(char *const argv[], const struct command_signals *signals,
			     const struct launch_callbacks *callbacks, int *ret_exit_status);

/* Any thread, at any time: it never hits a later process with CMD's pid. 0 or -errno. */
int launch__signal(const struct launch *launch, int sig);

/* Lets all processes go, which run on, and ends the thread. No callback comes after that. NULL is
 * fine. Not from a callback. */
void launch__free(struct launch *launch);

#endif /* TTLOG_LAUNCH_H */
