/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker of a process: the kernel tells where its header is (/proc/PID/auxv), the file
 * that is mapped there tells the rest. Both may lie.
 */
#include "linker.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "elf.h"
#include "maps.h"
#include "proc_file.h"
#include "process_files.h"
#include "pull.h"

#define MAX_AUXV 64

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

/* -ENOENT: it can't be opened, or is none that we know. */
static int read_file(pid_t pid, const struct maps_entry *entry, struct linker *ret_linker)
{
	static const char *const names[] = { "_dl_debug_state", "_r_debug", "_dl_debug_addr" };
	uint64_t distances[ARRAY_SIZE(names)], addresses[ARRAY_SIZE(names)];
	int fd = maps__open(pid, entry), err;

	if (fd < 0)
		return -ENOENT;
	err = elf__find_exports(fd, names, ARRAY_SIZE(names), distances);
	(void)close(fd);
	if (err == -ENOMEM)
		return err;
	if (err || !distances[0])
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		addresses[i] = distances[i] ? entry->start + distances[i] : 0;
	*ret_linker = (struct linker){
		.notify = addresses[0],
		.debug = addresses[1],
		.debug_pointer = addresses[2],
	};
	return 0;
}

int linker__find(pid_t pid, const struct maps *maps, struct linker *ret_linker)
{
	const struct maps_entry *entry;
	uint64_t header;
	int err = linker__find_header(pid, &header);

	if (err)
		return err;
	entry = maps__find(maps, header);
	if (!entry || entry->start != header || entry->offset)
		return -ENOENT;
	return read_file(pid, entry, ret_linker);
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
