/* SPDX-License-Identifier: MIT */
/*
 * Reads what journal.h describes into the structs of a living collector: a recovered process is
 * then pulled, counted and written like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ttlog/abi.h"

#include "wire.h"
#include "accounts.h"
#include "journal.h"
#include "lost.h"
#include "process.h"
#include "site.h"
#include "source.h"
#include "text_pool.h"

#define MAX_MODULES (1u << 20)

/* ---- records ---- */

struct reader {
	const char *at, *end;
	bool bad; /* something was cut off; all that is read then is 0 */
};

struct record_file {
	char *bytes;
	size_t len;
	struct reader left;
	size_t whole_bytes; /* of the records that are complete */
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

/* What earlier collectors did not write at the end of such a record: 0 there. */
static uint64_t get_later_u64(struct reader *reader)
{
	return reader->at < reader->end ? get_u64(reader) : 0;
}

/* A text and its length; there is no zero byte after it. */
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

/* The next record's kind, with its payload; 0 at the end, or if the record was cut off. */
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
	file->whole_bytes = (size_t)(left->at - file->bytes);
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

/* Of foreign sites: the rest of the record, if there is more. */
static void read_more(struct reader *reader, struct site_table *table)
{
	while (!reader->bad && reader->at < reader->end) {
		const uint32_t number = get_u32(reader);
		struct site none = { 0 },
			    *site = number < table->cnt ? &table->sites[number] : &none;
		uint32_t word;

		site->nullable = get_u32(reader);
		word = get_u32(reader);
		site->ret_type = (uint8_t)word;
		site->names = word >> SITE_NAMES_SHIFT;
		site->ret_key = pool_text(reader, table->pool);
	}
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
	/* a site takes at least 32 bytes */
	if (!reader->bad && table->cnt <= (size_t)(reader->end - reader->at) / 32)
		table->sites = calloc(table->cnt + 1, sizeof(*table->sites));
	for (size_t i = 0; table->pool && table->sites && !reader->bad && i < table->cnt; i++)
		read_site(reader, table->pool, &table->sites[i]);
	if (table->pool && table->sites)
		read_more(reader, table);
	if (table->pool && table->sites && !reader->bad)
		return table;
	site_table__free(table);
	return NULL;
}

static int add_module(struct lost_modules *modules, struct reader *reader)
{
	uint32_t number = get_u32(reader);
	struct site_table **tables;

	if (reader->bad || number >= MAX_MODULES)
		return -EBADMSG;
	if (number >= modules->cnt) {
		tables = reallocarray(modules->tables, number + 1, sizeof(*tables));
		if (!tables)
			return -ENOMEM;
		memset(tables + modules->cnt, 0, (number + 1 - modules->cnt) * sizeof(*tables));
		modules->tables = tables;
		modules->cnt = number + 1;
	}
	site_table__free(modules->tables[number]);
	modules->tables[number] = read_table(reader);
	return modules->tables[number] ? 0 : -EBADMSG;
}

int lost_modules__read(struct lost_modules *modules, const char *dir)
{
	char path[PATH_MAX + 16];
	struct record_file file;
	struct reader payload;
	uint32_t kind;
	int err;

	(void)snprintf(path, sizeof(path), "%s/modules", dir);
	err = record_file__open(&file, path);
	if (err)
		return err;
	while ((kind = next_record(&file, &payload))) {
		if (kind == JOURNAL_MODULE)
			(void)add_module(modules, &payload);
	}
	free(file.bytes);
	return 0;
}

void lost_modules__fini(struct lost_modules *modules)
{
	for (size_t i = 0; i < modules->cnt; i++)
		site_table__free(modules->tables[i]);
	free(modules->tables);
	*modules = (struct lost_modules){ 0 };
}

/* ---- a process ---- */

static void take_process(struct lost_process *lost, struct reader *payload)
{
	struct wire_head head = { 0 };
	struct process_id *id;
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
	id = &lost->process->id;
	process_id__fini(id);
	process_id__init(id, &head);
	id->exe = copy_text(payload);
	build_id = copy_text(payload);
	if (build_id)
		strncpy(id->build_id, build_id, sizeof(id->build_id) - 1);
	free(build_id);
	/* collectors of the first version wrote none */
	if (payload->at < payload->end)
		id->cgroup_path = copy_text(payload);
}

static void take_thread(struct lost_process *lost, struct reader *payload)
{
	struct thread thread;

	get(payload, &thread, sizeof(thread));
	if (!payload->bad)
		(void)thread_table__append(&lost->process->threads, &thread);
}

static void take_source(struct lost_process *lost, struct reader *payload)
{
	const uint64_t address = get_u64(payload);
	const uint32_t module = get_u32(payload), exec = get_u32(payload);
	const uint64_t base = get_u64(payload);
	const uint64_t suppressed_base = get_later_u64(payload);
	struct source *source;

	if (payload->bad || !address)
		return;
	source = source_table__get(&lost->process->sources, address, module, exec);
	if (!source)
		return;
	source->base = source->emitted = base;
	source->suppressed_base = source->suppressed = suppressed_base;
}

static void take_anchor(struct lost_process *lost, struct reader *payload)
{
	const struct anchor anchor = {
		.address = get_u64(payload),
		.module = get_u32(payload),
	};

	if (!payload->bad)
		(void)module_set__add_anchor(&lost->process->modules, &anchor);
}

static void take_exec(struct lost_process *lost, struct reader *payload)
{
	uint32_t exec = get_u32(payload);
	uint64_t emitted = get_u64(payload);
	uint64_t suppressed = get_later_u64(payload);

	if (payload->bad)
		return;
	source_table__keep_only(&lost->process->sources, exec);
	lost->process->sources.emitted_earlier = emitted;
	lost->process->sources.suppressed_earlier = suppressed;
	lost->process->modules.anchor_cnt = 0;
}

static void take_settled(struct lost_process *lost, struct reader *payload)
{
	uint64_t emitted = get_u64(payload);
	uint64_t suppressed = get_later_u64(payload);

	if (payload->bad)
		return;
	lost->is_settled = true;
	lost->emitted = emitted;
	lost->process->sources.suppressed_earlier = suppressed;
}

static void take_kept(struct lost_process *lost, struct reader *payload)
{
	const uint64_t emitted = get_u64(payload);
	struct accounts_lost causes;
	const char *bytes;
	size_t pair_cnt, len;
	uint64_t suppressed;

	get(payload, &causes, sizeof(causes));
	pair_cnt = get_u32(payload);
	bytes = get_text(payload, &len);
	suppressed = get_later_u64(payload);
	if (payload->bad)
		return;
	lost->is_settled = lost->is_kept = true;
	lost->emitted = emitted;
	lost->process->sources.suppressed_earlier = suppressed;
	lost->lost = causes;
	lost_process__fini(lost);
	lost->ending_bytes = malloc(len + 1);
	if (!lost->ending_bytes)
		return;
	memcpy(lost->ending_bytes, bytes, len);
	lost->ending = (struct crash_ending){
		.pair_cnt = pair_cnt,
		.bytes = lost->ending_bytes,
		.len = len,
	};
}

static void (*const takers[])(struct lost_process *lost, struct reader *payload) = {
	[JOURNAL_PROCESS] = take_process, [JOURNAL_THREAD] = take_thread,
	[JOURNAL_SOURCE] = take_source,   [JOURNAL_EXEC] = take_exec,
	[JOURNAL_ANCHOR] = take_anchor,   [JOURNAL_SETTLED] = take_settled,
	[JOURNAL_KEPT] = take_kept,
};

static void take_record(struct lost_process *lost, uint32_t kind, struct reader *payload)
{
	if (kind < sizeof(takers) / sizeof(*takers) && takers[kind])
		takers[kind](lost, payload);
}

void lost_process__fini(struct lost_process *lost)
{
	free(lost->ending_bytes);
	lost->ending_bytes = NULL;
	lost->ending = (struct crash_ending){ 0 };
}

int lost_process__read(struct lost_process *lost, const char *path)
{
	struct record_file file;
	struct reader payload;
	uint32_t kind;
	int err;

	*lost = (struct lost_process){ 0 };
	err = record_file__open(&file, path);
	if (err)
		return err;
	while ((kind = next_record(&file, &payload))) {
		if (!lost->process && kind != JOURNAL_PROCESS)
			break;
		take_record(lost, kind, &payload);
		if (!lost->process)
			break;
	}
	lost->facts_bytes = file.whole_bytes;
	free(file.bytes);
	return lost->process ? 0 : -EBADMSG;
}
