/* SPDX-License-Identifier: MIT */
/*
 * The core dump of the same death: one that systemd-coredump kept, or the file that
 * kernel.core_pattern (core(5)) names, if it has an absolute path.
 */
#ifndef TTLOG_CORE_DUMP_H
#define TTLOG_CORE_DUMP_H

struct ttlog_info;

/* Where core dumps may be. */
struct core_dump_places {
	const char *systemd_dir; /* /var/lib/systemd/coredump */
	const char *pattern;     /* NULL: it is not known, or is that of another machine */
};

/* On this machine. NULL: there is none; the caller frees it. */
char *core_dump__find(const struct ttlog_info *info);
/* The same, for tests. */
char *core_dump__find_in(const struct ttlog_info *info, const struct core_dump_places *places);

#endif /* TTLOG_CORE_DUMP_H */
