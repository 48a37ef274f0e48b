/* SPDX-License-Identifier: MIT */
/*
 * What a collector answers to ttlog-ctl, as it prints it: any JSON, of any shape. What it prints has
 * no bytes that a terminal obeys.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "print.h"
#include "rates.h"

static void check_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK((unsigned char)text[i] >= ' ' || text[i] == '\n');
}

static void print_all(json_t *answer)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out);
	print__status(out, answer);
	print__list(out, answer);
	print__switched(out, answer);
	print__reloaded(out, answer);
	FUZZ_CHECK(!fclose(out));
	check_text(text, len);
	free(text);
}

static void compute_rates(json_t *answer)
{
	struct rates rates = { 0 };

	for (int i = 0; i < RATES_SORT_CNT; i++) {
		rates__begin(&rates);
		FUZZ_CHECK(!rates__add(&rates, answer));
		rates__end(&rates, (enum rates_sort)i);
		FUZZ_CHECK(rates.totals.collector_cnt == 1);
	}
	rates__fini(&rates);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer;

	fuzz__begin();
	answer = json_loadb((const char *)data, size, 0, NULL);
	if (answer) {
		print_all(answer);
		compute_rates(answer);
	}
	json_decref(answer);
	fuzz__end();
	return 0;
}
