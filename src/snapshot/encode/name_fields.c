/* SPDX-License-Identifier: MIT */
/*
 * To demangle a name takes a microsecond or more, and a program has few that occur often: the last
 * ones are kept.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "function_name.h"
#include "hash.h"
#include "name_fields.h"
#include "value.h"

#define KEPT_CNT 64u /* a power of two */

/* "": nothing is kept; readable NULL: it is no name. */
struct kept_name {
	char *mangled, *readable;
	size_t len; /* of mangled */
};

struct name_fields {
	struct kept_name kept[KEPT_CNT]; /* by hash */
	uint64_t secret;
	unsigned char room[TTLOG_RECORD_MAX_BYTES];
};

struct name_fields *name_fields__new(void)
{
	struct name_fields *names = calloc(1, sizeof(*names));

	if (names)
		names->secret = hash__new_secret();
	return names;
}

void name_fields__free(struct name_fields *names)
{
	for (size_t i = 0; names && i < KEPT_CNT; i++) {
		free(names->kept[i].mangled);
		free(names->kept[i].readable);
	}
	free(names);
}

static uint64_t hash_of(const struct name_fields *names, const struct value *value)
{
	uint64_t hash = names->secret;

	for (uint32_t i = 0; i < value->len; i++)
		hash = (hash ^ value->bytes[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* Until the next call. NULL: it is no name. */
static const char *readable(struct name_fields *names, const struct value *value)
{
	struct kept_name *kept = &names->kept[hash_of(names, value) % KEPT_CNT];

	if (kept->mangled && kept->len == value->len &&
	    !memcmp(kept->mangled, value->bytes, value->len))
		return kept->readable;
	free(kept->mangled);
	free(kept->readable);
	*kept = (struct kept_name){ .mangled = malloc(value->len + 1), .len = value->len };
	if (kept->mangled)
		memcpy(kept->mangled, value->bytes, value->len);
	kept->readable = function_name__of_type((const char *)value->bytes, value->len);
	return kept->readable;
}

/* Where the next field goes. */
struct packer {
	unsigned char *to, *end;
};

/* False: it has no room. */
static bool put(struct packer *packer, const void *bytes, size_t cnt)
{
	if ((size_t)(packer->end - packer->to) < cnt)
		return false;
	memcpy(packer->to, bytes, cnt);
	packer->to += cnt;
	return true;
}

static bool put_text(struct packer *packer, const char *text)
{
	const size_t all = strlen(text), len = all > TTLOG_STR_MAX ? TTLOG_STR_MAX : all;
	const uint16_t word = (uint16_t)(len | (len < all ? TTLOG_STR_CUT : 0));

	return put(packer, &word, sizeof(word)) && put(packer, text, len);
}

/* Field i is the `bytes` ones at `from`; a name is put as it reads. */
static bool put_field(struct name_fields *names, const struct catalog_site *site, size_t i,
		      const unsigned char *from, size_t bytes, struct packer *packer)
{
	struct value value;
	const char *text = NULL;

	if (site->names >> i & 1 && value__read(TTLOG_TYPE_STR, from, bytes, &value) >= 0 &&
	    !value.is_null && !value.is_cut)
		text = readable(names, &value);
	return text ? put_text(packer, text) : put(packer, from, bytes);
}

const unsigned char *name_fields__read(struct name_fields *names, const struct catalog_site *site,
				       const unsigned char *fields, uint32_t *bytes)
{
	const unsigned char *at = fields;
	size_t left = *bytes - sizeof(struct ttlog_record), len;
	struct packer packer = {
		.to = names->room,
		.end = names->room + sizeof(names->room) - sizeof(struct ttlog_record) -
		       TTLOG_RECORD_ALIGN,
	};

	for (size_t i = 0; i < site->nfields; i++) {
		const int taken = value__measure(site->types[i], site->nullable >> i & 1, at, left);

		if (taken < 0 || !put_field(names, site, i, at, (size_t)taken, &packer))
			return fields;
		at += taken;
		left -= (size_t)taken;
	}
	while ((packer.to - names->room) % TTLOG_RECORD_ALIGN)
		*packer.to++ = 0;
	len = (size_t)(packer.to - names->room);
	*bytes = (uint32_t)(sizeof(struct ttlog_record) + len);
	return names->room;
}
