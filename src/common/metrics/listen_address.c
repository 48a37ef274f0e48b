/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen_address.h"

#define BACKLOG 16

static int parse_port(const char *text, in_port_t *ret)
{
	unsigned long port;

	if (!text[0] || text[strspn(text, "0123456789")])
		return -EINVAL;
	port = strtoul(text, NULL, 10);
	if (port < 1 || port > UINT16_MAX)
		return -ERANGE;
	*ret = htons((uint16_t)port);
	return 0;
}

static int parse_host(const char *host, in_port_t port, struct listen_address *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&ret->bytes;

	if (inet_pton(AF_INET, host[0] ? host : "127.0.0.1", &four->sin_addr) != 1)
		return -EINVAL;
	four->sin_family = AF_INET;
	four->sin_port = port;
	ret->len = sizeof(*four);
	return 0;
}

/* Without a scope (%eth0): numbers of interfaces change. */
static int parse_host6(const char *host, in_port_t port, struct listen_address *ret)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&ret->bytes;

	if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
		return -EINVAL;
	six->sin6_family = AF_INET6;
	six->sin6_port = port;
	ret->len = sizeof(*six);
	return 0;
}

int listen_address__parse(const char *text, struct listen_address *ret)
{
	const char *const colon = strrchr(text, ':');
	const size_t len = colon ? (size_t)(colon - text) : 0;
	struct listen_address address = { 0 };
	char host[INET6_ADDRSTRLEN + 2] = "";
	in_port_t port;
	int err;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	err = parse_port(colon ? colon + 1 : text, &port);
	if (err)
		return err;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		err = parse_host6(host + 1, port, &address);
	} else {
		err = parse_host(host, port, &address);
	}
	if (!err)
		*ret = address;
	return err;
}

void listen_address__print(const struct listen_address *address, char ret[LISTEN_ADDRESS_BYTES])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&address->bytes;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->bytes;
	char host[INET6_ADDRSTRLEN] = "";

	if (four->sin_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		(void)snprintf(ret, LISTEN_ADDRESS_BYTES, "[%s]:%u", host, ntohs(six->sin6_port));
		return;
	}
	(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
	(void)snprintf(ret, LISTEN_ADDRESS_BYTES, "%s:%u", host, ntohs(four->sin_port));
}

bool listen_address__is_loopback(const struct listen_address *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&address->bytes;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->bytes;

	if (four->sin_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return ntohl(four->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

int listen_address__open(const struct listen_address *address)
{
	const struct sockaddr *at = (const struct sockaddr *)&address->bytes;
	const int on = 1;
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	/* after a restart connections of the last collector may still be closing */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] is not 0.0.0.0 too */
	if (at->sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, at, address->len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	(void)close(fd);
	return err;
}

const char *listen_address__advice(int err)
{
	switch (-err) {
	case EADDRINUSE:
		return " (another program listens there: take another port)";
	case EADDRNOTAVAIL:
		return " (no network interface of this machine has that address)";
	case EACCES:
		return " (ports below 1024 need CAP_NET_BIND_SERVICE)";
	default:
		return "";
	}
}
