/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "catalog.h"
#include "chunk_out.h"
#include "clock.h"
#include "contexts.h"
#include "encoder.h"
#include "format.h"
#include "merge.h"

int encoder__init(struct encoder *encoder, const struct snapshot_source *source,
		  const struct catalog_choice *choice)
{
	*encoder = (struct encoder){ .source = *source };
	encoder->created.mono_ns = clock__now_mono_ns();
	encoder->created.real_ns = clock__now_real_ns();
	/* what the clock of an earlier boot would show now, had it run on */
	if (source->boot_offset_ns)
		encoder->created.mono_ns =
			encoder->created.real_ns - (uint64_t)source->boot_offset_ns;
	else
		clock__real_error(&encoder->created.error);
	encoder->catalog = catalog__new(source->events, source->modules, source->module_cnt,
					source->thread_cnt, choice, source->redact);
	return encoder->catalog ? 0 : -errno;
}

int encoder__start(struct encoder *encoder, size_t wanted_bytes)
{
	const struct snapshot_source *source = &encoder->source;

	encoder->contexts = source->contexts ? contexts__clone(source->contexts) : contexts__new();
	if (!encoder->contexts)
		return -errno;
	contexts__use(encoder->contexts, source->threads, source->thread_cnt);
	encoder->merge =
		merge__new(source->events, encoder->catalog, source->clock, encoder->contexts);
	if (!encoder->merge)
		return -errno;
	encoder->chunk = chunk_out__new(encoder->catalog, wanted_bytes);
	return encoder->chunk ? 0 : -errno;
}

void encoder__fini(struct encoder *encoder)
{
	frame_out__fini(&encoder->frame);
	cbor_out__fini(&encoder->item);
	cbor_out__fini(&encoder->header);
	chunk_out__free(encoder->chunk);
	merge__free(encoder->merge);
	contexts__free(encoder->contexts);
	catalog__free(encoder->catalog);
}

/* Makes the chunk an item, and gives that to the sink. */
static int give_chunk(struct encoder *encoder, const struct encoder_sink *sink)
{
	encoder->in_item = (struct header_totals){
		.events = chunk_out__cnt(encoder->chunk),
		.chunks = 1,
		.first_ns = chunk_out__first_ns(encoder->chunk),
		.last_ns = chunk_out__last_ns(encoder->chunk),
	};
	cbor_out__reset(&encoder->item);
	chunk_out__put(encoder->chunk, &encoder->item);
	return sink->take_chunk(sink->ctx);
}

int encoder__run(struct encoder *encoder, const struct encoder_sink *sink)
{
	struct merge_record record;
	int err = 0;

	while (!err && merge__next(encoder->merge, &record)) {
		if (sink->wants && !sink->wants(sink->ctx, &record))
			continue;
		chunk_out__add(encoder->chunk, &record);
		if (chunk_out__is_full(encoder->chunk))
			err = give_chunk(encoder, sink);
	}
	if (!err && chunk_out__cnt(encoder->chunk))
		err = give_chunk(encoder, sink);
	return err;
}

static int write_item(struct encoder *encoder, int fd, const struct cbor_out *item,
		      size_t max_bytes)
{
	if (item->error)
		return item->error;
	if (item->len > max_bytes)
		return -E2BIG;
	return frame_out__write(&encoder->frame, fd, item->bytes, item->len);
}

int encoder__write_header(struct encoder *encoder, int fd, size_t max_bytes)
{
	encoder->in_file = (struct header_totals){ 0 };
	return write_item(encoder, fd, &encoder->header, max_bytes);
}

int encoder__write_chunk(struct encoder *encoder, int fd)
{
	const struct header_totals *in_item = &encoder->in_item;
	struct header_totals *in_file = &encoder->in_file;
	int err = write_item(encoder, fd, &encoder->item, FORMAT_CHUNK_MAX_BYTES);

	if (err)
		return err;
	if (!in_file->events)
		in_file->first_ns = in_item->first_ns;
	in_file->last_ns = in_item->last_ns;
	in_file->events += in_item->events;
	in_file->chunks++;
	return 0;
}

int encoder__write_end(struct encoder *encoder, int fd)
{
	cbor_out__reset(&encoder->item);
	header_out__put_end(&encoder->item, &encoder->source, &encoder->in_file, &encoder->header,
			    0);
	return write_item(encoder, fd, &encoder->item, FORMAT_HEADER_MAX_BYTES);
}
