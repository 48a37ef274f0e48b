/* SPDX-License-Identifier: MIT */
/*
 * The thread that starts CMD and traces its process tree.
 *
 * The wait status of a stop tells what to do, except for threads whose system calls are of
 * interest: these have an entry in `tracees`. A tracee may die at any moment, so any ptrace request
 * may fail with ESRCH; waitpid() reports its end later. When this thread ends, in any way, the
 * kernel lets all its tracees go, and they run on: nothing in their memory was changed.
 *
 * The thread writes all of struct launch except `stop`. No other thread reads it before `ready` is
 * posted; after that, `pid` and `pidfd` don't change.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "barrier.h"
#include "call_stop.h"
#include "clock.h"
#include "linker.h"
#include "proc_thread.h"
#include "tracee.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUN   126
#define EXIT_FAILED    125

#define TRACE_OPTIONS                                                                              \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |     \
	 PTRACE_O_TRACESYSGOOD)

#define SYSCALL_STOP (SIGTRAP | 0x80)

/* Only interrupts waitpid(); sent again and again until the thread has ended. */
#define WAKE_SIGNAL   SIGRTMIN
#define WAKE_EVERY_NS 5000000

/* How long to wait for a thread that another tracer wants, and how often to look at it. */
#define MAKE_WAY_NS      1000000000ull
#define MAKE_WAY_STEP_NS 200000

struct launch {
	struct launch_callbacks callbacks;
	struct launch_signals signals;
	char *const *argv;  /* owned by the caller, valid until CMD's exec */
	int exec_errors[2]; /* gets CMD's errno; its exec closes it without one */
	pthread_t thread;
	sem_t ready; /* the thread started CMD, or failed with setup_err */
	int setup_err;
	bool stop; /* set by launch__free(), read in wait_next() */
	pid_t pid;
	int pidfd;
	bool has_exec; /* CMD has called exec, or is not traced */
	struct tracees tracees;
};

static void do_nothing(int sig)
{
	(void)sig;
}

/* ---- Stops ---- */

/* Runs to the next event, or to the next system call if these are of interest. */
static void resume(const struct launch *launch, pid_t pid, int sig)
{
	bool calls = tracee__has_calls(tracees__find(&launch->tracees, pid));

	(void)ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (void *)(long)sig);
}

/* It is linked, or no longer ours. */
static void end_linking(struct launch *launch, pid_t pid)
{
	if (tracee__is_stopped_by_linker(tracees__find(&launch->tracees, pid)))
		launch->callbacks.end_linking(launch->callbacks.ctx, pid);
}

static void forget(struct launch *launch, pid_t pid)
{
	end_linking(launch, pid);
	tracees__forget(&launch->tracees, pid);
}

/* Stops tracing it. */
static void let_go(struct launch *launch, pid_t pid, int sig)
{
	forget(launch, pid);
	(void)ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)sig);
}

static void tell_linked(struct launch *launch, pid_t pid, int sig)
{
	if (launch->callbacks.linked(launch->callbacks.ctx, pid))
		let_go(launch, pid, sig);
	else
		resume(launch, pid, sig);
}

/*
 * Whether it does not block one of the signals by which its linker can stop it (bpf/launch.bpf.h).
 * The exec has removed its handlers.
 */
static bool takes_signal(pid_t pid)
{
	const uint64_t stopping = 1ull << (SIGURG - 1) | 1ull << (SIGWINCH - 1) |
				  1ull << (SIGCHLD - 1);
	uint64_t blocked;

	return !ptrace(PTRACE_GETSIGMASK, pid, (void *)sizeof(blocked), &blocked) &&
	       (blocked & stopping) != stopping;
}

static int begin_linking(struct launch *launch, pid_t pid, bool *ret_stops)
{
	struct linker linker;
	int err;

	*ret_stops = false;
	if (launch->callbacks.begin_linking && takes_signal(pid))
		err = launch->callbacks.begin_linking(launch->callbacks.ctx, pid, &linker,
						      ret_stops);
	else
		err = linker__find(pid, &linker);
	if (err)
		return err;
	err = tracees__add_linking(&launch->tracees, pid, &linker, *ret_stops);
	if (err && *ret_stops)
		launch->callbacks.end_linking(launch->callbacks.ctx, pid);
	return err;
}

static void handle_exec(struct launch *launch, pid_t pid)
{
	bool stops;

	if (pid == launch->pid)
		launch->has_exec = true;
	/* a new program, which has not forked yet */
	forget(launch, pid);
	if (begin_linking(launch, pid, &stops)) {
		tell_linked(launch, pid, 0);
		return;
	}
	/* a program that stops in time has nothing to record before */
	if (!stops)
		launch->callbacks.mapped(launch->callbacks.ctx, pid);
	resume(launch, pid, 0);
}

/* A thread has no exec of its own, so nothing waits for one. */
static void handle_fork(struct launch *launch, pid_t pid, int event)
{
	unsigned long child;

	if (event != PTRACE_EVENT_CLONE && !ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child))
		tracees__claim_young(&launch->tracees, pid, (pid_t)child);
	resume(launch, pid, 0);
}

/* The first stop of a new process or thread, which the kernel traces from its first instruction; or
 * a stop of a known one that continues. */
static void handle_first_stop(struct launch *launch, pid_t pid)
{
	bool is_known = tracees__find(&launch->tracees, pid);

	/* a process: its first thread has its number */
	if (!is_known && (!syscall(SYS_tgkill, pid, pid, 0) || errno != ESRCH))
		tracees__add_young(&launch->tracees, pid);
	resume(launch, pid, 0);
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* ---- System calls ---- */

static void handle_end(struct launch *launch, pid_t pid, int status)
{
	forget(launch, pid);
	if (pid != launch->pid)
		return;
	/* launch__start() reports a failed exec */
	if (launch->has_exec || WIFSIGNALED(status))
		launch->callbacks.ended(launch->callbacks.ctx, status);
}

/*
 * Waits for a thread that was interrupted, and returns its status. False: it does not stop, because
 * it waits for its child of vfork(), maybe the one that is about to trace it, or for a disk. It
 * stops later.
 */
static bool await_stop(pid_t pid, int *ret_status)
{
	const uint64_t end_ns = clock__now_mono_ns() + MAKE_WAY_NS;
	const struct timespec step = { .tv_nsec = MAKE_WAY_STEP_NS };
	pid_t found;

	while (!(found = waitpid(pid, ret_status, __WALL | __WNOTHREAD | WNOHANG)) &&
	       clock__now_mono_ns() < end_ns)
		(void)nanosleep(&step, NULL);
	return found == pid;
}

/* A thread is about to trace another one, which runs: it can have only one tracer. */
static void make_way(struct launch *launch, pid_t pid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return; /* it is not ours */
	if (!await_stop(pid, &status))
		return;
	if (WIFSTOPPED(status)) {
		bool has_signal = !(status >> 16) && WSTOPSIG(status) != SYSCALL_STOP;

		let_go(launch, pid, has_signal ? WSTOPSIG(status) : 0);
	} else {
		handle_end(launch, pid, status);
	}
}

/* Whether the thread was let go, because it asks its parent to trace it. */
static bool handle_ptrace(struct launch *launch, pid_t pid, const struct call_stop *stop)
{
	switch (stop->args[0]) {
	case PTRACE_TRACEME:
		let_go(launch, pid, 0);
		return true;
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		make_way(launch, (pid_t)stop->args[1]);
		break;
	}
	return false;
}

/* Reads in its memory whether it is ready, which costs more than the stop. */
static bool has_linked(struct tracee *tracee, const struct call_stop *stop)
{
	return stop->is_entry && !call_stop__is_of_linking(stop) &&
	       linker__is_ready(&tracee->linker, tracee->pid);
}

static void handle_linking(struct launch *launch, struct tracee *tracee,
			   const struct call_stop *stop)
{
	pid_t pid = tracee->pid;

	if (stop->is_entry)
		tracee->maps_code = call_stop__maps_code(stop);
	else if (tracee->maps_code && !stop->failed)
		launch->callbacks.mapped(launch->callbacks.ctx, pid);
	if (!has_linked(tracee, stop) && --tracee->calls_left) {
		resume(launch, pid, 0);
		return;
	}
	end_linking(launch, pid);
	tracees__settle(&launch->tracees, pid);
	tell_linked(launch, pid, 0);
}

static void handle_call(struct launch *launch, pid_t pid)
{
	struct tracee *tracee = tracees__find(&launch->tracees, pid);
	struct call_stop stop;

	if (!tracee || call_stop__read(pid, &stop)) {
		resume(launch, pid, 0);
		return;
	}
	if (tracee->state == TRACEE_LINKING) {
		handle_linking(launch, tracee, &stop);
		return;
	}
	if (stop.is_entry && stop.number == SYS_ptrace && handle_ptrace(launch, pid, &stop))
		return;
	tracee = tracees__find(&launch->tracees, pid);
	if (tracee && tracee->state == TRACEE_YOUNG && !--tracee->calls_left)
		tracees__settle(&launch->tracees, pid);
	resume(launch, pid, 0);
}

/*
 * A fault in process 1 of a PID namespace. While it is traced, the kernel does not let it die of
 * the fault (force_sig_info_to_task()), and it would fault for ever.
 */
static bool is_fault_of_init(pid_t tid, int sig)
{
	const uint64_t faults = 1ull << SIGSEGV | 1ull << SIGBUS | 1ull << SIGILL | 1ull << SIGFPE |
				1ull << SIGTRAP | 1ull << SIGSYS;
	struct proc_thread thread;

	return sig < 64 && faults >> sig & 1 &&
	       !proc_thread__read((uint32_t)tid, (uint32_t)tid, &thread) && thread.ns_tgid == 1;
}

/*
 * Any signal, maybe that of its linker's probe. It is also passed on, because a real signal of that
 * number may be part of it; by itself it does nothing.
 */
static void handle_signal(struct launch *launch, pid_t pid, int sig)
{
	struct tracee *tracee = tracees__find(&launch->tracees, pid);

	if (is_fault_of_init(pid, sig)) {
		let_go(launch, pid, sig);
	} else if (!tracee__is_stopped_by_linker(tracee)) {
		if (launch->callbacks.loaded && call_stop__is_of_linker(pid, sig))
			launch->callbacks.loaded(launch->callbacks.ctx, pid);
		resume(launch, pid, sig);
	} else if (launch->callbacks.has_linked(launch->callbacks.ctx, pid, &tracee->linker)) {
		end_linking(launch, pid);
		tracees__settle(&launch->tracees, pid);
		tell_linked(launch, pid, sig);
	} else {
		launch->callbacks.mapped(launch->callbacks.ctx, pid);
		resume(launch, pid, sig);
	}
}

static void handle_stop(struct launch *launch, pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	switch (event) {
	case 0:
		if (sig == SYSCALL_STOP)
			handle_call(launch, pid);
		else
			handle_signal(launch, pid, sig);
		break;
	case PTRACE_EVENT_EXEC:
		handle_exec(launch, pid);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		handle_fork(launch, pid, event);
		break;
	case PTRACE_EVENT_STOP:
		if (is_stop_signal(sig))
			(void)ptrace(PTRACE_LISTEN, pid, NULL, NULL); /* until SIGCONT */
		else
			handle_first_stop(launch, pid);
		break;
	default:
		resume(launch, pid, 0);
	}
}

/* ---- The thread ---- */

/*
 * __WNOTHREAD: children of other threads are not ours. Returns 0 when nothing is left to wait for,
 * or `stop` is set.
 */
static pid_t wait_next(struct launch *launch, int *ret_status)
{
	pid_t pid;

	do {
		if (barrier__load_acquire(&launch->stop))
			return 0;
		pid = waitpid(-1, ret_status, __WALL | __WNOTHREAD);
	} while (pid < 0 && errno == EINTR);
	return pid < 0 ? 0 : pid;
}

static void trace(struct launch *launch)
{
	int status;
	pid_t pid;

	while ((pid = wait_next(launch, &status)) > 0) {
		if (WIFSTOPPED(status))
			handle_stop(launch, pid, status);
		else
			handle_end(launch, pid, status);
	}
}

/* In the child of a fork() with threads: async-signal-safe calls only. */
static _Noreturn void run_cmd(const struct launch *launch, int go_fd)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	char go;
	int err;

	if (read(go_fd, &go, 1) != 1)
		_exit(EXIT_FAILED);
	for (int sig = 1; sig < NSIG; sig++) {
		if (sigismember(&launch->signals.defaults, sig) == 1)
			(void)sigaction(sig, &action, NULL);
	}
	(void)sigprocmask(SIG_SETMASK, &launch->signals.mask, NULL);
	(void)execvp(launch->argv[0], launch->argv);
	err = errno;
	if (write(launch->exec_errors[1], &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILED);
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Forks, and traces the child before it execs CMD. */
static int start_cmd(struct launch *launch)
{
	int go[2];
	int err = 0;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	launch->pid = fork();
	if (launch->pid < 0) {
		err = -errno;
		goto out;
	}
	if (!launch->pid) {
		close(go[1]); /* else it would wait for itself if the collector died */
		run_cmd(launch, go[0]);
	}
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	if (launch->pidfd < 0) {
		err = -errno;
		goto out;
	}
	if (ptrace(PTRACE_SEIZE, launch->pid, NULL, (void *)TRACE_OPTIONS)) {
		launch->has_exec = true; /* no stop will report it */
		launch->callbacks.untraced(launch->callbacks.ctx, launch->pid, -errno);
	}
	if (write(go[1], "", 1) != 1)
		err = -errno;
out:
	close(go[0]);
	close(go[1]);
	/* the child reads the end of the pipe and exits */
	if (err && launch->pid > 0)
		(void)waitpid(launch->pid, NULL, __WALL | __WNOTHREAD);
	close(launch->exec_errors[1]);
	launch->exec_errors[1] = -1;
	return err;
}

static void *run_thread(void *arg)
{
	struct launch *launch = arg;
	sigset_t wake;

	(void)pthread_setname_np(pthread_self(), "ttlog-launch");
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &wake, NULL);

	launch->setup_err = start_cmd(launch);
	(void)sem_post(&launch->ready);
	if (!launch->setup_err)
		trace(launch);
	return NULL;
}

/* ---- Called by other threads ---- */

/* The thread takes only the signal that wakes it. */
static int start_thread(struct launch *launch)
{
	struct sigaction wake = { .sa_handler = do_nothing }; /* without SA_RESTART */
	sigset_t all, mask;
	int err;

	if (sigaction(WAKE_SIGNAL, &wake, NULL))
		return -errno;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	err = pthread_create(&launch->thread, NULL, run_thread, launch);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return -err;
}

static struct launch *new_launch(char *const argv[], const struct launch_signals *signals,
				 const struct launch_callbacks *callbacks)
{
	struct launch *launch = calloc(1, sizeof(*launch));

	if (!launch)
		return NULL;
	launch->callbacks = *callbacks;
	launch->signals = *signals;
	launch->argv = argv;
	launch->pidfd = -1;
	if (pipe2(launch->exec_errors, O_CLOEXEC)) {
		free(launch);
		return NULL;
	}
	(void)sem_init(&launch->ready, 0, 0);
	return launch;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void free_launch(struct launch *launch)
{
	close_fd(launch->exec_errors[0]);
	close_fd(launch->exec_errors[1]);
	close_fd(launch->pidfd);
	(void)sem_destroy(&launch->ready);
	tracees__fini(&launch->tracees);
	free(launch);
}

/* CMD's errno, or 0: its exec succeeded. */
static int read_exec_error(const struct launch *launch)
{
	ssize_t n;
	int err;

	do
		n = read(launch->exec_errors[0], &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == sizeof(err) ? err : 0;
}

struct launch *launch__start(char *const argv[], const struct launch_signals *signals,
			     const struct launch_callbacks *callbacks, int *ret_exit_status)
{
	struct launch *launch = new_launch(argv, signals, callbacks);
	int status = EXIT_FAILED;
	int err;

	if (!launch) {
		*ret_exit_status = EXIT_FAILED;
		return NULL;
	}
	err = -start_thread(launch);
	if (err)
		goto fail;
	while (sem_wait(&launch->ready) && errno == EINTR)
		;
	err = -launch->setup_err;
	if (!err) {
		err = read_exec_error(launch);
		if (!err)
			return launch;
		status = err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
	}
	(void)pthread_join(launch->thread, NULL);
fail:
	free_launch(launch);
	*ret_exit_status = status;
	errno = err;
	return NULL;
}

int launch__signal(const struct launch *launch, int sig)
{
	return syscall(SYS_pidfd_send_signal, launch->pidfd, sig, NULL, 0) ? -errno : 0;
}

static void join_thread(struct launch *launch)
{
	struct timespec until;

	/* again and again, because a signal just before waitpid() interrupts nothing */
	do {
		(void)pthread_kill(launch->thread, WAKE_SIGNAL);
		until = clock__timespec(clock__now_real_ns() + WAKE_EVERY_NS);
	} while (pthread_timedjoin_np(launch->thread, NULL, &until) == ETIMEDOUT);
}

void launch__free(struct launch *launch)
{
	if (!launch)
		return;
	/* pairs with wait_next(); the flag protects only itself */
	barrier__store_release(&launch->stop, true);
	join_thread(launch);
	free_launch(launch);
}
