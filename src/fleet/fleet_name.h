/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts, services and objects. In subjects every byte but [A-Za-z0-9_-] is %XX (upper case),
 * so that what a program calls itself is one token and no wildcard. An empty name is "%".
 *
 * An object is HOST/SERVICE/FILE: HOST and SERVICE escaped so, FILE as it is on the disk.
 */
#ifndef TTLOG_FLEET_NAME_H
#define TTLOG_FLEET_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define FLEET_NAME_BYTES   256 /* of an escaped name, with the zero; longer ones are cut */
#define FLEET_OBJECT_BYTES 1024
#define FLEET_HOST_BYTES   (64 + 1 + 8 + 1)

/* Cuts at a whole %XX. Returns the length. */
size_t fleet_name__escape(char ret[FLEET_NAME_BYTES], const char *text);
/* 0; -EINVAL: it is not what fleet_name__escape() makes. ret may be text. */
int fleet_name__unescape(char ret[FLEET_NAME_BYTES], const char *text);
/* Whether it can stand in a subject: tokens of [A-Za-z0-9_%-], with dots between. */
bool fleet_name__is_tokens(const char *text);

/* HOST, not escaped: the name, "-", and eight digits of a hash of the machine's id, which itself is
 * not told (machine-id(5)). */
void fleet_name__make_host(char ret[FLEET_HOST_BYTES], const char *name, const char *machine_id);
/* That of this machine; without /etc/machine-id the hash is of "". 0 or -errno. */
int fleet_name__own_host(char ret[FLEET_HOST_BYTES]);

/* host and service are not escaped. -EINVAL: no name of a file; -ENAMETOOLONG. */
int fleet_name__object(char ret[FLEET_OBJECT_BYTES], const char *host, const char *service,
		       const char *file);

struct fleet_object {
	char host[FLEET_NAME_BYTES], service[FLEET_NAME_BYTES]; /* not escaped */
	const char *file;                                       /* in the name */
};

/* -EINVAL: the name has another form. */
int fleet_name__split(struct fleet_object *ret, const char *name);

#endif /* TTLOG_FLEET_NAME_H */
