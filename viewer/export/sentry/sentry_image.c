/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "hex.h"
#include "out.h"
#include "sentry_image.h"

#define GUID_BYTES 16u

struct image {
	uint64_t base, end;
	struct ttlog_text path, build_id;
};

struct images {
	struct image *list;
	size_t cnt;
};

bool sentry_image__base(const struct ttlog_frame *frame, uint64_t *ret)
{
	uint64_t ip, offset;

	if (!frame->module.len || !hex__address(frame->ip, &ip) ||
	    !hex__address(frame->offset, &offset) || offset > ip)
		return false;
	*ret = ip - offset;
	return true;
}

/* Short ids are filled with zeroes. */
static bool read_bytes(struct ttlog_text digits, unsigned char ret[GUID_BYTES])
{
	memset(ret, 0, GUID_BYTES);
	if (!digits.len || digits.len % 2)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		int digit = hex__digit(digits.p[i]);

		if (digit < 0)
			return false;
		if (i / 2 < GUID_BYTES)
			ret[i / 2] = (unsigned char)(ret[i / 2] << 4 | digit);
	}
	return true;
}

bool sentry_image__debug_id(struct ttlog_text build_id, char ret[SENTRY_DEBUG_ID_BYTES])
{
	/* the order of the bytes; -1 is a dash */
	static const signed char ORDER[] = { 3,  2, 1, 0,  -1, 5,  4,  -1, 7,  6,
					     -1, 8, 9, -1, 10, 11, 12, 13, 14, 15 };
	unsigned char bytes[GUID_BYTES];

	if (!read_bytes(build_id, bytes))
		return false;
	for (size_t i = 0; i < sizeof(ORDER); i++) {
		if (ORDER[i] < 0)
			*ret++ = '-';
		else
			ret = hex__bytes(ret, &bytes[ORDER[i]], 1);
	}
	return true;
}

/* ---- The list ---- */

static void add_mapping(struct images *images, const struct ttlog_mapping *mapping)
{
	if (!mapping->build_id.len || mapping->offset > mapping->start)
		return;
	images->list[images->cnt++] = (struct image){
		.base = mapping->start - mapping->offset,
		.end = mapping->end,
		.path = mapping->path,
		.build_id = mapping->build_id,
	};
}

/* A file may have been mapped after the mappings were read. */
static void add_frames(struct images *images, const struct ttlog_frame *const *frames, size_t cnt)
{
	uint64_t base;

	for (size_t i = 0; i < cnt; i++) {
		if (!frames[i]->build_id.len || !sentry_image__base(frames[i], &base))
			continue;
		images->list[images->cnt++] = (struct image){
			.base = base,
			.path = frames[i]->module,
			.build_id = frames[i]->build_id,
		};
	}
}

static int compare(const void *a, const void *b)
{
	const struct image *x = a, *y = b;

	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	/* the one with the size first */
	return x->end > y->end ? -1 : x->end < y->end;
}

static int make_list(struct images *ret, const struct ttlog_info *info)
{
	const struct ttlog_crash *crash = info->crash;
	size_t cnt = info->mapping_cnt + crash->frame_cnt + crash->outer_cnt;

	for (size_t i = 0; i < crash->thread_cnt; i++)
		cnt += crash->threads[i]->frame_cnt;
	*ret = (struct images){ .list = calloc(cnt + 1, sizeof(*ret->list)) };
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < info->mapping_cnt; i++)
		add_mapping(ret, info->mappings[i]);
	add_frames(ret, crash->frames, crash->frame_cnt);
	add_frames(ret, crash->outer_frames, crash->outer_cnt);
	for (size_t i = 0; i < crash->thread_cnt; i++)
		add_frames(ret, crash->threads[i]->frames, crash->threads[i]->frame_cnt);
	qsort(ret->list, ret->cnt, sizeof(*ret->list), compare);
	return 0;
}

/* Whether it was there. */
static bool print_image(struct out *out, const struct image *image, const char *machine, bool any)
{
	char debug_id[SENTRY_DEBUG_ID_BYTES];

	if (!sentry_image__debug_id(image->build_id, debug_id))
		return false;
	out__text(out, any ? ",{\"type\":\"elf\"" : "{\"type\":\"elf\"");
	out__json_member(out, ",\"code_file\":", image->path);
	out__json_member(out, ",\"code_id\":", image->build_id);
	out__json_member(out, ",\"debug_id\":", (struct ttlog_text){ debug_id, sizeof(debug_id) });
	out__format(out, ",\"image_addr\":\"0x%llx\"", (unsigned long long)image->base);
	if (image->end > image->base)
		out__json_u64(out, ",\"image_size\":", image->end - image->base);
	if (machine)
		out__json_member(out, ",\"arch\":", ttlog_text_of(machine));
	out__char(out, '}');
	return true;
}

int sentry_image__each(struct out *out, const struct ttlog_info *info, const char *machine)
{
	struct images images;
	bool any = false;
	int err = make_list(&images, info);

	out__char(out, '[');
	for (size_t i = 0; !err && i < images.cnt; i++) {
		if (!i || images.list[i].base != images.list[i - 1].base)
			any |= print_image(out, &images.list[i], machine, any);
	}
	out__char(out, ']');
	free(images.list);
	return err;
}
