/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: names and types of the fields of known USDT probes, in files *.conf. A line is
 *
 *	PROVIDER:NAME(FIELD:TYPE,...)
 *
 * with globs and types as --usdt has them, without a level; PROVIDER:NAME alone says that there is
 * such a probe. # begins a comment. Of two lines for a probe, the first one counts; files are read
 * in the order of their names.
 */
#ifndef TTLOG_CATALOGUE_H
#define TTLOG_CATALOGUE_H

#include <stddef.h>

struct foreign_probes;

/* Longer lines, and larger files, are refused. */
#define CATALOGUE_MAX_LINE_BYTES 4096u
#define CATALOGUE_MAX_FILE_BYTES (1u << 20)
#define CATALOGUE_ERROR_BYTES    1024u

/* The user's own lines, which come first. */
#define CATALOGUE_USER_DIR   "/etc/ttlog/probes"
/* Where packages put it, if the program lies elsewhere than in PREFIX/bin. */
#define CATALOGUE_SYSTEM_DIR "/usr/share/ttlog/probes"

/*
 * Adds what all files in a directory have. 0; -EINVAL: ret_error says which file and line is wrong,
 * and how; or -errno, with ret_error. A directory that does not exist, or that
 * this user may not read, is empty.
 */
int catalogue__read_dir(struct foreign_probes *probes, const char *dir, char *ret_error,
			size_t size);

/*
 * The same for the user's files, then those beside this program: PREFIX/share/ttlog/probes of
 * PREFIX/bin/ttlog-collect, and build/probes of build/ttlog-collect.
 */
int catalogue__read(struct foreign_probes *probes, char *ret_error, size_t size);

#endif /* TTLOG_CATALOGUE_H */
