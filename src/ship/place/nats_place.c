/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "nats_place.h"
#include "nats_send.h"

/* ---- the URL ---- */

static void *parse(const char *text, struct fleet_error *error)
{
	struct fleet_url *url = calloc(1, sizeof(*url));
	int err = -ENOMEM;

	if (url)
		err = fleet_url__parse(url, text, FLEET_URL_BUCKET, error);
	else
		(void)fleet_error__set(error, err, "out of memory");
	if (!err)
		return url;
	free(url);
	errno = -err;
	return NULL;
}

static void free_url(void *url)
{
	fleet_url__fini(url);
	free(url);
}

struct nats_link_options nats_place__link_options(const struct fleet_url *url,
						  const struct place_options *options,
						  const char *host,
						  char inbox[NATS_PLACE_INBOX_BYTES])
{
	char token[FLEET_NAME_BYTES];

	(void)fleet_name__escape(token, host);
	(void)snprintf(inbox, NATS_PLACE_INBOX_BYTES, "_INBOX.%s", token);
	return (struct nats_link_options){
		.servers = url->servers,
		.server_cnt = url->server_cnt,
		.name = "ttlog-ship",
		.inbox = inbox,
		.login = options->login,
	};
}

/* ---- the connection ---- */

static struct place *make(const struct place_setting *setting)
{
	struct nats_place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->base.ops = &nats_place__ops;
	place->base.setting = setting;
	place->link_options = nats_place__link_options(setting->url, setting->options,
						       setting->host, place->inbox);
	return &place->base;
}

static void close_all(struct place *base)
{
	struct nats_place *place = (struct nats_place *)base;

	for (size_t i = 0; i < ARRAY_SIZE(place->slots); i++) {
		ack_window__free(place->slots[i].window);
		place->slots[i] = (struct nats_slot){ .window = NULL };
	}
	nats_link__close(place->link);
	place->link = NULL;
}

/* In the thread that used it. */
static void free_place(struct place *base)
{
	if (!base)
		return;
	close_all(base);
	free(base);
	nats_ReleaseThreadMemory();
}

static int open_streams(struct nats_place *place, struct fleet_error *error)
{
	const struct fleet_url *url = place->base.setting->url;
	const unsigned int replicas = place->base.setting->options->replicas;
	int err = bucket__open(&place->bucket, place->link, url->bucket, replicas, error);

	if (!err)
		err = index_stream__open(&place->index, place->link, url->bucket, replicas, error);
	return err;
}

static int open_all(struct place *base, struct fleet_error *error)
{
	struct nats_place *place = (struct nats_place *)base;
	int err;

	place->link = nats_link__open(&place->link_options, error);
	if (!place->link)
		return -errno;
	err = open_streams(place, error);
	if (err)
		return err;
	(void)snprintf(base->server, sizeof(base->server), "%s (%u replicas)", place->link->server,
		       place->bucket.replicas);
	return 0;
}

static int look(struct place *base, struct fleet_error *error)
{
	const struct nats_place *place = (const struct nats_place *)base;

	if (!nats_link__is_lost(place->link))
		return 0;
	return fleet_error__set(error, -ENOTCONN, "%s: the connection was lost",
				place->link->server);
}

const struct place_ops nats_place__ops = {
	.scheme = FLEET_URL_SCHEME,
	.may_forget = true,
	.under_way_most = NATS_PLACE_UNDER_WAY,
	.parse = parse,
	.free_url = free_url,
	.make = make,
	.free = free_place,
	.open = open_all,
	.close = close_all,
	.look = look,
	.send = nats_send__file,
	.settle = nats_send__settle,
	.audit = nats_send__audit,
	.clean = nats_send__clean,
};
