/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer of CBOR: thin helpers over libcbor's encoders.
 *
 * If memory is short, the buffer takes no more, and `error` says so: ask once, at the end. Not
 * named cbor.h, which is libcbor's.
 */
#ifndef TTLOG_CBOR_OUT_H
#define TTLOG_CBOR_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cbor_out {
	unsigned char *bytes;
	size_t len;
	size_t capacity;
	int error; /* 0 or -ENOMEM; then the content is not valid */
};

/* All zero is a valid, empty buffer. */
void cbor_out__fini(struct cbor_out *out);
/* Empties it and forgets the error; keeps the memory. */
void cbor_out__reset(struct cbor_out *out);

void cbor_out__uint(struct cbor_out *out, uint64_t value);
void cbor_out__int(struct cbor_out *out, int64_t value);
void cbor_out__null(struct cbor_out *out);
void cbor_out__bool(struct cbor_out *out, bool value);
void cbor_out__single(struct cbor_out *out, float value);
void cbor_out__double(struct cbor_out *out, double value);
/* So many elements follow, or pairs of a key and a value. */
void cbor_out__array(struct cbor_out *out, size_t cnt);
void cbor_out__map(struct cbor_out *out, size_t cnt);

void cbor_out__bytes(struct cbor_out *out, const void *bytes, size_t len);
/* Valid UTF-8 as text, else as a byte string. */
void cbor_out__text_or_bytes(struct cbor_out *out, const void *text, size_t len);
/* Always text: each byte that is not valid UTF-8 is replaced by U+FFFD. */
void cbor_out__text(struct cbor_out *out, const char *text);
/* The same; a longer text is cut between two characters. */
void cbor_out__cut_text(struct cbor_out *out, const char *text, size_t max_bytes);
/* "0x1f" */
void cbor_out__hex_text(struct cbor_out *out, uint64_t value);

/* The head of a typed array (RFC 8746), then room for `bytes` of it, which the caller fills before
 * the next call; NULL: memory is short. */
void *cbor_out__typed_array(struct cbor_out *out, unsigned int tag, size_t bytes);

/* The same without a tag: a byte string. */
void *cbor_out__byte_array(struct cbor_out *out, size_t bytes);

/* Appends what another buffer holds. */
void cbor_out__append(struct cbor_out *out, const struct cbor_out *other);

/* A map whose number of pairs is known at its end. All zero is a valid, empty map. */
struct cbor_map {
	struct cbor_out body;
	size_t cnt;
};

/* Put the value into what this returns. */
struct cbor_out *cbor_map__key(struct cbor_map *map, const char *name);
/* Puts nothing if the text is NULL or empty. */
void cbor_map__text(struct cbor_map *map, const char *name, const char *text);
void cbor_map__uint(struct cbor_map *map, const char *name, uint64_t value);
/* A thread's name as the kernel has it: 16 bytes, maybe without a zero. */
void cbor_map__comm(struct cbor_map *map, const char *name, const char comm[16]);
/* Puts the map into `out` and empties it. */
void cbor_map__end(struct cbor_map *map, struct cbor_out *out);

#endif /* TTLOG_CBOR_OUT_H */
