/* SPDX-License-Identifier: MIT */
/* What a program shows to a fleet's servers, and what it wants of theirs. */
#ifndef TTLOG_LOGIN_FILES_H
#define TTLOG_LOGIN_FILES_H

#include <argp.h>

/* Paths; NULL: not given. */
struct login_files {
	const char *tls_ca; /* PEM: the authority of the servers' certificates */
	const char *tls_cert, *tls_key;
	const char *creds; /* of NATS */
};

#define LOGIN_FILES_CNT 4

struct login_file {
	const char *option; /* as on a command line */
	const char *path;   /* NULL: not given */
};

void login_files__list(const struct login_files *files, struct login_file ret[LOGIN_FILES_CNT]);

/* The options for them; its input is the struct. */
extern const struct argp login_files__argp;

#endif /* TTLOG_LOGIN_FILES_H */
