/* SPDX-License-Identifier: MIT */
/*
 * One configuration file, by the inih library: "KEY = VALUE" lines, or "KEY" alone if the option
 * takes no value; keys are long options; and [target NAME] sections. A line whose first character is # or ; is a comment. A value goes to the
 * end of its line, without the blanks around it.
 *
 * Values are kept as text: they are checked where they are applied.
 */
#ifndef TTLOG_CONFIG_FILE_H
#define TTLOG_CONFIG_FILE_H

#include <stddef.h>

struct given_list;
struct target_list;

/* Together with a zero. */
#define CONFIG_LINE_BYTES  4096
#define CONFIG_MAX_BYTES   (256u << 10)
#define CONFIG_MAX_TARGETS 256

/* What files say. */
struct config {
	struct given_list *given; /* outside of sections */
	struct target_list *targets;
};

/*
 * Adds what the file says. A key that can't repeat takes the place of an earlier file's. 0 or -errno;
 * then error says which file, where it makes sense which line, and what is wrong; what is in config
 * by then is of no use. Refuses a file that others than root and this user can change.
 */
int config_file__read(const char *path, const struct config *config, char *error,
		      size_t error_size);
/* The same of its text. 0, -EINVAL or -ENOMEM. */
int config_file__parse(const char *path, const char *text, size_t len, const struct config *config,
		       char *error, size_t error_size);

#endif /* TTLOG_CONFIG_FILE_H */
