/* SPDX-License-Identifier: MIT */
/*
 * libcurl 7.88 signs as it is told, and no more: the path and the query as they are in the URL, so they are
 * escaped here and in order; of the body the hash that the header says, which S3 wants in any case.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "percent.h"
#include "s3.h"
#include "s3_xml.h"

#define CODE_BYTES    64
#define MESSAGE_BYTES 256
#define URL_BYTES     (S3_WEB_BYTES + 3 * S3_KEY_BYTES + 2048)
#define HASH_HEADER   "x-amz-content-sha256: "
#define TOKEN_HEADER  "x-amz-security-token: "

/* Of one request. */
struct texts {
	char url[URL_BYTES];
	char sigv4[S3_REGION_BYTES + 16];
	char user[S3_ID_BYTES + S3_SECRET_BYTES];
	char hash[sizeof(HASH_HEADER) + S3_HASH_BYTES];
	char token[sizeof(TOKEN_HEADER) + S3_TOKEN_BYTES];
	const char *headers[4];
};

/* ---- the request ---- */

static int write_url(const struct s3 *s3, const struct s3_request *request, char ret[URL_BYTES])
{
	const int len = snprintf(ret, URL_BYTES, "%s/", s3->web);
	size_t end;
	int err;

	if (len < 0 || len >= URL_BYTES)
		return -ENAMETOOLONG;
	err = percent__encode(ret + len, URL_BYTES - (size_t)len, request->key, "/");
	if (err || !request->query)
		return err;
	end = strlen(ret);
	return snprintf(ret + end, URL_BYTES - end, "?%s", request->query) < (int)(URL_BYTES - end)
		       ? 0
		       : -ENAMETOOLONG;
}

static int write_texts(const struct s3 *s3, const struct s3_request *request, struct texts *ret)
{
	size_t cnt = 0;

	(void)snprintf(ret->sigv4, sizeof(ret->sigv4), "aws:amz:%s:s3", s3->region);
	(void)snprintf(ret->user, sizeof(ret->user), "%s:%s", s3->keys.id, s3->keys.secret);
	(void)snprintf(ret->hash, sizeof(ret->hash), HASH_HEADER "%s",
		       request->hash ? request->hash : S3_HASH_EMPTY);
	ret->headers[cnt++] = ret->hash;
	if (s3->keys.token[0]) {
		(void)snprintf(ret->token, sizeof(ret->token), TOKEN_HEADER "%s", s3->keys.token);
		ret->headers[cnt++] = ret->token;
	}
	if (request->len || request->bytes)
		ret->headers[cnt++] = "Content-Type: application/octet-stream";
	ret->headers[cnt] = NULL;
	return write_url(s3, request, ret->url);
}

static int send(const struct s3 *s3, const struct s3_request *request, struct http_answer *ret,
		struct fleet_error *error)
{
	struct texts texts;
	const struct http_request http = {
		.method = request->method,
		.url = texts.url,
		.headers = texts.headers,
		.bytes = request->bytes,
		.fd = request->fd,
		.at = request->at,
		.len = request->len,
		.before_chunk = request->before_chunk,
		.take = request->take,
		.ctx = request->ctx,
		.sigv4 = texts.sigv4,
		.user = texts.user,
		.most_bytes = S3_ANSWER_MOST,
	};
	int err = write_texts(s3, request, &texts);

	http_answer__init(ret, S3_ANSWER_MOST);
	if (err)
		return fleet_error__set(error, err, "bucket %s: %s", s3->bucket, strerror(-err));
	err = http__do(s3->http, &http, ret, error);
	explicit_bzero(&texts, sizeof(texts));
	return err;
}

/* ---- the answer ---- */

static int err_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return -EPERM;
	case 404:
		return -ENOENT;
	case 429:
		return -EHOSTUNREACH;
	default:
		return status >= 500 ? -EHOSTUNREACH : -EIO;
	}
}

/* An answer to HEAD has no words. */
static const char *hint_of(long status)
{
	switch (status) {
	case 301:
	case 307:
		return ": it is in another region: --s3-region";
	case 400:
		return ": are --s3-region and the endpoint right?";
	case 401:
	case 403:
		return ": it is not permitted";
	case 404:
		return ": it is not there";
	default:
		return "";
	}
}

/* CompleteMultipartUpload begins to answer before it knows. */
static int judge(const struct s3 *s3, const struct http_answer *answer, struct fleet_error *error)
{
	const bool is_good = answer->status >= 200 && answer->status < 300;
	char code[CODE_BYTES], message[MESSAGE_BYTES];

	if (is_good && (!answer->body || !strstr(answer->body, "<Error>")))
		return 0;
	if (!s3_xml__text(code, sizeof(code), answer->body, "Code"))
		return fleet_error__set(error, err_of(answer->status),
					"bucket %s: the server answers %ld%s", s3->bucket,
					answer->status, hint_of(answer->status));
	(void)s3_xml__text(message, sizeof(message), answer->body, "Message");
	return fleet_error__set(error, is_good ? -EHOSTUNREACH : err_of(answer->status),
				"bucket %s: the server says: %s%s%s (%ld)", s3->bucket, code,
				message[0] ? ": " : "", message, answer->status);
}

int s3__ask(struct s3 *s3, const struct s3_request *request, struct http_answer *ret,
	    struct fleet_error *error)
{
	const int err = send(s3, request, ret, error);

	s3->retry_after_s = ret->retry_after_s;
	return err ? err : judge(s3, ret, error);
}
