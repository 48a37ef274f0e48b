/* SPDX-License-Identifier: MIT */
#include "file_key.h"

enum file_key file_key__find(struct ttlog_text name)
{
	if (ttlog_text_is(name, "host"))
		return FILE_KEY_HOST;
	if (ttlog_text_is(name, "service"))
		return FILE_KEY_SERVICE;
	return ttlog_text_is(name, "signature") ? FILE_KEY_SIGNATURE : FILE_KEY_NONE;
}

struct ttlog_text file_key__value(enum file_key key, const struct ttlog_info *info)
{
	switch (key) {
	case FILE_KEY_HOST:
		return info->host;
	case FILE_KEY_SERVICE:
		return info->service.len ? info->service : info->comm;
	case FILE_KEY_SIGNATURE:
		return info->signature;
	default:
		return (struct ttlog_text){ NULL, 0 };
	}
}
