/* SPDX-License-Identifier: MIT */
/* Files as lines: a table for people, or JSON. Nothing of what hosts say can write to a terminal. */
#ifndef TTLOG_FLEET_PRINT_H
#define TTLOG_FLEET_PRINT_H

#include <stdio.h>

#include "fleet_files.h"

void fleet_print__text(FILE *out, const struct fleet_files *files);
/* One object a line: created_at, host, service, reason, signal, frame, signature, pid, object, size, digest;
 * what is not known is absent. */
void fleet_print__json(FILE *out, const struct fleet_files *files);

#endif /* TTLOG_FLEET_PRINT_H */
