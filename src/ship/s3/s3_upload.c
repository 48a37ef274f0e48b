/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_hash.h"
#include "hex.h"
#include "percent.h"
#include "s3_upload.h"
#include "s3_xml.h"

#define MEBIBYTE         (UINT64_C(1) << 20)
#define LEAST_PART_BYTES (16 * MEBIBYTE)
#define QUERY_BYTES      (3 * S3_UPLOAD_ID_BYTES + 64)
#define PART_XML_BYTES   (HTTP_TAG_BYTES + 96)

struct upload {
	struct s3 *s3;
	const char *key;
	const struct s3_source *source;
	char id[S3_UPLOAD_ID_BYTES];
	size_t part_cnt;
	char (*etags)[HTTP_TAG_BYTES];
};

uint64_t s3_upload__part_bytes(uint64_t size_bytes)
{
	const uint64_t least = (size_bytes + S3_UPLOAD_MOST_PARTS - 1) / S3_UPLOAD_MOST_PARTS;
	const uint64_t whole = (least + MEBIBYTE - 1) / MEBIBYTE * MEBIBYTE;

	return whole > LEAST_PART_BYTES ? whole : LEAST_PART_BYTES;
}

/* part: 0: none. */
static int write_query(char ret[QUERY_BYTES], const char *id, size_t part)
{
	int len = 0;

	if (part)
		len = snprintf(ret, QUERY_BYTES, "partNumber=%zu&", part);
	len += snprintf(ret + len, QUERY_BYTES - (size_t)len, "uploadId=");
	return percent__encode(ret + len, QUERY_BYTES - (size_t)len, id, "");
}

static int begin(struct upload *upload, struct fleet_error *error)
{
	const struct s3_request request = {
		.method = "POST", .key = upload->key, .query = "uploads=", .bytes = ""
	};
	struct http_answer answer;
	int err = s3__ask(upload->s3, &request, &answer, error);

	if (!err && !s3_xml__text(upload->id, sizeof(upload->id), answer.body, "UploadId"))
		err = fleet_error__set(error, -EIO, "bucket %s: the server names no upload",
				       upload->s3->bucket);
	http_answer__fini(&answer);
	return err;
}

/* ---- parts ---- */

static int put_part(const struct upload *upload, size_t number, uint64_t at, uint64_t len,
		    struct fleet_error *error)
{
	const struct s3_source *source = upload->source;
	unsigned char bytes[OBJECT_HASH_BYTES];
	char query[QUERY_BYTES], hash[S3_HASH_BYTES];
	const struct s3_request request = {
		.method = "PUT",
		.key = upload->key,
		.query = query,
		.hash = hash,
		.fd = source->fd,
		.at = at,
		.len = len,
		.before_chunk = source->before_chunk,
		.ctx = source->ctx,
	};
	struct http_answer answer;
	int err = file_hash__read(source->fd, at, len, bytes);

	if (err)
		return fleet_error__set(error, err, "the file can't be read");
	*hex__bytes(hash, bytes, sizeof(bytes)) = '\0';
	err = write_query(query, upload->id, number);
	if (err)
		return fleet_error__set(error, err, "the name of an upload is too long");
	err = s3__ask(upload->s3, &request, &answer, error);
	(void)strcpy(upload->etags[number - 1], answer.etag);
	http_answer__fini(&answer);
	return err;
}

static int put_parts(struct upload *upload, struct fleet_error *error)
{
	const uint64_t size = upload->source->size_bytes;
	const uint64_t part_bytes = s3_upload__part_bytes(size);
	int err = 0;

	for (uint64_t at = 0; !err && at < size; at += part_bytes)
		err = put_part(upload, ++upload->part_cnt, at,
			       size - at < part_bytes ? size - at : part_bytes, error);
	return err;
}

/* ---- the end ---- */

/* The caller frees it; NULL: no memory. */
static char *list_parts(const struct upload *upload)
{
	const size_t size = 128 + upload->part_cnt * PART_XML_BYTES;
	char *xml = malloc(size);
	size_t len = 0;

	if (!xml)
		return NULL;
	len += (size_t)snprintf(xml, size, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < upload->part_cnt; i++)
		len += (size_t)snprintf(xml + len, size - len,
					"<Part><PartNumber>%zu</PartNumber>"
					"<ETag>&quot;%s&quot;</ETag></Part>",
					i + 1, upload->etags[i]);
	(void)snprintf(xml + len, size - len, "</CompleteMultipartUpload>");
	return xml;
}

static int hash_text(const char *text, char ret[S3_HASH_BYTES])
{
	struct object_hash *hash = object_hash__new();
	unsigned char bytes[OBJECT_HASH_BYTES];

	if (!hash)
		return -ENOMEM;
	object_hash__add(hash, text, strlen(text));
	object_hash__end(hash, bytes);
	object_hash__free(hash);
	*hex__bytes(ret, bytes, sizeof(bytes)) = '\0';
	return 0;
}

static int complete(const struct upload *upload, struct fleet_error *error)
{
	char query[QUERY_BYTES], hash[S3_HASH_BYTES], *xml = list_parts(upload);
	struct s3_request request = {
		.method = "POST", .key = upload->key, .query = query, .hash = hash, .bytes = xml
	};
	struct http_answer answer;
	int err;

	if (!xml || hash_text(xml, hash) || write_query(query, upload->id, 0)) {
		free(xml);
		return fleet_error__set(error, -ENOMEM, "out of memory");
	}
	request.len = strlen(xml);
	err = s3__ask(upload->s3, &request, &answer, error);
	http_answer__fini(&answer);
	free(xml);
	return err;
}

int s3_upload__abort(struct s3 *s3, const char *key, const char *id, struct fleet_error *error)
{
	char query[QUERY_BYTES];
	const struct s3_request request = { .method = "DELETE", .key = key, .query = query };
	struct http_answer answer;
	int err;

	if (write_query(query, id, 0))
		return 0; /* none has such a name */
	err = s3__ask(s3, &request, &answer, error);
	http_answer__fini(&answer);
	return err == -ENOENT ? 0 : err;
}

static int put_begun(struct upload *upload, const struct s3_upload_notes *notes,
		     char ret_etag[HTTP_TAG_BYTES], struct fleet_error *error)
{
	uint64_t size = 0;
	int err = put_parts(upload, error);

	if (!err)
		err = complete(upload, error);
	/* the ETag in the answer's body is not in its header */
	if (!err)
		err = s3_object__look(upload->s3, upload->key, &size, ret_etag, error);
	if (!err)
		notes->over(notes->ctx, upload->id);
	return err;
}

/* What can't be aborted now is at the next connection. The answer that failed says when that may be. */
static void give_up(const struct upload *upload, const struct s3_upload_notes *notes)
{
	const uint64_t retry_after_s = upload->s3->retry_after_s;
	struct fleet_error ignored;

	if (!s3_upload__abort(upload->s3, upload->key, upload->id, &ignored))
		notes->over(notes->ctx, upload->id);
	upload->s3->retry_after_s = retry_after_s;
}

int s3_upload__put(struct s3 *s3, const char *key, const struct s3_source *source,
		   const struct s3_upload_notes *notes, char ret_etag[HTTP_TAG_BYTES],
		   struct fleet_error *error)
{
	struct upload upload = { .s3 = s3, .key = key, .source = source };
	int err;

	upload.etags = calloc(source->size_bytes / s3_upload__part_bytes(source->size_bytes) + 1,
			      sizeof(*upload.etags));
	if (!upload.etags)
		return fleet_error__set(error, -ENOMEM, "out of memory");
	err = begin(&upload, error);
	if (!err) {
		notes->begun(notes->ctx, upload.id);
		err = put_begun(&upload, notes, ret_etag, error);
		if (err)
			give_up(&upload, notes);
	}
	free(upload.etags);
	return err;
}
