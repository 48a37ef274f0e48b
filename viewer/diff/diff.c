/* SPDX-License-Identifier: MIT */
/*
 * Sites are matched first: by identity, then, for a program that was built again, by kind, target,
 * probe and message. Each pair of sites gives findings, as do levels, threads and the ends of the
 * processes.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "diff.h"
#include "ending.h"
#include "field.h"
#include "hash.h"
#include "significance.h"

/* A crash tells most; any other end of the process comes next. */
#define CRASH_SCORE 1000.0
#define EXIT_SCORE  500.0
/* What sums up other findings comes after them. */
#define SUM_SCORE   0.5
/* Fields with more values than this, all different, are ids. */
#define ID_MIN      16u
#define NONE        UINT32_MAX

/* The numbers of a site in one run and in the other, or NONE. */
struct pair {
	uint32_t site[2];
};

struct entry {
	uint64_t hash;
	uint32_t number;
};

/* ---- Findings ---- */

static int add(struct diff *diff, const struct finding *finding)
{
	if (array__reserve(diff->findings, diff->cnt + 1, &diff->cap))
		return -ENOMEM;
	diff->findings[diff->cnt++] = *finding;
	return 0;
}

static double severity(uint8_t level)
{
	static const double FACTORS[] = {
		[TTLOG_LEVEL_TRACE] = 1,  [TTLOG_LEVEL_DEBUG] = 1, [TTLOG_LEVEL_INFO] = 1,
		[TTLOG_LEVEL_WARN] = 1.5, [TTLOG_LEVEL_ERROR] = 2, [TTLOG_LEVEL_FATAL] = 3,
	};

	return FACTORS[level];
}

static uint64_t greater(const uint64_t *cnt)
{
	return cnt[0] > cnt[1] ? cnt[0] : cnt[1];
}

/* Compares the counts of events by time. An error that only one run has is a finding even if it
 * occurs once. */
static int compare_counts(struct diff *diff, struct finding *finding, uint8_t level, double factor)
{
	struct significance found =
		significance__counts(finding->cnt[0], profile__seconds(&diff->profiles[0]),
				     finding->cnt[1], profile__seconds(&diff->profiles[1]));
	bool is_only_error = level >= TTLOG_LEVEL_ERROR && !finding->cnt[0] != !finding->cnt[1];

	if (!found.is_sure && !is_only_error)
		return 0;
	finding->score =
		significance__weight(found, greater(finding->cnt)) * severity(level) * factor;
	return add(diff, finding);
}

/* ---- Fields ---- */

static int compare_numbers(struct diff *diff, struct finding *finding)
{
	static const enum statistic WHICH[] = { STATISTIC_P50, STATISTIC_P99 };
	const struct aggregate *a = finding->aggregates[0], *b = finding->aggregates[1];

	finding->of[0] = aggregate__cnt(a);
	finding->of[1] = aggregate__cnt(b);
	for (unsigned i = 0; i < 2; i++) {
		struct significance found = significance__quantiles(a, b, WHICH[i]);
		double weight = significance__weight(found, greater(finding->of));

		if (found.is_sure && weight > finding->score) {
			finding->score = weight;
			finding->statistic = WHICH[i];
		}
	}
	return finding->score > 0 ? add(diff, finding) : 0;
}

/* Puts a value into the finding if it tells more than the one that is there. */
static void compare_value(struct finding *finding, struct ttlog_text value, bool is_null,
			  uint64_t a, uint64_t b)
{
	struct significance found = significance__shares(a, finding->of[0], b, finding->of[1]);
	double weight = significance__weight(found, a > b ? a : b);

	if (!found.is_sure)
		return;
	finding->more++;
	if (weight <= finding->score)
		return;
	finding->score = weight;
	finding->name = value;
	finding->is_null = is_null;
	finding->cnt[0] = a;
	finding->cnt[1] = b;
}

static bool are_ids(const struct value_counts *a, const struct value_counts *b)
{
	if (a->different <= ID_MIN || b->different <= ID_MIN)
		return false;
	for (uint32_t i = 0; i < a->cap; i++) {
		const struct value_count *slot = &a->slots[i];

		if (slot->cnt && value_counts__of(b, (struct ttlog_text){ slot->p, slot->len }))
			return false;
	}
	return true;
}

static int compare_values(struct diff *diff, struct finding *finding, const struct value_counts *a,
			  const struct value_counts *b)
{
	if (a->too_many || b->too_many || are_ids(a, b))
		return 0;
	finding->of[0] = a->cnt;
	finding->of[1] = b->cnt;
	compare_value(finding, (struct ttlog_text){ NULL, 0 }, true, a->null_cnt, b->null_cnt);
	for (int side = 0; side < 2; side++) {
		const struct value_counts *in = side ? b : a;

		for (uint32_t i = 0; i < in->cap; i++) {
			struct ttlog_text value = { in->slots[i].p, in->slots[i].len };
			uint64_t a_cnt = value_counts__of(a, value);

			/* values of both runs came in the first round */
			if (in->slots[i].cnt && (!side || !a_cnt))
				compare_value(finding, value, false, a_cnt,
					      value_counts__of(b, value));
		}
	}
	if (!finding->more)
		return 0;
	finding->more--;
	return add(diff, finding);
}

static int compare_field(struct diff *diff, const struct finding *of, unsigned idx,
			 const struct profile_field *a, const struct profile_field *b)
{
	const uint8_t type = of->site->types[idx];
	struct finding finding = { .site = of->site, .key = of->site->keys[idx], .type = type };
	bool is_duration = idx < ttlog_site_first_field(of->site);

	if (value_counts__takes(type)) {
		finding.kind = FINDING_VALUE;
		return compare_values(diff, &finding, &a->values, &b->values);
	}
	if (!aggregate__takes(type) || !aggregate__cnt(&a->aggregate) ||
	    !aggregate__cnt(&b->aggregate))
		return 0;
	if (!is_duration && !a->falls && !b->falls)
		return 0;
	finding.kind = is_duration ? FINDING_DURATION : FINDING_NUMBER;
	finding.aggregates[0] = &a->aggregate;
	finding.aggregates[1] = &b->aggregate;
	return compare_numbers(diff, &finding);
}

static bool is_field(const struct ttlog_site *site, unsigned i, struct ttlog_text key, uint8_t type)
{
	return site->types[i] == type && ttlog_text_equal(site->keys[i], key);
}

/* Which field of the other site is field `idx`; its nfields: none. A site may have a key twice. */
static unsigned find_field(const struct ttlog_site *other, const struct ttlog_site *site,
			   unsigned idx)
{
	unsigned before = 0, k;

	for (unsigned i = 0; i < idx; i++)
		before += is_field(site, i, site->keys[idx], site->types[idx]);
	for (k = 0; k < other->nfields; k++) {
		if (is_field(other, k, site->keys[idx], site->types[idx]) && !before--)
			break;
	}
	return k;
}

static int compare_fields(struct diff *diff, const struct finding *of, const struct pair *pair)
{
	const struct ttlog_site *site = of->site, *other;
	const struct profile_site *a = &diff->profiles[0].sites[pair->site[0]];
	const struct profile_site *b = &diff->profiles[1].sites[pair->site[1]];
	int err = 0;

	other = diff->profiles[0].info->sites[pair->site[0]];
	for (unsigned i = 0; a->fields && b->fields && i < site->nfields && !err; i++) {
		unsigned k = find_field(other, site, i);

		if (k < other->nfields)
			err = compare_field(diff, of, i, &a->fields[k], &b->fields[i]);
	}
	return err;
}

/* ---- Sites ---- */

static int by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static uint64_t name_hash(const struct ttlog_site *site)
{
	const struct ttlog_text names[] = { site->target, site->probe, site->msg };
	uint64_t hash = site->kind;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		hash = hash__bytes(hash, names[i].p, names[i].len);
	return hash;
}

/* Pairs entries of the same hash. The entries that are left move to the front of their list. */
static size_t join(struct entry **entries, size_t *cnts, struct pair *pairs)
{
	size_t at[2] = { 0, 0 }, left[2] = { 0, 0 }, pair_cnt = 0;

	for (int side = 0; side < 2; side++)
		qsort(entries[side], cnts[side], sizeof(**entries), by_hash);
	while (at[0] < cnts[0] || at[1] < cnts[1]) {
		const struct entry *a = &entries[0][at[0]], *b = &entries[1][at[1]];
		int side;

		if (at[0] < cnts[0] && at[1] < cnts[1] && a->hash == b->hash) {
			pairs[pair_cnt++] = (struct pair){ { a->number, b->number } };
			at[0]++;
			at[1]++;
			continue;
		}
		side = at[0] == cnts[0] || (at[1] < cnts[1] && b->hash < a->hash);
		entries[side][left[side]++] = entries[side][at[side]++];
	}
	cnts[0] = left[0];
	cnts[1] = left[1];
	return pair_cnt;
}

/* Returns the number of pairs; `pairs` has room for all sites of both runs. */
static size_t match(const struct profile *profiles, struct entry **entries, struct pair *pairs)
{
	size_t cnts[2], cnt;

	for (int side = 0; side < 2; side++) {
		const struct ttlog_info *info = profiles[side].info;

		cnts[side] = info->site_cnt;
		for (uint32_t i = 0; i < info->site_cnt; i++)
			entries[side][i] = (struct entry){ info->sites[i]->identity, i };
	}
	cnt = join(entries, cnts, pairs);
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < cnts[side]; i++)
			entries[side][i].hash =
				name_hash(profiles[side].info->sites[entries[side][i].number]);
	}
	cnt += join(entries, cnts, pairs + cnt);
	for (size_t i = 0; i < cnts[0]; i++)
		pairs[cnt++] = (struct pair){ { entries[0][i].number, NONE } };
	for (size_t i = 0; i < cnts[1]; i++)
		pairs[cnt++] = (struct pair){ { NONE, entries[1][i].number } };
	return cnt;
}

static uint64_t count_of(const struct diff *diff, const struct pair *pair, int side)
{
	return pair->site[side] == NONE ? 0 : diff->profiles[side].sites[pair->site[side]].cnt;
}

static int compare_pair(struct diff *diff, const struct pair *pair)
{
	int side = pair->site[1] == NONE ? 0 : 1, err = 0;
	struct finding finding = {
		.kind = FINDING_EVENT,
		.site = diff->profiles[side].info->sites[pair->site[side]],
		.cnt = { count_of(diff, pair, 0), count_of(diff, pair, 1) },
	};

	/* a span's end occurs as often as its start */
	if (finding.site->kind != TTLOG_EVENT_SPAN_END)
		err = compare_counts(diff, &finding, finding.site->level, 1);
	if (!err && finding.cnt[0] && finding.cnt[1])
		err = compare_fields(diff, &finding, pair);
	return err;
}

/* The level of a pair's site in one run, or -1 if it has no events there. */
static int level_of(const struct diff *diff, const struct pair *pair, int side)
{
	const struct ttlog_site *site;

	if (!count_of(diff, pair, side))
		return -1;
	site = diff->profiles[side].info->sites[pair->site[side]];
	return site->kind == TTLOG_EVENT_SPAN_END ? -1 : site->level;
}

/* A level of one site says no more than the site does, unless the site's level has changed. */
static int compare_levels(struct diff *diff, const struct pair *pairs, size_t cnt)
{
	uint64_t counts[TTLOG_LEVEL_FATAL + 1][2] = { { 0 } };
	size_t sites[TTLOG_LEVEL_FATAL + 1] = { 0 };
	int err = 0;

	for (size_t i = 0; i < cnt; i++) {
		int levels[2] = { level_of(diff, &pairs[i], 0), level_of(diff, &pairs[i], 1) };
		bool has_moved = levels[0] >= 0 && levels[1] >= 0 && levels[0] != levels[1];

		for (int side = 0; side < 2; side++) {
			if (levels[side] < 0)
				continue;
			counts[levels[side]][side] += count_of(diff, &pairs[i], side);
			if (has_moved)
				sites[levels[side]] += 2;
			else if (!side || levels[0] < 0)
				sites[levels[side]]++;
		}
	}
	for (uint8_t i = 0; i <= TTLOG_LEVEL_FATAL && !err; i++) {
		struct finding finding = {
			.kind = FINDING_LEVEL,
			.name = ttlog_text_of(ttlog_level_name(i)),
			.cnt = { counts[i][0], counts[i][1] },
		};

		if (sites[i] > 1)
			err = compare_counts(diff, &finding, i, SUM_SCORE);
	}
	return err;
}

static int compare_sites(struct diff *diff)
{
	size_t cnts[2] = { diff->profiles[0].info->site_cnt, diff->profiles[1].info->site_cnt };
	struct pair *pairs = calloc(cnts[0] + cnts[1] + 1, sizeof(*pairs));
	struct entry *entries[2] = { calloc(cnts[0] + 1, sizeof(**entries)),
				     calloc(cnts[1] + 1, sizeof(**entries)) };
	int err = pairs && entries[0] && entries[1] ? 0 : -ENOMEM;
	size_t cnt = err ? 0 : match(diff->profiles, entries, pairs);

	for (size_t i = 0; i < cnt && !err; i++)
		err = compare_pair(diff, &pairs[i]);
	if (!err)
		err = compare_levels(diff, pairs, cnt);
	free(entries[0]);
	free(entries[1]);
	free(pairs);
	return err;
}

/* ---- Threads ---- */

struct thread {
	struct ttlog_text name;
	uint64_t cnt[2];
};

static int by_name(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return event_field__order(x->name, y->name);
}

/* Counts the events of the threads of one name; ids differ from run to run. Returns how many of
 * them have events. */
static size_t sum_threads(const struct diff *diff, struct thread *threads)
{
	size_t cnt = 0, kept = 0;

	for (int side = 0; side < 2; side++) {
		const struct profile *profile = &diff->profiles[side];

		for (size_t i = 0; i < profile->info->thread_cnt; i++) {
			if (!profile->threads[i])
				continue;
			threads[cnt] = (struct thread){ .name = profile->info->threads[i]->comm };
			threads[cnt++].cnt[side] = profile->threads[i];
		}
	}
	qsort(threads, cnt, sizeof(*threads), by_name);
	for (size_t i = 0; i < cnt; i++) {
		if (kept && ttlog_text_equal(threads[kept - 1].name, threads[i].name)) {
			threads[kept - 1].cnt[0] += threads[i].cnt[0];
			threads[kept - 1].cnt[1] += threads[i].cnt[1];
		} else {
			threads[kept++] = threads[i];
		}
	}
	return kept;
}

static int compare_threads(struct diff *diff)
{
	size_t cnt = diff->profiles[0].info->thread_cnt + diff->profiles[1].info->thread_cnt;
	struct thread *threads = calloc(cnt + 1, sizeof(*threads));
	int err = threads ? 0 : -ENOMEM;

	cnt = err ? 0 : sum_threads(diff, threads);
	/* the only thread says no more than its events */
	for (size_t i = 0; cnt > 1 && i < cnt && !err; i++) {
		struct finding finding = {
			.kind = FINDING_THREAD,
			.name = threads[i].name,
			.cnt = { threads[i].cnt[0], threads[i].cnt[1] },
		};

		err = compare_counts(diff, &finding, TTLOG_LEVEL_INFO, SUM_SCORE);
	}
	free(threads);
	return err;
}

/* ---- How the processes ended ---- */

static int compare_ends(struct diff *diff)
{
	const struct ttlog_info *infos[2] = { diff->profiles[0].info, diff->profiles[1].info };
	bool crashed = infos[0]->crash->is_there || infos[1]->crash->is_there;
	struct finding finding = {
		.kind = crashed ? FINDING_CRASH : FINDING_EXIT,
		.score = crashed ? CRASH_SCORE : EXIT_SCORE,
	};
	int err = 0;

	/* a process that had not ended says nothing about its end */
	if (ending__is_same(infos[0], infos[1]) ||
	    (!crashed && (!infos[0]->exit->is_there || !infos[1]->exit->is_there)))
		return 0;
	for (int side = 0; side < 2; side++) {
		finding.end[side] = ending__words(infos[side]);
		err = finding.end[side] ? err : -ENOMEM;
	}
	if (!err)
		err = add(diff, &finding);
	if (err) {
		free(finding.end[0]);
		free(finding.end[1]);
	}
	return err;
}

/* ---- All of it ---- */

static int by_score(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->score > y->score || x->score < y->score)
		return x->score > y->score ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

int diff__init(struct diff *ret, const struct profile *profiles)
{
	struct diff diff = { .profiles = profiles };
	int err = compare_ends(&diff);

	if (!err)
		err = compare_sites(&diff);
	if (!err)
		err = compare_threads(&diff);
	if (err)
		diff__fini(&diff);
	else if (diff.cnt)
		qsort(diff.findings, diff.cnt, sizeof(*diff.findings), by_score);
	*ret = diff;
	return err;
}

void diff__fini(struct diff *diff)
{
	for (size_t i = 0; i < diff->cnt; i++) {
		free(diff->findings[i].end[0]);
		free(diff->findings[i].end[1]);
	}
	free(diff->findings);
	*diff = (struct diff){ .cnt = 0 };
}
