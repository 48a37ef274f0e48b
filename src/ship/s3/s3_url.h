/* SPDX-License-Identifier: MIT */
/* s3://BUCKET[/PREFIX], and where on the web that is. */
#ifndef TTLOG_S3_URL_H
#define TTLOG_S3_URL_H

#include "fleet_error.h"

#define S3_URL_SCHEME   "s3://"
#define S3_BUCKET_BYTES 64 /* with the zero */
#define S3_PREFIX_BYTES 512
#define S3_KEY_BYTES    1024 /* with the zero: S3's own limit */
#define S3_WEB_BYTES    1024
#define S3_REGION_BYTES 64

struct s3_url {
	char bucket[S3_BUCKET_BYTES];
	char prefix[S3_PREFIX_BYTES]; /* without slashes around; "": none */
};

/* 0; -EINVAL with a line for the user. */
int s3_url__parse(struct s3_url *ret, const char *text, struct fleet_error *error);

/* Whether it is http:// or https:// and a host. -EINVAL with a line. */
int s3_url__check_endpoint(const char *endpoint, struct fleet_error *error);
/* Whether it can be part of a host's name. */
int s3_url__check_region(const char *region, struct fleet_error *error);

/*
 * The URL of the bucket, without a slash at its end. endpoint: NULL: Amazon's, where the bucket is in the
 * name of the host unless its name has a dot, for which there is no certificate. Elsewhere it is the first
 * part of the path. -ENAMETOOLONG.
 */
int s3_url__web(char ret[S3_WEB_BYTES], const struct s3_url *url, const char *endpoint,
		const char *region);

/* PREFIX/HOST/SERVICE/NAME.HASH.bin for HOST/SERVICE/NAME.bin: the hash of its content, in hexadecimal
 * digits. So another content is another object. -ENAMETOOLONG. */
int s3_url__key(char ret[S3_KEY_BYTES], const struct s3_url *url, const char *object,
		const char *hash);

#endif /* TTLOG_S3_URL_H */
