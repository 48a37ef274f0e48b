/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

/* The size of the first allocation. */
#define FIRST_BYTES 256u
#define FIRST_CNT   4u

int array__grow(void *items, size_t item_bytes, size_t cnt, size_t *cap)
{
	size_t more = *cap ? *cap : FIRST_BYTES / item_bytes;
	void *old, *grown;

	if (cnt <= *cap)
		return 0;
	more = more > FIRST_CNT ? more : FIRST_CNT;
	while (more < cnt)
		more = 2 * more > more ? 2 * more : cnt;
	memcpy(&old, items, sizeof(old));
	grown = reallocarray(old, more, item_bytes);
	if (!grown)
		return -ENOMEM;
	memcpy(items, &grown, sizeof(grown));
	*cap = more;
	return 0;
}
