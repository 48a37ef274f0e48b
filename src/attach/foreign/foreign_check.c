/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "elf_file.h"
#include "foreign_check.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "foreign_sites.h"
#include "maps.h"
#include "nearest.h"
#include "needed_files.h"
#include "process_files.h"
#include "site.h"
#include "text_pool.h"
#include "usdt_fields.h"
#include "usdt_notes.h"
#include "value.h"

/* One probe of the user. */
struct verdict {
	const struct foreign_probe *probe;
	bool has_where;  /* a file has such a provider; is such a file */
	bool has_name;   /* and such a probe; such a function */
	bool is_refused; /* its signature does not fit; a line says so */
	char file[256];  /* the last one that has_where */
	struct nearest wheres, names;
};

struct seen_file {
	dev_t dev;
	uint64_t inode;
};

struct foreign_check {
	const struct foreign_probes *probes;
	struct verdict *verdicts;
	size_t cnt;
	struct foreign_report refused; /* what is not as the user says */
	struct foreign_report doubts;  /* what may not be as the user thinks */
	const char *path;              /* of the file that is looked at */
	bool has_usdt;                 /* that file has some that were asked for */
	bool is_program;               /* which may start others */
	struct seen_file *seen;        /* of processes */
	size_t seen_cnt, seen_cap;
	char providers[256]; /* some of those that there are: "a, b" */
};

struct foreign_check *foreign_check__new(const struct foreign_probes *probes)
{
	struct foreign_check *check = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	check->probes = probes;
	check->cnt = foreign_probes__cnt(probes);
	check->verdicts = calloc(check->cnt + 1, sizeof(*check->verdicts));
	if (!check->verdicts) {
		free(check);
		return NULL;
	}
	for (size_t i = 0; i < check->cnt; i++) {
		struct verdict *verdict = &check->verdicts[i];

		verdict->probe = foreign_probes__get(probes, i);
		verdict->wheres = nearest__to(verdict->probe->where);
		verdict->names = nearest__to(verdict->probe->name);
	}
	return check;
}

void foreign_check__free(struct foreign_check *check)
{
	if (!check)
		return;
	foreign_report__fini(&check->refused);
	foreign_report__fini(&check->doubts);
	free(check->verdicts);
	free(check->seen);
	free(check);
}

/* ---- USDT ---- */

/* One note against a signature. A glob takes probes that have fewer arguments, too. (Sizes are
 * written in the same way for all machines.) */
static void check_signature(struct foreign_check *check, struct verdict *verdict,
			    const struct usdt_note *note)
{
	const struct usdt_scope scope = { .machine = USDT_X86_64, .place = note->vaddr };
	const struct foreign_probe *probe = verdict->probe;
	const char *at = note->arguments;
	struct usdt_operand operand;
	size_t cnt = 0;

	for (; usdt_operand__next(&scope, &at, &operand); cnt++) {
		if (cnt >= probe->field_cnt ||
		    usdt_fields__fits(&probe->fields[cnt], operand.bytes))
			continue;
		verdict->is_refused = true;
		foreign_report__add(
			&check->refused,
			"--usdt '%s': field '%s' can't be %s%s: argument %zu of %s:%s has %u bytes (%s)",
			probe->text, probe->fields[cnt].name,
			value__type_name(probe->fields[cnt].type),
			probe->fields[cnt].step_cnt ? " at an address" : "", cnt + 1,
			note->provider, note->name, operand.bytes, check->path);
	}
	if (cnt >= probe->field_cnt || foreign_glob__is_pattern(probe->name))
		return;
	verdict->is_refused = true;
	foreign_report__add(
		&check->refused, "--usdt '%s': it has %zu fields, and %s:%s no more than %zu (%s)",
		probe->text, probe->field_cnt, note->provider, note->name, cnt, check->path);
}

/* Each once; those that there is room for. */
static void note_provider(struct foreign_check *check, const char *provider)
{
	const size_t len = strlen(check->providers), own = strlen(provider);
	const char *at = check->providers;

	/* the probe that sends our own batches */
	if (!strcmp(provider, "ttlog"))
		return;
	for (; (at = strstr(at, provider)); at += own)
		if ((at == check->providers || at[-1] == ' ') && (!at[own] || at[own] == ','))
			return;
	if (len + own + 3 < sizeof(check->providers))
		(void)snprintf(check->providers + len, sizeof(check->providers) - len, "%s%s",
			       len ? ", " : "", provider);
}

static int look_at_note(const struct usdt_note *note, void *ctx)
{
	struct foreign_check *check = ctx;

	note_provider(check, note->provider);
	for (size_t i = 0; i < check->cnt; i++) {
		struct verdict *verdict = &check->verdicts[i];
		const struct foreign_probe *probe = verdict->probe;

		if (probe->kind != FOREIGN_USDT)
			continue;
		if (!foreign_glob__matches(probe->where, note->provider)) {
			nearest__offer(&verdict->wheres, note->provider);
			continue;
		}
		verdict->has_where = true;
		(void)snprintf(verdict->file, sizeof(verdict->file), "%s", check->path);
		if (!foreign_glob__matches(probe->name, note->name)) {
			nearest__offer(&verdict->names, note->name);
			continue;
		}
		check->has_usdt = verdict->has_name = true;
		if (probe->has_fields && !verdict->is_refused)
			check_signature(check, verdict, note);
	}
	return 0;
}

/* ---- Functions ---- */

/* What was said of the sites of one file: of a function that is no glob, it is an error. */
static void sort_lines(struct foreign_check *check, const struct foreign_report *report)
{
	char prefix[FOREIGN_REPORT_LINE_BYTES];

	for (size_t line = 0; line < report->cnt; line++) {
		struct foreign_report *to = &check->doubts;

		for (size_t i = 0; i < check->cnt; i++) {
			const struct foreign_probe *probe = check->verdicts[i].probe;

			(void)snprintf(prefix, sizeof(prefix),
				       "%s '%s': ", foreign_kind__option(probe->kind), probe->text);
			if (!strncmp(report->lines[line], prefix, strlen(prefix)) &&
			    !foreign_glob__is_pattern(probe->name))
				to = &check->refused;
		}
		foreign_report__add(to, "%s", report->lines[line]);
	}
}

/* As it will be done when the file is attached to. */
static void try_sites(struct foreign_check *check, int fd)
{
	struct site_table *table = calloc(1, sizeof(*table));
	struct foreign_report report = { 0 };

	if (table)
		table->pool = text_pool__new();
	if (table && table->pool) {
		(void)foreign_sites__add(table, check->probes, fd, check->path, &report);
		sort_lines(check, &report);
	}
	foreign_report__fini(&report);
	site_table__free(table);
}

/* Whether a probe names this file. */
static bool look_for_functions(struct foreign_check *check)
{
	const char *slash = strrchr(check->path, '/'), *base = slash ? slash + 1 : check->path;
	bool found = false;

	for (size_t i = 0; i < check->cnt; i++) {
		struct verdict *verdict = &check->verdicts[i];
		const struct foreign_probe *probe = verdict->probe;

		if (probe->kind == FOREIGN_USDT)
			continue;
		if (foreign_probe__takes_file(probe, check->path))
			found = verdict->has_where = verdict->has_name = true;
		else
			nearest__offer(&verdict->wheres,
				       strchr(probe->where, '/') ? check->path : base);
	}
	return found;
}

/* ---- Files ---- */

static int look_at_file(int fd, const char *path, void *ctx)
{
	struct foreign_check *check = ctx;
	struct elf_file *file = elf_file__new(fd);
	size_t malformed;

	if (!file)
		return 0;
	check->path = path;
	check->has_usdt = false;
	(void)usdt_notes__each(file, look_at_note, check, &malformed);
	elf_file__free(file);
	if (look_for_functions(check) || check->has_usdt)
		try_sites(check, fd);
	return 0;
}

int foreign_check__file(struct foreign_check *check, const char *path)
{
	const struct code_file file = { .place = CODE_AT_PATH, .path = path };
	const int fd = process_files__open_code(&file);

	if (fd < 0)
		return fd;
	(void)look_at_file(fd, path, check);
	(void)close(fd);
	return 0;
}

int foreign_check__program(struct foreign_check *check, const char *path)
{
	check->is_program = true;
	return needed_files__each(path, look_at_file, check);
}

/* Whether it is new: processes share most of their files. */
static bool note_file(struct foreign_check *check, const struct maps_entry *entry)
{
	for (size_t i = 0; i < check->seen_cnt; i++)
		if (check->seen[i].dev == entry->dev && check->seen[i].inode == entry->inode)
			return false;
	if (!array__reserve(check->seen, check->seen_cnt + 1, &check->seen_cap))
		check->seen[check->seen_cnt++] = (struct seen_file){ entry->dev, entry->inode };
	return true;
}

int foreign_check__process(struct foreign_check *check, pid_t pid)
{
	struct maps *maps = maps__read(pid);

	if (!maps)
		return -errno;
	for (size_t i = 0; i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];
		int fd;

		if (!entry->executable || !entry->inode || !note_file(check, entry))
			continue;
		fd = maps__open(pid, entry);
		if (fd < 0)
			continue;
		(void)look_at_file(fd, entry->path, check);
		(void)close(fd);
	}
	maps__free(maps);
	return 0;
}

/* ---- The end ---- */

/* ": is it 'a' or 'b'?" */
static const char *hint(const struct nearest *nearest, char *text, size_t size)
{
	char names[NEAREST_MAX_NAMES * NEAREST_MAX_BYTES + 32];

	text[0] = '\0';
	if (*nearest__print(nearest, names, sizeof(names)))
		(void)snprintf(text, size, ": is it %s?", names);
	return text;
}

/* Whether it may come with a library, or a program, that is loaded later. */
static bool may_come(const struct foreign_check *check, const struct verdict *verdict)
{
	const struct foreign_probe *probe = verdict->probe;

	if (foreign_glob__is_pattern(probe->where) || foreign_glob__is_pattern(probe->name))
		return true;
	/* a shell runs other programs; but a name that is nearly there is a slip of the hand */
	if (check->is_program && !verdict->has_where && !verdict->wheres.cnt)
		return true;
	return probe->kind == FOREIGN_USDT && !verdict->has_where &&
	       foreign_probes__knows_provider(check->probes, probe->where);
}

static void judge_name(const struct verdict *verdict, const char *yet,
		       struct foreign_report *report)
{
	const struct foreign_probe *probe = verdict->probe;
	char text[FOREIGN_REPORT_LINE_BYTES];

	if (!*hint(&verdict->names, text, sizeof(text)))
		(void)snprintf(text, sizeof(text),
			       " (ttlog-collect --list shows those that it has)");
	foreign_report__add(report, "--usdt '%s': %s has no probe %s%s%s", probe->text,
			    verdict->file, probe->name, yet, text);
}

static void judge_where(const struct foreign_check *check, const struct verdict *verdict,
			const char *subject, const char *yet, struct foreign_report *report)
{
	const struct foreign_probe *probe = verdict->probe;
	char text[FOREIGN_REPORT_LINE_BYTES];

	(void)hint(&verdict->wheres, text, sizeof(text));
	if (probe->kind == FOREIGN_USDT && !*text && *check->providers)
		(void)snprintf(text, sizeof(text), ": there is %s", check->providers);
	foreign_report__add(report, "%s '%s': %s has no %s %s%s%s",
			    foreign_kind__option(probe->kind), probe->text, subject,
			    probe->kind == FOREIGN_USDT ? "provider" : "file", probe->where, yet,
			    text);
}

static void copy_lines(const struct foreign_report *from, struct foreign_report *to)
{
	for (size_t i = 0; i < from->cnt; i++)
		foreign_report__add(to, "%s", from->lines[i]);
}

void foreign_check__judge(const struct foreign_check *check, const char *subject,
			  struct foreign_report *errors, struct foreign_report *warnings)
{
	copy_lines(&check->refused, errors);
	copy_lines(&check->doubts, warnings);
	for (size_t i = 0; i < check->cnt; i++) {
		const struct verdict *verdict = &check->verdicts[i];
		const bool may = may_come(check, verdict);
		struct foreign_report *report = may ? warnings : errors;

		if (verdict->has_name)
			continue;
		if (verdict->has_where)
			judge_name(verdict, may ? " yet" : "", report);
		else
			judge_where(check, verdict, subject, may ? " yet" : "", report);
	}
}
