/* SPDX-License-Identifier: MIT */
/*
 * What the files of the main thread share: collect.c (what it waits for), collect_start.c (up and
 * down), collect_writer.c (where snapshots go), collect_targets.c (what is recorded), collect_found.c
 * (programs that are found).
 */
#ifndef TTLOG_COLLECT_PARTS_H
#define TTLOG_COLLECT_PARTS_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker_server.h"
#include "config.h"
#include "control_rights.h"
#include "journal.h"
#include "kept_file.h"
#include "manager.h"

struct attach;
struct attached_process;
struct attacher;
struct clock;
struct commands;
struct console;
struct control;
struct debuginfod;
struct drain;
struct env;
struct finder;
struct findings;
struct hold;
struct job_queue;
struct kernel;
struct launch;
struct live;
struct metrics_page;
struct metrics_server;
struct prefault;
struct process_settings;
struct recorder;
struct recover;
struct retain_options;
struct ring_budget;
struct site_filter;
struct streams;
struct status_board;
struct trigger_plan;
struct trigger_request;
struct watch;
struct writer;

/* --keep-until-shipped; for the thread that deletes files. */
struct shipped_notes {
	int err;           /* of the last look at what is shipped; that was said */
	uint64_t lost_cnt; /* files that were deleted before they were shipped */
	uint64_t said_ns;  /* when that was said; 0: not yet */
};

struct collector {
	const struct env *env;   /* of the start */
	struct env *reread;      /* what the configuration said last; NULL: the same */
	struct console *console; /* NULL: a slow reader of stderr delays us */
	char ring_root[PATH_MAX], control_dir[PATH_MAX];
	struct journal journal; /* has its directory in there */
	struct kernel *kernel;
	struct debuginfod *debuginfod; /* NULL: no server is asked */
	struct attach *attach;
	struct attacher *attacher;
	struct clock *clock;
	struct writer *writer;
	struct job_queue *queue;
	struct prefault *prefault; /* NULL: none */
	struct ring_budget *budget;
	struct recorder *recorder;
	struct drain *drain;
	struct status_board *status;  /* what it asks the drain thread for */
	struct trigger_request *last; /* made at the start: at the end there may be no memory */
	struct metrics_page *metrics_page;
	struct metrics_server *metrics; /* NULL: none; it asks for the status */
	struct control *control;
	struct commands *commands;     /* NULL: there was no memory; atomic */
	struct site_filter *new_sites; /* of a reload, for `commands`; NULL: the same */
	struct control_rights rights;  /* its grants are those of env */
	struct live *live;
	struct streams *streams; /* NULL: none */
	struct launch *launch;
	struct hold *hold;
	struct watch *watch;   /* of -e PATH; NULL: none */
	struct finder *finder; /* of --all, --unit and the like; NULL: none */
	struct findings *findings;
	struct process_settings *sections; /* of each of env->targets; NULL: none */
	struct recover *recover;           /* NULL: nothing can be recovered */
	pthread_t recover_thread;          /* writes what earlier collectors have left */
	bool has_recover_thread;
	int recover_end_fd;                 /* eventfd: it tries no more */
	uint64_t recovered_cnt;             /* atomic: snapshots that it has written */
	uint64_t deleted_cnt[KEPT_WHY_CNT]; /* atomic: files that were too many */
	struct shipped_notes shipped;

	struct manager manager;
	int signal_fd, interval_fd, duration_fd;
	int command_fd;   /* eventfd: CMD ended; command_status is set */
	int done_fd;      /* eventfd: no given process is left */
	unsigned on;      /* enum trigger_on, or-ed: of the plan that the drain thread has */
	uint64_t trap_ns; /* of a probe, for the metrics; 0: unknown */
	int metrics_fd;   /* listens, and `metrics` does not have it yet */
	sigset_t old_mask;
	bool over;
	bool command_ended;
	bool lost_broker;   /* it ended by itself */
	int stop_signal;    /* SIGINT, SIGTERM or SIGHUP that ended the recording */
	bool from_terminal; /* which sent it to CMD as well */
	int command_status; /* wait status */
	bool failed_late;   /* atomic: a given process could not be attached to */
	pid_t failed_pid;   /* launch thread: the last process that could not be attached to, */
	int failed_err;     /* and why */
};

/* 0 or -errno, which is printed. ret_exit_status: of a command that can't be run. After both,
 * collect__stop() and collect__tear_down() have to follow. */
int collect__start(struct collector *collector, int *ret_exit_status);
/* Closes the gates first: what programs have logged until then is in the last snapshot. */
void collect__stop(struct collector *collector);
/* May end the process with that status. */
void collect__tear_down(struct collector *collector, int status);

/* What a reload did: names, or "". */
struct reloaded {
	char changed[512];
	char waiting[512]; /* for the next start */
	char error[CONFIG_ERROR_BYTES];
};

/* The main thread reads the configuration again, and changes what can change while recording. 0, or -errno: then
 * nothing has changed, and ret->error says why. */
int collect__reload(struct collector *collector, struct reloaded *ret);
/* The same for a signal: says it on stderr. */
void collect__reload_and_tell(struct collector *collector);
void collect__forget_reread(struct collector *collector);
/* 0: never. A descriptor of -1 is fine. */
void collect__start_timer(int fd, uint64_t ns, bool repeats);

struct command_signals collect__command_signals(const struct collector *collector);
/* Starts what asks servers for debug information, if probes may need it. In the only thread. 0 or
 * -errno, which is printed. */
int collect__open_debuginfod(struct collector *collector);
/* Starts the broker, which keeps the privileges. In the only thread. 0 or -errno, which is printed. */
int collect__give_up_rights(struct collector *collector);

/* The clock, the directory for snapshots, and the threads that write there. 0 or -errno, which is
 * printed. */
int collect__open_writer(struct collector *collector);
/* Before anything is attached to: what is in batches now was logged for collectors that were
 * killed. */
void collect__take_left_over(struct collector *collector);
/* The recording does not wait for it. */
void collect__start_recovery(struct collector *collector);
/* False: the disk takes nothing, and it still writes. What it has not written stays. */
bool collect__end_recovery(struct collector *collector);
/* What --max-snapshots, --max-disk, --max-age and --keep-free say. */
struct retain_options collect__retain_options(struct collector *collector, const struct env *env);
/* Another --on, --delay, --min-gap from now on; takes ownership. */
void collect__set_triggers(struct collector *collector, struct trigger_plan *plan);

/* 0 or -errno, which is printed; 0 without --metrics. First the port alone is taken. */
int collect__open_metrics(struct collector *collector);
int collect__start_metrics(struct collector *collector);

/* Attaches to what the command line names. Results as of collect__start(). */
int collect__attach(struct collector *collector, int *ret_exit_status);
/* Of -e PATH; again when another file has its name. */
int collect__attach_file(struct collector *collector);
/* Of --all, --unit and the like. */
int collect__find_all(struct collector *collector);
/* Before that: what the kernel reports. 0 or -errno, which is printed. */
int collect__open_finder(struct collector *collector);
/* Whether each process that runs a file is recorded, and in the same way. */
bool collect__serves_all(const struct env *env);
/* Makes what sections set; collect__settings_of() finds it for a process, or NULL: there are none. 0
 * or -ENOMEM, which is printed. */
int collect__open_sections(struct collector *collector);
const struct process_settings *collect__settings_of(struct collector *collector,
						    const struct attached_process *attached);
/* Callback of the attacher: whether a process that is recorded still is to be, after an exec. */
bool collect__chooses(void *ctx, pid_t pid);
/* Callback of attach: the sites of its section; NULL: as all. It may wait for files. */
const struct site_filter *collect__filter_of(void *ctx, pid_t pid);
/* Whether a section has sites of its own. */
bool collect__has_section_sites(const struct collector *collector);
/* Whether a section has fill, event or slow in its `on`. */
bool collect__sections_watch(const struct collector *collector);
/* False: a thread hangs. */
bool collect__end_finding(struct collector *collector);
/* The file that execvp(3) would run; the name itself if there is none. */
void collect__find_command(const char *name, char ret_path[PATH_MAX]);

/* Callbacks of the attacher, with the collector as ctx: an attached process, or one that was looked
 * at; an attached process that was announced; a given process could not be attached to. */
void collect__take_attached(void *ctx, struct attached_process *attached);
void collect__take_announced(void *ctx, struct attached_process *attached);
void collect__late_failure(void *ctx);
/* Callback of the recorder, in the drain thread. */
bool collect__look(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t what);

#endif /* TTLOG_COLLECT_PARTS_H */
