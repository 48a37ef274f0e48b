/* SPDX-License-Identifier: MIT */
/*
 * elf.c and elf_exports.c on damaged copies of real files, and on files made by hand. The copies:
 * every byte that the parser depends on is changed, and every length is tried.
 */
#include "build_id.h"
#include "elf_fixture.h"

/* For any file: the result is an errno, or a table that is valid. */
static void check_any(int fd, uint64_t size)
{
	static const char *const names[] = { "main", "printf" };
	uint64_t distances[ARRAY_SIZE(names)];
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
	err = build_id__read(fd, build_id);
	assert_true(err || strlen(build_id) % 2 == 0);
	err = find_symbol(fd, 0x1100, &symbol);
	assert_true(err ? !symbol : strlen(symbol) > 3);
	free(symbol);
	assert_true(elf__find_exports(fd, names, ARRAY_SIZE(names), distances) <= 0);
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
	check_sites(files, fd, "pie"); /* the file is as it was before */
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

/* Makes a file: one segment with all rights over all of it, and one note section. */
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
	/* as many different texts as bytes, each of them longer than the part that is read */
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
	/* and a text that runs into the end of the file */
	assert_int_equal(pwrite(fd, text, 50, 3 * ELF_FILE_WINDOW_BYTES - 50), 50);
	write_site_notes(fd, 1, 3 * ELF_FILE_WINDOW_BYTES - 50, 0);
	table = elf__read_sites(fd, NULL);
	assert_non_null(table);
	assert_int_equal(table->cnt, 0);
	assert_int_equal(table->malformed_cnt, 1);
	site_table__free(table);
	close(fd);
}

/* A sparse file of any size costs its maker nothing. */
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
	/* 2^32 - 1 sections: the first section's size holds the count */
	assert_int_equal(pwrite(fd, &first, sizeof(first), 256), sizeof(first));
	assert_int_equal(pwrite(fd, &zero, sizeof(zero), offsetof(ElfW(Ehdr), e_shnum)),
			 sizeof(zero));
	check_any(fd, size);
	close(fd);
}

/* What one section of symbols gives for a name; the names are those of the sections. */
static int find_export(int fd, const char *name, ElfW(Shdr) symbols, uint64_t names_bytes,
		       uint64_t *ret_distance)
{
	const ElfW(Shdr) sections[3] = {
		[1] = { .sh_type = SHT_STRTAB, .sh_offset = 512, .sh_size = names_bytes },
		[2] = symbols,
	};

	assert_int_equal(pwrite(fd, sections, sizeof(sections), 256), sizeof(sections));
	return elf__find_exports(fd, &name, 1, ret_distance);
}

static void test_elf_bounds_exports(void **state)
{
	const ElfW(Sym) symbols[] = {
		{ .st_name = UINT32_MAX, .st_shndx = 1, .st_value = MADE_VADDR + 1 },
		{ .st_name = 5, .st_shndx = SHN_UNDEF, .st_value = MADE_VADDR + 2 },
		{ .st_name = 6, .st_shndx = 1, .st_value = MADE_VADDR + 3 },
		{ .st_name = 5, .st_shndx = 1, .st_value = MADE_VADDR + 4 },
		{ .st_name = 5, .st_shndx = 1, .st_value = MADE_VADDR + 5 },
	};
	const ElfW(Shdr) good = { .sh_type = SHT_DYNSYM,
				  .sh_offset = MADE_NOTES,
				  .sh_size = sizeof(symbols),
				  .sh_link = 1 };
	const uint64_t size = 8 << 20;
	int fd = make_file(size, 0);
	ElfW(Shdr) bad = good;
	uint64_t found = 0;

	(void)state;
	assert_int_equal(pwrite(fd, symbols, sizeof(symbols), MADE_NOTES), sizeof(symbols));
	assert_int_equal(find_export(fd, ".ttlog", good, 12, &found), 0);
	assert_int_equal(found, 4);
	/* the last name has no end in its section */
	assert_int_equal(find_export(fd, ".ttlog", good, 11, &found), 0);
	assert_int_equal(found, 0);
	assert_int_equal(find_export(fd, ".ttlog", good, 0, &found), 0);
	assert_int_equal(found, 0);
	found = 9;
	assert_int_equal(find_export(fd, ".ttlog", good, (1 << 20) + 1, &found), -E2BIG);
	bad.sh_size = (1 << 20) + 1;
	assert_int_equal(find_export(fd, ".ttlog", bad, 12, &found), -E2BIG);
	bad.sh_size = sizeof(symbols);
	bad.sh_offset = size - 1;
	assert_int_equal(find_export(fd, ".ttlog", bad, 12, &found), -ENOEXEC);
	bad.sh_offset = MADE_NOTES;
	bad.sh_link = 3;
	assert_int_equal(find_export(fd, ".ttlog", bad, 12, &found), -ENOEXEC);
	assert_int_equal(found, 9);
	/* a part of a symbol is none */
	bad.sh_link = 1;
	bad.sh_size = 4 * sizeof(symbols[0]) - 1;
	assert_int_equal(find_export(fd, ".ttlog", bad, 12, &found), 0);
	assert_int_equal(found, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_survives_every_changed_byte),
		cmocka_unit_test(test_elf_survives_every_length),
		cmocka_unit_test(test_elf_bounds_the_texts_of_a_file),
		cmocka_unit_test(test_elf_cuts_no_text_at_a_window_border),
		cmocka_unit_test(test_elf_bounds_exports),
		cmocka_unit_test(test_elf_bounds_the_work_on_sparse_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
