/* SPDX-License-Identifier: MIT */
/*
 * From notes to a site table: the places to attach to, and the names of events.
 *
 * Notes carry link-time addresses. Gates and probes must lie in executable segments and semaphores
 * in writable ones, at even file offsets: the kernel refuses others, and with one refused
 * site the whole call fails.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "build_id.h"
#include "elf.h"
#include "elf_file.h"
#include "site.h"
#include "text_pool.h"

#define NOTE_SECTION     ".note.ttlog"
/* Bytes of dynamic strings that are searched. */
#define MAX_DYNSTR_BYTES (16u << 20)
/* Entries of the dynamic section. */
#define MAX_DYNAMIC      1024

/* Texts that neighbouring sites are likely to share. */
enum shared_text {
	TEXT_SERVICE,
	TEXT_TARGET,
	TEXT_FILE,
	TEXT_FUNCTION,
	TEXT_SHARED_CNT,
	TEXT_OWN = TEXT_SHARED_CNT,
};

struct site_reader {
	struct elf_file *file;
	struct site_table *table;
	const char *program_name;
	uint64_t sites_vaddr; /* start of the section ttlog_sites */
	size_t cap;           /* of table->sites */
	uint32_t *places;     /* by index: place in table->sites + 1; 0: none */
	uint64_t text_bytes;  /* read so far */
	struct {
		uint64_t vaddr;
		const char *text;
	} last[TEXT_SHARED_CNT];
	char buffer[ELF_TEXT_MAX_BYTES + 1];
};

/* -ENODATA: it is invalid, and the note is skipped. */
static int add_text(struct site_reader *reader, uint64_t vaddr, const char **ret_text,
		    size_t *ret_len)
{
	int err;

	if (reader->text_bytes > ELF_TEXT_BUDGET_BYTES)
		return -ENODATA;
	err = elf_file__read_text(reader->file, vaddr, reader->buffer, sizeof(reader->buffer),
				  ret_len);
	if (err)
		return err;
	reader->text_bytes += *ret_len + 1;
	*ret_text = text_pool__add(reader->table->pool, reader->buffer, *ret_len);
	return *ret_text ? 0 : -ENOMEM;
}

static int read_text(struct site_reader *reader, enum shared_text which, uint64_t vaddr,
		     const char **ret_text)
{
	const char *text;
	size_t len;
	int err;

	if (!vaddr) {
		*ret_text = "";
		return 0;
	}
	if (which != TEXT_OWN && reader->last[which].vaddr == vaddr) {
		*ret_text = reader->last[which].text;
		return 0;
	}
	err = add_text(reader, vaddr, &text, &len);
	if (err)
		return err;
	if (which != TEXT_OWN) {
		reader->last[which].vaddr = vaddr;
		reader->last[which].text = text;
	}
	*ret_text = text;
	return 0;
}

/* File name without directory and suffix. */
static int default_target(struct site_reader *reader, const char *file, const char **ret_target)
{
	const char *base = basename(file);
	const char *dot = strrchr(base, '.');
	size_t len = dot && dot != base ? (size_t)(dot - base) : strlen(base);

	*ret_target = text_pool__add(reader->table->pool, base, len);
	return *ret_target ? 0 : -ENOMEM;
}

static int read_keys(struct site_reader *reader, uint64_t vaddr, struct site *site)
{
	size_t len;
	int err;

	for (unsigned int i = 0; i < TTLOG_MAX_FIELDS; i++)
		site->keys[i] = "";
	for (unsigned int i = 0; i < site->nfields; i++) {
		err = add_text(reader, vaddr, &site->keys[i], &len);
		if (err)
			return err;
		if (len == ELF_TEXT_MAX_BYTES)
			return -ENODATA; /* cut: the start of the next one is unknown */
		vaddr += len + 1;
	}
	return 0;
}

static int read_texts(struct site_reader *reader, const struct ttlog_note_site *note,
		      struct site *site)
{
	int err = read_text(reader, TEXT_SERVICE, note->service, &site->service);

	if (!err)
		err = read_text(reader, TEXT_TARGET, note->target, &site->target);
	if (!err)
		err = read_text(reader, TEXT_OWN, note->name, &site->name);
	if (!err)
		err = read_text(reader, TEXT_OWN, note->message, &site->message);
	if (!err)
		err = read_text(reader, TEXT_FILE, note->file, &site->file);
	if (!err)
		err = read_text(reader, TEXT_FUNCTION, note->function, &site->function);
	if (!err)
		err = read_keys(reader, note->keys, site);
	if (!err && !note->target)
		err = default_target(reader, site->file, &site->target);
	if (!err && !note->service && reader->program_name) {
		site->service = text_pool__add(reader->table->pool, reader->program_name,
					       strlen(reader->program_name));
		err = site->service ? 0 : -ENOMEM;
	}
	return err;
}

static int find_semaphore(const struct elf_file *file, uint64_t vaddr, uint64_t *ret_offset)
{
	uint64_t offset;

	if (elf_file__offset(file, vaddr, sizeof(uint16_t), PF_W, &offset) || offset % 2)
		return -ENODATA;
	*ret_offset = offset;
	return 0;
}

static bool types_are_valid(struct site *site, const struct ttlog_note_site *note)
{
	for (unsigned int i = 0; i < site->nfields; i++) {
		uint64_t types = i < 8 ? note->types_lo : note->types_hi;

		site->types[i] = (uint8_t)(types >> (i % 8 * 8));
		if (site->types[i] <= TTLOG_TYPE_NONE || site->types[i] > TTLOG_TYPE_DECIMAL)
			return false;
	}
	return true;
}

static uint8_t batch_flag(const struct ttlog_note_site *note)
{
	if (!(note->traits & TTLOG_SITE_FLAGS_BATCH) || note->level > TTLOG_LEVEL_FATAL)
		return 0;
	return TTLOG_BATCH_LEVEL(note->level);
}

/* Decodes the parts that need no text. */
static int decode_site(const struct site_reader *reader, const struct ttlog_note_site *note,
		       struct site *site)
{
	uint64_t distance = note->semaphore - reader->sites_vaddr;

	*site = (struct site){
		.index = (uint32_t)(distance / sizeof(uint16_t)),
		.line = note->line,
		.level = note->level,
		.kind = note->kind,
		.nfields = note->nfields,
		.batch_flag = batch_flag(note),
	};
	if (!TTLOG_ABI_IS_KNOWN(note->version) || note->level > TTLOG_LEVEL_FATAL ||
	    note->kind > TTLOG_SITE_ENABLED || note->nfields > TTLOG_MAX_FIELDS ||
	    !types_are_valid(site, note))
		return -ENODATA;
	if (note->semaphore < reader->sites_vaddr || distance % sizeof(uint16_t) ||
	    distance / sizeof(uint16_t) + (note->kind == TTLOG_SITE_SPAN) >= TTLOG_SIDE_SITE)
		return -ENODATA;
	if (find_semaphore(reader->file, note->semaphore, &site->semaphore_offset))
		return -ENODATA;
	return elf_file__offset(reader->file, note->gate, 1, PF_X, &site->gate_offset);
}

static int append_site(struct site_reader *reader, const struct site *site)
{
	struct site_table *table = reader->table;

	if (array__reserve(table->sites, table->cnt + 1, &reader->cap))
		return -ENOMEM;
	table->sites[table->cnt++] = *site;
	reader->places[site->index] = (uint32_t)table->cnt;
	return 0;
}

/* What an older note does not have is 0. */
static int read_note(struct elf_file *file, const struct elf_note *elf_note,
		     struct ttlog_note_site *ret)
{
	const uint64_t bytes = elf_note->desc_bytes;

	if (bytes < TTLOG_NOTE_SITE_MIN_BYTES)
		return -ENODATA;
	*ret = (struct ttlog_note_site){ 0 };
	return elf_file__read(file, elf_note->desc_offset, ret,
			      bytes < sizeof(*ret) ? TTLOG_NOTE_SITE_MIN_BYTES : sizeof(*ret));
}

static int visit_site(struct elf_file *file, const struct elf_note *elf_note, void *ctx)
{
	struct site_reader *reader = ctx;
	struct ttlog_note_site note;
	struct site site = { 0 };
	int err;

	if (elf_note->type != TTLOG_NOTE_SITE)
		return 0;
	err = read_note(file, elf_note, &note);
	if (!err) {
		if (!note.semaphore || !note.gate)
			return 0;
		err = decode_site(reader, &note, &site);
	}
	if (!err && reader->places[site.index]) {
		/* a copy; only if all leave the flag, each record does */
		reader->table->sites[reader->places[site.index] - 1].batch_flag &= site.batch_flag;
		return 0;
	}
	if (!err)
		err = read_texts(reader, &note, &site);
	if (!err)
		err = append_site(reader, &site);
	if (err != -ENODATA)
		return err;
	reader->table->malformed_cnt++;
	return 0;
}

/* Returns 1, which ends the walk, at the first valid note. */
static int visit_module(struct elf_file *file, const struct elf_note *elf_note, void *ctx)
{
	struct site_reader *reader = ctx;
	struct site_table *table = reader->table;
	struct ttlog_note_module note;
	uint64_t anchor_offset;
	int err;

	if (elf_note->type != TTLOG_NOTE_MODULE)
		return 0;
	err = elf_note->desc_bytes < sizeof(note)
		      ? -ENODATA
		      : elf_file__read(file, elf_note->desc_offset, &note, sizeof(note));
	if (err && err != -ENODATA)
		return err;
	if (!err && (!note.module || !note.control))
		return 0;
	if (err || !TTLOG_ABI_IS_KNOWN(note.version) || note.module % 8 ||
	    elf_file__offset(file, note.module, sizeof(struct ttlog_module), PF_W,
			     &anchor_offset) ||
	    anchor_offset % 2 ||
	    elf_file__offset(file, note.control, 1, PF_X, &table->control_offset) ||
	    elf_file__offset(file, note.immediate_gate, 1, PF_X, &table->immediate_gate_offset)) {
		table->malformed_cnt++;
		return 0;
	}
	table->has_module = 1;
	table->listening_offset = anchor_offset + offsetof(struct ttlog_module, listening);
	table->immediate_offset = anchor_offset + offsetof(struct ttlog_module, immediate);
	table->module_vaddr = note.module;
	table->load_vaddr = elf_file__load_vaddr(file);
	reader->sites_vaddr = note.sites;
	return 1;
}

static uint64_t find_init(struct elf_file *file)
{
	uint64_t number = 0;
	ElfW(Shdr) dynamic;
	ElfW(Dyn) entry;

	if (elf_file__next_section(file, &number, SHT_DYNAMIC, NULL, &dynamic) <= 0)
		return 0;
	for (uint64_t at = 0; at < MAX_DYNAMIC && at < dynamic.sh_size / sizeof(entry); at++) {
		if (elf_file__read(file, dynamic.sh_offset + at * sizeof(entry), &entry,
				   sizeof(entry)))
			return 0;
		if (entry.d_tag == DT_INIT)
			return entry.d_un.d_ptr;
	}
	return 0;
}

/* A program's entry, which runs when its libraries are mapped; a library's _init. */
static void find_start(struct elf_file *file, struct site_table *table)
{
	uint64_t number = 0, start = 0;
	ElfW(Shdr) interp;

	if (elf_file__next_section(file, &number, SHT_PROGBITS, ".interp", &interp) <= 0)
		start = find_init(file);
	if (!start)
		start = file->header.e_entry;
	if (!start || elf_file__offset(file, start, 1, PF_X, &table->start_offset))
		table->start_offset = 0;
}

static int compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int read_notes(struct site_reader *reader)
{
	struct site_table *table = reader->table;
	size_t damaged = 0;
	int err = elf_file__each_note(reader->file, NOTE_SECTION, TTLOG_NOTE_NAME, visit_module,
				      reader, &damaged);

	if (err < 0)
		return err;
	if (!table->has_module) {
		table->malformed_cnt += damaged;
		return 0;
	}
	find_start(reader->file, table);
	damaged = 0;
	reader->places = calloc(TTLOG_MAX_SITES, sizeof(*reader->places));
	if (!reader->places)
		return -ENOMEM;
	err = elf_file__each_note(reader->file, NOTE_SECTION, TTLOG_NOTE_NAME, visit_site, reader,
				  &damaged);
	table->malformed_cnt += damaged;
	if (!err && table->cnt)
		qsort(table->sites, table->cnt, sizeof(*table->sites), compare_sites);
	return err;
}

/* Looks for its name in the dynamic strings, between two zero bytes. */
static bool looks_for_leaks(struct elf_file *file)
{
	static const char name[] = "\0__lsan_do_leak_check";
	uint64_t number = 0, at = 0, bytes;
	char buffer[4096];
	ElfW(Shdr) strings;

	if (elf_file__next_section(file, &number, SHT_STRTAB, ".dynstr", &strings) <= 0)
		return false;
	if (strings.sh_size > MAX_DYNSTR_BYTES)
		strings.sh_size = MAX_DYNSTR_BYTES;
	for (; at + sizeof(name) <= strings.sh_size; at += bytes - sizeof(name) + 1) {
		bytes = strings.sh_size - at;
		if (bytes > sizeof(buffer))
			bytes = sizeof(buffer);
		if (elf_file__read(file, strings.sh_offset + at, buffer, bytes))
			return false;
		if (memmem(buffer, bytes, name, sizeof(name)))
			return true;
	}
	return false;
}

struct site_table *elf__read_sites(int fd, const char *program_name)
{
	struct site_reader *reader = calloc(1, sizeof(*reader));
	struct site_table *table = calloc(1, sizeof(*table));
	int err = -ENOMEM;

	if (!reader || !table)
		goto done;
	reader->table = table;
	reader->program_name = program_name;
	table->pool = text_pool__new();
	if (!table->pool)
		goto done;
	reader->file = elf_file__new(fd);
	if (!reader->file) {
		err = -errno;
		goto done;
	}
	err = build_id__of(reader->file, table->build_id);
	if (!err)
		err = read_notes(reader);

done:
	if (reader) {
		elf_file__free(reader->file);
		free(reader->places);
		free(reader);
	}
	if (err) {
		site_table__free(table);
		errno = -err;
		return NULL;
	}
	return table;
}

void elf__find_start(int fd, struct site_table *table)
{
	struct elf_file *file = elf_file__new(fd);

	if (file)
		find_start(file, table);
	elf_file__free(file);
}

bool elf__looks_for_leaks(int fd)
{
	struct elf_file *file = elf_file__new(fd);
	bool looks = file && looks_for_leaks(file);

	elf_file__free(file);
	return looks;
}

int elf__find_code(int fd, uint64_t offset, uint64_t *ret_start, uint64_t *ret_bytes)
{
	struct elf_file *file = elf_file__new(fd);
	int err = -ENOENT;

	if (!file)
		return -errno;
	for (size_t i = 0; err && i < file->loads.cnt; i++) {
		const struct elf_segment *load = &file->loads.list[i];

		if (!(load->flags & PF_X) || offset < load->offset ||
		    offset - load->offset >= load->file_bytes)
			continue;
		*ret_start = load->offset;
		*ret_bytes = load->file_bytes;
		err = 0;
	}
	elf_file__free(file);
	return err;
}
