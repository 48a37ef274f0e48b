/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_out.h"
#include "crash.h"
#include "ending_out.h"

void ending_out__put_signal(struct cbor_map *map, int signal)
{
	char name[CRASH_SIGNAL_NAME_BYTES];

	crash__signal_name(signal, name);
	cbor_map__text(map, "signal", name);
	cbor_out__int(cbor_map__key(map, "number"), signal);
}

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
	struct cbor_map map = { 0 };

	cbor_map__uint(&map, "start", mapping->start);
	cbor_map__uint(&map, "end", mapping->end);
	cbor_map__uint(&map, "offset", mapping->offset);
	cbor_out__text(cbor_map__key(&map, "path"), mapping->path ? mapping->path : "");
	cbor_map__text(&map, "build_id", mapping->build_id);
	cbor_map__end(&map, out);
}

/* Returns how many were left out. */
static size_t put_mappings(struct cbor_out *out, const struct crash *crash, size_t max_path_bytes)
{
	struct cbor_out body = { 0 };
	size_t cnt = 0, path_bytes = 0;

	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		const struct mapping *mapping = &crash->mappings.items[i];
		const size_t bytes = mapping->path ? strlen(mapping->path) : 0;

		if (!has_frame(mapping, crash)) {
			if (bytes > max_path_bytes - path_bytes)
				continue;
			path_bytes += bytes;
		}
		put_mapping(&body, mapping);
		cnt++;
	}
	cbor_out__array(out, cnt);
	cbor_out__append(out, &body);
	cbor_out__fini(&body);
	return crash->mappings.cnt - cnt;
}

static void put_sender(struct cbor_out *out, const struct crash_sender *sender)
{
	struct cbor_map map = { 0 };

	cbor_map__uint(&map, "pid", sender->pid);
	cbor_map__comm(&map, "comm", sender->comm);
	cbor_map__uint(&map, "uid", sender->uid);
	cbor_map__end(&map, out);
}

static void put_exit(struct cbor_out *out, const struct crash *crash)
{
	struct cbor_map map = { 0 };

	if (crash->exit_signal)
		ending_out__put_signal(&map, crash->exit_signal);
	else
		cbor_out__int(cbor_map__key(&map, "code"), crash->exit_code);
	if (crash->exit_signal && crash->sender.pid)
		put_sender(cbor_map__key(&map, "sender"), &crash->sender);
	if (crash->is_oom) {
		cbor_out__bool(cbor_map__key(&map, "oom"), true);
		cbor_map__uint(&map, "max_rss_bytes", crash->max_rss_bytes);
	}
	cbor_map__end(&map, out);
}

void ending_out__put_frame(struct cbor_out *out, const struct crash_frame *frame)
{
	struct cbor_map map = { 0 };

	cbor_out__hex_text(cbor_map__key(&map, "ip"), frame->ip);
	cbor_map__text(&map, "module", frame->module);
	cbor_map__text(&map, "build_id", frame->build_id);
	if (frame->module)
		cbor_out__hex_text(cbor_map__key(&map, "offset"), frame->offset);
	cbor_map__text(&map, "symbol", frame->symbol);
	cbor_map__text(&map, "file", frame->file);
	if (frame->line)
		cbor_map__uint(&map, "line", frame->line);
	cbor_map__end(&map, out);
}

static void put_frames(struct cbor_out *out, const struct crash_frame *frames, size_t cnt)
{
	cbor_out__array(out, cnt);
	for (size_t i = 0; i < cnt; i++)
		ending_out__put_frame(out, &frames[i]);
}

static void put_thrown(struct cbor_out *out, const struct crash *crash)
{
	struct cbor_map map = { 0 };

	cbor_map__text(&map, "type", crash->thrown_type);
	if (crash->thrown_what)
		cbor_out__text(cbor_map__key(&map, "what"), crash->thrown_what);
	cbor_map__end(&map, out);
}

static void put_others(struct cbor_out *out, const struct crash *crash)
{
	cbor_out__array(out, crash->other_cnt);
	for (size_t i = 0; i < crash->other_cnt; i++) {
		const struct crash_other *other = &crash->others[i];
		struct cbor_map map = { 0 };

		cbor_map__uint(&map, "tid", other->tid);
		cbor_map__comm(&map, "thread", other->thread);
		put_frames(cbor_map__key(&map, "frames"), other->frames, other->frame_cnt);
		cbor_map__end(&map, out);
	}
}

static void put_crash(struct cbor_out *out, const struct crash *crash)
{
	struct cbor_map map = { 0 };

	if (crash->is_reraised)
		cbor_out__bool(cbor_map__key(&map, "reraised"), true);
	if (crash->is_stack_overflow)
		cbor_out__bool(cbor_map__key(&map, "stack_overflow"), true);
	ending_out__put_signal(&map, crash->signal);
	cbor_out__int(cbor_map__key(&map, "code"), crash->code);
	cbor_out__hex_text(cbor_map__key(&map, "address"), crash->address);
	if (crash->thrown_type)
		put_thrown(cbor_map__key(&map, "exception"), crash);
	cbor_map__uint(&map, "tid", crash->tid);
	cbor_map__comm(&map, "thread", crash->thread);
	cbor_out__map(cbor_map__key(&map, "registers"), crash->register_cnt);
	for (size_t i = 0; i < crash->register_cnt; i++) {
		cbor_out__text(&map.body, crash->registers[i].name);
		cbor_out__hex_text(&map.body, crash->registers[i].value);
	}
	put_frames(cbor_map__key(&map, "frames"), crash->frames, crash->frame_cnt);
	if (crash->cut != CRASH_CUT_NONE)
		cbor_map__text(&map, "cut", crash->cut == CRASH_CUT_FRAMES ? "frames" : "stack");
	if (crash->outer_cnt)
		put_frames(cbor_map__key(&map, "outer_frames"), crash->outer, crash->outer_cnt);
	if (crash->other_cnt)
		put_others(cbor_map__key(&map, "threads"), crash);
	cbor_map__end(&map, out);
}

size_t ending_out__put(struct cbor_map *map, const struct crash *crash, size_t max_path_bytes)
{
	size_t left_out = 0;

	if (crash->mappings.cnt)
		left_out = put_mappings(cbor_map__key(map, "mappings"), crash, max_path_bytes);
	if (crash->has_exit)
		put_exit(cbor_map__key(map, "exit"), crash);
	if (crash->has_crash)
		put_crash(cbor_map__key(map, "crash"), crash);
	if (crash->has_crash)
		cbor_map__text(map, "signature", crash->signature);
	return left_out;
}
