/* SPDX-License-Identifier: MIT */
/*
 * Starts all other threads, and takes them down in the reverse order.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "asked.h"
#include "attach.h"
#include "attacher.h"
#include "barrier.h"
#include "broker.h"
#include "capability.h"
#include "clock.h"
#include "collect_parts.h"
#include "commands.h"
#include "console.h"
#include "control.h"
#include "debuginfod.h"
#include "drain.h"
#include "env.h"
#include "facilities.h"
#include "hold.h"
#include "job_queue.h"
#include "journal.h"
#include "kernel.h"
#include "launch.h"
#include "live.h"
#include "memory_group.h"
#include "metrics_page.h"
#include "metrics_server.h"
#include "prefault.h"
#include "recorder.h"
#include "recover.h"
#include "report.h"
#include "ring_budget.h"
#include "runtime_dir.h"
#include "stack_places.h"
#include "status_board.h"
#include "streams.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "watch.h"
#include "writer.h"

/* One process, one file with sites, and some to spare. */
#define MIN_DESCRIPTORS 64
/* Programs, maps and what the kernel verifies them with; libbpf's two tables of types. */
#define START_MIB       40u

/* libbpf may report this as another error. */
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

/* left_bytes: before the try, whose memory is given back only gradually. */
static void tell_memory(const struct env *env, uint64_t left_bytes)
{
	fprintf(stderr,
		"ttlog-collect: it takes --buffer-size, now %" PRIu64 " MiB, and some %u MiB more",
		env->buffer_bytes >> 20, START_MIB);
	if (left_bytes < UINT64_MAX)
		fprintf(stderr, "; its memory cgroup had %" PRIu64 " MiB left", left_bytes >> 20);
	fputc('\n', stderr);
}

/* Early: if this fails, nothing was recorded in vain. */
static int open_timer(uint64_t ns, int *ret_fd)
{
	if (ns)
		*ret_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return ns && *ret_fd < 0 ? -errno : 0;
}

void collect__start_timer(int fd, uint64_t ns, bool repeats)
{
	const struct timespec time = clock__timespec(ns);
	struct itimerspec spec = { .it_value = time };

	if (repeats)
		spec.it_interval = time;
	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &spec, NULL);
}

/* The end of its terminal ends the recording as Ctrl-C does, except under nohup: a signal that is
 * blocked is delivered to signalfd even if it is ignored. A service has no terminal: it reloads. */
static void add_hangup(sigset_t *mask, bool reloads)
{
	struct sigaction action;

	if (reloads || (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN))
		sigaddset(mask, SIGHUP);
}

static int open_signals(struct collector *collector)
{
	const struct env *env = collector->env;
	sigset_t mask;
	int err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	add_hangup(&mask, env->config_path != NULL);
	sigaddset(&mask, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &mask, &collector->old_mask))
		return -errno;
	(void)signal(SIGPIPE, SIG_IGN);
	/* a limit on file sizes is an error that a snapshot reports; it must not kill us */
	(void)signal(SIGXFSZ, SIG_IGN);
	collector->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	collector->command_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	collector->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (collector->signal_fd < 0 || collector->command_fd < 0 || collector->done_fd < 0)
		return -errno;
	/* a reload may begin to use the first one */
	err = open_timer(env->config_path ? 1 : env->interval_ns, &collector->interval_fd);
	return err ? err : open_timer(env->duration_ns, &collector->duration_fd);
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

/* Processes with settings of their own are attached to one by one. */
bool collect__serves_all(const struct env *env)
{
	return env->mode == ENV_PATH || (env->mode == ENV_FOUND && env->all && !env->targets.cnt);
}

/* For events of foreign probes, and for stacks. More is slower: that memory is in no cache. */
#define EVENTS_MAX_BYTES (16ull << 20)

static size_t events_bytes(const struct env *env)
{
	if (!env->foreign && env->stack_from == STACK_PLACES_OFF)
		return 0;
	return env->buffer_bytes < EVENTS_MAX_BYTES ? env->buffer_bytes : EVENTS_MAX_BYTES;
}

static int tell_not_loaded(const struct env *env, int err, uint64_t left_bytes)
{
	fprintf(stderr, "ttlog-collect: can't load the BPF programs: %s%s\n", strerror(-err),
		advice(err));
	if (err == -ENOMEM)
		tell_memory(env, left_bytes);
	if (!has_few_descriptors())
		facilities__explain(stderr);
	return err;
}

static int open_kernel(struct collector *collector)
{
	const struct env *env = collector->env;
	const bool for_all = collect__serves_all(env);
	const struct kernel_options kernel = {
		.batches_bytes = env->buffer_bytes,
		.track_all = for_all,
		.follow_children = env->mode == ENV_COMMAND,
		.tell_children = env->mode == ENV_FOUND && !for_all,
		.all_stacks = env->all_stacks,
		.sched = env->sched,
		.sched_least_ns = env->sched_least_ns,
		.events_bytes = events_bytes(env),
		.has_stacks = env->stack_from != STACK_PLACES_OFF,
		.has_chunks = env->foreign != NULL,
		.foreign_tracks = env->mode == ENV_FOUND,
	};
	struct attach_options attach = {
		.site_filter = env->site_filter,
		.foreign = env->foreign,
		.stack_from = env->stack_from,
		.journal = &collector->journal,
		.filter_of = collect__has_section_sites(collector) ? collect__filter_of : NULL,
		.filter_ctx = collector,
		.immediate = env->immediate,
		.for_all = for_all || env->mode == ENV_COMMAND,
		.traces = env->mode == ENV_COMMAND,
		.tells_starts = for_all,
		.sched = env->sched,
	};
	uint64_t left_bytes = memory_group__own_left_bytes();
	int err;

	if (capability__foreign_namespace()) {
		fputs("ttlog-collect: nothing can be recorded from here\n", stderr);
		facilities__explain(stderr);
		return -ENOTSUP;
	}
	collector->kernel = kernel__new(&kernel);
	if (!collector->kernel)
		return tell_not_loaded(env, -errno, left_bytes);
	err = kernel__can_enable(collector->kernel);
	if (err) {
		fprintf(stderr,
			"ttlog-collect: no site can be switched on: no uprobes that raise semaphores: %s\n",
			strerror(-err));
		facilities__explain(stderr);
		return err;
	}
	/* libbpf has read the kernel's types, twice 5 MB, which free() may keep */
	(void)malloc_trim(0);
	tell_gaps(collector);
	attach.kernel = collector->kernel;
	collector->attach = attach__new(&attach);
	return collector->attach ? 0 : report__error("can't start", NULL, -errno);
}

static int open_journal(struct collector *collector)
{
	const char *own = collector->env->private_dir;
	int err = own ? 0 : runtime_dir__find_for_rings(collector->ring_root);

	if (own)
		(void)snprintf(collector->ring_root, sizeof(collector->ring_root), "%s", own);
	if (!err && !collector->env->quiet && !runtime_dir__is_tmpfs(collector->ring_root))
		fprintf(stderr,
			"ttlog-collect: rings lie in %s, on disk: what is recorded is written there all the time (see ttlog-collect --check)\n",
			collector->ring_root);
	if (!err)
		err = journal__init(&collector->journal, collector->ring_root);
	return err ? report__error("no private directory for rings", NULL, err) : 0;
}

/* With the group ttlog, if there is one. */
static void share_control(struct collector *collector, const char *dir)
{
	struct control_rights *rights = &collector->rights;
	char *outsider;
	int err = 0;

	*rights = collector->env->rights;
	control_rights__find_group(rights);
	if (strcmp(dir, RUNTIME_DIR_SYSTEM) != 0)
		rights->has_group = false;
	if (rights->has_group)
		err = runtime_dir__share(dir, rights->group);
	if (err) {
		(void)report__error("the group " CONTROL_RIGHTS_GROUP " can't reach", dir, err);
		rights->has_group = false;
	}
	outsider = control_rights__find_outsider(rights);
	if (outsider)
		fprintf(stderr,
			"ttlog-collect: --allow: user %s can't reach the control socket: only members of "
			"the group " CONTROL_RIGHTS_GROUP " can\n",
			outsider);
	free(outsider);
}

/* Also without a socket: a reload changes sites, too. */
static void open_commands(struct collector *collector)
{
	const struct commands_options options = {
		.control = collector->control,
		.attach = collector->attach,
		.drain = collector->drain,
		.board = collector->status,
		.site_filter = collector->env->site_filter,
	};
	struct commands *commands = commands__new(&options);

	if (!commands)
		(void)report__error("ttlog-ctl won't work", NULL, -errno);
	/* publish: pairs with the load in notice() */
	barrier__store_release(&collector->commands, commands);
}

/* In the drain thread. */
static void notice(void *ctx)
{
	struct collector *collector = ctx;
	struct commands *commands = barrier__load_acquire(&collector->commands);

	if (commands)
		commands__notice(commands);
}

static void open_control(struct collector *collector)
{
	const char *own = collector->env->private_dir;
	char *dir = collector->control_dir;
	int err = own ? 0 : runtime_dir__find(dir);

	if (own)
		(void)snprintf(dir, PATH_MAX, "%s", own);
	else if (!err)
		share_control(collector, dir);
	if (!err) {
		collector->control = control__new(dir, own ? NULL : &collector->rights);
		err = collector->control ? 0 : -errno;
	}
	if (err)
		(void)report__error(
			"--trigger, ttlog-ctl and --follow won't work, no control socket", NULL,
			err);
}

/* A limit above that of the cgroup protects no process. */
static void tell_budget(uint64_t bytes)
{
	const uint64_t left_bytes = memory_group__own_left_bytes();

	if (bytes > left_bytes)
		fprintf(stderr,
			"ttlog-collect: its memory cgroup has %" PRIu64
			" MiB left, less than --max-memory: the kernel will kill it when rings fill that\n",
			left_bytes >> 20);
}

static int open_budget(struct collector *collector)
{
	uint64_t bytes = collector->env->max_memory_bytes;
	int err = 0;

	if (!bytes)
		err = ring_budget__of_dir(collector->ring_root, &bytes);
	else if (!collector->env->quiet)
		tell_budget(bytes);
	if (!err) {
		collector->budget = ring_budget__new(bytes);
		err = collector->budget ? 0 : -errno;
	}
	return err ? report__error("can't tell how much memory there is for rings in",
				   collector->ring_root, err)
		   : 0;
}

static int open_drain(struct collector *collector)
{
	struct drain_options drain = {
		.kernel = collector->kernel,
		.batches_bytes = collector->env->buffer_bytes,
		.clock = collector->clock,
		.recorder = collector->recorder,
		.has_stacks = collector->env->stack_from != STACK_PLACES_OFF,
		.noticed = notice,
		.ctx = collector,
	};

	collector->status = status_board__new(&(const struct status_sources){
		.kernel = collector->kernel,
		.attach = collector->attach,
		.budget = collector->budget,
		.recovered_cnt = &collector->recovered_cnt,
		.deleted_cnt = collector->deleted_cnt,
	});
	drain.status = collector->status;
	if (collector->recorder && collector->status)
		collector->drain = drain__new(&drain);
	return collector->drain ? 0 : report__error("can't start", NULL, -errno);
}

static int open_recorder(struct collector *collector)
{
	const struct env *env = collector->env;
	struct recorder_options recorder = {
		.job = {
			.kernel = collector->kernel,
			.attach = collector->attach,
			.clock = collector->clock,
			.queue = collector->queue,
			.writer = collector->writer,
			.tags = &env->tags,
		},
		.live = collector->live,
		.streams = collector->streams,
		.stream_all = env->stream,
		.stream_bytes = env->cache_bytes,
		.stream_age_ns = env->cache_ns,
		.ring_dir = collector->journal.dir,
		.ring_bytes = env->ring_bytes,
		.budget = collector->budget,
		.plan = env->triggers,
		.sections_watch = collect__sections_watch(collector),
		.all_given = env->mode == ENV_COMMAND,
		.quiet = env->quiet,
		.done_fd = collector->done_fd,
		.look = collect__look,
		.look_ctx = collector,
	};
	const struct attacher_options attacher = {
		.attach = collector->attach,
		.before = collect__take_announced,
		.tell = collect__take_attached,
		.failed = collect__late_failure,
		.ctx = collector,
		.only_looks = collect__serves_all(env),
		.chooses = env->mode == ENV_FOUND && !collect__serves_all(env) ? collect__chooses
									       : NULL,
		.quiet = env->quiet,
	};
	int err;

	collector->on = env->triggers->on;
	collector->last = trigger_request__new("shutdown", 0, true);
	collector->attacher = attacher__new(&attacher);
	if (!collector->last || !collector->attacher)
		return report__error("can't start", NULL, -errno);
	recorder.prefault = collector->prefault = prefault__new();
	collector->recorder = recorder__new(&recorder);
	err = open_drain(collector);
	if (err)
		return err;
	open_commands(collector);
	return 0;
}

/* Each recorded process takes some, and each thread one for the broker, which has the limit that it had,
 * and so has CMD. */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Files of others are read, so this process has no privilege any more. */
static int check_probes(const struct collector *collector, int *ret_exit_status)
{
	const struct env *env = collector->env;
	char program[PATH_MAX] = "";
	int status;

	if (env->mode == ENV_COMMAND)
		collect__find_command(env->command[0], program);
	status = asked__check(env, program);
	if (status)
		*ret_exit_status = status;
	return status ? -EINVAL : 0;
}

int collect__start(struct collector *collector, int *ret_exit_status)
{
	const struct env *env = collector->env;
	int err;

	err = open_signals(collector);
	if (err)
		return report__error("can't start", NULL, err);
	err = collect__open_metrics(collector);
	if (!err)
		err = open_journal(collector);
	if (!err)
		err = open_kernel(collector);
	if (!err && env->mode == ENV_FOUND)
		err = collect__open_finder(collector);
	if (!err)
		open_control(collector);
	if (!err)
		err = collect__open_debuginfod(collector);
	if (!err)
		err = collect__give_up_rights(collector);
	raise_descriptors();
	collector->console = console__new();
	if (!err)
		err = check_probes(collector, ret_exit_status);
	if (!err)
		err = collect__open_writer(collector);
	if (!err)
		collect__take_left_over(collector);
	if (!err)
		err = open_budget(collector);
	if (!err)
		err = collect__open_sections(collector);
	if (!err)
		err = open_recorder(collector);
	if (!err)
		err = collect__start_metrics(collector);
	if (err)
		return err;
	err = collect__attach(collector, ret_exit_status);
	collect__start_recovery(collector);
	collect__start_timer(collector->interval_fd, env->interval_ns, true);
	collect__start_timer(collector->duration_fd, env->duration_ns, false);
	return err;
}

void collect__stop(struct collector *collector)
{
	if (!collector->drain)
		return;
	attach__close_gates(collector->attach);
	drain__stop(collector->drain, collector->last);
	collector->last = NULL;
	processes__report(&collector->recorder->processes);
	collector->journal.stays = jobs__leave(&collector->recorder->jobs);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* A thread waits for a file whose server does not answer, or for a disk. What it uses stays until the process
 * ends. Files for the next collector are removed now. */
static _Noreturn void leave_hanging(struct collector *collector, int status)
{
	commands__free(collector->commands);
	control__free(collector->control);
	if (!job_queue__hangs(collector->queue))
		job_queue__free(collector->queue);
	recorder__free(collector->recorder);
	journal__fini(&collector->journal);
	console__flush(collector->console);
	_exit(status);
}

void collect__tear_down(struct collector *collector, int status)
{
	bool is_done = collect__end_recovery(collector);

	metrics_server__free(collector->metrics);
	metrics_page__free(collector->metrics_page);
	/* first: its callbacks use all else, as the threads of the attacher do */
	launch__free(collector->launch);
	hold__free(collector->hold);
	is_done &= collect__end_finding(collector);
	is_done &= attacher__free(collector->attacher);
	is_done &= streams__end(collector->streams);
	if (!is_done || job_queue__hangs(collector->queue))
		leave_hanging(collector, status);
	watch__free(collector->watch);
	commands__free(collector->commands);
	control__free(collector->control);
	trigger_request__free(collector->last);
	drain__free(collector->drain);
	job_queue__free(collector->queue);
	streams__free(collector->streams);
	writer__free(collector->writer);
	live__free(collector->live);
	prefault__free(collector->prefault);
	recorder__free(collector->recorder);
	status_board__free(collector->status);
	ring_budget__free(collector->budget);
	attach__free(collector->attach);
	kernel__free(collector->kernel);
	clock__free(collector->clock);
	journal__fini(&collector->journal);
	close_fd(collector->metrics_fd);
	close_fd(collector->done_fd);
	close_fd(collector->signal_fd);
	close_fd(collector->interval_fd);
	close_fd(collector->duration_fd);
	close_fd(collector->command_fd);
	close_fd(collector->manager.watchdog_fd);
	console__free(collector->console);
	free(collector->sections);
	collect__forget_reread(collector);
	broker__end();
	debuginfod__free(collector->debuginfod);
}
