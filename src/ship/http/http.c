/* SPDX-License-Identifier: MIT */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"

#define CONNECT_MS   10000L
/* A server that takes or gives nothing for so long is given up. */
#define QUIET_S      60L
#define MOST_RETRY_S 86400
#define AGENT        "ttlog-ship/" TTLOG_VERSION

struct http {
	CURL *curl;
	struct http_options options;
	char why[CURL_ERROR_SIZE]; /* of the last request */

	/* of the request that is on its way */
	const struct http_request *request;
	uint64_t at; /* in its body of a file */
	struct http_answer *answer;
	bool is_cancelled, is_unreadable;
	int err; /* why it was given up; 0: is_stopped() said so */
};

int http__start(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOMEM;
}

/* ---- libcurl's calls ---- */

static int look_whether_stopped(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
				curl_off_t up)
{
	struct http *http = ctx;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	if (http->options.is_stopped && http->options.is_stopped(http->options.ctx))
		http->is_cancelled = true;
	return http->is_cancelled;
}

static size_t read_file(char *to, size_t size, size_t cnt, void *ctx)
{
	struct http *http = ctx;
	const struct http_request *request = http->request;
	const uint64_t left = request->len - http->at;
	size_t len = size * cnt;
	ssize_t got;

	if (len > left)
		len = (size_t)left;
	if (!len)
		return 0;
	http->err = request->before_chunk ? request->before_chunk(request->ctx, len) : 0;
	if (http->err) {
		http->is_cancelled = true;
		return CURL_READFUNC_ABORT;
	}
	got = pread(request->fd, to, len, (off_t)(request->at + http->at));
	if (got <= 0) {
		http->is_unreadable = true;
		return CURL_READFUNC_ABORT;
	}
	http->at += (uint64_t)got;
	return (size_t)got;
}

/* The request begins again, as when the server has just closed a connection that was open. */
static int seek_file(void *ctx, curl_off_t offset, int origin)
{
	struct http *http = ctx;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > http->request->len)
		return CURL_SEEKFUNC_FAIL;
	http->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t cnt, void *ctx)
{
	struct http *http = ctx;
	const struct http_request *request = http->request;
	long status = 0;

	(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!request->take || status < 200 || status >= 300)
		return http_answer__take(bytes, size, cnt, http->answer);
	http->err = request->take(request->ctx, bytes, size * cnt);
	http->is_cancelled = http->err;
	return http->err ? 0 : size * cnt;
}

/* ---- the client ---- */

static void set_tls(CURL *curl, const struct http_options *options)
{
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (options->login.tls_ca)
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, options->login.tls_ca);
	if (options->login.tls_ca && !options->also_system)
		(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	if (options->login.tls_cert)
		(void)curl_easy_setopt(curl, CURLOPT_SSLCERT, options->login.tls_cert);
	if (options->login.tls_key)
		(void)curl_easy_setopt(curl, CURLOPT_SSLKEY, options->login.tls_key);
}

/* What is the same for all requests; curl_easy_reset() keeps the connection. */
static void set_always(struct http *http)
{
	CURL *curl = http->curl;

	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, QUIET_S);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_stopped);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	set_tls(curl, &http->options);
}

struct http *http__new(const struct http_options *options)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->options = *options;
	http->curl = curl_easy_init();
	if (http->curl)
		return http;
	free(http);
	errno = ENOMEM;
	return NULL;
}

void http__free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	free(http);
}

/* ---- a request ---- */

static void set_body(struct http *http, const struct http_request *request)
{
	CURL *curl = http->curl;

	if (request->bytes) {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->bytes);
		return;
	}
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->len);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_file);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, http);
	(void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_file);
	(void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, http);
}

static void set_request(struct http *http, const struct http_request *request)
{
	CURL *curl = http->curl;

	if (!strcmp(request->method, "HEAD"))
		(void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (request->bytes || request->len)
		set_body(http, request);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	(void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->most_s);
	if (request->sigv4) {
		(void)curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, request->sigv4);
		(void)curl_easy_setopt(curl, CURLOPT_USERPWD, request->user);
	}
}

/* NULL: out of memory; then the list is freed. */
static struct curl_slist *append(struct curl_slist *list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(list, header);

	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

/*
 * No wait for "100 Continue": a server that wants no body closes the connection. But libcurl 7.88 signs what says
 * so, as a header that it then does not send, and S3 knows 100. 0 or -ENOMEM.
 */
static int list_headers(const struct http_request *request, struct curl_slist **ret)
{
	struct curl_slist *list = NULL;

	if (!request->sigv4) {
		list = append(list, "Expect:");
		if (!list)
			return -ENOMEM;
	}
	for (size_t i = 0; request->headers && request->headers[i]; i++) {
		list = append(list, request->headers[i]);
		if (!list)
			return -ENOMEM;
	}
	*ret = list;
	return 0;
}

static void read_etag(CURL *curl, char ret[HTTP_TAG_BYTES])
{
	struct curl_header *header;
	size_t len;

	ret[0] = '\0';
	if (curl_easy_header(curl, "ETag", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return;
	len = strlen(header->value);
	if (len < 2 || len - 2 >= HTTP_TAG_BYTES || header->value[0] != '"')
		return;
	memcpy(ret, header->value + 1, len - 2);
	ret[len - 2] = '\0';
}

static void read_answer(CURL *curl, struct http_answer *ret)
{
	curl_off_t retry_s = 0, content_bytes = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
	(void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_s);
	(void)curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &content_bytes);
	if (content_bytes > 0)
		ret->content_bytes = (uint64_t)content_bytes;
	if (retry_s > 0)
		ret->retry_after_s = retry_s < MOST_RETRY_S ? (uint64_t)retry_s : MOST_RETRY_S;
	read_etag(curl, ret->etag);
}

/* ---- what went wrong ---- */

/* "HOST:PORT" of the URL: its path may be a secret. */
static int say(const struct http *http, struct fleet_error *error, int err, const char *why)
{
	const char *host = strstr(http->request->url, "://");
	const size_t len = host ? strcspn(host + 3, "/?#") : 0;

	return fleet_error__set(error, err, "%.*s: %s", (int)len, host ? host + 3 : "", why);
}

/* What libcurl says of some errors has times in it: then it would be another error each time. */
static int explain(const struct http *http, CURLcode code, struct fleet_error *error)
{
	const char *why = http->why[0] ? http->why : curl_easy_strerror(code);
	long reason = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		(void)curl_easy_getinfo(http->curl, CURLINFO_OS_ERRNO, &reason);
		return say(http, error, -ENOTCONN,
			   reason ? strerror((int)reason) : curl_easy_strerror(code));
	case CURLE_OPERATION_TIMEDOUT:
		return say(http, error, -ETIMEDOUT, "it does not answer in time");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CONNECT_ERROR:
		return say(http, error, -EACCES, why);
	case CURLE_OUT_OF_MEMORY:
		return say(http, error, -ENOMEM, why);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return say(http, error, -ENOTCONN, why);
	default:
		return say(http, error, -EIO, why);
	}
}

static int judge(const struct http *http, CURLcode code, const struct http_answer *answer,
		 struct fleet_error *error)
{
	if (code == CURLE_OK)
		return 0;
	if (http->is_cancelled)
		return say(http, error, http->err ? http->err : -ECANCELED, "it was given up");
	if (http->is_unreadable)
		return say(http, error, -EBADF, "the file can't be read");
	if (answer->is_too_long)
		return say(http, error, -EMSGSIZE, "its answer is too long");
	if (answer->is_out_of_memory)
		return say(http, error, -ENOMEM, strerror(ENOMEM));
	return explain(http, code, error);
}

int http__do(struct http *http, const struct http_request *request, struct http_answer *ret,
	     struct fleet_error *error)
{
	struct curl_slist *headers = NULL;
	const int err = list_headers(request, &headers);
	CURLcode code;

	http_answer__init(ret, request->most_bytes);
	http->request = request;
	http->answer = ret;
	http->at = 0;
	http->err = 0;
	http->is_cancelled = http->is_unreadable = false;
	http->why[0] = '\0';
	if (err)
		return say(http, error, -ENOMEM, strerror(ENOMEM));
	set_always(http);
	set_request(http, request);
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http);
	code = curl_easy_perform(http->curl);
	read_answer(http->curl, ret);
	curl_slist_free_all(headers);
	return judge(http, code, ret, error);
}
