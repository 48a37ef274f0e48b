/* SPDX-License-Identifier: MIT */
/*
 * function_exits.c, code_parts.c, code_map.c, decoder.c and indirect_*.c on files that clang makes
 * of exits_x86.S and exits_arm64.S, and on our own libraries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "elf_file.h"
#include "function_exits.h"
#include "temp_dir.h"

enum {
	RETURNS = 0,
	JUMPS = 1,
	REFUSED = 2,
	ENDLESS = 3
};

struct expected {
	uint64_t function, place, kind;
};

struct code {
	char dir[64];
	int fd;
	struct function_list *list;
	struct function_exits *exits;
	struct expected expected[128];
	size_t cnt;
};

static void run(const char *command)
{
	int status = system(command);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: status %d", command, status);
}

static struct code *make(const char *target, const char *source, const char *after)
{
	struct code *code = calloc(1, sizeof(*code));
	uint64_t number = 0;
	char command[512];
	ElfW(Shdr) section;

	assert_non_null(code);
	strcpy(code->dir, "/tmp/ttlog-test-exits.XXXXXX");
	assert_non_null(mkdtemp(code->dir));
	(void)snprintf(command, sizeof(command),
		       "clang --target=%s -nostdlib -static -fuse-ld=lld -Wl,--eh-frame-hdr "
		       "-o %s/code tests/unit/attach/foreign/%s && %s %s/code",
		       target, code->dir, source, after, code->dir);
	run(command);
	(void)snprintf(command, sizeof(command), "%s/code", code->dir);
	code->fd = open(command, O_RDONLY | O_CLOEXEC);
	assert_true(code->fd >= 0);
	code->list = function_list__new(code->fd);
	assert_non_null(code->list);
	code->exits = function_exits__new(code->list);
	assert_non_null(code->exits);
	assert_int_equal(elf_file__next_section(code->list->file, &number, SHT_PROGBITS, "expected",
						&section),
			 1);
	code->cnt = section.sh_size / sizeof(struct expected);
	assert_in_range(code->cnt, 1, ARRAY_SIZE(code->expected));
	assert_int_equal(elf_file__read(code->list->file, section.sh_offset, code->expected,
					section.sh_size),
			 0);
	return code;
}

static void drop(struct code *code)
{
	function_exits__free(code->exits);
	function_list__free(code->list);
	close(code->fd);
	assert_int_equal(temp_dir__remove(code->dir), 0);
	free(code);
}

static bool is_expected(const struct code *code, const struct function *function,
			const struct function_exit *exit)
{
	for (size_t i = 0; i < code->cnt; i++) {
		uint64_t offset;

		if (code->expected[i].function == function->vaddr &&
		    code->expected[i].kind == (exit->is_jump ? JUMPS : RETURNS) &&
		    !elf_file__offset(code->list->file, code->expected[i].place, 1, PF_X,
				      &offset) &&
		    offset == exit->offset)
			return true;
	}
	return false;
}

static void check(struct code *code, const struct function *function, size_t expected_cnt,
		  uint64_t kind)
{
	const struct function_exit *list;
	char why[128] = "";
	size_t cnt;
	int err = function_exits__find(code->exits, function, &list, &cnt, why, sizeof(why));

	if (kind == REFUSED) {
		if (err != -EINVAL || strlen(why) < 10)
			fail_msg("%s: %d, not refused", function->symbol, err);
		return;
	}
	if (err)
		fail_msg("%s: %s", function->symbol, why);
	if (cnt != expected_cnt)
		fail_msg("%s has %zu exits, not %zu", function->symbol, cnt, expected_cnt);
	for (size_t i = 0; i < cnt; i++) {
		if (!is_expected(code, function, &list[i]))
			fail_msg("%s: an exit at offset 0x%lx", function->symbol,
				 (unsigned long)list[i].offset);
	}
}

static void check_all(struct code *code)
{
	size_t checked = 0;

	for (size_t i = 0; i < code->cnt; i++) {
		const struct expected *first = &code->expected[i];
		const struct function *function = function_list__at(code->list, first->function);
		size_t cnt = 0;

		if (i && first[-1].function == first->function)
			continue;
		assert_non_null(function);
		for (size_t k = 0; k < code->cnt; k++)
			cnt += code->expected[k].function == first->function &&
			       code->expected[k].kind <= JUMPS;
		check(code, function, cnt, first->kind);
		checked++;
	}
	assert_true(checked > 5);
}

static void test_function_exits_of_x86(void **state)
{
	struct code *code = make("x86_64-linux-gnu", "exits_x86.S", "test -f");

	(void)state;
	check_all(code);
	drop(code);
}

static void test_function_exits_of_arm64(void **state)
{
	struct code *code = make("aarch64-linux-gnu", "exits_arm64.S", "test -f");

	(void)state;
	check_all(code);
	drop(code);
}

static const struct function *named(const struct code *code, const char *name)
{
	for (size_t i = 0; i < code->list->cnt; i++) {
		if (!strcmp(code->list->items[i].symbol, name))
			return &code->list->items[i];
	}
	fail_msg("no %s", name);
	return NULL;
}

static void test_function_exits_says_why(void **state)
{
	static const struct {
		const char *name, *why;
	} cases[] = {
		{ "conditional", "a conditional jump to another function at +0x2" },
		{ "computed", "an indirect jump at +0x7" },
		{ "falls_through", "it goes on in the code after it, at +0x2" },
		{ "no_code", "what is at +0x5 is no instruction" },
		{ "locked", "the kernel can't probe its first instruction" },
		{ "no_size", "how long it is is not known" },
	};
	struct code *code = make("x86_64-linux-gnu", "exits_x86.S", "test -f");
	const struct function_exit *list;
	char why[128];
	size_t cnt;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		why[0] = '\0';
		assert_int_equal(function_exits__find(code->exits, named(code, cases[i].name),
						      &list, &cnt, why, sizeof(why)),
				 -EINVAL);
		assert_string_equal(why, cases[i].why);
	}
	drop(code);
}

static void test_function_exits_checks_the_start(void **state)
{
	struct code *code = make("x86_64-linux-gnu", "exits_x86.S", "test -f");
	char why[128];

	(void)state;
	assert_int_equal(
		function_exits__check_start(code->exits, named(code, "plain"), why, sizeof(why)),
		0);
	assert_int_equal(
		function_exits__check_start(code->exits, named(code, "locked"), why, sizeof(why)),
		-EINVAL);
	/* how long it is does not matter here */
	assert_int_equal(
		function_exits__check_start(code->exits, named(code, "no_size"), why, sizeof(why)),
		0);
	drop(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_exits_of_x86),
		cmocka_unit_test(test_function_exits_of_arm64),
		cmocka_unit_test(test_function_exits_says_why),
		cmocka_unit_test(test_function_exits_checks_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
