/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "cbor_out.h"
#include "dir_calls.h"
#include "frame_out.h"
#include "seal_in.h"
#include "segment_file.h"
#include "segment_recover.h"
#include "snapshot.h"
#include "stream_mark.h"

/* What is whole in a segment. */
struct whole {
	uint64_t bytes, events, chunks;
	uint64_t first_ns, last_ns;
	uint64_t end_at; /* the mark of the end; 0: it has none */
	bool has_header, is_complete;
};

static bool read_mark(int fd, uint64_t at, struct stream_mark *ret)
{
	unsigned char bytes[STREAM_MARK_BYTES];

	return pread(fd, bytes, sizeof(bytes), (off_t)at) == (ssize_t)sizeof(bytes) &&
	       stream_mark__get(bytes, ret);
}

static void take_mark(struct whole *whole, const struct stream_mark *mark)
{
	if (mark->kind == STREAM_MARK_HEADER)
		whole->has_header = true;
	else if (mark->kind == STREAM_MARK_END)
		whole->end_at = whole->bytes;
	if (mark->kind != STREAM_MARK_CHUNK)
		return;
	if (!whole->events || mark->first_ns < whole->first_ns)
		whole->first_ns = mark->first_ns;
	if (mark->last_ns > whole->last_ns)
		whole->last_ns = mark->last_ns;
	whole->events += mark->events;
	whole->chunks++;
}

/* From mark to mark. */
static void find_whole(int fd, uint64_t size, struct whole *ret)
{
	struct stream_mark mark;
	struct whole whole = { .bytes = 0 };

	while (read_mark(fd, whole.bytes, &mark)) {
		const uint64_t at = whole.bytes + STREAM_MARK_BYTES;

		if (mark.kind == STREAM_MARK_LAST) {
			whole.bytes = at;
			whole.is_complete = true;
			break;
		}
		if (at > size || mark.bytes > size - at)
			break;
		take_mark(&whole, &mark);
		whole.bytes = at + mark.bytes;
	}
	*ret = whole;
}

/* ---- the end ---- */

static void put_end(struct cbor_out *out, const struct whole *whole)
{
	struct cbor_map map = { 0 };

	cbor_map__text(&map, "item", "end");
	cbor_map__uint(&map, "events", whole->events);
	cbor_map__uint(&map, "chunks", whole->chunks);
	if (whole->events) {
		cbor_map__uint(&map, "first_ns", whole->first_ns);
		cbor_map__uint(&map, "last_ns", whole->last_ns);
	}
	cbor_map__end(&map, out);
}

static int append_mark(struct segment_file *file, const struct stream_mark *mark)
{
	unsigned char bytes[STREAM_MARK_BYTES];

	stream_mark__put(mark, bytes);
	return segment_file__append(file, bytes, sizeof(bytes), 0);
}

static int append_end(struct segment_file *file, struct whole *whole)
{
	struct stream_mark mark = { .kind = STREAM_MARK_END };
	struct frame_out frame = { 0 };
	struct cbor_out item = { 0 };
	size_t bytes = 0;
	int err;

	whole->end_at = file->bytes;
	put_end(&item, whole);
	err = item.error ? item.error : frame_out__make(&frame, item.bytes, item.len, &bytes);
	mark.bytes = bytes;
	if (!err)
		err = append_mark(file, &mark);
	if (!err)
		err = segment_file__append(file, frame.bytes, bytes, 0);
	frame_out__fini(&frame);
	cbor_out__fini(&item);
	return err;
}

int segment_recover__end(struct segment_file *file, uint64_t size, uint64_t *ret_events)
{
	struct whole whole;
	int err = 0;

	find_whole(file->fd, size, &whole);
	if (!whole.has_header)
		return -ENODATA;
	file->bytes = whole.bytes;
	if (!whole.end_at)
		err = append_end(file, &whole);
	if (!err && !whole.is_complete)
		err = append_mark(file, &(const struct stream_mark){
						.kind = STREAM_MARK_LAST,
						.bytes = whole.end_at,
						.first_ns = whole.first_ns,
						.last_ns = whole.last_ns,
					});
	if (!err && ret_events)
		*ret_events = whole.events;
	return err;
}

/* ---- the directory ---- */

/* Opens it if no collector has it. -EBUSY: one has. */
static int open_left(const struct snapshot_target *target, const char *name,
		     struct segment_file *ret, uint64_t *ret_size)
{
	struct stat st;

	*ret = (struct segment_file){ .dir_fd = target->dir_fd };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->fd = dir_calls__open(target->dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	if (ret->fd < 0)
		return errno == ENODEV ? -EBUSY : -errno;
	if (fstat(ret->fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    flock(ret->fd, LOCK_EX | LOCK_NB)) {
		(void)close(ret->fd);
		return -EBUSY;
	}
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

/* 1: it is complete now, 0: it is none of ours, or -errno. */
static int recover(const struct snapshot_target *target, const char *name, const char *dir,
		   FILE *report)
{
	char complete_name[NAME_MAX + 1];
	struct segment_file file;
	uint64_t size = 0, events = 0;
	bool is_sealed;
	int err = open_left(target, name, &file, &size);

	if (err)
		return err == -EBUSY || err == -ENOENT ? 0 : err;
	file.bytes = size;
	is_sealed = seal_in__is_sealed(file.fd);
	/* we can't read it, so it stays as it is */
	err = is_sealed ? 0 : segment_recover__end(&file, size, &events);
	if (err == -ENODATA) {
		/* killed before anything of use was in it */
		segment_file__discard(&file);
		return 0;
	}
	if (!err)
		err = segment_file__finish(&file, NULL);
	if (err)
		segment_file__leave(&file);
	else
		err = segment_file__rename(&file, complete_name);
	if (!err && report && is_sealed)
		fprintf(report,
			"ttlog-collect: completed %s/%s, which a collector left: it is encrypted\n",
			dir, complete_name);
	else if (!err && report)
		fprintf(report,
			"ttlog-collect: ended %s/%s, which a collector left: %" PRIu64 " events\n",
			dir, complete_name, events);
	return err ? err : 1;
}

struct names {
	char **items;
	size_t cnt, cap;
};

static int list(DIR *dir, struct names *ret)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (!segment_file__is_open_name(entry->d_name))
			continue;
		if (array__reserve(ret->items, ret->cnt + 1, &ret->cap) ||
		    !(ret->items[ret->cnt] = strdup(entry->d_name)))
			return -ENOMEM;
		ret->cnt++;
	}
	return 0;
}

int segment_recover__all(const struct snapshot_target *target, const char *dir, FILE *report)
{
	int fd = dir_calls__open(target->dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *handle = fd < 0 ? NULL : fdopendir(fd);
	struct names names = { .cnt = 0 };
	int err, cnt = 0;

	if (!handle) {
		err = -errno;
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	err = list(handle, &names);
	for (size_t i = 0; i < names.cnt; i++) {
		const int done = recover(target, names.items[i], dir, report);

		if (done < 0)
			err = done;
		else
			cnt += done;
		free(names.items[i]);
	}
	free(names.items);
	(void)closedir(handle);
	return err ? err : cnt;
}
