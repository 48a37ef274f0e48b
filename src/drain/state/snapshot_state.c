/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "snapshot_state.h"

void snapshot_state__fini(struct snapshot_state *state)
{
	for (size_t i = 0; i < state->file_cnt; i++)
		free(state->files[i]);
	free(state->files);
	schedule__fini(&state->schedule);
}

int snapshot_state__add_file(struct snapshot_state *state, const char *path)
{
	if (array__reserve(state->files, state->file_cnt + 1, &state->file_cap))
		return -ENOMEM;
	state->files[state->file_cnt] = strdup(path);
	if (!state->files[state->file_cnt])
		return -ENOMEM;
	state->file_cnt++;
	return 0;
}

int snapshot_state__replace_file(struct snapshot_state *state, const char *path)
{
	if (state->file_cnt)
		free(state->files[--state->file_cnt]);
	return snapshot_state__add_file(state, path);
}
