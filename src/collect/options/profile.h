/* SPDX-License-Identifier: MIT */
/*
 * Profiles: what --profile sets, unless an option of its own says otherwise.
 */
#ifndef TTLOG_PROFILE_H
#define TTLOG_PROFILE_H

struct argument;
struct env;
struct setting;

/* Options in words. */
struct profile {
	const char *name;
	const char *buffer; /* --buffer-size */
	const char *cache;  /* --write-cache */
	const char *sync;   /* --sync */
	int compression;    /* LZ4's level: less than 0 is faster, and packs less */
};

/* NULL: none. */
const struct profile *profile__find(const char *name);

/* Setters (setters.h). */
int profile__set(struct env *env, struct argument *arg);
int profile__set_sync(struct env *env, struct argument *arg);
int profile__set_cache(struct env *env, struct argument *arg);

/* The option's value, if it was not given; NULL: the profile says nothing about it. */
const char *profile__preset(const struct profile *profile, const struct setting *setting);
/* After all options: sets those that were not given. 0 or -errno. */
int profile__apply(struct env *env);

#endif /* TTLOG_PROFILE_H */
