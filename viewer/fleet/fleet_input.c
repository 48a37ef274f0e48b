/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cache_dir.h"
#include "diagnostics.h"
#include "fleet_input.h"
#include "out.h"
#include "progress.h"

#define FIXED_WORDS   24
#define LINE_BYTES    2048
#define ID_BYTES      65
#define OBJECT_FORMAT "%1100s"
#define OBJECT_BYTES  1101

/* ---- the child ---- */

static void add(char **argv, size_t *cnt, const char *option, const char *value)
{
	if (!value)
		return;
	argv[(*cnt)++] = (char *)option;
	argv[(*cnt)++] = (char *)value;
}

/* cache: NULL: it lists. */
static int start(struct fleet_input *fleet, const struct options *options, const char *cache)
{
	struct login_file files[LOGIN_FILES_CNT];
	char **argv = calloc(FIXED_WORDS + fleet->url_cnt + 1, sizeof(*argv));
	size_t cnt = 0;
	int err;

	if (!argv)
		return diagnostics__print_errno("files", ENOMEM);
	argv[cnt++] = "ttlog-fleet";
	argv[cnt++] = cache ? "fetch" : "list";
	add(argv, &cnt, "--cache", cache);
	add(argv, &cnt, "--cache-size", cache ? options->cache_size : NULL);
	if (cache)
		argv[cnt++] = "--hold";
	else
		add(argv, &cnt, "--format", options->format == FORMAT_JSON ? "json" : "text");
	login_files__list(&options->login, files);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add(argv, &cnt, files[i].option, files[i].path);
	argv[cnt++] = "--";
	for (size_t i = 0; i < fleet->url_cnt; i++)
		argv[cnt++] = fleet->urls[i];
	err = fleet_program__start(&fleet->program, argv);
	free(argv);
	fleet->is_running = !err;
	if (err == -ENOENT) {
		fprintf(stderr, "ttlog-view: %s\n", FLEET_PROGRAM_MISSING);
		return -EINVAL;
	}
	return err ? diagnostics__print_errno("ttlog-fleet", -err) : 0;
}

/* By its exit status. */
static int end(struct fleet_input *fleet)
{
	const int status = fleet_program__end(&fleet->program);
	char text[64];

	fleet->is_running = false;
	if (status <= 2)
		return status == 2 ? -EINVAL : status ? -EIO : 0;
	(void)snprintf(text, sizeof(text), "it ended with status %d", status);
	diagnostics__print("ttlog-fleet", text);
	return -EIO;
}

/* ---- files ---- */

static int add_file(struct fleet_input *fleet, const char *cache, size_t url, const char *id,
		    const char *object)
{
	struct options_name file = { .path = NULL };

	if (url >= fleet->url_cnt)
		return -EPROTO;
	if (array__reserve(fleet->names, fleet->name_cnt + 1, &fleet->name_cap) ||
	    array__reserve(fleet->places, fleet->name_cnt + 1, &fleet->place_cap) ||
	    asprintf(&file.path, "%s/%s.bin", cache, id) < 0)
		return -ENOMEM;
	file.name = strdup(object);
	if (!file.name) {
		free(file.path);
		return -ENOMEM;
	}
	fleet->places[fleet->name_cnt] = url;
	fleet->names[fleet->name_cnt++] = file;
	return 0;
}

/* Lines of fleet_fetch.h, up to the end. 1: it has ended. */
static int take_line(struct fleet_input *fleet, const char *cache, const char *line)
{
	char id[ID_BYTES], object[OBJECT_BYTES];
	uint64_t done, total;
	size_t url;
	int status;

	if (sscanf(line, "progress %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		progress__fetched(done, total);
		return 0;
	}
	if (sscanf(line, "file %zu %64[0-9a-f] " OBJECT_FORMAT, &url, id, object) == 3)
		return add_file(fleet, cache, url, id, object);
	if (sscanf(line, "end %d", &status) != 1)
		return -EPROTO;
	fleet->is_partial = status != 0;
	return 1;
}

/* 0; the exit status decides if there is no end. */
static int take_lines(struct fleet_input *fleet, const char *cache)
{
	char line[LINE_BYTES];
	int err = 0;

	progress__begin_fetch();
	while (!err && fgets(line, sizeof(line), fleet->program.out))
		err = take_line(fleet, cache, line);
	progress__end();
	if (err == 1)
		return 0;
	if (err)
		return diagnostics__print_errno("ttlog-fleet", -err);
	err = end(fleet);
	fleet->is_partial = true;
	return err ? err : -EPROTO;
}

/* Each URL becomes its files. */
static int replace(struct fleet_input *fleet, struct options *options)
{
	char **files = calloc(options->file_cnt + fleet->name_cnt + 1, sizeof(*files));
	size_t cnt = 0, url = 0;

	if (!files)
		return diagnostics__print_errno("files", ENOMEM);
	for (size_t i = 0; i < options->file_cnt; i++) {
		if (!options__is_fleet(options->files[i])) {
			files[cnt++] = options->files[i];
			continue;
		}
		for (size_t k = 0; k < fleet->name_cnt; k++) {
			if (fleet->places[k] == url)
				files[cnt++] = fleet->names[k].path;
		}
		url++;
	}
	free(options->files);
	options->files = files;
	options->file_cnt = cnt;
	options->names = fleet->names;
	options->name_cnt = fleet->name_cnt;
	if (cnt)
		return 0;
	if (!fleet->is_partial)
		diagnostics__print(fleet->urls[0], "there is no such file");
	return -ENOENT;
}

/* ---- from outside ---- */

static int find_urls(struct fleet_input *ret, const struct options *options)
{
	*ret = (struct fleet_input){ .urls = calloc(options->file_cnt + 1, sizeof(*ret->urls)) };
	if (!ret->urls)
		return diagnostics__print_errno("files", ENOMEM);
	for (size_t i = 0; i < options->file_cnt; i++) {
		if (options__is_fleet(options->files[i]))
			ret->urls[ret->url_cnt++] = options->files[i];
	}
	return 0;
}

int fleet_input__fetch(struct fleet_input *ret, struct options *options)
{
	char cache[PATH_MAX];
	int err = find_urls(ret, options);

	if (err || !ret->url_cnt)
		return err;
	err = cache_dir__make(cache);
	if (err == -EPERM)
		diagnostics__print(cache, "it is not of this user alone: use XDG_CACHE_HOME");
	else if (err)
		(void)diagnostics__print_errno(cache[0] ? cache : "no $HOME for the cache", -err);
	if (err)
		return -EIO;
	err = start(ret, options, cache);
	if (!err)
		err = take_lines(ret, cache);
	return err ? err : replace(ret, options);
}

int fleet_input__take(struct fleet_input *ret, struct options *options)
{
	const int err = find_urls(ret, options);
	size_t cnt = 0;

	for (size_t i = 0; !err && i < options->file_cnt; i++) {
		if (!options__is_fleet(options->files[i]))
			options->files[cnt++] = options->files[i];
	}
	if (!err)
		options->file_cnt = cnt;
	return err;
}

int fleet_input__list(struct fleet_input *fleet, const struct options *options, struct out *out)
{
	char bytes[1 << 16];
	size_t len, all = 0;
	int err = start(fleet, options, NULL);

	if (err)
		return err;
	while (!out->err && (len = fread(bytes, 1, sizeof(bytes), fleet->program.out))) {
		out__bytes(out, bytes, len);
		all += len;
	}
	err = end(fleet);
	if (out->err)
		return 0; /* the reader has seen enough; the child was stopped by that, too */
	if (!err && !all)
		diagnostics__print(fleet->urls[0], "there is no such file");
	return err;
}

void fleet_input__fini(struct fleet_input *fleet)
{
	if (fleet->is_running)
		(void)fleet_program__end(&fleet->program);
	for (size_t i = 0; i < fleet->name_cnt; i++) {
		free(fleet->names[i].path);
		free(fleet->names[i].name);
	}
	free(fleet->names);
	free(fleet->places);
	free(fleet->urls);
}
