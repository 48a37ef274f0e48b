/* SPDX-License-Identifier: MIT */
/* An ELF file: ttlog's notes, the build id, symbols, exports, USDT probes, and the list of sites. */
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "elf.h"
#include "fuzz.h"
#include "site_list.h"
#include "site.h"

static void print_list(const struct site_table *table)
{
	const struct list_module module = { .path = "a.out", .table = table };
	char *text = NULL;
	size_t len = 0, cnt = 0;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out);
	FUZZ_CHECK(!site_list__print(out, &module, 1, &cnt));
	FUZZ_CHECK(!fclose(out));
	/* a file can't write to the user's terminal */
	FUZZ_CHECK(!memchr(text, '\033', len));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "main", "_r_debug" };
	static const uint64_t OFFSETS[] = { 0, 0x1000, 0x1139, 0x2000, UINT64_MAX };
	int fd = fuzz__file(data, size);
	struct elf_symbols *symbols;
	uint64_t distances[2];
	struct site_table *table;
	char build_id[41];

	fuzz__begin();
	table = elf__read_sites(fd, "program");
	if (table) {
		for (size_t i = 1; i < table->cnt; i++)
			FUZZ_CHECK(table->sites[i - 1].index < table->sites[i].index);
		print_list(table);
	}
	site_table__free(table);
	if (!build_id__read(fd, build_id))
		FUZZ_CHECK(strlen(build_id) < sizeof(build_id));
	symbols = elf_symbols__new(fd);
	for (size_t i = 0; symbols && i < sizeof(OFFSETS) / sizeof(OFFSETS[0]); i++) {
		char *name;

		if (!elf_symbols__find(symbols, OFFSETS[i], &name))
			free(name);
	}
	elf_symbols__free(symbols);
	(void)elf__find_exports(fd, names, 2, distances);
	close(fd);
	fuzz__end();
	return 0;
}
