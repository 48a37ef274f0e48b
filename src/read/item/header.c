/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "format.h"
#include "header.h"
#include "header_site.h"

/*
 * The least bytes of CBOR for one element, with the keys that it must have. A count that the bytes
 * left cannot hold is refused before memory is allocated for it.
 */
#define SITE_MIN_BYTES    60u
#define THREAD_MIN_BYTES  16u
#define MAPPING_MIN_BYTES 24u
#define MODULE_MIN_BYTES  3u

/* Writers rely on these sizes to make a file large enough. Each element also has a pointer; a site
 * also its module's number, and maybe a module of its own. */
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

/* The header's tables, each an array of maps. */
enum {
	SITES,
	THREADS,
	MAPPINGS,
	MODULES,
	TABLE_CNT
};

/* The structs, and pointers to them for struct ttlog_info. */
struct table {
	uint64_t cnt;
	void *structs, **pointers;
};

struct parse {
	struct header *header;
	uint64_t known_bits; /* of `incompatible` */
	struct table tables[TABLE_CNT];
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

static int bad_key(struct parse *parse, struct ttlog_text key)
{
	return bad(parse, "\"%.*s\" is not valid", (int)(key.len < 32 ? key.len : 32), key.p);
}

static int parse_site(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	return header_site__parse(ret, &parse->header->arena, in);
}

static int parse_thread(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct ttlog_thread *thread = ret;
	bool has_pid = false, has_tid = false;
	const struct cbor_member members[] = {
		{ "pid", .number = &thread->pid, .has = &has_pid },
		{ "tid", .number = &thread->tid, .has = &has_tid },
		{ "ns_pid", .number = &thread->ns_pid },
		{ "ns_tid", .number = &thread->ns_tid },
		{ "comm", .text = &thread->comm },
	};

	(void)parse;
	*thread = (struct ttlog_thread){ .comm = { NULL, 0 } };
	if (cbor_reader__members(members, ARRAY_SIZE(members), in))
		return -EBADMSG;
	return has_pid && has_tid && thread->comm.p ? 0 : -EBADMSG;
}

static int parse_mapping(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct ttlog_mapping *mapping = ret;
	const struct cbor_member members[] = {
		{ "start", .number = &mapping->start },     { "end", .number = &mapping->end },
		{ "offset", .number = &mapping->offset },   { "path", .text = &mapping->path },
		{ "build_id", .text = &mapping->build_id },
	};

	(void)parse;
	*mapping = (struct ttlog_mapping){ .path = { NULL, 0 } };
	if (cbor_reader__members(members, ARRAY_SIZE(members), in))
		return -EBADMSG;
	return mapping->path.p ? 0 : -EBADMSG;
}

static int parse_module(struct parse *parse, void *ret, struct ttlog_cbor *in)
{
	struct header_module *module = ret;
	uint64_t cnt, same_as = UINT32_MAX, site_cnt;
	enum ttlog_cbor_kind kind;

	*module = (struct header_module){ .same_as = UINT32_MAX };
	if (cbor_reader__array(in, &cnt) || cnt != 2 || cbor_reader__peek(in, &kind))
		return -EBADMSG;
	if (kind == TTLOG_CBOR_UINT && parse->known_bits & FORMAT_TABLES_APART) {
		if (cbor_reader__uint(in, &same_as) || same_as >= UINT32_MAX)
			return -EBADMSG;
	} else if (cbor_reader__text(in, &module->build_id)) {
		return -EBADMSG;
	}
	if (cbor_reader__uint(in, &site_cnt) || site_cnt > UINT32_MAX)
		return -EBADMSG;
	module->same_as = (uint32_t)same_as;
	module->site_cnt = (uint32_t)site_cnt;
	return 0;
}

static const struct table_kind {
	const char *key, *one;
	size_t min_bytes, struct_bytes;
	int (*parse_one)(struct parse *parse, void *ret, struct ttlog_cbor *in);
} TABLES[TABLE_CNT] = {
	[SITES] = { "sites", "site", SITE_MIN_BYTES, sizeof(struct ttlog_site), parse_site },
	[THREADS] = { "threads", "thread", THREAD_MIN_BYTES, sizeof(struct ttlog_thread),
		      parse_thread },
	[MAPPINGS] = { "mappings", "mapping", MAPPING_MIN_BYTES, sizeof(struct ttlog_mapping),
		       parse_mapping },
	[MODULES] = { "modules", "module", MODULE_MIN_BYTES, sizeof(struct header_module),
		      parse_module },
};

static int parse_table(struct parse *parse, const struct table_kind *kind, struct ttlog_cbor *in,
		       struct table *ret)
{
	struct arena *arena = &parse->header->arena;
	struct table table;

	if (ret->structs)
		return -EBADMSG;
	if (cbor_reader__array(in, &table.cnt) ||
	    table.cnt > cbor_reader__left(in) / kind->min_bytes)
		return bad(parse, "%s is no array of maps with all their keys", kind->key);
	table.structs = arena__alloc(arena, table.cnt, kind->struct_bytes);
	table.pointers = arena__alloc(arena, table.cnt, sizeof(*table.pointers));
	if (!table.structs || !table.pointers)
		return -ENOMEM;
	for (uint64_t i = 0; i < table.cnt; i++) {
		int err;

		table.pointers[i] = (char *)table.structs + i * kind->struct_bytes;
		err = kind->parse_one(parse, table.pointers[i], in);
		if (err == -EBADMSG)
			return bad(parse, "%s %llu is not valid", kind->one, (unsigned long long)i);
		if (err)
			return err;
	}
	*ret = table;
	return 0;
}

static void take_tables(struct header *header, const struct table *tables)
{
	struct ttlog_info *info = &header->info;

	header->sites = tables[SITES].structs;
	info->sites = (const struct ttlog_site *const *)tables[SITES].pointers;
	info->site_cnt = tables[SITES].cnt;
	header->threads = tables[THREADS].structs;
	info->threads = (const struct ttlog_thread *const *)tables[THREADS].pointers;
	info->thread_cnt = tables[THREADS].cnt;
	info->mappings = (const struct ttlog_mapping *const *)tables[MAPPINGS].pointers;
	info->mapping_cnt = tables[MAPPINGS].cnt;
	header->modules = tables[MODULES].structs;
	header->module_cnt = tables[MODULES].cnt;
}

static int parse_clock(struct parse *parse, struct ttlog_cbor *in)
{
	struct ttlog_info *info = &parse->header->info;
	bool has_mono = false, has_real = false;
	const struct cbor_member members[] = {
		{ "mono_ns", .number = &info->mono_ns, .has = &has_mono },
		{ "real_ns", .number = &info->real_ns, .has = &has_real },
	};
	enum ttlog_cbor_kind kind;

	if (cbor_reader__peek(in, &kind) || kind != TTLOG_CBOR_MAP)
		return bad(parse, "clock is no map");
	if (cbor_reader__members(members, ARRAY_SIZE(members), in))
		return bad(parse, "clock is not valid");
	return has_mono && has_real ? 0 : bad(parse, "clock is not whole");
}

static int parse_scalar(struct header *header, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct ttlog_info *info = &header->info;
	const struct cbor_member members[] = {
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
		{ "cgroup_path", .text = &info->cgroup_path },
		{ "unit", .text = &info->unit },
		{ "container", .text = &info->container },
		{ "ns_pid", .number = &info->ns_pid },
		{ "signature", .text = &info->signature },
		{ "start_time", .number = &info->start_time, .has = &info->has_start_time },
		{ "stream", .number = &info->stream, .has = &info->has_stream },
		{ "segment", .number = &info->segment },
		{ "clock_error_ns", .number = &info->clock_error_ns,
		  .has = &info->has_clock_error },
		{ "emitted", .number = &header->emitted, .has = &header->has_totals },
		{ "recorded", .number = &header->recorded, .has = &header->has_totals },
		{ "overwritten", .number = &header->overwritten, .has = &header->has_totals },
		{ "unread", .number = &header->unread },
		{ "suppressed", .number = &header->suppressed, .has = &info->has_suppressed },
	};

	return cbor_reader__member(members, ARRAY_SIZE(members), key, in);
}

static int parse_map_span(struct ttlog_cbor *in, struct ttlog_cbor *ret)
{
	enum ttlog_cbor_kind kind;

	if (cbor_reader__peek(in, &kind) || kind != TTLOG_CBOR_MAP)
		return -EBADMSG;
	return cbor_reader__span(in, ret);
}

static int parse_bool(struct ttlog_cbor *in, bool *ret)
{
	struct ttlog_cbor_item item;
	const int err = ttlog_cbor_next(in, &item);

	if (err || item.kind != TTLOG_CBOR_BOOL)
		return err ? err : -EBADMSG;
	*ret = item.u;
	return 0;
}

static int parse_key(struct parse *parse, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct header *header = parse->header;

	if (ttlog_text_is(key, "clock"))
		return parse_clock(parse, in);
	for (size_t i = 0; i < TABLE_CNT; i++) {
		if (ttlog_text_is(key, TABLES[i].key))
			return parse_table(parse, &TABLES[i], in, &parse->tables[i]);
	}
	if (ttlog_text_is(key, "clock_unsynchronised"))
		return parse_bool(in, &header->info.is_clock_unsynchronised);
	if (ttlog_text_is(key, "lost"))
		return parse_map_span(in, &header->lost_item);
	if (ttlog_text_is(key, "exit"))
		return parse_map_span(in, &header->info.exit_item);
	if (ttlog_text_is(key, "crash"))
		return parse_map_span(in, &header->info.crash_item);
	if (ttlog_text_is(key, "stacks"))
		return parse_map_span(in, &header->stacks_item);
	return parse_scalar(header, key, in);
}

/* Before all other keys: whether this reader knows the format. */
static int check_format(struct parse *parse, struct ttlog_cbor in)
{
	uint64_t pairs, format = 0, incompatible = 0;
	struct ttlog_text item = { NULL, 0 };
	const struct cbor_member members[] = {
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
		if (cbor_reader__member(members, ARRAY_SIZE(members), key, &in))
			return bad_key(parse, key);
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
	incompatible &= ~parse->known_bits;
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
		details__parse_exit(&header->exit, header->info.exit_item);
	if (header->info.crash_item.at)
		err = details__parse_crash(&header->crash, header->info.crash_item, &header->arena);
	if (!err && header->lost_item.at)
		err = details__parse_lost(&header->lost, header->lost_item, &header->arena);
	if (!err && header->stacks_item.at)
		err = stacks__parse(&header->stacks, header->stacks_item, &header->arena);
	return err;
}

/* Sets the module of each site. */
static int spread_modules(struct header *header)
{
	const size_t site_cnt = header->info.site_cnt;
	uint32_t *modules = arena__alloc(&header->arena, site_cnt, sizeof(*modules));
	size_t at = 0;

	if (!modules)
		return -ENOMEM;
	for (size_t i = 0; i < header->module_cnt; i++) {
		struct header_module *module = &header->modules[i];
		const bool is_more = module->same_as != UINT32_MAX;

		if (module->site_cnt > site_cnt - at)
			return -EBADMSG;
		if (is_more && (module->same_as >= i ||
				header->modules[module->same_as].same_as != UINT32_MAX))
			return -EBADMSG;
		if (is_more)
			module->build_id = header->modules[module->same_as].build_id;
		for (uint64_t k = 0; k < module->site_cnt; k++)
			modules[at++] = (uint32_t)(is_more ? module->same_as : i);
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
			return bad_key(parse, key);
		if (err)
			return err;
	}
	take_tables(header, parse->tables);
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

int header__init(struct header *ret, const unsigned char *data, size_t len,
		 const struct header_limits *limits, char *ret_why, size_t why_size)
{
	struct parse parse = {
		.header = ret,
		.known_bits = limits->known_bits,
		.why = ret_why,
		.why_size = why_size,
	};
	int err = -ENOMEM;

	header__clear(ret);
	ret->content = malloc(len ? len : 1);
	ret->arena.max_bytes = limits->max_bytes;
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
