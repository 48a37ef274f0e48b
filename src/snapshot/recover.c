/* SPDX-License-Identifier: MIT */
/*
 * Two steps, so that a recording begins at once, however much was left over. First, before any site
 * is enabled again, what threads have in their batches goes into the rings that were left: after
 * that the batches belong to the new recording. Then, beside that recording, rings become files.
 *
 * Rings and journals are valid after each step: if this collector is killed here, the next one
 * finds all of it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire.h"
#include "accounts.h"
#include "attached_process.h"
#include "clock.h"
#include "facts.h"
#include "journal.h"
#include "lost.h"
#include "process.h"
#include "pull.h"
#include "recipients.h"
#include "recover.h"
#include "redact.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "snapshot_source.h"
#include "start_time.h"
#include "thread.h"

/* One dead collector. */
struct session {
	struct session *next;
	const struct recover_options *options;
	char dir[PATH_MAX];
	int lock_fd;                 /* while we have this, it counts as alive */
	bool is_earlier;             /* of an earlier boot: its pids are of other processes now, */
	int64_t boot_offset_ns;      /* and its CLOCK_MONOTONIC was another one */
	char boot_id[BOOT_ID_BYTES]; /* "" if not known */

	/* while it is written */
	struct clock *clock;
	struct lost_modules modules;
	bool has_notes;               /* the next two were read */
	struct redact redact;         /* what it was to hide, and what we are */
	struct recipients recipients; /* the same: who may decrypt it */
	struct snapshot_target target;
};

struct recover {
	struct recover_options options;
	struct session *sessions;
};

/* ---- what is in memory still ---- */

/* Marks what the ring has of each batch, so that nothing is taken twice. */
static int mark_taken(struct process *process)
{
	const struct ring_entry *entry;
	struct ring_copy *copy;
	uint64_t overwritten;
	size_t cursor = 0;

	/* frozen, because that takes no memory */
	copy = ring__freeze(process->ring, &overwritten);
	if (!copy)
		return -errno;
	while ((entry = ring_copy__next(copy, &cursor)))
		source_table__mark_taken(&process->sources, entry);
	ring_copy__free(copy);
	process->counts.recorded = ring__events(process->ring);
	process->counts.alone = ring__alone_events(process->ring);
	return 0;
}

/* own_tid: as the program sees it. The thread is the one that the ring had last from there, if its
 * tid is that. */
static void set_owner(const struct process *process, struct source *source, uint32_t own_tid)
{
	const struct thread *thread = NULL;

	if (source->thread < process->threads.cnt)
		thread = &process->threads.items[source->thread];
	if (thread && own_tid == (thread->ns_tid ? thread->ns_tid : thread->tid)) {
		source->tid = thread->tid;
		return;
	}
	source->tid = own_tid;
	source->thread = UINT32_MAX;
}

/* Batches of threads that the collector had not heard of: all that they logged was for it. */
static void add_unheard(struct process *process)
{
	const struct ttlog_batch nothing = { 0 };
	struct attached_process *attached = attached_process__new(process->id.pid);

	for (size_t i = 0; attached && i < process->modules.anchor_cnt; i++)
		(void)attached_process__add_batches(attached, &process->modules.anchors[i]);
	for (size_t i = 0; attached && i < attached->source_cnt; i++) {
		attached->sources[i].suppressed = 0;
		if (!source_table__find(&process->sources, attached->sources[i].address))
			(void)source_table__add(&process->sources, &attached->sources[i], &nothing);
	}
	attached_process__free(attached);
}

/* Takes what the threads of a running process have in their batches. */
static void pull(struct process *process)
{
	struct wire_batch *buffer = malloc(PULL_BUFFER_BYTES);

	for (size_t i = 0; buffer && i < process->sources.cap; i++) {
		struct source *source = &process->sources.slots[i];
		int err;

		if (!source->address)
			continue;
		err = pull__batch(process->id.pid, source->address, buffer, NULL);
		if (err == -ETIMEDOUT)
			break;
		if (err)
			continue;
		set_owner(process, source, buffer->batch.tid);
		process__fill_head(process, source, &buffer->head);
		buffer->head.stamp_ns = clock__now_mono_ns();
		source_table__count_taken(&process->sources, buffer);
		(void)process__take(process, buffer);
	}
	free(buffer);
}

/* If it had no ring, or a part of one, a new one is made. */
static int open_ring(struct process *process, const char *path)
{
	process->ring = ring__open(path);
	if (!process->ring && (errno == ENOENT || errno == EBADMSG)) {
		(void)unlink(path);
		process->ring = ring__new(path, process->sources.cnt * PULL_BUFFER_BYTES);
	}
	return process->ring ? mark_taken(process) : -errno;
}

/* A record that was cut off is removed: no record could be read after it. */
static int open_facts(const char *path, size_t whole_bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && ftruncate(fd, (off_t)whole_bytes) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* What can't be read is lost; the rest is not. */
static int settle_process(struct session *session, const char *ring_path, const char *facts_path)
{
	struct accounts accounts;
	struct lost_process lost;
	struct process *process;
	int err = lost_process__read(&lost, facts_path);

	(void)session;
	process = lost.process;
	lost_process__fini(&lost);
	if (err || lost.is_settled || !start_time__is(process->id.pid, process->id.start_ns)) {
		process__free(process);
		return 0;
	}
	process->facts.fd = open_facts(facts_path, lost.facts_bytes);
	add_unheard(process);
	if (open_ring(process, ring_path) == 0) {
		pull(process);
		process__accounts(process, NULL, &accounts);
		facts__add_settled(&process->facts, &accounts);
	}
	if (process->ring)
		ring__leave(process->ring);
	process__free(process);
	return 0;
}

/* ---- snapshots ---- */

/* As attach__service() does. */
static const char *find_service(const struct session *session, const struct process *process)
{
	const char *service = NULL;

	for (size_t i = 0; i < session->modules.cnt; i++) {
		const struct site_table *table = session->modules.tables[i];
		bool is_program;

		if (!table || !table->cnt)
			continue;
		is_program = strcmp(table->build_id, process->id.build_id) == 0;
		if (!service || is_program)
			service = table->sites[0].service;
		if (is_program)
			break;
	}
	return service;
}

static void fill_accounts(const struct lost_process *lost, struct accounts *ret)
{
	const uint64_t recorded = lost->process->counts.recorded;

	process__accounts(lost->process, NULL, ret);
	if (!lost->is_kept)
		return;
	ret->emitted = lost->emitted;
	ret->lost_total = lost->emitted > recorded ? lost->emitted - recorded : 0;
	ret->lost = lost->lost;
}

static void tell_written(const struct session *session, const struct lost_process *lost,
			 const struct accounts *accounts, const char *name)
{
	if (!session->options->report)
		return;
	fprintf(session->options->report,
		"ttlog-collect: a collector that %s had of pid %u: %" PRIu64 " emitted, %" PRIu64
		" recorded, %" PRIu64 " lost, %" PRIu64 " overwritten, %s/%s\n",
		lost->is_kept ? "could not write it" : "was killed", lost->process->id.pid,
		accounts->emitted, accounts->recorded, accounts->lost_total, accounts->overwritten,
		session->options->out_dir, name);
}

/* Removes the facts when the file is written: if this collector is killed after that, the next one
 * does not write the process again. */
static int write_snapshot(struct session *session, const struct lost_process *lost,
			  const char *facts_path)
{
	const struct process *process = lost->process;
	char comm[sizeof(process->id.comm) + 1] = { 0 };
	struct accounts accounts;
	struct snapshot_source source = {
		.threads = process->threads.items,
		.thread_cnt = process->threads.cnt,
		.modules = (const struct site_table *const *)session->modules.tables,
		.module_cnt = session->modules.cnt,
		.clock = session->clock,
		.boot_offset_ns = session->is_earlier ? session->boot_offset_ns : 0,
		.pid = process->id.pid,
		.ns_pid = process->id.ns_pid,
		.uid = process->id.uid,
		.start_ns = process->id.start_ns,
		.cgroup = process->id.cgroup,
		.service = find_service(session, process),
		.comm = comm,
		.cgroup_path = process->id.cgroup_path && process->id.cgroup_path[0]
				       ? process->id.cgroup_path
				       : NULL,
		.exe = process->id.exe && process->id.exe[0] ? process->id.exe : NULL,
		.build_id = process->id.build_id[0] ? process->id.build_id : NULL,
		.reason = "recovered",
		.redact = &session->redact,
		.tags = session->options->tags,
		.ending = lost->ending,
	};
	uint64_t overwritten, events, corrupt;
	char name[NAME_MAX + 1];
	struct ring_copy *copy;
	int err;

	copy = ring__freeze(process->ring, &overwritten);
	if (!copy)
		return -errno;
	memcpy(comm, process->id.comm, sizeof(process->id.comm));
	fill_accounts(lost, &accounts);
	memcpy(source.boot_id, session->boot_id, sizeof(source.boot_id));
	source.events = copy;
	source.emitted = accounts.emitted;
	source.recorded = accounts.recorded;
	source.overwritten = accounts.overwritten;
	source.lost = accounts.lost;
	source.suppressed = accounts.suppressed;
	err = snapshot__write(&session->target, &source, name, &events, &corrupt, NULL);
	if (!err)
		(void)unlink(facts_path);
	ring_copy__free(copy);
	if (!err && session->options->written_cnt)
		(void)__atomic_fetch_add(session->options->written_cnt, 1, __ATOMIC_RELAXED);
	if (!err)
		accounts__add_corrupt(&accounts, corrupt);
	if (!err)
		tell_written(session, lost, &accounts, name);
	return err;
}

/* If the machine went down, a ring may be on disk in part only. */
static void report_damage(const struct session *session, const char *ring_path)
{
	if (session->options->report)
		fprintf(session->options->report,
			"ttlog-collect: %s is of an earlier boot and damaged: its events are lost\n",
			ring_path);
}

/* The whole ring. It can be damaged if the machine went down, but not by a collector. */
static int open_whole_ring(struct process *process, const struct lost_process *lost,
			   const char *path)
{
	process->ring = ring__open(path);
	if (!process->ring)
		return -errno;
	process->counts.recorded = ring__events(process->ring);
	process->counts.alone = ring__alone_events(process->ring);
	if (!lost->is_settled)
		return mark_taken(process);
	if (lost->emitted > process->counts.alone)
		process->sources.emitted_earlier = lost->emitted - process->counts.alone;
	return 0;
}

static bool has_accounts(const struct lost_process *lost)
{
	struct accounts accounts;

	fill_accounts(lost, &accounts);
	return accounts.emitted || ring__used_bytes(lost->process->ring) || lost->is_kept;
}

/* 1 if there is a snapshot of it, 0 if there was nothing in it. */
static int recover_process(struct session *session, const char *ring_path, const char *facts_path)
{
	struct lost_process lost;
	int err = lost_process__read(&lost, facts_path);

	if (!err)
		err = open_whole_ring(lost.process, &lost, ring_path);
	if (!err && has_accounts(&lost)) {
		err = write_snapshot(session, &lost, facts_path);
		if (!err)
			err = 1;
	}
	if (err == -EBADMSG && session->is_earlier)
		report_damage(session, ring_path);
	/* a ring's file goes when it is freed; a ring that could not be written stays for the next
	 * time */
	if (err < 0 && err != -EBADMSG && lost.process && lost.process->ring)
		ring__leave(lost.process->ring);
	process__free(lost.process);
	lost_process__fini(&lost);
	/* a file that is no ring, or a ring without facts, can't be read */
	if (err >= 0 || err == -EBADMSG || err == -ENOENT) {
		(void)unlink(ring_path);
		(void)unlink(facts_path);
	}
	return err == -EBADMSG || err == -ENOENT ? 0 : err;
}

/* ---- sessions ---- */

typedef int (*process_fn)(struct session *session, const char *ring_path, const char *facts_path);

/* The sum of what fn returns for each process, or the error of one. */
static int each_process(struct session *session, process_fn fn)
{
	DIR *dir = opendir(session->dir);
	char ring[PATH_MAX + NAME_MAX + 8], facts[PATH_MAX + NAME_MAX + 8];
	struct dirent *entry;
	int cnt = 0, err = 0, got;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (!suffix || strcmp(suffix, ".facts") != 0)
			continue;
		(void)snprintf(facts, sizeof(facts), "%s/%s", session->dir, entry->d_name);
		memcpy(ring, facts, sizeof(ring));
		memcpy(ring + strlen(ring) - strlen("facts"), "ring", sizeof("ring"));
		got = fn(session, ring, facts);
		if (got < 0)
			err = got;
		else
			cnt += got;
	}
	(void)closedir(dir);
	return err ? err : cnt;
}

/* Also a ring without facts: there was no disk space for them. */
static void remove_session(const struct session *session)
{
	DIR *dir = opendir(session->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)rmdir(session->dir);
}

/* Without knowing what it was to hide, nothing may be written. */
static int read_redact(struct session *session)
{
	char list[REDACT_LIST_BYTES], why[128];
	int err = journal__read_note(session->dir, "redact", list, sizeof(list));

	if (!err && list[0])
		err = redact__add(&session->redact, list, why, sizeof(why));
	if (!err && session->options->target->redact) {
		redact__list(session->options->target->redact, list);
		if (list[0])
			err = redact__add(&session->redact, list, why, sizeof(why));
	}
	return err;
}

static int read_recipients(struct session *session)
{
	const struct recipients *ours = session->options->target->recipients;
	char text[RECIPIENTS_TEXT_BYTES], why[128];
	int err = journal__read_note(session->dir, "recipients", text, sizeof(text));

	if (!err && text[0])
		err = recipients__add_text(&session->recipients, text, strlen(text), "recipients",
					   why, sizeof(why));
	if (!err && ours && ours->cnt) {
		recipients__text(ours, text);
		err = recipients__add_text(&session->recipients, text, strlen(text), "recipients",
					   why, sizeof(why));
	}
	session->target = *session->options->target;
	session->target.recipients = &session->recipients;
	return err;
}

static int read_notes(struct session *session)
{
	int err = read_redact(session);

	if (!err)
		err = read_recipients(session);
	session->has_notes = !err;
	if (err) {
		redact__fini(&session->redact);
		session->redact = (struct redact){ 0 };
		session->recipients = (struct recipients){ 0 };
	}
	return err;
}

static int recover_session(struct session *session)
{
	char path[PATH_MAX + 16];
	int got, root_fd;

	got = session->has_notes ? 0 : read_notes(session);
	if (got)
		return got;
	(void)snprintf(path, sizeof(path), "%s/clock", session->dir);
	session->clock = clock__open(path);
	/* killed before it had a clock: it has recorded nothing */
	if (!session->clock)
		session->clock = clock__new(NULL);
	if (!session->clock)
		return -errno;
	(void)lost_modules__read(&session->modules, session->dir);
	got = each_process(session, recover_process);
	root_fd = got < 0 ? -1 : journal__lock_dir(session->options->root, true);
	if (root_fd >= 0) {
		remove_session(session);
		(void)close(root_fd);
	}
	lost_modules__fini(&session->modules);
	clock__free(session->clock);
	session->clock = NULL;
	return got;
}

/* PID-NS: see journal.h. */
static bool is_session(const struct dirent *entry)
{
	size_t digits = strspn(entry->d_name, "0123456789");

	return digits && entry->d_name[digits] == '-' && entry->d_name[digits + 1] &&
	       !entry->d_name[digits + 1 + strspn(entry->d_name + digits + 1, "0123456789")];
}

/* A collector that ended while we opened its directory has removed it. */
static bool is_gone(int dir_fd)
{
	struct stat status;

	return fstat(dir_fd, &status) || !status.st_nlink;
}

/* Takes the next dead collector's directory; NULL: none. With the root's lock held: so a directory
 * that is new has its own lock when we see it. */
static struct session *take_session(const struct recover_options *options, DIR *dir)
{
	struct session *session = calloc(1, sizeof(*session));
	struct dirent *entry;

	while (session && (entry = readdir(dir))) {
		if (!is_session(entry) ||
		    snprintf(session->dir, sizeof(session->dir), "%s/%s", options->root,
			     entry->d_name) >= (int)sizeof(session->dir))
			continue;
		/* a collector that is alive holds it */
		session->lock_fd = journal__lock_dir(session->dir, false);
		if (session->lock_fd < 0)
			continue;
		session->options = options;
		session->is_earlier = journal__read_boot(session->dir, session->boot_id,
							 &session->boot_offset_ns) == 1;
		if (!is_gone(session->lock_fd))
			return session;
		(void)close(session->lock_fd);
	}
	free(session);
	return NULL;
}

static void free_session(struct session *session)
{
	redact__fini(&session->redact);
	(void)close(session->lock_fd);
	free(session);
}

struct recover *recover__new(const struct recover_options *options)
{
	struct recover *recover = calloc(1, sizeof(*recover));
	int root_fd = journal__lock_dir(options->root, true);
	struct session *session;
	DIR *dir;

	dir = recover && root_fd >= 0 ? opendir(options->root) : NULL;
	if (!dir) {
		if (root_fd >= 0)
			(void)close(root_fd);
		free(recover);
		return NULL;
	}
	recover->options = *options;
	while ((session = take_session(&recover->options, dir))) {
		if (!session->is_earlier)
			(void)each_process(session, settle_process);
		session->next = recover->sessions;
		recover->sessions = session;
	}
	(void)closedir(dir);
	(void)close(root_fd);
	return recover;
}

int recover__write(struct recover *recover)
{
	struct session **at = &recover->sessions;
	int cnt = 0, err = 0;

	while (*at) {
		struct session *session = *at;
		const int got = recover_session(session);

		if (got < 0) {
			err = got;
			at = &session->next;
			continue;
		}
		cnt += got;
		*at = session->next;
		free_session(session);
	}
	return err ? err : cnt;
}

void recover__free(struct recover *recover)
{
	struct session *session;

	if (!recover)
		return;
	while ((session = recover->sessions)) {
		recover->sessions = session->next;
		free_session(session);
	}
	free(recover);
}
