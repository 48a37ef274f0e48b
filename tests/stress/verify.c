/* SPDX-License-Identifier: MIT */
/*
 * Each lane's events must be in the snapshot from the first to the last committed one: none
 * missing, none twice, in order, under the right thread; and the accounts must say the same. If a
 * fast machine has filled the ring, the first ones may be missing, as many as the accounts say.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ttlog/read.h>

#include "lanes.h"
#include "verify.h"

/* The ring's 256 MiB always have room for so many events of a lane. */
#define RING_MIN_EVENTS (8u << 20)

struct seen {
	uint64_t cnt, first, last;
	unsigned char *bits; /* by event number, up to the lane's own count and one more */
};

struct check {
	const struct lanes *lanes;
	const struct lanes_process *expected;
	struct verify_result *result;
	struct seen *seen; /* by lane */
	uint32_t lane_cnt;
	int with_libraries;
	uint64_t emitted, recorded, overwritten;
};

#define FAIL(check, ...)                                                                           \
	(snprintf((check)->result->why, sizeof((check)->result->why), __VA_ARGS__), -1)

static int parse_line(struct check *check, const char *line)
{
	const char *at = strstr(line, " overwritten, ");
	uint32_t pid;
	uint64_t lost;

	if (sscanf(line,
		   "pid %" SCNu32 ": %" SCNu64 " emitted, %" SCNu64 " recorded, %" SCNu64 " lost",
		   &pid, &check->emitted, &check->recorded, &lost) != 4 ||
	    !at)
		return FAIL(check, "not understood: %s", line);
	check->result->lost = lost;
	while (at > line && at[-1] != ' ')
		at--;
	check->overwritten = strtoull(at, NULL, 10);
	at = strstr(line, " overwritten, ") + strlen(" overwritten, ");
	if (strchr(at, ' '))
		return FAIL(check, "not one snapshot: %s", at);
	snprintf(check->result->file, sizeof(check->result->file), "%s", at);
	if (check->emitted != check->recorded + lost)
		return FAIL(check, "emitted is not recorded + lost: %s", line);
	if (check->overwritten && check->recorded - check->overwritten < RING_MIN_EVENTS)
		return FAIL(check, "overwritten in a ring that was not full: %s", line);
	return lost ? FAIL(check, "events lost: %s", line) : 0;
}

/* ---- the end ---- */

static int check_end(struct check *check, const struct ttlog_snapshot *reader)
{
	const struct lanes_process *expected = check->expected;
	/* the kernel turns signals that dump no core into SIGKILL: no thread takes them */
	const bool is_killed = expected->signal == SIGKILL || expected->signal == SIGTERM;
	const char *reason = is_killed ? "killed" : expected->signal ? "crash" : "exit";
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	const struct ttlog_exit *exit = info->exit;
	const struct ttlog_crash *crash = info->crash;

	if (ttlog_snapshot_contents(reader)->problem_cnt)
		return FAIL(check, "%s", ttlog_snapshot_contents(reader)->problems[0]);
	if (!ttlog_text_is(info->reason, reason))
		return FAIL(check, "reason %.*s, not %s", (int)info->reason.len, info->reason.p,
			    reason);
	if (!(expected->signal ? exit->has_number : exit->has_code))
		return FAIL(check, "the end is not told");
	if (expected->signal ? exit->number != expected->signal : exit->code != expected->code)
		return FAIL(check, "ended by %" PRId64,
			    expected->signal ? exit->number : exit->code);
	if (!expected->signal || is_killed) {
		if (crash->is_there)
			return FAIL(check, "a crash report, where nothing crashed");
		return 0;
	}
	if (!crash->has_number || crash->number != expected->signal)
		return FAIL(check, "no crash report of signal %d", expected->signal);
	return 0;
}

/* ---- events ---- */

static int check_event(struct check *check, const struct ttlog_event *event)
{
	struct ttlog_field lane_field = { 0 }, n_field = { 0 };
	const struct lane *lane;
	struct seen *seen;

	if (event->site->nfields != 2)
		return FAIL(check, "an event that nobody logged");
	ttlog_event_field(event, 0, &lane_field);
	ttlog_event_field(event, 1, &n_field);
	if (lane_field.u >= check->lane_cnt)
		return FAIL(check, "lane %" PRIu64, lane_field.u);
	lane = &check->lanes->lanes[lane_field.u];
	seen = &check->seen[lane_field.u];
	if (lane->pid != check->expected->pid)
		return FAIL(check, "lane %" PRIu64 " is not of this process", lane_field.u);
	if (event->thread->pid != lane->pid || event->thread->tid != lane->tid)
		return FAIL(check, "lane %" PRIu64 " of thread %u under %" PRIu64 ".%" PRIu64,
			    lane_field.u, lane->tid, event->thread->pid, event->thread->tid);
	if (n_field.u == 0 || n_field.u > lane->committed + 1)
		return FAIL(check, "lane %" PRIu64 " has event %" PRIu64 " of %" PRIu64,
			    lane_field.u, n_field.u, lane->committed);
	if (seen->bits[n_field.u / 8] & 1 << n_field.u % 8)
		return FAIL(check, "lane %" PRIu64 " has event %" PRIu64 " twice", lane_field.u,
			    n_field.u);
	if (!(lane->flags & LANE_UNORDERED) && n_field.u < seen->last)
		return FAIL(check, "lane %" PRIu64 " has event %" PRIu64 " after %" PRIu64,
			    lane_field.u, n_field.u, seen->last);
	seen->bits[n_field.u / 8] |= (unsigned char)(1 << n_field.u % 8);
	if (!seen->cnt || n_field.u < seen->first)
		seen->first = n_field.u;
	seen->cnt++;
	if (n_field.u > seen->last)
		seen->last = n_field.u;
	return 0;
}

static bool is_expected(const struct check *check, const struct lane *lane)
{
	return lane->pid == check->expected->pid &&
	       (check->with_libraries || !(lane->flags & LANE_LIBRARY));
}

static int check_lane(struct check *check, uint32_t number)
{
	const struct lane *lane = &check->lanes->lanes[number];
	const struct seen *seen = &check->seen[number];
	uint64_t missing = 1;

	if (!is_expected(check, lane) || (check->overwritten && !seen->cnt))
		return 0;
	if (check->overwritten)
		missing = seen->first;
	while (missing < seen->last && seen->bits[missing / 8] & 1 << missing % 8)
		missing++;
	if (missing < seen->last)
		return FAIL(check,
			    "lane %u (thread %u): event %" PRIu64 " of %" PRIu64
			    " is missing (%" PRIu64 " are there)",
			    number, lane->tid, missing, lane->committed, seen->cnt);
	if (seen->last < lane->committed)
		return FAIL(check, "lane %u (thread %u) ends with %" PRIu64 " of %" PRIu64, number,
			    lane->tid, seen->last, lane->committed);
	if (lane->flags & LANE_CLOSED && seen->last != lane->committed)
		return FAIL(check, "lane %u has more than it had", number);
	return 0;
}

static int check_events(struct check *check, struct ttlog_snapshot *reader)
{
	struct ttlog_event event;
	int err = 0;

	for (size_t i = 0; !err && i < ttlog_snapshot_contents(reader)->chunk_cnt; i++) {
		if (ttlog_snapshot_load(reader, i))
			return FAIL(check, "chunk %zu can't be read", i);
		for (uint32_t k = 0; !err && k < ttlog_snapshot_contents(reader)->chunks[i].n;
		     k++) {
			ttlog_snapshot_event(reader, k, &event);
			err = check_event(check, &event);
		}
	}
	check->result->events = ttlog_snapshot_contents(reader)->event_cnt;
	for (uint32_t i = 0; !err && i < check->lane_cnt; i++)
		err = check_lane(check, i);
	if (!err &&
	    ttlog_snapshot_contents(reader)->event_cnt != check->recorded - check->overwritten)
		return FAIL(check,
			    "%" PRIu64 " events, %" PRIu64 " recorded, %" PRIu64 " overwritten",
			    ttlog_snapshot_contents(reader)->event_cnt, check->recorded,
			    check->overwritten);
	return err;
}

static int check_file(struct check *check)
{
	char why[256] = "";
	struct ttlog_snapshot *reader = ttlog_snapshot_open(check->result->file, why, sizeof(why));
	int err;

	if (!reader)
		return FAIL(check, "%s: %s", check->result->file, why);
	err = check_end(check, reader);
	if (!err)
		err = check_events(check, reader);
	ttlog_snapshot_close(reader);
	return err;
}

static int open_lanes(struct check *check)
{
	check->lane_cnt = check->lanes->lane_cnt;
	check->seen = calloc(check->lane_cnt + 1, sizeof(*check->seen));
	if (!check->seen)
		return -1;
	for (uint32_t i = 0; i < check->lane_cnt; i++) {
		check->seen[i].bits = calloc(check->lanes->lanes[i].committed / 8 + 2, 1);
		if (!check->seen[i].bits)
			return -1;
	}
	return 0;
}

int verify__process(const struct lanes *lanes, const struct lanes_process *expected,
		    const char *line, int with_libraries, struct verify_result *result)
{
	struct check check = {
		.lanes = lanes,
		.expected = expected,
		.result = result,
		.with_libraries = with_libraries,
	};
	int err = open_lanes(&check);

	if (err)
		(void)FAIL(&check, "out of memory");
	else
		err = parse_line(&check, line);
	if (!err)
		err = check_file(&check);
	for (uint32_t i = 0; check.seen && i < check.lane_cnt; i++)
		free(check.seen[i].bits);
	free(check.seen);
	return err;
}
