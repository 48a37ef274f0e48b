/* SPDX-License-Identifier: MIT */
/*
 * Files for the tests of elf.c, built here with cc from elf_fixture.S, and their expected contents.
 */
#ifndef TTLOG_TESTS_ELF_FIXTURE_H
#define TTLOG_TESTS_ELF_FIXTURE_H

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

#include "array.h"
#include "temp_dir.h"
#include "elf.h"
#include "elf_file.h"
#include "site.h"

/* The source lies in the folder of this file. The path is relative to the top of the tree. */
#define FIXTURE "elf_fixture.S"

struct files {
	char dir[64];
	int pie, no_pie, shared, nonsense, plain, stripped;
};

static inline void run(const char *command)
{
	int status = system(command);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: status %d", command, status);
}

static inline int build(const struct files *files, const char *name, const char *flags)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	struct files *files = *state;

	close(files->pie);
	close(files->no_pie);
	close(files->shared);
	close(files->nonsense);
	close(files->stripped);
	close(files->plain);
	return temp_dir__remove(files->dir);
}

/* The offset of a link-time address in the file, from the program headers, without elf_file.c. */
static inline uint64_t file_offset_of(int fd, uint64_t vaddr)
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
static inline uint64_t address_of(const struct files *files, const char *name, const char *symbol)
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

static inline void check_sites(const struct files *files, int fd, const char *name)
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

static inline int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("test_elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, 0), (ssize_t)len);
	return fd;
}

static inline int find_symbol(int fd, uint64_t file_offset, char **ret_symbol)
{
	struct elf_symbols *symbols = elf_symbols__new(fd);
	int err = symbols ? elf_symbols__find(symbols, file_offset, ret_symbol) : -errno;

	elf_symbols__free(symbols);
	return err;
}

#endif /* TTLOG_TESTS_ELF_FIXTURE_H */
