/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "arena.h"
#include "cbor_reader.h"
#include "hash.h"
#include "header_site.h"
#include "value.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = { "event", "span", "span_end" };

	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

/* The number that has this name; -1 where none has. */
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

static int parse_text(struct ttlog_site *site, struct ttlog_text key, struct ttlog_cbor *in)
{
	const struct {
		const char *key;
		struct ttlog_text *to;
	} texts[] = {
		{ "target", &site->target }, { "probe", &site->probe }, { "msg", &site->msg },
		{ "file", &site->file },     { "func", &site->func },
	};
	struct ttlog_text text;
	int number;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (ttlog_text_is(key, texts[i].key))
			return cbor_reader__text(in, texts[i].to);
	}
	if (ttlog_text_is(key, "line"))
		return cbor_reader__uint(in, &site->line);
	if (ttlog_text_is(key, "level")) {
		if (cbor_reader__text(in, &text))
			return -EBADMSG;
		number = number_of(text, value__level_name);
		site->level = (uint8_t)number;
		return number < 0 ? -EBADMSG : 0;
	}
	if (ttlog_text_is(key, "kind")) {
		if (cbor_reader__text(in, &text))
			return -EBADMSG;
		/* A kind of a later version may be shown as a plain event. */
		number = number_of(text, kind_name);
		site->kind = number < 0 ? TTLOG_EVENT_PLAIN : (uint8_t)number;
		return 0;
	}
	return ttlog_cbor_skip(in);
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
			err = parse_text(site, key, in);
		if (err)
			return err;
	}
	if (site->level == UINT8_MAX || !site->keys || type_cnt != site->nfields ||
	    !site->target.p || !site->probe.p || !site->msg.p || !site->file.p || !site->func.p)
		return -EBADMSG;
	if (site->kind == TTLOG_EVENT_SPAN_END &&
	    (site->nfields != 1 || site->types[0] != TTLOG_TYPE_U64))
		return -EBADMSG;
	site->identity = site_identity(site);
	return 0;
}
