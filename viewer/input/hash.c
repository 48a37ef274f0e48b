/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <sys/random.h>

#include "hash.h"

uint64_t hash__secret(void)
{
	static uint64_t secret;
	static bool is_made;

	if (!is_made)
		/* Without one it is still right. */
		(void)!getrandom(&secret, sizeof(secret), GRND_NONBLOCK);
	is_made = true;
	return secret;
}
