/* SPDX-License-Identifier: MIT */
/* Which boot of the machine this is. */
#ifndef TTLOG_BOOT_H
#define TTLOG_BOOT_H

#define BOOT_ID_BYTES 37 /* with the zero */

/* The kernel's text: "c6b5...-...". 0, or -errno: then it is "". */
int boot__read_id(char ret_id[BOOT_ID_BYTES]);

#endif /* TTLOG_BOOT_H */
