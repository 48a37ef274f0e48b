/* SPDX-License-Identifier: MIT */
/*
 * The functions of a file by name, also if it is stripped: with the symbols that packages put below
 * /usr/lib/debug or beside it, else with those of the user's debuginfod server.
 */
#ifndef TTLOG_FILE_FUNCTIONS_H
#define TTLOG_FILE_FUNCTIONS_H

struct debuginfod;
struct function_list;

/* A server that takes longer for a file is not waited for. */
#define FILE_FUNCTIONS_ASK_MS 20000u

/*
 * path: of the file, as we see it. debuginfod: NULL: no server is asked. ret_debug_fd: the file with
 * its debug information, which the caller closes; -1: there is none, or it has its own.
 * ret_server_err: -ENOENT if the server has none, else why it gave none; 0: it was not asked, or gave
 * it. NULL with errno, as function_list__new().
 */
struct function_list *file_functions__read(int fd, const char *path, struct debuginfod *debuginfod,
					   int *ret_debug_fd, int *ret_server_err);

#endif /* TTLOG_FILE_FUNCTIONS_H */
