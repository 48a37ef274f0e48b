/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"

void crash__signal_name(int signal, char ret[CRASH_SIGNAL_NAME_BYTES])
{
	const char *abbreviation = sigabbrev_np(signal);

	if (abbreviation)
		(void)snprintf(ret, CRASH_SIGNAL_NAME_BYTES, "SIG%s", abbreviation);
	else
		(void)snprintf(ret, CRASH_SIGNAL_NAME_BYTES, "SIG%d", signal);
}

bool crash__is_core_signal(int signal)
{
	static const unsigned char core_signals[] = {
		SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
		SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS,
	};

	return signal > 0 && memchr(core_signals, signal, sizeof(core_signals));
}

void crash_frame__fini(struct crash_frame *frame)
{
	free(frame->module);
	free(frame->symbol);
	free(frame->file);
	memset(frame, 0, sizeof(*frame));
}

void crash__fini(struct crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++)
		crash_frame__fini(&crash->frames[i]);
	for (size_t i = 0; i < crash->outer_cnt; i++)
		crash_frame__fini(&crash->outer[i]);
	mappings__fini(&crash->mappings);
	if (crash->reporter)
		crash__fini(crash->reporter);
	free(crash->reporter);
	for (size_t i = 0; i < crash->other_cnt; i++) {
		for (size_t k = 0; k < crash->others[i].frame_cnt; k++)
			crash_frame__fini(&crash->others[i].frames[k]);
	}
	free(crash->others);
	free(crash->thrown_type);
	free(crash->thrown_what);
	free(crash->pages);
	memset(crash, 0, sizeof(*crash));
}

/* Replaces a text of the original by a copy. */
static int own(char **text)
{
	if (!*text)
		return 0;
	*text = strdup(*text);
	return *text ? 0 : -ENOMEM;
}

static int own_frames(struct crash_frame *frames, size_t cnt)
{
	int err = 0;

	for (size_t i = 0; i < cnt; i++)
		err |= own(&frames[i].module) | own(&frames[i].symbol) | own(&frames[i].file);
	return err;
}

static int own_reporter(struct crash **reporter)
{
	const struct crash *original = *reporter;

	if (!original)
		return 0;
	*reporter = calloc(1, sizeof(**reporter));
	return *reporter ? crash__copy(original, *reporter) : -ENOMEM;
}

/* A copy of a table. NULL if it is empty, or with *err set. */
static void *copy_table(const void *table, size_t cnt, size_t bytes, int *err)
{
	void *copy = cnt ? reallocarray(NULL, cnt, bytes) : NULL;

	if (cnt && !copy)
		*err = -ENOMEM;
	if (copy)
		memcpy(copy, table, cnt * bytes);
	return copy;
}

int crash__copy(const struct crash *crash, struct crash *ret)
{
	int err = 0;

	*ret = *crash;
	ret->pages = copy_table(crash->pages, crash->page_cnt, sizeof(*ret->pages), &err);
	ret->others = copy_table(crash->others, crash->other_cnt, sizeof(*ret->others), &err);
	if (err) {
		free(ret->pages);
		free(ret->others);
		memset(ret, 0, sizeof(*ret));
		return err;
	}
	err |= own_reporter(&ret->reporter);
	err |= own(&ret->thrown_type) | own(&ret->thrown_what);
	err |= mappings__copy(&crash->mappings, &ret->mappings);
	for (size_t i = 0; i < crash->other_cnt; i++)
		err |= own_frames(ret->others[i].frames, ret->others[i].frame_cnt);
	err |= own_frames(ret->frames, ret->frame_cnt) | own_frames(ret->outer, ret->outer_cnt);
	if (!err)
		return 0;
	crash__fini(ret);
	return -ENOMEM;
}
