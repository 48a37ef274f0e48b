/* SPDX-License-Identifier: MIT */
/*
 * elf.c, elf_file.c and elf_symbols.c on real files (built here with cc from elf_fixture.S) and
 * on damaged copies of them: every byte that steers the reading is changed, and every length tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf.h"
#include "elf_file.h"
#include "site.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Beside this file; as the compiler was given it, from where make runs. */
#define FIXTURE "elf_fixture.S"

struct files {
	char dir[64];
	int pie, no_pie, shared, nonsense, plain, stripped;
};

static void run(const char *command)
{
	int status = system(command);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: status %d", command, status);
}

static int build(const struct files *files, const char *name, const char *flags)
{
	const char *slash = strrchr(__FILE__, '/');
	char command[512], path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", files->dir, name);
	snprintf(command, sizeof(command), "cc -Wl,--build-id=sha1 %s -o %s %.*s" FIXTURE, flags,
		 path, slash ? (int)(slash + 1 - __FILE__) : 0, __FILE__);
	run(command);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int set_up(void **state)
{
	static struct files files = { .dir = "/tmp/ttlog-test-elf.XXXXXX" };

	assert_non_null(mkdtemp(files.dir));
	files.pie = build(&files, "pie", "-fPIE -pie");
	files.no_pie = build(&files, "no_pie", "-fno-pie -no-pie");
	files.shared = build(&files, "shared", "-fPIC -shared");
	files.nonsense = build(&files, "nonsense", "-fPIE -pie -DNONSENSE");
	files.stripped = build(&files, "stripped", "-fPIC -shared -s");
	files.plain = build(&files, "plain", "-fPIE -pie -DPLAIN");
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;
	char command[128];

	close(files->pie);
	close(files->no_pie);
	close(files->shared);
	close(files->nonsense);
	close(files->stripped);
	close(files->plain);
	snprintf(command, sizeof(command), "rm -r %s", files->dir);
	run(command);
	return 0;
}

/* By the program headers, apart from elf_file.c: which byte stands at a link-time address. */
static uint64_t file_offset_of(int fd, uint64_t vaddr)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) phdr;

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (int i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * sizeof(phdr));

		assert_int_equal(pread(fd, &phdr, sizeof(phdr), at), sizeof(phdr));
		if (phdr.p_type == PT_LOAD && vaddr - phdr.p_vaddr < phdr.p_filesz)
			return vaddr - phdr.p_vaddr + phdr.p_offset;
	}
	fail_msg("no segment has 0x%lx", (unsigned long)vaddr);
	return 0;
}

/* Address of a symbol by nm(1). */
static uint64_t address_of(const struct files *files, const char *name, const char *symbol)
{
	char command[256], line[64];
	FILE *in;

	snprintf(command, sizeof(command), "nm %s/%s | sed -n 's/ [a-zA-Z] %s$//p'", files->dir,
		 name, symbol);
	in = popen(command, "re");
	assert_non_null(in);
	assert_non_null(fgets(line, sizeof(line), in));
	assert_int_equal(pclose(in), 0);
	return strtoull(line, NULL, 16);
}

static void check_sites(const struct files *files, int fd, const char *name)
{
	struct site_table *table = elf__read_sites(fd, "prog");
	uint64_t sites, gates, module;
	const struct site *site;

	assert_non_null(table);
	assert_true(table->has_module);
	assert_int_equal(table->malformed_cnt, 0);
	assert_int_equal(table->cnt, 4);
	assert_int_equal(strlen(table->build_id), 40);
	if (name) {
		sites = file_offset_of(fd, address_of(files, name, "sites"));
		gates = file_offset_of(fd, address_of(files, name, "gates"));
		module = file_offset_of(fd, address_of(files, name, "module"));
		assert_int_equal(table->module_vaddr, address_of(files, name, "module"));
		assert_int_equal(table->listening_offset, module);
		assert_int_equal(table->immediate_offset, module + 2);
		assert_int_equal(table->control_offset, gates + 5);
		assert_int_equal(table->immediate_gate_offset, gates + 4);
		assert_int_equal(table->sites[0].gate_offset, gates);
		assert_int_equal(table->sites[0].semaphore_offset, sites);
		assert_int_equal(table->sites[3].gate_offset, gates + 4);
		assert_int_equal(table->sites[3].semaphore_offset, sites + 8);
	}
	assert_int_equal(table->sites[0].index, 0);
	assert_int_equal(table->sites[1].index, 1);
	assert_int_equal(table->sites[2].index, 3);
	assert_int_equal(table->sites[3].index, 4);
	site = &table->sites[0];
	assert_string_equal(site->service, "shop");
	assert_string_equal(site->target, "net.http");
	assert_string_equal(site->name, "trade_executed");
	assert_string_equal(site->message, "50% \"done\"\n");
	assert_string_equal(site->file, "src/net.http.c");
	assert_string_equal(site->function, "handle");
	assert_int_equal(site->line, 42);
	assert_int_equal(site->level, TTLOG_LEVEL_INFO);
	assert_int_equal(site->nfields, 2);
	assert_string_equal(site->keys[0], "symbol");
	assert_string_equal(site->keys[1], "quantity");
	assert_int_equal(site->types[0], TTLOG_TYPE_STR);
	assert_int_equal(site->types[1], TTLOG_TYPE_I64);
	assert_int_equal(table->sites[1].kind, TTLOG_SITE_SPAN);
	site = &table->sites[2];
	assert_string_equal(site->service, "prog");
	assert_string_equal(site->target, "net.http");
	assert_string_equal(table->sites[3].target, "");
	assert_string_equal(table->sites[3].message, "");
	site_table__free(table);
}

static void test_elf_reads_sites_of_every_kind_of_file(void **state)
{
	struct files *files = *state;

	check_sites(files, files->pie, "pie");
	check_sites(files, files->no_pie, "no_pie");
	check_sites(files, files->shared, "shared");
	check_sites(files, files->stripped, NULL);
}

static void test_elf_knows_where_the_file_is_loaded(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->pie, NULL);

	assert_int_equal(table->load_vaddr, 0);
	assert_string_equal(table->sites[2].service, "");
	site_table__free(table);
	table = elf__read_sites(files->no_pie, NULL);
	assert_int_equal(file_offset_of(files->no_pie, table->load_vaddr), 0);
	assert_int_not_equal(table->load_vaddr, 0);
	site_table__free(table);
}

/* What a process runs of it first. */
static void test_elf_knows_where_the_file_starts(void **state)
{
	struct files *files = *state;
	const struct {
		int fd;
		const char *name, *symbol;
	} cases[] = {
		{ files->pie, "pie", "_start" },
		{ files->no_pie, "no_pie", "_start" },
		{ files->shared, "shared", "_init" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t start = address_of(files, cases[i].name, cases[i].symbol);
		struct site_table *table = elf__read_sites(cases[i].fd, NULL);

		assert_int_equal(table->start_offset, file_offset_of(cases[i].fd, start));
		site_table__free(table);
	}
}

static void test_elf_passes_over_nonsense(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->nonsense, "prog");

	assert_non_null(table);
	assert_int_equal(table->malformed_cnt, 12);
	assert_int_equal(table->cnt, 4);
	site_table__free(table);
}

static void test_elf_without_notes_gives_an_empty_table(void **state)
{
	struct files *files = *state;
	struct site_table *table = elf__read_sites(files->plain, "prog");

	assert_non_null(table);
	assert_int_equal(table->has_module, 0);
	assert_int_equal(table->cnt, 0);
	assert_int_equal(table->malformed_cnt, 0);
	assert_int_equal(strlen(table->build_id), 40);
	site_table__free(table);
}

static int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("test_elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, 0), (ssize_t)len);
	return fd;
}

static void check_leaks(const struct files *files, const char *flags, bool looks)
{
	char command[256], path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/leaks", files->dir);
	snprintf(command, sizeof(command), "cc %s -o %s tests/apps/leaks.c", flags, path);
	run(command);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(elf__looks_for_leaks(fd), looks);
	close(fd);
}

static void test_elf_knows_who_looks_for_leaks(void **state)
{
	struct files *files = *state;

	check_leaks(files, "", false);
	check_leaks(files, "-fsanitize=leak -static-liblsan -rdynamic", true);
}

static void test_elf_refuses_what_is_none(void **state)
{
	unsigned char header[sizeof(ElfW(Ehdr))];
	struct files *files = *state;
	char build_id[41] = "untouched";
	int fd;

	assert_int_equal(pread(files->pie, header, sizeof(header), 0), sizeof(header));
	header[EI_CLASS] = header[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
	fd = memory_file(header, sizeof(header));
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	close(fd);
	header[EI_CLASS] = header[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
	header[EI_DATA] = header[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
	fd = memory_file(header, sizeof(header));
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	assert_int_equal(elf__read_build_id(fd, build_id), -ENOEXEC);
	assert_string_equal(build_id, "untouched");
	close(fd);
	fd = memory_file("", 0);
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, ENOEXEC);
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_null(elf__read_sites(fd, NULL));
	assert_int_equal(errno, EISDIR);
	close(fd);
}

static void test_elf_reads_the_build_id_that_readelf_shows(void **state)
{
	struct files *files = *state;
	char command[256], expected[64], build_id[41];
	FILE *in;

	snprintf(command, sizeof(command), "readelf -n %s/shared | sed -n 's/.*Build ID: //p'",
		 files->dir);
	in = popen(command, "re");
	assert_non_null(in);
	assert_non_null(fgets(expected, sizeof(expected), in));
	assert_int_equal(pclose(in), 0);
	expected[strcspn(expected, "\n")] = 0;
	assert_int_equal(elf__read_build_id(files->shared, build_id), 0);
	assert_string_equal(build_id, expected);
	snprintf(command, sizeof(command), "%s/shared", files->dir);
	memset(build_id, 0, sizeof(build_id));
	assert_int_equal(elf__open_build_id(command, build_id), 0);
	assert_string_equal(build_id, expected);
	assert_int_equal(elf__open_build_id("/nowhere", build_id), -ENOENT);
	/* to open a fifo for reading would wait for a writer, for ever */
	snprintf(command, sizeof(command), "%s/fifo", files->dir);
	assert_int_equal(mkfifo(command, 0600), 0);
	assert_int_equal(elf__open_build_id(command, build_id), -ENOEXEC);
}

static int find_symbol(int fd, uint64_t file_offset, char **ret_symbol)
{
	struct elf_symbols *symbols = elf_symbols__new(fd);
	int err = symbols ? elf_symbols__find(symbols, file_offset, ret_symbol) : -errno;

	elf_symbols__free(symbols);
	return err;
}

static void test_elf_finds_symbols(void **state)
{
	struct files *files = *state;
	uint64_t start = file_offset_of(files->pie, address_of(files, "pie", "fixture_function"));
	struct elf_symbols *symbols = elf_symbols__new(files->pie);
	uint64_t stripped_start;
	char *symbol;

	assert_non_null(symbols);
	assert_int_equal(elf_symbols__find(symbols, start, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x0");
	free(symbol);
	assert_int_equal(elf_symbols__find(symbols, start + 3, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x3");
	free(symbol);
	assert_int_equal(elf_symbols__find(symbols, 1, &symbol), -ENOENT);
	assert_int_equal(elf_symbols__find(symbols, UINT64_MAX, &symbol), -ENOENT);
	elf_symbols__free(symbols);
	/* no .symtab: the same code as in shared lies at the same place */
	stripped_start =
		file_offset_of(files->shared, address_of(files, "shared", "fixture_function"));
	assert_int_equal(find_symbol(files->stripped, stripped_start + 1, &symbol), 0);
	assert_string_equal(symbol, "fixture_function+0x1");
	free(symbol);
}

/* ---- Hostile files ---- */

/* Whatever the file: a table whose promises hold, or an errno. */
static void check_any(int fd, uint64_t size)
{
	struct site_table *table;
	char build_id[41] = "", *symbol = NULL;
	int err;

	errno = 0;
	table = elf__read_sites(fd, "prog");
	if (!table)
		assert_int_not_equal(errno, 0);
	for (size_t i = 0; table && i < table->cnt; i++) {
		const struct site *site = &table->sites[i];

		assert_true(table->has_module);
		assert_true(site->index < TTLOG_MAX_SITES);
		assert_true(!i || site[-1].index < site->index);
		assert_true(site->semaphore_offset % 2 == 0);
		assert_true(site->level <= TTLOG_LEVEL_FATAL && site->nfields <= TTLOG_MAX_FIELDS);
		assert_true(strlen(site->service) + strlen(site->target) + strlen(site->name) +
				    strlen(site->message) + strlen(site->file) +
				    strlen(site->function) <
			    size);
		for (int key = 0; key < TTLOG_MAX_FIELDS; key++)
			assert_true(strlen(site->keys[key]) < size);
	}
	site_table__free(table);
	err = elf__read_build_id(fd, build_id);
	assert_true(err || strlen(build_id) % 2 == 0);
	err = find_symbol(fd, 0x1100, &symbol);
	assert_true(err ? !symbol : strlen(symbol) > 3);
	free(symbol);
}

struct image {
	unsigned char *bytes;
	size_t len;
};

static struct image load_image(int fd)
{
	struct image image = { .len = (size_t)lseek(fd, 0, SEEK_END) };

	image.bytes = malloc(image.len);
	assert_non_null(image.bytes);
	assert_int_equal(pread(fd, image.bytes, image.len, 0), (ssize_t)image.len);
	return image;
}

static void mutate_range(int fd, const struct image *image, uint64_t offset, uint64_t len)
{
	for (uint64_t at = offset; at < offset + len; at++) {
		unsigned char old = image->bytes[at];
		unsigned char others[] = { 0, 0xff, old ^ 0x80, (unsigned char)(old + 1) };

		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			if (others[i] == old)
				continue;
			assert_int_equal(pwrite(fd, &others[i], 1, (off_t)at), 1);
			check_any(fd, image->len);
		}
		assert_int_equal(pwrite(fd, &old, 1, (off_t)at), 1);
	}
}

static void test_elf_survives_every_changed_byte(void **state)
{
	struct files *files = *state;
	struct image image = load_image(files->pie);
	int fd = memory_file(image.bytes, image.len);
	ElfW(Ehdr) header;
	size_t note_sections = 0;

	memcpy(&header, image.bytes, sizeof(header));
	mutate_range(fd, &image, 0, sizeof(header));
	mutate_range(fd, &image, header.e_phoff, header.e_phnum * sizeof(ElfW(Phdr)));
	mutate_range(fd, &image, header.e_shoff, header.e_shnum * sizeof(ElfW(Shdr)));
	for (int i = 0; i < header.e_shnum; i++) {
		ElfW(Shdr) section;

		memcpy(&section, image.bytes + header.e_shoff + (size_t)i * sizeof(section),
		       sizeof(section));
		if (section.sh_type != SHT_NOTE && section.sh_type != SHT_DYNSYM)
			continue;
		note_sections++;
		mutate_range(fd, &image, section.sh_offset, section.sh_size);
	}
	assert_true(note_sections >= 4);
	check_sites(files, fd, "pie"); /* all was put back */
	close(fd);
	free(image.bytes);
}

static void test_elf_survives_every_length(void **state)
{
	struct files *files = *state;
	struct image image = load_image(files->pie);
	int fd = memory_file(image.bytes, image.len);

	for (size_t len = image.len; len > 0; len -= len > 4096 ? 5 : 1) {
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		check_any(fd, image.len);
	}
	close(fd);
	free(image.bytes);
}

/* A file made by hand: one segment with all rights over all of it, and one note section. */
#define MADE_NOTES 0x1000u
#define MADE_VADDR 0x400000u

struct made_note {
	uint32_t name_bytes, desc_bytes, type;
	char owner[8];
	union {
		struct ttlog_note_site site;
		struct ttlog_note_module module;
	};
} __attribute__((packed));

static int make_file(uint64_t size, uint64_t note_bytes)
{
	ElfW(Ehdr) header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
			     sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
			     __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_phoff = 64,
		.e_phentsize = sizeof(ElfW(Phdr)),
		.e_phnum = 1,
		.e_shoff = 256,
		.e_shentsize = sizeof(ElfW(Shdr)),
		.e_shnum = 3,
		.e_shstrndx = 1,
	};
	ElfW(Phdr) load = { .p_type = PT_LOAD,
			    .p_flags = PF_R | PF_W | PF_X,
			    .p_vaddr = MADE_VADDR,
			    .p_filesz = size };
	ElfW(Shdr) sections[3] = {
		[1] = { .sh_type = SHT_STRTAB, .sh_offset = 512, .sh_size = 16 },
		[2] = { .sh_type = SHT_NOTE, .sh_offset = MADE_NOTES, .sh_size = note_bytes },
	};
	int fd = memfd_create("made", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(pwrite(fd, &load, sizeof(load), 64), sizeof(load));
	assert_int_equal(pwrite(fd, sections, sizeof(sections), 256), sizeof(sections));
	assert_int_equal(pwrite(fd, ".note.ttlog", 12, 512), 12);
	return fd;
}

static void write_module_note(int fd)
{
	struct made_note note = {
		.name_bytes = 6,
		.desc_bytes = sizeof(note.module),
		.type = TTLOG_NOTE_MODULE,
		.owner = "ttlog",
		.module = { .module = MADE_VADDR + 1024,
			    .control = MADE_VADDR + 1024,
			    .immediate_gate = MADE_VADDR + 1024,
			    .sites = MADE_VADDR,
			    .version = TTLOG_ABI_VERSION },
	};

	assert_int_equal(pwrite(fd, &note, 20 + sizeof(note.module), MADE_NOTES),
			 20 + sizeof(note.module));
}

static void write_site_notes(int fd, size_t cnt, uint64_t text, uint64_t text_step)
{
	struct made_note *notes = calloc(cnt, sizeof(*notes));
	size_t bytes = cnt * sizeof(*notes);

	assert_non_null(notes);
	for (size_t i = 0; i < cnt; i++) {
		notes[i] = (struct made_note){
			.name_bytes = 6,
			.desc_bytes = sizeof(notes[i].site),
			.type = TTLOG_NOTE_SITE,
			.owner = "ttlog",
			.site = { .semaphore = MADE_VADDR + 2 * i,
				  .gate = MADE_VADDR + 1024,
				  .name = MADE_VADDR + text + i * text_step,
				  .version = TTLOG_ABI_VERSION },
		};
	}
	assert_int_equal(
		pwrite(fd, notes, bytes, MADE_NOTES + 20 + sizeof(struct ttlog_note_module)),
		(ssize_t)bytes);
	free(notes);
}

static void test_elf_bounds_the_texts_of_a_file(void **state)
{
	enum {
		CNT = 40000,
		TEXT = 16 << 20,
		TEXT_BYTES = 1 << 20
	};
	struct site_table *table;
	char *text = malloc(TEXT_BYTES);
	int fd = make_file(TEXT + TEXT_BYTES, 60 + CNT * sizeof(struct made_note));

	(void)state;
	assert_non_null(text);
	/* as many different texts as bytes, each of them longer than what is taken of it */
	for (uint32_t i = 0, x = 1; i < TEXT_BYTES; i++, x = x * 1664525 + 1013904223)
		text[i] = (char)('a' + (x >> 24) % 26);
	assert_int_equal(pwrite(fd, text, TEXT_BYTES, TEXT), TEXT_BYTES);
	write_module_note(fd);
	write_site_notes(fd, CNT, TEXT, 1);
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(strlen(table->sites[0].name), ELF_TEXT_MAX_BYTES);
	assert_int_equal(table->cnt + table->malformed_cnt, CNT);
	assert_true(table->cnt <= ELF_TEXT_BUDGET_BYTES / ELF_TEXT_MAX_BYTES + 1);
	site_table__free(table);
	close(fd);
	free(text);
}

static void test_elf_cuts_no_text_at_a_window_border(void **state)
{
	char text[100];
	struct site_table *table;
	int fd = make_file(3 * ELF_FILE_WINDOW_BYTES, 60 + sizeof(struct made_note));

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_int_equal(pwrite(fd, text, sizeof(text), 2 * ELF_FILE_WINDOW_BYTES - 50),
			 sizeof(text));
	write_module_note(fd);
	write_site_notes(fd, 1, 2 * ELF_FILE_WINDOW_BYTES - 50, 0);
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(table->cnt, 1);
	assert_string_equal(table->sites[0].name, text);
	site_table__free(table);
	/* and one that runs into the end of the file */
	assert_int_equal(pwrite(fd, text, 50, 3 * ELF_FILE_WINDOW_BYTES - 50), 50);
	write_site_notes(fd, 1, 3 * ELF_FILE_WINDOW_BYTES - 50, 0);
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(table->cnt, 0);
	assert_int_equal(table->malformed_cnt, 1);
	site_table__free(table);
	close(fd);
}

/* Sparse files cost their makers nothing. */
static void test_elf_bounds_the_work_on_sparse_files(void **state)
{
	const uint64_t size = 1ull << 40;
	struct site_table *table;
	ElfW(Shdr) first = { .sh_size = UINT32_MAX };
	int fd = make_file(size, size - MADE_NOTES);
	uint16_t zero = 0;

	(void)state;
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(table->cnt, 0);
	assert_true(table->malformed_cnt >= 1);
	site_table__free(table);
	/* 2^32 - 1 sections: the count stands in the first one's size */
	assert_int_equal(pwrite(fd, &first, sizeof(first), 256), sizeof(first));
	assert_int_equal(pwrite(fd, &zero, sizeof(zero), offsetof(ElfW(Ehdr), e_shnum)),
			 sizeof(zero));
	check_any(fd, size);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_reads_sites_of_every_kind_of_file),
		cmocka_unit_test(test_elf_knows_where_the_file_is_loaded),
		cmocka_unit_test(test_elf_knows_where_the_file_starts),
		cmocka_unit_test(test_elf_passes_over_nonsense),
		cmocka_unit_test(test_elf_without_notes_gives_an_empty_table),
		cmocka_unit_test(test_elf_knows_who_looks_for_leaks),
		cmocka_unit_test(test_elf_refuses_what_is_none),
		cmocka_unit_test(test_elf_reads_the_build_id_that_readelf_shows),
		cmocka_unit_test(test_elf_finds_symbols),
		cmocka_unit_test(test_elf_survives_every_changed_byte),
		cmocka_unit_test(test_elf_survives_every_length),
		cmocka_unit_test(test_elf_bounds_the_texts_of_a_file),
		cmocka_unit_test(test_elf_cuts_no_text_at_a_window_border),
		cmocka_unit_test(test_elf_bounds_the_work_on_sparse_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
