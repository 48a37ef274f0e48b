/* SPDX-License-Identifier: MIT */
/* %XX in URLs. */
#ifndef TTLOG_PERCENT_H
#define TTLOG_PERCENT_H

#include <stddef.h>

/* In place. -EINVAL: after a % there are not two digits, or they mean a zero byte. */
int percent__decode(char *text);

/* Every byte but letters, digits, those of "-._~" and of also_plain is %XX (upper case). 0; -ENAMETOOLONG: it
 * does not fit, with the zero. */
int percent__encode(char *ret, size_t size, const char *text, const char *also_plain);

#endif /* TTLOG_PERCENT_H */
