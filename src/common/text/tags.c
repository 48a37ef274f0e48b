/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "tags.h"
#include "utf8.h"

void tags__fini(struct tags *tags)
{
	free(tags->items);
	*tags = (struct tags){ 0 };
}

static int refuse(char *ret_why, size_t why_size, const char *why)
{
	(void)snprintf(ret_why, why_size, "%s", why);
	return -EINVAL;
}

/* 0: the text begins with no key and '='. */
static size_t key_len(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				      "0123456789.-";
	const size_t first_cnt = strcspn(allowed, "0"), len = strspn(text, allowed);

	return text[len] == '=' && len && memchr(allowed, text[0], first_cnt) ? len : 0;
}

static bool is_plain(const char *value)
{
	const size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
	}
	return utf8__valid_bytes((const unsigned char *)value, len) == len;
}

static struct tag *find(const struct tags *tags, const char *key, size_t len)
{
	for (size_t i = 0; i < tags->cnt; i++) {
		if (strlen(tags->items[i].key) == len && !memcmp(tags->items[i].key, key, len))
			return &tags->items[i];
	}
	return NULL;
}

int tags__add(struct tags *tags, const char *text, char *ret_why, size_t why_size)
{
	const size_t len = key_len(text);
	const char *value = text + len + 1;
	struct tag *tag;

	if (!len)
		return refuse(
			ret_why, why_size,
			"it takes KEY=VALUE; a key has letters, digits, '_', '.' and '-', and "
			"begins with a letter or '_'");
	if (len > TAGS_KEY_MAX_BYTES || strlen(value) > TAGS_VALUE_MAX_BYTES)
		return refuse(ret_why, why_size,
			      "a key has at most 64 bytes, and a value at most 256");
	if (!is_plain(value))
		return refuse(ret_why, why_size, "a value is UTF-8 without control characters");
	tag = find(tags, text, len);
	if (!tag && tags->cnt == TAGS_MAX)
		return refuse(ret_why, why_size, "there are 32 tags already, and no more can be");
	if (!tag && array__reserve(tags->items, tags->cnt + 1, &tags->capacity))
		return -ENOMEM;
	if (!tag)
		tag = &tags->items[tags->cnt++];
	memcpy(tag->key, text, len);
	tag->key[len] = '\0';
	memcpy(tag->value, value, strlen(value) + 1);
	return 0;
}
