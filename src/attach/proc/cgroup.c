/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "proc_file.h"

/* ID: digits in hexadecimal */
#define SHORT_ID 32u
#define LONG_ID  64u

int cgroup__read_path(uint32_t pid, char ret[CGROUP_PATH_BYTES])
{
	char line[CGROUP_PATH_BYTES + 8];
	int err = -ENOENT;
	FILE *file = proc_file__open("%u/cgroup", pid);

	if (!file)
		return -errno;
	while (err && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) || strlen(line + 3) >= CGROUP_PATH_BYTES)
			continue;
		strcpy(ret, line + 3);
		err = 0;
	}
	(void)fclose(file);
	return err;
}

/* A part of a path, between slashes. */
struct part {
	const char *text;
	size_t len;
};

/* The last part before *end; moves *end. False: there is none. */
static bool last_part(const char *path, size_t *end, struct part *ret)
{
	while (*end && path[*end - 1] == '/')
		(*end)--;
	ret->len = 0;
	while (*end && path[*end - 1] != '/') {
		(*end)--;
		ret->len++;
	}
	ret->text = path + *end;
	return ret->len;
}

static bool ends_in(const struct part *part, const char *end)
{
	const size_t len = strlen(end);

	return part->len > len && !memcmp(part->text + part->len - len, end, len);
}

static void copy(char ret[CGROUP_NAME_BYTES], const char *text, size_t len)
{
	if (len >= CGROUP_NAME_BYTES)
		len = 0;
	memcpy(ret, text, len);
	ret[len] = '\0';
}

static bool is_unit(const struct part *part)
{
	static const char *const ends[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (ends_in(part, ends[i]))
			return true;
	}
	return false;
}

void cgroup__unit(const char *path, char ret[CGROUP_NAME_BYTES])
{
	size_t end = strlen(path);
	struct part part;

	ret[0] = '\0';
	while (last_part(path, &end, &part)) {
		if (is_unit(&part)) {
			copy(ret, part.text, part.len);
			return;
		}
		if (!ret[0] && ends_in(&part, ".slice"))
			copy(ret, part.text, part.len);
	}
}

/* The last run of that many hexadecimal digits in a part: docker-ID.scope, cri-containerd-ID.scope,
 * crio-ID, libpod-ID.scope/container, ID. */
static bool find_id(const struct part *part, char ret[CGROUP_NAME_BYTES])
{
	size_t len = 0;

	for (size_t i = part->len; i-- > 0;) {
		len = isxdigit((unsigned char)part->text[i]) ? len + 1 : 0;
		if ((len == LONG_ID || len == SHORT_ID) &&
		    (!i || !isxdigit((unsigned char)part->text[i - 1]))) {
			copy(ret, part->text + i, len);
			return true;
		}
	}
	return false;
}

/* A name between two texts of a part. */
static bool find_name(const struct part *part, const char *begin, const char *end,
		      char ret[CGROUP_NAME_BYTES])
{
	const size_t begin_len = strlen(begin), end_len = strlen(end);

	if (part->len <= begin_len + end_len || memcmp(part->text, begin, begin_len) ||
	    memcmp(part->text + part->len - end_len, end, end_len))
		return false;
	copy(ret, part->text + begin_len, part->len - begin_len - end_len);
	return true;
}

void cgroup__container(const char *path, char ret[CGROUP_NAME_BYTES])
{
	size_t end = strlen(path);
	struct part part;

	ret[0] = '\0';
	while (last_part(path, &end, &part)) {
		if (find_id(&part, ret) || find_name(&part, "lxc.payload.", "", ret) ||
		    find_name(&part, "systemd-nspawn@", ".service", ret) ||
		    find_name(&part, "machine-", ".scope", ret))
			return;
	}
}
