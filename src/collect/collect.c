/* SPDX-License-Identifier: MIT */
/*
 * The main thread: starts the others, waits for signals, timers, the control socket and notices,
 * and takes all down in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "arrival.h"
#include "attach.h"
#include "attacher.h"
#include "capability.h"
#include "check.h"
#include "clock.h"
#include "collect.h"
#include "console.h"
#include "control.h"
#include "drain.h"
#include "elf.h"
#include "env.h"
#include "hold.h"
#include "journal.h"
#include "kernel.h"
#include "launch.h"
#include "live.h"
#include "memory_group.h"
#include "plain_file.h"
#include "reception.h"
#include "recorder.h"
#include "recover.h"
#include "report.h"
#include "ring_ahead.h"
#include "ring_budget.h"
#include "runtime_dir.h"
#include "site.h"
#include "task.h"
#include "trigger.h"
#include "watch.h"
#include "writer.h"

#define COMMAND_END_MS  5000
/* One process, one file with sites, and some to spare. */
#define MIN_DESCRIPTORS 64
/* Programs, maps and what the kernel verifies them with; libbpf's two tables of types. */
#define START_MIB       40u

struct collector {
	const struct env *env;
	struct console *console; /* NULL: messages wait for whoever reads them */
	char ring_root[PATH_MAX];
	struct journal journal; /* its directory lies in there */
	struct kernel *kernel;
	struct attach *attach;
	struct attacher *attacher;
	struct clock *clock;
	struct writer *writer;
	struct ring_ahead *ahead; /* NULL: it goes without */
	struct ring_budget *budget;
	struct recorder *recorder;
	struct drain *drain;
	struct trigger_request *last; /* made at the start: at the end there may be no memory */
	struct control *control;
	struct live *live;
	struct launch *launch;
	struct hold *hold;
	struct watch *watch;      /* of -e PATH; NULL: none */
	struct recover *recover;  /* NULL: nothing can be */
	pthread_t recover_thread; /* writes what collectors before us left */
	bool has_recover_thread;

	int signal_fd, interval_fd, duration_fd;
	int command_fd; /* eventfd: CMD ended; command_status is set */
	int notices[2]; /* struct recorder_notice */
	sigset_t old_mask;
	bool over;
	bool command_ended;
	int stop_signal;    /* SIGINT, SIGTERM or SIGHUP that ended the recording */
	bool from_terminal; /* which sent it to CMD as well */
	int command_status; /* wait status */
	bool failed_late;   /* atomic: a given process could not be attached to */
	pid_t failed_pid;   /* launch thread: the last process that could not be attached to, */
	int failed_err;     /* and why */
};

static int failed(const char *what, const char *on, int err)
{
	fprintf(stderr, "ttlog-collect: %s%s%s: %s\n", what, on ? " " : "", on ? on : "",
		strerror(-err));
	return err;
}

/* Where they run out libbpf may have another name for it. */
static bool has_few_descriptors(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < MIN_DESCRIPTORS;
}

static const char *advice(int err)
{
	if (has_few_descriptors())
		return " (too few file descriptors: ulimit -n 64, or more)";
	switch (-err) {
	case EPERM:
	case EACCES:
		return " (root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; see ttlog-collect --check)";
	case ENOENT:
	case ENOTSUP:
		return " (see ttlog-collect --check)";
	default:
		return "";
	}
}

/* left_bytes: before it was tried; what it had taken goes back by and by. */
static void tell_memory(const struct env *env, uint64_t left_bytes)
{
	fprintf(stderr, "ttlog-collect: it takes --buffer-size, now %zu MiB, and some %u MiB more",
		env->buffer_bytes >> 20, START_MIB);
	if (left_bytes < UINT64_MAX)
		fprintf(stderr, "; its memory cgroup had %" PRIu64 " MiB left", left_bytes >> 20);
	fputc('\n', stderr);
}

/* ---- arrivals: from whichever thread attaches ---- */

static void arrive(void *ctx, struct arrival *arrival)
{
	struct collector *collector = ctx;

	arrival->given = !arrival->look && collector->env->mode == ENV_PIDS;
	if (arrival->look)
		drain__tell(collector->drain, arrival);
	else
		drain__arrive(collector->drain, arrival);
}

static void arrive_announced(void *ctx, struct arrival *arrival)
{
	/* without a module it is not said, now */
	arrival->announced = arrival->anchor_cnt > 0;
	arrive(ctx, arrival);
}

/* In the drain thread. */
static bool look(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t what)
{
	struct collector *collector = ctx;

	return attacher__look(collector->attacher, pid, start_ns, what);
}

static void announce(const struct collector *collector, pid_t pid,
		     const struct attach_result *result)
{
	if (!collector->env->quiet)
		report__recording(pid, result);
}

/* ---- the three kinds of targets ---- */

/* Nothing may be left to record. */
static void late_failure(void *ctx)
{
	struct collector *collector = ctx;

	__atomic_store_n(&collector->failed_late, true, __ATOMIC_RELAXED);
	drain__ask_done(collector->drain);
}

static int attach_pids(struct collector *collector)
{
	const struct env *env = collector->env;

	return attacher__attach(collector->attacher, env->pids, env->pid_cnt);
}

struct file_arrivals {
	struct collector *collector;
	pid_t pids[4096]; /* more are recorded, not announced */
	size_t cnt;
};

static void arrive_of_file(void *ctx, struct arrival *arrival)
{
	struct file_arrivals *arrivals = ctx;

	if (arrivals->cnt < sizeof(arrivals->pids) / sizeof(*arrivals->pids))
		arrivals->pids[arrivals->cnt++] = arrival->pid;
	const uint32_t pid = arrival->pid;

	(void)kernel__track(arrivals->collector->kernel, pid);
	arrive_announced(arrivals->collector, arrival);
	/* what else it has mapped is opened beside this */
	(void)attacher__look(arrivals->collector->attacher, pid, 0, ARRIVAL_LOOK_NEW);
}

static int attach_file(struct collector *collector)
{
	struct file_arrivals *arrivals = calloc(1, sizeof(*arrivals));
	const char *path = collector->env->path;
	struct attach_result result = { 0 };
	int err;

	if (!arrivals)
		return failed("can't attach to", path, -ENOMEM);
	arrivals->collector = collector;
	err = attach__file(collector->attach, path, arrive_of_file, arrivals, &result);
	if (err == -ENOEXEC)
		fprintf(stderr, "ttlog-collect: %s: not an ELF file of this machine\n", path);
	else if (err == -ENOENT && access(path, F_OK))
		(void)failed("can't attach to", path, err);
	else if (err)
		report__unattached(path, &result, err);
	else if (result.module_cnt && !collector->env->quiet)
		fprintf(stderr, "ttlog-collect: recording %s (%zu sites)\n", path, result.site_cnt);
	if (!err && result.module_cnt && !result.site_cnt && !collector->env->quiet)
		report__none_chosen(path, &result);
	for (size_t i = 0; !err && i < arrivals->cnt; i++)
		announce(collector, arrivals->pids[i], &result);
	free(arrivals);
	return err;
}

/* Before the first look at the file: what takes its place meanwhile is not missed. */
static int watch_file(struct collector *collector)
{
	const char *path = collector->env->path;

	collector->watch = watch__new(path);
	if (!collector->watch)
		(void)failed("what takes this file's place won't be recorded:", path, -errno);
	return attach_file(collector);
}

/* In the launch thread. A process that is gone has told all. */
static void failed_to_attach(struct collector *collector, pid_t pid,
			     const struct attach_result *result, int err)
{
	char subject[32];

	/* it is tried again with each library that comes */
	if (!err || err == -ESRCH || (pid == collector->failed_pid && err == collector->failed_err))
		return;
	collector->failed_pid = pid;
	collector->failed_err = err;
	(void)snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	report__unattached(subject, result, err);
}

/* In the launch thread, the process stopped, as the next six. */
static int command_begins(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops)
{
	struct collector *collector = ctx;

	/* what it dies of meanwhile is told */
	(void)kernel__track(collector->kernel, pid);
	return attach__begin_linking(collector->attach, pid, ret_linker, ret_stops);
}

static bool command_has_linked(void *ctx, pid_t pid, struct linker *linker)
{
	struct collector *collector = ctx;

	return attach__has_linked(collector->attach, pid, linker);
}

static void command_ends_linking(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;

	attach__end_linking(collector->attach, pid);
}

static void command_mapped(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	int err = kernel__track(collector->kernel, pid);

	if (!err)
		err = attach__starting(collector->attach, pid, arrive_announced, collector,
				       &result);
	failed_to_attach(collector, pid, &result, err);
}

/* Likewise, with its libraries mapped. */
static bool command_linked(void *ctx, pid_t pid)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	int err = kernel__track(collector->kernel, pid);

	if (!err)
		err = attach__process(collector->attach, pid, arrive_announced, collector, &result);
	failed_to_attach(collector, pid, &result, err);
	if (!err && !result.module_cnt && result.malformed_cnt)
		report__unattached(collector->env->command[0], &result, 0);
	if (result.module_cnt)
		announce(collector, pid, &result);
	return result.module_cnt || result.looks_for_leaks;
}

static void command_loaded(void *ctx, pid_t tid)
{
	struct collector *collector = ctx;
	const uint32_t pid = task__process((uint32_t)tid);

	if (pid)
		attacher__attach_loaded(collector->attacher, (pid_t)pid);
}

/* The file that execvp(3) would run; the name itself where there is none. */
static void find_command(const char *name, char ret_path[PATH_MAX])
{
	const char *dirs = getenv("PATH");

	while (dirs && *dirs && !strchr(name, '/')) {
		size_t len = strcspn(dirs, ":");

		(void)snprintf(ret_path, PATH_MAX, "%.*s/%s", len ? (int)len : 1, len ? dirs : ".",
			       name);
		if (!access(ret_path, X_OK))
			return;
		dirs += len + (dirs[len] == ':');
	}
	(void)snprintf(ret_path, PATH_MAX, "%s", name);
}

/* In the launch thread, before the exec. The sites of the program itself are enabled beforehand,
 * its libraries' once they are seen. */
static void command_untraced(void *ctx, pid_t pid, int trace_err)
{
	struct collector *collector = ctx;
	struct attach_result result = { 0 };
	char path[PATH_MAX];
	int err;

	fprintf(stderr,
		"ttlog-collect: can't trace %s (ptrace: %s): what it starts and what its libraries log at first may be missing\n",
		collector->env->command[0], strerror(-trace_err));
	find_command(collector->env->command[0], path);
	err = kernel__track(collector->kernel, pid);
	if (!err)
		err = attach__file(collector->attach, path, arrive, collector, &result);
	/* a script, or no marks: then what it starts may have some */
	if (err != -ENOEXEC && err != -ENOENT)
		failed_to_attach(collector, pid, &result, err);
}

static void command_ended(void *ctx, int wait_status)
{
	struct collector *collector = ctx;

	collector->command_status = wait_status;
	(void)eventfd_write(collector->command_fd, 1);
}

static int start_command(struct collector *collector, int *ret_exit_status)
{
	const struct launch_callbacks callbacks = {
		.begin_linking = command_begins,
		.has_linked = command_has_linked,
		.end_linking = command_ends_linking,
		.mapped = command_mapped,
		.linked = command_linked,
		.loaded = command_loaded,
		.untraced = command_untraced,
		.ended = command_ended,
		.ctx = collector,
	};
	const struct hold_options hold = {
		.loads_fd = kernel__loads_fd(collector->kernel),
		.loaded = command_loaded,
		.ctx = collector,
	};
	struct launch_signals signals = { .mask = collector->old_mask };

	sigemptyset(&signals.defaults);
	sigaddset(&signals.defaults, SIGPIPE);
	sigaddset(&signals.defaults, SIGXFSZ);
	collector->hold = hold__new(&hold);
	if (!collector->hold)
		return failed("can't start", NULL, -errno);
	collector->launch =
		launch__start(collector->env->command, &signals, &callbacks, ret_exit_status);
	if (!collector->launch)
		return failed("can't run", collector->env->command[0], -errno);
	return 0;
}

/* ---- events ---- */

static void request(struct collector *collector, const char *reason, bool only_new)
{
	struct trigger_request *wish = trigger_request__new(reason, 0, only_new);

	if (wish)
		drain__request(collector->drain, wish);
	else
		(void)failed("no snapshot, reason", reason, -ENOMEM);
}

static void handle_signal(struct collector *collector)
{
	struct signalfd_siginfo info;

	if (read(collector->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		if (collector->env->on & RECORDER_ON_REQUEST)
			request(collector, "request", false);
		else
			fputs("ttlog-collect: SIGUSR1 does nothing: requests are off (--on)\n",
			      stderr);
		return;
	}
	collector->stop_signal = info.ssi_signo;
	collector->from_terminal = info.ssi_code == SI_KERNEL;
	collector->over = true;
}

static void handle_notice(struct collector *collector)
{
	struct recorder_notice notice;

	if (read(collector->notices[0], &notice, sizeof(notice)) != sizeof(notice))
		return;
	switch ((enum recorder_event)notice.event) {
	case RECORDER_DONE:
		/* with -e there is always another one to come */
		if ((collector->env->mode == ENV_PIDS &&
		     !attacher__is_behind(collector->attacher)) ||
		    (collector->env->mode == ENV_COMMAND && collector->command_ended))
			collector->over = true;
		break;
	}
}

static void handle_command(struct collector *collector)
{
	eventfd_t ended;

	(void)eventfd_read(collector->command_fd, &ended);
	collector->command_ended = true;
	drain__command_ended(collector->drain);
}

static void handle_timer(int fd)
{
	uint64_t expirations;

	(void)!read(fd, &expirations, sizeof(expirations));
}

enum {
	POLL_SIGNAL,
	POLL_NOTICE,
	POLL_INTERVAL,
	POLL_DURATION,
	POLL_CONTROL,
	POLL_COMMAND,
	POLL_WATCH,
	POLL_CNT,
};

/* poll(2) passes over what there is none of, -1. */
static void set_polls(const struct collector *collector, struct pollfd polls[POLL_CNT])
{
	polls[POLL_SIGNAL].fd = collector->signal_fd;
	polls[POLL_NOTICE].fd = collector->notices[0];
	polls[POLL_INTERVAL].fd = collector->interval_fd;
	polls[POLL_DURATION].fd = collector->duration_fd;
	polls[POLL_CONTROL].fd = collector->control ? control__fd(collector->control) : -1;
	polls[POLL_COMMAND].fd = collector->command_fd;
	polls[POLL_WATCH].fd = collector->watch ? watch__fd(collector->watch) : -1;
	for (int i = 0; i < POLL_CNT; i++)
		polls[i].events = POLLIN;
}

static void pass_on_wish(void *drain, struct trigger_request *wish)
{
	drain__request(drain, wish);
}

static void run(struct collector *collector)
{
	const struct reception reception = {
		.request = pass_on_wish,
		.ctx = collector->drain,
		.live = collector->live,
		.requests_off = !(collector->env->on & RECORDER_ON_REQUEST),
	};
	struct pollfd polls[POLL_CNT] = { 0 };

	set_polls(collector, polls);
	while (!collector->over) {
		if (poll(polls, POLL_CNT, -1) < 0)
			continue;
		if (polls[POLL_SIGNAL].revents)
			handle_signal(collector);
		if (polls[POLL_NOTICE].revents)
			handle_notice(collector);
		if (polls[POLL_INTERVAL].revents) {
			handle_timer(collector->interval_fd);
			request(collector, "timer", true);
		}
		if (polls[POLL_DURATION].revents)
			collector->over = true;
		if (polls[POLL_CONTROL].revents)
			reception__receive(collector->control, &reception);
		if (polls[POLL_COMMAND].revents)
			handle_command(collector);
		/* half a file is none yet; there is more to come */
		if (polls[POLL_WATCH].revents && watch__changed(collector->watch))
			(void)attach_file(collector);
	}
}

/* ---- up and down ---- */

/* Before anything is recorded, which would have to be given up without them. */
static int open_timer(uint64_t ns, int *ret_fd)
{
	if (ns)
		*ret_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return ns && *ret_fd < 0 ? -errno : 0;
}

static void start_timer(int fd, uint64_t ns, bool repeats)
{
	const struct timespec time = clock__timespec(ns);
	struct itimerspec spec = { .it_value = time };

	if (repeats)
		spec.it_interval = time;
	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &spec, NULL);
}

/* A terminal that is gone ends the recording as Ctrl-C does, but for nohup: what is blocked comes even
 * where it was ignored. */
static void add_hangup(sigset_t *mask)
{
	struct sigaction action;

	if (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		sigaddset(mask, SIGHUP);
}

static int open_signals(struct collector *collector)
{
	sigset_t mask;
	int err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	add_hangup(&mask);
	sigaddset(&mask, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &mask, &collector->old_mask))
		return -errno;
	(void)signal(SIGPIPE, SIG_IGN);
	/* a limit on file sizes is an error that a snapshot reports, not our death */
	(void)signal(SIGXFSZ, SIG_IGN);
	collector->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	collector->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (collector->signal_fd < 0 || collector->command_fd < 0 ||
	    pipe2(collector->notices, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	err = open_timer(collector->env->interval_ns, &collector->interval_fd);
	return err ? err : open_timer(collector->env->duration_ns, &collector->duration_fd);
}

static void tell_gaps(const struct collector *collector)
{
	unsigned int gaps = kernel__gaps(collector->kernel);

	if (gaps & KERNEL_GAP_EXIT)
		fputs("ttlog-collect: the last events of threads that call _exit() will be lost, "
		      "and not counted (see ttlog-collect --check)\n",
		      stderr);
	if (gaps & KERNEL_GAP_EXEC)
		fputs("ttlog-collect: the last events before an exec will be lost, and not counted "
		      "(see ttlog-collect --check)\n",
		      stderr);
}

static int open_kernel(struct collector *collector)
{
	const struct env *env = collector->env;
	const struct kernel_options kernel = {
		.batches_bytes = env->buffer_bytes,
		.track_all = env->mode == ENV_PATH,
		.follow_children = env->mode == ENV_COMMAND,
		.all_stacks = env->all_stacks,
	};
	struct attach_options attach = {
		.selection = env->selection,
		.journal = &collector->journal,
		.immediate = env->immediate,
		.for_all = env->mode != ENV_PIDS,
		.traces = env->mode == ENV_COMMAND,
		.tells_starts = env->mode == ENV_PATH,
	};
	uint64_t left_bytes = memory_group__own_left_bytes();
	int err;

	if (capability__foreign_namespace()) {
		fputs("ttlog-collect: nothing can be recorded from here\n", stderr);
		check__explain(stderr);
		return -ENOTSUP;
	}
	collector->kernel = kernel__new(&kernel);
	if (!collector->kernel) {
		err = -errno;
		fprintf(stderr, "ttlog-collect: can't load the BPF programs: %s%s\n",
			strerror(-err), advice(err));
		if (err == -ENOMEM)
			tell_memory(collector->env, left_bytes);
		if (!has_few_descriptors())
			check__explain(stderr);
		return err;
	}
	err = kernel__can_enable(collector->kernel);
	if (err) {
		fprintf(stderr,
			"ttlog-collect: no site can be switched on: no uprobes that raise semaphores: %s\n",
			strerror(-err));
		check__explain(stderr);
		return err;
	}
	/* libbpf has read the kernel's types, twice 5 MB, which free() may keep */
	(void)malloc_trim(0);
	tell_gaps(collector);
	attach.kernel = collector->kernel;
	collector->attach = attach__new(&attach);
	return collector->attach ? 0 : failed("can't start", NULL, -errno);
}

static void job_done(void *ctx, struct writer_job *job)
{
	struct collector *collector = ctx;

	drain__job_done(collector->drain, job);
}

static int open_writer(struct collector *collector)
{
	const struct env *env = collector->env;
	const struct writer_options options = {
		.attach = collector->attach,
		.dir = env->output_dir,
		.max_files = env->max_snapshots,
		.max_bytes = env->max_disk_bytes,
		.done = job_done,
		.ctx = collector,
	};
	char clock_path[PATH_MAX + 16];

	(void)snprintf(clock_path, sizeof(clock_path), "%s/clock", collector->journal.dir);
	collector->clock = clock__new(clock_path);
	if (!collector->clock)
		return failed("no clock", NULL, -errno);
	collector->writer = writer__new(&options);
	if (!collector->writer)
		return failed("can't write snapshots to", env->output_dir, -errno);
	collector->live = live__new();
	return collector->live ? 0 : failed("can't start", NULL, -errno);
}

static void tell_unrecovered(const struct collector *collector, int err)
{
	(void)failed("can't recover all that collectors before had in", collector->ring_root, err);
}

/* Before anything is attached to: what is in the batches of programs by now is what collectors that
 * were killed had not got. */
static void take_left_over(struct collector *collector)
{
	const struct recover_options options = {
		.root = collector->ring_root,
		.out_dir = collector->env->output_dir,
		.report = collector->env->quiet ? NULL : stderr,
	};

	collector->recover = recover__new(&options);
	if (!collector->recover)
		tell_unrecovered(collector, -errno);
}

static void *write_left_over(void *arg)
{
	struct collector *collector = arg;
	int cnt = recover__write(collector->recover);

	if (cnt < 0)
		tell_unrecovered(collector, cnt);
	return NULL;
}

/* Beside the recording, which does not wait for it. */
static void start_recovery(struct collector *collector)
{
	if (!collector->recover)
		return;
	collector->has_recover_thread =
		!pthread_create(&collector->recover_thread, NULL, write_left_over, collector);
	if (!collector->has_recover_thread)
		(void)write_left_over(collector);
}

static void end_recovery(struct collector *collector)
{
	if (collector->has_recover_thread)
		(void)pthread_join(collector->recover_thread, NULL);
	recover__free(collector->recover);
}

static int open_journal(struct collector *collector)
{
	const char *own = collector->env->private_dir;
	int err = 0;

	if (own)
		(void)snprintf(collector->ring_root, sizeof(collector->ring_root), "%s", own);
	else
		err = runtime_dir__find_for_rings(collector->ring_root);
	if (!err && !collector->env->quiet && !runtime_dir__is_tmpfs(collector->ring_root))
		fprintf(stderr,
			"ttlog-collect: rings lie in %s, on disk: what is recorded is written there all the time (see ttlog-collect --check)\n",
			collector->ring_root);
	if (!err)
		err = journal__init(&collector->journal, collector->ring_root);
	return err ? failed("no private directory for rings", NULL, err) : 0;
}

static void open_control(struct collector *collector)
{
	const char *own = collector->env->private_dir;
	char dir[PATH_MAX];
	int err = own ? 0 : runtime_dir__find(dir);

	if (!err) {
		collector->control = control__new(own ? own : dir);
		err = collector->control ? 0 : -errno;
	}
	if (err)
		(void)failed("--trigger and --follow won't work, no control socket", NULL, err);
}

static int open_budget(struct collector *collector)
{
	uint64_t bytes = collector->env->max_memory_bytes;
	uint64_t left_bytes = memory_group__own_left_bytes();
	int err = 0;

	if (!bytes)
		err = ring_budget__of_dir(collector->ring_root, &bytes);
	else if (bytes > left_bytes && !collector->env->quiet)
		fprintf(stderr,
			"ttlog-collect: its memory cgroup has %" PRIu64
			" MiB left, less than --max-memory: the kernel will kill it when rings fill that\n",
			left_bytes >> 20);
	if (!err) {
		collector->budget = ring_budget__new(bytes);
		err = collector->budget ? 0 : -errno;
	}
	return err ? failed("can't tell how much memory there is for rings in",
			    collector->ring_root, err)
		   : 0;
}

static int open_recorder(struct collector *collector)
{
	const struct env *env = collector->env;
	struct recorder_options recorder = {
		.kernel = collector->kernel,
		.attach = collector->attach,
		.clock = collector->clock,
		.writer = collector->writer,
		.live = collector->live,
		.ring_dir = collector->journal.dir,
		.ring_bytes = env->ring_bytes,
		.budget = collector->budget,
		.on = env->on,
		.all_given = env->mode == ENV_COMMAND,
		.quiet = env->quiet,
		.notify_fd = collector->notices[1],
		.look = look,
		.look_ctx = collector,
	};
	const struct attacher_options attacher = {
		.attach = collector->attach,
		.kernel = collector->kernel,
		.arrive = arrive_announced,
		.tell = arrive,
		.failed = late_failure,
		.ctx = collector,
		.only_looks = env->mode == ENV_PATH,
		.quiet = env->quiet,
	};
	struct drain_options drain = {
		.kernel = collector->kernel,
		.batches_bytes = env->buffer_bytes,
		.clock = collector->clock,
	};

	collector->last = trigger_request__new("shutdown", 0, true);
	collector->attacher = attacher__new(&attacher);
	if (!collector->last || !collector->attacher)
		return failed("can't start", NULL, -errno);
	recorder.ahead = collector->ahead = ring_ahead__new();
	collector->recorder = recorder__new(&recorder);
	drain.recorder = collector->recorder;
	collector->drain = collector->recorder ? drain__new(&drain) : NULL;
	if (!collector->drain)
		return failed("can't start", NULL, -errno);
	open_control(collector);
	return 0;
}

/* Every process that is recorded takes some. CMD, which runs by now, keeps the limit it was
 * given. */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int start(struct collector *collector, int *ret_exit_status)
{
	const struct env *env = collector->env;
	int err;

	err = open_signals(collector);
	if (err)
		return failed("can't start", NULL, err);
	collector->console = console__new();
	err = open_journal(collector);
	if (!err)
		err = open_kernel(collector);
	if (!err)
		err = open_writer(collector);
	if (!err)
		take_left_over(collector);
	if (!err)
		err = open_budget(collector);
	if (!err)
		err = open_recorder(collector);
	if (err)
		return err;
	if (env->mode == ENV_PIDS)
		err = attach_pids(collector);
	else if (env->mode == ENV_PATH)
		err = watch_file(collector);
	else
		err = start_command(collector, ret_exit_status);
	start_recovery(collector);
	raise_descriptors();
	start_timer(collector->interval_fd, env->interval_ns, true);
	start_timer(collector->duration_fd, env->duration_ns, false);
	return err;
}

/* The gates first: what programs have by then is flushed, pulled, and in the last snapshot. */
static void stop(struct collector *collector)
{
	if (!collector->drain)
		return;
	attach__close_gates(collector->attach);
	drain__stop(collector->drain, collector->last);
	collector->last = NULL;
	recorder__report(collector->recorder);
	if (recorder__leave(collector->recorder))
		journal__leave(&collector->journal);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* A thread waits for a file that nobody answers for. What it uses stays, and goes with the process;
 * what is on disk for the next collector goes now. */
static _Noreturn void leave_hanging(struct collector *collector, int status)
{
	control__free(collector->control);
	writer__free(collector->writer);
	recorder__free(collector->recorder);
	journal__fini(&collector->journal);
	console__flush(collector->console);
	_exit(status);
}

static void tear_down(struct collector *collector, int status)
{
	end_recovery(collector);
	/* its callbacks use all else, as do the attacher's threads */
	launch__free(collector->launch);
	hold__free(collector->hold);
	if (!attacher__free(collector->attacher))
		leave_hanging(collector, status);
	watch__free(collector->watch);
	control__free(collector->control);
	trigger_request__free(collector->last);
	drain__free(collector->drain);
	writer__free(collector->writer);
	live__free(collector->live);
	ring_ahead__free(collector->ahead);
	recorder__free(collector->recorder);
	ring_budget__free(collector->budget);
	attach__free(collector->attach);
	kernel__free(collector->kernel);
	clock__free(collector->clock);
	journal__fini(&collector->journal);
	close_fd(collector->notices[0]);
	close_fd(collector->notices[1]);
	close_fd(collector->signal_fd);
	close_fd(collector->interval_fd);
	close_fd(collector->duration_fd);
	close_fd(collector->command_fd);
	console__free(collector->console);
}

/* The recording was ended by a signal: CMD gets it too, as from a shell, and some time to end. */
static void end_command(struct collector *collector)
{
	struct pollfd ended = { .fd = collector->command_fd, .events = POLLIN };

	if (!collector->launch || collector->command_ended || !collector->stop_signal)
		return;
	if (!collector->from_terminal)
		(void)launch__signal(collector->launch, collector->stop_signal);
	collector->command_ended = poll(&ended, 1, COMMAND_END_MS) > 0;
}

static size_t count_sites(const char *path)
{
	int fd = plain_file__open(path);
	struct site_table *table = fd < 0 ? NULL : elf__read_sites(fd, NULL);
	size_t cnt = table ? table->cnt + table->malformed_cnt : 0;

	site_table__free(table);
	close_fd(fd);
	return cnt;
}

/* Else silence would be all that tells of a program that was not built with marks. */
static void tell_unmarked(const struct collector *collector)
{
	const struct env *env = collector->env;
	char path[PATH_MAX];
	size_t site_cnt;

	if (env->mode != ENV_COMMAND || env->quiet || !collector->command_ended)
		return;
	if (attach__has_marked(collector->attach))
		return;
	find_command(env->command[0], path);
	site_cnt = count_sites(path);
	if (site_cnt)
		fprintf(stderr,
			"ttlog-collect: nothing was recorded: %s has %zu ttlog sites, of which none was switched on\n",
			path, site_cnt);
	else if (collector->failed_err)
		fprintf(stderr,
			"ttlog-collect: nothing was recorded: not all that %s started could be looked at: %s\n",
			env->command[0], strerror(-collector->failed_err));
	else
		fprintf(stderr,
			"ttlog-collect: nothing was recorded: neither %s nor what it started has ttlog sites\n",
			env->command[0]);
}

static int exit_status(const struct collector *collector)
{
	int status = collector->command_status;
	bool lost_file = collector->recorder && recorder__failed(collector->recorder);

	if (collector->env->mode != ENV_COMMAND)
		return lost_file || __atomic_load_n(&collector->failed_late, __ATOMIC_RELAXED);
	if (!collector->command_ended)
		return collector->stop_signal ? 128 + collector->stop_signal : 0;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

int collect__run(const struct env *env)
{
	struct collector collector = {
		.env = env,
		.signal_fd = -1,
		.interval_fd = -1,
		.duration_fd = -1,
		.command_fd = -1,
		.notices = { -1, -1 },
	};
	int status = env->mode == ENV_COMMAND ? EXIT_COLLECTOR : 1;
	int err;

	libbpf_set_print(env->verbose ? print_libbpf : NULL);
	err = start(&collector, &status);
	if (!err)
		run(&collector);
	stop(&collector);
	if (!err) {
		end_command(&collector);
		status = exit_status(&collector);
		tell_unmarked(&collector);
	}
	tear_down(&collector, status);
	return status;
}
