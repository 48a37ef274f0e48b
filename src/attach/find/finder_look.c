/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "elf.h"
#include "foreign_sites.h"
#include "finder_parts.h"
#include "maps.h"
#include "site.h"
#include "start_time.h"

/* Perf events don't tell change times: files that they report are looked at again, in case they
 * were written over. */
#define KNOWN_NS 10000000000ull

void finder__set(struct finder *finder, const struct find_file *file, enum find_state state)
{
	struct file_known *known;

	pthread_mutex_lock(&finder->lock);
	known = file_cache__get(&finder->cache, file);
	if (known) {
		known->state = state;
		known->again_ns = clock__now_mono_ns() + KNOWN_NS;
	}
	pthread_mutex_unlock(&finder->lock);
	/* those of map_events have no change time */
	if (file->ctime_ns)
		exec_events__set(finder->execs, file, state);
}

static enum find_state state_of(struct finder *finder, const struct find_file *file)
{
	const struct file_known *known;
	enum find_state state;

	pthread_mutex_lock(&finder->lock);
	known = file_cache__find(&finder->cache, file);
	state = known ? known->state : FIND_NEW;
	finder->counts.look_cnt++;
	pthread_mutex_unlock(&finder->lock);
	return state;
}

/* Also true for marks that can't be read: the user is told. False, and no error: it has none. */
static bool has_marks(const struct finder *finder, int fd, const char *path, int *ret_err)
{
	struct site_table *table = elf__read_sites(fd, NULL);
	bool has;

	*ret_err = table || errno == ENOEXEC ? 0 : -errno;
	if (table && finder->options.foreign)
		*ret_err = foreign_sites__add(table, finder->options.foreign, fd, path, NULL);
	has = table && (site_table__has_sites(table) || table->malformed_cnt);
	site_table__free(table);
	return has;
}

/* Reads a file that is not known. */
static enum find_state read_state(struct finder *finder, int fd, const char *path,
				  const struct find_file *file)
{
	int err;

	if (!has_marks(finder, fd, path, &err)) {
		/* after an error it is tried again, when it is reported again */
		if (!err)
			finder__set(finder, file, FIND_KNOWN);
		return FIND_KNOWN;
	}
	if (!finder->options.chooses)
		return FIND_NEW;
	finder__set(finder, file, FIND_EACH);
	return FIND_EACH;
}

static bool is_own(struct finder *finder, const struct find_file *file)
{
	if (memcmp(file, &finder->own, sizeof(*file)))
		return false;
	finder__set(finder, file, FIND_KNOWN);
	return true;
}

void finder__inspect(struct finder *finder, int fd, const char *path, struct found_file *ret)
{
	*ret = (struct found_file){ .fd = fd, .state = FIND_KNOWN };
	if (!exec_events__identify(finder->execs, fd, &ret->file) && !is_own(finder, &ret->file)) {
		ret->state = state_of(finder, &ret->file);
		/* the kernel may have forgotten it */
		if (ret->state != FIND_NEW)
			exec_events__set(finder->execs, &ret->file, ret->state);
		else
			ret->state = read_state(finder, fd, path, &ret->file);
	}
	if (ret->state == FIND_NEW)
		return;
	(void)close(fd);
	ret->fd = -1;
}

/* ---- attaching ---- */

static struct timespec written(int fd)
{
	struct stat status = { 0 };

	(void)fstat(fd, &status);
	return status.st_mtim;
}

static bool is_in(const struct found_file *files, size_t cnt, const struct find_file *file)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!memcmp(&files[i].file, file, sizeof(*file)))
			return true;
	}
	return false;
}

/* Keeps those that are to be attached to: overlayfs shows one file in several places, and the
 * change time of one that is known may be new. Returns how many. */
static size_t choose(struct finder *finder, struct found_file *files, size_t cnt)
{
	size_t chosen_cnt = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct found_file *file = &files[i];

		if (!is_in(files, chosen_cnt, &file->file) &&
		    !marked_files__has(&finder->marked, &file->file, written(file->fd))) {
			files[chosen_cnt++] = *file;
			continue;
		}
		finder__set(finder, &file->file, FIND_KNOWN);
		(void)close(file->fd);
		free(file->path);
	}
	return chosen_cnt;
}

static void forget(void *ctx, const struct find_file *file)
{
	struct finder *finder = ctx;

	finder__set(finder, file, FIND_NEW);
	exec_events__forget(finder->execs, file);
}

/* Without room in the list, the file is recorded as long as a process has it, and found anew later. */
static void keep(struct finder *finder, const struct found_file *file, uint32_t module)
{
	const struct marked_file marked = {
		.file = file->file,
		.written = written(file->fd),
		.module = module,
	};

	if (marked_files__add(&finder->marked, finder->options.attach, &marked))
		forget(finder, &file->file);
}

static void attach_chosen(struct finder *finder, const struct found_file *files, size_t cnt)
{
	const struct finder_options *options = &finder->options;
	struct attach_file *tries = calloc(cnt, sizeof(*tries));

	if (!tries)
		return;
	for (size_t i = 0; i < cnt; i++)
		tries[i] = (struct attach_file){ .fd = files[i].fd, .path = files[i].path };
	attach__files(options->attach, tries, cnt, options->before, options->ctx);
	for (size_t i = 0; i < cnt; i++) {
		finder__set(finder, &files[i].file, FIND_KNOWN);
		if (tries[i].is_new && !tries[i].err)
			keep(finder, &files[i], tries[i].number);
	}
	options->attached(options->ctx, tries, cnt);
	free(tries);
}

void finder__attach(struct finder *finder, struct found_file *files, size_t cnt)
{
	pthread_mutex_lock(&finder->attaching);
	cnt = choose(finder, files, cnt);
	if (cnt)
		attach_chosen(finder, files, cnt);
	pthread_mutex_unlock(&finder->attaching);
	for (size_t i = 0; i < cnt; i++) {
		(void)close(files[i].fd);
		free(files[i].path);
	}
}

void finder__sweep(struct finder *finder)
{
	pthread_mutex_lock(&finder->attaching);
	marked_files__sweep(&finder->marked, finder->options.attach, forget, finder);
	pthread_mutex_unlock(&finder->attaching);
}

/* ---- one file of one process ---- */

void finder__consider(struct finder *finder, pid_t pid, uint64_t start_ns)
{
	const struct finder_options *options = &finder->options;

	if (options->chooses(options->ctx, pid))
		options->chosen(options->ctx, pid, start_ns);
}

/* What the report calls it: the same file, or one of a program that ran before the process's present
 * one. */
static void set_reported(struct finder *finder, const struct look *look,
			 const struct find_file *found, enum find_state state)
{
	if (!look->file.ctime_ns && look->file.inode == found->inode)
		finder__set(finder, &look->file, state);
}

static void look_at(struct finder *finder, const struct look *look, const struct maps_entry *entry)
{
	int fd = maps__open((pid_t)look->pid, entry);
	struct found_file found;

	if (fd < 0) {
		/* a device */
		if (fd == -ENODEV)
			finder__set(finder, &look->file, FIND_KNOWN);
		return;
	}
	finder__inspect(finder, fd, entry->path, &found);
	set_reported(finder, look, &found.file, found.state == FIND_NEW ? FIND_KNOWN : found.state);
	if (found.state == FIND_EACH)
		finder__consider(finder, (pid_t)look->pid, look->start_ns);
	if (found.state != FIND_NEW)
		return;
	found.path = strdup(entry->path);
	if (found.path)
		finder__attach(finder, &found, 1);
	else
		(void)close(found.fd);
}

void finder__look(struct finder *finder, const struct look *look)
{
	const struct maps_entry *entry;
	struct maps *maps;

	if (look->is_each) {
		finder__consider(finder, (pid_t)look->pid, look->start_ns);
		return;
	}
	if (look->start_ns && !start_time__is((pid_t)look->pid, look->start_ns))
		return;
	maps = maps__read((pid_t)look->pid);
	entry = maps ? maps__find(maps, look->address) : NULL;
	if (entry && entry->inode)
		look_at(finder, look, entry);
	maps__free(maps);
}
