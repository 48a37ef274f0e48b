/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "memory_group.h"

#define V1_MOUNT  "/memory"
/* v1 has a huge number if there is no limit; v2 has "max". */
#define MAX_LIMIT ((uint64_t)1 << 56)

/* The names of a hierarchy's files. */
struct kind {
	const char *limit, *used, *inactive;
};

static const struct kind v1 = { "memory.limit_in_bytes", "memory.usage_in_bytes",
				"total_inactive_file" };
static const struct kind v2 = { "memory.max", "memory.current", "inactive_file" };

/* The number after `key` and a space at the beginning of a line; key "": the file's first word. */
static bool read_number(const char *dir, const char *name, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);
	char line[PATH_MAX];
	bool found = false;
	FILE *file;

	if (snprintf(line, sizeof(line), "%s/%s", dir, name) >= (int)sizeof(line))
		return false;
	file = fopen(line, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strncmp(line, key, len) == 0 && sscanf(line + len, "%" SCNu64, ret) == 1;
	(void)fclose(file);
	return found;
}

/* What this cgroup has left, without those above. */
static uint64_t left_bytes(const char *dir, const struct kind *kind)
{
	uint64_t limit, used, inactive = 0;

	if (!read_number(dir, kind->limit, "", &limit) || limit > MAX_LIMIT ||
	    !read_number(dir, kind->used, "", &used))
		return UINT64_MAX;
	(void)read_number(dir, "memory.stat", kind->inactive, &inactive);
	used -= inactive < used ? inactive : used;
	return limit > used ? limit - used : 0;
}

/* The least of `dir` and those above it, up to the mount point. A container does not see all of
 * them. */
static uint64_t least_left_bytes(char *dir, size_t mount_len, const struct kind *kind)
{
	uint64_t least = UINT64_MAX;

	for (;;) {
		uint64_t left = left_bytes(dir, kind);

		if (left < least)
			least = left;
		if (strlen(dir) <= mount_len)
			return least;
		*strrchr(dir, '/') = '\0';
	}
}

uint64_t memory_group__left_bytes(const char *cgroups, const char *root)
{
	char line[PATH_MAX], dir[2 * PATH_MAX];
	uint64_t least = UINT64_MAX;
	FILE *file = fopen(cgroups, "re");

	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file)) {
		const char *v1_path = strstr(line, ":memory:/");
		const char *path = v1_path ? v1_path + strlen(":memory:") : line + strlen("0::");
		const char *mount = v1_path ? V1_MOUNT : "";
		uint64_t left;

		line[strcspn(line, "\n")] = '\0';
		if (!v1_path && strncmp(line, "0::/", 4) != 0)
			continue;
		(void)snprintf(dir, sizeof(dir), "%s%s%s", root, mount, path);
		left = least_left_bytes(dir, strlen(root) + strlen(mount), v1_path ? &v1 : &v2);
		if (left < least)
			least = left;
	}
	(void)fclose(file);
	return least;
}

uint64_t memory_group__own_left_bytes(void)
{
	return memory_group__left_bytes("/proc/self/cgroup", "/sys/fs/cgroup");
}
