/* SPDX-License-Identifier: MIT */
/*
 * The foreign sites of a file: what it has of the probes that the user asked for.
 *
 * A USDT probe that the compiler inlined has many notes; those with the same provider and name are
 * one site with many places. Its fields have the names and types of the signature that the user
 * gave, else of the catalogue's; else arg0, arg1, ... with the operand's size and sign.
 */
#ifndef TTLOG_FOREIGN_SITES_H
#define TTLOG_FOREIGN_SITES_H

struct foreign_probes;
struct foreign_report;
struct site_table;

/*
 * Adds sites and places to the table, which nothing else uses yet. path: as the process has it. A
 * probe that is one of ttlog's own sites is passed over: it is recorded anyway. What can't be
 * recorded as asked, and why, goes to the report; NULL: it is told (foreign_probes__tell_to()). 0 or
 * -errno: then the table has some of them.
 */
int foreign_sites__add(struct site_table *table, const struct foreign_probes *probes, int fd,
		       const char *path, struct foreign_report *report);

#endif /* TTLOG_FOREIGN_SITES_H */
