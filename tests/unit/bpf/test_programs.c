/* SPDX-License-Identifier: MIT */
/* The BPF programs as they are loaded: the rules for all programs of a kind. */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ttlog.skel.h"

#define IS_OF_STACK(insn) ((insn)->src_reg == BPF_REG_10 || (insn)->dst_reg == BPF_REG_10)

static bool has_stack(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	bool found = false;

	for (size_t i = 0; !found && i < bpf_program__insn_cnt(program); i++)
		found = IS_OF_STACK(&insns[i]);
	return found;
}

static bool has_tail_call(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	bool found = false;

	for (size_t i = 0; !found && i < bpf_program__insn_cnt(program); i++)
		found = insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == 0 &&
			insns[i].imm == BPF_FUNC_tail_call;
	return found;
}

/* See share_no_stack() in bpf/state.bpf.h. */
static void test_programs_of_uprobes_have_their_own_stack(void **state)
{
	struct ttlog_bpf *skel = ttlog_bpf__open();
	struct bpf_program *program;
	int cnt = 0;

	(void)state;
	assert_non_null(skel);
	bpf_object__for_each_program(program, skel->obj)
	{
		if (strcmp(bpf_program__section_name(program), "uprobe") != 0)
			continue;
		cnt++;
		if (has_stack(program) && !has_tail_call(program))
			fail_msg("%s has no share_no_stack()", bpf_program__name(program));
	}
	assert_in_range(cnt, 2, 100);
	ttlog_bpf__destroy(skel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs_of_uprobes_have_their_own_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
