/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "diff_output.h"

static const char *const KIND_NAMES[] = {
	[FINDING_CRASH] = "crash",       [FINDING_EXIT] = "exit",     [FINDING_EVENT] = "event",
	[FINDING_DURATION] = "duration", [FINDING_NUMBER] = "number", [FINDING_VALUE] = "value",
	[FINDING_LEVEL] = "level",       [FINDING_THREAD] = "thread",
};

static double rate_of(const struct profile *profile, uint64_t cnt)
{
	double seconds = profile__seconds(profile);

	return seconds > 0 ? (double)cnt / seconds : NAN;
}

/* ---- Text ---- */

static void put_rate(struct out *out, const struct profile *profile, uint64_t cnt)
{
	double rate = rate_of(profile, cnt);

	if (isnan(rate))
		out__char(out, '-');
	else if (rate >= 100)
		out__grouped(out, (uint64_t)(rate + 0.5));
	else
		out__format(out, "%.3g", rate);
	out__text(out, "/s");
}

static void put_site(struct out *out, const struct ttlog_site *site)
{
	out__plain(out, site->target);
	out__char(out, ':');
	out__plain(out, site->probe);
}

static void put_counts(struct out *out, const struct diff *diff, const struct finding *finding)
{
	out__grouped(out, finding->cnt[0]);
	out__text(out, " -> ");
	out__grouped(out, finding->cnt[1]);
	out__text(out, " events (");
	put_rate(out, &diff->profiles[0], finding->cnt[0]);
	out__text(out, " -> ");
	put_rate(out, &diff->profiles[1], finding->cnt[1]);
	out__char(out, ')');
	if (!finding->cnt[0] != !finding->cnt[1])
		out__text(out, finding->cnt[0] ? ", only in A" : ", only in B");
}

static void put_event(struct out *out, const struct finding *finding)
{
	const struct ttlog_site *site = finding->site;

	put_site(out, site);
	if (site->msg.len && !ttlog_text_equal(site->msg, site->probe)) {
		out__text(out, " \"");
		out__plain(out, site->msg);
		out__char(out, '"');
	}
	out__text(out, " (");
	out__text(out, ttlog_level_name(site->level));
	out__text(out, ", ");
	out__plain(out, site->file);
	out__char(out, ':');
	out__u64(out, site->line);
	out__char(out, ')');
}

static void put_statistic(struct out *out, const struct finding *finding, enum statistic statistic,
			  int side)
{
	char text[AGGREGATE_TEXT_BYTES];

	if (finding->kind == FINDING_DURATION)
		out__duration(out, aggregate__ns(finding->aggregates[side], statistic));
	else
		out__bytes(out, text, aggregate__text(finding->aggregates[side], statistic, text));
}

static void put_shift(struct out *out, const struct finding *finding, enum statistic statistic)
{
	out__text(out, STATISTIC_NAMES[statistic]);
	out__char(out, ' ');
	put_statistic(out, finding, statistic, 0);
	out__text(out, " -> ");
	put_statistic(out, finding, statistic, 1);
}

/* The statistic that tells most comes first. */
static void put_quantiles(struct out *out, const struct finding *finding)
{
	put_site(out, finding->site);
	if (finding->kind == FINDING_NUMBER) {
		out__char(out, ' ');
		out__plain(out, finding->key);
	}
	out__text(out, ": ");
	put_shift(out, finding, finding->statistic);
	out__text(out, ", ");
	put_shift(out, finding,
		  finding->statistic == STATISTIC_P50 ? STATISTIC_P99 : STATISTIC_P50);
	out__text(out, " (");
	out__grouped(out, finding->of[0]);
	out__text(out, " -> ");
	out__grouped(out, finding->of[1]);
	out__text(out, finding->kind == FINDING_DURATION ? " spans)" : " values)");
}

static void put_share(struct out *out, uint64_t cnt, uint64_t of)
{
	out__format(out, "%.3g %%", of ? 100.0 * (double)cnt / (double)of : 0.0);
}

static void put_value(struct out *out, const struct finding *finding)
{
	put_site(out, finding->site);
	out__char(out, ' ');
	out__plain(out, finding->key);
	out__char(out, '=');
	if (finding->is_null)
		out__text(out, "null");
	else if (finding->type == TTLOG_TYPE_BYTES)
		out__hex_bytes(out, finding->name);
	else
		out__value(out, finding->name, false);
	out__text(out, ": ");
	put_share(out, finding->cnt[0], finding->of[0]);
	out__text(out, " -> ");
	put_share(out, finding->cnt[1], finding->of[1]);
	out__text(out, " of events (");
	out__grouped(out, finding->cnt[0]);
	out__text(out, " of ");
	out__grouped(out, finding->of[0]);
	out__text(out, " -> ");
	out__grouped(out, finding->cnt[1]);
	out__text(out, " of ");
	out__grouped(out, finding->of[1]);
	out__char(out, ')');
	if (finding->more)
		out__format(out, ", and %zu value%s more", finding->more,
			    finding->more == 1 ? "" : "s");
}

static void print_line(struct out *out, const struct diff *diff, const struct finding *finding)
{
	out__format(out, "%7.1f  %-8s  ", finding->score, KIND_NAMES[finding->kind]);
	switch (finding->kind) {
	case FINDING_CRASH:
	case FINDING_EXIT:
		out__plain(out, ttlog_text_of(finding->end[0]));
		out__text(out, " -> ");
		out__plain(out, ttlog_text_of(finding->end[1]));
		break;
	case FINDING_EVENT:
		put_event(out, finding);
		out__text(out, ": ");
		put_counts(out, diff, finding);
		break;
	case FINDING_DURATION:
	case FINDING_NUMBER:
		put_quantiles(out, finding);
		break;
	case FINDING_VALUE:
		put_value(out, finding);
		break;
	default:
		out__plain(out, finding->name);
		out__text(out, ": ");
		put_counts(out, diff, finding);
	}
	out__char(out, '\n');
}

static void print_run(struct out *out, const char *name, const struct profile *profile)
{
	const struct ttlog_lost *lost = ttlog_snapshot_contents(profile->snapshot)->lost;

	out__text(out, name);
	out__plain(out, ttlog_text_of(ttlog_snapshot_name(profile->snapshot)));
	out__text(out, ": ");
	out__grouped(out, profile->cnt);
	out__format(out, " events in %.3g s (", profile__seconds(profile));
	put_rate(out, profile, profile->cnt);
	out__text(out, "), ");
	out__plain(out, profile->info->reason.len ? profile->info->reason
						  : ttlog_text_of("reason unknown"));
	if (lost->total) {
		out__text(out, ", ");
		out__grouped(out, lost->total);
		out__text(out, " lost");
	}
	out__char(out, '\n');
}

static void print_text(struct out *out, const struct diff *diff, size_t shown)
{
	print_run(out, "A  ", &diff->profiles[0]);
	print_run(out, "B  ", &diff->profiles[1]);
	if (!diff->cnt) {
		out__text(out, "\nNothing differs beyond chance.\n");
		return;
	}
	out__text(out, "\n  score  what      A -> B\n");
	for (size_t i = 0; i < shown; i++)
		print_line(out, diff, &diff->findings[i]);
	if (shown < diff->cnt)
		out__format(out, "%zu differences more\n", diff->cnt - shown);
}

/* ---- JSON ---- */

static void json_number(struct out *out, double v)
{
	if (isfinite(v))
		out__f64(out, v);
	else
		out__text(out, "null");
}

static void json_site(struct out *out, const struct ttlog_site *site)
{
	out__json_member(out, ",\"target\":", site->target);
	out__json_member(out, ",\"probe\":", site->probe);
	out__json_member(out, ",\"msg\":", site->msg);
	out__json_member(out, ",\"level\":", ttlog_text_of(ttlog_level_name(site->level)));
	out__json_member(out, ",\"file\":", site->file);
	out__text(out, ",\"line\":");
	out__u64(out, site->line);
	out__json_member(out, ",\"func\":", site->func);
}

static void json_value(struct out *out, const struct finding *finding)
{
	out__json_member(out, ",\"field\":", finding->key);
	out__text(out, ",\"value\":");
	if (finding->is_null) {
		out__text(out, "null");
	} else if (finding->type == TTLOG_TYPE_BYTES) {
		out__char(out, '"');
		out__hex_bytes(out, finding->name);
		out__char(out, '"');
	} else if (finding->type == TTLOG_TYPE_BOOL) {
		out__bytes(out, finding->name.p, finding->name.len);
	} else {
		out__json_text(out, finding->name, false);
	}
}

static void json_statistics(struct out *out, const struct finding *finding, int side)
{
	out__text(out, "{\"values\":");
	out__u64(out, finding->of[side]);
	aggregate__print_json(finding->aggregates[side], out);
	out__char(out, '}');
}

static void json_run(struct out *out, const struct diff *diff, const struct finding *finding,
		     int side)
{
	switch (finding->kind) {
	case FINDING_CRASH:
	case FINDING_EXIT:
		out__json_text(out, ttlog_text_of(finding->end[side]), false);
		return;
	case FINDING_DURATION:
	case FINDING_NUMBER:
		json_statistics(out, finding, side);
		return;
	default:
		out__text(out, "{\"events\":");
		out__u64(out, finding->cnt[side]);
	}
	if (finding->kind == FINDING_VALUE) {
		out__text(out, ",\"of\":");
		out__u64(out, finding->of[side]);
	} else {
		out__text(out, ",\"per_second\":");
		json_number(out, rate_of(&diff->profiles[side], finding->cnt[side]));
	}
	out__char(out, '}');
}

static void print_json(struct out *out, const struct diff *diff, const struct finding *finding)
{
	out__text(out, "{\"kind\":\"");
	out__text(out, KIND_NAMES[finding->kind]);
	out__text(out, "\",\"score\":");
	json_number(out, round(finding->score * 1000) / 1000);
	if (finding->site)
		json_site(out, finding->site);
	if (finding->kind == FINDING_VALUE)
		json_value(out, finding);
	else if (finding->kind == FINDING_NUMBER)
		out__json_member(out, ",\"field\":", finding->key);
	if (finding->aggregates[0])
		out__json_member(
			out, ",\"figure\":", ttlog_text_of(STATISTIC_NAMES[finding->statistic]));
	if (finding->kind == FINDING_LEVEL)
		out__json_member(out, ",\"level\":", finding->name);
	if (finding->kind == FINDING_THREAD)
		out__json_member(out, ",\"thread\":", finding->name);
	out__text(out, ",\"a\":");
	json_run(out, diff, finding, 0);
	out__text(out, ",\"b\":");
	json_run(out, diff, finding, 1);
	out__text(out, "}\n");
}

/* ---- All of it ---- */

/* Each run has its own clock: -10s is 10 s before its own last event. */
static int read_run(struct profile *ret, const struct options *options,
		    struct ttlog_snapshot *snapshot)
{
	const uint64_t last_ns = ttlog_snapshot_last_ns(snapshot);
	const struct ttlog_range range = options__range(options, last_ns);

	ttlog_filter_set_last(options->filter, last_ns);
	return profile__init(ret, snapshot, options->filter, &range);
}

int diff__show(const struct options *options, struct ttlog_snapshot *const *snapshots,
	       struct out *out)
{
	struct profile profiles[2] = { { .cnt = 0 } };
	struct diff diff = { .cnt = 0 };
	size_t shown;
	int err = read_run(&profiles[0], options, snapshots[0]);

	if (!err)
		err = read_run(&profiles[1], options, snapshots[1]);
	if (!err)
		err = diff__init(&diff, profiles);
	shown = options->has_top && options->top < diff.cnt ? options->top : diff.cnt;
	for (size_t i = 0; !err && options->format == FORMAT_JSON && i < shown; i++)
		print_json(out, &diff, &diff.findings[i]);
	if (!err && options->format != FORMAT_JSON)
		print_text(out, &diff, shown);
	diff__fini(&diff);
	profile__fini(&profiles[0]);
	profile__fini(&profiles[1]);
	return err;
}
