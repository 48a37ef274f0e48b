/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker in the memory of a process: its dynamic section, its symbols.
 *
 * The memory is hostile: every size is bounded, every offset checked.
 */
#include "linker.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "proc_file.h"
#include "pull.h"
#include "process_files.h"

#define MAX_AUXV          64
#define MAX_PHDRS         64
#define MAX_DYNS          128
#define MAX_SYMBOLS_BYTES (1u << 20)
#define MAX_STRINGS_BYTES (1u << 20)

static int read_memory(pid_t pid, uint64_t address, void *buf, size_t bytes)
{
	return pull__memory(pid, address, buf, bytes, NULL);
}

static int read_auxv(pid_t pid, Elf64_auxv_t auxv[MAX_AUXV + 1], size_t *ret_cnt)
{
	const size_t size = MAX_AUXV * sizeof(*auxv) + 1;
	ssize_t n = proc_file__read((char *)auxv, size, "%d/auxv", (int)pid);

	/* empty: main called pthread_exit(), and its thread has no memory any more */
	if (!n)
		n = proc_file__read((char *)auxv, size, "%u/auxv",
				    process_files__living_thread((uint32_t)pid));
	if (n < 0)
		return (int)n;
	*ret_cnt = (size_t)n / sizeof(*auxv);
	return 0;
}

/*
 * AT_BASE is 0 if the program has no interpreter. Then the program may be the linker itself (ld.so
 * ./program), and its header lies before its program headers.
 */
int linker__find_header(pid_t pid, uint64_t *ret_header)
{
	Elf64_auxv_t auxv[MAX_AUXV + 1]; /* the last is room for a zero byte */
	uint64_t base = 0, phdrs = 0;
	size_t cnt = 0;
	int err = read_auxv(pid, auxv, &cnt);

	if (err)
		return err;
	for (size_t i = 0; i < cnt; i++) {
		if (auxv[i].a_type == AT_BASE)
			base = auxv[i].a_un.a_val;
		else if (auxv[i].a_type == AT_PHDR)
			phdrs = auxv[i].a_un.a_val;
	}
	if (!base && phdrs >= sizeof(Elf64_Ehdr))
		base = phdrs - sizeof(Elf64_Ehdr);
	if (!base)
		return -ENOENT;
	*ret_header = base;
	return 0;
}

struct dynamic {
	uint64_t bias;
	uint64_t symbols, strings; /* addresses */
	uint64_t strings_bytes;
};

/* The address of the dynamic section and the bias of all link-time addresses. */
static int find_dynamic(pid_t pid, uint64_t header, uint64_t *ret_bias, uint64_t *ret_dynamic,
			size_t *ret_bytes)
{
	Elf64_Phdr phdrs[MAX_PHDRS];
	const Elf64_Phdr *load = NULL, *dynamic = NULL;
	Elf64_Ehdr ehdr;
	int err = read_memory(pid, header, &ehdr, sizeof(ehdr));

	if (err)
		return err;
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(phdrs[0]) || !ehdr.e_phnum || ehdr.e_phnum > MAX_PHDRS)
		return -ENOENT;
	err = read_memory(pid, header + ehdr.e_phoff, phdrs, ehdr.e_phnum * sizeof(phdrs[0]));
	if (err)
		return err;
	for (size_t i = 0; i < ehdr.e_phnum; i++) {
		if (phdrs[i].p_type == PT_LOAD && !load)
			load = &phdrs[i];
		else if (phdrs[i].p_type == PT_DYNAMIC)
			dynamic = &phdrs[i];
	}
	if (!load || load->p_offset || !dynamic)
		return -ENOENT;
	*ret_bias = header - load->p_vaddr;
	*ret_dynamic = *ret_bias + dynamic->p_vaddr;
	*ret_bytes = dynamic->p_memsz;
	return 0;
}

/*
 * At the exec all addresses are link-time ones. glibc's linker then relocates its own dynamic
 * section in place; a mapping is far above all link-time addresses of a library.
 */
static uint64_t relocate(const struct dynamic *dynamic, uint64_t address)
{
	return address < dynamic->bias ? dynamic->bias + address : address;
}

static int read_dynamic(pid_t pid, uint64_t header, struct dynamic *ret)
{
	struct dynamic dynamic = { 0 };
	Elf64_Dyn dyns[MAX_DYNS];
	uint64_t address;
	size_t bytes;
	int err = find_dynamic(pid, header, &dynamic.bias, &address, &bytes);

	if (err)
		return err;
	if (bytes > sizeof(dyns))
		bytes = sizeof(dyns);
	err = read_memory(pid, address, dyns, bytes);
	if (err)
		return err;
	for (size_t i = 0; i < bytes / sizeof(dyns[0]) && dyns[i].d_tag != DT_NULL; i++) {
		if (dyns[i].d_tag == DT_SYMTAB)
			dynamic.symbols = relocate(&dynamic, dyns[i].d_un.d_ptr);
		else if (dyns[i].d_tag == DT_STRTAB)
			dynamic.strings = relocate(&dynamic, dyns[i].d_un.d_ptr);
		else if (dyns[i].d_tag == DT_STRSZ)
			dynamic.strings_bytes = dyns[i].d_un.d_val;
	}
	if (!dynamic.symbols || dynamic.strings <= dynamic.symbols || !dynamic.strings_bytes)
		return -ENOENT;
	*ret = dynamic;
	return 0;
}

static uint64_t find_symbol(const struct dynamic *dynamic, const Elf64_Sym *symbols, size_t cnt,
			    const char *strings, const char *name)
{
	size_t len = strlen(name) + 1;

	for (size_t i = 0; i < cnt; i++) {
		if (symbols[i].st_shndx == SHN_UNDEF ||
		    symbols[i].st_name > dynamic->strings_bytes ||
		    dynamic->strings_bytes - symbols[i].st_name < len)
			continue;
		if (!memcmp(strings + symbols[i].st_name, name, len))
			return dynamic->bias + symbols[i].st_value;
	}
	return 0;
}

/*
 * No field has the number of symbols. Linkers put the strings after them, with at most some small
 * sections in between, which contain no symbols of the right name.
 */
static int find_symbols(pid_t pid, const struct dynamic *dynamic, struct linker *ret_linker)
{
	size_t symbols_bytes = dynamic->strings - dynamic->symbols;
	struct linker linker = { 0 };
	Elf64_Sym *symbols;
	char *strings;
	int err;

	if (symbols_bytes > MAX_SYMBOLS_BYTES || dynamic->strings_bytes > MAX_STRINGS_BYTES)
		return -ENOENT;
	symbols = malloc(symbols_bytes);
	strings = malloc(dynamic->strings_bytes);
	if (!symbols || !strings) {
		err = -ENOMEM;
		goto out;
	}
	err = read_memory(pid, dynamic->symbols, symbols, symbols_bytes);
	if (!err)
		err = read_memory(pid, dynamic->strings, strings, dynamic->strings_bytes);
	if (err)
		goto out;
	symbols_bytes /= sizeof(*symbols);
	linker.notify = find_symbol(dynamic, symbols, symbols_bytes, strings, "_dl_debug_state");
	linker.debug = find_symbol(dynamic, symbols, symbols_bytes, strings, "_r_debug");
	linker.debug_pointer =
		find_symbol(dynamic, symbols, symbols_bytes, strings, "_dl_debug_addr");
	if (linker.notify)
		*ret_linker = linker;
	else
		err = -ENOENT;
out:
	free(strings);
	free(symbols);
	return err;
}

int linker__find(pid_t pid, struct linker *ret_linker)
{
	struct dynamic dynamic;
	uint64_t header;
	int err = linker__find_header(pid, &header);

	if (!err)
		err = read_dynamic(pid, header, &dynamic);
	if (!err)
		err = find_symbols(pid, &dynamic, ret_linker);
	return err;
}

bool linker__is_probed(const struct linker *linker, pid_t pid)
{
#if defined(__x86_64__)
	static const unsigned char breakpoint[] = { 0xcc };
#elif defined(__aarch64__)
	static const unsigned char breakpoint[] = { 0xa0, 0x00, 0x20, 0xd4 }; /* brk #5 */
#else
#error "no breakpoint known for this machine"
#endif
	unsigned char code[sizeof(breakpoint)];

	return !read_memory(pid, linker->notify, code, sizeof(code)) &&
	       !memcmp(code, breakpoint, sizeof(code));
}

static bool read_debug(const struct linker *linker, pid_t pid, struct r_debug *ret)
{
	uint64_t address = linker->debug;

	if (!address && linker->debug_pointer &&
	    read_memory(pid, linker->debug_pointer, &address, sizeof(address)))
		return false;
	return address && !read_memory(pid, address, ret, sizeof(*ret));
}

bool linker__is_ready(struct linker *linker, pid_t pid)
{
	struct r_debug debug;

	if (!read_debug(linker, pid, &debug))
		return false;
	if (debug.r_state == RT_ADD)
		linker->has_added = true;
	/* musl sets it when all is done */
	if (!linker->debug)
		return debug.r_version && debug.r_state == RT_CONSISTENT;
	return linker->has_added && debug.r_state == RT_CONSISTENT;
}
