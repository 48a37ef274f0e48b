/* SPDX-License-Identifier: MIT */
/* The part of foreign_sites__add() for USDT probes. */
#ifndef TTLOG_USDT_SITES_H
#define TTLOG_USDT_SITES_H

struct foreign_builder;
struct foreign_probes;

/* 0 or -errno. */
int usdt_sites__add(struct foreign_builder *builder, const struct foreign_probes *probes, int fd);

#endif /* TTLOG_USDT_SITES_H */
