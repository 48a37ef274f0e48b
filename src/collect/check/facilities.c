/* SPDX-License-Identifier: MIT */
/*
 * A table of questions, in the order in which one needs the other.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "capability.h"
#include "clock.h"
#include "exec_events.h"
#include "facilities.h"
#include "map_events.h"
#include "ring_budget.h"
#include "runtime_dir.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

#define OLDEST_MAJOR 6u
#define OLDEST_MINOR 1u

/* Until an exec is reported; mostly microseconds. */
#define REPORT_MAX_MS 5000

static void set_errno(struct answer *answer, int err)
{
	answer->ok = !err;
	answer->denied = err == -EPERM || err == -EACCES;
	if (err)
		snprintf(answer->detail, sizeof(answer->detail), "%s", strerror(-err));
}

static void ask_kernel(struct answer *answer)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name)) {
		set_errno(answer, -errno);
		return;
	}
	snprintf(answer->detail, sizeof(answer->detail), "%s %s", name.release, name.machine);
	if (sscanf(name.release, "%u.%u", &major, &minor) == 2)
		answer->ok = major > OLDEST_MAJOR ||
			     (major == OLDEST_MAJOR && minor >= OLDEST_MINOR);
}

static void ask_namespaces(struct answer *answer)
{
	const char *foreign = capability__foreign_namespace();

	answer->ok = !foreign;
	if (foreign)
		snprintf(answer->detail, sizeof(answer->detail), "here is another %s namespace",
			 foreign);
}

/* CAP_SYS_ADMIN includes capabilities that were split off from it. */
static void ask_capability(struct answer *answer, unsigned int number)
{
	answer->ok = capability__has(number) || capability__has(CAP_SYS_ADMIN);
	snprintf(answer->detail, sizeof(answer->detail), "effective user %u%s",
		 (unsigned int)geteuid(),
		 !answer->ok               ? ""
		 : capability__has(number) ? ", has it"
					   : ", has CAP_SYS_ADMIN");
}

static void ask_cap_sys_ptrace(struct answer *answer)
{
	answer->ok = capability__has(CAP_SYS_PTRACE);
}

/* The other tracepoints of the BPF programs. */
static void ask_process_life(struct answer *answer)
{
	static const char *const names[] = { "sched_process_exec", "sched_process_fork",
					     "task_rename" };

	answer->ok = true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (capability__tracepoint(names[i]))
			continue;
		answer->ok = false;
		snprintf(answer->detail, sizeof(answer->detail), "no %s", names[i]);
	}
}

/* A feature of newer kernels, or a kprobe instead. */
static void ask_stand_in(struct answer *answer, bool has_it, const char *newer,
			 const char *function)
{
	if (has_it) {
		answer->ok = true;
		snprintf(answer->detail, sizeof(answer->detail), "%s", newer);
		return;
	}
	set_errno(answer, capability__kprobe(function));
	if (answer->ok)
		snprintf(answer->detail, sizeof(answer->detail), "by a kprobe on %s", function);
}

static void ask_exit_memory(struct answer *answer)
{
	ask_stand_in(answer, capability__exit_memory(), "tracepoint sched_process_exit", "do_exit");
}

static void ask_prepare_exec(struct answer *answer)
{
	ask_stand_in(answer, capability__prepare_exec(), "tracepoint sched_prepare_exec",
		     "begin_new_exec");
}

/* By perf events; if these fail, by uprobe_multi, which is tried with a semaphore. */
static void set_uprobe(struct answer *answer, int perf_err)
{
	set_errno(answer, perf_err);
	if (answer->ok || !capability__uprobe_multi())
		return;
	answer->ok = true;
	snprintf(answer->detail, sizeof(answer->detail), "by uprobe_multi; by perf events: %s",
		 strerror(-perf_err));
}

static void ask_uprobe(struct answer *answer)
{
	set_uprobe(answer, capability__uprobe());
}

static void ask_semaphore(struct answer *answer)
{
	set_uprobe(answer, capability__semaphore());
}

static void ask_uprobe_multi(struct answer *answer)
{
	answer->ok = capability__uprobe_multi();
	answer->denied = !capability__has(CAP_BPF) && !capability__has(CAP_SYS_ADMIN);
}

static void ask_multi_threads(struct answer *answer)
{
	int err = capability__uprobe_multi() ? capability__multi_threads() : 0;

	answer->ok = !err;
	answer->denied = err == -EPERM || err == -EACCES;
}

static void ask_rings(struct answer *answer)
{
	char dir[PATH_MAX];
	uint64_t max_bytes;
	struct statfs fs;

	set_errno(answer, runtime_dir__find_for_rings(dir));
	if (!answer->ok || statfs(dir, &fs))
		return;
	answer->ok = fs.f_type == TMPFS_MAGIC;
	if (ring_budget__of_dir(dir, &max_bytes))
		return;
	snprintf(
		answer->detail, sizeof(answer->detail),
		"%.96s%s, %llu MiB free: all rings together take %llu MiB at most, see --max-memory",
		dir, answer->ok ? "" : " is on disk",
		(unsigned long long)fs.f_bavail * (unsigned long long)fs.f_bsize >> 20,
		(unsigned long long)max_bytes >> 20);
}

struct awaited {
	uint32_t pid;
	bool came;
};

static void take_exec(void *ctx, const struct find_message *message)
{
	struct awaited *awaited = ctx;

	awaited->came |= message->pid == awaited->pid;
}

/* Whether a child that executes this program is reported. */
static int try_exec(struct exec_events *events)
{
	struct pollfd report = { .fd = exec_events__fd(events), .events = POLLIN };
	const uint64_t end_ns = clock__now_mono_ns() + REPORT_MAX_MS * 1000000ull;
	struct awaited awaited = { 0 };
	const pid_t pid = fork();

	if (!pid) {
		const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
			(void)execl("/proc/self/exe", "ttlog-collect", "--version", (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	awaited.pid = (uint32_t)pid;
	/* others start programs, too */
	while (!awaited.came && clock__now_mono_ns() < end_ns &&
	       poll(&report, 1, REPORT_MAX_MS) > 0)
		exec_events__take(events, take_exec, &awaited);
	(void)waitpid(pid, NULL, 0);
	return awaited.came ? 0 : -ENOTSUP;
}

static int find_execs(void)
{
	/* what is missing is said in our words */
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct exec_events *events = exec_events__new();
	int err = events ? try_exec(events) : -errno;

	exec_events__free(events);
	(void)libbpf_set_print(print);
	return err;
}

static int find_maps(void)
{
	struct map_events *events = map_events__new();
	int err = events ? 0 : -errno;

	map_events__free(events);
	return err;
}

static const struct question facilities[] = {
	{ "kernel 6.1 or newer", false,
	  "older kernels are not tested: what follows tells what works", "use Linux 6.1 or newer",
	  .ask = ask_kernel },
	{ "the machine's own PID and time namespaces", true,
	  "the kernel tells of processes by numbers and times that are others here",
	  "run it outside of the container, or let that share them: docker run --pid=host",
	  .ask = ask_namespaces },
	{ "type information of the kernel (BTF)", true,
	  "BPF programs can't be fitted to this kernel",
	  "use a kernel with CONFIG_DEBUG_INFO_BTF=y, and let /sys/kernel/btf be seen here",
	  .works = capability__btf },
	{ "CAP_BPF", true, "BPF programs can't be loaded",
	  "run as root, or: setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_checkpoint_restore+ep "
	  "ttlog-collect",
	  .capability = CAP_BPF },
	{ "CAP_PERFMON", true, "BPF programs can't read memory or attach to probes",
	  "run as root, or give it this capability as above", .capability = CAP_PERFMON },
	{ "CAP_SYS_PTRACE", false,
	  "only processes of your own user; the last events of idle threads come late for others",
	  "run as root, or give it this capability", .ask = ask_cap_sys_ptrace },
	{ "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN", false,
	  "a library that was replaced on disk while a program runs it can't be read",
	  "run as root, or give it this capability", .capability = CAP_CHECKPOINT_RESTORE },
	{ "bpf(2)", true, "BPF can't be used at all",
	  "allow bpf(2): in a container by its seccomp profile; see also kernel lockdown",
	  .works = capability__bpf },
	{ "BPF ring buffer", true, "events can't reach the collector", "use Linux 5.8 or newer",
	  .works = capability__ring_buffer },
	{ "BPF programs on BTF tracepoints", true,
	  "deaths can't be seen, nor batches be taken then",
	  "use a kernel with CONFIG_BPF_EVENTS=y and CONFIG_FTRACE=y, and these privileges",
	  .works = capability__tracing },
	{ "tracepoint signal_deliver", true, "the last events before a fatal signal are lost",
	  "use a kernel with CONFIG_TRACEPOINTS=y", .tracepoint = "signal_deliver" },
	{ "tracepoint sched_process_exit", true, "the end of processes can't be seen",
	  "use a kernel with CONFIG_TRACEPOINTS=y", .tracepoint = "sched_process_exit" },
	{ "tracepoints of exec, fork and rename", true,
	  "who runs what, and under which name, can't be seen",
	  "use a kernel with CONFIG_TRACEPOINTS=y", .ask = ask_process_life },
	{ "memory of threads that end themselves", false,
	  "the last events of a thread that calls _exit() are lost, and not counted",
	  "use Linux 6.16 or newer, or one with CONFIG_KPROBE_EVENTS=y", .ask = ask_exit_memory },
	{ "memory of programs before an exec", false,
	  "the last events before an exec are lost, and not counted",
	  "use Linux 6.10 or newer, or one with CONFIG_KPROBE_EVENTS=y", .ask = ask_prepare_exec },
	{ "uprobes", true, "probes can't be attached to",
	  "use a kernel with CONFIG_UPROBE_EVENTS=y; see /proc/sys/kernel/perf_event_paranoid",
	  .ask = ask_uprobe },
	{ "uprobes that raise semaphores (ref_ctr)", true, "sites can't be enabled",
	  "use Linux 4.20 or newer", .ask = ask_semaphore },
	{ "one link for many uprobes (uprobe_multi)", false,
	  "each site takes 2 ms to enable, more to disable, and a descriptor: choose sites with -l "
	  "and -F",
	  "use Linux 6.6 or newer", .ask = ask_uprobe_multi },
	{ "links for one process, hit in all of its threads", false,
	  "-p PID and --unit enable sites in all processes that run the same file: what the others log takes "
	  "them time, and is not recorded",
	  "use Linux 6.10 or newer, or a 6.6 with commit 46ba0e49b642", .ask = ask_multi_threads },
	{ "programs as they start, tried", false,
	  "--all, --unit, --cgroup and [target] can't be used",
	  "what is missing above; Linux 6.1 or newer", .works = find_execs },
	{ "libraries as they are mapped, tried", false,
	  "--all, --unit, --cgroup and [target] can't be used",
	  "let perf_event_open(2) through for all CPUs: CAP_PERFMON; in a container its seccomp "
	  "profile",
	  .works = find_maps },
	{ "seccomp filters", false,
	  "a crash's stack has only what frame pointers tell, and fewer names: nothing may read "
	  "the program's files",
	  "use a kernel with CONFIG_SECCOMP_FILTER=y, and let prctl(2) and seccomp(2) through",
	  .works = capability__seccomp },
	{ "rings on tmpfs", false, "what is recorded is written to disk all the time",
	  "make /run, $XDG_RUNTIME_DIR or /dev/shm a tmpfs that this user can write to",
	  .ask = ask_rings },
};

static bool may_trace(void)
{
	return capability__has(CAP_SYS_ADMIN) ||
	       (capability__has(CAP_BPF) && capability__has(CAP_PERFMON));
}

static void print_missing(FILE *out, const struct question *question, const struct answer *answer)
{
	fprintf(out, "           %s: %s\n           to fix: %s\n",
		question->needed ? "needed" : "costs", question->cost,
		answer->denied && !may_trace() ? "the capabilities above" : question->fix);
}

unsigned int question__print(FILE *out, const struct question *question,
			     const struct answer *answer)
{
	fprintf(out, "%-8s %s%s%s%s\n", answer->ok ? "OK" : "missing", question->what,
		*answer->detail ? " (" : "", answer->detail, *answer->detail ? ")" : "");
	if (!answer->ok)
		print_missing(out, question, answer);
	/* the next one may take a second */
	(void)fflush(out);
	return !answer->ok && question->needed;
}

static unsigned int ask(FILE *out, const struct question *question, bool prints_ok)
{
	struct answer answer = { .ok = false };

	if (question->works)
		set_errno(&answer, question->works());
	else if (question->capability)
		ask_capability(&answer, question->capability);
	else if (question->tracepoint)
		answer.ok = capability__tracepoint(question->tracepoint);
	else
		question->ask(&answer);
	if (!answer.ok || prints_ok)
		return question__print(out, question, &answer);
	return 0;
}

unsigned int facilities__print(FILE *out)
{
	unsigned int missing_cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++)
		missing_cnt += ask(out, &facilities[i], true);
	return missing_cnt;
}

void facilities__explain(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(facilities); i++) {
		if (facilities[i].needed)
			(void)ask(out, &facilities[i], false);
	}
}
