/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <ttlog/read.h>
#include <unistd.h>

#include "array.h"
#include "buffer.h"
#include "build_id.h"
#include "debuginfod.h"
#include "event_frames.h"
#include "format.h"
#include "frame_names.h"
#include "frame_source.h"
#include "named_header.h"
#include "naming.h"
#include "plain_file.h"
#include "repack.h"
#include "stream_mark.h"

#define PIECE_BYTES (1u << 20)

/* The frames of one file that ran. */
struct group {
	struct naming *naming;
	char build_id[41];
	struct ttlog_text module;
	struct frame_to_name **frames;
	struct name_place *places;
	size_t cnt;
};

__attribute__((format(printf, 4, 5))) static void
say(struct naming *naming, const struct group *group, bool is_error, const char *format, ...)
{
	char what[256], text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)snprintf(text, sizeof(text), "no names for %.*s (build id %s): %s",
		       group->module.len < 160 ? (int)group->module.len : 160, group->module.p,
		       group->build_id, what);
	naming->say(naming->to, text, is_error);
}

/* ---- One file ---- */

static bool take(void *to, const struct name_told *told)
{
	struct group *group = to;

	return frame_names__add(group->frames[told->place], told);
}

static void say_failed(const struct group *group, int err)
{
	if (err == -ESTALE)
		say(group->naming, group, true, "what the server gave has another build id");
	else if (err == -ETIME)
		say(group->naming, group, true, "its debug information took more than %u s",
		    NAME_CHILD_MAX_S);
	else if (err == -ENXIO)
		say(group->naming, group, false,
		    "these places are not in its code, or only the program itself tells where");
	else if (err)
		say(group->naming, group, true, "its debug information can't be read%s%s",
		    err == -EBADMSG ? "" : ": ", err == -EBADMSG ? "" : strerror(-err));
}

/* -ENOENT: no server has it. */
static int find(struct naming *naming, const struct group *group, enum debuginfod_what what)
{
	int fd = naming->is_dead ? -ENOENT
				 : debuginfod__find(naming->debuginfod, group->build_id, what, 0);

	if (fd >= 0 || fd == -ENOENT)
		return fd;
	say(naming, group, true, "the server did not answer: %s",
	    fd == -EPIPE ? "libdebuginfod has failed" : strerror(-fd));
	naming->is_dead = true;
	return fd;
}

/* The file that ran, if this machine has it, else a server's. */
static int find_program(struct naming *naming, const struct group *group)
{
	char path[PATH_MAX], found[41];
	int fd = -ENOENT;

	if (group->module.len && group->module.len < sizeof(path) && group->module.p[0] == '/') {
		(void)snprintf(path, sizeof(path), "%.*s", (int)group->module.len, group->module.p);
		fd = plain_file__open(path);
	}
	if (fd >= 0 && !build_id__read(fd, found) && !strcmp(found, group->build_id))
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return find(naming, group, DEBUGINFOD_PROGRAM);
}

static void name_group(struct naming *naming, const struct group *group)
{
	struct name_work work = {
		.build_id = group->build_id,
		.debug_fd = find(naming, group, DEBUGINFOD_DEBUG),
		.places = group->places,
		.cnt = group->cnt,
	};
	const bool was_dead = naming->is_dead;

	/* for its own symbols, and where its code lies in the file */
	work.fd = find_program(naming, group);
	if (work.fd >= 0 || work.debug_fd >= 0)
		say_failed(group, name_child__run(&work, take, (void *)group));
	else if (!was_dead && !naming->is_dead)
		say(naming, group, false, "the server has no such file");
	if (work.fd >= 0)
		(void)close(work.fd);
	if (work.debug_fd >= 0)
		(void)close(work.debug_fd);
}

/* The frames that have the build id of one that is left, which it takes from these. */
static bool next_group(struct frame_to_name **left, size_t cnt, struct group *group)
{
	size_t first = 0;

	while (first < cnt && !left[first])
		first++;
	if (first == cnt)
		return false;
	group->cnt = 0;
	group->module = left[first]->shown->module;
	(void)snprintf(group->build_id, sizeof(group->build_id), "%.*s",
		       (int)left[first]->shown->build_id.len, left[first]->shown->build_id.p);
	for (size_t i = first; i < cnt; i++) {
		if (!left[i] || !ttlog_text_is(left[i]->shown->build_id, group->build_id))
			continue;
		group->places[group->cnt] = left[i]->place;
		group->frames[group->cnt++] = left[i];
		left[i] = NULL;
	}
	return true;
}

static int name_all(struct naming *naming, struct frame_names *names)
{
	struct frame_to_name **left = calloc(names->cnt + 1, sizeof(struct frame_to_name *));
	struct group group = {
		.naming = naming,
		.frames = calloc(names->cnt + 1, sizeof(struct frame_to_name *)),
		.places = calloc(names->cnt + 1, sizeof(*group.places)),
	};
	int err = left && group.frames && group.places ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < names->cnt; i++)
		left[i] = &names->list[i];
	for (unsigned i = 0; !err && i < FRAME_NAMES_MAX_FILES && !naming->is_dead; i++) {
		if (!next_group(left, names->cnt, &group))
			break;
		name_group(naming, &group);
	}
	free(left);
	free(group.frames);
	free(group.places);
	return err;
}

/* ---- The copy ---- */

/* Where the file goes on after its header; in a segment, a mark is before that. */
static int find_rest(int fd, bool is_segment, uint64_t *ret_offset)
{
	struct frame_source *source = frame_source__new(fd);
	struct source_frame frame;
	int more = source ? frame_source__next(source, &frame) : -ENOMEM;

	if (more > 0 && frame.is_skippable != is_segment)
		more = -EBADMSG;
	if (more > 0 && is_segment)
		more = frame_source__next(source, &frame);
	if (more > 0)
		*ret_offset = frame_source__offset(source);
	frame_source__free(source);
	return more > 0 ? 0 : more < 0 ? more : -EBADMSG;
}

static int copy_part(int from, uint64_t offset, uint64_t end, int to)
{
	off_t at = (off_t)offset;
	ssize_t done = 1;

	while ((uint64_t)at < end && (done > 0 || (done < 0 && errno == EINTR)))
		done = sendfile(to, from, &at,
				end - (uint64_t)at < PIECE_BYTES ? end - (uint64_t)at
								 : PIECE_BYTES);
	return done < 0 ? -errno : 0;
}

static int copy_rest(int from, uint64_t offset, int to)
{
	return copy_part(from, offset, INT64_MAX, to);
}

/* Tables with all stacks, between the header and what follows. Readers ignore the stacks that come
 * then, whose numbers begin anew. */
static int put_tables(const struct buffer *item, int to)
{
	static const unsigned char none[STREAM_MARK_BYTES];
	const off_t start = lseek(to, 0, SEEK_CUR);
	struct stream_mark mark = { .kind = STREAM_MARK_TABLES };
	unsigned char bytes[STREAM_MARK_BYTES];
	int err;

	if (start < 0 || write(to, none, sizeof(none)) != sizeof(none))
		return -EIO;
	err = repack__write_header(to, item->bytes, item->len);
	if (err)
		return err;
	mark.bytes = (uint64_t)(lseek(to, 0, SEEK_CUR) - start) - STREAM_MARK_BYTES;
	stream_mark__put(&mark, bytes);
	return pwrite(to, bytes, sizeof(bytes), start) == sizeof(bytes) ? 0 : -EIO;
}

/* It says where the end is, which is so much farther now. */
static int move_last_mark(int fd, uint64_t bytes)
{
	const off_t at = lseek(fd, 0, SEEK_END) - STREAM_MARK_BYTES;
	unsigned char last[STREAM_MARK_BYTES];
	struct stream_mark mark;

	if (at < 0 || pread(fd, last, sizeof(last), at) != sizeof(last) ||
	    !stream_mark__get(last, &mark) || mark.kind != STREAM_MARK_LAST)
		return 0;
	mark.bytes += bytes;
	stream_mark__put(&mark, last);
	return pwrite(fd, last, sizeof(last), at) == sizeof(last) ? 0 : -EIO;
}

static int copy_segment(const struct buffer *item, int fd, uint64_t rest, int to)
{
	int err = copy_part(fd, 0, rest, to);
	off_t end;

	if (!err)
		err = put_tables(item, to);
	end = lseek(to, 0, SEEK_CUR);
	if (!err && end < 0)
		err = -errno;
	if (!err)
		err = copy_rest(fd, rest, to);
	return err ? err : move_last_mark(to, (uint64_t)end - rest);
}

static int copy_snapshot(const struct buffer *header, int fd, uint64_t rest, int to)
{
	int err = repack__write_header(to, header->bytes, header->len);

	return err ? err : copy_rest(fd, rest, to);
}

/* item: its header, or tables for a segment. */
static int write_copy(const struct buffer *item, int fd, bool is_segment)
{
	const int to = memfd_create("snapshot", MFD_CLOEXEC);
	uint64_t rest = 0;
	int err = to < 0 ? -errno : find_rest(fd, is_segment, &rest);

	if (!err)
		err = is_segment ? copy_segment(item, fd, rest, to)
				 : copy_snapshot(item, fd, rest, to);
	if (!err)
		return to;
	if (to >= 0)
		(void)close(to);
	return err;
}

static bool has_names(const struct frame_names *names)
{
	for (size_t i = 0; i < names->cnt; i++) {
		if (names->list[i].is_named)
			return true;
	}
	return false;
}

/* The copy with these names. */
static int copy_named(const struct ttlog_info *info, const struct frame_names *names, int fd)
{
	struct buffer item = { .len = 0 };
	int err = info->has_stream ? named_header__make_tables(&item, info->item, names)
				   : named_header__make(&item, info->item, names);

	if (!err && item.len > FORMAT_HEADER_MAX_BYTES)
		err = -EFBIG;
	if (!err)
		err = write_copy(&item, fd, info->has_stream);
	buffer__fini(&item);
	return err;
}

int naming__copy(struct naming *naming, const struct ttlog_snapshot *snapshot, int fd)
{
	const struct ttlog_info *info = ttlog_snapshot_info(snapshot);
	struct event_frames events;
	struct frame_names names;
	int err;

	if (!info->has_header)
		return -ENODATA;
	err = event_frames__init(&events, info->item);
	if (err)
		return err;
	err = frame_names__init(&names, info->crash, &events);
	if (!err)
		err = name_all(naming, &names);
	if (!err && !has_names(&names))
		err = -ENODATA;
	frame_names__count(&names);
	if (!err)
		err = copy_named(info, &names, fd);
	frame_names__fini(&names);
	event_frames__fini(&events);
	return err;
}
