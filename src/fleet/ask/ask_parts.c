/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "ask_parts.h"

/* Of an answer, without the head. */
static size_t part_bytes(size_t max_payload)
{
	const size_t most = ASK_PART_BYTES < max_payload ? ASK_PART_BYTES : max_payload;

	return most > 2 * ASK_PART_HEAD_BYTES ? most - ASK_PART_HEAD_BYTES : ASK_PART_HEAD_BYTES;
}

unsigned int ask_parts__count(size_t bytes, size_t max_payload)
{
	const size_t one = part_bytes(max_payload), cnt = bytes ? (bytes + one - 1) / one : 1;

	return cnt <= ASK_PARTS_MOST ? (unsigned int)cnt : 0;
}

size_t ask_parts__make(char **ret, const char *text, size_t bytes, size_t max_payload,
		       unsigned int number)
{
	const size_t one = part_bytes(max_payload), from = (number - 1) * one;
	const size_t len = bytes - from < one ? bytes - from : one;
	char *part = malloc(ASK_PART_HEAD_BYTES + len);
	size_t head;

	if (!part)
		return 0;
	head = (size_t)snprintf(part, ASK_PART_HEAD_BYTES, "%u/%u\n", number,
				ask_parts__count(bytes, max_payload));
	memcpy(part + head, text + from, len);
	*ret = part;
	return head + len;
}

/* ---- reading ---- */

/* A number of at most two digits at *at, which moves after it. 0: there is none. */
static unsigned int take_number(const char **at, const char *end)
{
	unsigned int number = 0;

	for (int i = 0; i < 2 && *at < end && ascii__is_digit(**at); i++)
		number = number * 10 + (unsigned int)(*(*at)++ - '0');
	return number;
}

/* What follows the head; NULL: it is not the next part. */
static const char *take_head(struct ask_parts *parts, const char *bytes, const char *end)
{
	const char *at = bytes;
	const unsigned int number = take_number(&at, end);
	unsigned int of;

	if (at == end || *at++ != '/')
		return NULL;
	of = take_number(&at, end);
	if (at == end || *at++ != '\n' || number != parts->cnt + 1 || of < number ||
	    of > ASK_PARTS_MOST || (parts->of && of != parts->of))
		return NULL;
	parts->of = of;
	parts->cnt = number;
	return at;
}

static bool append(struct ask_parts *parts, const char *bytes, size_t len)
{
	if (parts->len + len > ASK_ANSWER_MOST_BYTES ||
	    array__reserve(parts->text, parts->len + len + 1, &parts->cap))
		return false;
	memcpy(parts->text + parts->len, bytes, len);
	parts->len += len;
	parts->text[parts->len] = '\0';
	return true;
}

bool ask_parts__take(struct ask_parts *parts, const char *bytes, size_t len)
{
	const char *const end = bytes + len, *at = take_head(parts, bytes, end);

	if (!at || !append(parts, at, (size_t)(end - at)))
		parts->is_broken = true;
	return parts->is_broken || parts->cnt == parts->of;
}
