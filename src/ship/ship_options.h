/* SPDX-License-Identifier: MIT */
/* The command line of ttlog-ship, checked. */
#ifndef TTLOG_SHIP_OPTIONS_H
#define TTLOG_SHIP_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "listen_address.h"
#include "login_files.h"
#include "place_url.h"
#include "spool.h"

#define SHIP_MAX_DESTINATIONS (SPOOL_MAX_DESTINATIONS - 1)

struct ship_destination {
	const char *text;
	struct place_url url;
};

struct ship_options {
	const char *from;
	const char *state;
	struct ship_destination to[SHIP_MAX_DESTINATIONS];
	size_t to_cnt;
	const char *webhook; /* NULL: none */
	unsigned int replicas;
	struct login_files login;
	const char *s3_endpoint, *s3_region; /* NULL: Amazon's; that of the environment */
	struct s3_keys_from s3_keys;
	uint64_t rate_bytes_s; /* 0: no limit */
	uint64_t audit_after_ns;
	struct listen_address metrics; /* its len is 0: none */
	unsigned int allowed;          /* what others may ask: ship_allow.h */
};

/* Does not return if the user asked for help or the version (exit status 0), or if the command line
 * is wrong: then it prints an error, and exits with 2. */
void ship_options__parse(struct ship_options *ret, int argc, char **argv);
void ship_options__fini(struct ship_options *options);

#endif /* TTLOG_SHIP_OPTIONS_H */
