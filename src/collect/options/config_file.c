/* SPDX-License-Identifier: MIT */
/*
 * inih cuts what is longer than its buffers, says neither the line nor the beginning of a section
 * without keys, and stops at a zero. So it gets its lines from here, one by one, after a check, and
 * never a section's header.
 */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_file.h"
#include "given.h"
#include "plain_file.h"
#include "settings.h"
#include "target.h"

#define BOM             "\xef\xbb\xbf"
#define BLANKS          " \t\r"
#define TARGET          "target"
#define MAX_NAME        64
#define TARGET_NAME_SET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:-"

struct reading {
	const struct config *config;
	const char *path, *text, *end;
	unsigned line;
	bool in_target; /* the last one */
	int err;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct reading *reading,
							 const char *format, ...)
{
	const int len = snprintf(reading->error, reading->error_size, "%s:%u: ", reading->path,
				 reading->line);
	va_list args;

	reading->err = -EINVAL;
	va_start(args, format);
	if ((size_t)len < reading->error_size)
		(void)vsnprintf(reading->error + len, reading->error_size - (size_t)len, format,
				args);
	va_end(args);
}

/* ---- sections and keys ---- */

static struct target *last_target(const struct reading *reading)
{
	return &reading->config->targets->items[reading->config->targets->cnt - 1];
}

/* NULL: no memory. */
static char *place_of(struct reading *reading)
{
	char *place;

	if (asprintf(&place, "%s:%u", reading->path, reading->line) >= 0)
		return place;
	reading->err = -ENOMEM;
	return NULL;
}

/* `header`: from after its "[", without blanks at its end. */
static void begin_section(struct reading *reading, char *header)
{
	struct target_list *targets = reading->config->targets;
	size_t len = strlen(header), blanks;
	const struct target *same;
	char *name = header + strlen(TARGET), *place;

	if (!len || header[len - 1] != ']') {
		refuse(reading, "a section's line ends with ]");
		return;
	}
	header[len - 1] = '\0';
	blanks = strncmp(header, TARGET, strlen(TARGET)) ? 0 : strspn(name, BLANKS);
	name += blanks;
	if (!blanks || !*name || name[strspn(name, TARGET_NAME_SET)] || strlen(name) > MAX_NAME) {
		refuse(reading,
		       "[%.80s] is no section: they are [target NAME], the name of letters, digits and ._@:-, %d at most",
		       header, MAX_NAME);
		return;
	}
	same = target_list__find(targets, name);
	if (same)
		refuse(reading, "[target %s] is in %s, too", name, same->place);
	else if (targets->cnt == CONFIG_MAX_TARGETS)
		refuse(reading, "there are more than %d sections", CONFIG_MAX_TARGETS);
	place = reading->err ? NULL : place_of(reading);
	if (place && target_list__add(targets, name, place))
		reading->err = -ENOMEM;
	free(place);
	reading->in_target = true;
}

/* What can be there only once in this file. */
static bool is_twice(struct reading *reading, const struct given_list *list,
		     const struct setting *setting)
{
	const size_t len = strlen(reading->path);
	const struct given *given = NULL;

	if (!(setting->flags & SETTING_REPEATS))
		given = given_list__find(list, setting);
	if (!given || strncmp(given->place, reading->path, len) || given->place[len] != ':')
		return false;
	refuse(reading, "%s is in %s, too", setting__long_name(setting), given->place);
	return true;
}

static void take_setting(struct reading *reading, const char *key, const char *value)
{
	const struct setting *setting = setting__of_long_name(key);
	struct given_list *list = reading->config->given;
	char *place;

	if (!setting || !setting__is_in_file(setting)) {
		refuse(reading, "'%.80s' is no key%s", key,
		       setting ? ": it is for the command line only" : "");
		return;
	}
	if (reading->in_target && !(setting->flags & SETTING_OF_TARGET)) {
		refuse(reading, "%s is no key of a section: it holds for all, before the first one",
		       key);
		return;
	}
	if (reading->in_target)
		list = &last_target(reading)->given;
	if (!value && setting->form)
		refuse(reading, "%s takes %s: write %s = ...", key, setting->form, key);
	if (reading->err || is_twice(reading, list, setting))
		return;
	place = place_of(reading);
	if (place && given_list__put(list, setting, value, place))
		reading->err = -ENOMEM;
	free(place);
}

static int take_key(void *ctx, const char *section, const char *key, const char *value)
{
	struct reading *reading = ctx;
	const struct target_key *target_key = NULL;

	(void)section;
	if (reading->err)
		return 1;
	if (reading->in_target)
		target_key = target_key__find(key);
	if (!target_key)
		take_setting(reading, key, value);
	else if (!value || !*value)
		refuse(reading, "%s: it takes a pattern such as /usr/bin/*", key);
	else if (target__add_glob(last_target(reading), target_key, value))
		reading->err = -ENOMEM;
	return 1;
}

/* ---- lines ---- */

/* Of no use in a text, and it would come out again in messages. */
static bool has_control(struct reading *reading, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)line[i];

		if ((c >= ' ' && c != 0x7f) || c == '\t' || (c == '\r' && i + 1 == len))
			continue;
		refuse(reading, "byte 0x%02x in column %zu: this is no text", c, i + 1);
		return true;
	}
	return false;
}

/* As fgets(3), of at most `size` bytes. */
static char *next_line(char *line, int size, void *ctx)
{
	struct reading *reading = ctx;
	const char *end, *text = reading->text;
	char *start;
	size_t len;

	if (reading->err || text == reading->end)
		return NULL;
	end = memchr(text, '\n', (size_t)(reading->end - text));
	len = (size_t)((end ? end : reading->end) - text);
	reading->line++;
	reading->text = end ? end + 1 : reading->end;
	if (len >= (size_t)size) {
		refuse(reading, "a line of more than %d bytes", size - 1);
		return NULL;
	}
	if (has_control(reading, text, len))
		return NULL;
	memcpy(line, text, len);
	while (len && strchr(BLANKS, line[len - 1]))
		len--;
	line[len] = '\0';
	start = line + strspn(line, BLANKS);
	if (*start == '[') {
		begin_section(reading, start + 1);
		*line = '\0';
	}
	return line;
}

static int find_empty(struct reading *reading, size_t from)
{
	const struct target_list *targets = reading->config->targets;

	for (size_t i = from; i < targets->cnt && !reading->err; i++) {
		if (targets->items[i].glob_cnt)
			continue;
		reading->err = -EINVAL;
		(void)snprintf(
			reading->error, reading->error_size,
			"%s: [target %s] is for no process: it needs exe, unit, cgroup or service",
			targets->items[i].place, targets->items[i].name);
	}
	return reading->err;
}

int config_file__parse(const char *path, const char *text, size_t len, const struct config *config,
		       char *error, size_t error_size)
{
	const size_t bom = len >= 3 && !memcmp(text, BOM, 3) ? 3 : 0;
	const size_t earlier_targets = config->targets->cnt;
	struct reading reading = {
		.config = config,
		.path = path,
		.text = text + bom,
		.end = text + len,
		.error = error,
		.error_size = error_size,
	};

	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_allow_no_value = true;
	ini_stop_on_first_error = true;
	ini_max_line = CONFIG_LINE_BYTES;
	if (ini_parse_stream(next_line, &reading, take_key, &reading) < 0)
		return -ENOMEM;
	return find_empty(&reading, earlier_targets);
}

/* ---- the file ---- */

static int fail(const char *path, const char *why, int err, char *error, size_t error_size)
{
	(void)snprintf(error, error_size, "%s: %s%s", path, why, err ? strerror(-err) : "");
	return err ? err : -EPERM;
}

/* In a directory such as /tmp, others can't replace a file that is ours. */
static int check_owner(int fd, const char *path, char *error, size_t error_size)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail(path, "", -errno, error, error_size);
	if (st.st_uid && st.st_uid != geteuid())
		return fail(path, "it belongs neither to root nor to the user who runs this", 0,
			    error, error_size);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX)))
		return fail(path, "others can write to it (chmod go-w)", 0, error, error_size);
	return 0;
}

/* real: without symbolic links; it is changed. */
static int open_in_dir(const char *path, char *real, char *error, size_t error_size)
{
	char *slash = strrchr(real, '/');
	const char *dir = slash > real ? real : "/";
	int dir_fd, path_fd = -1, fd = -1, err;

	*slash = '\0';
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fail(dir, "can't open it: ", -errno, error, error_size);
	err = check_owner(dir_fd, dir, error, error_size);
	if (!err) {
		path_fd = openat(dir_fd, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		fd = path_fd < 0 ? -errno : plain_file__reopen(path_fd);
		err = fd >= 0         ? check_owner(fd, path, error, error_size)
		      : fd == -ENODEV ? fail(path, "it is no regular file", 0, error, error_size)
				      : fail(path, "can't open it: ", fd, error, error_size);
	}
	if (path_fd >= 0)
		(void)close(path_fd);
	(void)close(dir_fd);
	if (err && fd >= 0)
		(void)close(fd);
	return err ? err : fd;
}

static int open_file(const char *path, char *error, size_t error_size)
{
	char *real = realpath(path, NULL);
	int fd;

	if (!real)
		return fail(path, "can't open it: ", -errno, error, error_size);
	fd = open_in_dir(path, real, error, error_size);
	free(real);
	return fd;
}

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int config_file__read(const char *path, const struct config *config, char *error, size_t error_size)
{
	char *text;
	ssize_t len;
	int fd = open_file(path, error, error_size), err;

	if (fd < 0)
		return fd;
	text = malloc(CONFIG_MAX_BYTES + 1);
	len = text ? read_all(fd, text, CONFIG_MAX_BYTES + 1) : -ENOMEM;
	(void)close(fd);
	if (len < 0)
		err = fail(path, "can't read it: ", (int)len, error, error_size);
	else if (len > CONFIG_MAX_BYTES)
		err = fail(path, "it has more than 256 KiB", 0, error, error_size);
	else
		err = config_file__parse(path, text, (size_t)len, config, error, error_size);
	free(text);
	return err;
}
