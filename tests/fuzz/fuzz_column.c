/* SPDX-License-Identifier: MIT */
/*
 * One column of a chunk: a byte for the type, two for the number of values, then the CBOR item.
 * If it is accepted as a column, it has all its values.
 */
#include "arena.h"
#include "event.h"
#include "fuzz.h"
#include "cbor_reader.h"
#include "unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .blocks = NULL };
	struct ttlog_column column;
	struct ttlog_field field;
	struct ttlog_cbor in = { data + 3, data + size };
	uint64_t items;
	size_t n;
	uint8_t type;

	if (size < 4 || !cbor_reader__check(data + 3, size - 3, &items))
		return 0;
	type = (uint8_t)(1 + data[0] % TTLOG_TYPE_DECIMAL);
	n = 1 + (data[1] | (size_t)data[2] << 8);
	fuzz__begin();
	if (!unpack__column(&arena, &in, type, n, &column)) {
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			ttlog_column_field(&column, i, &field);
			for (size_t k = 0; (type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES) &&
					   k < field.text.len;
			     k += 1 + field.text.len / 8)
				sum += (unsigned char)field.text.p[k];
			FUZZ_CHECK(field.type == type);
		}
		FUZZ_CHECK(sum < UINT64_MAX);
	}
	arena__fini(&arena);
	fuzz__end();
	return 0;
}
