/* SPDX-License-Identifier: MIT */
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "client.h"
#include "escape.h"
#include "fleet_rights.h"

#define EXIT_USAGE 2

/* Of the cache. */
static const int calls[] = {
	SCMP_SYS(fallocate), SCMP_SYS(flock),     SCMP_SYS(fsync),
	SCMP_SYS(ftruncate), SCMP_SYS(renameat2), SCMP_SYS(fdatasync),
	SCMP_SYS(pwrite64),  SCMP_SYS(unlinkat),  SCMP_SYS(utimensat),
#ifdef __x86_64__
	SCMP_SYS(rename),    SCMP_SYS(renameat),  SCMP_SYS(unlink),
#endif
};

void client__say(const char *what, const char *why)
{
	fputs("ttlog-fleet: ", stderr);
	escape__put(stderr, what, false);
	fputs(": ", stderr);
	escape__put(stderr, why, false);
	fputc('\n', stderr);
}

static struct nats_link_options link_options(const struct client_options *options,
					     const struct fleet_url *url)
{
	return (struct nats_link_options){
		.servers = url->servers,
		.server_cnt = url->server_cnt,
		.name = "ttlog-fleet",
		.inbox = options->inbox,
		.login = options->login,
	};
}

static int drop_rights(const struct client_options *options, const char *written)
{
	const struct login_files *login = &options->login;
	const char *const files[] = { login->tls_ca, login->tls_cert, login->tls_key,
				      login->creds };
	const char *const directories[] = { written, NULL };
	const struct fleet_rights rights = {
		.written = directories,
		.files = files,
		.file_cnt = ARRAY_SIZE(files),
		.calls = calls,
		.call_cnt = written ? ARRAY_SIZE(calls) : 0,
	};
	const char *failed = "";
	const int err = fleet_rights__drop(&rights, &failed);

	if (!err)
		return 0;
	fprintf(stderr, "ttlog-fleet: can't give up rights (%s): %s\n", failed, strerror(-err));
	return 1;
}

/* libnats has threads from the check on. */
int client__begin(const struct client_options *options, const char *written)
{
	const struct nats_link_options link = link_options(options, &options->urls[0].url);
	struct fleet_error error;
	const int status = drop_rights(options, written);

	if (status)
		return status;
	if (!nats_link__check(&link, &error))
		return 0;
	fputs("ttlog-fleet: ", stderr);
	escape__put(stderr, error.text, false);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

struct nats_link *client__connect(const struct client_options *options,
				  const struct client_url *url)
{
	const struct nats_link_options wanted = link_options(options, &url->url);
	struct fleet_error error = { "" };
	struct nats_link *link = nats_link__open(&wanted, &error);

	if (!link)
		client__say(url->text, error.text);
	return link;
}
