/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>

#include "array.h"
#include "control_ask.h"
#include "fleet_rights.h"
#include "runtime_dir.h"
#include "ship_rights.h"

/* Their folder is looked into. */
#define SOCKETS "/" CONTROL_NAME_PREFIX CONTROL_NAME_SUFFIX

/* Of SQLite, libmicrohttpd, libcurl and this program. */
static const int calls[] = {
	SCMP_SYS(accept4),       SCMP_SYS(eventfd2),   SCMP_SYS(fadvise64),
	SCMP_SYS(fallocate),     SCMP_SYS(fchmod),     SCMP_SYS(fdatasync),
	SCMP_SYS(fgetxattr),     SCMP_SYS(flock),      SCMP_SYS(fstatfs),
	SCMP_SYS(fsync),         SCMP_SYS(ftruncate),  SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_init1), SCMP_SYS(mkdirat),    SCMP_SYS(msync),
	SCMP_SYS(pwrite64),      SCMP_SYS(renameat),   SCMP_SYS(renameat2),
	SCMP_SYS(signalfd4),     SCMP_SYS(socketpair), /* of libcurl, to wake itself */
	SCMP_SYS(unlinkat),      SCMP_SYS(utimensat),  SCMP_SYS(wait4),
#ifdef __x86_64__
	SCMP_SYS(epoll_wait),    SCMP_SYS(unlink),
#endif
};

/* Those of places that are directories; NULL ends them. */
static void list_folders(const struct ship_options *options, const char **ret)
{
	for (size_t i = 0; i < options->to_cnt; i++) {
		const struct place_url *url = &options->to[i].url;

		if (url->ops->folder)
			*ret++ = url->ops->folder(url->url);
	}
	*ret = NULL;
}

int ship_rights__drop(const struct ship_options *options, const char *from,
		      const struct control_places *places, const char **ret_failed)
{
	char own_sockets[PATH_MAX + sizeof(SOCKETS)];
	const char *written[SHIP_MAX_DESTINATIONS + 2] = { options->state };
	const struct login_files *login = &options->login;
	const char *const files[] = { login->tls_ca,
				      login->tls_cert,
				      login->tls_key,
				      login->creds,
				      options->s3_keys.path,
				      places ? RUNTIME_DIR_SYSTEM SOCKETS : NULL,
				      places && places->own[0] ? own_sockets : NULL };
	const struct fleet_rights rights = {
		.written = written,
		.read = from,
		.files = files,
		.file_cnt = ARRAY_SIZE(files),
		.calls = calls,
		.call_cnt = ARRAY_SIZE(calls),
	};

	list_folders(options, written + 1);
	if (places)
		(void)snprintf(own_sockets, sizeof(own_sockets), "%s" SOCKETS, places->own);
	return fleet_rights__drop(&rights, ret_failed);
}
