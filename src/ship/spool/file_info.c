/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "file_info.h"

#define SERVICE_ATTRIBUTE   "user.ttlog.service"
#define SIGNATURE_ATTRIBUTE "user.ttlog.signature"
#define UNKNOWN_SERVICE     "unknown"
/* Of all files that are asked ahead: each destination keeps so much. */
#define AHEAD_MOST_BYTES    (512u << 10)

/* "ttlog-PID-YYYYMMDDHHMMSSmmm-REASON.bin" in its parts. */
struct name_parts {
	long long pid;
	char time[18];
	char reason[FLEET_NAME_BYTES];
};

static void split_name(const char *name, struct name_parts *ret)
{
	char *end;

	*ret = (struct name_parts){ .pid = 0 };
	if (sscanf(name, "ttlog-%lld-%17[0-9]-%255s", &ret->pid, ret->time, ret->reason) != 3)
		return;
	end = strrchr(ret->reason, '.');
	if (end)
		*end = '\0';
}

static void read_attribute(int fd, const char *attribute, char *ret, size_t size)
{
	const ssize_t len = fgetxattr(fd, attribute, ret, size - 1);

	ret[len > 0 ? len : 0] = '\0';
}

/* An object of what is known without opening the file. */
static json_t *guess(const char *name, int fd, const char *host)
{
	char service[FLEET_NAME_BYTES], signature[FLEET_NAME_BYTES], time[40] = "";
	struct name_parts parts;
	json_t *object;

	split_name(name, &parts);
	read_attribute(fd, SERVICE_ATTRIBUTE, service, sizeof(service));
	read_attribute(fd, SIGNATURE_ATTRIBUTE, signature, sizeof(signature));
	if (strlen(parts.time) == 17)
		(void)snprintf(time, sizeof(time), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%.3sZ",
			       parts.time, parts.time + 4, parts.time + 6, parts.time + 8,
			       parts.time + 10, parts.time + 12, parts.time + 14);
	object = json_pack("{s:s, s:I, s:s, s:s}", "host", host, "pid", (json_int_t)parts.pid,
			   "reason", parts.reason, "created_at", time);
	/* what is no UTF-8 is left out */
	if (object && service[0])
		(void)json_object_set_new(object, "service", json_string(service));
	if (object && signature[0])
		(void)json_object_set_new(object, "signature", json_string(signature));
	return object;
}

static void copy_text(char ret[FLEET_NAME_BYTES], const json_t *object, const char *key,
		      const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	(void)snprintf(ret, FLEET_NAME_BYTES, "%s", text && text[0] ? text : otherwise);
}

int file_info__read(struct file_info *ret, struct info_helper *helper, const char *name, int fd,
		    const char *host)
{
	struct name_parts parts;
	char *said = info_helper__ask(helper, name, FILE_INFO_MOST_BYTES);
	const int err = said ? 0 : errno;
	json_t *object = said ? json_loads(said, 0, NULL) : NULL;

	free(said);
	ret->json = NULL;
	if (err && err != ENODATA && err != EMSGSIZE && err != ETIMEDOUT)
		return -err;
	if (!json_is_object(object)) {
		json_decref(object);
		object = guess(name, fd, host);
	}
	ret->json = object ? json_dumps(object, JSON_COMPACT) : NULL;
	split_name(name, &parts);
	copy_text(ret->service, object, "service", UNKNOWN_SERVICE);
	copy_text(ret->reason, object, "reason", parts.reason);
	json_decref(object);
	return ret->json ? 0 : -ENOMEM;
}

void file_info__begin(struct info_helper *helper, size_t who, const struct spool_names *names)
{
	info_helper__begin(helper, who, names, AHEAD_MOST_BYTES);
}

void file_info__fini(struct file_info *info)
{
	free(info->json);
	info->json = NULL;
}
