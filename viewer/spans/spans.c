/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "boot_rule.h"
#include "spans.h"

struct thread_entry {
	size_t machine;
	const struct ttlog_thread *thread;
	const struct ttlog_snapshot *reader;
	size_t number;
};

/* ---- Machines and lanes ---- */

static void find_machines(struct spans *spans, struct ttlog_snapshot *const *readers, size_t cnt)
{
	size_t machine_cnt = 0;

	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_info *info = ttlog_snapshot_info(readers[i]);
		size_t k;

		for (k = 0; k < i; k++) {
			if (boot_rule__is_one_boot(info, ttlog_snapshot_info(readers[k])))
				break;
		}
		spans->machines[i] = k < i ? spans->machines[k] : machine_cnt++;
		spans->shift_ns[i] =
			k < i ? spans->shift_ns[k]
			      : boot_rule__offset_ns(info) -
					boot_rule__offset_ns(ttlog_snapshot_info(readers[0]));
	}
}

static bool is_one_process(const struct ttlog_info *a, const struct ttlog_info *b)
{
	if (!a->has_pid || !b->has_pid || a->pid != b->pid)
		return false;
	if (a->has_start_time && b->has_start_time)
		return a->start_time == b->start_time;
	return ttlog_text_equal(a->exe, b->exe) && ttlog_text_equal(a->service, b->service);
}

static void find_processes(struct spans *spans, struct ttlog_snapshot *const *readers, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		size_t k;

		for (k = 0; k < i; k++) {
			if (spans->machines[i] == spans->machines[k] &&
			    is_one_process(ttlog_snapshot_info(readers[i]),
					   ttlog_snapshot_info(readers[k])))
				break;
		}
		spans->processes[i] = k;
	}
}

static int compare(const void *a, const void *b)
{
	const struct thread_entry *x = a, *y = b;

	if (x->machine != y->machine)
		return x->machine < y->machine ? -1 : 1;
	if (x->thread->pid != y->thread->pid)
		return x->thread->pid < y->thread->pid ? -1 : 1;
	if (x->thread->tid != y->thread->tid)
		return x->thread->tid < y->thread->tid ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool is_same_lane(const struct lane *lane, const struct thread_entry *entry)
{
	return lane->machine == entry->machine && lane->thread->pid == entry->thread->pid &&
	       lane->thread->tid == entry->thread->tid;
}

static int find_lanes(struct spans *spans)
{
	const struct provenances *provenances = &spans->provenances;
	size_t cnt = 0;
	struct thread_entry *entries = calloc(provenances->thread_cnt + 1, sizeof(*entries));

	spans->lanes = calloc(provenances->thread_cnt + 1, sizeof(*spans->lanes));
	spans->lane_of = calloc(provenances->thread_cnt + 1, sizeof(*spans->lane_of));
	if (!entries || !spans->lanes || !spans->lane_of) {
		free(entries);
		return -ENOMEM;
	}
	for (size_t i = 0; i < provenances->cnt; i++) {
		const struct provenance *provenance = &provenances->list[i];
		const struct ttlog_info *info = ttlog_snapshot_info(provenance->reader);

		for (size_t k = 0; k < info->thread_cnt; k++) {
			entries[cnt++] = (struct thread_entry){
				.machine = spans->machines[provenance->number],
				.thread = info->threads[k],
				.reader = provenance->reader,
				.number = provenance->first_thread + k,
			};
		}
	}
	qsort(entries, cnt, sizeof(*entries), compare);
	for (size_t i = 0; i < cnt; i++) {
		struct lane *lane = &spans->lanes[spans->lane_cnt];

		if (!i || !is_same_lane(lane - 1, &entries[i]))
			spans->lane_cnt++;
		else
			lane--;
		lane->machine = entries[i].machine;
		lane->thread = entries[i].thread;
		lane->reader = entries[i].reader;
		spans->lane_of[entries[i].number] = (uint32_t)(lane - spans->lanes);
	}
	free(entries);
	return 0;
}

int spans__init(struct spans *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	struct spans spans = {
		.machines = calloc(reader_cnt + 1, sizeof(*spans.machines)),
		.processes = calloc(reader_cnt + 1, sizeof(*spans.processes)),
		.shift_ns = calloc(reader_cnt + 1, sizeof(*spans.shift_ns)),
	};
	int err = spans.machines && spans.processes && spans.shift_ns ? 0 : -ENOMEM;

	if (!err)
		err = provenances__init(&spans.provenances, readers, reader_cnt);
	if (!err) {
		find_machines(&spans, readers, reader_cnt);
		find_processes(&spans, readers, reader_cnt);
		err = find_lanes(&spans);
	}
	if (err) {
		spans__fini(&spans);
		spans = (struct spans){ .lane_cnt = 0 };
	}
	*ret = spans;
	return err;
}

void spans__fini(struct spans *spans)
{
	for (size_t i = 0; i < spans->lane_cnt; i++) {
		while (spans->lanes[i].cnt)
			spans__pop(spans, &spans->lanes[i]);
		free(spans->lanes[i].open);
	}
	free(spans->lanes);
	free(spans->lane_of);
	free(spans->machines);
	free(spans->processes);
	free(spans->shift_ns);
	provenances__fini(&spans->provenances);
	*spans = (struct spans){ .lane_cnt = 0 };
}

uint64_t spans__ns(struct spans *spans, const struct ttlog_event *event)
{
	return event->mono_ns +
	       spans->shift_ns[provenances__find(&spans->provenances, event)->number];
}

size_t spans__site_number(struct spans *spans, const struct ttlog_event *event)
{
	return provenances__find(&spans->provenances, event)->first_site + event->site_number;
}

struct lane *spans__lane(struct spans *spans, const struct ttlog_event *event)
{
	const struct provenance *provenance = provenances__find(&spans->provenances, event);

	return &spans->lanes[spans->lane_of[provenance->first_thread + event->thread_number]];
}

/* ---- Begin and end ---- */

static bool has_text(const struct ttlog_field *field)
{
	return !field->null && (field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_BYTES);
}

/* The chunk with the values may be unloaded when the end comes. */
static void keep_fields(struct spans *spans, struct span *span)
{
	struct ttlog_field fields[TTLOG_MAX_FIELDS];
	unsigned cnt = span->begin.site->nfields;
	size_t bytes = cnt * sizeof(*fields);
	char *text;

	for (unsigned i = 0; i < cnt; i++) {
		ttlog_event_field(&span->begin, i, &fields[i]);
		if (has_text(&fields[i]))
			bytes += fields[i].text.len;
	}
	if (!cnt || bytes > SPANS_MAX_BYTES - spans->bytes)
		return;
	span->fields = malloc(bytes);
	if (!span->fields)
		return;
	text = (char *)(span->fields + cnt);
	for (unsigned i = 0; i < cnt; i++) {
		if (has_text(&fields[i]) && fields[i].text.len) {
			memcpy(text, fields[i].text.p, fields[i].text.len);
			fields[i].text.p = text;
			text += fields[i].text.len;
		}
		span->fields[i] = fields[i];
	}
	span->bytes = bytes;
	spans->bytes += bytes;
}

static void keep_ids(struct span *span)
{
	char buf[TTLOG_ID_BYTES];
	struct ttlog_text id = ttlog_event_trace_id(&span->begin, buf);

	if (id.len < sizeof(span->trace_id))
		memcpy(span->trace_id, id.p ? id.p : "", id.len);
	id = ttlog_event_span_id(&span->begin, buf);
	if (id.len < sizeof(span->span_id))
		memcpy(span->span_id, id.p ? id.p : "", id.len);
}

static void grow(struct spans *spans, struct lane *lane)
{
	uint32_t cap = lane->cap ? lane->cap * 2 : 8;
	struct span *grown;

	if (cap > SPANS_MAX_DEPTH || spans->room + cap > 2 * (size_t)SPANS_MAX_OPEN)
		return;
	grown = reallocarray(lane->open, cap, sizeof(*grown));
	if (!grown)
		return;
	spans->room += cap - lane->cap;
	lane->open = grown;
	lane->cap = cap;
}

struct span *spans__begin(struct spans *spans, struct lane *lane, const struct ttlog_event *begin)
{
	struct span *span;

	if (lane->cnt == lane->cap)
		grow(spans, lane);
	if (lane->cnt == lane->cap || spans->open_cnt == SPANS_MAX_OPEN) {
		lane->unkept++;
		return NULL;
	}
	span = &lane->open[lane->cnt++];
	spans->open_cnt++;
	*span = (struct span){ .begin = *begin };
	keep_fields(spans, span);
	keep_ids(span);
	return span;
}

/* A hostile file may have names of megabytes, and compare them at each end. */
static bool is_same_name(struct ttlog_text a, struct ttlog_text b)
{
	return a.len <= SPANS_NAME_MAX && ttlog_text_equal(a, b);
}

bool spans__is_pair(const struct ttlog_event *begin, const struct ttlog_site *end, uint64_t end_ns,
		    uint64_t duration_ns)
{
	const struct ttlog_site *a = begin->site;
	uint64_t passed_ns = end_ns - begin->mono_ns;
	uint64_t apart_ns = passed_ns > duration_ns ? passed_ns - duration_ns
						    : duration_ns - passed_ns;

	return a->line == end->line && apart_ns <= SPANS_SLACK_NS + duration_ns / 256 &&
	       is_same_name(a->probe, end->probe) && is_same_name(a->file, end->file);
}

uint32_t spans__match(struct lane *lane, const struct ttlog_event *end, uint64_t duration_ns)
{
	/* spans that were not kept began last, and end first */
	if (lane->unkept) {
		lane->unkept--;
		return lane->cnt;
	}
	for (uint32_t i = lane->cnt; i-- > 0;) {
		if (spans__is_pair(&lane->open[i].begin, end->site, end->mono_ns, duration_ns))
			return i;
	}
	return lane->cnt;
}

void spans__pop(struct spans *spans, struct lane *lane)
{
	struct span *span = &lane->open[--lane->cnt];

	spans->bytes -= span->bytes;
	spans->open_cnt--;
	free(span->fields);
	/* many lanes that were deep once must not keep memory that others need */
	if (lane->cnt || spans->room <= SPANS_MAX_OPEN)
		return;
	spans->room -= lane->cap;
	free(lane->open);
	lane->open = NULL;
	lane->cap = 0;
}
