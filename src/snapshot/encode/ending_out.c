/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "cbor_out.h"
#include "crash.h"
#include "ending_out.h"
#include "event_stacks.h"

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

static void put_frame(struct cbor_out *out, const struct crash_frame *frame)
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
		put_frame(out, &frames[i]);
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

/* ---- stacks of events ---- */

struct stacks_out {
	const struct crash_frame **frames; /* each once */
	size_t frame_cnt;
	struct cbor_out lists, events;
	size_t list_cnt, event_cnt;
	const struct crash_other *last; /* the stack of the last list */
};

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Inlined functions have the same ip, and other names. */
static bool is_same_frame(const struct crash_frame *a, const struct crash_frame *b)
{
	return a->ip == b->ip && a->line == b->line && a->offset == b->offset &&
	       is_same_text(a->symbol, b->symbol) && is_same_text(a->module, b->module);
}

static size_t frame_number(struct stacks_out *stacks, const struct crash_frame *frame)
{
	size_t i = 0;

	while (i < stacks->frame_cnt && !is_same_frame(stacks->frames[i], frame))
		i++;
	if (i == stacks->frame_cnt)
		stacks->frames[stacks->frame_cnt++] = frame;
	return i;
}

static bool is_same_stack(const struct crash_other *a, const struct crash_other *b)
{
	if (a->frame_cnt != b->frame_cnt)
		return false;
	for (size_t i = 0; i < a->frame_cnt; i++) {
		if (!is_same_frame(&a->frames[i], &b->frames[i]))
			return false;
	}
	return true;
}

static void add_stack(struct stacks_out *stacks, const struct event_stack *stack,
		      const struct catalog *catalog)
{
	const struct catalog_site *site = catalog__find(catalog, stack->module, stack->site);
	const uint32_t thread = catalog__thread_number(catalog, stack->thread);
	const struct crash_other *where = &stack->where;

	if (!site || site->number >= catalog->site_cnt || thread >= catalog->thread_cnt ||
	    !where->frame_cnt)
		return;
	if (!stacks->last || !is_same_stack(stacks->last, where)) {
		cbor_out__array(&stacks->lists, where->frame_cnt);
		for (size_t i = 0; i < where->frame_cnt; i++)
			cbor_out__uint(&stacks->lists, frame_number(stacks, &where->frames[i]));
		stacks->list_cnt++;
		stacks->last = where;
	}
	cbor_out__array(&stacks->events, 7);
	cbor_out__uint(&stacks->events, thread);
	cbor_out__uint(&stacks->events, site->module);
	cbor_out__uint(&stacks->events, stack->seq);
	cbor_out__uint(&stacks->events, stack->ticks);
	cbor_out__uint(&stacks->events, stack->place);
	cbor_out__uint(&stacks->events, site->number);
	cbor_out__uint(&stacks->events, stacks->list_cnt - 1);
	stacks->event_cnt++;
}

static void put_stacks(struct cbor_out *out, const struct stacks_out *stacks)
{
	struct cbor_out *to;
	struct cbor_map map = { 0 };

	to = cbor_map__key(&map, "frames");
	cbor_out__array(to, stacks->frame_cnt);
	for (size_t i = 0; i < stacks->frame_cnt; i++)
		put_frame(to, stacks->frames[i]);
	to = cbor_map__key(&map, "lists");
	cbor_out__array(to, stacks->list_cnt);
	cbor_out__append(to, &stacks->lists);
	to = cbor_map__key(&map, "events");
	cbor_out__array(to, stacks->event_cnt);
	cbor_out__append(to, &stacks->events);
	cbor_map__end(&map, out);
}

void ending_out__put_stacks(struct cbor_map *map, const struct event_stack *stacks, size_t cnt,
			    const struct catalog *catalog)
{
	struct stacks_out out = {
		.frames = calloc(cnt * CRASH_OTHER_FRAMES + 1, sizeof(struct crash_frame *)),
	};

	for (size_t i = 0; out.frames && i < cnt; i++)
		add_stack(&out, &stacks[i], catalog);
	if (out.event_cnt)
		put_stacks(cbor_map__key(map, "stacks"), &out);
	cbor_out__fini(&out.lists);
	cbor_out__fini(&out.events);
	free(out.frames);
}
