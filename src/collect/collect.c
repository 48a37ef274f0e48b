/* SPDX-License-Identifier: MIT */
/*
 * The main thread: waits for signals, timers, the control socket and the end of processes.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "attach.h"
#include "attacher.h"
#include "broker.h"
#include "collect.h"
#include "collect_parts.h"
#include "commands.h"
#include "control.h"
#include "drain.h"
#include "elf.h"
#include "env.h"
#include "launch.h"
#include "process_files.h"
#include "dispatch.h"
#include "recorder.h"
#include "report.h"
#include "site.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "watch.h"

#define COMMAND_END_MS 5000

static void request_snapshot(struct collector *collector, const char *reason, bool only_new)
{
	struct trigger_request *request = trigger_request__new(reason, 0, only_new);

	if (request)
		drain__request(collector->drain, request);
	else
		(void)report__error("no snapshot, reason", reason, -ENOMEM);
}

static void handle_signal(struct collector *collector)
{
	struct signalfd_siginfo info;

	if (read(collector->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		if (collector->on & TRIGGER_ON_REQUEST)
			request_snapshot(collector, "request", false);
		else
			fputs("ttlog-collect: SIGUSR1 does nothing: requests are off (--on)\n",
			      stderr);
		return;
	}
	if (info.ssi_signo == SIGHUP && collector->env->config_path) {
		collect__reload_and_tell(collector);
		return;
	}
	collector->stop_signal = info.ssi_signo;
	collector->from_terminal = info.ssi_code == SI_KERNEL;
	collector->over = true;
}

static void handle_done(struct collector *collector)
{
	eventfd_t cnt;

	if (eventfd_read(collector->done_fd, &cnt))
		return;
	/* with -e another process may always come */
	if ((collector->env->mode == ENV_PIDS && !attacher__is_behind(collector->attacher)) ||
	    (collector->env->mode == ENV_COMMAND && collector->command_ended))
		collector->over = true;
}

static void handle_command(struct collector *collector)
{
	eventfd_t ended;

	(void)eventfd_read(collector->command_fd, &ended);
	collector->command_ended = true;
	drain__command_ended(collector->drain);
}

/* Without it nothing can be attached to or written. What the rings have is left to the next
 * collector. */
static void handle_broker(struct collector *collector)
{
	fputs("ttlog-collect: the process that keeps the privileges (ttlog-broker) has ended: the recording ends, and the next start writes what was recorded\n",
	      stderr);
	collector->lost_broker = true;
	collector->over = true;
}

static void handle_timer(int fd)
{
	uint64_t expirations;

	(void)!read(fd, &expirations, sizeof(expirations));
}

enum {
	POLL_SIGNAL,
	POLL_DONE,
	POLL_INTERVAL,
	POLL_DURATION,
	POLL_CONTROL,
	POLL_COMMAND,
	POLL_WATCH,
	POLL_MANAGER,
	POLL_BROKER,
	POLL_CNT,
};

/* poll(2) ignores descriptors of -1. */
static void set_polls(const struct collector *collector, struct pollfd polls[POLL_CNT])
{
	polls[POLL_SIGNAL].fd = collector->signal_fd;
	polls[POLL_DONE].fd = collector->done_fd;
	polls[POLL_INTERVAL].fd = collector->interval_fd;
	polls[POLL_DURATION].fd = collector->duration_fd;
	polls[POLL_CONTROL].fd = collector->control ? control__fd(collector->control) : -1;
	polls[POLL_COMMAND].fd = collector->command_fd;
	polls[POLL_WATCH].fd = collector->watch ? watch__fd(collector->watch) : -1;
	polls[POLL_MANAGER].fd = collector->manager.watchdog_fd;
	polls[POLL_BROKER].fd = broker__fd();
	for (int i = 0; i < POLL_CNT; i++)
		polls[i].events = POLLIN;
}

static void pass_on_request(void *drain, struct trigger_request *request)
{
	drain__request(drain, request);
}

void collect__set_triggers(struct collector *collector, struct trigger_plan *plan)
{
	collector->on = plan->on;
	drain__set_plan(collector->drain, plan);
}

/* Here, and not in the thread of commands: all else that reads the configuration is here. */
static void reload(struct collector *collector, uint64_t client)
{
	char text[2 * sizeof(((struct reloaded *)NULL)->error) + 1100];
	struct reloaded reloaded;
	const int err = collect__reload(collector, &reloaded);

	if (err)
		(void)snprintf(text, sizeof(text),
			       CONTROL_ERROR "the configuration stays as it was: %s\n",
			       reloaded.error);
	else
		(void)snprintf(text, sizeof(text),
			       "{\"version\":1,\"collector\":{\"pid\":%d},\"changed\":\"%s\","
			       "\"at_next_start\":\"%s\"}",
			       (int)getpid(), reloaded.changed, reloaded.waiting);
	commands__answer(collector->commands, client, text,
			 err ? CONTROL_WIRE_FAILED : CONTROL_WIRE_DONE);
}

static void take_command(void *ctx, const struct control_request *request)
{
	struct collector *collector = ctx;

	if (!collector->commands)
		(void)control__reply(collector->control, request->client,
				     CONTROL_ERROR "it has no thread for commands\n", false);
	else if (request->command == CONTROL_COMMAND_RELOAD)
		reload(collector, request->client);
	else
		commands__take(collector->commands, request);
}

static void run(struct collector *collector)
{
	struct dispatch dispatch = {
		.request = pass_on_request,
		.ctx = collector->drain,
		.live = collector->live,
		.command = take_command,
		.command_ctx = collector,
	};
	struct pollfd polls[POLL_CNT] = { 0 };

	if (collector->env->mode != ENV_COMMAND)
		manager__ready(&collector->manager);
	set_polls(collector, polls);
	while (!collector->over) {
		if (poll(polls, POLL_CNT, -1) < 0)
			continue;
		if (polls[POLL_SIGNAL].revents)
			handle_signal(collector);
		if (polls[POLL_DONE].revents)
			handle_done(collector);
		if (polls[POLL_INTERVAL].revents) {
			handle_timer(collector->interval_fd);
			request_snapshot(collector, "timer", true);
		}
		if (polls[POLL_DURATION].revents)
			collector->over = true;
		dispatch.requests_off = !(collector->on & TRIGGER_ON_REQUEST);
		if (polls[POLL_CONTROL].revents)
			dispatch__requests(collector->control, &dispatch);
		if (polls[POLL_COMMAND].revents)
			handle_command(collector);
		if (polls[POLL_BROKER].revents)
			handle_broker(collector);
		if (polls[POLL_MANAGER].revents)
			manager__alive(&collector->manager, collector->drain);
		/* a file that is written in parts is reported again */
		if (polls[POLL_WATCH].revents && watch__changed(collector->watch))
			(void)collect__attach_file(collector);
	}
}

/* After a signal has ended the recording: CMD gets it too, as from a shell, and some time to
 * end. */
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
	const struct code_file file = { .place = CODE_AT_PATH, .path = path };
	int fd = process_files__open_code(&file);
	struct site_table *table = fd < 0 ? NULL : elf__read_sites(fd, NULL);
	size_t cnt = table ? table->cnt + table->malformed_cnt : 0;

	site_table__free(table);
	if (fd >= 0)
		(void)close(fd);
	return cnt;
}

/* Otherwise nothing would tell the user that the program was built without marks. */
static void tell_unmarked(const struct collector *collector)
{
	const struct env *env = collector->env;
	char path[PATH_MAX];
	size_t site_cnt;

	if (env->mode != ENV_COMMAND || env->quiet || !collector->command_ended)
		return;
	if (attach__has_marked(collector->attach))
		return;
	collect__find_command(env->command[0], path);
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
	bool lost_file = collector->recorder && collector->recorder->jobs.failed;

	if (collector->lost_broker)
		return collector->env->mode == ENV_COMMAND ? EXIT_COLLECTOR : 1;
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
		.done_fd = -1,
		.manager = { .watchdog_fd = -1 },
		.metrics_fd = -1,
		.recover_end_fd = -1,
	};
	int status = env->mode == ENV_COMMAND ? EXIT_COLLECTOR : 1;
	int err;

	libbpf_set_print(env->verbose ? print_libbpf : NULL);
	err = collect__start(&collector, &status);
	if (!err)
		run(&collector);
	if (env->mode != ENV_COMMAND)
		manager__stopping();
	collect__stop(&collector);
	if (!err) {
		end_command(&collector);
		status = exit_status(&collector);
		tell_unmarked(&collector);
	}
	collect__tear_down(&collector, status);
	return status;
}
