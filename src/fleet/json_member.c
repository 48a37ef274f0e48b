/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "json_member.h"

int json_member__text(char *to, size_t size, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const size_t len = json_string_length(value);

	to[0] = '\0';
	if (!value)
		return 0;
	if (!json_is_string(value) || len >= size || strlen(json_string_value(value)) != len)
		return -EBADMSG;
	memcpy(to, json_string_value(value), len + 1);
	return 0;
}

int json_member__number(uint64_t *ret, const json_t *object, const char *key)
{
	const json_int_t value = json_integer_value(json_object_get(object, key));

	*ret = value > 0 ? (uint64_t)value : 0;
	return value < 0 ? -EBADMSG : 0;
}
