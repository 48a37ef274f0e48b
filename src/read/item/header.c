/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "format.h"
#include "header.h"
#include "header_site.h"
#include "value.h"

/*
 * The least that one element takes as CBOR, with the keys that it must have: what a claimed count
 * is held against before memory is taken for it.
 */
#define SITE_MIN_BYTES    60u
#define THREAD_MIN_BYTES  16u
#define MAPPING_MIN_BYTES 24u
#define MODULE_MIN_BYTES  3u

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Writers count with these, to make a file large enough. Beside each is a pointer, and of a site the
 * number of its module, which may be its own. */
_Static_assert(sizeof(struct ttlog_site) + sizeof(void *) + sizeof(uint32_t) +
			       sizeof(struct header_module) + sizeof(void *) <=
		       FORMAT_SITE_TABLE_BYTES,
	       "FORMAT.md, section 7");
_Static_assert(sizeof(struct ttlog_text) <= FORMAT_KEY_TABLE_BYTES, "FORMAT.md, section 7");
_Static_assert(sizeof(struct ttlog_thread) + sizeof(void *) <= FORMAT_THREAD_TABLE_BYTES,
	       "FORMAT.md, section 7");
_Static_assert(sizeof(struct ttlog_mapping) + sizeof(void *) <= FORMAT_MAPPING_TABLE_BYTES,
	       "FORMAT.md, section 7");
_Static_assert(sizeof(struct ttlog_frame) + sizeof(void *) <= FORMAT_FRAME_TABLE_BYTES &&
		       sizeof(struct ttlog_crash_thread) + sizeof(void *) <=
			       FORMAT_FRAME_TABLE_BYTES,
	       "FORMAT.md, section 7");

struct parse {
	struct header *header;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int bad(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->why, parse->why_size, format, args);
	va_end(args);
	return -EBADMSG;
}

static int parse_site(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	return header_site__parse(ret, &parse->header->arena, in);
}

/* A key that a map may have, and where its value goes: a text or a number. */
struct member {
	const char *key;
	struct ttlog_text *text;
	uint64_t *number;
	bool *has; /* NULL: not needed */
};

/* The key's value, which must be what it should be. A key that is no member is skipped. */
static int parse_member(const struct member *members, size_t cnt, struct ttlog_text key,
			struct ttlog_cbor *in)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!ttlog_text_is(key, members[i].key))
			continue;
		if (members[i].has)
			*members[i].has = true;
		return members[i].text ? cbor_reader__text(in, members[i].text)
				       : cbor_reader__uint(in, members[i].number);
	}
	return ttlog_cbor_skip(in);
}

static int parse_members(const struct member *members, size_t cnt, struct ttlog_cbor *in)
{
	struct ttlog_text key;
	uint64_t pairs;

	if (cbor_reader__map(in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		if (cbor_reader__text(in, &key) || parse_member(members, cnt, key, in))
			return -EBADMSG;
	}
	return 0;
}

/* An array of maps, one of the header's tables. */
struct table_kind {
	const char *one;
	size_t min_bytes, struct_bytes;
	int (*parse_one)(struct parse *parse, void *ret, struct ttlog_cbor *in);
};

/* The structs, and the pointers to them that users have. */
struct table {
	uint64_t cnt;
	void *structs;
	void *pointers;
};

static int parse_table(struct parse *parse, const struct table_kind *kind, struct ttlog_cbor *in,
		       struct table *ret)
{
	struct arena *arena = &parse->header->arena;
	char *structs;
	void **pointers;
	uint64_t cnt;

	if (cbor_reader__array(in, &cnt) || cnt > cbor_reader__left(in) / kind->min_bytes)
		return bad(parse, "%ss is no array of maps with all their keys", kind->one);
	structs = arena__alloc(arena, cnt, kind->struct_bytes);
	pointers = arena__alloc(arena, cnt, sizeof(*pointers));
	if (!structs || !pointers)
		return -ENOMEM;
	for (uint64_t i = 0; i < cnt; i++) {
		int err;

		pointers[i] = structs + i * kind->struct_bytes;
		err = kind->parse_one(parse, pointers[i], in);
		if (err == -EBADMSG)
			return bad(parse, "%s %llu is not valid", kind->one, (unsigned long long)i);
		if (err)
			return err;
	}
	*ret = (struct table){ cnt, structs, pointers };
	return 0;
}

static int parse_sites(struct parse *parse, struct ttlog_cbor *in)
{
	static const struct table_kind KIND = { "site", SITE_MIN_BYTES, sizeof(struct ttlog_site),
						parse_site };
	struct header *header = parse->header;
	struct table table;
	int err = parse_table(parse, &KIND, in, &table);

	if (err)
		return err;
	header->sites = table.structs;
	header->info.sites = table.pointers;
	header->info.site_cnt = table.cnt;
	return 0;
}

static int parse_thread(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct ttlog_thread *thread = ret;
	bool has_pid = false, has_tid = false;
	const struct member members[] = {
		{ "pid", .number = &thread->pid, .has = &has_pid },
		{ "tid", .number = &thread->tid, .has = &has_tid },
		{ "ns_pid", .number = &thread->ns_pid },
		{ "ns_tid", .number = &thread->ns_tid },
		{ "comm", .text = &thread->comm },
	};

	(void)parse;
	*thread = (struct ttlog_thread){ .comm = { NULL, 0 } };
	if (parse_members(members, ARRAY_SIZE(members), in))
		return -EBADMSG;
	return has_pid && has_tid && thread->comm.p ? 0 : -EBADMSG;
}

static int parse_threads(struct parse *parse, struct ttlog_cbor *in)
{
	static const struct table_kind KIND = { "thread", THREAD_MIN_BYTES,
						sizeof(struct ttlog_thread), parse_thread };
	struct header *header = parse->header;
	struct table table;
	int err = parse_table(parse, &KIND, in, &table);

	if (err)
		return err;
	header->threads = table.structs;
	header->info.threads = table.pointers;
	header->info.thread_cnt = table.cnt;
	return 0;
}

static int parse_mapping(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct ttlog_mapping *mapping = ret;
	const struct member members[] = {
		{ "start", .number = &mapping->start },     { "end", .number = &mapping->end },
		{ "offset", .number = &mapping->offset },   { "path", .text = &mapping->path },
		{ "build_id", .text = &mapping->build_id },
	};

	(void)parse;
	*mapping = (struct ttlog_mapping){ .path = { NULL, 0 } };
	if (parse_members(members, ARRAY_SIZE(members), in))
		return -EBADMSG;
	return mapping->path.p ? 0 : -EBADMSG;
}

static int parse_mappings(struct parse *parse, struct ttlog_cbor *in)
{
	static const struct table_kind KIND = { "mapping", MAPPING_MIN_BYTES,
						sizeof(struct ttlog_mapping), parse_mapping };
	struct header *header = parse->header;
	struct table table;
	int err = parse_table(parse, &KIND, in, &table);

	if (err)
		return err;
	header->info.mappings = table.pointers;
	header->info.mapping_cnt = table.cnt;
	return 0;
}

static int parse_module(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct header_module *module = ret;
	uint64_t cnt;

	(void)parse;
	if (cbor_reader__array(in, &cnt) || cnt != 2 || cbor_reader__text(in, &module->build_id) ||
	    cbor_reader__uint(in, &module->site_cnt))
		return -EBADMSG;
	return 0;
}

static int parse_modules(struct parse *parse, struct ttlog_cbor *in)
{
	static const struct table_kind KIND = { "module", MODULE_MIN_BYTES,
						sizeof(struct header_module), parse_module };
	struct header *header = parse->header;
	struct table table;
	int err = parse_table(parse, &KIND, in, &table);

	if (err)
		return err;
	header->modules = table.structs;
	header->module_cnt = table.cnt;
	return 0;
}

static int parse_clock(struct parse *parse, struct ttlog_cbor *in)
{
	struct ttlog_info *info = &parse->header->info;
	bool has_mono = false, has_real = false;
	const struct member members[] = {
		{ "mono_ns", .number = &info->mono_ns, .has = &has_mono },
		{ "real_ns", .number = &info->real_ns, .has = &has_real },
	};
	enum ttlog_cbor_kind kind;

	if (cbor_reader__peek(in, &kind) || kind != TTLOG_CBOR_MAP)
		return bad(parse, "clock is no map");
	if (parse_members(members, ARRAY_SIZE(members), in))
		return bad(parse, "clock is not valid");
	return has_mono && has_real ? 0 : bad(parse, "clock is not whole");
}

/* A key that is a text or a number; others are skipped. */
static int parse_scalar(struct header *header, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct ttlog_info *info = &header->info;
	const struct member members[] = {
		{ "service", .text = &info->service },
		{ "host", .text = &info->host },
		{ "kernel", .text = &info->kernel },
		{ "comm", .text = &info->comm },
		{ "exe", .text = &info->exe },
		{ "build_id", .text = &info->build_id },
		{ "reason", .text = &info->reason },
		{ "created_at", .text = &info->created_at },
		{ "boot_id", .text = &info->boot_id },
		{ "pid", .number = &info->pid, .has = &info->has_pid },
		{ "uid", .number = &info->uid, .has = &info->has_uid },
		{ "cgroup", .number = &info->cgroup, .has = &info->has_cgroup },
		{ "start_time", .number = &info->start_time, .has = &info->has_start_time },
		{ "emitted", .number = &header->emitted, .has = &header->has_totals },
		{ "recorded", .number = &header->recorded, .has = &header->has_totals },
		{ "overwritten", .number = &header->overwritten, .has = &header->has_totals },
	};

	return parse_member(members, ARRAY_SIZE(members), key, in);
}

static int parse_map_span(struct ttlog_cbor *in, struct ttlog_cbor *ret)
{
	struct ttlog_cbor start = *in;
	enum ttlog_cbor_kind kind;

	if (cbor_reader__peek(in, &kind) || kind != TTLOG_CBOR_MAP || ttlog_cbor_skip(in))
		return -EBADMSG;
	ret->at = start.at;
	ret->end = in->at;
	return 0;
}

static int parse_key(struct parse *parse, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct header *header = parse->header;

	if (ttlog_text_is(key, "clock"))
		return parse_clock(parse, in);
	if (ttlog_text_is(key, "sites"))
		return header->sites ? -EBADMSG : parse_sites(parse, in);
	if (ttlog_text_is(key, "threads"))
		return header->threads ? -EBADMSG : parse_threads(parse, in);
	if (ttlog_text_is(key, "mappings"))
		return header->info.mappings ? -EBADMSG : parse_mappings(parse, in);
	if (ttlog_text_is(key, "modules"))
		return header->modules ? -EBADMSG : parse_modules(parse, in);
	if (ttlog_text_is(key, "lost"))
		return parse_map_span(in, &header->lost_item);
	if (ttlog_text_is(key, "exit"))
		return parse_map_span(in, &header->info.exit_item);
	if (ttlog_text_is(key, "crash"))
		return parse_map_span(in, &header->info.crash_item);
	return parse_scalar(header, key, in);
}

/* Looks whether this reader may read on before it looks at anything else. */
static int check_format(struct parse *parse, struct ttlog_cbor in)
{
	uint64_t pairs, format = 0, incompatible = 0;
	struct ttlog_text item = { NULL, 0 };
	const struct member members[] = {
		{ "item", .text = &item },
		{ "format", .number = &format },
		{ "incompatible", .number = &incompatible },
	};

	if (cbor_reader__map(&in, &pairs))
		return bad(parse, "it is no map");
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_text key;

		if (cbor_reader__text(&in, &key))
			return bad(parse, "a key is no text");
		if (parse_member(members, ARRAY_SIZE(members), key, &in))
			return bad(parse, "\"%.*s\" is not valid",
				   (int)(key.len < 32 ? key.len : 32), key.p);
	}
	if (!ttlog_text_is(item, "header"))
		return bad(parse, "its item is no header");
	if (!format)
		return bad(parse, "it has no format number");
	if (format != FORMAT_NUMBER) {
		(void)bad(parse, "format %llu: this ttlog-view reads format %d",
			  (unsigned long long)format, FORMAT_NUMBER);
		return -ENOTSUP;
	}
	if (incompatible) {
		(void)bad(parse,
			  "it needs features that this ttlog-view does not know (bits 0x%llx)",
			  (unsigned long long)incompatible);
		return -ENOTSUP;
	}
	return 0;
}

static int parse_details(struct header *header)
{
	int err = 0;

	if (header->info.exit_item.at)
		err = details__parse_exit(&header->exit, header->info.exit_item);
	if (!err && header->info.crash_item.at)
		err = details__parse_crash(&header->crash, header->info.crash_item, &header->arena);
	if (!err && header->lost_item.at)
		err = details__parse_lost(&header->lost, header->lost_item, &header->arena);
	return err;
}

/* Which module each site is of. */
static int spread_modules(struct header *header)
{
	const size_t site_cnt = header->info.site_cnt;
	uint32_t *modules = arena__alloc(&header->arena, site_cnt, sizeof(*modules));
	size_t at = 0;

	if (!modules)
		return -ENOMEM;
	for (size_t i = 0; i < header->module_cnt; i++) {
		if (header->modules[i].site_cnt > site_cnt - at)
			return -EBADMSG;
		for (uint64_t k = 0; k < header->modules[i].site_cnt; k++)
			modules[at++] = (uint32_t)i;
	}
	if (at != site_cnt)
		return -EBADMSG;
	header->site_modules = modules;
	return 0;
}

static int parse_header(struct parse *parse)
{
	struct header *header = parse->header;
	struct ttlog_cbor in = header->info.item;
	uint64_t pairs;
	bool has_clock = false;
	int err = check_format(parse, in);

	if (err)
		return err;
	if (cbor_reader__map(&in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_text key;

		if (cbor_reader__text(&in, &key))
			return -EBADMSG;
		has_clock = has_clock || ttlog_text_is(key, "clock");
		err = parse_key(parse, key, &in);
		if (err == -EBADMSG && !*parse->why)
			return bad(parse, "\"%.*s\" is not valid",
				   (int)(key.len < 32 ? key.len : 32), key.p);
		if (err)
			return err;
	}
	if (!has_clock || !header->sites || !header->threads)
		return bad(parse, "clock, sites or threads is missing");
	err = header->modules ? spread_modules(header) : 0;
	if (err)
		return err == -EBADMSG ? bad(parse, "modules do not fit the sites") : err;
	header->info.format = FORMAT_NUMBER;
	header->info.has_header = true;
	return parse_details(header);
}

void header__clear(struct header *ret)
{
	*ret = (struct header){ .info.exit = &ret->exit, .info.crash = &ret->crash };
}

int header__init(struct header *ret, const unsigned char *data, size_t len, size_t max_bytes,
		 char *ret_why, size_t why_size)
{
	struct parse parse = { .header = ret, .why = ret_why, .why_size = why_size };
	int err = -ENOMEM;

	header__clear(ret);
	ret->content = malloc(len ? len : 1);
	ret->arena.max_bytes = max_bytes;
	*ret_why = '\0';
	if (!ret->content)
		return err;
	memcpy(ret->content, data, len);
	ret->info.item = (struct ttlog_cbor){ ret->content, ret->content + len };
	err = parse_header(&parse);
	if (err == -ENOMEM && ret->arena.is_full)
		err = bad(&parse, "sites, threads and mappings are too many for so small a file");
	if (err) {
		if (!*ret_why)
			snprintf(ret_why, why_size, "%s", strerror(-err));
		header__fini(ret);
	}
	return err;
}

void header__fini(struct header *header)
{
	arena__fini(&header->arena);
	free(header->content);
	header__clear(header);
}
