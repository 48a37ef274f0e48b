/* SPDX-License-Identifier: MIT */
int lib_outer(volatile char *room);
