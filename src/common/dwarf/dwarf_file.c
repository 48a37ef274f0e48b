/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "dwarf_file.h"
#include "dwarf_names.h"

static int find_nothing(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			char **ret_path, Elf **ret_elf)
{
	(void)module;
	(void)user;
	(void)name;
	(void)base;
	(void)ret_path;
	(void)ret_elf;
	return -1; /* a module is reported with its file, or not at all */
}

/* The one that was given, else as elfutils does. */
static int find_debug(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
		      const char *path, const char *link, GElf_Word link_crc, char **ret_path)
{
	const struct dwarf_file *file = *user;

	if (file && file->debug_fd >= 0) {
		*ret_path = NULL;
		return fcntl(file->debug_fd, F_DUPFD_CLOEXEC, 0);
	}
	return dwfl_standard_find_debuginfo(module, user, name, base, path, link, link_crc,
					    ret_path);
}

const Dwfl_Callbacks dwarf_file_callbacks = {
	.find_elf = find_nothing,
	.find_debuginfo = find_debug,
	.section_address = dwfl_offline_section_address,
};

Dwfl_Module *dwarf_file__report(Dwfl *dwfl, const char *path, int fd, uint64_t bias)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	Dwfl_Module *module = NULL;

	if (own >= 0)
		module = dwfl_report_elf(dwfl, path, path, own, bias, true);
	if (!module && own >= 0)
		(void)close(own);
	return module;
}

int dwarf_file__init(struct dwarf_file *ret, const char *path, int fd, int debug_fd)
{
	Dwfl_Module *module;
	void **user = NULL;

	*ret = (struct dwarf_file){ .fd = fd, .debug_fd = debug_fd };
	ret->dwfl = dwfl_begin(&dwarf_file_callbacks);
	if (!ret->dwfl) {
		(void)close(fd);
		if (debug_fd >= 0)
			(void)close(debug_fd);
		return -ENOMEM;
	}
	ret->elf = elf_begin(fd, ELF_C_READ, NULL);
	dwfl_report_begin(ret->dwfl);
	module = dwarf_file__report(ret->dwfl, path, fd, 0);
	if (module && dwfl_module_info(module, &user, NULL, NULL, NULL, NULL, NULL, NULL))
		*user = ret;
	(void)dwfl_report_end(ret->dwfl, NULL, NULL);
	/* a file that is no ELF file has no names, and is not asked for again */
	if (module)
		ret->names = dwarf_names__new(module);
	return 0;
}

static bool is_code(const struct dwarf_file *file, size_t number, GElf_Phdr *ret)
{
	return gelf_getphdr(file->elf, (int)number, ret) && ret->p_type == PT_LOAD &&
	       ret->p_flags & PF_X;
}

static size_t segment_cnt(const struct dwarf_file *file)
{
	size_t cnt = 0;

	return file->elf && !elf_getphdrnum(file->elf, &cnt) ? cnt : 0;
}

int dwarf_file__address(const struct dwarf_file *file, uint64_t offset, uint64_t *ret_address)
{
	const size_t cnt = segment_cnt(file);
	GElf_Phdr segment;
	int err = -ENOEXEC;

	for (size_t i = 0; i < cnt; i++) {
		uint64_t page;

		if (!is_code(file, i, &segment))
			continue;
		page = segment.p_align ? segment.p_offset & -segment.p_align : segment.p_offset;
		if (offset < page || offset >= segment.p_offset + segment.p_filesz)
			continue;
		*ret_address = segment.p_vaddr + offset - segment.p_offset;
		err = 0;
	}
	return err;
}

int dwarf_file__address_by_debug(const struct dwarf_file *file, uint64_t offset,
				 uint64_t *ret_address)
{
	const size_t cnt = segment_cnt(file);
	GElf_Phdr segment, first;

	for (size_t i = 0; i < cnt; i++) {
		if (gelf_getphdr(file->elf, (int)i, &first) && first.p_type == PT_LOAD)
			break;
		if (i + 1 == cnt)
			return -ENOEXEC;
	}
	for (size_t i = 0; i < cnt; i++) {
		const uint64_t address = first.p_vaddr + offset;

		if (!is_code(file, i, &segment) || address - segment.p_vaddr >= segment.p_memsz ||
		    !segment.p_align || segment.p_vaddr % segment.p_align)
			continue;
		*ret_address = address;
		return 0;
	}
	return -ENOEXEC;
}
