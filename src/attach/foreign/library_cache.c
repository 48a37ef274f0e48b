/* SPDX-License-Identifier: MIT */
/* The form is that of glibc's sysdeps/generic/dl-cache.h, since 2.2; an older one may come before
 * it. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library_cache.h"
#include "plain_file.h"

#define MAGIC "glibc-ld.so.cache1.1"

#if defined(__aarch64__)
#define OWN_FLAGS 0x0a03 /* FLAG_AARCH64_LIB64 | FLAG_ELF_LIBC6 */
#else
#define OWN_FLAGS 0x0303 /* FLAG_X8664_LIB64 | FLAG_ELF_LIBC6 */
#endif

struct cache_head {
	char magic[20];
	uint32_t entry_cnt;
	uint32_t text_bytes;
	uint32_t more[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t name, path; /* from the head on */
	uint32_t os_version;
	uint64_t capability; /* of the CPU that it is for */
};

struct library_cache {
	char *bytes; /* a zero follows */
	size_t len;
	size_t start; /* of the head */
};

static char *read_all(int fd, size_t *ret_len)
{
	struct stat status;
	size_t len = 0;
	char *bytes;

	if (fstat(fd, &status) || status.st_size < 0 || status.st_size > LIBRARY_CACHE_MAX_BYTES)
		return NULL;
	bytes = malloc((size_t)status.st_size + 1);
	while (bytes && len < (size_t)status.st_size) {
		const ssize_t got = read(fd, bytes + len, (size_t)status.st_size - len);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	if (bytes)
		bytes[len] = '\0';
	*ret_len = len;
	return bytes;
}

struct library_cache *library_cache__new(const char *path)
{
	struct library_cache *cache = calloc(1, sizeof(*cache));
	const int fd = cache ? plain_file__open(path) : -1;
	char *head = NULL;

	if (fd >= 0) {
		cache->bytes = read_all(fd, &cache->len);
		(void)close(fd);
	}
	if (cache && cache->bytes)
		head = memmem(cache->bytes, cache->len, MAGIC, strlen(MAGIC));
	if (!head || cache->len - (size_t)(head - cache->bytes) < sizeof(struct cache_head)) {
		library_cache__free(cache);
		return NULL;
	}
	cache->start = (size_t)(head - cache->bytes);
	return cache;
}

void library_cache__free(struct library_cache *cache)
{
	if (!cache)
		return;
	free(cache->bytes);
	free(cache);
}

bool library_cache__find(const struct library_cache *cache, const char *name,
			 char ret_path[PATH_MAX])
{
	struct cache_head head;
	const char *base;
	size_t room;

	if (!cache)
		return false;
	base = cache->bytes + cache->start;
	room = cache->len - cache->start;
	memcpy(&head, base, sizeof(head));
	for (size_t i = 0; i < head.entry_cnt; i++) {
		const size_t at = sizeof(head) + i * sizeof(struct cache_entry);
		struct cache_entry entry;

		if (at + sizeof(entry) > room)
			return false;
		memcpy(&entry, base + at, sizeof(entry));
		if (entry.flags != OWN_FLAGS || entry.capability || entry.name >= room ||
		    entry.path >= room || strcmp(base + entry.name, name) != 0)
			continue;
		return snprintf(ret_path, PATH_MAX, "%s", base + entry.path) < PATH_MAX;
	}
	return false;
}
