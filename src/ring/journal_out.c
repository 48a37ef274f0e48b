/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "journal.h"
#include "journal_out.h"

void journal_out__bytes(struct journal_out *out, const void *bytes, size_t len)
{
	if (!out->err)
		out->err = array__reserve(out->bytes, out->len + len, &out->cap);
	if (out->err)
		return;
	if (len)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

void journal_out__u32(struct journal_out *out, uint32_t value)
{
	journal_out__bytes(out, &value, sizeof(value));
}

void journal_out__u64(struct journal_out *out, uint64_t value)
{
	journal_out__bytes(out, &value, sizeof(value));
}

void journal_out__text(struct journal_out *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	journal_out__u32(out, (uint32_t)len);
	journal_out__bytes(out, text, len);
}

struct journal_out journal_out__begin(enum journal_kind kind, int fd)
{
	const struct journal_record record = { .kind = kind | JOURNAL_VERSION << 16 };
	struct journal_out out = { .fd = fd, .err = fd < 0 ? -EBADF : 0 };

	journal_out__bytes(&out, &record, sizeof(record));
	return out;
}

int64_t journal_out__end(struct journal_out *out)
{
	static const char padding[8];
	uint32_t bytes = (uint32_t)(out->len - sizeof(struct journal_record));
	off_t before = -1;

	journal_out__bytes(out, padding, -out->len % 8);
	if (!out->err) {
		memcpy(out->bytes + offsetof(struct journal_record, bytes), &bytes, sizeof(bytes));
		before = lseek(out->fd, 0, SEEK_END);
		/* nothing after half a record could be read */
		if (write(out->fd, out->bytes, out->len) != (ssize_t)out->len) {
			if (before >= 0)
				(void)!ftruncate(out->fd, before);
			before = -1;
		}
	}
	free(out->bytes);
	return before;
}
