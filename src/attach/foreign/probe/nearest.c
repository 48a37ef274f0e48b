/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "nearest.h"

struct nearest nearest__to(const char *wrong)
{
	return (struct nearest){ .wrong = wrong };
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters have to be added, removed, replaced or exchanged with the next one to make b of
 * a (optimal string alignment). Rows are kept for two letters back.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NEAREST_MAX_BYTES + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const char c = ascii__lower(a[i - 1]);

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			const char d = ascii__lower(b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1);
			row[j] = least(row[j], above[j - 1] + (c != d));
			if (i > 1 && j > 1 && c == ascii__lower(b[j - 2]) &&
			    d == ascii__lower(a[i - 2]))
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

/* -1: they are not near each other. */
static int measure(const char *wrong, const char *name)
{
	const size_t a = strlen(wrong), b = strlen(name), longer = a > b ? a : b;
	size_t steps;

	if (longer >= NEAREST_MAX_BYTES || !a || !b)
		return -1;
	steps = distance(wrong, a, name, b);
	if (steps <= 1 + longer / 4)
		return (int)steps;
	/* a part of it, which says something */
	if ((a > 3 && strstr(name, wrong)) || (b > 3 && strstr(wrong, name)))
		return (int)(NEAREST_MAX_BYTES + steps);
	return -1;
}

void nearest__offer(struct nearest *nearest, const char *name)
{
	const int steps = measure(nearest->wrong, name);
	size_t at = nearest->cnt;

	nearest->offered_cnt++;
	if (steps < 0)
		return;
	for (size_t i = 0; i < nearest->cnt; i++)
		if (!strcmp(nearest->found[i].name, name))
			return;
	while (at && nearest->found[at - 1].distance > (size_t)steps)
		at--;
	if (at == NEAREST_MAX_NAMES)
		return;
	if (nearest->cnt < NEAREST_MAX_NAMES)
		nearest->cnt++;
	for (size_t i = nearest->cnt - 1; i > at; i--)
		nearest->found[i] = nearest->found[i - 1];
	(void)snprintf(nearest->found[at].name, sizeof(nearest->found[at].name), "%s", name);
	nearest->found[at].distance = (size_t)steps;
}

const char *nearest__print(const struct nearest *nearest, char *ret, size_t size)
{
	const size_t enough = nearest->cnt ? nearest->found[0].distance * 2 + 1 : 0;
	size_t cnt = nearest->cnt, at = 0;

	/* what is much further than the nearest is not meant */
	while (cnt && nearest->found[cnt - 1].distance > enough)
		cnt--;
	ret[0] = '\0';
	for (size_t i = 0; i < cnt && at < size; i++) {
		const char *between = !i ? "" : i + 1 == cnt ? " or " : ", ";

		at += (size_t)snprintf(ret + at, size - at, "%s'%s'", between,
				       nearest->found[i].name);
	}
	return ret;
}
