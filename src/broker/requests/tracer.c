/* SPDX-License-Identifier: MIT */
/*
 * A tracer has a connection of its own: that of its thread may be left behind while it reads memory
 * (src/attach/proc/pull.c), and all traced threads would be let go.
 *
 * One request resumes a thread, waits for the next stop, and answers with all that the recorder
 * wants to know of it, because each request costs two switches between threads.
 */
#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "broker.h"
#include "broker_server.h"
#include "thread_priority.h"
#include "tracer.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no system calls known for this machine"
#endif

#define TRACE_OPTIONS                                                                              \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |     \
	 PTRACE_O_TRACESYSGOOD)

/* Only interrupts waitpid(). */
#define WAKE_SIGNAL SIGRTMIN

/* How long tracer__free() waits for the end of the broker's thread, and how often it looks. */
#define END_LOOKS   5000
#define END_LOOK_NS 200000

struct tracer {
	struct broker_connection *connection;
};

/* Only the threads that there are go over the connection. */
struct wait_request {
	struct tracer_resume resume;
	pid_t tid; /* 0: does not wait */
	bool is_patient;
	uint32_t quiet_cnt;
	struct tracer_quiet quiet[TRACER_MAX_QUIET];
};

struct wait_answer {
	struct tracer_stop stop;
	uint32_t left[TRACER_MAX_QUIET]; /* as struct tracer_quiet */
};

_Static_assert(sizeof(struct wait_request) <= BROKER_PAYLOAD_BYTES, "it has room");
_Static_assert(sizeof(struct wait_answer) <= BROKER_PAYLOAD_BYTES, "it has room");

static size_t request_bytes(size_t quiet_cnt)
{
	return offsetof(struct wait_request, quiet) + quiet_cnt * sizeof(struct tracer_quiet);
}

static size_t answer_bytes(size_t quiet_cnt)
{
	return offsetof(struct wait_answer, left) + quiet_cnt * sizeof(uint32_t);
}

/* ---- the broker's side ---- */

static bool may_trace(const struct broker_policy *policy)
{
	return !policy->is_strict || policy->command;
}

static bool may_seize(const struct broker_policy *policy, pid_t tid)
{
	const uint32_t key = (uint32_t)tid;
	uint32_t value;

	return !policy->is_strict ||
	       (policy->command && !bpf_map_lookup_elem(policy->loading_fd, &key, &value));
}

static __thread volatile sig_atomic_t is_woken;

static void note_wake(int sig)
{
	(void)sig;
	is_woken = 1;
}

int tracer__begin(pid_t pid)
{
	struct sigaction action = { .sa_handler = note_wake }; /* without SA_RESTART */
	sigset_t wake;

	if (sigaction(WAKE_SIGNAL, &action, NULL))
		return -errno;
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	(void)pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
	return ptrace(PTRACE_SEIZE, pid, NULL, (void *)TRACE_OPTIONS) ? -errno : 0;
}

/* The thread waits for a millisecond at most until it is traced (bpf/launch.bpf.h). */
static void hurry(void)
{
	static __thread bool does;

	if (!does)
		thread_priority__set_server(THREAD_PRIORITY_HELPER);
	does = true;
}

int tracer__serve_seize(const struct broker_task *task, struct broker_result *ret)
{
	const pid_t tid = task->request->pid;

	(void)ret;
	hurry();
	if (!may_seize(task->peer->policy, tid))
		return -EPERM;
	return ptrace(PTRACE_SEIZE, tid, NULL, NULL) ? -errno : 0;
}

int tracer__serve_interrupt(const struct broker_task *task, struct broker_result *ret)
{
	(void)ret;
	if (!may_trace(task->peer->policy))
		return -EPERM;
	return ptrace(PTRACE_INTERRUPT, task->request->pid, NULL, NULL) ? -errno : 0;
}

/* Whether it stopped for that signal. */
static bool has_signal(pid_t tid, int sig)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) && info.si_signo == sig;
}

/* It may have died: then it is not resumed. */
static int resume(const struct broker_policy *policy, const struct tracer_resume *how)
{
	void *sig = (void *)(long)how->sig;

	if (!how->tid)
		return 0;
	if (policy->is_strict && how->sig && !has_signal(how->tid, how->sig))
		return -EPERM;
	switch (how->how) {
	case TRACER_RUN:
		(void)ptrace(PTRACE_CONT, how->tid, NULL, sig);
		return 0;
	case TRACER_RUN_TO_CALL:
		(void)ptrace(PTRACE_SYSCALL, how->tid, NULL, sig);
		return 0;
	case TRACER_LISTEN:
		(void)ptrace(PTRACE_LISTEN, how->tid, NULL, NULL);
		return 0;
	case TRACER_LET_GO:
		(void)ptrace(PTRACE_DETACH, how->tid, NULL, sig);
		return 0;
	}
	return -EINVAL;
}

static bool read_call(pid_t tid, struct call_stop *ret)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) < 0)
		return false;
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		ret->is_entry = true;
		ret->number = info.arch == OWN_ARCH ? info.entry.nr : UINT64_MAX;
		memcpy(ret->args, info.entry.args, sizeof(ret->args));
		return true;
	case PTRACE_SYSCALL_INFO_EXIT:
		ret->failed = info.exit.is_error;
		return true;
	}
	return false;
}

static void look_at_plain_stop(struct tracer_stop *stop)
{
	siginfo_t info;

	if (WSTOPSIG(stop->status) == TRACER_CALL_STOP) {
		stop->has_call = read_call(stop->tid, &stop->call);
	} else if (!ptrace(PTRACE_GETSIGINFO, stop->tid, NULL, &info)) {
		stop->has_code = true;
		stop->code = info.si_code;
	}
}

static void look_at_stop(struct tracer_stop *stop)
{
	const pid_t tid = stop->tid;
	unsigned long child;

	switch (stop->status >> 16) {
	case 0:
		look_at_plain_stop(stop);
		break;
	case PTRACE_EVENT_EXEC:
		if (ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof(stop->blocked), &stop->blocked))
			stop->blocked = UINT64_MAX;
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		if (!ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child))
			stop->child = (pid_t)child;
		break;
	case PTRACE_EVENT_STOP:
		/* the first thread has the number of its process */
		stop->is_process = !syscall(SYS_tgkill, tid, tid, 0) || errno != ESRCH;
		break;
	}
}

/* __WNOTHREAD: children of other threads are not ours. */
static int await_stop(const struct wait_request *request, struct tracer_stop *ret)
{
	*ret = (struct tracer_stop){ 0 };
	if (is_woken) {
		is_woken = 0;
		return -EINTR;
	}
	ret->tid = waitpid(request->tid, &ret->status,
			   __WALL | __WNOTHREAD | (request->is_patient ? 0 : WNOHANG));
	if (ret->tid < 0)
		return -errno;
	if (ret->tid && WIFSTOPPED(ret->status))
		look_at_stop(ret);
	return 0;
}

/* Whether the stop is of no interest, and the thread runs on to its next call. */
static bool passes(struct wait_request *request, const struct tracer_stop *stop)
{
	if (!stop->has_call || (stop->call.is_entry && stop->call.number == SYS_ptrace))
		return false;
	for (size_t i = 0; i < request->quiet_cnt; i++) {
		struct tracer_quiet *quiet = &request->quiet[i];

		if (quiet->tid != stop->tid || !quiet->left)
			continue;
		quiet->left--;
		return !ptrace(PTRACE_SYSCALL, stop->tid, NULL, NULL);
	}
	return false;
}

static bool take_request(const struct broker_task *task, struct wait_request *ret)
{
	if (task->bytes < request_bytes(0) || task->bytes > sizeof(*ret))
		return false;
	memcpy(ret, task->payload, task->bytes);
	return ret->quiet_cnt <= TRACER_MAX_QUIET && task->bytes == request_bytes(ret->quiet_cnt);
}

int tracer__serve_wait(const struct broker_task *task, struct broker_result *ret)
{
	struct wait_request request;
	struct wait_answer answer;
	int err;

	if (!may_trace(task->peer->policy))
		return -EPERM;
	if (!take_request(task, &request))
		return -EINVAL;
	err = resume(task->peer->policy, &request.resume);
	if (err || !request.tid)
		return err;
	do
		err = await_stop(&request, &answer.stop);
	while (!err && passes(&request, &answer.stop));
	if (err)
		return err;
	for (size_t i = 0; i < request.quiet_cnt; i++)
		answer.left[i] = request.quiet[i].left;
	ret->bytes = answer_bytes(request.quiet_cnt);
	memcpy(ret->payload, &answer, ret->bytes);
	return 0;
}

/* All threads of the broker block it, except those that started a command. */
int tracer__serve_wake(const struct broker_task *task, struct broker_result *ret)
{
	(void)ret;
	if (!may_trace(task->peer->policy))
		return -EPERM;
	return syscall(SYS_tgkill, getpid(), task->request->pid, WAKE_SIGNAL) ? -errno : 0;
}

/* ---- the recorder's side ---- */

struct tracer *tracer__new(void)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));

	if (!tracer)
		return NULL;
	tracer->connection = broker_connection__own();
	if (!tracer->connection) {
		free(tracer);
		return NULL;
	}
	broker_connection__leave(tracer->connection);
	return tracer;
}

int tracer__call(struct tracer *tracer, struct broker_call *call)
{
	int err = broker_connection__ask(tracer->connection, call);

	return err ? err : broker_connection__take(tracer->connection, call);
}

static int wake(pid_t server)
{
	struct broker_call call = { .request = { .op = BROKER_WAKE, .pid = server } };

	return broker__call(&call);
}

int tracer__wake(const struct tracer *tracer)
{
	return wake(broker_connection__server(tracer->connection));
}

void tracer__free(struct tracer *tracer)
{
	const struct timespec step = { .tv_nsec = END_LOOK_NS };
	pid_t server;

	if (!tracer)
		return;
	server = broker_connection__server(tracer->connection);
	broker_connection__free(tracer->connection);
	free(tracer);
	/* the thread is gone after its threads were let go */
	for (int i = 0; i < END_LOOKS && !wake(server); i++)
		(void)nanosleep(&step, NULL);
}

int tracer__seize(struct tracer *tracer, pid_t tid)
{
	struct broker_call call = { .request = { .op = BROKER_SEIZE, .pid = tid } };

	return tracer__call(tracer, &call);
}

int tracer__interrupt(struct tracer *tracer, pid_t tid)
{
	struct broker_call call = { .request = { .op = BROKER_INTERRUPT, .pid = tid } };

	return tracer__call(tracer, &call);
}

int tracer__wait(struct tracer *tracer, const struct tracer_wait *wait, struct tracer_stop *ret)
{
	struct wait_request request = {
		.resume = wait->resume,
		.tid = wait->tid,
		.is_patient = wait->is_patient,
		.quiet_cnt = (uint32_t)wait->quiet_cnt,
	};
	struct wait_answer answer = { 0 };
	struct broker_call call = {
		.request.op = BROKER_WAIT,
		.payload = &request,
		.payload_bytes = request_bytes(wait->quiet_cnt),
		.ret = &answer,
		.ret_room = sizeof(answer),
	};
	int err;

	for (size_t i = 0; i < wait->quiet_cnt; i++)
		request.quiet[i] = wait->quiet[i];
	err = tracer__call(tracer, &call);
	if (err || !wait->tid)
		return err;
	for (size_t i = 0; i < wait->quiet_cnt; i++)
		wait->quiet[i].left = answer.left[i];
	*ret = answer.stop;
	return 0;
}

void tracer__resume(struct tracer *tracer, const struct tracer_resume *resume)
{
	const struct tracer_wait wait = { .resume = *resume };

	if (resume->tid)
		(void)tracer__wait(tracer, &wait, NULL);
}
