/* SPDX-License-Identifier: MIT */
/* For a process that only parses what is most hostile, files with unwinding tables and debug
 * information, and tells its parent. */
#ifndef TTLOG_PARSER_RIGHTS_H
#define TTLOG_PARSER_RIGHTS_H

#include <stdint.h>

/* After this the process can do no harm but to its answers: no rights, few system calls, bounded
 * memory and CPU time; it ends with its parent. It has one thread. Ends the process if it fails. */
void parser_rights__drop(const char *process_name);
/* Its memory. */
uint64_t parser_rights__held_bytes(void);

#endif /* TTLOG_PARSER_RIGHTS_H */
