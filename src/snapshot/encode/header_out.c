/* SPDX-License-Identifier: MIT */
/*
 * The header's map, key by key.
 *
 * Lengths are definite and some keys are optional, so maps are built aside and counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "accounts.h"
#include "start_time.h"
#include "catalog.h"
#include "cbor_out.h"
#include "crash.h"
#include "format.h"
#include "header_out.h"
#include "site.h"
#include "snapshot_source.h"
#include "thread.h"
#include "value.h"

#define NS_PER_S          1000000000u
#define FRAME_MIN_BYTES   16u        /* of a crash's frame in the file */
#define TABLE_SLACK_BYTES (1u << 20) /* what a reader may have taken and not used yet */

/* A map whose number of pairs is known at the end. */
struct map_out {
	struct cbor_out body;
	size_t cnt;
};

static struct cbor_out *key(struct map_out *map, const char *name)
{
	map->cnt++;
	cbor_out__text(&map->body, name);
	return &map->body;
}

/* Puts the map into `out` and empties it. */
static void end_map(struct map_out *map, struct cbor_out *out)
{
	cbor_out__map(out, map->cnt);
	cbor_out__append(out, &map->body);
	cbor_out__fini(&map->body);
	map->cnt = 0;
}

static void put_text(struct map_out *map, const char *name, const char *text)
{
	if (text && *text)
		cbor_out__text(key(map, name), text);
}

static void put_uint(struct map_out *map, const char *name, uint64_t value)
{
	cbor_out__uint(key(map, name), value);
}

static void put_signal(struct map_out *map, int signal)
{
	const char *abbreviation = sigabbrev_np(signal);
	char name[32];

	if (abbreviation)
		(void)snprintf(name, sizeof(name), "SIG%s", abbreviation);
	else
		(void)snprintf(name, sizeof(name), "SIG%d", signal);
	put_text(map, "signal", name);
	cbor_out__int(key(map, "number"), signal);
}

/* ---- sites and threads ---- */

/* Where it has to be cut, not within a character. */
static void put_cut_text(struct cbor_out *out, const char *text, size_t max_bytes)
{
	size_t len = strlen(text);
	char *cut;

	if (len <= max_bytes) {
		cbor_out__text(out, text);
		return;
	}
	for (len = max_bytes; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	cut = strndup(text, len);
	if (!cut)
		out->error = -ENOMEM;
	else
		cbor_out__text(out, cut);
	free(cut);
}

static void put_site(struct cbor_out *out, const struct catalog_site *catalog_site,
		     size_t text_bytes)
{
	const struct site *site = catalog_site->site;
	const char *level = value__level_name(site->level);
	const char *kind = catalog_site->is_span_end       ? "span_end"
			   : site->kind == TTLOG_SITE_SPAN ? "span"
							   : "event";

	cbor_out__map(out, 10);
	cbor_out__text(out, "kind");
	cbor_out__text(out, kind);
	cbor_out__text(out, "level");
	cbor_out__text(out, level ? level : "FATAL"); /* of a later version of ttlog.h: above all */
	cbor_out__text(out, "target");
	put_cut_text(out, site->target, text_bytes);
	cbor_out__text(out, "probe");
	put_cut_text(out, site->name, text_bytes);
	cbor_out__text(out, "msg");
	put_cut_text(out, site->message, text_bytes);
	cbor_out__text(out, "file");
	put_cut_text(out, site->file, text_bytes);
	cbor_out__text(out, "func");
	put_cut_text(out, site->function, text_bytes);
	cbor_out__text(out, "line");
	cbor_out__uint(out, site->line);
	cbor_out__text(out, "keys");
	cbor_out__array(out, catalog_site->nfields);
	for (size_t i = 0; i < catalog_site->nfields; i++)
		put_cut_text(out, catalog_site->is_span_end ? "duration_ns" : site->keys[i],
			     catalog_site->is_span_end ? SIZE_MAX : text_bytes);
	cbor_out__text(out, "types");
	cbor_out__array(out, catalog_site->nfields);
	/* sites that occur have types that are known */
	for (size_t i = 0; i < catalog_site->nfields; i++)
		cbor_out__text(out, value__type_name(catalog_site->types[i]));
}

static void put_sites(struct cbor_out *out, const struct catalog *catalog, size_t text_bytes)
{
	const size_t cnt = catalog__site_cnt(catalog);

	cbor_out__array(out, cnt);
	for (uint32_t i = 0; i < cnt; i++)
		put_site(out, catalog__site(catalog, i), text_bytes);
}

/* A name of the kernel's, which ends in no zero where it is as long as it can be. */
static void put_comm(struct map_out *map, const char *name, const char comm[16])
{
	char text[17] = { 0 };

	memcpy(text, comm, 16);
	cbor_out__text(key(map, name), text);
}

/* Sites are numbered module by module. */
static void put_modules(struct cbor_out *out, const struct catalog *catalog)
{
	const uint32_t cnt = (uint32_t)catalog__site_cnt(catalog);
	struct cbor_out body = { 0 };
	size_t module_cnt = 0;

	for (uint32_t i = 0, first = 0; i < cnt; i++) {
		const struct catalog_site *site = catalog__site(catalog, i);

		if (i + 1 < cnt && catalog__site(catalog, i + 1)->module == site->module)
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
	struct map_out map = { 0 };

	put_uint(&map, "pid", thread->pid);
	put_uint(&map, "tid", thread->tid);
	put_comm(&map, "comm", thread->comm);
	if (thread->ns_pid)
		put_uint(&map, "ns_pid", thread->ns_pid);
	if (thread->ns_tid)
		put_uint(&map, "ns_tid", thread->ns_tid);
	end_map(&map, out);
}

static void put_threads(struct cbor_out *out, const struct snapshot_source *source,
			const struct catalog *catalog)
{
	const size_t cnt = catalog__thread_cnt(catalog);

	cbor_out__array(out, cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		const uint32_t number = catalog__thread(catalog, i);
		const struct thread others = { .pid = source->pid };

		put_thread(out, number == CATALOG_NO_NUMBER ? &others : &source->threads[number]);
	}
}

/* ---- how it ended ---- */

static bool is_in(const struct mapping *mapping, const struct crash_frame *frames, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (frames[i].ip >= mapping->start && frames[i].ip < mapping->end)
			return true;
	}
	return false;
}

static bool has_frame(const struct mapping *mapping, const struct crash *crash)
{
	return is_in(mapping, crash->frames, crash->frame_cnt) ||
	       is_in(mapping, crash->outer, crash->outer_cnt);
}

static void put_mapping(struct cbor_out *out, const struct mapping *mapping)
{
	struct map_out map = { 0 };

	put_uint(&map, "start", mapping->start);
	put_uint(&map, "end", mapping->end);
	put_uint(&map, "offset", mapping->offset);
	cbor_out__text(key(&map, "path"), mapping->path ? mapping->path : "");
	put_text(&map, "build_id", mapping->build_id);
	end_map(&map, out);
}

static void put_mappings(struct cbor_out *out, const struct crash *crash, struct header_room *room)
{
	struct cbor_out body = { 0 };
	size_t cnt = 0, path_bytes = 0;

	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		const struct mapping *mapping = &crash->mappings.items[i];
		const size_t bytes = mapping->path ? strlen(mapping->path) : 0;

		if (!has_frame(mapping, crash)) {
			if (bytes > room->path_bytes - path_bytes)
				continue;
			path_bytes += bytes;
		}
		put_mapping(&body, mapping);
		cnt++;
	}
	room->left_mappings = crash->mappings.cnt - cnt;
	cbor_out__array(out, cnt);
	cbor_out__append(out, &body);
	cbor_out__fini(&body);
}

static void put_sender(struct cbor_out *out, const struct crash_sender *sender)
{
	struct map_out map = { 0 };

	put_uint(&map, "pid", sender->pid);
	put_comm(&map, "comm", sender->comm);
	put_uint(&map, "uid", sender->uid);
	end_map(&map, out);
}

static void put_exit(struct cbor_out *out, const struct crash *crash)
{
	struct map_out map = { 0 };

	if (crash->exit_signal)
		put_signal(&map, crash->exit_signal);
	else
		cbor_out__int(key(&map, "code"), crash->exit_code);
	if (crash->exit_signal && crash->sender.pid)
		put_sender(key(&map, "sender"), &crash->sender);
	if (crash->is_oom) {
		cbor_out__bool(key(&map, "oom"), true);
		put_uint(&map, "max_rss_bytes", crash->max_rss_bytes);
	}
	end_map(&map, out);
}

static void put_frames(struct cbor_out *out, const struct crash_frame *frames, size_t cnt)
{
	cbor_out__array(out, cnt);
	for (size_t i = 0; i < cnt; i++) {
		const struct crash_frame *frame = &frames[i];
		struct map_out map = { 0 };

		cbor_out__hex_text(key(&map, "ip"), frame->ip);
		put_text(&map, "module", frame->module);
		put_text(&map, "build_id", frame->build_id);
		if (frame->module)
			cbor_out__hex_text(key(&map, "offset"), frame->offset);
		put_text(&map, "symbol", frame->symbol);
		put_text(&map, "file", frame->file);
		if (frame->line)
			put_uint(&map, "line", frame->line);
		end_map(&map, out);
	}
}

static void put_thrown(struct cbor_out *out, const struct crash *crash)
{
	struct map_out map = { 0 };

	put_text(&map, "type", crash->thrown_type);
	if (crash->thrown_what)
		cbor_out__text(key(&map, "what"), crash->thrown_what);
	end_map(&map, out);
}

static void put_others(struct cbor_out *out, const struct crash *crash)
{
	cbor_out__array(out, crash->other_cnt);
	for (size_t i = 0; i < crash->other_cnt; i++) {
		const struct crash_other *other = &crash->others[i];
		struct map_out map = { 0 };

		put_uint(&map, "tid", other->tid);
		put_comm(&map, "thread", other->thread);
		put_frames(key(&map, "frames"), other->frames, other->frame_cnt);
		end_map(&map, out);
	}
}

static void put_crash(struct cbor_out *out, const struct crash *crash)
{
	struct map_out map = { 0 };

	if (crash->is_reraised)
		cbor_out__bool(key(&map, "reraised"), true);
	if (crash->is_stack_overflow)
		cbor_out__bool(key(&map, "stack_overflow"), true);
	put_signal(&map, crash->signal);
	cbor_out__int(key(&map, "code"), crash->code);
	cbor_out__hex_text(key(&map, "address"), crash->address);
	if (crash->thrown_type)
		put_thrown(key(&map, "exception"), crash);
	put_uint(&map, "tid", crash->tid);
	put_comm(&map, "thread", crash->thread);
	cbor_out__map(key(&map, "registers"), crash->register_cnt);
	for (size_t i = 0; i < crash->register_cnt; i++) {
		cbor_out__text(&map.body, crash->registers[i].name);
		cbor_out__hex_text(&map.body, crash->registers[i].value);
	}
	put_frames(key(&map, "frames"), crash->frames, crash->frame_cnt);
	if (crash->cut != CRASH_CUT_NONE)
		put_text(&map, "cut", crash->cut == CRASH_CUT_FRAMES ? "frames" : "stack");
	if (crash->outer_cnt)
		put_frames(key(&map, "outer_frames"), crash->outer, crash->outer_cnt);
	if (crash->other_cnt)
		put_others(key(&map, "threads"), crash);
	end_map(&map, out);
}

static void put_end_of_process(struct map_out *map, const struct crash *crash,
			       struct header_room *room)
{
	if (crash->mappings.cnt)
		put_mappings(key(map, "mappings"), crash, room);
	if (crash->has_exit)
		put_exit(key(map, "exit"), crash);
	if (crash->has_crash)
		put_crash(key(map, "crash"), crash);
}

void header_out__put_ending(struct cbor_out *out, const struct crash *crash, size_t *ret_pair_cnt)
{
	struct header_room all = { .text_bytes = SIZE_MAX, .path_bytes = SIZE_MAX };
	struct map_out map = { 0 };

	put_end_of_process(&map, crash, &all);
	cbor_out__append(out, &map.body);
	cbor_out__fini(&map.body);
	*ret_pair_cnt = map.cnt;
}

static void put_ending(struct map_out *map, const struct crash_ending *ending)
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
	struct map_out map = { 0 };
	uint64_t total = 0;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		total += causes[i].cnt;
	put_uint(&map, "total", total);
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].cnt)
			put_uint(&map, causes[i].cause, causes[i].cnt);
	end_map(&map, out);
}

static void put_accounting(struct map_out *map, const struct snapshot_source *source)
{
	put_uint(map, "emitted", source->emitted);
	put_uint(map, "recorded", source->recorded);
	put_uint(map, "overwritten", source->overwritten);
	put_lost(key(map, "lost"), &source->lost);
}

/* ---- the maps ---- */

static void put_created_at(struct map_out *map, uint64_t real_ns)
{
	const time_t seconds = (time_t)(real_ns / NS_PER_S);
	char text[64], day[32];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	(void)snprintf(text, sizeof(text), "%s.%09uZ", day, (unsigned int)(real_ns % NS_PER_S));
	put_text(map, "created_at", text);
}

static void put_clock(struct cbor_out *out, const struct header_time *created)
{
	struct map_out map = { 0 };

	put_uint(&map, "mono_ns", created->mono_ns);
	put_uint(&map, "real_ns", created->real_ns);
	end_map(&map, out);
}

static void put_process(struct map_out *map, const struct snapshot_source *source)
{
	struct utsname host;

	put_uint(map, "pid", source->pid);
	put_uint(map, "uid", source->uid);
	put_uint(map, "cgroup", source->cgroup);
	put_text(map, "boot_id", source->boot_id);
	if (source->start_ns)
		put_uint(map, "start_time", start_time__ticks(source->start_ns));
	put_text(map, "service", source->service);
	if (uname(&host) == 0) {
		put_text(map, "host", host.nodename);
		put_text(map, "kernel", host.release);
	}
	put_text(map, "comm", source->comm);
	put_text(map, "exe", source->exe);
	put_text(map, "build_id", source->build_id);
	cbor_out__text(key(map, "reason"), source->reason ? source->reason : "");
}

static void put_left_out(struct map_out *map, const struct header_room *room)
{
	struct map_out left = { 0 };

	if (room->left_threads)
		put_uint(&left, "threads", room->left_threads);
	if (room->left_sites)
		put_uint(&left, "sites", room->left_sites);
	if (room->left_mappings)
		put_uint(&left, "mappings", room->left_mappings);
	if (room->text_bytes != SIZE_MAX)
		put_uint(&left, "text_bytes", room->text_bytes);
	if (left.cnt)
		end_map(&left, key(map, "left_out"));
}

void header_out__put(struct cbor_out *out, const struct snapshot_source *source,
		     const struct catalog *catalog, const struct header_time *created,
		     struct header_room *room)
{
	struct header_room all = { .text_bytes = SIZE_MAX, .path_bytes = SIZE_MAX };
	struct map_out map = { 0 };

	if (!room)
		room = &all;
	put_text(&map, "item", "header");
	put_uint(&map, "format", FORMAT_NUMBER);
	put_uint(&map, "incompatible", 0);
	put_uint(&map, "compatible", 0);
	put_clock(key(&map, "clock"), created);
	put_created_at(&map, created->real_ns);
	put_process(&map, source);
	put_accounting(&map, source);
	if (source->crash)
		put_end_of_process(&map, source->crash, room);
	else if (source->ending.len)
		put_ending(&map, &source->ending);
	put_threads(key(&map, "threads"), source, catalog);
	put_sites(key(&map, "sites"), catalog, room->text_bytes);
	put_modules(key(&map, "modules"), catalog);
	put_left_out(&map, room);
	end_map(&map, out);
}

/* ---- how large the file has to be ---- */

static uint64_t ending_table_bytes(const struct snapshot_source *source,
				   const struct header_room *room)
{
	const struct crash *crash = source->crash;
	uint64_t frames;

	/* all of it frames, of which only the ip is known */
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
	const uint32_t site_cnt = (uint32_t)catalog__site_cnt(catalog);
	uint64_t bytes = ending_table_bytes(source, room);

	/* at most a module for each site */
	bytes += (uint64_t)site_cnt * FORMAT_SITE_TABLE_BYTES;
	for (uint32_t i = 0; i < site_cnt; i++)
		bytes += catalog__site(catalog, i)->nfields * (uint64_t)FORMAT_KEY_TABLE_BYTES;
	return bytes + catalog__thread_cnt(catalog) * (uint64_t)FORMAT_THREAD_TABLE_BYTES;
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
			 const struct header_totals *totals, const struct cbor_out *header)
{
	struct map_out map = { 0 };

	put_text(&map, "item", "end");
	put_uint(&map, "events", totals->events);
	put_uint(&map, "chunks", totals->chunks);
	if (totals->events) {
		put_uint(&map, "first_ns", totals->first_ns);
		put_uint(&map, "last_ns", totals->last_ns);
	}
	put_accounting(&map, source);
	cbor_out__append(key(&map, "header"), header);
	end_map(&map, out);
}
