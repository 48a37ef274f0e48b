/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "debug_file.h"
#include "debuginfod.h"
#include "elf_file.h"
#include "file_functions.h"
#include "function_list.h"

static bool has_debug_information(struct elf_file *file)
{
	uint64_t number = 0;
	ElfW(Shdr) section;

	return elf_file__next_section(file, &number, SHT_PROGBITS, ".debug_info", &section) == 1;
}

/* The server's file, if it says that it is of this build; it may lie in all else. */
static int ask(struct debuginfod *debuginfod, int fd)
{
	char wanted[41], found[41];
	int debug_fd;

	if (build_id__read(fd, wanted) || !wanted[0])
		return -ENOENT;
	debug_fd = debuginfod__find(debuginfod, wanted, DEBUGINFOD_DEBUG, FILE_FUNCTIONS_ASK_MS);
	if (debug_fd < 0 || (!build_id__read(debug_fd, found) && !strcmp(found, wanted)))
		return debug_fd;
	(void)close(debug_fd);
	return -ESTALE;
}

struct function_list *file_functions__read(int fd, const char *path, struct debuginfod *debuginfod,
					   int *ret_debug_fd, int *ret_server_err)
{
	struct function_list *list = function_list__new(fd);
	int debug_fd, err = 0;

	if (!list)
		return NULL;
	*ret_server_err = 0;
	debug_fd = debug_file__open(fd, path);
	if (debug_fd < 0 && debuginfod && !has_debug_information(list->file)) {
		debug_fd = ask(debuginfod, fd);
		*ret_server_err = debug_fd < 0 ? debug_fd : 0;
		list->is_doubtful = debug_fd >= 0 && !list->has_all;
	}
	if (debug_fd >= 0 && !list->has_all)
		err = function_list__add(list, debug_fd);
	*ret_debug_fd = debug_fd < 0 ? -1 : debug_fd;
	if (!err)
		return list;
	if (debug_fd >= 0)
		(void)close(debug_fd);
	function_list__free(list);
	errno = -err;
	return NULL;
}
