/* SPDX-License-Identifier: MIT */
/* Who asks S3: as the AWS tools have it, from the environment or a file. */
#ifndef TTLOG_S3_KEYS_H
#define TTLOG_S3_KEYS_H

#include "fleet_error.h"

#define S3_ID_BYTES     256
#define S3_SECRET_BYTES 256
#define S3_TOKEN_BYTES  4096

struct s3_keys {
	char id[S3_ID_BYTES], secret[S3_SECRET_BYTES];
	char token[S3_TOKEN_BYTES]; /* of a session; "": none */
};

/* What the user has said; NULL or "": nothing. */
struct s3_keys_from {
	const char *path;                /* a credentials file; before the others */
	const char *profile;             /* in that; else "default" */
	const char *id, *secret, *token; /* of the environment */
};

/* The file is read each time: it may have new keys. -EINVAL with a line that does not show them. */
int s3_keys__read(struct s3_keys *ret, const struct s3_keys_from *from, struct fleet_error *error);
/* Before memory is given back. */
void s3_keys__wipe(struct s3_keys *keys);

#endif /* TTLOG_S3_KEYS_H */
