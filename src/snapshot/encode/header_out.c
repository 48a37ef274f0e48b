/* SPDX-License-Identifier: MIT */
/*
 * The header's map, key by key.
 *
 * Some keys are optional, and a map's length comes first, so maps are built aside and counted.
 */
#include <sys/utsname.h>

#include "accounts.h"
#include "catalog.h"
#include "cbor_out.h"
#include "cgroup.h"
#include "crash.h"
#include "ending_out.h"
#include "event_stacks.h"
#include "format.h"
#include "header_out.h"
#include "rfc3339.h"
#include "site.h"
#include "snapshot_source.h"
#include "stacks_out.h"
#include "start_time.h"
#include "tags.h"
#include "thread.h"
#include "value.h"

#define LABEL_TEXT_BYTES  128u
#define FRAME_MIN_BYTES   16u        /* of a crash's frame in the file */
#define TABLE_SLACK_BYTES (1u << 20) /* that a reader may have taken and not used yet */

/* ---- sites and threads ---- */

/* The places of bits. */
static void put_redacted(struct cbor_out *out, uint32_t fields)
{
	cbor_out__text(out, "redacted");
	cbor_out__array(out, (size_t)__builtin_popcount(fields));
	for (uint32_t i = 0; fields >> i; i++) {
		if (fields >> i & 1)
			cbor_out__uint(out, i);
	}
}

static void put_site(struct cbor_out *out, const struct catalog_site *catalog_site,
		     size_t text_bytes)
{
	const struct site *site = catalog_site->site;
	const char *level = value__level_name(site->level);
	const char *kind = catalog_site->is_span_end       ? "span_end"
			   : site->kind == TTLOG_SITE_SPAN ? "span"
							   : "event";

	cbor_out__map(out, catalog_site->redacted ? 11 : 10);
	cbor_out__text(out, "kind");
	cbor_out__text(out, kind);
	cbor_out__text(out, "level");
	cbor_out__text(out,
		       level ? level : "FATAL"); /* a level of a later ttlog.h: higher than all */
	cbor_out__text(out, "target");
	cbor_out__cut_text(out, site->target, text_bytes);
	cbor_out__text(out, "probe");
	cbor_out__cut_text(out, site->name, text_bytes);
	cbor_out__text(out, "msg");
	cbor_out__cut_text(out, site->message, text_bytes);
	cbor_out__text(out, "file");
	cbor_out__cut_text(out, site->file, text_bytes);
	cbor_out__text(out, "func");
	cbor_out__cut_text(out, site->function, text_bytes);
	cbor_out__text(out, "line");
	cbor_out__uint(out, site->line);
	cbor_out__text(out, "keys");
	cbor_out__array(out, catalog_site->nfields);
	for (size_t i = 0; i < catalog_site->nfields; i++)
		cbor_out__cut_text(out, catalog_site__key(catalog_site, i),
				   catalog_site->is_span_end ? SIZE_MAX : text_bytes);
	cbor_out__text(out, "types");
	cbor_out__array(out, catalog_site->nfields);
	/* the types of a site that occurs are known */
	for (size_t i = 0; i < catalog_site->nfields; i++)
		cbor_out__text(out, value__type_name(catalog_site__type(catalog_site, i)));
	if (catalog_site->redacted)
		put_redacted(out, catalog_site->redacted);
}

static void put_sites(struct cbor_out *out, const struct catalog *catalog, uint32_t first,
		      size_t text_bytes)
{
	cbor_out__array(out, catalog->site_cnt - first);
	for (uint32_t i = first; i < catalog->site_cnt; i++)
		put_site(out, catalog->sites[i], text_bytes);
}

/* Sites are numbered module by module. */
static void put_modules(struct cbor_out *out, const struct catalog *catalog)
{
	const uint32_t cnt = catalog->site_cnt;
	struct cbor_out body = { 0 };
	size_t module_cnt = 0;

	for (uint32_t i = 0, first = 0; i < cnt; i++) {
		const struct catalog_site *site = catalog->sites[i];

		if (i + 1 < cnt && catalog->sites[i + 1]->module == site->module)
			continue;
		cbor_out__array(&body, 2);
		cbor_out__text(&body, site->build_id);
		cbor_out__uint(&body, i + 1 - first);
		first = i + 1;
		module_cnt++;
	}
	cbor_out__array(out, module_cnt);
	cbor_out__append(out, &body);
	cbor_out__fini(&body);
}

static void put_thread(struct cbor_out *out, const struct thread *thread)
{
	struct cbor_map map = { 0 };

	cbor_map__uint(&map, "pid", thread->pid);
	cbor_map__uint(&map, "tid", thread->tid);
	cbor_map__comm(&map, "comm", thread->comm);
	if (thread->ns_pid)
		cbor_map__uint(&map, "ns_pid", thread->ns_pid);
	if (thread->ns_tid)
		cbor_map__uint(&map, "ns_tid", thread->ns_tid);
	cbor_map__end(&map, out);
}

/* Those that a stream has just numbered, from `first` on; a module that has an entry already is
 * named by that one's number. */
static void put_new_modules(struct cbor_out *out, const struct catalog *catalog, uint32_t first)
{
	const uint32_t cnt = catalog->site_cnt;
	struct cbor_out body = { 0 };
	uint32_t entries = 0, at = first;

	for (uint32_t i = first; i < cnt; i++) {
		const struct catalog_site *site = catalog->sites[i];

		if (i + 1 < cnt && catalog->sites[i + 1]->module == site->module)
			continue;
		entries++;
	}
	for (uint32_t i = first, entry = catalog->file_module_cnt - entries; i < cnt; i++) {
		const struct catalog_site *site = catalog->sites[i];

		if (i + 1 < cnt && catalog->sites[i + 1]->module == site->module)
			continue;
		cbor_out__array(&body, 2);
		if (site->module == entry)
			cbor_out__text(&body, site->build_id);
		else
			cbor_out__uint(&body, site->module);
		cbor_out__uint(&body, i + 1 - at);
		at = i + 1;
		entry++;
	}
	cbor_out__array(out, entries);
	cbor_out__append(out, &body);
	cbor_out__fini(&body);
}

static void put_threads(struct cbor_out *out, const struct snapshot_source *source,
			const struct catalog *catalog, uint32_t first)
{
	const uint32_t cnt = catalog->thread_cnt;

	cbor_out__array(out, cnt - first);
	for (uint32_t i = first; i < cnt; i++) {
		const uint32_t number = catalog->threads[i];
		const struct thread others = { .pid = source->pid };

		put_thread(out, number == CATALOG_NO_NUMBER ? &others : &source->threads[number]);
	}
}

static void put_ending(struct cbor_map *map, const struct crash_ending *ending)
{
	const struct cbor_out pairs = { .bytes = (unsigned char *)ending->bytes,
					.len = ending->len };

	cbor_out__append(&map->body, &pairs);
	map->cnt += ending->pair_cnt;
}

/* ---- accounting ---- */

static void put_lost(struct cbor_out *out, const struct accounts_lost *lost)
{
	const struct {
		const char *cause;
		uint64_t cnt;
	} causes[] = {
		{ "memory", lost->memory },         { "kernel_ring", lost->kernel_ring },
		{ "fault", lost->fault },           { "corrupt", lost->corrupt },
		{ "table_full", lost->table_full },
	};
	struct cbor_map map = { 0 };
	uint64_t total = 0;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		total += causes[i].cnt;
	cbor_map__uint(&map, "total", total);
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].cnt)
			cbor_map__uint(&map, causes[i].cause, causes[i].cnt);
	cbor_map__end(&map, out);
}

static void put_accounting(struct cbor_map *map, const struct snapshot_source *source)
{
	cbor_map__uint(map, "emitted", source->emitted);
	cbor_map__uint(map, "recorded", source->recorded);
	cbor_map__uint(map, "overwritten", source->overwritten);
	put_lost(cbor_map__key(map, "lost"), &source->lost);
	if (source->unread)
		cbor_map__uint(map, "unread", source->unread);
	if (source->stacks_wanted)
		cbor_map__uint(map, "stacks_wanted", source->stacks_wanted);
	if (source->suppressed)
		cbor_map__uint(map, "suppressed", source->suppressed);
}

/* ---- the maps ---- */

static void put_clock(struct cbor_out *out, const struct header_time *created)
{
	struct cbor_map map = { 0 };

	cbor_map__uint(&map, "mono_ns", created->mono_ns);
	cbor_map__uint(&map, "real_ns", created->real_ns);
	cbor_map__end(&map, out);
}

static void put_cgroup(struct cbor_map *map, const struct snapshot_source *source)
{
	char name[CGROUP_NAME_BYTES];

	cbor_map__uint(map, "cgroup", source->cgroup);
	if (!source->cgroup_path)
		return;
	cbor_map__text(map, "cgroup_path", source->cgroup_path);
	cgroup__unit(source->cgroup_path, name);
	cbor_map__text(map, "unit", name);
	cgroup__container(source->cgroup_path, name);
	cbor_map__text(map, "container", name);
}

static void put_process(struct cbor_map *map, const struct snapshot_source *source)
{
	struct utsname host;

	cbor_map__uint(map, "pid", source->pid);
	if (source->ns_pid && source->ns_pid != source->pid)
		cbor_map__uint(map, "ns_pid", source->ns_pid);
	cbor_map__uint(map, "uid", source->uid);
	put_cgroup(map, source);
	cbor_map__text(map, "boot_id", source->boot_id);
	if (source->start_ns)
		cbor_map__uint(map, "start_time", start_time__ticks(source->start_ns));
	cbor_map__text(map, "service", source->service);
	if (uname(&host) == 0) {
		cbor_map__text(map, "host", host.nodename);
		cbor_map__text(map, "kernel", host.release);
	}
	cbor_map__text(map, "comm", source->comm);
	cbor_map__text(map, "exe", source->exe);
	cbor_map__text(map, "build_id", source->build_id);
	cbor_out__text(cbor_map__key(map, "reason"), source->reason ? source->reason : "");
}

static void put_tags(struct cbor_map *map, const struct tags *tags)
{
	struct cbor_map in_map = { 0 };

	for (size_t i = 0; i < tags->cnt; i++)
		cbor_out__text(cbor_map__key(&in_map, tags->items[i].key), tags->items[i].value);
	cbor_map__end(&in_map, cbor_map__key(map, "tags"));
}

static void put_left_out(struct cbor_map *map, const struct header_room *room)
{
	struct cbor_map left = { 0 };

	if (room->left_threads)
		cbor_map__uint(&left, "threads", room->left_threads);
	if (room->left_sites)
		cbor_map__uint(&left, "sites", room->left_sites);
	if (room->left_mappings)
		cbor_map__uint(&left, "mappings", room->left_mappings);
	if (room->text_bytes != SIZE_MAX)
		cbor_map__uint(&left, "text_bytes", room->text_bytes);
	if (left.cnt)
		cbor_map__end(&left, cbor_map__key(map, "left_out"));
}

static void put_cause(struct cbor_out *out, const struct trigger_cause *cause)
{
	struct cbor_map map = { 0 };

	cbor_map__text(&map, "on", cause->on);
	cbor_map__text(&map, "probe", cause->probe);
	if (cause->mono_ns)
		cbor_map__uint(&map, "mono_ns", cause->mono_ns);
	if (cause->tid)
		cbor_map__uint(&map, "tid", cause->tid);
	if (cause->duration_ns)
		cbor_map__uint(&map, "duration_ns", cause->duration_ns);
	if (cause->is_open)
		cbor_out__bool(cbor_map__key(&map, "open"), true);
	if (cause->bytes)
		cbor_map__uint(&map, "bytes", cause->bytes);
	cbor_map__end(&map, out);
}

static void put_trigger(struct cbor_map *map, const struct snapshot_source *source)
{
	if (source->cause.on)
		put_cause(cbor_map__key(map, "trigger"), &source->cause);
	if (source->suppressed_cnt)
		cbor_map__uint(map, "suppressed_snapshots", source->suppressed_cnt);
}

/* Without memory there are none. */
static void put_stacks(struct cbor_map *map, const struct snapshot_source *source,
		       const struct catalog *catalog)
{
	struct stacks_out *stacks = stacks_out__new();

	if (!stacks)
		return;
	stacks_out__add(stacks, source->stacks, source->stack_cnt, catalog);
	stacks_out__put(stacks, map);
	stacks_out__free(stacks);
}

static void put_clock_error(struct cbor_map *map, const struct clock_error *error)
{
	if (!error->is_known)
		return;
	cbor_map__uint(map, "clock_error_ns", error->max_ns);
	if (error->is_unsynchronised)
		cbor_out__bool(cbor_map__key(map, "clock_unsynchronised"), true);
}

/* All but what differs between a snapshot and a segment. */
static void put_common(struct cbor_map *map, const struct snapshot_source *source,
		       const struct header_time *created, uint64_t incompatible)
{
	char created_at[RFC3339_BYTES + 1];

	cbor_map__text(map, "item", "header");
	cbor_map__uint(map, "format", FORMAT_NUMBER);
	cbor_map__uint(map, "incompatible", incompatible);
	cbor_map__uint(map, "compatible", 0);
	put_clock(cbor_map__key(map, "clock"), created);
	put_clock_error(map, &created->error);
	rfc3339__text(created_at, created->real_ns);
	cbor_map__text(map, "created_at", created_at);
	put_process(map, source);
	if (source->tags && source->tags->cnt)
		put_tags(map, source->tags);
	put_trigger(map, source);
	put_accounting(map, source);
}

void header_out__put(struct cbor_out *out, const struct snapshot_source *source,
		     const struct catalog *catalog, const struct header_time *created,
		     struct header_room *room)
{
	struct header_room all = { .text_bytes = SIZE_MAX, .path_bytes = SIZE_MAX };
	struct cbor_map map = { 0 };

	if (!room)
		room = &all;
	put_common(&map, source, created, catalog->has_nulls ? FORMAT_NULLS : 0);
	if (source->crash)
		room->left_mappings = ending_out__put(&map, source->crash, room->path_bytes);
	else if (source->ending.len)
		put_ending(&map, &source->ending);
	put_threads(cbor_map__key(&map, "threads"), source, catalog, 0);
	put_sites(cbor_map__key(&map, "sites"), catalog, 0, room->text_bytes);
	put_modules(cbor_map__key(&map, "modules"), catalog);
	if (source->stack_cnt)
		put_stacks(&map, source, catalog);
	put_left_out(&map, room);
	cbor_map__end(&map, out);
}

/* Cut, so that all of it is far below the limit of a label. */
static void put_label_text(struct cbor_map *map, const char *name, const char *text)
{
	if (text && text[0])
		cbor_out__cut_text(cbor_map__key(map, name), text, LABEL_TEXT_BYTES);
}

void header_out__put_label(struct cbor_out *out, const struct snapshot_source *source,
			   const struct header_time *created)
{
	const struct crash *crash = source->crash;
	char created_at[RFC3339_BYTES + 1];
	struct cbor_map map = { 0 };
	struct utsname host;

	rfc3339__text(created_at, created->real_ns);
	put_label_text(&map, "service", source->service ? source->service : source->comm);
	put_label_text(&map, "host", uname(&host) == 0 ? host.nodename : NULL);
	put_label_text(&map, "created_at", created_at);
	put_label_text(&map, "reason", source->reason);
	if (crash) {
		const int signal = crash->has_exit ? crash->exit_signal : crash->signal;

		if (signal)
			ending_out__put_signal(&map, signal);
		put_label_text(&map, "signature", crash->signature);
	}
	cbor_map__end(&map, out);
}

/* ---- a segment of a stream ---- */

void header_out__put_stream(struct cbor_out *out, const struct snapshot_source *source,
			    const struct header_time *created, const struct header_stream *stream)
{
	struct cbor_map map = { 0 };

	put_common(&map, source, created,
		   FORMAT_TABLES_APART | FORMAT_UNORDERED | (stream->has_nulls ? FORMAT_NULLS : 0));
	cbor_map__uint(&map, "stream", stream->id);
	cbor_map__uint(&map, "segment", stream->segment);
	cbor_map__uint(&map, "missed", stream->missed);
	if (source->crash)
		(void)ending_out__put(&map, source->crash, 0);
	cbor_map__end(&map, out);
}

void header_out__put_tables(struct cbor_out *out, const struct snapshot_source *source,
			    const struct catalog *catalog, const struct header_tables *tables)
{
	struct cbor_map map = { 0 };

	cbor_map__text(&map, "item", "tables");
	cbor_map__uint(&map, "missed", tables->missed);
	put_threads(cbor_map__key(&map, "threads"), source, catalog, tables->first_thread);
	put_sites(cbor_map__key(&map, "sites"), catalog, tables->first_site, SIZE_MAX);
	put_new_modules(cbor_map__key(&map, "modules"), catalog, tables->first_site);
	if (tables->stacks)
		stacks_out__put(tables->stacks, &map);
	cbor_map__end(&map, out);
}

/* ---- how large the file has to be ---- */

static uint64_t ending_table_bytes(const struct snapshot_source *source,
				   const struct header_room *room)
{
	const struct crash *crash = source->crash;
	uint64_t frames;

	/* at most, if all of it is frames with nothing but an ip */
	if (!crash)
		return (uint64_t)source->ending.len / FRAME_MIN_BYTES * FORMAT_FRAME_TABLE_BYTES;
	frames = crash->frame_cnt + crash->outer_cnt;
	for (size_t i = 0; i < crash->other_cnt; i++)
		frames += 1 + crash->others[i].frame_cnt;
	return frames * FORMAT_FRAME_TABLE_BYTES +
	       (crash->mappings.cnt - room->left_mappings) * (uint64_t)FORMAT_MAPPING_TABLE_BYTES;
}

static uint64_t table_bytes(const struct snapshot_source *source, const struct catalog *catalog,
			    const struct header_room *room)
{
	const uint32_t site_cnt = catalog->site_cnt;
	uint64_t bytes = ending_table_bytes(source, room);

	/* at most a module for each site */
	bytes += (uint64_t)site_cnt * FORMAT_SITE_TABLE_BYTES;
	/* a frame's struct; its place in a list; an event */
	for (size_t i = 0; i < source->stack_cnt; i++)
		bytes += (source->stacks[i].where.frame_cnt + 1) *
			 (uint64_t)(FORMAT_FRAME_TABLE_BYTES + 2 * sizeof(uint64_t));
	for (uint32_t i = 0; i < site_cnt; i++)
		bytes += catalog->sites[i]->nfields * (uint64_t)FORMAT_KEY_TABLE_BYTES;
	return bytes + catalog->thread_cnt * (uint64_t)FORMAT_THREAD_TABLE_BYTES;
}

uint64_t header_out__file_min_bytes(const struct cbor_out *header,
				    const struct snapshot_source *source,
				    const struct catalog *catalog, const struct header_room *room)
{
	const uint64_t content = header->len + FORMAT_END_RESERVE_BYTES;
	const uint64_t tables = table_bytes(source, catalog, room) + TABLE_SLACK_BYTES;
	uint64_t min = 0;

	if (content > FORMAT_CONTENT_BASE_BYTES)
		min = (content - FORMAT_CONTENT_BASE_BYTES) / FORMAT_CONTENT_PER_BYTE + 1;
	if (tables > FORMAT_TABLES_BASE_BYTES &&
	    (tables - FORMAT_TABLES_BASE_BYTES) / FORMAT_TABLES_PER_BYTE >= min)
		min = (tables - FORMAT_TABLES_BASE_BYTES) / FORMAT_TABLES_PER_BYTE + 1;
	return min;
}

void header_out__put_end(struct cbor_out *out, const struct snapshot_source *source,
			 const struct header_totals *totals, const struct cbor_out *header,
			 uint64_t missed)
{
	struct cbor_map map = { 0 };

	cbor_map__text(&map, "item", "end");
	cbor_map__uint(&map, "events", totals->events);
	cbor_map__uint(&map, "chunks", totals->chunks);
	if (totals->events) {
		cbor_map__uint(&map, "first_ns", totals->first_ns);
		cbor_map__uint(&map, "last_ns", totals->last_ns);
	}
	put_accounting(&map, source);
	if (missed)
		cbor_map__uint(&map, "missed", missed);
	cbor_out__append(cbor_map__key(&map, "header"), header);
	cbor_map__end(&map, out);
}
