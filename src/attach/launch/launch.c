/* SPDX-License-Identifier: MIT */
/*
 * The thread that starts CMD and traces its process tree.
 *
 * The wait status of a stop tells what to do, except for threads whose system calls are of
 * interest: these have an entry in `tracees`. A tracee may die at any moment, so any request may
 * come too late; its end is reported later. When the tracer ends, in any way, the kernel lets all its
 * tracees go, and they run on: nothing in their memory was changed.
 *
 * A stop is handled until it is decided how the thread runs on: then `next` has it, and it goes with
 * the request for the next stop.
 *
 * The thread writes all of struct launch except `stop`. No other thread reads it before `ready` is
 * posted; after that, `command` doesn't change.
 */
#include "launch.h"

#include <errno.h>
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
#include "broker_server.h"
#include "linker.h"
#include "maps.h"
#include "proc_thread.h"
#include "traced_command.h"
#include "tracee.h"
#include "tracer.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUN   126
#define EXIT_FAILED    125

/* The thread is woken again and again until it has ended. */
#define WAKE_EVERY_NS 5000000

/* How long to wait for a thread that another tracer wants, and how often to look at it. */
#define MAKE_WAY_NS      1000000000ull
#define MAKE_WAY_STEP_NS 200000

struct launch {
	struct launch_callbacks callbacks;
	struct command_signals signals;
	char *const *argv; /* owned by the caller, valid until CMD's exec */
	pthread_t thread;
	sem_t ready; /* the thread started CMD, or failed with setup_err */
	int setup_err;
	bool stop; /* set by launch__free(), read in wait_next() */
	struct tracer *tracer;
	struct traced_command command;
	bool has_exec; /* CMD has called exec, or is not traced */
	struct tracer_resume next;
	struct tracees tracees;
};

/* ---- Stops ---- */

static void flush_next(struct launch *launch)
{
	tracer__resume(launch->tracer, &launch->next);
	launch->next = (struct tracer_resume){ 0 };
}

static void set_next(struct launch *launch, pid_t pid, enum tracer_how how, int sig)
{
	flush_next(launch);
	launch->next = (struct tracer_resume){ .tid = pid, .how = how, .sig = sig };
}

/* Runs to the next event, or to the next system call if these are of interest. */
static void resume(struct launch *launch, pid_t pid, int sig)
{
	bool calls = tracee__has_calls(tracees__find(&launch->tracees, pid));

	set_next(launch, pid, calls ? TRACER_RUN_TO_CALL : TRACER_RUN, sig);
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
	set_next(launch, pid, TRACER_LET_GO, sig);
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
static bool takes_signal(uint64_t blocked)
{
	const uint64_t stopping = 1ull << (SIGURG - 1) | 1ull << (SIGWINCH - 1) |
				  1ull << (SIGCHLD - 1);

	return (blocked & stopping) != stopping;
}

static int begin_linking(struct launch *launch, pid_t pid, uint64_t blocked, bool *ret_stops)
{
	struct linker linker;
	struct maps *maps;
	int err;

	*ret_stops = false;
	if (launch->callbacks.begin_linking && takes_signal(blocked)) {
		err = launch->callbacks.begin_linking(launch->callbacks.ctx, pid, &linker,
						      ret_stops);
	} else {
		maps = maps__read(pid);
		err = maps ? linker__find(pid, maps, &linker) : -errno;
		maps__free(maps);
	}
	if (err)
		return err;
	err = tracees__add_linking(&launch->tracees, pid, &linker, *ret_stops);
	if (err && *ret_stops)
		launch->callbacks.end_linking(launch->callbacks.ctx, pid);
	return err;
}

static void handle_exec(struct launch *launch, const struct tracer_stop *stop)
{
	const pid_t pid = stop->tid;
	bool stops;

	if (pid == launch->command.pid)
		launch->has_exec = true;
	/* a new program, which has not forked yet */
	forget(launch, pid);
	if (begin_linking(launch, pid, stop->blocked, &stops)) {
		tell_linked(launch, pid, 0);
		return;
	}
	/* a program that stops in time has nothing to record before */
	if (!stops)
		launch->callbacks.mapped(launch->callbacks.ctx, pid);
	resume(launch, pid, 0);
}

/* A thread has no exec of its own, so nothing waits for one. */
static void handle_fork(struct launch *launch, const struct tracer_stop *stop)
{
	if (stop->child)
		tracees__claim_young(&launch->tracees, stop->tid, stop->child);
	resume(launch, stop->tid, 0);
}

/* The first stop of a new process or thread, which the kernel traces from its first instruction; or
 * a stop of a known one that continues. */
static void handle_first_stop(struct launch *launch, const struct tracer_stop *stop)
{
	if (stop->is_process && !tracees__find(&launch->tracees, stop->tid))
		tracees__add_young(&launch->tracees, stop->tid);
	resume(launch, stop->tid, 0);
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* ---- System calls ---- */

static void handle_end(struct launch *launch, pid_t pid, int status)
{
	forget(launch, pid);
	if (pid != launch->command.pid)
		return;
	/* launch__start() reports a failed exec */
	if (launch->has_exec || WIFSIGNALED(status))
		launch->callbacks.ended(launch->callbacks.ctx, status);
}

/*
 * Waits for a thread that was interrupted. False: it does not stop, because it waits for its child
 * of vfork(), maybe the one that is about to trace it, or for a disk. It stops later.
 */
static bool await_stop(struct launch *launch, pid_t pid, struct tracer_stop *ret)
{
	const uint64_t end_ns = clock__now_mono_ns() + MAKE_WAY_NS;
	const struct timespec step = { .tv_nsec = MAKE_WAY_STEP_NS };
	const struct tracer_wait wait = { .tid = pid };
	int err;

	while (!(err = tracer__wait(launch->tracer, &wait, ret)) && !ret->tid &&
	       clock__now_mono_ns() < end_ns)
		(void)nanosleep(&step, NULL);
	return !err && ret->tid;
}

/* A thread is about to trace another one, which runs: it can have only one tracer. */
static void make_way(struct launch *launch, pid_t pid)
{
	struct tracer_stop stop;

	if (tracer__interrupt(launch->tracer, pid))
		return; /* it is not ours */
	if (!await_stop(launch, pid, &stop))
		return;
	if (WIFSTOPPED(stop.status)) {
		const int sig = WSTOPSIG(stop.status);
		bool has_signal = !(stop.status >> 16) && sig != TRACER_CALL_STOP;

		let_go(launch, pid, has_signal ? sig : 0);
	} else {
		handle_end(launch, pid, stop.status);
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

static void handle_call(struct launch *launch, const struct tracer_stop *stop)
{
	const pid_t pid = stop->tid;
	const struct call_stop *call = &stop->call;
	struct tracee *tracee = tracees__find(&launch->tracees, pid);

	if (!tracee || !stop->has_call) {
		resume(launch, pid, 0);
		return;
	}
	if (tracee->state == TRACEE_LINKING) {
		handle_linking(launch, tracee, call);
		return;
	}
	if (call->is_entry && call->number == SYS_ptrace && handle_ptrace(launch, pid, call))
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
static void handle_signal(struct launch *launch, const struct tracer_stop *stop)
{
	const pid_t pid = stop->tid;
	const int sig = WSTOPSIG(stop->status);
	struct tracee *tracee = tracees__find(&launch->tracees, pid);

	if (is_fault_of_init(pid, sig)) {
		let_go(launch, pid, sig);
	} else if (!tracee__is_stopped_by_linker(tracee)) {
		if (launch->callbacks.loaded && call_stop__is_of_linker(stop))
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

static void handle_stop(struct launch *launch, const struct tracer_stop *stop)
{
	int sig = WSTOPSIG(stop->status);

	switch (stop->status >> 16) {
	case 0:
		if (sig == TRACER_CALL_STOP)
			handle_call(launch, stop);
		else
			handle_signal(launch, stop);
		break;
	case PTRACE_EVENT_EXEC:
		handle_exec(launch, stop);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		handle_fork(launch, stop);
		break;
	case PTRACE_EVENT_STOP:
		if (is_stop_signal(sig))
			set_next(launch, stop->tid, TRACER_LISTEN, 0); /* until SIGCONT */
		else
			handle_first_stop(launch, stop);
		break;
	default:
		resume(launch, stop->tid, 0);
	}
}

/* ---- The thread ---- */

/* False: nothing is left to wait for, or `stop` is set. */
static bool wait_next(struct launch *launch, struct tracer_stop *ret)
{
	struct tracer_quiet quiet[TRACER_MAX_QUIET];
	struct tracer_wait wait = { .tid = -1, .is_patient = true, .quiet = quiet };
	int err;

	wait.quiet_cnt = tracees__list_quiet(&launch->tracees, quiet, TRACER_MAX_QUIET);

	do {
		if (barrier__load_acquire(&launch->stop)) {
			flush_next(launch);
			return false;
		}
		wait.resume = launch->next;
		err = tracer__wait(launch->tracer, &wait, ret);
		launch->next = (struct tracer_resume){ 0 };
	} while (err == -EINTR);
	if (!err)
		tracees__pass_quiet(&launch->tracees, quiet, wait.quiet_cnt);
	return !err;
}

static void trace(struct launch *launch)
{
	struct tracer_stop stop;

	while (wait_next(launch, &stop)) {
		if (WIFSTOPPED(stop.status))
			handle_stop(launch, &stop);
		else
			handle_end(launch, stop.tid, stop.status);
	}
}

static int start_cmd(struct launch *launch)
{
	struct traced_command *command = &launch->command;
	int err = traced_command__start(launch->tracer, launch->argv, &launch->signals, command);

	if (err)
		return err;
	if (command->trace_err) {
		launch->has_exec = true; /* no stop will report it */
		launch->callbacks.untraced(launch->callbacks.ctx, command->pid, command->trace_err);
	}
	/* if it was killed, its end is reported */
	(void)traced_command__go(command->fd);
	return 0;
}

static void *run_thread(void *arg)
{
	struct launch *launch = arg;

	(void)pthread_setname_np(pthread_self(), "ttlog-launch");
	launch->tracer = tracer__new();
	launch->setup_err = launch->tracer ? start_cmd(launch) : -errno;
	(void)sem_post(&launch->ready);
	if (!launch->setup_err)
		trace(launch);
	return NULL;
}

/* ---- Called by other threads ---- */

/* The thread takes no signals. */
static int start_thread(struct launch *launch)
{
	sigset_t all, mask;
	int err;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	err = pthread_create(&launch->thread, NULL, run_thread, launch);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return -err;
}

static struct launch *new_launch(char *const argv[], const struct command_signals *signals,
				 const struct launch_callbacks *callbacks)
{
	struct launch *launch = calloc(1, sizeof(*launch));

	if (!launch)
		return NULL;
	launch->callbacks = *callbacks;
	launch->signals = *signals;
	launch->argv = argv;
	launch->command.fd = -1;
	(void)sem_init(&launch->ready, 0, 0);
	return launch;
}

static void free_launch(struct launch *launch)
{
	if (launch->command.fd >= 0)
		(void)close(launch->command.fd);
	tracer__free(launch->tracer);
	(void)sem_destroy(&launch->ready);
	tracees__fini(&launch->tracees);
	free(launch);
}

struct launch *launch__start(char *const argv[], const struct command_signals *signals,
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
		err = traced_command__exec_error(launch->command.fd);
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
	(void)launch;
	return traced_command__signal(sig);
}

static void join_thread(struct launch *launch)
{
	struct timespec until;

	/* again and again, because a wake just before the wait interrupts nothing */
	do {
		(void)tracer__wake(launch->tracer);
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
