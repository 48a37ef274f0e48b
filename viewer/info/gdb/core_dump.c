/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ttlog/read.h>
#include <unistd.h>

#include "core_dump.h"

#define SYSTEMD_DIR    "/var/lib/systemd/coredump"
#define BOOT_ID_DIGITS 32
#define NS_PER_US      1000u
#define NS_PER_S       1000000000u
/* A dump begins at the death. The snapshot may be written up to so much later or earlier. */
#define MAX_APART_NS   (600ull * NS_PER_S)

/* A boot id without its dashes. False: it is none. */
static bool plain_boot_id(struct ttlog_text text, char ret[BOOT_ID_DIGITS + 1])
{
	size_t cnt = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-')
			continue;
		if (cnt == BOOT_ID_DIGITS)
			return false;
		ret[cnt++] = text.p[i];
	}
	ret[cnt] = '\0';
	return cnt == BOOT_ID_DIGITS;
}

/* Whether it is core.COMM.UID.BOOTID.PID.MICROSECONDS[.zst] with these; COMM may have dots. */
static bool is_of(const char *name, const char *boot_id, uint64_t pid, uint64_t *ret_us)
{
	char wanted[BOOT_ID_DIGITS + 32];
	const char *at = NULL;
	unsigned long long us;

	(void)snprintf(wanted, sizeof(wanted), ".%s.%" PRIu64 ".", boot_id, pid);
	if (strncmp(name, "core.", 5) == 0)
		at = strstr(name, wanted);
	if (!at || sscanf(at + strlen(wanted), "%19llu", &us) != 1)
		return false;
	*ret_us = us;
	return true;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* A pid comes again: the one nearest to the snapshot. */
static char *find_systemd(const struct ttlog_info *info, const char *dir_path)
{
	char boot_id[BOOT_ID_DIGITS + 1], best[PATH_MAX] = "";
	uint64_t us, nearest = MAX_APART_NS;
	struct dirent *file;
	DIR *dir = plain_boot_id(info->boot_id, boot_id) ? opendir(dir_path) : NULL;

	while (dir && (file = readdir(dir))) {
		if (!is_of(file->d_name, boot_id, info->pid, &us) ||
		    apart(us * NS_PER_US, info->real_ns) > nearest)
			continue;
		nearest = apart(us * NS_PER_US, info->real_ns);
		(void)snprintf(best, sizeof(best), "%s/%s", dir_path, file->d_name);
	}
	if (dir)
		(void)closedir(dir);
	return best[0] ? strdup(best) : NULL;
}

/* One %X of the pattern; false: what it stands for is not known. The kernel writes ! for /. */
static bool put_word(FILE *out, char word, const struct ttlog_info *info, uint64_t time_s)
{
	switch (word) {
	case '%':
		fputc('%', out);
		return true;
	case 'p':
	case 'P':
		fprintf(out, "%" PRIu64, info->pid);
		return true;
	case 'u':
		fprintf(out, "%" PRIu64, info->uid);
		return info->has_uid;
	case 's':
		fprintf(out, "%" PRId64, info->crash->number);
		return info->crash->has_number;
	case 't':
		fprintf(out, "%" PRIu64, time_s);
		return true;
	case 'e':
		for (size_t i = 0; i < info->comm.len; i++)
			fputc(info->comm.p[i] == '/' ? '!' : info->comm.p[i], out);
		return info->comm.len > 0;
	case 'h':
		fprintf(out, "%.*s", (int)info->host.len, info->host.p);
		return info->host.len > 0;
	default:
		return false;
	}
}

/* NULL: not all of it is known, or there is no memory. */
static char *expand(const char *pattern, const struct ttlog_info *info, uint64_t time_s)
{
	char *path = NULL;
	size_t len;
	bool known = true;
	FILE *out = open_memstream(&path, &len);

	if (!out)
		return NULL;
	for (const char *p = pattern; *p && known; p++) {
		if (*p != '%')
			fputc(*p, out);
		else if (p[1])
			known = put_word(out, *++p, info, time_s);
	}
	if (fclose(out) || !known) {
		free(path);
		return NULL;
	}
	return path;
}

static bool is_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The dump's second may be one or two before that of the snapshot. */
static char *find_pattern(const struct ttlog_info *info, const char *pattern)
{
	const uint64_t time_s = info->real_ns / NS_PER_S;

	if (!pattern || pattern[0] != '/')
		return NULL;
	for (uint64_t back = 0; back <= 2; back++) {
		char *path = expand(pattern, info, time_s - back);

		if (path && is_file(path))
			return path;
		free(path);
	}
	return NULL;
}

char *core_dump__find_in(const struct ttlog_info *info, const struct core_dump_places *places)
{
	char *path;

	if (!info->has_pid || !info->crash->is_there)
		return NULL;
	path = find_systemd(info, places->systemd_dir);
	return path ? path : find_pattern(info, places->pattern);
}

/* The first line of a file of /proc; false: it can't be read. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool is_read = file && fgets(line, size, file);

	if (file)
		(void)fclose(file);
	if (is_read)
		line[strcspn(line, "\n")] = '\0';
	return is_read;
}

char *core_dump__find(const struct ttlog_info *info)
{
	struct core_dump_places places = { .systemd_dir = SYSTEMD_DIR };
	char pattern[256], host[256];

	/* the pattern of this machine says nothing of another one */
	if (gethostname(host, sizeof(host)) == 0 && strlen(host) == info->host.len &&
	    memcmp(host, info->host.p, info->host.len) == 0 &&
	    read_line("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)))
		places.pattern = pattern;
	return core_dump__find_in(info, &places);
}
