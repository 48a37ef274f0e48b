/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "fleet_name.h"
#include "hex.h"

#define HASH_DIGITS      8
/* So that the hash is of no use to other programs. */
#define HASH_PREFIX      "ttlog host "
#define MACHINE_ID_BYTES 64

static const char upper_digits[] = "0123456789ABCDEF";

static bool is_plain(char c)
{
	return ascii__is_letter(c) || ascii__is_digit(c) || c == '_' || c == '-';
}

size_t fleet_name__escape(char ret[FLEET_NAME_BYTES], const char *text)
{
	char *to = ret, *const end = ret + FLEET_NAME_BYTES - 1;

	for (const char *at = text; *at; at++) {
		if (end - to < (is_plain(*at) ? 1 : 3))
			break;
		if (is_plain(*at)) {
			*to++ = *at;
			continue;
		}
		*to++ = '%';
		*to++ = upper_digits[(unsigned char)*at >> 4];
		*to++ = upper_digits[*at & 15];
	}
	if (to == ret)
		*to++ = '%';
	*to = '\0';
	return (size_t)(to - ret);
}

static int upper_digit(char c)
{
	const char *at = c ? strchr(upper_digits, c) : NULL;

	return at ? (int)(at - upper_digits) : -1;
}

/* The byte of "%XX"; -1: it is none that escaping makes. */
static int escaped_byte(const char *at)
{
	const int high = upper_digit(at[1]), low = high < 0 ? -1 : upper_digit(at[2]);
	const int byte = low < 0 ? 0 : high * 16 + low;

	return !byte || is_plain((char)byte) ? -1 : byte;
}

int fleet_name__unescape(char ret[FLEET_NAME_BYTES], const char *text)
{
	char *to = ret;

	if (!text[0] || strlen(text) >= FLEET_NAME_BYTES)
		return -EINVAL;
	if (!strcmp(text, "%")) {
		ret[0] = '\0';
		return 0;
	}
	for (const char *at = text; *at; at++) {
		int byte = (unsigned char)*at;

		if (*at == '%') {
			byte = escaped_byte(at);
			if (byte < 0)
				return -EINVAL;
			at += 2;
		} else if (!is_plain(*at)) {
			return -EINVAL;
		}
		*to++ = (char)byte;
	}
	*to = '\0';
	return 0;
}

bool fleet_name__is_tokens(const char *text)
{
	char before = '.';

	for (; *text; before = *text++) {
		if (*text == '.' ? before == '.' : !is_plain(*text) && *text != '%')
			return false;
	}
	return before != '.';
}

void fleet_name__make_host(char ret[FLEET_HOST_BYTES], const char *name, const char *machine_id)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[sizeof(HASH_PREFIX) + MACHINE_ID_BYTES];
	const int len =
		snprintf(text, sizeof(text), HASH_PREFIX "%.*s", MACHINE_ID_BYTES, machine_id);
	char digits[HASH_DIGITS + 1];

	(void)crypto_hash_sha256(hash, (const unsigned char *)text, (unsigned)len);
	*hex__bytes(digits, hash, HASH_DIGITS / 2) = '\0';
	(void)snprintf(ret, FLEET_HOST_BYTES, "%.64s-%s", name, digits);
}

static void read_machine_id(char ret[MACHINE_ID_BYTES])
{
	FILE *file = fopen("/etc/machine-id", "re");

	ret[0] = '\0';
	if (!file)
		return;
	if (fgets(ret, MACHINE_ID_BYTES, file))
		ret[strcspn(ret, "\n")] = '\0';
	(void)fclose(file);
}

int fleet_name__own_host(char ret[FLEET_HOST_BYTES])
{
	char name[65], id[MACHINE_ID_BYTES];

	if (gethostname(name, sizeof(name)))
		return -errno;
	name[sizeof(name) - 1] = '\0';
	read_machine_id(id);
	fleet_name__make_host(ret, name, id);
	return 0;
}

int fleet_name__object(char ret[FLEET_OBJECT_BYTES], const char *host, const char *service,
		       const char *file)
{
	char safe_host[FLEET_NAME_BYTES], safe_service[FLEET_NAME_BYTES];
	int len;

	if (!file[0] || strchr(file, '/'))
		return -EINVAL;
	(void)fleet_name__escape(safe_host, host);
	(void)fleet_name__escape(safe_service, service);
	len = snprintf(ret, FLEET_OBJECT_BYTES, "%s/%s/%s", safe_host, safe_service, file);
	return len < FLEET_OBJECT_BYTES ? 0 : -ENAMETOOLONG;
}

/* A part up to a slash. Returns what follows it; NULL: the part is none. */
static const char *split_part(char ret[FLEET_NAME_BYTES], const char *text)
{
	const size_t len = strcspn(text, "/");

	if (!text[len] || len >= FLEET_NAME_BYTES)
		return NULL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return fleet_name__unescape(ret, ret) ? NULL : text + len + 1;
}

int fleet_name__split(struct fleet_object *ret, const char *name)
{
	struct fleet_object parts;
	const char *rest = split_part(parts.host, name);

	rest = rest ? split_part(parts.service, rest) : NULL;
	if (!rest || !rest[0] || strchr(rest, '/'))
		return -EINVAL;
	parts.file = rest;
	*ret = parts;
	return 0;
}
