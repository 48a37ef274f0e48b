/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#define FIRST_CNT 16u

int array__grow(void *items, size_t item_bytes, size_t cnt, size_t *cap)
{
	size_t more = *cap ? *cap : FIRST_CNT;
	void *old, *grown;

	if (cnt <= *cap)
		return 0;
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
