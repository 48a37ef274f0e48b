/* SPDX-License-Identifier: MIT */
/* The command line of ttlog-fleet: its own options, and those that ttlog-view and ttlog-ctl hand on. */
#ifndef TTLOG_CLIENT_OPTIONS_H
#define TTLOG_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_url.h"
#include "login_files.h"

enum client_command {
	CLIENT_FETCH, /* files into the cache */
	CLIENT_LIST,  /* what is there, by the index alone */
	CLIENT_ASK,   /* what hosts answer */
};

struct client_url {
	const char *text; /* of argv */
	struct fleet_url url;
};

struct client_options {
	enum client_command command;
	struct client_url *urls;
	size_t url_cnt; /* at least one */
	struct login_files login;
	bool is_json; /* else text */
	/* of CLIENT_ASK */
	const char *request; /* JSON: ask_request.h */
	const char *as;      /* who asks; NULL: not given */
	uint64_t wait_ns;
	const char *inbox; /* what answers come below; NULL: any */
	const char *cache; /* of CLIENT_FETCH */
	uint64_t cache_bytes;
	bool is_holding;
};

/* Ends the process with status 2 and a line if the command line is wrong. */
void client_options__parse(struct client_options *ret, int argc, char **argv);
void client_options__fini(struct client_options *options);

#endif /* TTLOG_CLIENT_OPTIONS_H */
