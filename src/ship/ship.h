/* SPDX-License-Identifier: MIT */
/* The program, once its options are known. */
#ifndef TTLOG_SHIP_H
#define TTLOG_SHIP_H

#include "ship_options.h"

/* Until SIGINT or SIGTERM. Returns the exit status; errors are printed. */
int ship__run(const struct ship_options *options);

#endif /* TTLOG_SHIP_H */
