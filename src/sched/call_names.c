/* SPDX-License-Identifier: MIT */
#include <seccomp.h>
#include <stdlib.h>

#include "call_names.h"

/* All kernels have fewer. */
#define MAX_CALLS 1024

struct call_names {
	char *items[MAX_CALLS];
};

struct call_names *call_names__new(void)
{
	struct call_names *names = calloc(1, sizeof(*names));

	for (int i = 0; names && i < MAX_CALLS; i++)
		names->items[i] = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), i);
	return names;
}

void call_names__free(struct call_names *names)
{
	if (!names)
		return;
	for (int i = 0; i < MAX_CALLS; i++)
		free(names->items[i]);
	free(names);
}

const char *call_names__of(const struct call_names *names, int32_t number)
{
	return number >= 0 && number < MAX_CALLS ? names->items[number] : NULL;
}
