/* SPDX-License-Identifier: MIT */
/*
 * The file with the symbols and debug information of a stripped one, where packages put it.
 */
#ifndef TTLOG_DEBUG_FILE_H
#define TTLOG_DEBUG_FILE_H

/*
 * By build id below /usr/lib/debug/.build-id, or by the name that .gnu_debuglink has, beside the
 * file; only one with the same build id is taken. path: of the file, as we see it. A descriptor or
 * -errno: -ENOENT: there is none.
 */
int debug_file__open(int fd, const char *path);

#endif /* TTLOG_DEBUG_FILE_H */
