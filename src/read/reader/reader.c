/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "handle.h"
#include "reader_parts.h"
#include "segment_scan.h"

typedef unsigned long long ull;

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
	snapshot->item_budget = READER_ITEMS_BASE + READER_ITEMS_PER_BYTE * snapshot->contents.size;
	err = segment_scan__all(snapshot);
	for (; !err && !snapshot->contents.is_scanned && !snapshot->header.info.has_header;)
		err = reader__scan_on(snapshot);
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
		err = reader__scan_on(reader);
	if (err) {
		snprintf(ret_why, why_size, "%s", reader__in_words(err));
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
		reader__problem(reader, "%s: events that had not been read are missing",
				reader__in_words(err));
	else
		reader__problem(
			reader, "the chunk at byte %llu cannot be read: %s: %u events are missing",
			(ull)info->offset, err == -EBADMSG ? why : reader__in_words(err), info->n);
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
	if (!err && !reader__is_at(&snapshot->chunk, place))
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

static void report_key(struct ttlog_snapshot *snapshot, const struct chunk *chunk, const char *key)
{
	reader__problem(snapshot, "in the chunk at byte %llu, %s cannot be read",
			(ull)snapshot->places[chunk->events.number].offset, key);
}

const struct ttlog_column *reader__ids(struct ttlog_snapshot *snapshot, struct chunk *chunk,
				       bool is_span)
{
	bool is_new;
	const struct ttlog_column *column = chunk__ids(chunk, is_span, &is_new);

	if (!column && is_new)
		report_key(snapshot, chunk, is_span ? "span_id" : "trace_id");
	return column;
}

const struct ttlog_column *reader__suppressed(struct ttlog_snapshot *snapshot, struct chunk *chunk)
{
	bool is_new;
	const struct ttlog_column *column = chunk__suppressed(chunk, &is_new);

	if (!column && is_new)
		report_key(snapshot, chunk, "suppressed");
	return column;
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
		reader__problem(snapshot,
				"in the chunk at byte %llu, field %u of site %u cannot be read",
				(ull)snapshot->places[chunk->events.number].offset, field, site);
	return column;
}
