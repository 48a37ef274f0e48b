/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "s3_url.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define LEAST_BUCKET_BYTES 3
#define EXTENSION          ".bin"

/* ---- s3:// ---- */

static int set_bucket(struct s3_url *url, const char *text, size_t len, struct fleet_error *error)
{
	if (len < LEAST_BUCKET_BYTES || len >= S3_BUCKET_BYTES ||
	    strspn(text, LETTERS_AND_DIGITS ".-") < len)
		return fleet_error__set(
			error, -EINVAL,
			"bucket '%.*s': it has %d to %d small letters, digits, dots and -",
			(int)(len < 80 ? len : 80), text, LEAST_BUCKET_BYTES, S3_BUCKET_BYTES - 1);
	(void)snprintf(url->bucket, sizeof(url->bucket), "%.*s", (int)len, text);
	return 0;
}

static int set_prefix(struct s3_url *url, const char *text, struct fleet_error *error)
{
	size_t len;

	text += strspn(text, "/");
	len = strlen(text);
	while (len && text[len - 1] == '/')
		len--;
	if (len >= sizeof(url->prefix))
		return fleet_error__set(error, -EINVAL, "the prefix is longer than %d bytes",
					S3_PREFIX_BYTES - 1);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return fleet_error__set(error, -EINVAL,
						"the prefix has a byte that is no character");
	}
	(void)snprintf(url->prefix, sizeof(url->prefix), "%.*s", (int)len, text);
	return 0;
}

int s3_url__parse(struct s3_url *ret, const char *text, struct fleet_error *error)
{
	const char *bucket = text + strlen(S3_URL_SCHEME);
	const size_t len = strcspn(bucket, "/");
	struct s3_url url = { .bucket = "" };
	int err = set_bucket(&url, bucket, len, error);

	if (!err)
		err = set_prefix(&url, bucket + len, error);
	if (!err)
		*ret = url;
	return err;
}

/* ---- on the web ---- */

int s3_url__check_endpoint(const char *endpoint, struct fleet_error *error)
{
	const char *host = strstr(endpoint, "://");

	if ((strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0) ||
	    !strcspn(host + 3, "/?#:"))
		return fleet_error__set(error, -EINVAL,
					"'%s' is not http://HOST... or https://HOST...", endpoint);
	if (strcspn(endpoint, "?#@") != strlen(endpoint))
		return fleet_error__set(error, -EINVAL, "'%s' means nothing here",
					endpoint + strcspn(endpoint, "?#@"));
	return 0;
}

int s3_url__check_region(const char *region, struct fleet_error *error)
{
	const size_t len = strlen(region);

	if (len && len < S3_REGION_BYTES && strspn(region, LETTERS_AND_DIGITS "-") == len)
		return 0;
	return fleet_error__set(error, -EINVAL, "'%s' is no region such as eu-central-1", region);
}

int s3_url__web(char ret[S3_WEB_BYTES], const struct s3_url *url, const char *endpoint,
		const char *region)
{
	const char *domain = strncmp(region, "cn-", 3) != 0 ? "amazonaws.com" : "amazonaws.com.cn";
	int len;

	if (endpoint) {
		size_t end = strlen(endpoint);

		while (end && endpoint[end - 1] == '/')
			end--;
		len = snprintf(ret, S3_WEB_BYTES, "%.*s/%s", (int)end, endpoint, url->bucket);
	} else if (strchr(url->bucket, '.')) {
		len = snprintf(ret, S3_WEB_BYTES, "https://s3.%s.%s/%s", region, domain,
			       url->bucket);
	} else {
		len = snprintf(ret, S3_WEB_BYTES, "https://%s.s3.%s.%s", url->bucket, region,
			       domain);
	}
	return len < S3_WEB_BYTES ? 0 : -ENAMETOOLONG;
}

int s3_url__key(char ret[S3_KEY_BYTES], const struct s3_url *url, const char *object,
		const char *hash)
{
	const size_t len = strlen(object), end = strlen(EXTENSION);
	const bool has_end = len > end && !strcmp(object + len - end, EXTENSION);
	const int stem = (int)(has_end ? len - end : len);
	const int got = snprintf(ret, S3_KEY_BYTES, "%s%s%.*s.%s%s", url->prefix,
				 url->prefix[0] ? "/" : "", stem, object, hash,
				 has_end ? EXTENSION : "");

	return got < S3_KEY_BYTES ? 0 : -ENAMETOOLONG;
}
