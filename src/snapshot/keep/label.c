/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "dir_calls.h"
#include "header_peek.h"
#include "label.h"

#define SERVICE   "user.ttlog.service"
#define SIGNATURE "user.ttlog.signature"

void label__put(int fd, const char *service, const char *signature)
{
	struct label label = { "", "" };

	if (service)
		(void)snprintf(label.service, sizeof(label.service), "%s", service);
	if (signature)
		(void)snprintf(label.signature, sizeof(label.signature), "%s", signature);
	/* the service comes last: a file that has it has all */
	if (label.signature[0] &&
	    dir_calls__set_attribute(fd, SIGNATURE, label.signature, strlen(label.signature)))
		return;
	(void)dir_calls__set_attribute(fd, SERVICE, label.service, strlen(label.service));
}

static bool get(int fd, const char *name, char *ret, size_t bytes)
{
	const ssize_t len = fgetxattr(fd, name, ret, bytes - 1);

	ret[len > 0 ? len : 0] = '\0';
	return len >= 0;
}

void label__get(int fd, struct label *ret)
{
	*ret = (struct label){ "", "" };
	if (get(fd, SERVICE, ret->service, sizeof(ret->service)))
		(void)get(fd, SIGNATURE, ret->signature, sizeof(ret->signature));
	else
		header_peek__read(fd, ret);
}
