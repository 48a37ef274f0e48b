/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "array.h"
#include "carry.h"

#define KEPT_BYTES ((size_t)1 << 20)

struct carried {
	struct merge_record record;
	size_t at; /* of its fields */
};

void carry__fini(struct carry *carry)
{
	free(carry->records);
	free(carry->fields);
	*carry = (struct carry){ .cnt = 0 };
}

int carry__add(struct carry *carry, const struct merge_record *record)
{
	const size_t bytes = record->bytes - sizeof(struct ttlog_record);

	if (array__reserve(carry->records, carry->cnt + 1, &carry->capacity) ||
	    array__reserve(carry->fields, carry->bytes + bytes + 1, &carry->fields_capacity))
		return -ENOMEM;
	if (bytes)
		memcpy(carry->fields + carry->bytes, record->fields, bytes);
	carry->records[carry->cnt++] = (struct carried){ .record = *record, .at = carry->bytes };
	carry->bytes += bytes;
	return 0;
}

bool carry__peek(const struct carry *carry, struct merge_record *ret_record)
{
	if (carry->at == carry->cnt)
		return false;
	*ret_record = carry->records[carry->at].record;
	ret_record->fields = carry->fields + carry->records[carry->at].at;
	return true;
}

void carry__reset(struct carry *carry)
{
	if (carry->fields_capacity > KEPT_BYTES)
		carry__fini(carry);
	carry->cnt = carry->at = 0;
	carry->bytes = 0;
}
