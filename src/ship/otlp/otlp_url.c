/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_url.h"

#define DEFAULT_PORT "4318"

/* Whether text ends in :PORT; *ret_host_len: what is before it. -EINVAL: it has none that is right. */
static int split_port(const char *text, size_t len, size_t *ret_host_len)
{
	const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
	const char *after = bracket ? bracket : text;
	const char *colon = memchr(after, ':', len - (size_t)(after - text));
	char *end;
	unsigned long port;

	*ret_host_len = colon ? (size_t)(colon - text) : len;
	if (!*ret_host_len || (text[0] == '[' && !bracket) ||
	    (bracket && !colon && bracket + 1 != text + len) ||
	    (bracket && colon && colon != bracket + 1))
		return -EINVAL;
	if (!colon)
		return 0;
	if (colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	return end == text + len && port && port <= 65535 ? 0 : -EINVAL;
}

static bool is_clean(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"\\<>", *text))
			return false;
	}
	return true;
}

/* "http://HOST:PORT/PATH/v1/logs" */
static int make_endpoints(struct otlp_url *url, const char *scheme, size_t scheme_len,
			  const char *path)
{
	static const char *const signals[OTLP_SIGNAL_CNT] = {
		[OTLP_LOGS] = "v1/logs", [OTLP_SPANS] = "v1/traces"
	};
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < OTLP_SIGNAL_CNT; i++) {
		const int made = snprintf(url->endpoints[i], OTLP_URL_BYTES, "%.*s%s%.*s/%s",
					  (int)scheme_len, scheme, url->server, (int)len, path,
					  signals[i]);

		if (made < 0 || made >= OTLP_URL_BYTES)
			return -EINVAL;
	}
	return 0;
}

int otlp_url__parse(struct otlp_url *ret, const char *text, struct fleet_error *error)
{
	const char *scheme = text + strlen(OTLP_URL_PREFIX), *host, *path;
	size_t len, host_len;

	if (strncmp(text, OTLP_URL_PREFIX "http://", strlen(OTLP_URL_PREFIX "http://")) != 0 &&
	    strncmp(text, OTLP_URL_PREFIX "https://", strlen(OTLP_URL_PREFIX "https://")) != 0)
		return fleet_error__set(error, -EINVAL,
					"it does not begin with otlp+http:// or otlp+https://");
	host = strstr(scheme, "://") + 3;
	len = strcspn(host, "/?#");
	path = host + len;
	if (!is_clean(text) || len >= OTLP_URL_BYTES - sizeof(DEFAULT_PORT))
		return fleet_error__set(error, -EINVAL, "it is no URL");
	if (memchr(host, '@', len))
		return fleet_error__set(error, -EINVAL,
					"a URL has no user or password: use "
					"OTEL_EXPORTER_OTLP_HEADERS");
	if (strpbrk(path, "?#"))
		return fleet_error__set(error, -EINVAL, "'%s' means nothing here",
					strpbrk(path, "?#"));
	if (!len || split_port(host, len, &host_len))
		return fleet_error__set(error, -EINVAL, "'%.*s' is not HOST or HOST:PORT", (int)len,
					host);
	(void)snprintf(ret->server, sizeof(ret->server), "%.*s%s", (int)len, host,
		       host_len == len ? ":" DEFAULT_PORT : "");
	if (make_endpoints(ret, scheme, (size_t)(host - scheme), path))
		return fleet_error__set(error, -EINVAL, "it is too long");
	return 0;
}
