/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect -- CMD`: starts CMD so that the collector can attach to every program of its
 * process tree before any of that program's code has run, constructors of libraries included.
 *
 * A thread of its own traces CMD and its descendants by ptrace. After an exec the process runs until
 * its dynamic linker tells that all libraries are mapped and relocated, which no constructor comes
 * before: a probe there stops it (bpf/launch.bpf.h), and the collector attaches. Where it can't be
 * stopped so, it stops at each of its system calls, and the collector attaches to what was mapped:
 * to the program at once, to each library when its code is there. Then a program that carries
 * ttlog is let go for good: from there on BPF follows it, and it runs at full speed. Others (a
 * shell, make, ...) stay traced, so that their children and further execs are seen, but are not
 * stopped at their calls; threads too, since any of them may fork or exec. Libraries that such a
 * program loads later (dlopen) stop it as those of its start do.
 *
 * Only one can trace a process. A child that asks its parent to trace it (gdb) or whose parent does
 * (strace, bpftrace) is let go before, and so are a program with LeakSanitizer, which stops itself,
 * and process 1 of a PID namespace at a fault, which the kernel doesn't let it die of while traced.
 * BPF tells of their forks and execs, too, but what they start runs on while the collector attaches.
 *
 * A program without a dynamic linker is stopped at its first instruction alone.
 */
#ifndef TTLOG_LAUNCH_H
#define TTLOG_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct launch;
struct linker;

/* Called in the launch thread, possibly before launch__start() has returned. */
struct launch_callbacks {
	/*
	 * The process is stopped at its exec. Finds its dynamic linker: 0 or -errno. *ret_stops:
	 * it will stop ahead of a signal each time that its linker has told of libraries;
	 * has_linked is asked there, and end_linking called when this is to end. NULL, or
	 * not called: its system calls tell.
	 */
	int (*begin_linking)(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops);
	bool (*has_linked)(void *ctx, pid_t pid, struct linker *linker);
	void (*end_linking)(void *ctx, pid_t pid);
	/* The process is stopped, and has mapped a program or one of its libraries. */
	void (*mapped)(void *ctx, pid_t pid);
	/* The process is stopped, and all is mapped. Returns whether it is let go: it carries ttlog,
	 * or traces itself. */
	bool (*linked)(void *ctx, pid_t pid);
	/* The thread is stopped, and its process may have loaded libraries (dlopen); no constructor
	 * of theirs has run. May be NULL. */
	void (*loaded)(void *ctx, pid_t tid);
	/*
	 * CMD can't be traced (-errno of ptrace), will run as it is, and none of the above be
	 * called. pid has not called exec yet.
	 */
	void (*untraced)(void *ctx, pid_t pid, int err);
	/* CMD itself ended; wait_status as of waitpid(2). */
	void (*ended)(void *ctx, int wait_status);
	void *ctx;
};

struct launch_signals {
	sigset_t mask;     /* CMD starts with this one: the collector's own before it blocked any */
	sigset_t defaults; /* ignored by the collector, not by CMD */
};

/*
 * Returns once CMD runs. NULL with errno on failure; then *ret_exit_status is what env(1) would
 * exit with: 127 CMD was not found, 126 it could not be run, 125 anything else.
 */
struct launch *launch__start(char *const argv[], const struct launch_signals *signals,
			     const struct launch_callbacks *callbacks, int *ret_exit_status);

/* CMD's. */
pid_t launch__pid(const struct launch *launch);

/* Any thread, at any time: it never hits a process that got CMD's number later. 0 or -errno. */
int launch__signal(const struct launch *launch, int sig);

/* Lets go of all processes, which run on, and ends the thread. No callback comes after. NULL is
 * fine. Not from a callback. */
void launch__free(struct launch *launch);

#endif /* TTLOG_LAUNCH_H */
