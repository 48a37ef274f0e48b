/* SPDX-License-Identifier: MIT */
/* What the files of `aggregate` share. */
#ifndef TTLOG_VIEW_AGGREGATE_PARTS_H
#define TTLOG_VIEW_AGGREGATE_PARTS_H

/* 10^exponent. */
double aggregate__power(unsigned exponent);

#endif /* TTLOG_VIEW_AGGREGATE_PARTS_H */
