/* SPDX-License-Identifier: MIT */
/* What --sql and --to-sqlite do. */
#ifndef TTLOG_VIEW_SQL_SHOW_H
#define TTLOG_VIEW_SQL_SHOW_H

struct input;
struct options;
struct out;

/* Returns 0; -EINVAL where a statement is wrong, which is said; another -errno. */
int sql_show__run(const struct options *options, const struct input *input, struct out *out);

#endif /* TTLOG_VIEW_SQL_SHOW_H */
