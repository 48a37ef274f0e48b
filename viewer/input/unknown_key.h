/* SPDX-License-Identifier: MIT */
/* Keys of the command line that are no field of any event in the files: maybe they are misspelt. */
#ifndef TTLOG_VIEW_UNKNOWN_KEY_H
#define TTLOG_VIEW_UNKNOWN_KEY_H

struct input;
struct options;

/* Prints a hint on stderr, after all output: the key may just be missing in these files. */
void unknown_key__hint(const struct options *options, const struct input *input);

#endif /* TTLOG_VIEW_UNKNOWN_KEY_H */
