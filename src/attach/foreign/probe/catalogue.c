/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ascii.h"
#include "catalogue.h"
#include "foreign_probes.h"
#include "plain_file.h"

struct place {
	const char *path;
	unsigned int line;
	char *error;
	size_t size;
};

static int refuse(const struct place *place, const char *why)
{
	(void)snprintf(place->error, place->size, "%s:%u: %s", place->path, place->line, why);
	return -EINVAL;
}

static int fail(const struct place *place, int err)
{
	(void)snprintf(place->error, place->size, "%s: %s", place->path, strerror(-err));
	return err;
}

static int take_line(struct foreign_probes *probes, char *text, const struct place *place)
{
	char error[256] = "out of memory";
	struct foreign_probe *probe;

	text[strcspn(text, "#\r\n")] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '\t')
			*at = ' ';
	text = ascii__trim(text);
	if (!*text)
		return 0;
	probe = foreign_probe__parse(FOREIGN_USDT, text, error, sizeof(error));
	if (!probe)
		return errno == EINVAL ? refuse(place, error) : fail(place, -errno);
	if (probe->has_level) {
		foreign_probe__free(probe);
		return refuse(place, "a line of the catalogue has no level");
	}
	return foreign_probes__add_known(probes, probe) ? fail(place, -ENOMEM) : 0;
}

static int read_lines(struct foreign_probes *probes, FILE *in, struct place *place)
{
	char line[CATALOGUE_MAX_LINE_BYTES];
	int err = 0;

	while (!err && fgets(line, sizeof(line), in)) {
		place->line++;
		if (!strchr(line, '\n') && !feof(in))
			return refuse(place, "the line is too long");
		err = take_line(probes, line, place);
	}
	return !err && ferror(in) ? fail(place, -EIO) : err;
}

static int read_file(struct foreign_probes *probes, const char *path, char *ret_error, size_t size)
{
	struct place place = { .path = path, .error = ret_error, .size = size };
	int fd = plain_file__open(path), err;
	struct stat status;
	FILE *in;

	if (fd < 0)
		return fail(&place, fd);
	if (fstat(fd, &status) || status.st_size > CATALOGUE_MAX_FILE_BYTES) {
		(void)close(fd);
		return fail(&place, -EFBIG);
	}
	in = fdopen(fd, "re");
	if (!in) {
		(void)close(fd);
		return fail(&place, -ENOMEM);
	}
	err = read_lines(probes, in, &place);
	(void)fclose(in);
	return err;
}

static int is_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".conf");
}

int catalogue__read_dir(struct foreign_probes *probes, const char *dir, char *ret_error,
			size_t size)
{
	const struct place place = { .path = dir, .error = ret_error, .size = size };
	struct dirent **entries;
	char path[PATH_MAX];
	int cnt = scandir(dir, &entries, is_conf, alphasort), err = 0;

	if (cnt < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : fail(&place, -errno);
	for (int i = 0; i < cnt; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (!err)
			err = read_file(probes, path, ret_error, size);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* The directory that belongs to this program; in PREFIX/bin, or in build/. */
static void find_dir(char ret[PATH_MAX])
{
	static const char *const places[] = { "../share/ttlog/probes", "probes" };
	char own[PATH_MAX - 32], *slash;
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

	(void)snprintf(ret, PATH_MAX, "%s", CATALOGUE_SYSTEM_DIR);
	if (len <= 0)
		return;
	own[len] = '\0';
	slash = strrchr(own, '/');
	if (!slash)
		return;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[PATH_MAX], real[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", own, places[i]);
		if (!realpath(path, real))
			continue;
		memcpy(ret, real, sizeof(real));
		return;
	}
}

int catalogue__read(struct foreign_probes *probes, char *ret_error, size_t size)
{
	char dir[PATH_MAX];
	int err = catalogue__read_dir(probes, CATALOGUE_USER_DIR, ret_error, size);

	find_dir(dir);
	return err ? err : catalogue__read_dir(probes, dir, ret_error, size);
}
