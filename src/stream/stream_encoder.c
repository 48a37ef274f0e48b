/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "barrier.h"
#include "carry.h"
#include "catalog.h"
#include "chunk_out.h"
#include "contexts.h"
#include "crash.h"
#include "merge.h"
#include "ring.h"
#include "segment_out.h"
#include "site.h"
#include "snapshot_source.h"
#include "stacks_out.h"
#include "stream.h"
#include "stream_block.h"
#include "stream_encoder.h"
#include "stream_stacks.h"

#define CARRY_MAX_BYTES ((size_t)8 << 20)
#define CHUNK_BYTES     ((size_t)256 << 10)

struct stream_encoder {
	struct stream *stream;
	struct catalog *catalog;  /* NULL: none yet */
	struct site_table **held; /* the catalog's tables, by module */
	size_t held_cnt, held_cap;
	struct carry carry;        /* from the last job */
	struct contexts *contexts; /* of the threads, at its end */
	struct stream_stacks stacks;
	struct segment_out out;
	uint64_t corrupt;              /* records that can't be decoded */
	struct snapshot_source source; /* of the last job: its accounts, and texts of our own */
	struct crash crash;            /* how it ended, no more */

	/* while a job is encoded */
	struct stream_shop *shop;
	const struct stream_job *job;
	struct carry later;
	struct merge *merge;
	uint64_t emitted; /* into chunks that are written */
};

struct stream_encoder *stream_encoder__new(struct stream *stream)
{
	struct stream_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->contexts = contexts__new();
	if (!encoder->contexts) {
		free(encoder);
		return NULL;
	}
	encoder->stream = stream;
	encoder->out.place.id = stream->id;
	return encoder;
}

static void forget_tables(struct stream_encoder *encoder)
{
	catalog__free(encoder->catalog);
	encoder->catalog = NULL;
	for (size_t i = 0; i < encoder->held_cnt; i++)
		site_table__free(encoder->held[i]);
	encoder->held_cnt = 0;
}

void stream_encoder__free(struct stream_encoder *encoder)
{
	if (!encoder)
		return;
	forget_tables(encoder);
	free(encoder->held);
	contexts__free(encoder->contexts);
	stream_stacks__fini(&encoder->stacks);
	carry__fini(&encoder->carry);
	carry__fini(&encoder->later);
	free((void *)encoder->source.service);
	free((void *)encoder->source.comm);
	free((void *)encoder->source.exe);
	free((void *)encoder->source.build_id);
	free((void *)encoder->source.cgroup_path);
	free(encoder);
}

static uint64_t missed(const struct stream_encoder *encoder)
{
	return encoder->stream->missed + barrier__load_acquire(&encoder->stream->unwritten);
}

static void add_missed(struct stream_encoder *encoder, uint64_t cnt)
{
	/* this thread alone writes it */
	barrier__store_release(&encoder->stream->missed, encoder->stream->missed + cnt);
}

/* ---- what the header and the end need ---- */

static const char *copy_text(const char *own, const char *text)
{
	if (own && text && !strcmp(own, text))
		return own;
	free((void *)own);
	return text ? strdup(text) : NULL;
}

static void keep_source(struct stream_encoder *encoder, const struct snapshot_source *source)
{
	const struct snapshot_source had = encoder->source;
	struct snapshot_source *own = &encoder->source;

	*own = *source;
	own->service = copy_text(had.service, source->service);
	own->comm = copy_text(had.comm, source->comm);
	own->exe = copy_text(had.exe, source->exe);
	own->build_id = copy_text(had.build_id, source->build_id);
	own->cgroup_path = copy_text(had.cgroup_path, source->cgroup_path);
	own->reason = SEGMENT_FILE_REASON;
	own->overwritten = 0;
	own->cause = (struct trigger_cause){ .on = NULL };
	own->suppressed_cnt = 0;
	own->ending = (struct crash_ending){ .len = 0 };
	own->crash = NULL;
	if (source->crash) {
		encoder->crash = (struct crash){
			.has_exit = source->crash->has_exit,
			.exit_code = source->crash->exit_code,
			.exit_signal = source->crash->exit_signal,
		};
		own->crash = &encoder->crash;
	}
	own->events = NULL;
	own->stacks = NULL;
	own->stack_cnt = 0;
	own->threads = NULL;
	own->modules = NULL;
}

/* The accounts of the last job, less what could not be decoded. */
static struct snapshot_source source_now(const struct stream_encoder *encoder)
{
	struct snapshot_source source = encoder->source;
	uint64_t cnt = encoder->corrupt;

	if (cnt > source.recorded)
		cnt = source.recorded;
	source.recorded -= cnt;
	source.lost.corrupt += cnt;
	/* for tables: those of the job */
	if (encoder->job) {
		source.threads = encoder->job->source->threads;
		source.thread_cnt = encoder->job->source->thread_cnt;
	}
	return source;
}

/* ---- segments ---- */

static int begin_segment(struct stream_encoder *encoder)
{
	const struct snapshot_source source = source_now(encoder);
	int err;

	stream_stacks__begin_segment(&encoder->stacks);
	encoder->out.place.missed = missed(encoder);
	encoder->out.place.has_nulls = encoder->catalog->has_nulls;
	err = segment_out__begin(&encoder->out, encoder->shop->room, encoder->stream, &source);
	/* the block that ends the segment is the writer's last sign of the stream */
	if (!err)
		(void)__atomic_add_fetch(&encoder->stream->refs, 1, __ATOMIC_RELAXED);
	return err;
}

static int put_tables(struct stream_encoder *encoder)
{
	const struct snapshot_source source = source_now(encoder);
	int err = catalog__number_new(encoder->catalog);

	if (!err)
		err = segment_out__tables(
			&encoder->out, encoder->shop->room, &source, encoder->catalog,
			stream_stacks__next(&encoder->stacks, encoder->catalog), missed(encoder));
	if (err)
		stream_stacks__fail(&encoder->stacks);
	if (!err)
		err = chunk_out__use(encoder->shop->chunk, encoder->catalog);
	return err;
}

void stream_encoder__end_segment(struct stream_encoder *encoder, struct stream_shop *shop)
{
	const struct snapshot_source source = source_now(encoder);

	segment_out__end(&encoder->out, shop->room, &source, missed(encoder));
}

/* The chunk is empty. */
static int roll(struct stream_encoder *encoder)
{
	int err;

	stream_encoder__end_segment(encoder, encoder->shop);
	catalog__renumber(encoder->catalog);
	err = begin_segment(encoder);
	return err ? err : put_tables(encoder);
}

static int put_chunk(struct stream_encoder *encoder)
{
	struct chunk_out *chunk = encoder->shop->chunk;
	const size_t cnt = chunk_out__cnt(chunk);
	int err;

	if (!cnt)
		return 0;
	err = segment_out__chunk(&encoder->out, encoder->shop->room, chunk);
	if (err)
		return err;
	encoder->emitted += cnt;
	if (encoder->merge)
		ring_copy__consumed(encoder->job->source->events, merge__oldest(encoder->merge));
	return 0;
}

static int emit(struct stream_encoder *encoder, const struct merge_record *record)
{
	int err;

	chunk_out__add(encoder->shop->chunk, record);
	if (!chunk_out__is_full(encoder->shop->chunk))
		return 0;
	err = put_chunk(encoder);
	if (!err && encoder->out.bytes >= encoder->shop->segment_bytes)
		err = roll(encoder);
	return err;
}

/* ---- tables ---- */

static bool is_other_table(const struct stream_encoder *encoder,
			   const struct snapshot_source *source)
{
	for (size_t i = 0; i < encoder->held_cnt && i < source->module_cnt; i++) {
		if (encoder->held[i] && source->modules[i] != encoder->held[i])
			return true;
	}
	return source->module_cnt < encoder->held_cnt;
}

static int hold_tables(struct stream_encoder *encoder, const struct snapshot_source *source)
{
	if (array__reserve(encoder->held, source->module_cnt + 1, &encoder->held_cap))
		return -ENOMEM;
	for (size_t i = 0; i < source->module_cnt; i++) {
		if (i < encoder->held_cnt && encoder->held[i])
			continue;
		encoder->held[i] =
			source->modules[i]
				? site_table__ref((struct site_table *)source->modules[i])
				: NULL;
	}
	encoder->held_cnt = source->module_cnt;
	return catalog__extend(encoder->catalog, (const struct site_table *const *)encoder->held,
			       encoder->held_cnt, source->thread_cnt);
}

/* ---- a job ---- */

/* Another library has the number of one that is gone: sites of before are written first. */
static int change_tables(struct stream_encoder *encoder)
{
	struct merge_record record;
	int err = 0;

	/* else it has failed, and what was held back is missed */
	if (!encoder->out.segment)
		carry__reset(&encoder->carry);
	while (!err && carry__peek(&encoder->carry, &record)) {
		carry__pass(&encoder->carry);
		err = emit(encoder, &record);
	}
	if (!err && encoder->out.segment)
		err = put_chunk(encoder);
	carry__reset(&encoder->carry);
	stream_encoder__end_segment(encoder, encoder->shop);
	forget_tables(encoder);
	return err;
}

static int open_tables(struct stream_encoder *encoder, const struct snapshot_source *source)
{
	struct merge_record record;
	int err = 0;

	if (encoder->catalog && is_other_table(encoder, source))
		err = change_tables(encoder);
	if (!encoder->catalog)
		encoder->catalog = catalog__new_growing(source->redact);
	if (!encoder->catalog)
		return -ENOMEM;
	if (!err)
		err = hold_tables(encoder, source);
	if (!err)
		err = catalog__walk(encoder->catalog, source->events);
	for (struct carry all = encoder->carry; !err && carry__peek(&all, &record);
	     carry__pass(&all))
		catalog__note(encoder->catalog, record.site, record.thread);
	return err;
}

/* Whether a record waits for the next job. */
static bool is_later(const struct stream_encoder *encoder, const struct merge_record *record)
{
	return !encoder->job->is_last && record->mono_ns >= encoder->job->covers_ns &&
	       encoder->later.bytes < CARRY_MAX_BYTES;
}

static int pass_on(struct stream_encoder *encoder, const struct merge_record *record)
{
	return is_later(encoder, record) ? carry__add(&encoder->later, record)
					 : emit(encoder, record);
}

/* What was held back and what is new, in the order of time. */
static int run(struct stream_encoder *encoder)
{
	struct merge_record old, new;
	bool has_old = carry__peek(&encoder->carry, &old);
	bool has_new = merge__next(encoder->merge, &new);
	int err = 0;

	while (!err && (has_old || has_new)) {
		if (has_old && (!has_new || old.mono_ns <= new.mono_ns)) {
			err = pass_on(encoder, &old);
			carry__pass(&encoder->carry);
			has_old = carry__peek(&encoder->carry, &old);
		} else {
			err = pass_on(encoder, &new);
			has_new = merge__next(encoder->merge, &new);
		}
	}
	return err ? err : put_chunk(encoder);
}

/* Its header said that there are none. */
static bool lacks_nulls(const struct stream_encoder *encoder)
{
	return encoder->out.segment && encoder->catalog->has_nulls && !encoder->out.place.has_nulls;
}

static int encode(struct stream_encoder *encoder, const struct snapshot_source *source)
{
	int err = 0;

	/* made at the first job: it takes 5 MiB */
	err = open_tables(encoder, source);
	if (!err && !encoder->shop->chunk) {
		encoder->shop->chunk = chunk_out__new(encoder->catalog, CHUNK_BYTES);
		err = encoder->shop->chunk ? 0 : -ENOMEM;
	}
	if (!err && (encoder->out.bytes >= encoder->shop->segment_bytes || lacks_nulls(encoder) ||
		     stacks_out__is_full(encoder->stacks.out)))
		stream_encoder__end_segment(encoder, encoder->shop);
	if (!err && !encoder->out.segment) {
		catalog__renumber(encoder->catalog);
		err = begin_segment(encoder);
	}
	if (!err)
		err = put_tables(encoder);
	if (err)
		return err;
	contexts__use(encoder->contexts, source->threads, source->thread_cnt);
	encoder->merge =
		merge__new(source->events, encoder->catalog, source->clock, encoder->contexts);
	return encoder->merge ? run(encoder) : -errno;
}

/* What was held back of this job is for the next one. */
static void swap_carry(struct stream_encoder *encoder)
{
	const struct carry carry = encoder->carry;

	encoder->carry = encoder->later;
	encoder->later = carry;
	carry__reset(&encoder->later);
}

/* Its events are missed, but not to which trace those after them belong. */
static void pass_contexts(struct stream_encoder *encoder, const struct snapshot_source *source)
{
	if (!source->has_side)
		return;
	contexts__use(encoder->contexts, source->threads, source->thread_cnt);
	contexts__take_all(encoder->contexts, source->events);
}

void stream_encoder__take(struct stream_encoder *encoder, struct stream_shop *shop,
			  const struct stream_job *job)
{
	uint64_t expected = carry__left(&encoder->carry) + job->events, kept;
	uint64_t corrupt = 0;
	int err;

	add_missed(encoder, job->missed);
	keep_source(encoder, job->source);
	encoder->shop = shop;
	encoder->job = job;
	encoder->emitted = 0;
	err = encode(encoder, job->source);
	if (err && shop->chunk)
		chunk_out__reset(shop->chunk);
	if (err)
		pass_contexts(encoder, job->source);
	if (encoder->merge && !err)
		corrupt = merge__corrupt_cnt(encoder->merge);
	merge__free(encoder->merge);
	encoder->merge = NULL;
	swap_carry(encoder);
	kept = encoder->emitted + carry__left(&encoder->carry) + corrupt;
	encoder->corrupt += corrupt;
	if (expected > kept)
		add_missed(encoder, expected - kept);
	segment_out__flush(&encoder->out, shop->room, err ? 0 : job->covers_ns);
	barrier__store_release(&encoder->stream->wants_job,
			       err || carry__left(&encoder->carry) > 0);
	encoder->job = NULL;
}

/* If there is no segment, or what it has of tables is not up to date, they wait for the next job. */
void stream_encoder__take_stacks(struct stream_encoder *encoder, struct stream_shop *shop,
				 struct event_stack *stacks, size_t cnt)
{
	const struct snapshot_source source = source_now(encoder);
	const struct catalog *catalog = encoder->catalog;
	int err;

	stream_stacks__take(&encoder->stacks, stacks, cnt);
	if (!encoder->out.segment || !catalog || encoder->out.sites != catalog->site_cnt ||
	    encoder->out.threads != catalog->thread_cnt)
		return;
	err = segment_out__tables(&encoder->out, shop->room, &source, catalog,
				  stream_stacks__next(&encoder->stacks, catalog), missed(encoder));
	if (err)
		stream_stacks__fail(&encoder->stacks);
	segment_out__flush(&encoder->out, shop->room, 0);
}

void stream_encoder__drop(struct stream_encoder *encoder, const struct stream_job *job)
{
	keep_source(encoder, job->source);
	pass_contexts(encoder, job->source);
	add_missed(encoder, job->missed + job->events);
	if (job->is_last) {
		add_missed(encoder, carry__left(&encoder->carry));
		carry__reset(&encoder->carry);
	}
	barrier__store_release(&encoder->stream->wants_job, 1);
}

uint64_t stream_encoder__begun_ns(const struct stream_encoder *encoder)
{
	return encoder->out.segment ? encoder->out.created.mono_ns : 0;
}

bool stream_encoder__has_failed(const struct stream_encoder *encoder)
{
	return encoder->out.segment && barrier__load_acquire(&encoder->out.segment->err);
}
