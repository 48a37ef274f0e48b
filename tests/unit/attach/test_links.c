/* SPDX-License-Identifier: MIT */
/*
 * Lists of links, without a kernel side: none of these has a link in the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "links.h"

/* The last pid is the first in the list. */
static struct links *make_list(const pid_t *pids, size_t cnt)
{
	struct links *list = NULL;

	for (size_t i = 0; i < cnt; i++) {
		struct links *links = calloc(1, sizeof(*links));

		assert_non_null(links);
		links->pid = pids[i];
		links->next = list;
		list = links;
	}
	return list;
}

static void free_list(struct links *list)
{
	struct leaving leaving = { 0 };

	leaving__add_all(&leaving, list);
	leaving__close(&leaving);
}

static void test_links_share_keeps_that_for_all(void **state)
{
	static const pid_t pids[3][3] = { { 0, 7, 9 }, { 7, 0, 9 }, { 7, 9, 0 } };
	struct leaving leaving = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct links *list = make_list(pids[i], 3);

		assert_int_equal(links__cnt(list), 3);
		links__share(&list, &leaving);
		assert_int_equal(links__cnt(list), 1);
		assert_int_equal(list->pid, 0);
		assert_ptr_equal(links__of(list, 7), list);
		free_list(list);
	}
	leaving__close(&leaving);
}

static void test_links_share_needs_one_for_all(void **state)
{
	static const pid_t pids[2] = { 7, 9 };
	struct links *list = make_list(pids, 2), *none = NULL;
	struct leaving leaving = { 0 };

	(void)state;
	links__share(&list, &leaving);
	assert_int_equal(links__cnt(list), 2);
	links__share(&none, &leaving);
	assert_null(none);
	leaving__close(&leaving);
	free_list(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_share_keeps_that_for_all),
		cmocka_unit_test(test_links_share_needs_one_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
