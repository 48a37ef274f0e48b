/* SPDX-License-Identifier: MIT */
/*
 * The ways to die: name; the signal that ends the victim's main process (0: none); else its exit
 * status; and how often it is chosen.
 */
#ifndef STRESS_DEATHS_H
#define STRESS_DEATHS_H

#include <signal.h>

#define DEATHS(X)                                                                                  \
	X(segv, SIGSEGV, 0, 6)                                                                     \
	X(segv_handler, SIGSEGV, 0, 3) /* a handler that logs and returns into the fault */        \
	X(segv_raise, SIGSEGV, 0, 3)   /* a handler that raises it again */                        \
	X(segv_two, SIGSEGV, 0, 3)     /* in two threads at once */                                \
	X(abrt, SIGABRT, 0, 4)                                                                     \
	X(abrt_handler, SIGABRT, 0, 3)                                                             \
	X(bus, SIGBUS, 0, 3)                                                                       \
	X(fpe, SIGFPE, 0, 3)                                                                       \
	X(ill, SIGILL, 0, 3)                                                                       \
	X(stack, SIGSEGV, 0, 3)                                                                    \
	X(term, SIGTERM, 0, 3)                                                                     \
	X(term_outside, SIGTERM, 0, 3) /* by the runner, at any moment */                          \
	X(kill, SIGKILL, 0, 4)                                                                     \
	X(kill_outside, SIGKILL, 0, 8)                                                             \
	X(oom, SIGKILL, 0, 1)                                                                      \
	X(seccomp, SIGSYS, 0, 3)                                                                   \
	X(seccomp_thread, 0, 7, 3) /* one thread alone, then _exit */                              \
	X(exit, 0, 3, 4)                                                                           \
	X(exit_status, 0, 4, 4) /* _exit */                                                        \
	X(exit_group, 0, 5, 4)  /* the bare system call */                                         \
	X(main_return, 0, 6, 4)                                                                    \
	X(thread_exit, 0, 0, 6) /* pthread_exit of all */                                          \
	X(thread_gone, 0, 0, 6) /* all by the bare exit system call: nothing is flushed */         \
	X(detached, 0, 8, 1)    /* 10,000 threads that end at once */                              \
	X(exec_single, 0, 9, 3)                                                                    \
	X(exec_multi, 0, 9, 4)                                                                     \
	X(exec_other, 0, 0, 3)        /* a program without sites */                                \
	X(fork_child, 0, 10, 4)       /* the child crashes */                                      \
	X(fork_parent, SIGSEGV, 0, 4) /* the parent crashes, the child goes on */                  \
	X(spawn, 0, 11, 3)                                                                         \
	X(vfork, 0, 12, 3)                                                                         \
	X(vfork_log, 0, 12, 3)  /* the child logs before it ends */                                \
	X(vfork_exec, 0, 12, 3) /* the child logs, then runs another program that does */          \
	X(jump, 0, 13, 3) /* siglongjmp out of handled faults and out of a timer's handler */      \
	X(timer_segv, SIGSEGV, 0, 3) /* handlers at 10 kHz that log */                             \
	X(timer_kill, SIGKILL, 0, 3)                                                               \
	X(timer_exit, 0, 3, 3)                                                                     \
	X(dlclose, 0, 14, 10)                                                                      \
	X(dlclose_segv, SIGSEGV, 0, 10)                                                            \
	X(modules, SIGKILL, 0, 10) /* each thread logs from many libraries */

#endif /* STRESS_DEATHS_H */
