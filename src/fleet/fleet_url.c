/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "fleet_url.h"
#include "percent.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define HOST_CHARACTERS    LETTERS_AND_DIGITS "._-"
/* NATS's rule for buckets. */
#define BUCKET_CHARACTERS  LETTERS_AND_DIGITS "_-"

/* ---- servers ---- */

static int parse_port(const char *text, uint16_t *ret, struct fleet_error *error)
{
	char *end;
	unsigned long port = ascii__is_digit(text[0]) ? strtoul(text, &end, 10) : 0;

	if (port < 1 || port > UINT16_MAX || *end)
		return fleet_error__set(error, -EINVAL, "'%s' is not a port from 1 to 65535", text);
	*ret = (uint16_t)port;
	return 0;
}

/* Cuts "[ADDRESS]" or "NAME" out; *ret_rest is what follows. */
static int cut_host(char *text, const char **ret_host, char **ret_rest, struct fleet_error *error)
{
	struct in6_addr address;
	char *end = text[0] == '[' ? strchr(text, ']') : NULL;

	if (text[0] == '[') {
		if (!end)
			return fleet_error__set(error, -EINVAL, "'%s' has no ']'", text);
		*end = '\0';
		if (inet_pton(AF_INET6, text + 1, &address) != 1)
			return fleet_error__set(error, -EINVAL, "'%s' is not an IPv6 address",
						text + 1);
		*ret_host = text + 1;
		*ret_rest = end + 1;
		return 0;
	}
	*ret_host = text;
	*ret_rest = text + strspn(text, HOST_CHARACTERS);
	if (*ret_rest == text)
		return fleet_error__set(error, -EINVAL, "'%s' has no name of a host", text);
	return 0;
}

static int parse_server(char *text, struct fleet_server *ret, struct fleet_error *error)
{
	char *rest = NULL;
	int err;

	if (strchr(text, '@'))
		return fleet_error__set(error, -EINVAL,
					"a URL has no user or password: use --creds FILE");
	err = cut_host(text, &ret->host, &rest, error);
	if (err)
		return err;
	ret->port = FLEET_URL_PORT;
	if (!*rest)
		return 0;
	if (*rest != ':')
		return fleet_error__set(error, -EINVAL, "'%s' is not HOST or HOST:PORT", text);
	*rest = '\0';
	return parse_port(rest + 1, &ret->port, error);
}

static int parse_servers(char *text, struct fleet_url *url, struct fleet_error *error)
{
	char *next;
	int err = 0;

	for (char *at = text; !err && at; at = next) {
		next = strchr(at, ',');
		if (next)
			*next++ = '\0';
		if (url->server_cnt == FLEET_URL_MAX_SERVERS)
			return fleet_error__set(error, -EINVAL, "more than %d hosts",
						FLEET_URL_MAX_SERVERS);
		err = parse_server(at, &url->servers[url->server_cnt], error);
		url->server_cnt += !err;
	}
	return err;
}

/* ---- the bucket and the query ---- */

static int check_bucket(const char *text, struct fleet_error *error)
{
	if (text[strspn(text, BUCKET_CHARACTERS)])
		return fleet_error__set(error, -EINVAL,
					"bucket '%s': only letters, digits, _ and - can be in it",
					text);
	if (strlen(text) >= FLEET_URL_BUCKET_BYTES)
		return fleet_error__set(error, -EINVAL, "the bucket's name is longer than %d bytes",
					FLEET_URL_BUCKET_BYTES - 1);
	return 0;
}

static int set_since(struct fleet_url *url, const char *value, struct fleet_error *error)
{
	if (url->has_since)
		return fleet_error__set(error, -EINVAL, "since= is there twice");
	if (time_expr__parse(&url->since, value))
		return fleet_error__set(error, -EINVAL, "since='%s' is no time such as %s", value,
					"2026-11-21T06:00:00Z or -1h");
	url->has_since = true;
	return 0;
}

static int parse_pair(char *pair, struct fleet_url *url, struct fleet_error *error)
{
	const struct {
		const char *name;
		const char **value;
	} globs[] = { { "host", &url->host },
		      { "service", &url->service },
		      { "reason", &url->reason } };
	char *value = strchr(pair, '=');

	if (!value || !value[1])
		return fleet_error__set(error, -EINVAL, "'%s' is not KEY=VALUE", pair);
	*value++ = '\0';
	if (percent__decode(value))
		return fleet_error__set(error, -EINVAL, "%s=%s: a %% needs two hexadecimal digits",
					pair, value);
	if (!strcmp(pair, "since"))
		return set_since(url, value, error);
	for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
		if (strcmp(pair, globs[i].name) != 0)
			continue;
		if (globs[i].value[0][0])
			return fleet_error__set(error, -EINVAL, "%s= is there twice", pair);
		*globs[i].value = value;
		return 0;
	}
	return fleet_error__set(error, -EINVAL, "'%s' is not host, service, reason or since", pair);
}

static int parse_query(char *text, struct fleet_url *url, struct fleet_error *error)
{
	char *next;
	int err = 0;

	for (char *at = text; !err && at; at = next) {
		next = strchr(at, '&');
		if (next)
			*next++ = '\0';
		err = parse_pair(at, url, error);
	}
	return err;
}

/* ---- the whole ---- */

static char *cut_at(char *text, char c)
{
	char *at = strchr(text, c);

	if (at)
		*at++ = '\0';
	return at;
}

static int parse(struct fleet_url *url, unsigned int parts, struct fleet_error *error)
{
	char *const query = cut_at(url->text, '?');
	char *const bucket = cut_at(url->text, '/');
	int err;

	if (query && !(parts & FLEET_URL_QUERY))
		return fleet_error__set(error, -EINVAL, "'?%s' means nothing here", query);
	if ((parts & FLEET_URL_BUCKET) && (!bucket || !bucket[0]))
		return fleet_error__set(error, -EINVAL, "no bucket: %sHOST/BUCKET is needed",
					FLEET_URL_SCHEME);
	err = parse_servers(url->text, url, error);
	if (!err && bucket) {
		url->bucket = bucket;
		err = check_bucket(bucket, error);
	}
	if (!err && query)
		err = parse_query(query, url, error);
	return err;
}

int fleet_url__parse(struct fleet_url *ret, const char *text, unsigned int parts,
		     struct fleet_error *error)
{
	const size_t scheme_len = strlen(FLEET_URL_SCHEME);
	struct fleet_url url = { .bucket = "", .host = "", .service = "", .reason = "" };
	int err;

	if (strncmp(text, FLEET_URL_SCHEME, scheme_len) != 0)
		return fleet_error__set(error, -EINVAL, "it does not begin with %s",
					FLEET_URL_SCHEME);
	url.text = strdup(text + scheme_len);
	if (!url.text)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	err = parse(&url, parts, error);
	if (err) {
		free(url.text);
		return err;
	}
	*ret = url;
	return 0;
}

void fleet_url__fini(struct fleet_url *url)
{
	free(url->text);
	url->text = NULL;
}
