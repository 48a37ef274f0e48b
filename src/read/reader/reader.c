/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "format.h"
#include "frame.h"
#include "handle.h"
#include "reader.h"

/* The messages about a file of nothing but damage must not fill the memory. */
#define MAX_PROBLEMS 100u

/* CBOR items: enough for a header and its copy, and for events of 16 texts. */
#define ITEMS_BASE      (8u << 20)
#define ITEMS_PER_BYTE  4u
#define ITEMS_PER_EVENT 40u

typedef unsigned long long ull;

/* Takes ownership of text if it returns 0. */
static int add_problem(struct ttlog_snapshot *reader, char *text)
{
	if (reader->contents.problem_cnt == MAX_PROBLEMS)
		return -ENOSPC;
	if (array__reserve(reader->problems, reader->contents.problem_cnt + 1,
			   &reader->problem_cap))
		return -ENOMEM;
	reader->contents.problems = (const char *const *)reader->problems;
	reader->problems[reader->contents.problem_cnt++] = text;
	return 0;
}

__attribute__((format(printf, 2, 3))) static void problem(struct ttlog_snapshot *reader,
							  const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* a chunk that is read twice reports its problem twice */
	for (size_t i = 0; text && i < reader->contents.problem_cnt; i++) {
		if (!strcmp(reader->problems[i], text)) {
			free(text);
			return;
		}
	}
	if (text && !add_problem(reader, text))
		return;
	free(text);
	reader->contents.problem_more++;
}

static const char *in_words(int err)
{
	return err == -ESTALE ? "it was changed, replaced or removed since it was opened"
			      : strerror(-err);
}

/* ---- The first pass ---- */

/* The value of "item", the first key. Empty: there is none. */
static struct ttlog_text item_of(const struct frame *frame)
{
	struct ttlog_cbor in = { frame->content, frame->content + frame->len };
	struct ttlog_text key, item;
	uint64_t pairs;

	if (cbor_reader__map(&in, &pairs) || !pairs || cbor_reader__text(&in, &key) ||
	    !ttlog_text_is(key, "item") || cbor_reader__text(&in, &item))
		return ttlog_text_of("");
	return item;
}

static int add_chunk(struct ttlog_snapshot *reader, const struct frame *frame)
{
	const struct chunk *chunk = &reader->chunk;
	const struct ttlog_chunk_place *before;
	const char *why = "it is too large";
	int err = -EBADMSG;

	if (frame->len <= FORMAT_CHUNK_MAX_BYTES)
		err = chunk__parse(&reader->chunk, frame->content, frame->len, &why);
	if (err == -EBADMSG) {
		problem(reader, "the chunk at byte %llu is not valid: %s", (ull)frame->offset, why);
		return 0;
	}
	if (err)
		return err;
	if (array__reserve(reader->places, reader->contents.chunk_cnt + 1, &reader->chunk_cap))
		return -ENOMEM;
	reader->contents.chunks = reader->places;
	before = reader->contents.chunk_cnt ? &reader->places[reader->contents.chunk_cnt - 1]
					    : NULL;
	if (before && chunk->events.first_ns < before->last_ns)
		problem(reader, "the chunk at byte %llu begins before the one before it ends",
			(ull)frame->offset);
	reader->item_budget += (uint64_t)chunk->events.n * ITEMS_PER_EVENT;
	reader->parsed = reader->contents.chunk_cnt;
	reader->places[reader->contents.chunk_cnt++] = (struct ttlog_chunk_place){
		.offset = frame->offset,
		.first_ns = chunk->events.first_ns,
		.last_ns = chunk->events.last_ns,
		.n = chunk->events.n,
	};
	reader->contents.event_cnt += chunk->events.n;
	return 0;
}

static int keep_lost(struct ttlog_snapshot *reader, struct ttlog_cbor lost)
{
	size_t len = cbor_reader__left(&lost);
	unsigned char *copy;

	if (reader->end_lost || *lost.at >> 5 != 5)
		return -EBADMSG;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, lost.at, len);
	reader->end_lost = copy;
	reader->contents.lost_item = (struct ttlog_cbor){ copy, copy + len };
	return details__parse_lost(&reader->lost, reader->contents.lost_item, &reader->end_arena);
}

static int init_header(struct ttlog_snapshot *reader, const unsigned char *data, size_t len,
		       char *ret_why, size_t why_size)
{
	size_t max_bytes =
		FORMAT_TABLES_BASE_BYTES + FORMAT_TABLES_PER_BYTE * (size_t)reader->contents.size;

	return header__init(&reader->header, data, len, max_bytes, ret_why, why_size);
}

static int header_of_end(struct ttlog_snapshot *reader, struct ttlog_cbor header)
{
	char why[160];
	int err;

	if (reader->header.info.has_header)
		return 0;
	err = init_header(reader, header.at, cbor_reader__left(&header), why, sizeof(why));
	if (err == -ENOMEM)
		return err;
	problem(reader, "%s%s",
		err ? "the copy of the header at the end is not valid either: "
		    : "the header is taken from its copy at the end",
		err ? why : "");
	return 0;
}

static int end_key(struct ttlog_snapshot *reader, struct ttlog_text key, struct ttlog_cbor *in)
{
	struct ttlog_cbor lost = { NULL, NULL }, header = { NULL, NULL };
	const struct cbor_member members[] = {
		{ "events", .number = &reader->end_events },
		{ "chunks", .number = &reader->end_chunks },
		{ "emitted", .number = &reader->contents.emitted },
		{ "recorded", .number = &reader->contents.recorded },
		{ "overwritten", .number = &reader->contents.overwritten },
		{ "lost", .item = &lost },
		{ "header", .item = &header },
	};
	int err = cbor_reader__member(members, ARRAY_SIZE(members), key, in);

	if (lost.at)
		return keep_lost(reader, lost);
	return header.at ? header_of_end(reader, header) : err;
}

static int take_end(struct ttlog_snapshot *reader, const struct frame *frame)
{
	struct ttlog_cbor in = { frame->content, frame->content + frame->len };
	uint64_t pairs = 0;
	int err = cbor_reader__map(&in, &pairs);

	reader->end_events = UINT64_MAX;
	for (uint64_t i = 0; !err && i < pairs; i++) {
		struct ttlog_text key;

		err = cbor_reader__text(&in, &key);
		if (!err)
			err = end_key(reader, key, &in);
	}
	if (err == -ENOMEM)
		return err;
	if (err || reader->end_events == UINT64_MAX) {
		problem(reader, "the end item at byte %llu is not valid", (ull)frame->offset);
		return 0;
	}
	reader->has_end = true;
	reader->contents.has_totals = true;
	return 0;
}

static int take_header(struct ttlog_snapshot *reader, const struct frame *frame)
{
	char why[160];
	int err;

	if (reader->frame_cnt) {
		problem(reader,
			"another header at byte %llu: what follows is another snapshot's, and passed over",
			(ull)frame->offset);
		reader->is_given_up = true;
		return 0;
	}
	err = init_header(reader, frame->content, frame->len, why, sizeof(why));
	/* chunks are smaller */
	frame_file__trim(reader->file);
	if (err == -ENOMEM)
		return err;
	if (err)
		problem(reader, "the header cannot be read: %s", why);
	return err == -ENOTSUP ? err : 0;
}

static int take_frame(struct ttlog_snapshot *reader, const struct frame *frame)
{
	struct ttlog_text item;
	uint64_t items;
	bool is_sound = cbor_reader__check(frame->content, frame->len, &items);

	if (items > reader->item_budget) {
		problem(reader,
			"from byte %llu on it holds far more than its events take: passed over",
			(ull)frame->offset);
		reader->is_given_up = true;
		return 0;
	}
	reader->item_budget -= items;
	if (!is_sound) {
		problem(reader, "the frame from byte %llu to %llu holds no valid CBOR item",
			(ull)frame->offset, (ull)frame->end);
		return 0;
	}
	item = item_of(frame);
	if (ttlog_text_is(item, "chunk"))
		return add_chunk(reader, frame);
	if (ttlog_text_is(item, "end"))
		return take_end(reader, frame);
	if (ttlog_text_is(item, "header"))
		return take_header(reader, frame);
	problem(reader, "the frame at byte %llu is neither header, chunk nor end",
		(ull)frame->offset);
	return 0;
}

static void report_damage(struct ttlog_snapshot *reader, const struct frame_damage *damage,
			  bool at_end)
{
	if (damage->gave_up_at)
		problem(reader,
			"damaged from byte %llu on (%s); the search was given up at byte %llu",
			(ull)damage->from, damage->why, (ull)damage->gave_up_at);
	else if (at_end && !strcmp(damage->why, "the file is cut"))
		problem(reader, "cut: what begins at byte %llu is not whole (%llu bytes)",
			(ull)damage->from, (ull)(damage->to - damage->from));
	else
		problem(reader, "damaged from byte %llu to %llu: %s", (ull)damage->from,
			(ull)damage->to, damage->why);
}

/* Returns 1; 0: no later frame counts; or -errno. */
static int scan_frame(struct ttlog_snapshot *reader)
{
	struct frame_damage damage;
	struct frame frame;
	int found, err;

	/* The frame overwrites the bytes of the loaded chunk. */
	reader->parsed = reader->loaded = SIZE_MAX;
	found = frame_file__next(reader->file, reader->offset, &frame, &damage);
	if (found < 0)
		return found;
	if (damage.to > damage.from)
		report_damage(reader, &damage, !found);
	if (!found)
		return 0;
	if (reader->has_end) {
		problem(reader, "%llu bytes follow the end item, and are passed over",
			(ull)(reader->contents.size - reader->offset));
		return 0;
	}
	err = take_frame(reader, &frame);
	if (err)
		return err;
	if (reader->is_given_up)
		return 0;
	reader->frame_cnt++;
	reader->offset = reader->contents.scanned_bytes = frame.end;
	return 1;
}

/* Reports what is missing, after the last frame. */
static void conclude(struct ttlog_snapshot *reader)
{
	/* chunks that could not be loaded have been reported */
	uint64_t cnt = reader->contents.event_cnt + reader->unloadable_cnt;

	if (!reader->contents.size)
		problem(reader, "the file is empty");
	else if (!reader->frame_cnt)
		problem(reader, "nothing in it is whole: is this a ttlog snapshot?");
	else if (!reader->header.info.has_header)
		problem(reader, "there is no header: its %llu events cannot be shown", (ull)cnt);
	if (!reader->frame_cnt)
		return;
	if (!reader->has_end)
		problem(reader,
			"there is no end: the file is cut or damaged; %llu events were read",
			(ull)cnt);
	else if (reader->end_events > cnt)
		problem(reader, "%llu of %llu events are missing", (ull)(reader->end_events - cnt),
			(ull)reader->end_events);
	else if (reader->end_events != cnt || reader->end_chunks != reader->contents.chunk_cnt)
		problem(reader, "the end says %llu events in %llu chunks, there are %llu in %zu",
			(ull)reader->end_events, (ull)reader->end_chunks, (ull)cnt,
			reader->contents.chunk_cnt);
}

static void end_scan(struct ttlog_snapshot *reader)
{
	reader->contents.is_scanned = true;
	conclude(reader);
	if (reader->header.info.has_header && !reader->has_end && reader->header.has_totals) {
		reader->contents.has_totals = true;
		reader->contents.emitted = reader->header.emitted;
		reader->contents.recorded = reader->header.recorded;
		reader->contents.overwritten = reader->header.overwritten;
	}
	if (reader->header.info.has_header && !reader->contents.lost_item.at) {
		reader->contents.lost_item = reader->header.lost_item;
		reader->contents.lost = &reader->header.lost;
	}
}

/* Takes one frame or the end. Returns 0 or -errno. */
static int scan_on(struct ttlog_snapshot *reader)
{
	int more = scan_frame(reader);

	if (more == -ENOTSUP) {
		/* has been reported; nothing may be shown */
		reader->contents.is_scanned = true;
		return 0;
	}
	if (!more)
		end_scan(reader);
	return more < 0 ? more : 0;
}

bool ttlog_snapshot_has_chunk(struct ttlog_snapshot *snapshot, size_t idx)
{
	while (!snapshot->contents.is_scanned && snapshot->contents.chunk_cnt <= idx) {
		int err = scan_on(snapshot);

		if (!err)
			continue;
		problem(snapshot, "it cannot be read from byte %llu on: %s", (ull)snapshot->offset,
			in_words(err));
		snapshot->contents.is_scanned = true;
	}
	return idx < snapshot->contents.chunk_cnt;
}

/* ---- Opening ---- */

static const char *kind_in_words(mode_t mode)
{
	if (S_ISDIR(mode))
		return "it is a directory";
	if (S_ISFIFO(mode))
		return "it is a pipe; a snapshot must be a file";
	if (S_ISSOCK(mode))
		return "it is a socket";
	return "it is a device; a snapshot must be a file";
}

/* Takes ownership of fd, also on failure. by_name: the file may be closed and opened again. */
static struct ttlog_snapshot *start(int fd, const char *name, bool by_name, char *ret_why,
				    size_t why_size)
{
	struct ttlog_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct stat st;
	int err = -ENOMEM;

	if (!snapshot)
		goto fail_fd;
	header__clear(&snapshot->header);
	snapshot->contents.lost = &snapshot->lost;
	snapshot->parsed = snapshot->loaded = SIZE_MAX;
	snapshot->name = strdup(name);
	if (!snapshot->name)
		goto fail_fd;
	if (fstat(fd, &st)) {
		err = -errno;
		goto fail_fd;
	}
	if (!S_ISREG(st.st_mode)) {
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
		snprintf(ret_why, why_size, "%s", kind_in_words(st.st_mode));
		close(fd);
		goto fail_said;
	}
	snapshot->file = frame_file__new(fd, by_name ? name : NULL);
	fd = -1;
	if (!snapshot->file) {
		err = -errno;
		goto fail_fd;
	}
	snapshot->contents.size = frame_file__size(snapshot->file);
	snapshot->item_budget = ITEMS_BASE + ITEMS_PER_BYTE * snapshot->contents.size;
	for (err = 0; !err && !snapshot->contents.is_scanned && !snapshot->header.info.has_header;)
		err = scan_on(snapshot);
	if (!err)
		return snapshot;
fail_fd:
	if (fd >= 0)
		close(fd);
	snprintf(ret_why, why_size, "%s", strerror(-err));
fail_said:
	ttlog_snapshot_close(snapshot);
	errno = -err;
	return NULL;
}

struct ttlog_snapshot *ttlog_snapshot_start_fd(int fd, const char *name, char *ret_why,
					       size_t why_size)
{
	return start(fd, name, false, ret_why, why_size);
}

struct ttlog_snapshot *ttlog_snapshot_start(const char *path, char *ret_why, size_t why_size)
{
	int fd = handle__open(path);

	if (fd < 0) {
		snprintf(ret_why, why_size, "%s", strerror(-fd));
		errno = -fd;
		return NULL;
	}
	return start(fd, path, true, ret_why, why_size);
}

/* Scans the rest of the file. Takes ownership of the reader. */
static struct ttlog_snapshot *scan_rest(struct ttlog_snapshot *reader, char *ret_why,
					size_t why_size)
{
	int err = 0;

	while (reader && !err && !reader->contents.is_scanned)
		err = scan_on(reader);
	if (err) {
		snprintf(ret_why, why_size, "%s", in_words(err));
		ttlog_snapshot_close(reader);
		errno = -err;
		return NULL;
	}
	if (reader)
		ttlog_snapshot_unload(reader);
	return reader;
}

struct ttlog_snapshot *ttlog_snapshot_open(const char *path, char *ret_why, size_t why_size)
{
	return scan_rest(ttlog_snapshot_start(path, ret_why, why_size), ret_why, why_size);
}

struct ttlog_snapshot *ttlog_snapshot_open_fd(int fd, const char *name, char *ret_why,
					      size_t why_size)
{
	return scan_rest(ttlog_snapshot_start_fd(fd, name, ret_why, why_size), ret_why, why_size);
}

void ttlog_snapshot_close(struct ttlog_snapshot *snapshot)
{
	if (!snapshot)
		return;
	ttlog_snapshot_unload(snapshot);
	frame_file__free(snapshot->file);
	header__fini(&snapshot->header);
	for (size_t i = 0; i < snapshot->contents.problem_cnt; i++)
		free(snapshot->problems[i]);
	free(snapshot->problems);
	free(snapshot->places);
	free(snapshot->end_lost);
	arena__fini(&snapshot->end_arena);
	free(snapshot->hidden);
	free(snapshot->name);
	free(snapshot);
}

/* ---- Events ---- */

int reader__frame(struct ttlog_snapshot *reader, size_t idx, struct frame *ret)
{
	uint64_t items;
	int err = frame_file__at(reader->file, reader->places[idx].offset, ret);

	/* The frame has overwritten the bytes of the loaded chunk. */
	reader->parsed = reader->loaded = SIZE_MAX;
	reader->chunk.events.n = 0;
	if (!err && !cbor_reader__check(ret->content, ret->len, &items))
		err = -EBADMSG;
	return err;
}

/* Parses chunk `idx` into reader->chunk, unless the scan has just done it. */
static int parse_chunk(struct ttlog_snapshot *reader, size_t idx, const char **ret_why)
{
	struct frame frame;
	int err;

	if (reader->parsed == idx)
		return 0;
	err = reader__frame(reader, idx, &frame);
	if (!err)
		err = chunk__parse(&reader->chunk, frame.content, frame.len, ret_why);
	return err;
}

int reader__drop(struct ttlog_snapshot *reader, size_t idx, int err, const char *why)
{
	struct ttlog_chunk_place *info = &reader->places[idx];

	/* about the whole file, so it is reported once */
	if (err == -ESTALE)
		problem(reader, "%s: events that had not been read are missing", in_words(err));
	else
		problem(reader, "the chunk at byte %llu cannot be read: %s: %u events are missing",
			(ull)info->offset, err == -EBADMSG ? why : in_words(err), info->n);
	reader->contents.event_cnt -= info->n;
	reader->unloadable_cnt += info->n;
	info->n = 0;
	reader->loaded = SIZE_MAX;
	reader->chunk.events.n = 0;
	return err;
}

int ttlog_snapshot_load(struct ttlog_snapshot *snapshot, size_t idx)
{
	const struct ttlog_chunk_place *place;
	const char *why = "it changed since it was opened";
	int err;

	if (idx >= snapshot->contents.chunk_cnt)
		return -ENOENT;
	if (!snapshot->header.info.has_header)
		return -ENODATA;
	if (snapshot->loaded == idx)
		return 0;
	place = &snapshot->places[idx];
	if (!place->n)
		return -EBADMSG;
	snapshot->loaded = SIZE_MAX;
	err = parse_chunk(snapshot, idx, &why);
	/* callers have made room for so many events */
	if (!err && snapshot->chunk.events.n != place->n)
		err = -EBADMSG;
	if (!err)
		err = chunk__load(&snapshot->chunk, &snapshot->header, &why);
	snapshot->parsed = SIZE_MAX;
	if (err)
		return reader__drop(snapshot, idx, err, why);
	snapshot->loaded = idx;
	snapshot->chunk.events.number = idx;
	snapshot->chunk.events.load_cnt = ++snapshot->load_cnt;
	return 0;
}

const struct ttlog_column *reader__column(struct ttlog_snapshot *snapshot, struct chunk *chunk,
					  uint32_t group, unsigned field)
{
	const uint32_t site = chunk->events.groups[group].site;
	const struct ttlog_column *column;
	bool is_new;

	if (field >= snapshot->header.sites[site].nfields)
		return NULL;
	column = chunk__column(chunk, &snapshot->header, group, field, &is_new);
	if (!column && is_new)
		problem(snapshot, "in the chunk at byte %llu, field %u of site %u cannot be read",
			(ull)snapshot->places[chunk->events.number].offset, field, site);
	return column;
}
