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
	KEY_IMMEDIATE,
	KEY_MAX_SNAPSHOTS,
	KEY_MAX_DISK,
	KEY_MAX_MEMORY,
	KEY_STACKS,
	KEY_GROUP,
	KEY_TAG,
};

struct argument {
	const char *text;
	void *member;    /* of env: what is set */
	char error[256]; /* "", or for the user: what is wrong with it */
};

#define MODE(mode) (1u << (mode))
#define RECORDING  (MODE(ENV_PIDS) | MODE(ENV_PATH) | MODE(ENV_COMMAND))
#define ANY        (RECORDING | MODE(ENV_TRIGGER) | MODE(ENV_LIST) | MODE(ENV_CHECK))

struct setting {
	int key;
	unsigned modes;                                    /* in which it means something */
	const char *name;                                  /* for messages */
	const char *form;                                  /* what it takes */
	int (*set)(struct env *env, struct argument *arg); /* 0 or -errno */
	size_t at;                                         /* offset of what it sets in env */
};

#define SETTING_CNT 22

extern const struct setting settings[SETTING_CNT];

#endif /* TTLOG_SETTINGS_H */
