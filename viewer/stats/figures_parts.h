/* SPDX-License-Identifier: MIT */
/* What adding to figures and reading them share. */
#ifndef TTLOG_VIEW_FIGURES_PARTS_H
#define TTLOG_VIEW_FIGURES_PARTS_H

/* 10^exponent. */
double figures__power(unsigned exponent);

#endif /* TTLOG_VIEW_FIGURES_PARTS_H */
