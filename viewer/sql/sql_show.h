/* SPDX-License-Identifier: MIT */
/* --sql and --to-sqlite. */
#ifndef TTLOG_VIEW_SQL_SHOW_H
#define TTLOG_VIEW_SQL_SHOW_H

struct input;
struct options;
struct out;

/* Returns 0; -EINVAL: a statement is wrong, which was reported; or another -errno. */
int sql_show__run(const struct options *options, const struct input *input, struct out *out);

#endif /* TTLOG_VIEW_SQL_SHOW_H */
