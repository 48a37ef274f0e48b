/* SPDX-License-Identifier: MIT */
/*
 * A walk over new records. What concerns no watch costs a look at its head, and less if records of
 * one site and length follow one another.
 */
#include <stddef.h>
#include <string.h>

#include "ttlog/abi.h"

#include "clock.h"
#include "merge.h"
#include "process.h"
#include "record.h"
#include "record_filter.h"
#include "site.h"
#include "watched_module.h"
#include "watches_parts.h"

/* Evaluating expressions takes a quarter of each window at most; the clock is read as often. */
#define WINDOW_NS       100000000ull
#define SHARE_NS        (WINDOW_NS / 4)
#define EVALUATIONS_CNT 16u

struct ticks_map {
	bool is_set;
	struct clock_span span;
};

struct walk {
	struct watches *watches;
	struct process *process;
	const struct ring_entry *entry;
	const struct watched_site *site; /* of the record */
	struct record record;
	uint32_t wanted;              /* event watches that may still fire */
	uint32_t suppressed;          /* watches that did, too soon: counted once */
	struct ticks_map now, before; /* times of records, and of where spans began */
	uint64_t begun_ns;            /* when the first expression was evaluated; 0: none was */
	unsigned evaluated_cnt;
	bool is_late; /* there is no time for more expressions */
};

static uint64_t mono_ns(const struct walk *walk, struct ticks_map *map, uint64_t ticks)
{
	if (!map->is_set || ticks < map->span.from_ticks || ticks > map->span.to_ticks)
		clock__find_span(walk->watches->clock, (uint8_t)walk->entry->clock, ticks,
				 walk->entry->stamp_ns, &map->span);
	map->is_set = true;
	return clock_span__mono_ns(&map->span, ticks);
}

static uint64_t ticks_of(const struct walk *walk)
{
	return walk->entry->base_ticks + walk->record.delta_ticks;
}

/* Only of the end of a span. */
static uint64_t begin_ticks_of(const struct walk *walk)
{
	uint64_t ticks;

	memcpy(&ticks, walk->record.fields, sizeof(ticks));
	return ticks;
}

static uint64_t duration_ns(struct walk *walk)
{
	const uint64_t begin_ns = mono_ns(walk, &walk->before, begin_ticks_of(walk));
	const uint64_t end_ns = mono_ns(walk, &walk->now, ticks_of(walk));

	return end_ns > begin_ns ? end_ns - begin_ns : 0;
}

static const struct thread *thread_of(const struct walk *walk)
{
	return &walk->process->threads.items[walk->entry->thread];
}

static void fire(struct walk *walk, const struct watch_event *event)
{
	const uint32_t bit = UINT32_C(1) << event->watch;

	if (watches__fire(walk->watches, walk->process, event)) {
		/* the snapshot will show all */
		walk->wanted = 0;
		return;
	}
	walk->wanted &= ~bit;
	if (walk->suppressed & bit)
		return;
	walk->suppressed |= bit;
	watches__suppress(walk->watches, walk->process, event->watch);
}

/* ---- events ---- */

static uint64_t real_ns(uint64_t at_mono_ns)
{
	return clock__now_real_ns() - clock__now_mono_ns() + at_mono_ns;
}

static bool matches(struct walk *walk, const struct record_filter *filter)
{
	const struct merge_record record = {
		.mono_ns = mono_ns(walk, &walk->now, ticks_of(walk)),
		.duration_ns = walk->site->site.is_span_end ? duration_ns(walk) : 0,
		.site = &walk->site->site,
		.fields = walk->record.fields,
		.bytes = (uint32_t)(sizeof(struct ttlog_record) + walk->record.fields_len),
		.thread = walk->entry->thread,
	};
	const struct record_facts facts = {
		.record = &record,
		.thread = thread_of(walk),
		.real_ns = real_ns(record.mono_ns),
	};

	return record_filter__matches(filter, &facts);
}

/* Whether there is time to evaluate one more expression. */
static bool has_time(struct walk *walk)
{
	struct watches *watches = walk->watches;
	uint64_t now_ns;

	if (walk->is_late)
		return false;
	if (walk->evaluated_cnt++ % EVALUATIONS_CNT)
		return true;
	now_ns = clock__now_mono_ns();
	if (!walk->begun_ns)
		walk->begun_ns = now_ns;
	if (now_ns - watches->window_ns >= WINDOW_NS) {
		watches->window_ns = now_ns;
		watches->spent_ns = 0;
	}
	walk->is_late = watches->spent_ns + (now_ns - walk->begun_ns) > SHARE_NS;
	return !walk->is_late;
}

static void look_at_event(struct walk *walk, size_t number)
{
	const uint32_t bit = UINT32_C(1) << number;
	const struct watch_event event = {
		.watch = number,
		.probe = walk->site->site.site->name,
		.mono_ns = mono_ns(walk, &walk->now, ticks_of(walk)),
		.tid = thread_of(walk)->tid,
	};

	if (!(walk->site->certain & bit)) {
		if (!has_time(walk)) {
			walk->watches->unchecked_cnt++;
			return;
		}
		if (!matches(walk, walk->process->watch->plan->watches[number].filter))
			return;
	}
	fire(walk, &event);
}

static void look_at_events(struct walk *walk)
{
	uint32_t left;

	for (left = walk->site->events; left & walk->wanted; left &= left - 1) {
		left &= walk->wanted;
		look_at_event(walk, (size_t)__builtin_ctz(left));
	}
}

/* ---- spans ---- */

static void begin_span(struct walk *walk)
{
	const struct begun_span span = {
		.begin_ticks = ticks_of(walk),
		.begin_ns = mono_ns(walk, &walk->now, ticks_of(walk)),
		.site = walk->site,
		.tid = thread_of(walk)->tid,
	};

	begun_spans__add(&walk->process->watch->spans, &span);
}

static void end_span(struct walk *walk)
{
	struct watch_event event = {
		.probe = walk->site->site.site->name,
		.duration_ns = duration_ns(walk),
		.tid = thread_of(walk)->tid,
	};
	uint32_t left = walk->site->slows;

	event.mono_ns = mono_ns(walk, &walk->before, begin_ticks_of(walk));
	left &= ~begun_spans__end(&walk->process->watch->spans, event.tid, begin_ticks_of(walk));
	for (; left; left &= left - 1) {
		event.watch = (size_t)__builtin_ctz(left);
		if (event.duration_ns >
		    walk->process->watch->plan->watches[event.watch].duration_ns)
			fire(walk, &event);
	}
}

/* ---- the walk ---- */

static void look_at(struct walk *walk)
{
	const struct catalog_site *site = &walk->site->site;

	if (!catalog_site__fits(site, walk->record.fields, walk->record.fields_len))
		return;
	if (walk->site->slows && site->is_span_end)
		end_span(walk);
	else if (walk->site->slows)
		begin_span(walk);
	if (walk->site->events & walk->wanted)
		look_at_events(walk);
}

static uint32_t site_len_at(const unsigned char *record)
{
	uint32_t site_len;

	memcpy(&site_len, record + offsetof(struct ttlog_record, site_len), sizeof(site_len));
	return site_len;
}

#define ALIKE_CNT 8u

static inline __attribute__((always_inline)) void skip_alike_of(struct record_walk *records,
								uint32_t site_len, size_t len)
{
	const unsigned char *at = records->at;
	size_t cnt = (size_t)(records->end - at) / len;

	if (cnt > records->left)
		cnt = records->left;
	for (cnt /= ALIKE_CNT; cnt; cnt--) {
		uint32_t differ = 0;

		for (unsigned i = 0; i < ALIKE_CNT; i++)
			differ |= site_len_at(at + i * len) ^ site_len;
		if (differ)
			break;
		at += ALIKE_CNT * len;
	}
	records->left -= (uint32_t)((size_t)(at - records->at) / len);
	records->at = at;
}

/* Skips records with that site and length, eight at a time: their places are known without reading
 * one after another. With a length that the compiler knows, that takes half as long. */
static void skip_alike(struct record_walk *records, uint32_t site_len, size_t len)
{
	switch (len) {
	case 16:
		skip_alike_of(records, site_len, 16);
		break;
	case 24:
		skip_alike_of(records, site_len, 24);
		break;
	case 32:
		skip_alike_of(records, site_len, 32);
		break;
	case 40:
		skip_alike_of(records, site_len, 40);
		break;
	case 48:
		skip_alike_of(records, site_len, 48);
		break;
	default:
		skip_alike_of(records, site_len, len);
		break;
	}
}

/* The same of records of any site that is not watched. */
static void skip_as_long(struct record_walk *records, const struct watched_module *module,
			 uint32_t site_len, size_t len)
{
	const uint8_t *is_watched = module->is_watched;
	const unsigned char *at = records->at;
	size_t cnt = (size_t)(records->end - at) / len;

	if (cnt > records->left)
		cnt = records->left;
	for (cnt /= ALIKE_CNT; cnt; cnt--) {
		uint32_t differ = 0, watched = 0;

		for (unsigned i = 0; i < ALIKE_CNT; i++) {
			const uint32_t other = site_len_at(at + i * len);

			differ |= other ^ site_len;
			watched |= is_watched[other >> TTLOG_RECORD_LEN_BITS];
		}
		if ((differ & TTLOG_RECORD_LEN_MASK) | watched)
			break;
		at += ALIKE_CNT * len;
	}
	records->left -= (uint32_t)((size_t)(at - records->at) / len);
	records->at = at;
}

/* The first record that is watched, in walk->record. False: there is none. */
static bool find_watched(struct walk *walk, const struct watched_module *module,
			 struct record_walk *records)
{
	const uint8_t *is_watched = module->is_watched;
	size_t last_len = 0;
	uint32_t last = 0, as_long_cnt = 0;

	while (records->left &&
	       (size_t)(records->end - records->at) >= sizeof(struct ttlog_record)) {
		const uint32_t site_len = site_len_at(records->at);
		const size_t len = (size_t)(site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;

		if (is_watched[site_len >> TTLOG_RECORD_LEN_BITS]) {
			walk->site =
				watched_module__find(module, site_len >> TTLOG_RECORD_LEN_BITS);
			return record_walk__next(records, &walk->record) == 1;
		}
		/* nothing tells where the next record begins */
		if (len < sizeof(struct ttlog_record) || len > (size_t)(records->end - records->at))
			return false;
		records->at += len;
		records->left--;
		/* without a branch, which would be guessed wrong too often */
		as_long_cnt = (as_long_cnt + 1) & -(uint32_t)(len == last_len);
		if (as_long_cnt > ALIKE_CNT) {
			if (site_len == last)
				skip_alike(records, site_len, len);
			skip_as_long(records, module, site_len, len);
			as_long_cnt = 0;
		}
		last = site_len;
		last_len = len;
	}
	return false;
}

static void walk_all(struct walk *walk, const struct watched_module *module)
{
	struct record_walk records = {
		.at = walk->process->taken.records,
		.end = walk->process->taken.records + walk->entry->bytes,
		.left = walk->entry->events,
	};

	/* it does not know side records from others */
	if (walk->process->taken.flags & TTLOG_BATCH_SIDE)
		records.left = walk->entry->bytes / (uint32_t)sizeof(struct ttlog_record);

	while ((walk->wanted || module->has_slows) && find_watched(walk, module, &records))
		look_at(walk);
}

void watches__walk(struct watches *watches, struct process *process,
		   const struct watched_module *module)
{
	struct walk walk = {
		.watches = watches,
		.process = process,
		.entry = &process->taken.entry,
		/* what is due will show these, too */
		.wanted = process->snapshots.schedule.due_ns ? 0 : UINT32_MAX,
	};

	if (!walk.wanted && !module->has_slows)
		return;
	walk_all(&walk, module);
	if (walk.begun_ns)
		watches->spent_ns += clock__now_mono_ns() - walk.begun_ns;
}

void watches__check(struct watches *watches, struct process *process, uint64_t now_ns)
{
	struct begun_spans *spans = process->watch ? &process->watch->spans : NULL;
	struct begun_span *span;
	uint32_t at = 0;

	while (spans && spans->used_cnt && (span = begun_spans__next(spans, &at))) {
		struct watch_event event = {
			.probe = span->site->site.site->name,
			.mono_ns = span->begin_ns,
			.duration_ns = now_ns > span->begin_ns ? now_ns - span->begin_ns : 0,
			.tid = span->tid,
			.is_open = true,
		};
		uint32_t left = span->site->slows & ~span->fired;

		for (; left; left &= left - 1) {
			event.watch = (size_t)__builtin_ctz(left);
			if (event.duration_ns <=
			    process->watch->plan->watches[event.watch].duration_ns)
				continue;
			span->fired |= UINT32_C(1) << event.watch;
			if (!watches__fire(watches, process, &event))
				watches__suppress(watches, process, event.watch);
		}
	}
}
