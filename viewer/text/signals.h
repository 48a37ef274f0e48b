/* SPDX-License-Identifier: MIT */
/* What si_code says, by signal: sigaction(2). */
#ifndef TTLOG_VIEW_SIGNALS_H
#define TTLOG_VIEW_SIGNALS_H

#include <ttlog/read.h>

struct signal_code {
	const char *signal; /* NULL: any */
	int code;
	const char *name;
	const char *meaning;
};

/* NULL: the code is not known. */
const struct signal_code *signal_code__find(struct ttlog_text signal, int64_t code);
/* Whether si_addr is the address of a fault: the signal comes from the fault itself. */
bool signal_code__has_address(struct ttlog_text signal, int64_t code);

#endif /* TTLOG_VIEW_SIGNALS_H */
