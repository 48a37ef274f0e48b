/* SPDX-License-Identifier: MIT */
/* An ELF file: USDT probes of others, as sites and as the list that --list prints. */
#include <string.h>
#include <unistd.h>

#include "elf.h"
#include "foreign_list.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "foreign_sites.h"
#include "fuzz.h"
#include "site.h"

static void add(struct foreign_probes *probes, const char *text)
{
	char error[256];
	struct foreign_probe *probe =
		foreign_probe__parse(FOREIGN_USDT, text, error, sizeof(error));

	FUZZ_CHECK(probe && !foreign_probes__add(probes, probe));
}

static const struct site *find_site(const struct site_table *table, uint32_t index)
{
	for (size_t i = 0; i < table->cnt; i++)
		if (table->sites[i].index == index)
			return &table->sites[i];
	return NULL;
}

static void check_table(const struct site_table *table)
{
	for (size_t i = 1; i < table->cnt; i++)
		FUZZ_CHECK(table->sites[i - 1].index < table->sites[i].index);
	for (size_t i = 0; i < table->place_cnt; i++) {
		const struct foreign_place *place = &table->places[i];
		const struct site *site = find_site(table, place->plan.site);

		FUZZ_CHECK(site && site->nfields == place->plan.value_cnt);
		FUZZ_CHECK(site->nfields <= TTLOG_MAX_FIELDS && place->semaphore_offset % 2 == 0);
	}
}

static void print_list(const struct site_table *table, size_t own_cnt)
{
	const struct foreign_list_file file = { "a.out", table, own_cnt };
	char *text = NULL;
	size_t len = 0, cnt = 0;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out);
	FUZZ_CHECK(!foreign_list__print(out, &file, 1, &cnt));
	FUZZ_CHECK(!fclose(out));
	/* a file can't write to the user's terminal */
	FUZZ_CHECK(!memchr(text, '\033', len));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct foreign_probes *probes;
	struct foreign_report report = { 0 };
	int fd = fuzz__file(data, size);
	struct site_table *table;
	size_t own_cnt;

	if (!probes) {
		probes = foreign_probes__new();
		FUZZ_CHECK(probes);
		add(probes, "bank:*(a:str,b:str@8,c:u8@0@16,d:f64,d_len,e)");
		add(probes, "*:*");
	}
	fuzz__begin();
	table = elf__read_sites(fd, "program");
	own_cnt = table ? table->cnt : 0;
	if (table && !foreign_sites__add(table, probes, fd, "a.out", &report)) {
		check_table(table);
		print_list(table, own_cnt);
	}
	for (size_t i = 0; i < report.cnt; i++)
		FUZZ_CHECK(!strchr(report.lines[i], '\033'));
	foreign_report__fini(&report);
	site_table__free(table);
	fuzz__end();
	close(fd);
	return 0;
}
