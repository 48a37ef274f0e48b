/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "ask_request.h"
#include "ship_allow.h"

int ship_allow__parse(unsigned int *ret, const char *text, struct fleet_error *error)
{
	unsigned int allowed = 0;
	size_t len;

	if (!strcmp(text, "none")) {
		*ret = 0;
		return 0;
	}
	for (const char *item = text;; item += len + 1) {
		enum ask_command command;

		len = strcspn(item, ",");
		if (ask_command__find(&command, item, len))
			return fleet_error__set(error, -EINVAL,
						"'%.*s' is not status, list, trigger or level; or "
						"none, alone",
						(int)len, item);
		allowed |= 1u << command;
		if (!item[len])
			break;
	}
	*ret = allowed;
	return 0;
}
