/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Events of probes that are not ours, as records in their thread's chunk.
 */
#ifndef TTLOG_FOREIGN_RECORD_BPF_H
#define TTLOG_FOREIGN_RECORD_BPF_H

#include "foreign_message.bpf.h"

/* Where a record may begin, so that all of it fits; with texts, so that its first one does. */
#define RECORDS_BYTES     sizeof(((struct wire_chunk *)0)->records)
#define RECORD_MAX_BYTES  sizeof(struct record_room)
#define RECORD_LIMIT      (RECORDS_BYTES - RECORD_MAX_BYTES)
#define VALUES_LIMIT      (RECORD_LIMIT + sizeof(struct wire_chunk_record) + sizeof(u64))
#define TEXT_LIMIT        (RECORDS_BYTES - WIRE_SLOT_MAX_BYTES)
#define RECORD_TEXT_LIMIT (TEXT_LIMIT - RECORD_MAX_BYTES)

/*
 * The texts of the record at `at`, whose numbers are at `values`, and which ends at `end` so far.
 * Returns where it ends then; 0: they do not fit. A global function, which the verifier walks once.
 */
__attribute__((noinline)) u64 foreign__append_texts(struct wire_chunk *chunk,
						    const struct wire_place *place, u64 at,
						    u64 values, u64 end)
{
	struct wire_chunk_record *record;

	if (!chunk || !place || at > RECORD_LIMIT || values > VALUES_LIMIT)
		return 0;
	record = (struct wire_chunk_record *)(chunk->records + at);
	for (u32 i = 0; i < TTLOG_MAX_FIELDS; i++) {
		u64 *value = (u64 *)(chunk->records + values) + i;
		u64 room = WIRE_SLOT_MAX_BYTES, address;
		long len;

		if (i >= place->value_cnt)
			break;
		if (!place->values[i].text)
			continue;
		address = *value;
		*value = WIRE_NULL_TEXT;
		if (!address || record->missing >> i & 1)
			continue;
		/* its length is the value after it, which is a number */
		if (place->values[i].text == WIRE_TEXT_UP_TO && i + 1 < TTLOG_MAX_FIELDS &&
		    value[1] < WIRE_SLOT_MAX_BYTES)
			room = value[1] + 1;
		/* one register each from here on, for the verifier of 6.1 */
		barrier_var(room);
		barrier_var(end);
		if (end > TEXT_LIMIT)
			return 0;
		if (!room || room > WIRE_SLOT_MAX_BYTES)
			room = WIRE_SLOT_MAX_BYTES;
		len = bpf_probe_read_user_str(chunk->records + end, room, (void *)address);
		if (len < 0) {
			record->missing |= 1u << i;
			continue;
		}
		*value = len;
		end += (len + 7) & ~7ull;
	}
	return end;
}

/* A record that is being written; it counts once chunk__publish() says so. */
struct append {
	struct wire_chunk *chunk;
	struct wire_chunk_record *record;
	u64 at; /* in the chunk's records */
};

/* False: there is no room. */
static __always_inline bool begin_record(struct event_thread *thread, const u64 limit, u8 kind,
					 struct append *ret)
{
	struct wire_chunk *chunk = chunk__with_room(thread, limit);
	u64 at;

	if (!chunk)
		return false;
	at = chunk->used;
	barrier_var(at);
	if (at > RECORD_LIMIT)
		return false;
	ret->chunk = chunk;
	ret->at = at;
	ret->record = (struct wire_chunk_record *)(chunk->records + at);
	ret->record->stamp_ns = bpf_ktime_get_ns();
	ret->record->missing = 0;
	ret->record->place_kind = kind;
	ret->record->value_cnt = 0;
	ret->record->reserved = 0;
	return true;
}

/* 0, or an error: there is no room. begin_ns: of a span that begins or ends. A global function, which
 * the verifier walks once. */
__attribute__((noinline)) int foreign__append_event(struct bpf_user_pt_regs_t *ctx,
						    struct event_thread *thread,
						    const struct wire_place *place, u32 module,
						    u64 begin_ns)
{
	struct wire_chunk_record *record;
	struct append append;
	u64 values, end;

	if (!thread || !place ||
	    !begin_record(thread, place->text_cnt ? RECORD_TEXT_LIMIT : RECORD_LIMIT, place->kind,
			  &append))
		return -ENOSPC;
	record = append.record;
	record->module = module;
	record->site = place->site;
	values = append.at + sizeof(*record);
	if (place->kind == WIRE_PLACE_BEGIN)
		record->stamp_ns = begin_ns;
	if (ends_span(place->kind)) {
		*(u64 *)(record + 1) = begin_ns;
		values += sizeof(u64);
	}
	foreign__read_quickly(ctx, place, (struct record_room *)record);
	record->value_cnt = place->value_cnt;
	end = values + place->value_cnt * sizeof(u64);
	if (place->text_cnt)
		end = foreign__append_texts(append.chunk, place, append.at, values, end);
	if (!end)
		return -E2BIG;
	record->words = (end - append.at) / sizeof(u64);
	if (record->missing)
		count_nulls(bpf_get_current_task_btf());
	chunk__publish(append.chunk, end);
	return 0;
}

/* The end of a span whose function did not return. 0, or an error: there is no room. A global
 * function, which the verifier walks once. */
__attribute__((noinline)) int foreign__append_end(struct event_thread *thread, u32 module, u32 site,
						  u64 begin_ns)
{
	struct append append;

	if (!thread || !begin_record(thread, RECORD_LIMIT, WIRE_PLACE_JUMP, &append))
		return -ENOSPC;
	append.record->module = module;
	append.record->site = site;
	append.record->words = (sizeof(*append.record) + sizeof(u64)) / sizeof(u64);
	*(u64 *)(append.record + 1) = begin_ns;
	chunk__publish(append.chunk, append.at + sizeof(*append.record) + sizeof(u64));
	return 0;
}

static __always_inline void send_event(const struct hit *hit, bool has_stack)
{
	u32 chunk = WIRE_CHUNK_UNKNOWN;

	if (!has_stack && hit->thread &&
	    !foreign__append_event((void *)hit->registers, hit->thread, hit->place, hit->module,
				   hit->begin_ns))
		return;
	if (hit->thread)
		chunk = chunk__close(hit->thread);
	foreign__send_message(hit->place, hit->number, hit->begin_ns, chunk, has_stack);
}

#endif /* TTLOG_FOREIGN_RECORD_BPF_H */
