/* SPDX-License-Identifier: MIT */
#include "login_files.h"

enum {
	KEY_TLS_CA = 0x200,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_CREDS,
};

static const struct argp_option known[] = {
	{ "tls-ca", KEY_TLS_CA, "FILE", 0, "Only to servers with a certificate of this authority",
	  0 },
	{ "tls-cert", KEY_TLS_CERT, "FILE", 0, "The certificate to show to them", 0 },
	{ "tls-key", KEY_TLS_KEY, "FILE", 0, "Its key", 0 },
	{ "creds", KEY_CREDS, "FILE", 0, "NATS credentials: a JWT and a seed", 0 },
	{ 0 },
};

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct login_files *files = state->input;

	switch (key) {
	case KEY_TLS_CA:
		files->tls_ca = arg;
		return 0;
	case KEY_TLS_CERT:
		files->tls_cert = arg;
		return 0;
	case KEY_TLS_KEY:
		files->tls_key = arg;
		return 0;
	case KEY_CREDS:
		files->creds = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp login_files__argp = { .options = known, .parser = parse_one };

void login_files__list(const struct login_files *files, struct login_file ret[LOGIN_FILES_CNT])
{
	ret[0] = (struct login_file){ "--tls-ca", files->tls_ca };
	ret[1] = (struct login_file){ "--tls-cert", files->tls_cert };
	ret[2] = (struct login_file){ "--tls-key", files->tls_key };
	ret[3] = (struct login_file){ "--creds", files->creds };
}
