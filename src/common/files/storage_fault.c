/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "storage_fault.h"

static const char *const names[STORAGE_FAULT_CNT] = {
	[STORAGE_NO_ROOM] = "no_room", [STORAGE_READ_ONLY] = "read_only", [STORAGE_IO] = "io",
	[STORAGE_GONE] = "gone",       [STORAGE_REFUSED] = "refused",     [STORAGE_SHORT] = "short",
	[STORAGE_OTHER] = "other",
};

enum storage_fault storage_fault__of(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STORAGE_NO_ROOM;
	case EROFS:
		return STORAGE_READ_ONLY;
	case EIO:
	case ENXIO:
	case ENODEV:
	case ETIMEDOUT:
		return STORAGE_IO;
	case ENOENT:
	case ENOTDIR:
	case ESTALE:
		return STORAGE_GONE;
	case EPERM:
	case EACCES:
		return STORAGE_REFUSED;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return STORAGE_SHORT;
	default:
		return STORAGE_OTHER;
	}
}

const char *storage_fault__name(enum storage_fault fault)
{
	return names[fault];
}
