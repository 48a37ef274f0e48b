/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "array.h"
#include "print.h"
#include "utf8.h"

uint64_t print__u64(json_t *object, const char *key)
{
	const json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

/* C0, DEL and C1: names of processes are the programs' own. */
static void clean(char *text)
{
	const char *end = text + strlen(text);
	char *at = text;

	while (at < end) {
		uint32_t code;
		const size_t len = utf8__next(at, end, &code);

		if (code < ' ' || (code >= 0x7f && code < 0xa0) || code == UTF8_INVALID)
			memset(at, '?', len);
		at += len;
	}
}

const char *print__clean(json_t *string)
{
	char *text = (char *)json_string_value(string);

	if (!text)
		return "";
	clean(text);
	return text;
}

const char *print__text(json_t *object, const char *key)
{
	return print__clean(json_object_get(object, key));
}

const char *print__short(char to[PRINT_SHORT_BYTES], double value)
{
	static const char units[] = { 0, 'k', 'M', 'G', 'T', 'P', 'E' };
	size_t unit = 0;

	for (; value >= 999.5 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1000;
	(void)snprintf(to, PRINT_SHORT_BYTES, unit && value < 9.95 ? "%.1f%c" : "%.0f%c", value,
		       units[unit]);
	return to;
}

const char *print__age(char to[PRINT_SHORT_BYTES], uint64_t ns)
{
	const double s = (double)ns / 1e9;

	if (s < 1)
		(void)snprintf(to, PRINT_SHORT_BYTES, "%.0fms", s * 1e3);
	else if (s < 60)
		(void)snprintf(to, PRINT_SHORT_BYTES, "%.1fs", s);
	else if (s < 3600)
		(void)snprintf(to, PRINT_SHORT_BYTES, "%.0fm", s / 60);
	else
		(void)snprintf(to, PRINT_SHORT_BYTES, "%.0fh", s / 3600);
	return to;
}

unsigned int print__percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned int)((double)part * 100 / (double)whole + 0.5) : 0;
}

/* ---- status ---- */

static void print_snapshots(FILE *out, json_t *snapshots)
{
	json_t *reasons = json_object_get(snapshots, "by_reason"), *count;
	uint64_t failed = 0, suppressed = 0;
	const char *reason, *before = "";
	char name[32];

	fputs("  snapshots: ", out);
	json_object_foreach (reasons, reason, count) {
		(void)snprintf(name, sizeof(name), "%s", reason);
		clean(name);
		fprintf(out, "%s%" PRIu64 " %s", before, print__u64(count, "made"), name);
		failed += print__u64(count, "failed");
		suppressed += print__u64(count, "suppressed");
		before = ", ";
	}
	if (!before[0])
		fputs("none", out);
	fprintf(out, "; %" PRIu64 " failed, %" PRIu64 " suppressed, %" PRIu64 " being written\n",
		failed, suppressed, print__u64(snapshots, "open"));
}

static void print_collector(FILE *out, json_t *answer)
{
	json_t *collector = json_object_get(answer, "collector");
	json_t *batches = json_object_get(collector, "batches");
	const uint64_t limit = print__u64(collector, "ring_memory_limit_bytes");
	char age[PRINT_SHORT_BYTES], cpu[PRINT_SHORT_BYTES], memory[PRINT_SHORT_BYTES],
		rings[PRINT_SHORT_BYTES], most[PRINT_SHORT_BYTES];

	fprintf(out, "collector %" PRIu64 " (ttlog %s), up %s, CPU %s, resident %sB\n",
		print__u64(collector, "pid"), print__text(collector, "version"),
		print__age(age, print__u64(collector, "uptime_ns")),
		print__age(cpu, print__u64(collector, "cpu_ns")),
		print__short(memory, (double)print__u64(collector, "resident_bytes")));
	fprintf(out, "  rings: %sB",
		print__short(rings, (double)print__u64(collector, "ring_memory_bytes")));
	if (limit)
		fprintf(out, " of %sB", print__short(most, (double)limit));
	fprintf(out, "; kernel buffer %u%% full\n",
		print__percent(print__u64(batches, "used_bytes"), print__u64(batches, "bytes")));
	print_snapshots(out, json_object_get(answer, "snapshots"));
}

static void print_process(FILE *out, json_t *process)
{
	char emitted[PRINT_SHORT_BYTES], recorded[PRINT_SHORT_BYTES], lost[PRINT_SHORT_BYTES],
		over[PRINT_SHORT_BYTES], age[PRINT_SHORT_BYTES] = "-";
	json_t *newest = json_object_get(process, "newest_age_ns");

	if (newest)
		(void)print__age(age, print__u64(process, "newest_age_ns"));
	fprintf(out,
		"%8" PRIu64 " %-16.16s %8s %8s %6s %8s %4u%% %6" PRIu64 "/%-6" PRIu64 " %7s  %s\n",
		print__u64(process, "pid"), print__text(process, "service"),
		print__short(emitted, (double)print__u64(process, "emitted")),
		print__short(recorded, (double)print__u64(process, "recorded")),
		print__short(lost, (double)print__u64(json_object_get(process, "lost"), "total")),
		print__short(over, (double)print__u64(process, "overwritten")),
		print__percent(print__u64(process, "ring_used_bytes"),
			       print__u64(process, "ring_bytes")),
		print__u64(process, "enabled_sites"), print__u64(process, "sites"), age,
		print__text(process, "comm"));
}

/* What ttlog-ctl has changed. */
static void print_changes(FILE *out, json_t *answer)
{
	json_t *changes = json_object_get(answer, "changes"), *change, *filter, *left;
	char age[PRINT_SHORT_BYTES];
	size_t i;

	json_array_foreach (changes, i, change) {
		fprintf(out, "  level %s", print__text(change, "level"));
		if (json_object_get(change, "pid"))
			fprintf(out, " -p %" PRIu64, print__u64(change, "pid"));
		if (json_object_get(change, "service"))
			fprintf(out, " --service '%s'", print__text(change, "service"));
		if (json_object_get(change, "target"))
			fprintf(out, " --target '%s'", print__text(change, "target"));
		left = json_object_get(change, "left_ns");
		if (left)
			fprintf(out, ", for %s more",
				print__age(age, print__u64(change, "left_ns")));
		fputc('\n', out);
	}
	json_array_foreach (json_object_get(answer, "filter"), i, filter)
		fprintf(out, "  filter '%s'\n", print__clean(filter));
}

void print__status(FILE *out, json_t *answer)
{
	json_t *processes = json_object_get(answer, "processes"), *process;
	size_t i;

	print_collector(out, answer);
	print_changes(out, answer);
	if (json_array_size(processes))
		fprintf(out, "%8s %-16s %8s %8s %6s %8s %5s %13s %7s  %s\n", "PID", "SERVICE",
			"EMITTED", "RECORDED", "LOST", "OVERWR.", "FILL", "SITES ON/ALL", "LAST",
			"COMMAND");
	json_array_foreach (processes, i, process)
		print_process(out, process);
}

/* ---- list ---- */

void print__list_heads(FILE *out)
{
	fprintf(out, "%8s %-16s %13s %-16s %s\n", "PID", "SERVICE", "SITES ON/ALL", "COMMAND",
		"PROGRAM");
}

void print__list(FILE *out, json_t *answer)
{
	json_t *processes = json_object_get(answer, "processes"), *process;
	size_t i;

	json_array_foreach (processes, i, process) {
		const char *exe = print__text(process, "exe");

		fprintf(out, "%8" PRIu64 " %-16s %6" PRIu64 "/%-6" PRIu64 " %-16s %s%s\n",
			print__u64(process, "pid"), print__text(process, "service"),
			print__u64(process, "enabled_sites"), print__u64(process, "sites"),
			print__text(process, "comm"), exe,
			json_is_true(json_object_get(process, "ended")) ? " (ended)" : "");
	}
}

/* ---- changes ---- */

void print__switched(FILE *out, json_t *answer)
{
	fprintf(out,
		"collector %" PRIu64 ": %" PRIu64 " of %" PRIu64 " sites are on in %" PRIu64
		" process%s\n",
		print__u64(json_object_get(answer, "collector"), "pid"),
		print__u64(answer, "enabled_sites"), print__u64(answer, "sites"),
		print__u64(answer, "processes"), print__u64(answer, "processes") == 1 ? "" : "es");
}

void print__reloaded(FILE *out, json_t *answer)
{
	const char *changed = print__text(answer, "changed");
	const char *waiting = print__text(answer, "at_next_start");

	fprintf(out, "collector %" PRIu64 ": changed: %s",
		print__u64(json_object_get(answer, "collector"), "pid"),
		changed[0] ? changed : "nothing");
	if (waiting[0])
		fprintf(out, "; at its next start, too: %s", waiting);
	fputc('\n', out);
}
