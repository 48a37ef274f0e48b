/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "arena.h"
#include "array.h"
#include "cbor_reader.h"
#include "hash.h"
#include "header_site.h"
#include "value.h"

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = { "event", "span", "span_end" };

	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

/* The number with this name, or -1. */
static int number_of(struct ttlog_text name, const char *(*name_of)(unsigned))
{
	const char *candidate;

	for (unsigned i = 0; (candidate = name_of(i)); i++) {
		if (ttlog_text_is(name, candidate))
			return (int)i;
	}
	return -1;
}

static uint64_t hash_text(uint64_t hash, struct ttlog_text text)
{
	return hash__fnv(hash__fnv(hash, text.p, text.len), "\xff", 1);
}

static uint64_t site_identity(const struct ttlog_site *site)
{
	uint64_t hash = HASH_FNV_START;

	hash = hash_text(hash, site->target);
	hash = hash_text(hash, site->probe);
	hash = hash_text(hash, site->msg);
	hash = hash_text(hash, site->file);
	hash = hash_text(hash, site->func);
	for (unsigned i = 0; i < site->nfields; i++)
		hash = hash_text(hash, site->keys[i]) + site->types[i];
	return hash ^ (site->line << 8 | (uint64_t)site->level << 4 | site->kind);
}

static int parse_keys(struct ttlog_site *site, struct arena *arena, struct ttlog_cbor *in)
{
	struct ttlog_text *keys;
	uint64_t cnt;

	if (cbor_reader__array(in, &cnt) || cnt > TTLOG_MAX_FIELDS)
		return -EBADMSG;
	keys = arena__alloc(arena, cnt, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (uint64_t i = 0; i < cnt; i++) {
		if (cbor_reader__text(in, &keys[i]))
			return -EBADMSG;
	}
	site->keys = keys;
	site->nfields = (uint8_t)cnt;
	return 0;
}

static int parse_types(struct ttlog_site *site, struct ttlog_cbor *in, uint64_t *ret_cnt)
{
	uint64_t cnt;

	if (cbor_reader__array(in, &cnt) || cnt > TTLOG_MAX_FIELDS)
		return -EBADMSG;
	for (uint64_t i = 0; i < cnt; i++) {
		struct ttlog_text name;
		int type;

		if (cbor_reader__text(in, &name))
			return -EBADMSG;
		type = number_of(name, value__type_name);
		if (type <= TTLOG_TYPE_NONE)
			return -EBADMSG;
		site->types[i] = (uint8_t)type;
	}
	*ret_cnt = cnt;
	return 0;
}

static int parse_member(struct ttlog_site *site, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct ttlog_text level = { NULL, 0 }, kind = { NULL, 0 };
	const struct cbor_member members[] = {
		{ "target", .text = &site->target }, { "probe", .text = &site->probe },
		{ "msg", .text = &site->msg },       { "file", .text = &site->file },
		{ "func", .text = &site->func },     { "line", .number = &site->line },
		{ "level", .text = &level },         { "kind", .text = &kind },
	};
	int err = cbor_reader__member(members, ARRAY_SIZE(members), key, in), number;

	if (level.p) {
		number = number_of(level, value__level_name);
		site->level = (uint8_t)number;
		return number < 0 ? -EBADMSG : 0;
	}
	if (kind.p) {
		/* A kind of a later version may be shown as a plain event. */
		number = number_of(kind, kind_name);
		site->kind = number < 0 ? TTLOG_EVENT_PLAIN : (uint8_t)number;
	}
	return err;
}

int header_site__parse(struct ttlog_site *site, struct arena *arena, struct ttlog_cbor *in)
{
	uint64_t pairs, type_cnt = UINT64_MAX;
	int err;

	*site = (struct ttlog_site){ .level = UINT8_MAX };
	if (cbor_reader__map(in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_text key;

		if (cbor_reader__text(in, &key))
			return -EBADMSG;
		if (ttlog_text_is(key, "keys"))
			err = site->keys ? -EBADMSG : parse_keys(site, arena, in);
		else if (ttlog_text_is(key, "types"))
			err = parse_types(site, in, &type_cnt);
		else
			err = parse_member(site, key, in);
		if (err)
			return err;
	}
	if (site->level == UINT8_MAX || !site->keys || type_cnt != site->nfields ||
	    !site->target.p || !site->probe.p || !site->msg.p || !site->file.p || !site->func.p)
		return -EBADMSG;
	if (site->kind == TTLOG_EVENT_SPAN_END &&
	    (!site->nfields || site->types[0] != TTLOG_TYPE_U64))
		return -EBADMSG;
	site->identity = site_identity(site);
	return 0;
}
