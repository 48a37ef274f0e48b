/* SPDX-License-Identifier: MIT */
/*
 * Reads what journal.h describes, into the structs that a living collector has: from there on a
 * recovered process is pulled, counted and written like any other.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../bpf/wire.h"
#include "arrival.h"
#include "birth.h"
#include "clock.h"
#include "journal.h"
#include "process.h"
#include "pull.h"
#include "recover.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "text_pool.h"

#define MAX_MODULES (1u << 20)

/* One dead collector. */
struct session {
	const struct recover_options *options;
	char dir[PATH_MAX];
	int lock_fd, out_fd;
	struct clock *clock;
	bool is_earlier; /* it is of an earlier boot: who has its pids now is someone else, */
	int64_t boot_offset_ns;      /* and CLOCK_MONOTONIC was another one */
	struct site_table **modules; /* by number */
	size_t module_cnt;
};

/* ---- records ---- */

struct reader {
	const char *at, *end;
	bool bad; /* something that was asked for is not there; all else is zeroes then */
};

struct record_file {
	char *bytes;
	size_t len;
	struct reader left;
};

static int record_file__open(struct record_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	ssize_t len = 0;

	*file = (struct record_file){ 0 };
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		file->bytes = malloc((size_t)status.st_size + 1);
	while (file->bytes && file->len < (size_t)status.st_size) {
		len = read(fd, file->bytes + file->len, (size_t)status.st_size - file->len);
		if (len <= 0)
			break;
		file->len += (size_t)len;
	}
	(void)close(fd);
	if (!file->bytes)
		return -ENOMEM;
	file->left = (struct reader){ .at = file->bytes, .end = file->bytes + file->len };
	return 0;
}

static void record_file__close(struct record_file *file)
{
	free(file->bytes);
	*file = (struct record_file){ 0 };
}

static void get(struct reader *reader, void *ret, size_t len)
{
	if (reader->bad || (size_t)(reader->end - reader->at) < len) {
		reader->bad = true;
		memset(ret, 0, len);
		return;
	}
	memcpy(ret, reader->at, len);
	reader->at += len;
}

static uint32_t get_u32(struct reader *reader)
{
	uint32_t value;

	get(reader, &value, sizeof(value));
	return value;
}

static uint64_t get_u64(struct reader *reader)
{
	uint64_t value;

	get(reader, &value, sizeof(value));
	return value;
}

/* The place and length of a text, which has no zero byte behind it. */
static const char *get_text(struct reader *reader, size_t *ret_len)
{
	const char *text;
	size_t len = get_u32(reader);

	if (reader->bad || (size_t)(reader->end - reader->at) < len) {
		reader->bad = true;
		*ret_len = 0;
		return "";
	}
	text = reader->at;
	reader->at += len;
	*ret_len = len;
	return text;
}

static char *copy_text(struct reader *reader)
{
	size_t len;
	const char *text = get_text(reader, &len);

	return strndup(text, len);
}

/* The next record's kind with its payload; 0 at the end, or where the writer was cut off. */
static uint32_t next_record(struct record_file *file, struct reader *ret)
{
	struct reader *left = &file->left;
	struct journal_record record;

	get(left, &record, sizeof(record));
	if (left->bad || record.kind >> 16 != JOURNAL_VERSION ||
	    (size_t)(left->end - left->at) < record.bytes)
		return 0;
	*ret = (struct reader){ .at = left->at, .end = left->at + record.bytes };
	left->at += record.bytes;
	record.bytes = -record.bytes % 8;
	left->at += (size_t)(left->end - left->at) < record.bytes ? left->end - left->at
								  : record.bytes;
	return record.kind & 0xffff;
}

/* ---- modules ---- */

static const char *pool_text(struct reader *reader, struct text_pool *pool)
{
	size_t len;
	const char *text = get_text(reader, &len);
	const char *kept = text_pool__add(pool, text, len);

	if (!kept)
		reader->bad = true;
	return kept;
}

static void read_site(struct reader *reader, struct text_pool *pool, struct site *site)
{
	*site = (struct site){ .index = get_u32(reader), .line = get_u32(reader) };
	site->level = (uint8_t)get_u32(reader);
	site->kind = (uint8_t)get_u32(reader);
	site->nfields = (uint8_t)get_u32(reader);
	get(reader, site->types, sizeof(site->types));
	if (site->nfields > TTLOG_MAX_FIELDS)
		reader->bad = true;
	site->service = pool_text(reader, pool);
	site->target = pool_text(reader, pool);
	site->name = pool_text(reader, pool);
	site->message = pool_text(reader, pool);
	site->file = pool_text(reader, pool);
	site->function = pool_text(reader, pool);
	for (size_t i = 0; !reader->bad && i < site->nfields; i++)
		site->keys[i] = pool_text(reader, pool);
}

static struct site_table *read_table(struct reader *reader)
{
	struct site_table *table = calloc(1, sizeof(*table));
	const char *build_id;
	size_t len;

	if (!table)
		return NULL;
	table->pool = text_pool__new();
	build_id = get_text(reader, &len);
	if (len < sizeof(table->build_id))
		memcpy(table->build_id, build_id, len);
	table->cnt = get_u64(reader);
	/* the shortest site takes more than this */
	if (!reader->bad && table->cnt <= (size_t)(reader->end - reader->at) / 32)
		table->sites = calloc(table->cnt + 1, sizeof(*table->sites));
	for (size_t i = 0; table->pool && table->sites && !reader->bad && i < table->cnt; i++)
		read_site(reader, table->pool, &table->sites[i]);
	if (table->pool && table->sites && !reader->bad)
		return table;
	site_table__free(table);
	return NULL;
}

static int add_module(struct session *session, struct reader *reader)
{
	uint32_t number = get_u32(reader);
	struct site_table **modules;

	if (reader->bad || number >= MAX_MODULES)
		return -EBADMSG;
	if (number >= session->module_cnt) {
		modules = reallocarray(session->modules, number + 1, sizeof(*modules));
		if (!modules)
			return -ENOMEM;
		memset(modules + session->module_cnt, 0,
		       (number + 1 - session->module_cnt) * sizeof(*modules));
		session->modules = modules;
		session->module_cnt = number + 1;
	}
	site_table__free(session->modules[number]);
	session->modules[number] = read_table(reader);
	return session->modules[number] ? 0 : -EBADMSG;
}

static int read_modules(struct session *session)
{
	char path[PATH_MAX + 16];
	struct record_file file;
	struct reader payload;
	uint32_t kind;
	int err;

	(void)snprintf(path, sizeof(path), "%s/modules", session->dir);
	err = record_file__open(&file, path);
	if (err)
		return err;
	while ((kind = next_record(&file, &payload))) {
		if (kind == JOURNAL_MODULE)
			(void)add_module(session, &payload);
	}
	record_file__close(&file);
	return 0;
}

/* ---- a process ---- */

struct lost_process {
	struct process *process;
	uint32_t exec;
};

static void take_process(struct lost_process *lost, struct reader *payload)
{
	struct wire_head head = { 0 };
	char *build_id;

	head.tgid = get_u32(payload);
	head.ns_tgid = get_u32(payload);
	head.uid = get_u32(payload);
	head.start_ns = get_u64(payload);
	head.cgroup = get_u64(payload);
	get(payload, head.comm, sizeof(head.comm));
	if (payload->bad)
		return;
	if (!lost->process)
		lost->process = process__new(&head);
	if (!lost->process)
		return;
	lost->process->ns_pid = head.ns_tgid;
	lost->process->uid = head.uid;
	lost->process->start_ns = head.start_ns;
	lost->process->cgroup = head.cgroup;
	memcpy(lost->process->comm, head.comm, sizeof(head.comm));
	free(lost->process->exe);
	lost->process->exe = copy_text(payload);
	build_id = copy_text(payload);
	if (build_id)
		strncpy(lost->process->build_id, build_id, sizeof(lost->process->build_id) - 1);
	free(build_id);
}

static void take_thread(struct process *process, struct reader *payload)
{
	struct snapshot_thread thread, *threads;

	get(payload, &thread, sizeof(thread));
	if (payload->bad)
		return;
	threads = reallocarray(process->threads, process->thread_cnt + 1, sizeof(*threads));
	if (!threads)
		return;
	threads[process->thread_cnt++] = thread;
	process->threads = threads;
	process->thread_cap = process->thread_cnt;
}

static void take_source(struct process *process, struct reader *payload)
{
	const struct ttlog_batch nothing = { 0 };
	struct source source = {
		.address = get_u64(payload),
		.module = get_u32(payload),
		.exec = get_u32(payload),
	};
	uint64_t base = get_u64(payload);

	if (payload->bad || !source.address)
		return;
	if (process__add_source(process, &source, &nothing) == 0)
		process__set_base(process, source.address, base);
}

static void take_anchor(struct process *process, struct reader *payload)
{
	const struct process_anchor anchor = {
		.address = get_u64(payload),
		.module = get_u32(payload),
	};

	if (!payload->bad)
		(void)process__add_anchor(process, &anchor);
}

static void take_exec(struct lost_process *lost, struct reader *payload)
{
	uint32_t exec = get_u32(payload);
	uint64_t emitted = get_u64(payload);

	if (payload->bad)
		return;
	lost->exec = exec;
	process__forget_others(lost->process, exec);
	lost->process->emitted_earlier = emitted;
	lost->process->anchor_cnt = 0;
}

static int read_facts(struct lost_process *lost, const char *path)
{
	struct record_file file;
	struct reader payload;
	uint32_t kind;
	int err;

	err = record_file__open(&file, path);
	if (err)
		return err;
	while ((kind = next_record(&file, &payload))) {
		if (kind == JOURNAL_PROCESS)
			take_process(lost, &payload);
		else if (!lost->process)
			break;
		else if (kind == JOURNAL_THREAD)
			take_thread(lost->process, &payload);
		else if (kind == JOURNAL_SOURCE)
			take_source(lost->process, &payload);
		else if (kind == JOURNAL_ANCHOR)
			take_anchor(lost->process, &payload);
		else if (kind == JOURNAL_EXEC)
			take_exec(lost, &payload);
	}
	record_file__close(&file);
	return lost->process ? 0 : -EBADMSG;
}

/* What the ring has of each batch, so that nothing is taken from it twice. */
static int mark_taken(struct process *process)
{
	const struct ring_entry *entry;
	struct ring_copy *copy;
	uint64_t overwritten;
	size_t cursor = 0;

	copy = ring__copy(process->ring, &overwritten);
	if (!copy)
		return -errno;
	while ((entry = ring_copy__next(copy, &cursor)))
		process__mark_taken(process, entry);
	ring_copy__free(copy);
	process->recorded = ring__events(process->ring);
	process->alone = ring__alone_events(process->ring);
	return 0;
}

/* own_tid: as the program sees it. Whose events the ring had last from there, if that is it. */
static void set_owner(const struct process *process, struct source *source, uint32_t own_tid)
{
	const struct snapshot_thread *thread = NULL;

	if (source->thread < process->thread_cnt)
		thread = &process->threads[source->thread];
	if (thread && own_tid == (thread->ns_tid ? thread->ns_tid : thread->tid)) {
		source->tid = thread->tid;
		return;
	}
	source->tid = own_tid;
	source->thread = UINT32_MAX;
}

/* Of threads that the collector was killed too early to hear of: all that they logged was for it. */
static void add_unheard(struct process *process)
{
	const struct ttlog_batch nothing = { 0 };
	struct arrival *arrival = arrival__new(process->pid);

	for (size_t i = 0; arrival && i < process->anchor_cnt; i++)
		(void)arrival__add_batches(arrival, &process->anchors[i]);
	for (size_t i = 0; arrival && i < arrival->source_cnt; i++) {
		if (!process__has_source(process, arrival->sources[i].address))
			(void)process__add_source(process, &arrival->sources[i], &nothing);
	}
	arrival__free(arrival);
}

/* What the threads of a process that runs on have in their batches. */
static void pull(struct process *process)
{
	struct wire_batch *buffer = malloc(PULL_BUFFER_BYTES);

	for (size_t i = 0; buffer && i < process->source_cap; i++) {
		struct source *source = &process->sources[i];
		int err;

		if (!source->address)
			continue;
		err = pull__batch(process->pid, source->address, buffer, NULL);
		if (err == -ETIMEDOUT)
			break;
		if (err)
			continue;
		set_owner(process, source, buffer->batch.tid);
		process__fill_head(process, source, &buffer->head);
		buffer->head.stamp_ns = clock__now_mono_ns();
		process__count_taken(process, buffer);
		(void)process__take(process, buffer);
	}
	free(buffer);
}

/* ---- snapshots ---- */

/* As attach__service() has it. */
static const char *find_service(const struct session *session, const struct process *process)
{
	const char *service = NULL;

	for (size_t i = 0; i < session->module_cnt; i++) {
		const struct site_table *table = session->modules[i];
		bool is_program;

		if (!table || !table->cnt)
			continue;
		is_program = strcmp(table->build_id, process->build_id) == 0;
		if (!service || is_program)
			service = table->sites[0].service;
		if (is_program)
			break;
	}
	return service;
}

/* Without its facts nobody writes the process once more: a collector that is killed here would
 * otherwise leave it to the next one, which would write it again. */
static int write_snapshot(struct session *session, const struct process *process,
			  const char *facts_path)
{
	char comm[sizeof(process->comm) + 1] = { 0 };
	struct process_accounts accounts;
	struct snapshot_source source = {
		.threads = process->threads,
		.thread_cnt = process->thread_cnt,
		.modules = (const struct site_table *const *)session->modules,
		.module_cnt = session->module_cnt,
		.clock = session->clock,
		.boot_offset_ns = session->is_earlier ? session->boot_offset_ns : 0,
		.pid = process->pid,
		.uid = process->uid,
		.cgroup = process->cgroup,
		.service = find_service(session, process),
		.comm = comm,
		.exe = process->exe && process->exe[0] ? process->exe : NULL,
		.build_id = process->build_id[0] ? process->build_id : NULL,
		.reason = "recovered",
	};
	uint64_t overwritten, events, corrupt;
	char name[NAME_MAX + 1];
	struct ring_copy *copy;
	int err;

	copy = ring__copy(process->ring, &overwritten);
	if (!copy)
		return -errno;
	memcpy(comm, process->comm, sizeof(process->comm));
	process__accounts(process, NULL, &accounts);
	source.events = copy;
	source.emitted = accounts.emitted;
	source.recorded = accounts.recorded;
	source.overwritten = accounts.overwritten;
	source.lost = accounts.lost;
	err = snapshot__write(session->out_fd, &source, name, &events, &corrupt);
	if (!err)
		(void)unlink(facts_path);
	ring_copy__free(copy);
	if (!err)
		process_accounts__add_corrupt(&accounts, corrupt);
	if (!err && session->options->report)
		fprintf(session->options->report,
			"ttlog-collect: a collector that was killed had of pid %u: %" PRIu64
			" emitted, %" PRIu64 " recorded, %" PRIu64 " lost, %" PRIu64
			" overwritten, %s/%s\n",
			process->pid, accounts.emitted, accounts.recorded, accounts.lost_total,
			accounts.overwritten, session->options->out_dir, name);
	return err;
}

/* A ring that a machine took down with it may be on disk in part only. */
static void report_damage(const struct session *session, const char *ring_path)
{
	if (session->options->report)
		fprintf(session->options->report,
			"ttlog-collect: %s is of an earlier boot and damaged: its events are lost\n",
			ring_path);
}

/*
 * The ring that it had; a new one for what it has in its batches where it had none yet, or was
 * killed while it made it. A machine that goes down can damage one, a collector can't.
 */
static int open_ring(const struct session *session, struct process *process, const char *path)
{
	process->ring = ring__open(path);
	if (!process->ring && (errno == ENOENT || (errno == EBADMSG && !session->is_earlier)))
		process->ring = ring__new(NULL, process->source_cnt * PULL_BUFFER_BYTES);
	return process->ring ? mark_taken(process) : -errno;
}

static bool has_accounts(const struct process *process)
{
	struct process_accounts accounts;

	process__accounts(process, NULL, &accounts);
	return accounts.emitted || ring__used_bytes(process->ring);
}

/* 1 where there is a snapshot of it, 0 where there was nothing to tell. */
static int recover_process(struct session *session, const char *ring_path, const char *facts_path)
{
	struct lost_process lost = { 0 };
	int err = read_facts(&lost, facts_path);
	bool lives = !err && !session->is_earlier &&
		     birth__is(lost.process->pid, lost.process->start_ns);

	if (lives)
		add_unheard(lost.process);
	if (!err)
		err = open_ring(session, lost.process, ring_path);
	if (!err && lives)
		pull(lost.process);
	if (!err && has_accounts(lost.process)) {
		err = write_snapshot(session, lost.process, facts_path);
		if (!err)
			err = 1;
	}
	if (err == -EBADMSG && session->is_earlier)
		report_damage(session, ring_path);
	/* its file goes with a ring; one that could not be written waits for a better day */
	if (err < 0 && err != -EBADMSG && lost.process && lost.process->ring)
		ring__leave(lost.process->ring);
	process__free(lost.process);
	/* what was never a ring, or one without facts, nobody can read */
	if (err >= 0 || err == -EBADMSG || err == -ENOENT) {
		(void)unlink(ring_path);
		(void)unlink(facts_path);
	}
	return err == -EBADMSG || err == -ENOENT ? 0 : err;
}

/* ---- sessions ---- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static int recover_processes(struct session *session)
{
	DIR *dir = opendir(session->dir);
	char ring[PATH_MAX + NAME_MAX + 8], facts[PATH_MAX + NAME_MAX + 8];
	struct dirent *entry;
	int cnt = 0, err = 0, got;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!ends_in(entry->d_name, ".facts"))
			continue;
		(void)snprintf(facts, sizeof(facts), "%s/%s", session->dir, entry->d_name);
		memcpy(ring, facts, sizeof(ring));
		memcpy(ring + strlen(ring) - strlen("facts"), "ring", sizeof("ring"));
		got = recover_process(session, ring, facts);
		if (got < 0)
			err = got;
		else
			cnt += got;
	}
	(void)closedir(dir);
	return err ? err : cnt;
}

/* A ring without facts too: there was no memory for them. */
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

static int recover_session(struct session *session)
{
	char path[PATH_MAX + 16];
	int got;

	session->is_earlier = journal__read_boot(session->dir, &session->boot_offset_ns) == 1;
	(void)snprintf(path, sizeof(path), "%s/clock", session->dir);
	session->clock = clock__open(path);
	/* killed before it had one: nor had it recorded anything */
	if (!session->clock)
		session->clock = clock__new(NULL);
	if (!session->clock)
		return -errno;
	(void)read_modules(session);
	got = recover_processes(session);
	if (got >= 0)
		remove_session(session);
	for (size_t i = 0; i < session->module_cnt; i++)
		site_table__free(session->modules[i]);
	free(session->modules);
	clock__free(session->clock);
	return got;
}

/* PID-NS, as journal.c names them. */
static bool is_session(const struct dirent *entry)
{
	size_t digits = strspn(entry->d_name, "0123456789");

	return digits && entry->d_name[digits] == '-' && entry->d_name[digits + 1] &&
	       !entry->d_name[digits + 1 + strspn(entry->d_name + digits + 1, "0123456789")];
}

/* One that ended in peace while we opened its directory has taken it away. */
static bool is_gone(int dir_fd)
{
	struct stat status;

	return fstat(dir_fd, &status) || !status.st_nlink;
}

/* Takes the next dead collector's directory. Under the root's lock: one that is being made has its
 * own lock when we see it. */
static bool take_session(struct session *session, DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (!is_session(entry) ||
		    snprintf(session->dir, sizeof(session->dir), "%s/%s", session->options->root,
			     entry->d_name) >= (int)sizeof(session->dir))
			continue;
		/* who lives holds it */
		session->lock_fd = journal__lock_dir(session->dir, false);
		if (session->lock_fd < 0)
			continue;
		if (!is_gone(session->lock_fd))
			return true;
		(void)close(session->lock_fd);
	}
	return false;
}

int recover__run(const struct recover_options *options)
{
	int root_fd = journal__lock_dir(options->root, true);
	struct session session = { .options = options };
	int out_fd, cnt = 0, err = 0, got;
	DIR *dir;

	if (root_fd < 0)
		return root_fd;
	out_fd = open(options->out_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = out_fd < 0 ? NULL : opendir(options->root);
	if (!dir)
		err = -errno;
	/* a collector that starts meanwhile waits; it has the same to do, and finds it done */
	while (dir && take_session(&session, dir)) {
		session.out_fd = out_fd;
		got = recover_session(&session);
		if (got < 0)
			err = got;
		else
			cnt += got;
		(void)close(session.lock_fd);
		session = (struct session){ .options = options };
	}
	if (dir)
		(void)closedir(dir);
	if (out_fd >= 0)
		(void)close(out_fd);
	(void)close(root_fd);
	return err ? err : cnt;
}
