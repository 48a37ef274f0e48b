/* SPDX-License-Identifier: MIT */
/*
 * What the command line of ttlog-collect says, checked and in units.
 */
#ifndef TTLOG_ENV_H
#define TTLOG_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control_rights.h"
#include "given.h"
#include "listen_address.h"
#include "recipients.h"
#include "redact.h"
#include "stream_writer.h"
#include "tags.h"
#include "target.h"

struct foreign_probes;
struct profile;
struct site_filter;
struct trigger_plan;

enum env_mode {
	ENV_PIDS = 1, /* -p: pids, pid_cnt */
	ENV_PATH,     /* -e: path */
	ENV_FOUND,    /* --all; --unit, --cgroup: chosen; neither: targets alone */
	ENV_COMMAND,  /* -- CMD: command */
	ENV_TRIGGER,  /* --trigger: reason, and at most one of pids */
	ENV_LIST,     /* --list: path; NULL: one of pids */
	ENV_CHECK,    /* --check */
};

#define ENV_MAX_SETTINGS 96

/* Text points into the lists of what was given. */
struct env {
	enum env_mode mode;
	const char *path;
	bool all;                  /* every marked program */
	struct target_list chosen; /* --unit and --cgroup: one each */
	const char *reason;        /* never "" */
	char **command;            /* ends with NULL */
	pid_t *pids;               /* each once */
	size_t pid_cnt;

	struct site_filter *site_filter; /* --level and --filter */
	struct foreign_probes *foreign;  /* --usdt, --uprobe and --span; NULL: none */
	const char *debuginfod;          /* servers that these ask; NULL: none */
	const char *output_dir;
	uint64_t ring_bytes;
	uint64_t max_memory_bytes;     /* of all rings together; 0: see ring_budget__of_dir() */
	uint64_t buffer_bytes;         /* a power of two, at least 1 MiB */
	uint64_t interval_ns;          /* 0: off */
	uint64_t duration_ns;          /* 0: no end */
	struct trigger_plan *triggers; /* --on, --delay and --min-gap */
	struct tags tags;              /* --tag */
	struct redact redact;          /* --redact */
	struct recipients recipients;  /* --encrypt-to */
	gid_t group;                   /* may read snapshots; OUT_DIR_NO_GROUP: none */
	uint64_t max_snapshots;        /* 0: no limit */
	uint64_t max_disk_bytes;       /* 0: no limit */
	uint64_t max_age_ns;           /* 0: no limit */
	uint64_t keep_free_bytes;      /* of the file system with output_dir; 0: see the next one */
	unsigned keep_free_percent;    /* of it; 0: all of it may be used */
	const char *shipped_state;     /* of ttlog-ship: --keep-until-shipped; NULL: off */
	struct listen_address metrics; /* --metrics; its len is 0: none */
	bool metrics_by_pid;
	bool all_stacks;              /* of a crash: other threads' stacks too */
	struct control_rights rights; /* --allow */
	bool stream;                  /* --stream: all events go to segments, too */
	const struct profile *profile;
	uint64_t cache_bytes, cache_ns; /* --write-cache */
	uint64_t segment_bytes, segment_age_ns;
	enum stream_sync sync;
	uint64_t sync_ns;
	bool immediate;
	uint8_t stack_from;      /* --stack; STACK_PLACES_OFF */
	bool sched;              /* --sched */
	uint64_t sched_least_ns; /* shorter waits are not recorded */
	bool quiet;
	bool verbose;
	bool dry_run;
	const char *config_path; /* NULL: none */

	bool used[ENV_MAX_SETTINGS]; /* which of settings[] were given */
	struct given_list by_user;   /* on the command line */
	struct given_list by_files;  /* outside of sections */
	struct target_list targets;  /* the sections */
	/* for rings and the control socket; NULL: the usual place. The collectors of --check have
	 * one: they must not recover what others have left, nor answer requests */
	const char *private_dir;
};

#define ENV_OUTPUT_DIR "/var/lib/ttlog"
#define ENV_CONFIG     "/etc/ttlog/collect.conf"

/* The defaults, as the table of settings has them. 0 or -ENOMEM; env__fini() after both. */
int env__init(struct env *env);
/* All zeros is fine too. */
void env__fini(struct env *env);

#endif /* TTLOG_ENV_H */
