/* SPDX-License-Identifier: MIT */
/*
 * What the collector is attached to: files with sites (modules), each parsed once, and the links
 * that hold their semaphores up.
 *
 * May be called from any thread: the launch thread, the main thread and the drain thread do.
 */
#ifndef TTLOG_ATTACH_H
#define TTLOG_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct attached_process;
struct attach;
struct journal;
struct kernel;
struct linker;
struct site_filter;
struct site_table;

struct attach_options {
	struct kernel *kernel;
	const struct site_filter *site_filter; /* which sites to record */
	struct journal *journal;               /* gets the sites of each file; NULL: nobody does */
	bool immediate;
	bool for_all;      /* links serve every process that maps the file, not one */
	bool traces;       /* programs, until they have linked */
	bool tells_starts; /* the kernel tells of who begins to run a file with sites */
	bool verbose;
};

/* NULL with errno. */
struct attach *attach__new(const struct attach_options *options);
/* Detaches. NULL is fine. */
void attach__free(struct attach *attach);

/* Takes ownership of attached; called before any site of that process is enabled. */
typedef void (*attach_before_fn)(void *ctx, struct attached_process *attached);

/* What was found, and what became of it. */
struct attach_result {
	size_t module_cnt;    /* files with sites that are attached to */
	size_t site_cnt;      /* sites that are enabled in these */
	size_t marked_cnt;    /* sites in all files that were found, enabled or not */
	size_t malformed_cnt; /* notes of ttlog that can't be understood: another version's */
	/* the first file that could not be attached to, cut where it is long; "" for none */
	char failed_path[256];
	bool unread; /* because it can't be read: it may have sites or not */
	/* where no site is enabled, lines of what filters could have chosen, cut after a line where
	 * they are many */
	char choices[2048];
	size_t new_cnt;       /* of module_cnt, those that nothing was attached to before */
	char new_path[256];   /* the first of them, likewise */
	bool looks_for_leaks; /* it traces its own threads at its end; asked with `traces` only */
};

/*
 * Attaches to every file with sites that the process maps now, and to its dynamic linker, to learn
 * of later ones. 0, or -errno: of reading its mappings, or
 * of the first file that could not be attached to; the others are.
 */
int attach__process(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		    struct attach_result *ret);

/*
 * A thread of it that was not the first has called exec. The kernel knows a process for which links
 * are by its first thread as of then: that is gone, and they serve nobody any more. Links that serve
 * it alone go, so that attach__process() makes new ones.
 */
void attach__unlink(struct attach *attach, pid_t pid);

/*
 * The same for a process whose dynamic linker is still at work: attaches to what is mapped by now
 * and was not attached to before. before() is called only where there is such a file. Once all is
 * there, attach__process() has to follow.
 */
int attach__starting(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		     struct attach_result *ret);

/*
 * A program that the calling thread traces, at its exec: finds its dynamic linker, as
 * linker__find(). *ret_stops: from now on it stops ahead of a signal, which it can't see, each time
 * that its linker has told of libraries; then attach__has_linked() is to be asked.
 */
int attach__begin_linking(struct attach *attach, pid_t pid, struct linker *ret_linker,
			  bool *ret_stops);
/* At such a stop. */
bool attach__has_linked(struct attach *attach, pid_t pid, struct linker *linker);
/* No more such stops. */
void attach__end_linking(struct attach *attach, pid_t pid);

/*
 * Attaches to one file, for every process; before() is called for each that has it mapped now.
 * 0 or -errno; -ENOEXEC: no ELF file, -ENOENT: also where it has no sites. A module_cnt of 0: it is
 * attached to already.
 */
int attach__file(struct attach *attach, const char *path, attach_before_fn before, void *ctx,
		 struct attach_result *ret);

/*
 * Opens the files that the process has mapped and that were not seen before, so that a crash report
 * has names from what ran, not from what an upgrade has put in its place since. They are added to
 * attached.
 */
void attach__keep_files(struct attach *attach, pid_t pid, struct attached_process *attached);

/*
 * A module stays as long as it is held. Whether it is there, to be held once more; once less, and of
 * a process that has ended, with what serves it alone.
 */
bool attach__hold(struct attach *attach, uint32_t number);
void attach__release(struct attach *attach, const uint32_t *modules, size_t cnt);
void attach__forget(struct attach *attach, pid_t pid, const uint32_t *modules, size_t cnt);
/*
 * What nobody holds is freed in two steps, both slow. Between them the drain thread has to take all
 * that the kernel has for it.
 */
bool attach__has_unused(struct attach *attach);
void attach__find_unused(struct attach *attach);
bool attach__has_found_unused(struct attach *attach);
void attach__free_unused(struct attach *attach);

/* Lets the gates go: programs stop recording; what they have can still be flushed and pulled. */
void attach__close_gates(struct attach *attach);

/* The sites of a module by its number (1 and up), NULL for none; to be freed. */
struct site_table *attach__table(struct attach *attach, uint32_t number);
/*
 * A descriptor of the file with that build id, whatever stands at its path by now; the caller
 * closes it. -ENOENT where it is none of the modules and of the files that are kept.
 */
int attach__open(struct attach *attach, const char *build_id);
/* The path that it was seen at; to be freed. NULL where attach__open() gives none. */
char *attach__path(struct attach *attach, const char *build_id);
/* Of the file that maps shows by these, where it is kept open: the number is another file's else,
 * one day. 0 or -ENOENT. */
int attach__find_build_id(struct attach *attach, dev_t dev, uint64_t inode, char ret_build_id[41]);
/*
 * The service that a process is: what the program with that build id calls itself, else one of the
 * modules. NULL for none; to be freed.
 */
char *attach__service(struct attach *attach, const char *build_id);
/* Whether a file with sites was ever found. */
bool attach__has_marked(struct attach *attach);
size_t attach__enabled_cnt(struct attach *attach, uint32_t number);

#endif /* TTLOG_ATTACH_H */
