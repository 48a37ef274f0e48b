/* SPDX-License-Identifier: MIT */
/*
 * The writer puts these keys before all that may be long, but for mappings and stacks before the
 * signature.
 */
#include <cbor.h>
#include <lz4frame.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "header_peek.h"
#include "label.h"

/* more than a block */
#define FILE_BYTES    (320u << 10)
#define CONTENT_BYTES (512u << 10)
#define TEXT_BYTES    LABEL_SERVICE_BYTES

/* An item: for an array, map or tag, its head. */
struct item {
	uint64_t inner; /* so many items are in it */
	bool is_text, is_map, is_bad;
	char text[TEXT_BYTES]; /* cut */
};

static void take_text(void *ctx, cbor_data data, uint64_t len)
{
	struct item *item = ctx;

	item->is_text = true;
	if (len >= sizeof(item->text))
		len = sizeof(item->text) - 1;
	memcpy(item->text, data, len);
	item->text[len] = '\0';
}

static void take_array(void *ctx, uint64_t cnt)
{
	((struct item *)ctx)->inner = cnt;
}

static void take_map(void *ctx, uint64_t cnt)
{
	struct item *item = ctx;

	item->is_map = true;
	item->is_bad = cnt > CONTENT_BYTES;
	item->inner = 2 * cnt;
}

static void take_tag(void *ctx, uint64_t tag)
{
	(void)tag;
	((struct item *)ctx)->inner = 1;
}

/* A snapshot has none of indefinite length. */
static void refuse(void *ctx)
{
	((struct item *)ctx)->is_bad = true;
}

struct content {
	const unsigned char *at, *end;
};

static bool next_item(struct content *content, struct item *ret)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_decoder_result result;

	callbacks.string = take_text;
	callbacks.array_start = take_array;
	callbacks.map_start = take_map;
	callbacks.tag = take_tag;
	callbacks.indef_array_start = refuse;
	callbacks.indef_map_start = refuse;
	callbacks.byte_string_start = refuse;
	callbacks.string_start = refuse;
	callbacks.indef_break = refuse;
	*ret = (struct item){ .inner = 0 };
	result = cbor_stream_decode(content->at, (size_t)(content->end - content->at), &callbacks,
				    ret);
	if (result.status != CBOR_DECODER_FINISHED || !result.read || ret->is_bad)
		return false;
	content->at += result.read;
	return true;
}

static bool skip_inner(struct content *content, uint64_t cnt)
{
	struct item item;

	for (; cnt; cnt--) {
		if (!next_item(content, &item))
			return false;
		/* more than the content can have: it ends before */
		if (item.inner > CONTENT_BYTES || cnt > CONTENT_BYTES)
			return false;
		cnt += item.inner;
	}
	return true;
}

static void read_header(struct content *content, struct label *label)
{
	char comm[TEXT_BYTES] = "";
	struct item head, key, value;

	if (!next_item(content, &head) || !head.is_map)
		return;
	for (uint64_t left = head.inner / 2; left; left--) {
		if (!next_item(content, &key) || !next_item(content, &value))
			break;
		if (!skip_inner(content, key.inner) || !skip_inner(content, value.inner))
			break;
		if (!key.is_text || !value.is_text)
			continue;
		if (!strcmp(key.text, "service"))
			(void)snprintf(label->service, sizeof(label->service), "%s", value.text);
		else if (!strcmp(key.text, "comm"))
			(void)snprintf(comm, sizeof(comm), "%s", value.text);
		else if (!strcmp(key.text, "signature") &&
			 strlen(value.text) < sizeof(label->signature))
			strcpy(label->signature, value.text);
	}
	if (!label->service[0])
		(void)snprintf(label->service, sizeof(label->service), "%s", comm);
}

static size_t unpack(const unsigned char *bytes, size_t len, unsigned char *ret)
{
	size_t done = 0, status = 1;
	LZ4F_dctx *lz4;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
		return 0;
	/* until the frame or either end; a frame that may be skipped gives nothing */
	while (len && done < CONTENT_BYTES && (status || !done)) {
		size_t taken = len, given = CONTENT_BYTES - done;

		status = LZ4F_decompress(lz4, ret + done, &given, bytes, &taken, NULL);
		if (LZ4F_isError(status) || (!taken && !given))
			break;
		bytes += taken;
		len -= taken;
		done += given;
	}
	(void)LZ4F_freeDecompressionContext(lz4);
	return done;
}

/* The label of an encrypted file, which is in clear. false: it is no such file. */
static bool find_sealed_label(const unsigned char *bytes, size_t len, struct content *ret)
{
	size_t at = FORMAT_SEAL_FIXED_BYTES, label_bytes;

	if (len < at || memcmp(bytes, FORMAT_SEAL_MAGIC, FORMAT_SEAL_MAGIC_BYTES) != 0)
		return false;
	at += (bytes[10] | (size_t)bytes[11] << 8) * FORMAT_SEAL_KEY_BYTES;
	label_bytes = bytes[12] | (size_t)bytes[13] << 8;
	if (at > len)
		at = len;
	if (label_bytes > len - at)
		label_bytes = len - at;
	*ret = (struct content){ bytes + at, bytes + at + label_bytes };
	return true;
}

void header_peek__read(int fd, struct label *label)
{
	unsigned char *bytes = malloc(FILE_BYTES + CONTENT_BYTES), *text;
	struct content content;
	ssize_t len;

	if (!bytes)
		return;
	text = bytes + FILE_BYTES;
	len = pread(fd, bytes, FILE_BYTES, 0);
	if (len > 0) {
		if (!find_sealed_label(bytes, (size_t)len, &content)) {
			content.at = text;
			content.end = text + unpack(bytes, (size_t)len, text);
		}
		read_header(&content, label);
	}
	free(bytes);
}
