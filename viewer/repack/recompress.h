/* SPDX-License-Identifier: MIT */
/*
 * --recompress: packs snapshots harder, in place. A new file replaces the old one at once, only if
 * it is smaller and was read back with equal content. Mode, owner, times and extended attributes
 * stay. A file that is damaged, not complete, or has several names is left alone.
 */
#ifndef TTLOG_VIEW_RECOMPRESS_H
#define TTLOG_VIEW_RECOMPRESS_H

struct options;

/* Prints a line for each file. The exit status. */
int recompress__main(const struct options *options);

#endif /* TTLOG_VIEW_RECOMPRESS_H */
