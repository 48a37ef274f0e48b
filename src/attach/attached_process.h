/* SPDX-License-Identifier: MIT */
/*
 * A process that the collector attaches to, and the batches that it had before. Events in these
 * were not recorded for this collector; its accounts of the process begin after them.
 */
#ifndef TTLOG_ATTACHED_PROCESS_H
#define TTLOG_ATTACHED_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/abi.h"
#include "mappings.h"
#include "source.h"

struct attach;
struct maps;
struct process_settings;
struct wire_batch;

/*
 * Why to look at a process, in a thread that may wait for it and for its files. The result is an
 * attached_process.
 */
enum attach_look {
	ATTACH_LOOK_NEW = 1,     /* it logs, and was not known before */
	ATTACH_LOOK_LIBRARY = 2, /* it has mapped another library */
	ATTACH_LOOK_EXEC = 4,    /* it runs another program */
	ATTACH_LOOK_CRASH = 8,   /* it dies: read its mappings while they exist */
	/* with pid 0: look for modules that no process has any more, to free them */
	ATTACH_FIND_UNUSED = 16,
	ATTACH_FREE_UNUSED = 32,
	/* with ATTACH_LOOK_EXEC: links for this process alone are no longer hit */
	ATTACH_LOOK_UNLINKED = 64,
	ATTACH_LOOK_BATCHES = 128, /* attached_process__new_second() */
};

struct attached_process {
	uint32_t pid;
	/* Not 0: the result of a look at a known process (enum attach_look, or-ed); 0: a new
	 * process. */
	uint32_t look;
	uint64_t start_ns; /* of a look: the start time in messages of the kernel; 0: unknown */
	bool given;        /* on the command line */
	bool has_sites;    /* a file that it has mapped has sites, ours or others */
	bool announced;    /* the caller will print "recording pid" */
	/* May be NULL. Whether it was announced before; set when drain__add_process() returns. */
	bool *ret_was_announced;
	size_t source_cnt, source_cap;
	struct source *sources;
	struct ttlog_batch *heads; /* of each source */
	struct wire_batch **rates; /* of each source: its struct ttlog_rates; NULL: not known */
	size_t anchor_cnt, anchor_cap;
	struct anchor *anchors;
	/* modules that another collector records: threads hand batches over meanwhile */
	size_t shared_cnt, shared_cap;
	struct anchor *shared;
	bool joins; /* a second look will follow */
	/* how it is recorded, by the program that it runs; NULL: not known */
	const struct process_settings *settings;
	struct mappings seen; /* at that time; the process may be gone by now; none: unknown */
	char build_id[41];    /* of its program; "": unknown */
	/* modules of attach, each held once, until the receiver takes them */
	struct attach *attach;
	uint32_t *modules;
	size_t module_cnt, module_cap;
	struct attached_process *next; /* in a mailbox */
};

/* NULL without memory. */
struct attached_process *attached_process__new(uint32_t pid);
/* NULL is fine. */
void attached_process__free(struct attached_process *attached);

/* Takes over a module that is held. */
void attached_process__add_module(struct attached_process *attached, struct attach *attach,
				  uint32_t module);
/* Reads its files, which may be slow. maps: its mappings, just read. */
void attached_process__look_up(struct attached_process *attached, const struct maps *maps);
/* A look at a process that is known. NULL without memory. */
struct attached_process *attached_process__new_look(uint32_t pid, uint64_t start_ns, uint32_t look);
/* A look at a dying process that does not wait: its mappings. NULL: they are gone, or too many. */
struct attached_process *attached_process__new_last_look(uint32_t pid, uint64_t start_ns);

void attached_process__add_anchor(struct attached_process *attached, const struct anchor *anchor);
/* Adds the module's batches. Only before its sites are enabled: what the batches have then is not
 * ours. 0, or -errno: the process could not be read. */
int attached_process__add_batches(struct attached_process *attached, const struct anchor *anchor);

/*
 * For a second look at the batches of modules that another collector records, which
 * attached_process__look_again() takes when the sites are enabled. `first` goes to the drain thread
 * before. NULL: there is no need, or no memory.
 */
struct attached_process *attached_process__new_second(struct attached_process *first);
void attached_process__look_again(struct attached_process *second);

#endif /* TTLOG_ATTACHED_PROCESS_H */
