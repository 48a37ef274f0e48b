/* SPDX-License-Identifier: MIT */
/*
 * On which instructions the kernel puts a uprobe: it runs a copy of the instruction elsewhere, or
 * does what it does. If it refuses one place, it makes no link at all; and a few it takes, but does
 * something else. So these are told before.
 */
#ifndef TTLOG_PROBEABLE_H
#define TTLOG_PROBEABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One instruction of x86-64. */
bool probeable__x86(const uint8_t *code, size_t len);
bool probeable__arm64(uint32_t word);

#endif /* TTLOG_PROBEABLE_H */
