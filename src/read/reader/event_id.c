/* SPDX-License-Identifier: MIT */
/* An event's identity as text, its trace, and what was left out before it: FORMAT.md, section 4. */
#include "format_number.h"
#include "hash.h"
#include "hex.h"
#include "identity.h"
#include "reader.h"

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	char text[FORMAT_NUMBER_BYTES];
	const size_t len = format__u64(text, number);

	return hash__fnv(hash__fnv(hash, "/", 1), text, len);
}

static uint64_t hash_run(const struct header *header, const struct identity_run *run)
{
	const struct ttlog_thread *thread = &header->threads[run->thread];
	const struct ttlog_text boot_id = header->info.boot_id;
	const struct ttlog_text build_id = header->modules[run->module].build_id;
	uint64_t hash = hash__fnv(HASH_FNV_START, boot_id.p, boot_id.len);

	hash = hash_number(hash, header->info.start_time);
	hash = hash_number(hash, thread->pid);
	hash = hash_number(hash, thread->tid);
	hash = hash__fnv(hash, "/", 1);
	hash = hash__fnv(hash, build_id.p, build_id.len);
	hash = hash_number(hash, run->seq);
	return hash_number(hash, run->ticks);
}

struct ttlog_text ttlog_event_id(const struct ttlog_event *event, char *buf)
{
	struct identity id;
	char *end;

	if (!event->source->identity || !event->source->identity(event, &id))
		return (struct ttlog_text){ NULL, 0 };
	if (!id.run->hash)
		id.run->hash = hash_run(&event->snapshot->header, id.run);
	end = hex__digits(buf, id.run->hash, 16);
	*end++ = '-';
	end = hex__digits(end, id.place, hex__cnt(id.place));
	return (struct ttlog_text){ buf, (size_t)(end - buf) };
}

/* ---- The trace that it belongs to ---- */

static struct ttlog_text id_text(const struct ttlog_event *event, bool is_span, char *buf)
{
	const struct ttlog_column *ids = event->source->ids ? event->source->ids(event, is_span)
							    : NULL;
	struct ttlog_field field;

	if (!ids)
		return (struct ttlog_text){ NULL, 0 };
	ttlog_column_field(ids, (size_t)event->reserved[1], &field);
	if (field.null)
		return (struct ttlog_text){ NULL, 0 };
	return hex__text(field.text, buf, TTLOG_ID_BYTES);
}

struct ttlog_text ttlog_event_trace_id(const struct ttlog_event *event, char *buf)
{
	return id_text(event, false, buf);
}

struct ttlog_text ttlog_event_span_id(const struct ttlog_event *event, char *buf)
{
	return id_text(event, true, buf);
}

/* ---- Calls that were left out before it ---- */

uint64_t ttlog_event_suppressed(const struct ttlog_event *event)
{
	const struct ttlog_column *counts =
		event->source->suppressed ? event->source->suppressed(event) : NULL;
	struct ttlog_field field;

	if (!counts)
		return 0;
	ttlog_column_field(counts, (size_t)event->reserved[1], &field);
	return field.u;
}
