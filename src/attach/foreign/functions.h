/* SPDX-License-Identifier: MIT */
/*
 * The sites of --uprobe and --span: functions of a file. That of a --uprobe is an event, whose place
 * is the first instruction. That of a --span has also a place for each instruction that ends it.
 */
#ifndef TTLOG_FUNCTIONS_H
#define TTLOG_FUNCTIONS_H

struct foreign_builder;
struct foreign_probes;

/* Of one file. */
#define FUNCTIONS_MAX 10000u

/* As foreign_sites__add(). A function that can't be recorded as asked is left out; why goes to the
 * report. */
int functions__add(struct foreign_builder *builder, const struct foreign_probes *probes, int fd);

#endif /* TTLOG_FUNCTIONS_H */
