/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* The place is that of the crash, not of the code that tells it. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "crash.h"
#include "crash_entry.h"
#include "job.h"

#define MAX_FIELDS 24

struct entry {
	struct iovec fields[MAX_FIELDS]; /* each KEY=VALUE, from malloc() */
	size_t cnt;
};

/* A field for which there is no memory is left out. */
__attribute__((format(printf, 2, 3))) static void add(struct entry *entry, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len >= 0)
		entry->fields[entry->cnt++] =
			(struct iovec){ .iov_base = text, .iov_len = (size_t)len };
}

static void add_known(struct entry *entry, const char *key, const char *text)
{
	if (text && text[0])
		add(entry, "%s=%s", key, text);
}

/* "symbol+0x10 (file.c:12)", or the module and the offset in it. */
static void put_frame(FILE *out, const struct crash_frame *frame)
{
	if (frame->symbol)
		fputs(frame->symbol, out);
	else if (frame->module)
		fprintf(out, "%s+0x%llx", frame->module, (unsigned long long)frame->offset);
	else
		fprintf(out, "0x%llx", (unsigned long long)frame->ip);
	if (frame->file)
		fprintf(out, " (%s:%u)", frame->file, frame->line);
}

/* The first cnt frames, a line each. NULL if there is no memory; the caller frees it. */
static char *frame_lines(const struct crash *crash, size_t cnt)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < cnt && i < crash->frame_cnt; i++) {
		if (i)
			fputc('\n', out);
		put_frame(out, &crash->frames[i]);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* In the label of an encrypted file (FORMAT.md, section 9) is only one of them. */
static const char *name_of(const struct job *job)
{
	const struct snapshot_source *source = &job->source;

	if (job->is_sealed && source->service)
		return source->service;
	return source->comm ? source->comm : "?";
}

static void add_stack(struct entry *entry, const struct crash *crash, const char *frame)
{
	char *stack = frame_lines(crash, CRASH_MAX_FRAMES);

	add_known(entry, "TTLOG_FRAME", frame);
	add_known(entry, "TTLOG_STACK", stack);
	free(stack);
}

static void add_crash(struct entry *entry, const struct job *job)
{
	const struct crash *crash = &job->crash;
	char *frame = job->is_sealed ? NULL : frame_lines(crash, 1);
	char name[CRASH_SIGNAL_NAME_BYTES];

	crash__signal_name(crash->exit_signal, name);
	add(entry, "MESSAGE=%s (pid %u) crashed: %s%s%s%s; %s", name_of(job), job->source.pid, name,
	    crash->is_oom ? ", out of memory" : "", frame && frame[0] ? " in " : "",
	    frame ? frame : "", job->path);
	add(entry, "TTLOG_SIGNAL=%s", name);
	if (!job->is_sealed)
		add_stack(entry, crash, frame);
	add_known(entry, "TTLOG_SIGNATURE", crash->signature);
	add(entry, "COREDUMP_SIGNAL=%d", crash->exit_signal);
	add(entry, "COREDUMP_SIGNAL_NAME=%s", name);
	free(frame);
}

static bool is_crash(const struct job *job)
{
	return !job->err && job->crash.has_exit && job->crash.exit_signal &&
	       (strcmp(job->source.reason, "crash") == 0 || job->crash.is_oom);
}

void crash_entry__send(const struct job *job)
{
	const struct snapshot_source *source = &job->source;
	struct entry entry = { 0 };

	if (!is_crash(job))
		return;
	add_crash(&entry, job);
	add_known(&entry, "MESSAGE_ID", CRASH_ENTRY_ID);
	add_known(&entry, "PRIORITY", "2"); /* critical, as that of systemd-coredump */
	add_known(&entry, "SYSLOG_IDENTIFIER", "ttlog");
	add_known(&entry, "TTLOG_FILE", job->path);
	add_known(&entry, "TTLOG_SERVICE", source->service);
	add(&entry, "COREDUMP_PID=%u", source->pid);
	if (!job->is_sealed) {
		add(&entry, "TTLOG_EVENTS=%llu", (unsigned long long)job->events_cnt);
		add(&entry, "COREDUMP_UID=%u", source->uid);
		add_known(&entry, "COREDUMP_COMM", source->comm);
		add_known(&entry, "COREDUMP_EXE", source->exe);
	}
	(void)sd_journal_sendv(entry.fields, (int)entry.cnt);
	for (size_t i = 0; i < entry.cnt; i++)
		free(entry.fields[i].iov_base);
}
