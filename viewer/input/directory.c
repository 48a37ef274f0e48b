/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "default_snapshot.h"
#include "diagnostics.h"
#include "directory.h"
#include "options.h"

#define PART ".part"

struct names {
	char **items;
	size_t cnt, cap;
};

/* NAME.bin.part is an open segment, but not if it has just become NAME.bin. */
static const char *time_of(const char *name)
{
	const size_t len = strlen(name), part = strlen(PART);
	char whole[NAME_MAX + 1];
	const char *time;

	if (len <= part || len > NAME_MAX || strcmp(name + len - part, PART) != 0)
		return default_snapshot__time(name);
	memcpy(whole, name, len - part);
	whole[len - part] = '\0';
	time = default_snapshot__time(whole);
	return time ? name + (time - whole) : NULL;
}

static int compare(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	const int order = strcmp(time_of(one), time_of(other));

	return order ? order : strcmp(one, other);
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->cnt; i++)
		free(names->items[i]);
	free(names->items);
}

static bool is_open(const char *name)
{
	const size_t len = strlen(name);

	return len > strlen(PART) && !strcmp(name + len - strlen(PART), PART);
}

/* An open segment of which nothing was written yet. */
static bool is_blank(int dir_fd, const char *name)
{
	struct stat st;

	return is_open(name) && !fstatat(dir_fd, name, &st, 0) && !st.st_size;
}

static int list(const char *dir, struct names *ret)
{
	DIR *handle = opendir(dir);
	const struct dirent *entry;
	int err = 0;

	if (!handle)
		return -errno;
	while (!err && (entry = readdir(handle))) {
		if (!time_of(entry->d_name) || is_blank(dirfd(handle), entry->d_name))
			continue;
		if (array__reserve(ret->items, ret->cnt + 1, &ret->cap) ||
		    !(ret->items[ret->cnt] = strdup(entry->d_name)))
			err = -ENOMEM;
		else
			ret->cnt++;
	}
	closedir(handle);
	if (ret->cnt)
		qsort(ret->items, ret->cnt, sizeof(*ret->items), compare);
	return err;
}

/* Whether the next name is that of the same segment, complete. */
static bool is_complete_too(const struct names *names, size_t i)
{
	const size_t len = strlen(names->items[i]);

	for (size_t k = 0; k < names->cnt; k++) {
		if (k != i && strlen(names->items[k]) + strlen(PART) == len &&
		    !strncmp(names->items[k], names->items[i], len - strlen(PART)))
			return true;
	}
	return false;
}

static int add_path(struct directory_paths *paths, const char *dir, const char *name)
{
	const size_t len = strlen(dir);
	const char *slash = len && dir[len - 1] == '/' ? "" : "/";

	if (array__reserve(paths->items, paths->cnt + 1, &paths->cap) ||
	    asprintf(&paths->items[paths->cnt], "%s%s%s", dir, slash, name) < 0)
		return -ENOMEM;
	paths->cnt++;
	return 0;
}

static int add_file(struct options *ret, size_t *cap, char *path)
{
	if (array__reserve(ret->files, ret->file_cnt + 1, cap))
		return -ENOMEM;
	ret->files[ret->file_cnt++] = path;
	return 0;
}

static int add_dir(struct options *ret, size_t *cap, struct directory_paths *paths, const char *dir)
{
	struct names names = { .cnt = 0 };
	int err = list(dir, &names);

	if (err == -ENOMEM)
		err = diagnostics__print_errno("files", ENOMEM);
	else if (err)
		err = diagnostics__print_errno(dir, -err);
	else if (!names.cnt) {
		diagnostics__print(dir, "it is a directory without snapshots and segments");
		err = -ENOENT;
	}
	for (size_t i = 0; i < names.cnt && !err; i++) {
		if (is_open(names.items[i]) && is_complete_too(&names, i))
			continue;
		err = add_path(paths, dir, names.items[i]);
		if (!err)
			err = add_file(ret, cap, paths->items[paths->cnt - 1]);
		if (err)
			(void)diagnostics__print_errno("files", ENOMEM);
	}
	free_names(&names);
	return err;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !options__is_stdin(path) && !stat(path, &st) && S_ISDIR(st.st_mode);
}

int directory__expand(struct options *options, struct directory_paths *ret)
{
	struct options expanded = { .file_cnt = 0 };
	size_t cap = 0;
	bool has_dir = false;
	int err = 0;

	*ret = (struct directory_paths){ .cnt = 0 };
	for (size_t i = 0; i < options->file_cnt; i++)
		has_dir |= is_dir(options->files[i]);
	if (!has_dir)
		return 0;
	for (size_t i = 0; i < options->file_cnt && !err; i++) {
		if (is_dir(options->files[i]))
			err = add_dir(&expanded, &cap, ret, options->files[i]);
		else if (add_file(&expanded, &cap, options->files[i]))
			err = diagnostics__print_errno("files", ENOMEM);
	}
	if (err) {
		free(expanded.files);
		return err;
	}
	free(options->files);
	options->files = expanded.files;
	options->file_cnt = expanded.file_cnt;
	return 0;
}

void directory_paths__fini(struct directory_paths *paths)
{
	for (size_t i = 0; i < paths->cnt; i++)
		free(paths->items[i]);
	free(paths->items);
}
