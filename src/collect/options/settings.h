/* SPDX-License-Identifier: MIT */
/*
 * The table of settings: how each option is checked and stored.
 */
#ifndef TTLOG_SETTINGS_H
#define TTLOG_SETTINGS_H

#include "env.h"

/* Options without a letter. */
enum {
	KEY_TRIGGER = 0x100,
	KEY_LIST,
	KEY_CHECK,
	KEY_ON,
	KEY_DELAY,
	KEY_MIN_GAP,
	KEY_IMMEDIATE,
	KEY_MAX_SNAPSHOTS,
	KEY_MAX_DISK,
	KEY_MAX_AGE,
	KEY_KEEP_FREE,
	KEY_KEEP_UNTIL_SHIPPED,
	KEY_MAX_MEMORY,
	KEY_STACKS,
	KEY_GROUP,
	KEY_TAG,
	KEY_REDACT,
	KEY_ENCRYPT_TO,
	KEY_CONFIG,
	KEY_DRY_RUN,
	KEY_METRICS,
	KEY_METRICS_BY,
	KEY_ALLOW,
	KEY_ALL,
	KEY_UNIT,
	KEY_CGROUP,
	KEY_STREAM,
	KEY_PROFILE,
	KEY_WRITE_CACHE,
	KEY_SEGMENT_SIZE,
	KEY_SEGMENT_AGE,
	KEY_SYNC,
	KEY_SCHED,
	KEY_STACK,
	KEY_USDT,
	KEY_UPROBE,
	KEY_SPAN,
	KEY_DEBUGINFOD,
};

struct setting;

struct argument {
	const struct setting *setting;
	const char *text; /* NULL: an option without a value */
	void *member;     /* of env: what is set */
	bool is_off;      /* set() says so: as if it was not given */
	char error[640];  /* "", or for the user: what is wrong with it */
};

#define MODE(mode) (1u << (mode))
#define RECORDING  (MODE(ENV_PIDS) | MODE(ENV_PATH) | MODE(ENV_FOUND) | MODE(ENV_COMMAND))
#define ANY        (RECORDING | MODE(ENV_TRIGGER) | MODE(ENV_LIST) | MODE(ENV_CHECK))

enum setting_flag {
	SETTING_REPEATS = 1,     /* each one adds to those before */
	SETTING_NOT_IN_FILE = 2, /* else a file may have it, if it is of RECORDING, */
	SETTING_OF_TARGET = 4,   /* and so may a [target NAME] section */
};

/* On the command line, any setting of a group takes the place of all of that group in the file. */
enum setting_group {
	SETTING_ALONE = 0,
	SETTING_WHAT, /* what is recorded */
	SETTING_TALK, /* how much is said */
};

struct setting {
	int key;
	unsigned modes; /* in which it means something */
	unsigned flags; /* enum setting_flag */
	enum setting_group group;
	const char *name;   /* for messages */
	const char *form;   /* what it takes; NULL: nothing */
	const char *preset; /* if it is not given; NULL: what profile__preset() says, or nothing */
	int (*set)(struct env *env, struct argument *arg); /* 0 or -errno */
	uint64_t min, max;                                 /* of a size, duration or number */
	size_t at;                                         /* offset of what it sets in env */
};

extern const struct setting settings[];
extern const size_t setting_cnt; /* at most ENV_MAX_SETTINGS */

/* NULL: none. */
const struct setting *setting__of_key(int key);
/* Its long option without the dashes, as command_line.c's table has it: its key in a file. */
const char *setting__long_name(const struct setting *setting);
/* The other way; NULL: none. */
const struct setting *setting__of_long_name(const char *name);
/* Whether files may have it. */
bool setting__is_in_file(const struct setting *setting);

#endif /* TTLOG_SETTINGS_H */
