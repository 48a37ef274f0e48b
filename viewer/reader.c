/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"
#include "frame.h"
#include "reader.h"
#include "unpack.h"

/* A file of nothing but damage must not fill the memory with words about it. */
#define MAX_PROBLEMS 100u

typedef unsigned long long ull;

/* Takes ownership of text where it returns 0. */
static int add_problem(struct reader *reader, char *text)
{
	if (reader->problem_cnt == MAX_PROBLEMS)
		return -ENOSPC;
	if (reader->problem_cnt == reader->problem_cap) {
		size_t cap = reader->problem_cap ? reader->problem_cap * 2 : 8;
		char **grown = reallocarray(reader->problems, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		reader->problems = grown;
		reader->problem_cap = cap;
	}
	reader->problems[reader->problem_cnt++] = text;
	return 0;
}

__attribute__((format(printf, 2, 3))) static void problem(struct reader *reader, const char *format,
							  ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* A chunk that is read twice has the same problem twice. */
	for (size_t i = 0; text && i < reader->problem_cnt; i++) {
		if (!strcmp(reader->problems[i], text)) {
			free(text);
			return;
		}
	}
	if (text && !add_problem(reader, text))
		return;
	free(text);
	reader->problem_more++;
}

/* ---- The first pass ---- */

struct scan {
	bool second_header;
	uint64_t frame_cnt;
	struct chunk chunk; /* to look into each, nothing more */
};

/* The first key is "item". An empty text where there is none. */
static struct text item_of(const struct frame *frame)
{
	struct token_in in = { frame->content, frame->content + frame->len };
	struct text key, item;
	uint64_t pairs;

	if (token__map(&in, &pairs) || !pairs || token__text(&in, &key) || !text_is(key, "item") ||
	    token__text(&in, &item))
		return text_of("");
	return item;
}

static int add_chunk(struct reader *reader, struct scan *scan, const struct frame *frame)
{
	const struct reader_chunk *before;
	const char *why = "it is too large";
	int err = -EBADMSG;

	if (frame->len <= FORMAT_CHUNK_MAX_BYTES)
		err = chunk__parse(&scan->chunk, frame->content, frame->len, &why);
	if (err == -EBADMSG) {
		problem(reader, "the chunk at byte %llu is not valid: %s", (ull)frame->offset, why);
		return 0;
	}
	if (err)
		return err;
	if (reader->chunk_cnt == reader->chunk_cap) {
		size_t cap = reader->chunk_cap ? reader->chunk_cap * 2 : 64;
		struct reader_chunk *grown = reallocarray(reader->chunks, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		reader->chunks = grown;
		reader->chunk_cap = cap;
	}
	before = reader->chunk_cnt ? &reader->chunks[reader->chunk_cnt - 1] : NULL;
	if (before && scan->chunk.first_ns < before->last_ns)
		problem(reader, "the chunk at byte %llu begins before the one before it ends",
			(ull)frame->offset);
	reader->chunks[reader->chunk_cnt++] = (struct reader_chunk){
		.offset = frame->offset,
		.first_ns = scan->chunk.first_ns,
		.last_ns = scan->chunk.last_ns,
		.n = scan->chunk.n,
	};
	reader->event_cnt += scan->chunk.n;
	return 0;
}

static int keep_lost(struct reader *reader, const struct token_in *start, const unsigned char *end)
{
	size_t len = (size_t)(end - start->at);
	unsigned char *copy;

	if (reader->end_lost || *start->at >> 5 != 5)
		return -EBADMSG;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, start->at, len);
	reader->end_lost = copy;
	reader->lost = (struct token_in){ copy, copy + len };
	return 0;
}

static int header_of_end(struct reader *reader, const struct token_in *start,
			 const unsigned char *end)
{
	char why[160];
	int err;

	if (reader->has_header)
		return 0;
	err = header__init(&reader->header, start->at, (size_t)(end - start->at), why, sizeof(why));
	if (err == -ENOMEM)
		return err;
	reader->has_header = !err;
	problem(reader, "%s%s",
		err ? "the copy of the header at the end is not valid either: "
		    : "the header is taken from its copy at the end",
		err ? why : "");
	return 0;
}

static int end_key(struct reader *reader, struct text key, struct token_in *in)
{
	const struct {
		const char *key;
		uint64_t *to;
	} numbers[] = {
		{ "events", &reader->end_events },       { "chunks", &reader->end_chunks },
		{ "emitted", &reader->emitted },         { "recorded", &reader->recorded },
		{ "overwritten", &reader->overwritten },
	};
	struct token_in start = *in;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (text_is(key, numbers[i].key))
			return token__uint(in, numbers[i].to);
	}
	if (token__skip(in))
		return -EBADMSG;
	if (text_is(key, "lost"))
		return keep_lost(reader, &start, in->at);
	if (text_is(key, "header"))
		return header_of_end(reader, &start, in->at);
	return 0;
}

static int take_end(struct reader *reader, const struct frame *frame)
{
	struct token_in in = { frame->content, frame->content + frame->len };
	uint64_t pairs = 0;
	int err = token__map(&in, &pairs);

	reader->end_events = UINT64_MAX;
	for (uint64_t i = 0; !err && i < pairs; i++) {
		struct text key;

		err = token__text(&in, &key);
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
	reader->has_totals = true;
	return 0;
}

static int take_header(struct reader *reader, struct scan *scan, const struct frame *frame)
{
	char why[160];
	int err;

	if (scan->frame_cnt) {
		problem(reader,
			"another header at byte %llu: what follows is another snapshot's, and passed over",
			(ull)frame->offset);
		scan->second_header = true;
		return 0;
	}
	err = header__init(&reader->header, frame->content, frame->len, why, sizeof(why));
	if (err == -ENOMEM)
		return err;
	reader->has_header = !err;
	if (err)
		problem(reader, "the header cannot be read: %s", why);
	return err == -ENOTSUP ? err : 0;
}

static int take_frame(struct reader *reader, struct scan *scan, const struct frame *frame)
{
	struct text item;

	if (!token__check(frame->content, frame->len)) {
		problem(reader, "the frame from byte %llu to %llu holds no valid CBOR item",
			(ull)frame->offset, (ull)frame->end);
		return 0;
	}
	item = item_of(frame);
	if (text_is(item, "chunk"))
		return add_chunk(reader, scan, frame);
	if (text_is(item, "end"))
		return take_end(reader, frame);
	if (text_is(item, "header"))
		return take_header(reader, scan, frame);
	problem(reader, "the frame at byte %llu is neither header, chunk nor end",
		(ull)frame->offset);
	return 0;
}

static void report_damage(struct reader *reader, const struct frame_damage *damage, bool at_end)
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

static int scan_frames(struct reader *reader, struct scan *scan)
{
	uint64_t offset = 0;

	for (;;) {
		struct frame_damage damage;
		struct frame frame;
		int found = frame_file__next(reader->file, offset, &frame, &damage);
		int err;

		if (found < 0)
			return found;
		if (damage.to > damage.from)
			report_damage(reader, &damage, !found);
		if (!found)
			return 0;
		if (reader->has_end) {
			problem(reader, "%llu bytes follow the end item, and are passed over",
				(ull)(reader->size - offset));
			return 0;
		}
		err = take_frame(reader, scan, &frame);
		if (err)
			return err;
		if (scan->second_header)
			return 0;
		scan->frame_cnt++;
		offset = frame.end;
	}
}

/* What is missing, once all frames were seen. */
static void conclude(struct reader *reader, const struct scan *scan)
{
	if (!reader->size)
		problem(reader, "the file is empty");
	else if (!scan->frame_cnt)
		problem(reader, "nothing in it is whole: is this a ttlog snapshot?");
	else if (!reader->has_header)
		problem(reader, "there is no header: its %llu events cannot be shown",
			(ull)reader->event_cnt);
	if (!scan->frame_cnt)
		return;
	if (!reader->has_end)
		problem(reader,
			"there is no end: the file is cut or damaged; %llu events were read",
			(ull)reader->event_cnt);
	else if (reader->end_events > reader->event_cnt)
		problem(reader, "%llu of %llu events are missing",
			(ull)(reader->end_events - reader->event_cnt), (ull)reader->end_events);
	else if (reader->end_events != reader->event_cnt || reader->end_chunks != reader->chunk_cnt)
		problem(reader, "the end says %llu events in %llu chunks, there are %llu in %zu",
			(ull)reader->end_events, (ull)reader->end_chunks, (ull)reader->event_cnt,
			reader->chunk_cnt);
}

static int scan_file(struct reader *reader)
{
	struct scan scan = { .second_header = false };
	int err = scan_frames(reader, &scan);

	chunk__fini(&scan.chunk);
	if (err == -ENOTSUP)
		return 0; /* said already; there is nothing that may be shown */
	if (err)
		return err;
	conclude(reader, &scan);
	if (reader->has_header && !reader->has_end && reader->header.has_totals) {
		reader->has_totals = true;
		reader->emitted = reader->header.emitted;
		reader->recorded = reader->header.recorded;
		reader->overwritten = reader->header.overwritten;
	}
	if (reader->has_header && !reader->lost.at)
		reader->lost = reader->header.lost;
	return 0;
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

struct reader *reader__open_fd(int fd, const char *name, char *ret_why, size_t why_size)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct stat st;
	int err = -ENOMEM;

	if (!reader)
		goto fail_fd;
	reader->loaded = SIZE_MAX;
	reader->name = strdup(name);
	if (!reader->name)
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
	reader->file = frame_file__new(fd);
	fd = -1;
	if (!reader->file) {
		err = -errno;
		goto fail_fd;
	}
	reader->size = frame_file__size(reader->file);
	err = scan_file(reader);
	if (err)
		goto fail_fd;
	frame_file__trim(reader->file);
	return reader;
fail_fd:
	if (fd >= 0)
		close(fd);
	snprintf(ret_why, why_size, "%s", strerror(-err));
fail_said:
	reader__close(reader);
	errno = -err;
	return NULL;
}

struct reader *reader__open(const char *path, char *ret_why, size_t why_size)
{
	/* Without O_NONBLOCK a FIFO would hang here; a regular file does not mind it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		int err = errno;

		snprintf(ret_why, why_size, "%s", strerror(err));
		errno = err;
		return NULL;
	}
	return reader__open_fd(fd, path, ret_why, why_size);
}

void reader__close(struct reader *reader)
{
	if (!reader)
		return;
	reader__unload(reader);
	frame_file__free(reader->file);
	header__fini(&reader->header);
	for (size_t i = 0; i < reader->problem_cnt; i++)
		free(reader->problems[i]);
	free(reader->problems);
	free(reader->chunks);
	free(reader->end_lost);
	free(reader->name);
	free(reader);
}

/* ---- Events ---- */

int reader__load(struct reader *reader, size_t idx)
{
	struct reader_chunk *info = &reader->chunks[idx];
	const char *why = "it changed since it was opened";
	struct frame frame;
	int err = -EBADMSG;

	if (!reader->has_header)
		return -ENODATA;
	if (reader->loaded == idx)
		return 0;
	if (!info->n)
		return -EBADMSG;
	reader->loaded = SIZE_MAX;
	reader->chunk.n = 0;
	err = frame_file__at(reader->file, info->offset, &frame);
	if (!err && !token__check(frame.content, frame.len))
		err = -EBADMSG;
	if (!err)
		err = chunk__parse(&reader->chunk, frame.content, frame.len, &why);
	if (!err)
		err = chunk__load(&reader->chunk, &reader->header, &why);
	if (err) {
		reader->chunk.n = 0;
		problem(reader, "the chunk at byte %llu cannot be read: %s: %u events are missing",
			(ull)info->offset, err == -EBADMSG ? why : strerror(-err), info->n);
		reader->event_cnt -= info->n;
		info->n = 0;
		return err;
	}
	reader->loaded = idx;
	return 0;
}

static void field_of(const struct event *event, unsigned idx, struct event_field *ret)
{
	struct reader *reader = event->context;
	bool first_time;
	const struct unpacked *column =
		chunk__column(&reader->chunk, &reader->header, event->group, idx, &first_time);

	if (column) {
		unpacked__field(column, event->row, ret);
		return;
	}
	*ret = (struct event_field){ .type = TTLOG_TYPE_NONE, .null = true };
	if (first_time)
		problem(reader, "in the chunk at byte %llu, field %u of site %u cannot be read",
			(ull)reader->chunks[reader->loaded].offset, idx, event->site_number);
}

static const struct event_source SOURCE = { .field = field_of };

void reader__event(struct reader *reader, uint32_t i, struct event *ret)
{
	const struct chunk *chunk = &reader->chunk;
	const struct header *header = &reader->header;

	ret->source = &SOURCE;
	ret->context = reader;
	ret->group = chunk->group_of[i];
	ret->row = chunk->row_of[i];
	ret->site_number = chunk->groups[ret->group].site;
	ret->thread_number = (uint32_t)chunk->threads[i & chunk->thread_mask];
	ret->site = &header->sites[ret->site_number];
	ret->thread = &header->threads[ret->thread_number];
	ret->mono_ns = chunk->mono_ns[i];
	ret->real_ns = header__real_ns(header, ret->mono_ns);
}

void reader__unload(struct reader *reader)
{
	reader->loaded = SIZE_MAX;
	chunk__fini(&reader->chunk);
	if (reader->file)
		frame_file__trim(reader->file);
}
