/* SPDX-License-Identifier: MIT */
/*
 * Perfetto's own trace format, a protobuf: ui.perfetto.dev and trace_processor open it.
 *
 * A trace consists of packets, here all of one sequence: a snapshot of the clocks; tracks (for each
 * process, thread, and counter of a process); then one packet per event, in the order in which they
 * come; readers sort. A span's start and end are written when they come: what is open at a death
 * stays open, and is shown so. The constants of a site are written once: interned data.
 */
#include <errno.h>
#include <stdlib.h>

#include "counters.h"
#include "death_event.h"
#include "event_output.h"
#include "perfetto_schema.h"
#include "perfetto_value.h"
#include "protobuf.h"
#include "spans.h"
#include "waits.h"

/* Keys that are not fields. */
enum {
	KEY_LEVEL = 1,
	KEY_PROBE,
	KEY_DURATION,
	KEY_UNFINISHED,
	KEY_SUPPRESSED,
	KEY_FIRST_FIELD,
};

static const char *const OWN_KEYS[KEY_FIRST_FIELD] = {
	[KEY_LEVEL] = "ttlog_level",           [KEY_PROBE] = "ttlog_probe",
	[KEY_DURATION] = "ttlog_duration_ns",  [KEY_UNFINISHED] = "ttlog_unfinished",
	[KEY_SUPPRESSED] = "ttlog_suppressed",
};

#define LEVEL_CNT        (TTLOG_LEVEL_FATAL + 1u)
/* Linux has no larger pid. Pids of another machine come after these. */
#define PIDS_PER_MACHINE (1ull << 22)
#define PID_MAX          INT32_MAX
#define SEQUENCE_ID      1u

struct perfetto {
	struct out *out;
	struct spans spans;
	struct counters counters;
	uint8_t *interned;   /* by site */
	uint64_t *processes; /* by lane: its process's track */
	uint64_t *drawn;     /* tracks of counters, by process, then key; 0: none yet */
	uint64_t first_process;
	uint64_t next_uuid;
	struct buffer packet;
};

/* ---- Packets ---- */

static void finish_packet(struct perfetto *perfetto, unsigned flags)
{
	char head[1 + PROTOBUF_VARINT_BYTES] = { TRACE_PACKET << 3 | PROTOBUF_LEN };
	struct buffer *packet = &perfetto->packet;

	protobuf__u64(packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
	protobuf__u64(packet, PACKET_SEQUENCE_FLAGS, flags);
	if (packet->err) {
		perfetto->out->err = packet->err;
		return;
	}
	out__bytes(perfetto->out, head, 1 + protobuf__varint(head + 1, packet->len));
	out__bytes(perfetto->out, packet->bytes, packet->len);
	packet->len = 0;
}

static void intern(struct buffer *packet, unsigned kind, uint64_t iid, struct ttlog_text text)
{
	size_t entry = protobuf__open(packet, kind);

	protobuf__u64(packet, ENTRY_IID, iid);
	protobuf__text(packet, ENTRY_TEXT, text);
	protobuf__close(packet, entry);
}

static void put_clock(struct buffer *packet, unsigned id, uint64_t ns)
{
	protobuf__pair(packet, SNAPSHOT_CLOCK, CLOCK_ID, id, CLOCK_TIMESTAMP, ns);
}

/* Times are on the clock of the first file's machine. */
static void first_packet(struct perfetto *perfetto, const struct event_output_setup *setup)
{
	struct buffer *packet = &perfetto->packet;
	size_t part = protobuf__open(packet, PACKET_CLOCK_SNAPSHOT);

	if (setup->reader_cnt) {
		put_clock(packet, CLOCK_OF_MONOTONIC,
			  ttlog_snapshot_info(setup->readers[0])->mono_ns);
		put_clock(packet, CLOCK_OF_WALL, ttlog_snapshot_info(setup->readers[0])->real_ns);
	}
	protobuf__u64(packet, SNAPSHOT_PRIMARY, CLOCK_OF_MONOTONIC);
	protobuf__close(packet, part);
	part = protobuf__open(packet, PACKET_DEFAULTS);
	protobuf__u64(packet, DEFAULTS_CLOCK_ID, CLOCK_OF_MONOTONIC);
	protobuf__close(packet, part);
	protobuf__u64(packet, PACKET_IS_FIRST, true);
	part = protobuf__open(packet, PACKET_INTERNED_DATA);
	for (unsigned i = KEY_LEVEL; i < KEY_FIRST_FIELD; i++)
		intern(packet, INTERNED_KEY, i, ttlog_text_of(OWN_KEYS[i]));
	for (unsigned i = 0; i < LEVEL_CNT; i++)
		intern(packet, INTERNED_TEXT, i + 1, ttlog_text_of(ttlog_level_name(i)));
	for (unsigned i = 0; i < WAIT_REASON_CNT; i++)
		intern(packet, INTERNED_NAME, i + 1, ttlog_text_of(WAIT_REASONS[i]));
	protobuf__close(packet, part);
	finish_packet(perfetto, SEQUENCE_CLEARED);
}

/* ---- Tracks ---- */

static uint64_t pid_on(size_t machine, uint64_t pid)
{
	return (pid + machine * PIDS_PER_MACHINE) & PID_MAX;
}

static uint64_t pid_of(const struct lane *lane)
{
	return pid_on(lane->machine, lane->thread->pid);
}

static size_t open_track(struct buffer *packet, uint64_t uuid)
{
	size_t track = protobuf__open(packet, PACKET_TRACK_DESCRIPTOR);

	protobuf__u64(packet, TRACK_UUID, uuid);
	return track;
}

static void process_track(struct perfetto *perfetto, const struct lane *lane, uint64_t uuid)
{
	const struct ttlog_info *header = ttlog_snapshot_info(lane->reader);
	struct buffer *packet = &perfetto->packet;
	size_t track = open_track(packet, uuid), process;

	process = protobuf__open(packet, TRACK_PROCESS);
	protobuf__u64(packet, PROCESS_PID, pid_of(lane));
	if (header->exe.len)
		protobuf__text(packet, PROCESS_CMDLINE, header->exe);
	protobuf__text(packet, PROCESS_NAME,
		       header->service.len ? header->service
		       : header->comm.len  ? header->comm
					   : lane->thread->comm);
	protobuf__close(packet, process);
	protobuf__close(packet, track);
	finish_packet(perfetto, SEQUENCE_NEEDS_STATE);
}

static uint64_t thread_uuid(const struct perfetto *perfetto, const struct lane *lane)
{
	return (uint64_t)(lane - perfetto->spans.lanes) + 1;
}

/* parent: 0: there is no track of the process. */
static void thread_track(struct perfetto *perfetto, uint64_t uuid, uint64_t parent, uint64_t pid,
			 uint64_t tid, struct ttlog_text comm)
{
	struct buffer *packet = &perfetto->packet;
	size_t track = open_track(packet, uuid), thread;

	if (parent)
		protobuf__u64(packet, TRACK_PARENT, parent);
	thread = protobuf__open(packet, TRACK_THREAD);
	protobuf__u64(packet, THREAD_PID, pid);
	protobuf__u64(packet, THREAD_TID, tid & PID_MAX);
	protobuf__text(packet, THREAD_NAME, comm);
	protobuf__close(packet, thread);
	protobuf__close(packet, track);
	finish_packet(perfetto, SEQUENCE_NEEDS_STATE);
}

static void tracks(struct perfetto *perfetto)
{
	const struct lane *last = NULL;

	perfetto->first_process = perfetto->next_uuid = perfetto->spans.lane_cnt + 1;
	for (size_t i = 0; i < perfetto->spans.lane_cnt; i++) {
		const struct lane *lane = &perfetto->spans.lanes[i];

		if (!last || pid_of(last) != pid_of(lane))
			process_track(perfetto, lane, perfetto->next_uuid++);
		perfetto->processes[i] = perfetto->next_uuid - 1;
		thread_track(perfetto, thread_uuid(perfetto, lane), perfetto->processes[i],
			     pid_of(lane), lane->thread->tid, lane->thread->comm);
		last = lane;
	}
}

/* ---- Events ---- */

/* Begins a packet with an event in it. */
static size_t open_event(struct perfetto *perfetto, uint64_t ns, unsigned type, uint64_t track)
{
	struct buffer *packet = &perfetto->packet;
	size_t event;

	protobuf__u64(packet, PACKET_TIMESTAMP, ns);
	event = protobuf__open(packet, PACKET_TRACK_EVENT);
	protobuf__u64(packet, EVENT_TYPE, type);
	protobuf__u64(packet, EVENT_TRACK, track);
	return event;
}

static void close_event(struct perfetto *perfetto, size_t event)
{
	protobuf__close(&perfetto->packet, event);
	finish_packet(perfetto, SEQUENCE_NEEDS_STATE);
}

/* A null field becomes an annotation without a value. */
static void annotation(struct buffer *packet, uint64_t key, const struct ttlog_field *field)
{
	size_t opened = protobuf__open(packet, EVENT_ANNOTATION);

	protobuf__u64(packet, ANNOTATION_NAME_IID, key);
	if (!field->null && field->type != TTLOG_TYPE_NONE)
		perfetto_value__put(packet, field);
	protobuf__close(packet, opened);
}

static void interned_annotation(struct buffer *packet, uint64_t key, uint64_t text)
{
	protobuf__pair(packet, EVENT_ANNOTATION, ANNOTATION_NAME_IID, key, ANNOTATION_TEXT_IID,
		       text);
}

static uint64_t first_key(size_t site_number)
{
	return KEY_FIRST_FIELD + site_number * TTLOG_MAX_FIELDS;
}

/* Writes the texts of a site into the packet with its first event. */
static void intern_site(struct perfetto *perfetto, const struct ttlog_site *site, size_t number)
{
	struct buffer *packet = &perfetto->packet;
	bool by_msg = site->kind == TTLOG_EVENT_PLAIN && site->msg.len;
	size_t part, place;

	if (perfetto->interned[number])
		return;
	perfetto->interned[number] = true;
	part = protobuf__open(packet, PACKET_INTERNED_DATA);
	intern(packet, INTERNED_CATEGORY, number + 1, site->target);
	intern(packet, INTERNED_NAME, number + 1 + WAIT_REASON_CNT,
	       by_msg ? site->msg : site->probe);
	intern(packet, INTERNED_TEXT, number + 1 + LEVEL_CNT, site->probe);
	for (unsigned i = 0; i < site->nfields; i++)
		intern(packet, INTERNED_KEY, first_key(number) + i, site->keys[i]);
	place = protobuf__open(packet, INTERNED_PLACE);
	protobuf__u64(packet, ENTRY_IID, number + 1);
	protobuf__text(packet, PLACE_FILE, site->file);
	protobuf__text(packet, PLACE_FUNCTION, site->func);
	protobuf__u64(packet, PLACE_LINE, (uint32_t)site->line);
	protobuf__close(packet, place);
	protobuf__close(packet, part);
}

/* Begins an event with the constants of its site. */
static size_t open_site_event(struct perfetto *perfetto, const struct lane *lane,
			      const struct ttlog_event *event, uint64_t ns, unsigned type)
{
	struct buffer *packet = &perfetto->packet;
	size_t number = spans__site_number(&perfetto->spans, event), opened;

	intern_site(perfetto, event->site, number);
	opened = open_event(perfetto, ns, type, thread_uuid(perfetto, lane));
	protobuf__u64(packet, EVENT_CATEGORY_IID, number + 1);
	protobuf__u64(packet, EVENT_NAME_IID, number + 1 + WAIT_REASON_CNT);
	protobuf__u64(packet, EVENT_PLACE_IID, number + 1);
	interned_annotation(packet, KEY_LEVEL, event->site->level + 1u);
	interned_annotation(packet, KEY_PROBE, number + 1 + LEVEL_CNT);
	return opened;
}

static void field_annotations(struct perfetto *perfetto, const struct ttlog_event *event)
{
	const uint64_t key = first_key(spans__site_number(&perfetto->spans, event));
	struct ttlog_field field;

	for (unsigned i = ttlog_site_first_field(event->site); i < event->site->nfields; i++) {
		ttlog_event_field(event, i, &field);
		annotation(&perfetto->packet, key + i, &field);
	}
	field = (struct ttlog_field){ .type = TTLOG_TYPE_U64, .u = ttlog_event_suppressed(event) };
	if (field.u)
		annotation(&perfetto->packet, KEY_SUPPRESSED, &field);
}

static void show_event(struct perfetto *perfetto, const struct lane *lane,
		       const struct ttlog_event *event, unsigned type)
{
	uint64_t ns = spans__ns(&perfetto->spans, event);
	size_t opened = open_site_event(perfetto, lane, event, ns, type);

	field_annotations(perfetto, event);
	close_event(perfetto, opened);
}

/* Ends the innermost slice of a track, whose end that is; NULL: it is unknown when it was left. */
static void end_slice(struct perfetto *perfetto, const struct lane *lane, uint64_t ns,
		      const struct ttlog_event *end)
{
	struct ttlog_field last = { .type = TTLOG_TYPE_BOOL, .u = 1 };
	size_t event;

	if (end && end->site->nfields > ttlog_site_first_field(end->site))
		intern_site(perfetto, end->site, spans__site_number(&perfetto->spans, end));
	event = open_event(perfetto, ns, TYPE_END, thread_uuid(perfetto, lane));
	if (end) {
		field_annotations(perfetto, end);
		ttlog_event_field(end, 0, &last);
	}
	annotation(&perfetto->packet, end ? KEY_DURATION : KEY_UNFINISHED, &last);
	close_event(perfetto, event);
}

static void end_open(struct perfetto *perfetto, struct lane *lane, uint64_t ns)
{
	end_slice(perfetto, lane, ns, NULL);
	spans__pop(&perfetto->spans, lane);
}

static void end_span(struct perfetto *perfetto, struct lane *lane, const struct ttlog_event *end)
{
	uint64_t end_ns = spans__ns(&perfetto->spans, end), begin_ns;
	struct ttlog_field duration;
	uint32_t at;

	ttlog_event_field(end, 0, &duration);
	at = spans__match(lane, end, duration.u);
	if (at < lane->cnt) {
		while (lane->cnt > at + 1)
			end_open(perfetto, lane, end_ns);
		spans__pop(&perfetto->spans, lane);
	} else {
		/* its start was not seen; spans that began during it are inside */
		begin_ns = end_ns > duration.u ? end_ns - duration.u : 0;
		while (lane->cnt && !lane->unkept &&
		       spans__ns(&perfetto->spans, &lane->open[lane->cnt - 1].begin) >= begin_ns)
			end_open(perfetto, lane, end_ns);
		close_event(perfetto, open_site_event(perfetto, lane, end, begin_ns, TYPE_BEGIN));
	}
	end_slice(perfetto, lane, end_ns, end);
}

/* A wait of --sched: a slice named by its reason. */
static void show_wait(struct perfetto *perfetto, const struct lane *lane,
		      const struct ttlog_event *event, const struct wait *wait)
{
	const uint64_t end_ns = spans__ns(&perfetto->spans, event);
	const uint64_t begin_ns = wait__begin_ns(wait, lane, end_ns);
	size_t opened = open_site_event(perfetto, lane, event, begin_ns, TYPE_BEGIN);

	/* of two values, the last one counts */
	protobuf__u64(&perfetto->packet, EVENT_NAME_IID, wait->reason + 1);
	field_annotations(perfetto, event);
	close_event(perfetto, opened);
	close_event(perfetto, open_event(perfetto, end_ns, TYPE_END, thread_uuid(perfetto, lane)));
}

/* ---- Counters ---- */

static void make_counter_track(struct perfetto *perfetto, uint64_t uuid, uint64_t process,
			       struct ttlog_text key)
{
	struct buffer *packet = &perfetto->packet;
	size_t track = open_track(packet, uuid);

	protobuf__u64(packet, TRACK_PARENT, process);
	protobuf__text(packet, TRACK_NAME, key);
	protobuf__close(packet, protobuf__open(packet, TRACK_COUNTER));
	protobuf__close(packet, track);
	finish_packet(perfetto, SEQUENCE_NEEDS_STATE);
}

/* The track of a key in the lane's process, made with its first value. */
static uint64_t counter_track(struct perfetto *perfetto, const struct lane *lane,
			      struct ttlog_text key)
{
	uint64_t process = perfetto->processes[lane - perfetto->spans.lanes];
	uint64_t *uuid =
		&perfetto->drawn[(process - perfetto->first_process) * perfetto->counters.key_cnt +
				 counters__key(&perfetto->counters, key)];

	if (!*uuid) {
		*uuid = perfetto->next_uuid++;
		make_counter_track(perfetto, *uuid, process, key);
	}
	return *uuid;
}

static void counter_value(struct buffer *packet, const struct ttlog_field *field)
{
	if (field->type == TTLOG_TYPE_F32 || field->type == TTLOG_TYPE_F64 ||
	    field->type == TTLOG_TYPE_DECIMAL ||
	    (!ttlog_type_is_signed(field->type) && field->u > INT64_MAX))
		protobuf__double(packet, EVENT_COUNTER_DOUBLE, counters__double(field));
	else
		protobuf__u64(packet, EVENT_COUNTER_VALUE, field->u);
}

static void counters(struct perfetto *perfetto, const struct lane *lane,
		     const struct ttlog_event *event)
{
	const uint16_t chosen =
		counters__of(&perfetto->counters, spans__site_number(&perfetto->spans, event));
	uint64_t ns = spans__ns(&perfetto->spans, event);

	for (unsigned i = 0; chosen >> i; i++) {
		struct ttlog_field field;
		uint64_t track;
		size_t opened;

		if (!(chosen >> i & 1) || !counters__value(event, i, &field))
			continue;
		track = counter_track(perfetto, lane, event->site->keys[i]);
		opened = open_event(perfetto, ns, TYPE_COUNTER, track);
		counter_value(&perfetto->packet, &field);
		close_event(perfetto, opened);
	}
}

/* ---- Death ---- */

static void named_text(struct buffer *packet, const char *name, struct ttlog_text text)
{
	size_t opened = protobuf__open(packet, EVENT_ANNOTATION);

	protobuf__text(packet, ANNOTATION_NAME, ttlog_text_of(name));
	protobuf__text(packet, ANNOTATION_TEXT, text);
	protobuf__close(packet, opened);
}

static void stack(struct buffer *packet, const struct ttlog_crash *crash)
{
	struct buffer text = { .len = 0 };
	size_t opened = protobuf__open(packet, EVENT_ANNOTATION), item;

	protobuf__text(packet, ANNOTATION_NAME, ttlog_text_of("stack"));
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		text.len = 0;
		death_event__frame(&text, crash->frames[i]);
		item = protobuf__open(packet, ANNOTATION_ITEM);
		protobuf__text(packet, ANNOTATION_TEXT,
			       (struct ttlog_text){ text.bytes, text.len });
		protobuf__close(packet, item);
	}
	if (text.err)
		packet->err = text.err;
	buffer__fini(&text);
	protobuf__close(packet, opened);
}

static void show_death(void *to, const struct death *death)
{
	struct perfetto *perfetto = to;
	struct buffer *packet = &perfetto->packet;
	const struct ttlog_crash *crash = death->info->crash;
	uint64_t track = death->lane ? thread_uuid(perfetto, death->lane) : perfetto->next_uuid++;
	size_t event;

	if (!death->lane)
		thread_track(perfetto, track, 0, pid_on(death->machine, death->pid), death->tid,
			     crash->thread);
	event = open_event(perfetto, death->mono_ns, TYPE_INSTANT, track);
	protobuf__text(packet, EVENT_CATEGORY, ttlog_text_of(DEATH_CATEGORY));
	protobuf__text(packet, EVENT_NAME, ttlog_text_of(death->words));
	named_text(packet, "signal", crash->signal);
	named_text(packet, "address", crash->address);
	if (crash->frame_cnt)
		stack(packet, crash);
	close_event(perfetto, event);
}

/* ---- Begin and end ---- */

static void perfetto__event(void *state, const struct ttlog_event *event)
{
	struct perfetto *perfetto = state;
	struct lane *lane = spans__lane(&perfetto->spans, event);
	struct wait wait;

	if (event->site->kind == TTLOG_EVENT_SPAN_END)
		end_span(perfetto, lane, event);
	else if (wait__of(event, &wait))
		show_wait(perfetto, lane, event, &wait);
	else if (event->site->kind == TTLOG_EVENT_SPAN &&
		 spans__begin(&perfetto->spans, lane, event))
		show_event(perfetto, lane, event, TYPE_BEGIN);
	else
		show_event(perfetto, lane, event, TYPE_INSTANT);
	counters(perfetto, lane, event);
	lane->last_ns = spans__ns(&perfetto->spans, event);
}

static void perfetto__fini(void *state)
{
	struct perfetto *perfetto = state;

	spans__fini(&perfetto->spans);
	counters__fini(&perfetto->counters);
	buffer__fini(&perfetto->packet);
	free(perfetto->interned);
	free(perfetto->processes);
	free(perfetto->drawn);
}

static void perfetto__end(void *state)
{
	struct perfetto *perfetto = state;

	if (deaths__each(&perfetto->spans, show_death, perfetto))
		perfetto->out->err = -ENOMEM;
}

static int perfetto__begin(void *state, const struct event_output_setup *setup)
{
	struct perfetto *perfetto = state;
	int err = spans__init(&perfetto->spans, setup->readers, setup->reader_cnt);

	perfetto->out = setup->out;
	if (!err)
		err = counters__init(&perfetto->counters, &perfetto->spans.provenances,
				     setup->counters);
	if (err)
		return err;
	perfetto->interned = calloc(perfetto->spans.provenances.site_cnt + 1, 1);
	perfetto->processes = calloc(perfetto->spans.lane_cnt + 1, sizeof(*perfetto->processes));
	if (!perfetto->interned || !perfetto->processes)
		return -ENOMEM;
	first_packet(perfetto, setup);
	tracks(perfetto);
	perfetto->drawn = calloc(perfetto->next_uuid - perfetto->first_process + 1,
				 (perfetto->counters.key_cnt + 1) * sizeof(*perfetto->drawn));
	return perfetto->drawn ? 0 : -ENOMEM;
}

const struct event_output perfetto_output = {
	.state_bytes = sizeof(struct perfetto),
	.begin = perfetto__begin,
	.event = perfetto__event,
	.end = perfetto__end,
	.fini = perfetto__fini,
};
