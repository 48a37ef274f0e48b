/* SPDX-License-Identifier: Dual MIT/GPL */
/* What warm.bpf.c and its caller have in common. */
#ifndef TTLOG_WARM_WIRE_H
#define TTLOG_WARM_WIRE_H

#define WARM_PAGE_BYTES 4096 /* the smallest page size of all machines */
#define WARM_HEAD_BYTES 8    /* of a message, before its bytes */
#define WARM_PAGES      64   /* per call */

#endif /* TTLOG_WARM_WIRE_H */
