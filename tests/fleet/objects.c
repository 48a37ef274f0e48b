/* SPDX-License-Identifier: MIT */
/*
 * src/fleet by hand, for tests with other clients:
 *	objects PORT BUCKET put NAME FILE
 *	objects PORT BUCKET get NAME >FILE
 *	objects PORT BUCKET list
 * The server is on loopback. Makes the bucket.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ack_window.h"
#include "bucket.h"
#include "object_get.h"
#include "object_list.h"
#include "object_put.h"

static struct fleet_error error;

static int print_meta(void *ctx, const struct object_meta *meta)
{
	(void)ctx;
	printf("%s %" PRIu64 " %s\n", meta->name, meta->size_bytes, meta->digest);
	return 0;
}

static int write_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	return fwrite(bytes, 1, len, stdout) == len ? 0 : -1;
}

static int put(const struct bucket *bucket, const char *name, const char *path)
{
	struct object_put how = { .bucket = bucket };
	struct object_meta meta = { .name = "" };
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = -1;

	(void)snprintf(meta.name, sizeof(meta.name), "%s", name);
	object_meta__new_nuid(meta.nuid, "test.host");
	how.window = ack_window__new(bucket->link, OBJECT_PUT_WINDOW, &error);
	if (how.window && fd >= 0)
		err = object_put__file(&how, fd, &meta, &error);
	ack_window__free(how.window);
	if (fd >= 0)
		(void)close(fd);
	return err ? err : print_meta(NULL, &meta);
}

static int get(const struct bucket *bucket, const char *name)
{
	struct object_meta meta;
	int err = object_get__meta(bucket, name, &meta, &error);

	return err ? err : object_get__read(bucket, &meta, write_bytes, NULL, &error);
}

static int run(const struct bucket *bucket, int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[3], "put"))
		return put(bucket, argv[4], argv[5]);
	if (argc == 5 && !strcmp(argv[3], "get"))
		return get(bucket, argv[4]);
	return object_list__each(bucket, print_meta, NULL, &error);
}

int main(int argc, char **argv)
{
	struct fleet_server server = { .host = "127.0.0.1" };
	const struct nats_link_options options = { .servers = &server,
						   .server_cnt = 1,
						   .name = "objects" };
	struct nats_link *link;
	struct bucket bucket;
	int err;

	if (argc < 4)
		return 2;
	server.port = (uint16_t)strtoul(argv[1], NULL, 10);
	link = nats_link__open(&options, &error);
	err = link ? bucket__open(&bucket, link, argv[2], 1, &error) : -1;
	if (!err)
		err = run(&bucket, argc, argv);
	nats_link__close(link);
	if (err)
		fprintf(stderr, "objects: %s\n", error.text);
	return err ? 1 : 0;
}
