/* SPDX-License-Identifier: MIT */
/*
 * The thread that starts CMD and traces its process tree.
 *
 * What a stop asks for follows from its wait status alone, but for the processes whose dynamic
 * linker is at work: these have a breakpoint, and an entry in `linkings` as long as it is there. A
 * tracee may die at any moment, so ptrace requests may always fail with ESRCH: its end is reported
 * by waitpid() in time. When the thread ends, the kernel lets go of all that it still traces.
 *
 * The thread writes everything in struct launch but `stop`; before `ready` is posted nobody else
 * reads it, and afterwards `pid` and `pidfd` don't change.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "barrier.h"
#include "breakpoint.h"
#include "linker.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUN   126
#define EXIT_FAILED    125

#define TRACE_OPTIONS                                                                              \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/* Does nothing but interrupt waitpid(); sent again until the thread has ended. */
#define WAKE_SIGNAL   SIGRTMIN
#define WAKE_EVERY_NS 5000000

struct linking {
	pid_t pid;
	struct linker linker;
	uint64_t breakpoint; /* linker.notify, or where it was called from to get past it */
	int fd;              /* of the breakpoint */
	uint64_t mask;       /* of signals, before the breakpoint's was let through */
	bool adding;         /* the linker said that it starts */
};

struct launch {
	struct launch_callbacks callbacks;
	struct launch_signals signals;
	char *const *argv;  /* the caller's, until CMD is exec'd */
	int exec_errors[2]; /* CMD's errno; closed without one by its exec */
	pthread_t thread;
	sem_t ready; /* the thread started CMD, or failed with setup_err */
	int setup_err;
	bool stop; /* set by launch__free(), read in wait_next() */
	pid_t pid;
	int pidfd;
	bool has_exec; /* CMD was exec'd */
	struct linking *linkings;
	size_t linking_cnt, linking_cap;
};

static void do_nothing(int sig)
{
	(void)sig;
}

/* ---- The processes whose linker is at work ---- */

static struct linking *find_linking(struct launch *launch, pid_t pid)
{
	for (size_t i = 0; i < launch->linking_cnt; i++) {
		if (launch->linkings[i].pid == pid)
			return &launch->linkings[i];
	}
	return NULL;
}

static void forget_linking(struct launch *launch, pid_t pid)
{
	struct linking *linking = find_linking(launch, pid);

	if (!linking)
		return;
	(void)close(linking->fd);
	if (linking->mask >> (BREAKPOINT_SIGNAL - 1) & 1)
		(void)ptrace(PTRACE_SETSIGMASK, pid, sizeof(linking->mask), &linking->mask);
	*linking = launch->linkings[--launch->linking_cnt];
}

/* A signal that is blocked stops nobody. Undone by forget_linking(). */
static int let_through(struct linking *linking)
{
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, linking->pid, sizeof(mask), &linking->mask))
		return -errno;
	mask = linking->mask & ~(1ull << (BREAKPOINT_SIGNAL - 1));
	if (mask == linking->mask)
		return 0;
	return ptrace(PTRACE_SETSIGMASK, linking->pid, sizeof(mask), &mask) ? -errno : 0;
}

/* Puts a breakpoint where the linker will call. Non-zero where that can't be had. */
static int start_linking(struct launch *launch, pid_t pid)
{
	struct linking linking = { .pid = pid };
	int err;

	err = linker__find(pid, &linking.linker);
	if (err)
		return err;
	if (launch->linking_cnt == launch->linking_cap) {
		size_t cap = launch->linking_cap ? launch->linking_cap * 2 : 8;
		struct linking *linkings = realloc(launch->linkings, cap * sizeof(*linkings));

		if (!linkings)
			return -ENOMEM;
		launch->linkings = linkings;
		launch->linking_cap = cap;
	}
	linking.breakpoint = linking.linker.notify;
	linking.fd = breakpoint__open(pid, linking.breakpoint);
	if (linking.fd < 0)
		return linking.fd;
	err = let_through(&linking);
	if (err) {
		(void)close(linking.fd);
		return err;
	}
	launch->linkings[launch->linking_cnt++] = linking;
	return 0;
}

/* ---- Stops ---- */

static void resume(pid_t pid, int sig)
{
	(void)ptrace(PTRACE_CONT, pid, NULL, (void *)(long)sig);
}

static void tell_mapped(struct launch *launch, pid_t pid)
{
	if (launch->callbacks.mapped(launch->callbacks.ctx, pid))
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	else
		resume(pid, 0);
}

static void handle_exec(struct launch *launch, pid_t pid)
{
	if (pid == launch->pid)
		launch->has_exec = true;
	forget_linking(launch, pid);
	if (start_linking(launch, pid))
		tell_mapped(launch, pid);
	else
		resume(pid, 0);
}

/*
 * The linker calls, once or twice before it adds libraries, and when they are there. Calls before
 * are about the libraries of LD_AUDIT, which have a namespace of their own.
 */
static bool is_complete(struct linking *linking)
{
	bool was_adding = linking->adding;

	if (!linking->linker.debug)
		return true;
	linking->adding = linker__is_adding(&linking->linker, linking->pid);
	return was_adding && !linking->adding;
}

/* A breakpoint can't stay where the process is to go on: it waits at the caller meanwhile. */
static int move_breakpoint(struct linking *linking)
{
	uint64_t address = linking->linker.notify;
	int err = 0, fd;

	if (linking->breakpoint == address)
		err = breakpoint__return_address(linking->pid, &address);
	if (err)
		return err;
	fd = breakpoint__open(linking->pid, address);
	if (fd < 0)
		return fd;
	(void)close(linking->fd);
	linking->fd = fd;
	linking->breakpoint = address;
	return 0;
}

/* Whether the signal was the breakpoint's; then the process runs again. */
static bool handle_trap(struct launch *launch, pid_t pid)
{
	struct linking *linking = find_linking(launch, pid);

	if (!linking || !breakpoint__was_hit(pid, linking->breakpoint))
		return false;
	if ((linking->breakpoint == linking->linker.notify && is_complete(linking)) ||
	    move_breakpoint(linking)) {
		forget_linking(launch, pid);
		tell_mapped(launch, pid);
	} else {
		resume(pid, 0);
	}
	return true;
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void handle_stop(struct launch *launch, pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC)
		handle_exec(launch, pid);
	else if (event == PTRACE_EVENT_STOP && is_stop_signal(sig))
		(void)ptrace(PTRACE_LISTEN, pid, NULL, NULL); /* stays stopped until SIGCONT */
	else if (event)
		resume(pid, 0);
	else if (sig != BREAKPOINT_SIGNAL || !handle_trap(launch, pid))
		resume(pid, sig);
}

/* Clears the breakpoint at whatever stop came first after the interrupt, and lets go. */
static void handle_last_stop(struct launch *launch, const struct linking *linking, int status)
{
	pid_t pid = linking->pid;
	int sig = status >> 16 ? 0 : WSTOPSIG(status);

	if (sig == BREAKPOINT_SIGNAL && breakpoint__was_hit(pid, linking->breakpoint))
		sig = 0;
	forget_linking(launch, pid);
	(void)ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)sig);
}

/* ---- The thread ---- */

static void handle_end(struct launch *launch, pid_t pid, int status)
{
	forget_linking(launch, pid);
	if (pid != launch->pid)
		return;
	/* the failure of exec is launch__start()'s to tell */
	if (launch->has_exec || WIFSIGNALED(status))
		launch->callbacks.ended(launch->callbacks.ctx, status);
}

/*
 * __WNOTHREAD: other threads' children are none of ours. Returns 0 when there is nobody left to
 * wait for, or `stop` is set.
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

/* Nobody may keep a breakpoint that there is no one left to handle. */
static void let_go(struct launch *launch)
{
	const struct linking *linking;
	int status;

	for (size_t i = 0; i < launch->linking_cnt;) {
		if (ptrace(PTRACE_INTERRUPT, launch->linkings[i].pid, NULL, NULL) && errno == ESRCH)
			forget_linking(launch, launch->linkings[i].pid);
		else
			i++;
	}
	while (launch->linking_cnt) {
		pid_t pid = launch->linkings[0].pid;

		if (waitpid(pid, &status, __WALL | __WNOTHREAD) < 0) {
			if (errno != EINTR)
				forget_linking(launch, pid);
			continue;
		}
		linking = find_linking(launch, pid);
		if (!WIFSTOPPED(status))
			forget_linking(launch, pid);
		else if (linking)
			handle_last_stop(launch, linking, status);
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

/* Forks, and has the child traced before it execs CMD. */
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
		close(go[1]); /* or it would wait for itself should the collector die */
		run_cmd(launch, go[0]);
	}
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	if (launch->pidfd < 0 || ptrace(PTRACE_SEIZE, launch->pid, NULL, (void *)TRACE_OPTIONS) ||
	    write(go[1], "", 1) != 1)
		err = -errno;
out:
	close(go[0]);
	close(go[1]);
	/* the child reads the end of the pipe and is gone */
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
	int err;

	(void)pthread_setname_np(pthread_self(), "ttlog-launch");
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &wake, NULL);

	err = start_cmd(launch);
	launch->setup_err = err;
	(void)sem_post(&launch->ready);
	if (err)
		return NULL;
	trace(launch);
	let_go(launch);
	return NULL;
}

/* ---- For the other threads ---- */

/* The thread takes no signal but the one that wakes it. */
static int start_thread(struct launch *launch)
{
	struct sigaction wake = { .sa_handler = do_nothing }; /* without SA_RESTART */
	struct sigaction dfl = { .sa_handler = SIG_DFL }, old;
	sigset_t all, mask;
	int err;

	if (sigaction(WAKE_SIGNAL, &wake, NULL))
		return -errno;
	/* ignored, it would have the kernel reap CMD unseen */
	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		(void)sigaction(SIGCHLD, &dfl, NULL);
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
	free(launch->linkings);
	free(launch);
}

/* CMD's errno, or 0 when it was exec'd. */
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

pid_t launch__pid(const struct launch *launch)
{
	return launch->pid;
}

int launch__signal(const struct launch *launch, int sig)
{
	return syscall(SYS_pidfd_send_signal, launch->pidfd, sig, NULL, 0) ? -errno : 0;
}

static void join_thread(struct launch *launch)
{
	struct timespec until;

	/* again and again: a signal that comes just before waitpid() interrupts nothing */
	do {
		(void)pthread_kill(launch->thread, WAKE_SIGNAL);
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAKE_EVERY_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	} while (pthread_timedjoin_np(launch->thread, NULL, &until) == ETIMEDOUT);
}

void launch__free(struct launch *launch)
{
	if (!launch)
		return;
	/* pairs with wait_next(); the flag protects nothing but itself */
	barrier__store_release(&launch->stop, true);
	join_thread(launch);
	free_launch(launch);
}
