/* SPDX-License-Identifier: MIT */
/*
 * How the value of an option is checked, and stored in env. Return 0 or -errno: -EINVAL if the text
 * has not the setting's form, -ERANGE if it is out of its range; then arg->error may say more.
 */
#ifndef TTLOG_SETTERS_H
#define TTLOG_SETTERS_H

struct argument;
struct env;

/* For any option, which names a member of that type (bool, const char *, uint64_t) and, of the last
 * three, min and max in its unit. */
int setter__flag(struct env *env, struct argument *arg);
int setter__text(struct env *env, struct argument *arg);
int setter__size(struct env *env, struct argument *arg);
int setter__duration(struct env *env, struct argument *arg);
int setter__number(struct env *env, struct argument *arg);

/* Of one option each. */
int setter__debuginfod(struct env *env, struct argument *arg);
int setter__pids(struct env *env, struct argument *arg);
int setter__path(struct env *env, struct argument *arg);
int setter__config(struct env *env, struct argument *arg);
int setter__unit(struct env *env, struct argument *arg);
int setter__cgroup(struct env *env, struct argument *arg);
int setter__list(struct env *env, struct argument *arg);
int setter__level(struct env *env, struct argument *arg);
int setter__filter(struct env *env, struct argument *arg);
int setter__keep_free(struct env *env, struct argument *arg);
int setter__keep_until_shipped(struct env *env, struct argument *arg);
int setter__buffer_size(struct env *env, struct argument *arg);
int setter__interval(struct env *env, struct argument *arg);
int setter__stack(struct env *env, struct argument *arg);
int setter__sched(struct env *env, struct argument *arg);
int setter__on(struct env *env, struct argument *arg);
int setter__delay(struct env *env, struct argument *arg);
int setter__min_gap(struct env *env, struct argument *arg);
int setter__stacks(struct env *env, struct argument *arg);
int setter__group(struct env *env, struct argument *arg);
int setter__tag(struct env *env, struct argument *arg);
int setter__usdt(struct env *env, struct argument *arg);
int setter__uprobe(struct env *env, struct argument *arg);
int setter__span(struct env *env, struct argument *arg);
int setter__redact(struct env *env, struct argument *arg);
int setter__encrypt_to(struct env *env, struct argument *arg);
int setter__metrics(struct env *env, struct argument *arg);
int setter__metrics_by(struct env *env, struct argument *arg);
int setter__allow(struct env *env, struct argument *arg);

#endif /* TTLOG_SETTERS_H */
