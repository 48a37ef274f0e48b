/* SPDX-License-Identifier: MIT */
/*
 * An ELF file: its functions, and where they end, which is in code of the file. (Their arguments are
 * the task of a child: elfutils reads beyond its bounds within a minute of this.)
 */
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "function_exits.h"
#include "function_list.h"
#include "fuzz.h"

#define MAX_FUNCTIONS 64

static void look_at_exits(struct function_list *list, const struct function_match *matches,
			  size_t cnt)
{
	struct function_exits *exits = function_exits__new(list);

	for (size_t i = 0; exits && i < cnt; i++) {
		const struct function_exit *found;
		size_t found_cnt = 0;
		char why[128];

		if (function_exits__find(exits, matches[i].function, &found, &found_cnt, why,
					 sizeof(why)))
			continue;
		for (size_t k = 0; k < found_cnt; k++) {
			bool is_code = false;

			for (size_t at = 0; at < list->file->loads.cnt; at++) {
				const struct elf_segment *load = &list->file->loads.list[at];

				is_code |= (load->flags & PF_X) &&
					   found[k].offset >= load->offset &&
					   found[k].offset - load->offset < load->file_bytes;
			}
			FUZZ_CHECK(is_code);
		}
	}
	function_exits__free(exits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct function_match *matches = NULL;
	struct function_list *list;
	size_t cnt = 0, resolver_cnt;
	int fd = fuzz__file(data, size);

	fuzz__begin();
	list = function_list__new(fd);
	if (list && !function_list__match(list, "*", MAX_FUNCTIONS, &matches, &cnt, &resolver_cnt))
		look_at_exits(list, matches, cnt);
	function_matches__free(matches, cnt);
	function_list__free(list);
	close(fd);
	fuzz__end();
	return 0;
}
