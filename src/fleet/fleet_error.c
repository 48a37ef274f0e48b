/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "fleet_error.h"

int fleet_error__set(struct fleet_error *error, int err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return err;
}

static const struct {
	natsStatus status;
	int err;
} statuses[] = {
	{ NATS_TIMEOUT, -ETIMEDOUT },
	{ NATS_NO_MEMORY, -ENOMEM },
	{ NATS_NOT_FOUND, -ENOENT },
	{ NATS_NOT_PERMITTED, -EACCES },
	{ NATS_CONNECTION_AUTH_FAILED, -EACCES },
	{ NATS_INVALID_ARG, -EINVAL },
	{ NATS_CONNECTION_CLOSED, -ENOTCONN },
	{ NATS_CONNECTION_DISCONNECTED, -ENOTCONN },
	{ NATS_NO_SERVER, -ENOTCONN },
	{ NATS_STALE_CONNECTION, -ENOTCONN },
	{ NATS_IO_ERROR, -ENOTCONN },
	{ NATS_NO_RESPONDERS, -EHOSTUNREACH },
};

/* jsErrCode in nats/status.h. */
static const struct {
	int code, err;
} codes[] = {
	{ JSStreamNotFoundErr, -ENOENT },           { JSNoMessageFoundErr, -ENOENT },
	{ JSInsufficientResourcesErr, -ENOSPC },    { JSStorageResourcesExceededErr, -ENOSPC },
	{ JSMemoryResourcesExceededErr, -ENOSPC },  { JSStreamStoreFailedErr, -ENOSPC },
	{ JSAccountResourcesExceededErr, -ENOSPC }, { JSStreamNameExistErr, -EEXIST },
};

int fleet_error__of_code(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i].code == code)
			return codes[i].err;
	}
	return -EIO;
}

static int of_status(natsStatus status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].status == status)
			return statuses[i].err;
	}
	return -EIO;
}

/* libnats keeps the last reason of each thread, which may be an older one; before it stands the place
 * in its source. */
static const char *reason_of(natsStatus status)
{
	natsStatus last = NATS_OK;
	const char *reason = nats_GetLastError(&last), *place_end;

	if (last != status || !reason || !reason[0])
		return natsStatus_GetText(status);
	place_end = reason[0] == '(' ? strstr(reason, "): ") : NULL;
	return place_end ? place_end + 3 : reason;
}

int fleet_error__of_nats(struct fleet_error *error, natsStatus status, int code, const char *format,
			 ...)
{
	va_list arguments;
	size_t len;

	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	len = strlen(error->text);
	(void)snprintf(error->text + len, sizeof(error->text) - len, ": %s", reason_of(status));
	return code ? fleet_error__of_code(code) : of_status(status);
}
