/* SPDX-License-Identifier: MIT */
/*
 * The end, which marks the file complete, is written last, and the file gets its name after that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "barrier.h"
#include "catalog.h"
#include "encoder.h"
#include "file_order.h"
#include "format.h"
#include "label.h"
#include "merge.h"
#include "new_file.h"
#include "out_dir.h"
#include "recipients.h"
#include "ring.h"
#include "seal_out.h"
#include "snapshot.h"
#include "snapshot_source.h"

#define NS_PER_MS        1000000u
#define MS_PER_S         1000u
#define REASON_MAX       64
#define NAME_TRIES       100000
#define HEADER_MAX_BYTES (FORMAT_HEADER_MAX_BYTES - FORMAT_END_RESERVE_BYTES)
/* If the header does not fit, it is cut to these, in this order. */
#define KEPT_PATH_BYTES  (2u << 20)
#define KEPT_THREADS     100000u
/* Damage costs a chunk, so there are many. In a smaller chunk than CHUNK_MIN_BYTES the heads take
 * too much room; in a larger one than CHUNK_MAX_BYTES columns are longer than the 64 KiB that LZ4
 * looks back. */
#define CHUNKS_WANTED    32u
#define CHUNK_MIN_BYTES  (16u << 10)
#define CHUNK_MAX_BYTES  (256u << 10)
/* If not even a chunk fitted, the search for what fits begins with this. */
#define PART_MIN_EVENTS  4096u

struct snapshot {
	struct encoder encoder;
	uint64_t *steps;
	uint64_t file_min_bytes; /* that the header needs */
	struct new_file file;
};

static void sanitise_reason(const char *reason, char ret_text[REASON_MAX + 1])
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = 0;

	for (; reason && reason[len] && len < REASON_MAX; len++)
		ret_text[len] = strchr(allowed, reason[len]) ? reason[len] : '_';
	if (!len)
		ret_text[len++] = '_';
	ret_text[len] = '\0';
}

/* ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin */
static int make_name(const struct snapshot_source *source, uint64_t real_ms,
		     char ret_name[NAME_MAX + 1])
{
	const time_t seconds = (time_t)(real_ms / MS_PER_S);
	char reason[REASON_MAX + 1], second[32];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(second, sizeof(second), "%Y%m%d%H%M%S", &utc))
		return -EOVERFLOW;
	sanitise_reason(source->reason, reason);
	(void)snprintf(ret_name, NAME_MAX + 1, "ttlog-%" PRIu32 "-%s%03u-%s.bin", source->pid,
		       second, (unsigned int)(real_ms % MS_PER_S), reason);
	return 0;
}

static int publish(struct snapshot *snapshot, char ret_name[NAME_MAX + 1])
{
	const uint64_t real_ms = snapshot->encoder.created.real_ns / NS_PER_MS;
	char name[NAME_MAX + 1];
	int err = -EEXIST;

	for (uint64_t i = 0; err == -EEXIST && i < NAME_TRIES; i++) {
		err = make_name(&snapshot->encoder.source, real_ms + i, name);
		if (!err)
			err = new_file__publish(&snapshot->file, name);
	}
	if (!err)
		memcpy(ret_name, name, sizeof(name));
	return err;
}

static void step(const struct snapshot *snapshot)
{
	if (snapshot->steps)
		barrier__add_relaxed(snapshot->steps, 1);
}

static int take_chunk(void *ctx)
{
	struct snapshot *snapshot = ctx;
	struct encoder *encoder = &snapshot->encoder;
	int err = encoder__write_chunk(encoder, snapshot->file.fd);

	step(snapshot);
	ring_copy__consumed(encoder->source.events, merge__oldest(encoder->merge));
	return err;
}

static void put_label(const struct snapshot_source *source, int fd)
{
	label__put(fd, source->service ? source->service : source->comm,
		   source->crash ? source->crash->signature : NULL);
}

static int write_all(struct snapshot *snapshot)
{
	const struct encoder_sink sink = { .take_chunk = take_chunk, .ctx = snapshot };
	struct encoder *encoder = &snapshot->encoder;
	const int fd = snapshot->file.fd;
	int err;

	err = encoder->frame.seal ? seal_out__head(encoder->frame.seal, fd) : 0;
	if (!err)
		err = encoder__write_header(encoder, fd, HEADER_MAX_BYTES);
	/* early, so that a file that is cut has it, too */
	if (!err)
		err = frame_out__fill(&encoder->frame, fd, snapshot->file_min_bytes);
	if (!err)
		err = encoder__run(encoder, &sink);
	if (!err)
		err = encoder__write_end(encoder, fd);
	if (!err && encoder->frame.seal)
		err = seal_out__end(encoder->frame.seal, fd);
	if (err)
		return err;
	/* if this fails, the order of files is by the clock */
	(void)file_order__make_newest(snapshot->file.dir_fd, fd);
	put_label(&encoder->source, fd);
	return new_file__sync(&snapshot->file);
}

/* A record that can't be decoded is lost, not recorded. */
static void count_corrupt(struct snapshot_source *source, uint64_t cnt)
{
	if (cnt > source->recorded)
		cnt = source->recorded;
	source->recorded -= cnt;
	source->lost.corrupt += cnt;
}

static bool put_header(struct encoder *encoder, struct header_room *room)
{
	cbor_out__reset(&encoder->header);
	header_out__put(&encoder->header, &encoder->source, encoder->catalog, &encoder->created,
			room);
	return encoder->header.error || encoder->header.len <= HEADER_MAX_BYTES;
}

/* A program may have any number of threads, mappings and sites, and gets a file all the same: what
 * a reader can do without is cut first, events last. */
static void fit_header(struct encoder *encoder, struct header_room *room)
{
	static const size_t text_bytes[] = { 1024, 128, 24 };
	struct catalog *catalog = encoder->catalog;
	size_t sites;

	if (put_header(encoder, room))
		return;
	room->path_bytes = KEPT_PATH_BYTES;
	if (put_header(encoder, room))
		return;
	room->left_threads = catalog__keep_threads(catalog, KEPT_THREADS);
	if (put_header(encoder, room))
		return;
	for (size_t i = 0; i < sizeof(text_bytes) / sizeof(*text_bytes); i++) {
		room->text_bytes = text_bytes[i];
		if (put_header(encoder, room))
			return;
	}
	sites = catalog->site_cnt;
	do {
		const size_t kept = catalog->site_cnt / 4 * 3;

		count_corrupt(&encoder->source, catalog__keep_sites(catalog, kept));
		room->left_sites = sites - kept;
	} while (!put_header(encoder, room) && catalog->site_cnt);
}

static void make_header(struct snapshot *snapshot)
{
	struct header_room room = { .text_bytes = SIZE_MAX, .path_bytes = SIZE_MAX };
	struct encoder *encoder = &snapshot->encoder;

	fit_header(encoder, &room);
	snapshot->file_min_bytes = header_out__file_min_bytes(&encoder->header, &encoder->source,
							      encoder->catalog, &room);
}

static size_t chunk_bytes(const struct catalog *catalog)
{
	const uint64_t bytes = catalog->record_bytes / CHUNKS_WANTED;

	if (bytes < CHUNK_MIN_BYTES)
		return CHUNK_MIN_BYTES;
	return bytes < CHUNK_MAX_BYTES ? (size_t)bytes : CHUNK_MAX_BYTES;
}

/* 0 or -errno; snapshot__fini() is right after both. wanted_bytes: of a chunk's records; 0: it is
 * set according to the events. */
static int snapshot__init(struct snapshot *snapshot, const struct snapshot_source *source,
			  size_t *wanted_bytes)
{
	struct encoder *encoder = &snapshot->encoder;
	int err;

	*snapshot = (struct snapshot){ .file = { .fd = -1 } };
	err = encoder__init(encoder, source, NULL);
	if (err)
		return err;
	count_corrupt(&encoder->source, encoder->catalog->corrupt_cnt);
	make_header(snapshot);
	if (!*wanted_bytes)
		*wanted_bytes = chunk_bytes(encoder->catalog);
	return encoder__start(encoder, *wanted_bytes);
}

static void snapshot__fini(struct snapshot *snapshot)
{
	new_file__close(&snapshot->file);
	seal_out__free(snapshot->encoder.frame.seal);
	encoder__fini(&snapshot->encoder);
}

static int seal(struct snapshot *snapshot, const struct recipients *recipients)
{
	struct frame_out *frame = &snapshot->encoder.frame;
	struct cbor_out label = { 0 };

	if (!recipients || !recipients->cnt)
		return 0;
	header_out__put_label(&label, &snapshot->encoder.source, &snapshot->encoder.created);
	frame->seal = seal_out__new(recipients, label.bytes, label.error ? 0 : label.len);
	cbor_out__fini(&label);
	return frame->seal ? 0 : -errno;
}

static int open_file(struct snapshot *snapshot, const struct snapshot_target *target)
{
	int err = seal(snapshot, target->recipients);

	if (!err)
		err = new_file__open(&snapshot->file, target->dir_fd, true);
	if (!err && target->group != OUT_DIR_NO_GROUP)
		err = new_file__share(&snapshot->file, target->group);
	return err;
}

/* ret_events: how many were written, also on failure. */
static int write_once(const struct snapshot_target *target, const struct snapshot_source *source,
		      size_t *wanted_bytes, char ret_name[NAME_MAX + 1], uint64_t *ret_events,
		      uint64_t *ret_corrupt)
{
	struct snapshot snapshot;
	int err;

	err = snapshot__init(&snapshot, source, wanted_bytes);
	snapshot.steps = target->steps;
	snapshot.encoder.frame.level = target->level;
	if (!err)
		err = open_file(&snapshot, target);
	if (!err)
		err = write_all(&snapshot);
	step(&snapshot);
	if (!err)
		err = publish(&snapshot, ret_name);
	step(&snapshot);
	if (!err)
		*ret_corrupt = merge__corrupt_cnt(snapshot.encoder.merge);
	*ret_events = snapshot.encoder.in_file.events;
	snapshot__fini(&snapshot);
	return err;
}

bool snapshot__lacks_room(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

/* What the first attempt could write before the disk was full tells how much fits. Further attempts
 * have chunks of the same size: smaller ones may take more room. */
int snapshot__write(const struct snapshot_target *target, const struct snapshot_source *source,
		    char ret_name[NAME_MAX + 1], uint64_t *ret_events, uint64_t *ret_corrupt,
		    uint64_t *ret_left_out)
{
	struct snapshot_source part = *source;
	uint64_t events, fitting, left_out = 0;
	size_t wanted_bytes = 0;
	int err = write_once(target, source, &wanted_bytes, ret_name, &events, ret_corrupt);

	fitting = events / 8 * 7;
	if (fitting < PART_MIN_EVENTS)
		fitting = PART_MIN_EVENTS;
	for (bool is_last = !ret_left_out; snapshot__lacks_room(err) && !is_last;
	     fitting = fitting / 4 * 3) {
		is_last = !fitting;
		left_out = ring_copy__keep_newest(source->events, fitting);
		part.overwritten = source->overwritten + left_out;
		err = write_once(target, &part, &wanted_bytes, ret_name, &events, ret_corrupt);
	}
	if (left_out)
		(void)ring_copy__keep_newest(source->events, UINT64_MAX);
	if (err)
		return err;
	*ret_events = events;
	if (ret_left_out)
		*ret_left_out = left_out;
	return 0;
}
