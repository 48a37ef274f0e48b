/* SPDX-License-Identifier: MIT */
#ifndef EARLYLIB_H
#define EARLYLIB_H

/* Logs one event with the value. Returns the value + 1. */
int earlylib__work(int value);

#endif /* EARLYLIB_H */
