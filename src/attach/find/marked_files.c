/* SPDX-License-Identifier: MIT */
#include "marked_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "attach.h"

void marked_files__fini(struct marked_files *files)
{
	free(files->items);
	*files = (struct marked_files){ 0 };
}

static bool is_same_inode(const struct find_file *a, const struct find_file *b)
{
	return a->inode == b->inode && a->dev == b->dev && a->generation == b->generation;
}

bool marked_files__has(const struct marked_files *files, const struct find_file *file,
		       struct timespec written)
{
	for (size_t i = 0; i < files->cnt; i++) {
		const struct marked_file *own = &files->items[i];

		if (is_same_inode(&own->file, file) && own->file.bytes == file->bytes &&
		    own->written.tv_sec == written.tv_sec &&
		    own->written.tv_nsec == written.tv_nsec)
			return true;
	}
	return false;
}

static void remove_at(struct marked_files *files, size_t at)
{
	memmove(&files->items[at], &files->items[at + 1],
		(--files->cnt - at) * sizeof(*files->items));
}

/* Processes that run the old contents hold them, too. */
static void drop_written_over(struct marked_files *files, struct attach *attach,
			      const struct find_file *file)
{
	for (size_t i = files->cnt; i-- > 0;) {
		if (!is_same_inode(&files->items[i].file, file))
			continue;
		attach__release(attach, &files->items[i].module, 1);
		remove_at(files, i);
	}
}

static void drop_oldest(struct marked_files *files, struct attach *attach)
{
	for (size_t i = 0; i < files->cnt; i++) {
		if (!attach__let_go(attach, files->items[i].module, false))
			continue;
		remove_at(files, i);
		return;
	}
}

int marked_files__add(struct marked_files *files, struct attach *attach,
		      const struct marked_file *file)
{
	int err;

	drop_written_over(files, attach, &file->file);
	if (files->cnt == MARKED_FILES_MAX)
		drop_oldest(files, attach);
	err = files->cnt == MARKED_FILES_MAX
		      ? -ENOSPC
		      : array__reserve(files->items, files->cnt + 1, &files->cap);
	if (err)
		attach__release(attach, &file->module, 1);
	else
		files->items[files->cnt++] = *file;
	return err;
}

void marked_files__sweep(struct marked_files *files, struct attach *attach,
			 void (*gone)(void *ctx, const struct find_file *file), void *ctx)
{
	for (size_t i = files->cnt; i-- > 0;) {
		const struct find_file file = files->items[i].file;

		if (!attach__let_go(attach, files->items[i].module, true))
			continue;
		remove_at(files, i);
		gone(ctx, &file);
	}
}
