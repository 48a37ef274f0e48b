/* SPDX-License-Identifier: MIT */
#include "family.h"

void family__add(struct family *family, const struct family_fork *fork)
{
	family->forks[family->next++ % FAMILY_MAX] = *fork;
}

const struct family_fork *family__find(const struct family *family, uint32_t child)
{
	for (size_t i = family->next; i > 0 && i + FAMILY_MAX > family->next; i--) {
		const struct family_fork *fork = &family->forks[(i - 1) % FAMILY_MAX];

		if (fork->child == child)
			return fork;
	}
	return NULL;
}
