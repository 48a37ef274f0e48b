/* SPDX-License-Identifier: MIT */
/* Keys of the command line that no event of the files has a field of: maybe they are misspelt. */
#ifndef TTLOG_VIEW_UNKNOWN_KEY_H
#define TTLOG_VIEW_UNKNOWN_KEY_H

struct input;
struct options;

/* Says so on stderr, once all is shown. A hint: maybe it is in no event of this file by chance. */
void unknown_key__hint(const struct options *options, const struct input *input);

#endif /* TTLOG_VIEW_UNKNOWN_KEY_H */
