/* SPDX-License-Identifier: MIT */
/*
 * Texts about probes of others: the first line is what --usdt, --uprobe and --span take, all after it
 * the arguments in a note of a USDT probe, for each machine.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "foreign_probe.h"
#include "fuzz.h"
#include "nearest.h"
#include "usdt_operand.h"

static int find_symbol(void *ctx, const char *name, uint64_t *ret_vaddr)
{
	(void)ctx;
	*ret_vaddr = UINT64_MAX - strlen(name);
	return *name == 'f' ? 0 : -ENOENT;
}

static void check_probe(enum foreign_kind kind, const char *text)
{
	char error[256] = "";
	struct foreign_probe *probe = foreign_probe__parse(kind, text, error, sizeof(error));

	FUZZ_CHECK(!probe == !!*error);
	if (!probe)
		return;
	FUZZ_CHECK(*probe->where && *probe->name && probe->field_cnt <= TTLOG_MAX_FIELDS);
	for (size_t i = 0; i < probe->field_cnt; i++)
		FUZZ_CHECK(*probe->fields[i].name && probe->fields[i].step_cnt <= WIRE_MAX_STEPS);
	(void)foreign_glob__matches(probe->name, text);
	foreign_probe__free(probe);
}

static bool is_register(uint8_t word)
{
	return word < 34 || word == WIRE_NO_REGISTER;
}

static void check_operands(const struct usdt_scope *scope, const char *text)
{
	struct usdt_operand operand;

	while (usdt_operand__next(scope, &text, &operand)) {
		const struct wire_value *value = &operand.value;

		FUZZ_CHECK(value->from <= WIRE_MEMORY);
		FUZZ_CHECK((value->from == WIRE_NOTHING) == !!operand.why);
		FUZZ_CHECK(is_register(value->base) && is_register(value->index));
		FUZZ_CHECK(value->shift <= 8 && !value->step_cnt && !value->text);
		FUZZ_CHECK(operand.bytes && operand.bytes <= 8);
		FUZZ_CHECK(value->bytes <= operand.bytes);
	}
	FUZZ_CHECK(!*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usdt_scope scope = { .place = 0x1000, .find_symbol = find_symbol };
	char *text = malloc(size + 1), *rest, names[512];
	struct nearest nearest;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	rest = strchr(text, '\n');
	if (rest)
		*rest++ = '\0';
	fuzz__begin();
	for (int kind = FOREIGN_USDT; kind <= FOREIGN_SPAN; kind++)
		check_probe((enum foreign_kind)kind, text);
	for (int i = 0; rest && i < 4; i++) {
		scope.machine = i % 2 ? USDT_ARM64 : USDT_X86_64;
		scope.is_absolute = i / 2;
		check_operands(&scope, rest);
	}
	if (rest) {
		nearest = nearest__to(text);
		nearest__offer(&nearest, rest);
		(void)nearest__print(&nearest, names, sizeof(names));
	}
	fuzz__end();
	free(text);
	return 0;
}
