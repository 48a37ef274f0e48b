/* SPDX-License-Identifier: MIT */
/* stack_places.c on a program with marks. */
#include "foreign_fixture.h"

#include <unistd.h>

#include "elf.h"
#include "site.h"
#include "stack_places.h"
#include "temp_dir.h"

static char dir[64] = "/tmp/ttlog-test-stacks.XXXXXX";
static int fd;

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = foreign_fixture__build(dir, "reports", "-O2 -Iinclude tests/apps/reports.c -lpthread");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(fd);
	return temp_dir__remove(dir);
}

/* How many places there are; each is in code, and of a site of that level or above. */
static size_t places_from(uint8_t from)
{
	struct site_table *table = elf__read_sites(fd, "reports");
	size_t cnt;

	assert_non_null(table);
	assert_int_equal(stack_places__add(table, from, fd), 0);
	cnt = table->place_cnt;
	for (size_t i = 0; i < cnt; i++) {
		const struct foreign_place *place = &table->places[i];
		const struct site *site = site_table__find(table, place->plan.site);
		unsigned char byte;

		assert_int_equal(place->plan.kind, WIRE_PLACE_STACK);
		assert_int_equal(place->semaphore_offset, 0);
		assert_non_null(site);
		assert_true(STACK_PLACES_FROM(site->level) >= from);
		assert_int_equal(pread(fd, &byte, 1, (off_t)place->offset), 1);
#if defined(__x86_64__)
		assert_int_equal(byte, 0x90); /* nop */
#endif
	}
	site_table__free(table);
	return cnt;
}

static void test_stack_places_by_level(void **state)
{
	const size_t errors = places_from(STACK_PLACES_FROM(TTLOG_LEVEL_ERROR));

	(void)state;
	assert_true(errors >= 1);
	assert_true(places_from(STACK_PLACES_FROM(TTLOG_LEVEL_TRACE)) > errors);
	assert_int_equal(places_from(STACK_PLACES_FROM(TTLOG_LEVEL_FATAL)), 0);
	assert_int_equal(places_from(STACK_PLACES_OFF), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_places_by_level),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
