/* SPDX-License-Identifier: MIT */
/*
 * The files with sites (modules) that the collector is attached to, each parsed once, and the links
 * that keep their semaphores raised.
 *
 * Any thread may call this: the launch thread, the main thread and the drain thread do.
 */
#ifndef TTLOG_ATTACH_H
#define TTLOG_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct attached_process;
struct attach;
struct foreign_probes;
struct journal;
struct kernel;
struct linker;
struct site_choice;
struct site_filter;
struct site_table;

struct attach_options {
	struct kernel *kernel;
	const struct site_filter *site_filter; /* which sites to record */
	/*
	 * For links that serve one process alone: which of its sites to record, if not as all; NULL.
	 * It stays as long as attach. May wait for files of the process. The callback may be NULL.
	 */
	const struct site_filter *(*filter_of)(void *ctx, pid_t pid);
	void *filter_ctx;
	const struct foreign_probes
		*foreign;        /* probes that are not ours; NULL: none are recorded */
	uint8_t stack_from;      /* which events get a stack: STACK_PLACES_FROM(level), or off */
	struct journal *journal; /* gets the sites of each file; may be NULL */
	bool immediate;
	bool for_all;      /* links serve every process that maps the file, not one */
	bool traces;       /* it traces programs until they are linked */
	bool tells_starts; /* the kernel reports when a process begins to run a file with sites */
	bool sched;        /* with the sites of --sched: `kernel` has their programs */
};

/* NULL with errno. */
struct attach *attach__new(const struct attach_options *options);
/* Detaches. NULL is fine. */
void attach__free(struct attach *attach);

/* Takes ownership of attached; called before any site of that process is enabled. If another collector
 * records the process, it is called once more when they are, with ATTACH_LOOK_BATCHES. */
typedef void (*attach_before_fn)(void *ctx, struct attached_process *attached);

/* The result of attaching. */
struct attach_result {
	size_t module_cnt;    /* files with sites that are attached to */
	size_t site_cnt;      /* sites that are enabled in these */
	size_t marked_cnt;    /* sites in all files that were found, enabled or not */
	size_t malformed_cnt; /* notes of ttlog of an unknown version */
	/* the first file that could not be attached to, cut if it is long; "": none */
	char failed_path[256];
	bool unread; /* that file can't be read: it may have sites or not */
	/* if no site is enabled: lines with sites that filters could have chosen; cut after a line
	 * if they are many */
	char choices[2048];
	size_t new_cnt;       /* those of module_cnt that are new */
	char new_path[256];   /* the first of them, cut if it is long */
	bool looks_for_leaks; /* it traces its own threads at its end; only set with `traces` */
};

/*
 * Attaches to every file with sites that the process maps now, and to its dynamic linker, to learn
 * of later ones. Returns 0 or -errno: of reading its mappings, or of the first file that it could
 * not attach to; it attaches to the others.
 */
int attach__process(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		    struct attach_result *ret);

/*
 * For a process in which another thread than the first has called exec. For links of one process,
 * the kernel knows the process by its first thread at that time. That thread is gone, so such links
 * are never hit again. This closes them, so that attach__process() makes new ones.
 */
void attach__unlink(struct attach *attach, pid_t pid);

/*
 * As attach__process(), while the process's dynamic linker still works: attaches to new files among
 * those that are mapped by now. before() is only called if there is such a file. When all files are
 * mapped, call attach__process().
 */
int attach__starting(struct attach *attach, pid_t pid, attach_before_fn before, void *ctx,
		     struct attach_result *ret);

/*
 * For a program that the calling thread traces, at its exec: finds its dynamic linker, as
 * linker__find(). *ret_stops: from now on the program stops at a signal, which it can't see, each
 * time its linker reports libraries; then call attach__has_linked().
 */
int attach__begin_linking(struct attach *attach, pid_t pid, struct linker *ret_linker,
			  bool *ret_stops);
/* At such a stop: whether all libraries are mapped. */
bool attach__has_linked(struct attach *attach, pid_t pid, struct linker *linker);
/* No more such stops. */
void attach__end_linking(struct attach *attach, pid_t pid);

/* A file to attach to for every process. The first two are given. */
struct attach_file {
	int fd;
	const char *path;
	uint32_t number; /* of its module; 0: none */
	/* now attached to, and the module is held even while no process has it mapped; false: it
	 * was before, or it failed */
	bool is_new;
	/* 0 or -errno; -ENOEXEC: not an ELF file; -ENOENT: it has no sites */
	int err;
	struct attach_result result;
};

/* Attaches to files, for every process. before() is called once for each process that has some of
 * them mapped now. It looks at all processes once. */
void attach__files(struct attach *attach, struct attach_file *files, size_t cnt,
		   attach_before_fn before, void *ctx);
/*
 * The same for one file. Returns 0 or -errno; -ENOEXEC: not an ELF file; -ENOENT: also if it has no
 * sites. A module_cnt of 0: it was attached to already.
 */
int attach__file(struct attach *attach, const char *path, attach_before_fn before, void *ctx,
		 struct attach_result *ret);
/* Whether a file of attach__files() can be let go: no process has it, and if only_deleted, it has no
 * name any more. It is released then: the number is not valid any more. */
bool attach__let_go(struct attach *attach, uint32_t number, bool only_deleted);

/*
 * Opens the new files among those that the process has mapped, and adds them to `attached`. So a
 * crash report has names from the files that ran, even if an upgrade has replaced them since.
 */
void attach__keep_files(struct attach *attach, pid_t pid, struct attached_process *attached);

/*
 * A module stays as long as it is held. hold() holds it once more; false: it is gone. release()
 * releases modules; forget() does so for a process that has ended, and closes its own links.
 */
bool attach__hold(struct attach *attach, uint32_t number);
void attach__release(struct attach *attach, const uint32_t *modules, size_t cnt);
void attach__forget(struct attach *attach, pid_t pid, const uint32_t *modules, size_t cnt);
/*
 * Unused modules are freed in two steps, which are both slow. Between them the drain thread has to
 * take all messages that the kernel has for it.
 */
bool attach__has_unused(struct attach *attach); /* or links of processes that have ended */
void attach__find_unused(struct attach *attach);
bool attach__has_found_unused(struct attach *attach);
void attach__free_unused(struct attach *attach);

/*
 * From now on these sites are recorded. A site that stays on is never off meanwhile. ret: how many
 * modules and sites there are, and are on in all processes. 0 or -errno, the first: then the module
 * of ret->failed_path has the sites that it had.
 */
int attach__refilter(struct attach *attach, struct site_choice *choice, struct attach_result *ret);
/*
 * The sites that are on for this process alone, by the last attach__refilter(): those that came are
 * switched on, those that went off. modules: those that it has. ret->site_cnt: how many are on.
 */
int attach__refilter_process(struct attach *attach, uint32_t pid, const char *service,
			     const uint32_t *modules, size_t cnt, struct attach_result *ret);

/* The number of the module with the sites of --sched, which is always held; 0: none. */
uint32_t attach__sched_module(const struct attach *attach);

/* Closes the gates: programs stop recording. Their batches can still be flushed and pulled. */
void attach__close_gates(struct attach *attach);

/* The sites of a module by its number (1 and up); NULL: none. The caller frees them. */
struct site_table *attach__table(struct attach *attach, uint32_t number);
/*
 * A descriptor of the file with that build id, even if its path has another file by now. The caller
 * closes it. -ENOENT: it is not one of the modules or of the files that are kept.
 */
int attach__open(struct attach *attach, const char *build_id);
/* The path of that file when it was found; the caller frees it. NULL: attach__open() fails. */
char *attach__path(struct attach *attach, const char *build_id);
/* The build id of the file with these numbers in maps(5), if it is kept open: else another file may
 * get its inode number. 0 or -ENOENT. */
int attach__find_build_id(struct attach *attach, dev_t dev, uint64_t inode, char ret_build_id[41]);
/*
 * The service name of a process with these modules: that of the program with that build id, else of
 * one of the modules. NULL: there is none. The caller frees it.
 */
char *attach__service(struct attach *attach, const char *build_id, const uint32_t *modules,
		      size_t cnt);
/* Whether a file with sites was ever found. */
bool attach__has_marked(struct attach *attach);
size_t attach__enabled_cnt(struct attach *attach, uint32_t number);
/* Those that are on in this process. */
size_t attach__enabled_in(struct attach *attach, uint32_t number, pid_t pid);
/* All sites of a module. */
size_t attach__site_cnt(struct attach *attach, uint32_t number);

#endif /* TTLOG_ATTACH_H */
