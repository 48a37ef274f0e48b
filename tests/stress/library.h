/* SPDX-License-Identifier: MIT */
#ifndef STRESS_LIBRARY_H
#define STRESS_LIBRARY_H

#include <stdint.h>

typedef void (*library_log_fn)(unsigned int lane, uint64_t n);
typedef int (*library_is_on_fn)(void);
void library_log(unsigned int lane, uint64_t n);

/* Whether a collector records it. */
int library_is_on(void);

#endif /* STRESS_LIBRARY_H */
