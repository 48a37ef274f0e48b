/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnostics.h"
#include "leftover.h"
#include "new_file.h"
#include "sql_source.h"
#include "sql_tables.h"
#include "to_sqlite.h"

/* The virtual tables, from which the tables of the file are made. */
#define PREFIX     "snapshot_"
/* Each scan reads a chunk once, so there is little to keep. */
#define KEPT_BYTES (4u << 20)

struct export
{
	const char *path;
	char *temporary; /* in the same directory */
	sqlite3 *db;
	struct sql_source source;
};

static int fail(const struct export *export, const char *why)
{
	diagnostics__print(export->path, why);
	return -EIO;
}

static int run(struct export *export, const char *statements)
{
	return sqlite3_exec(export->db, statements, NULL, NULL, NULL)
		       ? fail(export, sqlite3_errmsg(export->db))
		       : 0;
}

/* Makes a file that only this process knows. */
static int make_temporary(struct export *export)
{
	struct stat st;
	mode_t mask;
	int fd, err;

	if (!lstat(export->path, &st)) {
		diagnostics__print(export->path, "it is there already: nothing was written");
		return -EEXIST;
	}
	if (asprintf(&export->temporary, "%s.XXXXXX", export->path) < 0)
		return diagnostics__print_errno(export->path, ENOMEM);
	leftover__hold();
	fd = mkostemp(export->temporary, O_CLOEXEC);
	if (fd >= 0)
		leftover__note(export->temporary, -1);
	leftover__release();
	if (fd < 0) {
		err = errno;
		free(export->temporary);
		export->temporary = NULL;
		return diagnostics__print_errno(export->path, err);
	}
	mask = umask(0);
	(void)umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
	close(fd);
	return 0;
}

static int open_database(struct export *export)
{
	int code = sqlite3_open_v2(export->temporary, &export->db, SQLITE_OPEN_READWRITE, NULL);

	if (!code)
		code = sql_tables__register(export->db, &export->source, PREFIX);
	if (code)
		return fail(export, sqlite3_errstr(code));
	/*
	 * The file is not seen before it is complete, so it needs no journal. Rows are appended,
	 * and full pages are not needed again: a cache of 64 MB was slower than one that fits into
	 * the processor's. It also bounds the memory for sorting an index.
	 */
	return run(export, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; "
			   "PRAGMA cache_size = -8192; PRAGMA page_size = 8192");
}

/* Makes a table of the kind, and runs statements. */
static int make_table(struct export *export, const struct sql_table_kind *kind,
		      const char *statements)
{
	struct out *text = &export->source.scratch;
	char *create;
	int err;

	out__clear(text);
	out__text(text, "CREATE TABLE ");
	out__text(text, kind->name);
	out__char(text, '(');
	kind->declare(kind, &export->source, text, true);
	out__char(text, ')');
	out__char(text, 0);
	create = text->err ? NULL : strdup(out__written(text).p);
	if (!create)
		return diagnostics__print_errno(export->path, ENOMEM);
	err = run(export, create);
	free(create);
	return err ? err : run(export, statements);
}

/*
 * The indices that most queries want; only rare levels are indexed. They are made before the rows
 * come: rows come in the order of ts, so the index is appended to, and the events need not be read
 * and sorted again.
 */
#define FILL_EVENTS                                                                                \
	"CREATE INDEX events_ts ON events(ts);"                                                    \
	"CREATE INDEX events_level ON events(level_number) WHERE level_number >= 3;"               \
	"INSERT INTO events SELECT * FROM " PREFIX "events"
#define FILL_SPANS                                                                                 \
	"INSERT INTO spans SELECT * FROM " PREFIX "spans;"                                         \
	"CREATE INDEX spans_duration ON spans(probe, duration_ns)"

static int copy_listings(struct export *export)
{
	const struct sql_table_kind *kind;
	int err = 0;

	for (size_t i = 0; !err && (kind = sql_listing__kind(i)); i++) {
		char *create = sqlite3_mprintf("CREATE TABLE %s AS SELECT * FROM " PREFIX "%s",
					       kind->name, kind->name);

		err = create ? run(export, create) : diagnostics__print_errno(export->path, ENOMEM);
		sqlite3_free(create);
	}
	return err;
}

static int fill(struct export *export)
{
	int err = open_database(export);

	if (!err)
		err = run(export, "BEGIN");
	if (!err)
		err = make_table(export, &SQL_EVENTS, FILL_EVENTS);
	if (!err)
		err = make_table(export, &SQL_SPANS, FILL_SPANS);
	if (!err)
		err = copy_listings(export);
	return err ? err : run(export, "COMMIT");
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

static int publish(const struct export *export)
{
	char *copy = strdup(export->path);
	int err = copy ? sync_path(export->temporary, O_RDONLY) : -ENOMEM;

	if (!err)
		err = new_file__rename(AT_FDCWD, export->temporary, export->path);
	if (!err)
		(void)sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);
	free(copy);
	return err ? diagnostics__print_errno(export->path, -err) : 0;
}

/* Whether any file has a header. What is wrong with the others is reported of each. */
static bool has_header(struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	for (size_t i = 0; i < reader_cnt; i++) {
		if (ttlog_snapshot_info(readers[i])->has_header)
			return true;
	}
	return false;
}

int to_sqlite__write(const char *path, struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	struct export export = { .path = path };
	int err = has_header(readers, reader_cnt) ? make_temporary(&export) : -ENODATA;

	if (err)
		return err;
	if (sql_source__init(&export.source, readers, reader_cnt)) {
		err = diagnostics__print_errno(path, ENOMEM);
	} else {
		export.source.store.max_bytes = KEPT_BYTES;
		err = fill(&export);
		(void)sqlite3_close(export.db);
		sql_source__fini(&export.source);
	}
	if (!err)
		err = publish(&export);
	(void)unlink(export.temporary);
	leftover__forget();
	free(export.temporary);
	return err;
}
