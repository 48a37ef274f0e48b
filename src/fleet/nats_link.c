/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "nats_link.h"

/* A server that says nothing for three of them is gone. */
#define PING_MS       5000
#define DEFAULT_INBOX "_INBOX"

static int check_file(const char *option, const char *path, struct fleet_error *error)
{
	if (path && access(path, R_OK))
		return fleet_error__set(error, -EINVAL, "%s %s: %s", option, path, strerror(errno));
	return 0;
}

static int check_files(const struct nats_link_options *options, struct fleet_error *error)
{
	struct login_file files[LOGIN_FILES_CNT];
	int err = 0;

	login_files__list(&options->login, files);
	for (size_t i = 0; !err && i < ARRAY_SIZE(files); i++)
		err = check_file(files[i].option, files[i].path, error);
	if (!err && !options->login.tls_cert != !options->login.tls_key)
		err = fleet_error__set(error, -EINVAL,
				       "--tls-cert and --tls-key are given together or not at all");
	return err;
}

static bool is_encrypted(const struct nats_link_options *options)
{
	return options->login.tls_ca || options->login.tls_cert;
}

/* libnats reads the file only when it connects: this says before that it is none. */
static int check_credentials(const char *path, struct fleet_error *error)
{
	FILE *file = fopen(path, "re");
	bool has_jwt = false, has_seed = false;
	char line[4096];

	while (file && fgets(line, sizeof(line), file)) {
		has_jwt |= strstr(line, "BEGIN NATS USER JWT") != NULL;
		has_seed |= strstr(line, "BEGIN USER NKEY SEED") != NULL;
	}
	if (file)
		(void)fclose(file);
	sodium_memzero(line, sizeof(line));
	if (has_jwt && has_seed)
		return 0;
	return fleet_error__set(error, -EINVAL,
				"--creds %s: it is no NATS credentials file with a JWT and a seed",
				path);
}

static int set_tls(natsOptions *nats, const struct nats_link_options *options,
		   struct fleet_error *error)
{
	natsStatus status = natsOptions_SetSecure(nats, true);

	if (status == NATS_OK && options->login.tls_ca)
		status = natsOptions_LoadCATrustedCertificates(nats, options->login.tls_ca);
	if (status != NATS_OK) {
		(void)fleet_error__of_nats(error, status, 0, "--tls-ca %s", options->login.tls_ca);
		return -EINVAL;
	}
	if (options->login.tls_cert)
		status = natsOptions_LoadCertificatesChain(nats, options->login.tls_cert,
							   options->login.tls_key);
	if (status == NATS_OK)
		return 0;
	(void)fleet_error__of_nats(error, status, 0, "--tls-cert %s --tls-key %s",
				   options->login.tls_cert, options->login.tls_key);
	return -EINVAL;
}

/* Without what the library would do by itself: it would connect again, and keep in memory what could
 * not be sent until then. */
static natsStatus set_behaviour(natsOptions *nats, const char *name)
{
	natsStatus status = natsOptions_SetAllowReconnect(nats, false);

	if (status == NATS_OK)
		status = natsOptions_SetIgnoreDiscoveredServers(nats, true);
	if (status == NATS_OK)
		status = natsOptions_SetName(nats, name);
	if (status == NATS_OK)
		status = natsOptions_SetTimeout(nats, NATS_LINK_WAIT_MS);
	if (status == NATS_OK)
		status = natsOptions_SetWriteDeadline(nats, NATS_LINK_WAIT_MS);
	if (status == NATS_OK)
		status = natsOptions_SetPingInterval(nats, PING_MS);
	if (status == NATS_OK)
		status = natsOptions_SetFailRequestsOnDisconnect(nats, true);
	if (status == NATS_OK)
		status = natsOptions_SetSendAsap(nats, true);
	return status;
}

static int fill_options(natsOptions *nats, const struct nats_link_options *options,
			struct fleet_error *error)
{
	natsStatus status = set_behaviour(nats, options->name);
	int err;

	if (status == NATS_OK && options->inbox)
		status = natsOptions_SetCustomInboxPrefix(nats, options->inbox);
	if (status == NATS_OK && options->login.creds)
		status = natsOptions_SetUserCredentialsFromFiles(nats, options->login.creds, NULL);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "options of the connection");
	err = options->login.creds ? check_credentials(options->login.creds, error) : 0;
	if (!err && is_encrypted(options))
		err = set_tls(nats, options, error);
	return err;
}

static int make_options(natsOptions **ret, const struct nats_link_options *options,
			struct fleet_error *error)
{
	natsOptions *nats;
	natsStatus status;
	int err = check_files(options, error);

	if (err)
		return err;
	status = natsOptions_Create(&nats);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "libnats");
	err = fill_options(nats, options, error);
	if (err)
		natsOptions_Destroy(nats);
	else
		*ret = nats;
	return err;
}

int nats_link__check(const struct nats_link_options *options, struct fleet_error *error)
{
	natsOptions *nats;
	const int err = make_options(&nats, options, error);

	if (!err)
		natsOptions_Destroy(nats);
	return err;
}

static int report_refused(natsStatus status, const struct nats_link *link,
			  const struct nats_link_options *options, struct fleet_error *error)
{
	size_t len;
	int err;

	if (status == NATS_SECURE_CONNECTION_WANTED)
		return fleet_error__set(error, -EACCES, "%s: the server has no TLS", link->server);
	err = fleet_error__of_nats(error, status, 0, "%s", link->server);
	len = strlen(error->text);
	if (status == NATS_SSL_ERROR && !options->login.tls_ca)
		(void)snprintf(error->text + len, sizeof(error->text) - len,
			       " (the server wants TLS: use --tls-ca)");
	if (status == NATS_CONNECTION_AUTH_FAILED && options->login.creds)
		(void)snprintf(error->text + len, sizeof(error->text) - len,
			       " (the server does not accept --creds %s)", options->login.creds);
	else if (status == NATS_CONNECTION_AUTH_FAILED && !options->login.tls_cert)
		(void)snprintf(
			error->text + len, sizeof(error->text) - len,
			" (the server wants to know who you are: use --creds or --tls-cert)");
	return status == NATS_SSL_ERROR ? -EACCES : err;
}

/* A server that wants TLS gets it. */
static int connect_to(struct nats_link *link, natsOptions *nats,
		      const struct nats_link_options *options, const struct fleet_server *server,
		      struct fleet_error *error)
{
	const bool six = strchr(server->host, ':');
	char url[sizeof(link->server) + 8];
	natsStatus status;

	(void)snprintf(link->server, sizeof(link->server), "%s%.250s%s:%u", six ? "[" : "",
		       server->host, six ? "]" : "", server->port);
	(void)snprintf(url, sizeof(url), "nats://%s", link->server);
	status = natsOptions_SetURL(nats, url);
	if (status == NATS_OK)
		status = natsOptions_SetExpectedHostname(nats, server->host);
	if (status == NATS_OK)
		status = natsConnection_Connect(&link->connection, nats);
	return status == NATS_OK ? 0 : report_refused(status, link, options, error);
}

/* All of a cluster's clients do not begin with the same server. */
static int connect_to_any(struct nats_link *link, natsOptions *nats,
			  const struct nats_link_options *options, struct fleet_error *error)
{
	const size_t first = randombytes_uniform((uint32_t)options->server_cnt);
	struct fleet_error failed;
	size_t len = 0;
	int err = -EINVAL;

	for (size_t i = 0; i < options->server_cnt; i++) {
		err = connect_to(link, nats, options,
				 &options->servers[(first + i) % options->server_cnt], &failed);
		if (!err)
			return 0;
		if (len < sizeof(error->text))
			len += (size_t)snprintf(error->text + len, sizeof(error->text) - len,
						"%s%s", len ? "; " : "", failed.text);
	}
	return err;
}

static int open_jetstream(struct nats_link *link, struct fleet_error *error)
{
	jsOptions options;
	natsStatus status = jsOptions_Init(&options);

	options.Wait = NATS_LINK_WAIT_MS;
	if (status == NATS_OK)
		status = natsConnection_JetStream(&link->js, link->connection, &options);
	if (status == NATS_OK && natsConnection_HasHeaderSupport(link->connection) != NATS_OK)
		return fleet_error__set(error, -EPROTO, "%s: the server is too old (2.9 is needed)",
					link->server);
	return status == NATS_OK
		       ? 0
		       : fleet_error__of_nats(error, status, 0, "%s: JetStream", link->server);
}

struct nats_link *nats_link__open(const struct nats_link_options *options,
				  struct fleet_error *error)
{
	struct nats_link *link = calloc(1, sizeof(*link));
	natsOptions *nats = NULL;
	int err = link ? make_options(&nats, options, error)
		       : fleet_error__set(error, -ENOMEM, "out of memory");

	if (!err)
		(void)snprintf(link->inbox, sizeof(link->inbox), "%s",
			       options->inbox ? options->inbox : DEFAULT_INBOX);
	if (!err)
		err = connect_to_any(link, nats, options, error);
	if (!err)
		err = open_jetstream(link, error);
	natsOptions_Destroy(nats);
	if (!err)
		return link;
	nats_link__close(link);
	errno = -err;
	return NULL;
}

void nats_link__close(struct nats_link *link)
{
	if (!link)
		return;
	jsCtx_Destroy(link->js);
	natsConnection_Destroy(link->connection);
	free(link);
}

int nats_link__judge(const struct nats_link *link, int err, struct fleet_error *error)
{
	const char *said = "";

	if (err != -ETIMEDOUT ||
	    natsConnection_GetLastError(link->connection, &said) != NATS_NOT_PERMITTED)
		return err;
	return fleet_error__set(error, -EACCES, "%s: the server says: %s", link->server, said);
}

bool nats_link__is_lost(const struct nats_link *link)
{
	return natsConnection_IsClosed(link->connection);
}
