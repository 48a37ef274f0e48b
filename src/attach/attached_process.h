/* SPDX-License-Identifier: MIT */
/*
 * A process that the collector attaches to, and the batches that it had before: what is in them was
 * not recorded for this collector, and is where its accounts of the process begin.
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

/*
 * Why a process is to be looked at, by a thread that may wait for it and for its files. What is
 * found comes as an attached_process.
 */
enum attach_look {
	ATTACH_LOOK_NEW = 1,     /* it records, and was not known before */
	ATTACH_LOOK_LIBRARY = 2, /* it has mapped another library */
	ATTACH_LOOK_EXEC = 4,    /* it runs another program */
	ATTACH_LOOK_CRASH = 8,   /* it dies: its mappings, as long as they are there */
	/* of pid 0: for modules that no process has any more; which then are to be freed */
	ATTACH_FIND_UNUSED = 16,
	ATTACH_FREE_UNUSED = 32,
	/* of one with ATTACH_LOOK_EXEC: what was linked for it alone is no more */
	ATTACH_LOOK_UNLINKED = 64,
};

struct attached_process {
	uint32_t pid;
	/* Not one that comes but one that is known, and what was found when it was looked at: enum
	 * attach_look, or-ed; 0: it comes. */
	uint32_t look;
	uint64_t start_ns; /* of a look: as the kernel stamps the process; 0 unknown */
	bool given;        /* on the command line */
	bool announced;    /* "recording pid" will be said by who made this */
	/* NULL, or gets whether it was announced before; set when drain__add_process() returns. */
	bool *ret_was_announced;
	size_t source_cnt, source_cap;
	struct source *sources;
	struct ttlog_batch *heads; /* of each */
	size_t anchor_cnt, anchor_cap;
	struct anchor *anchors;
	struct mappings seen; /* as of then: it may be gone when this is read; none: unknown */
	char build_id[41];    /* of its program; "" unknown */
	/* of attach, each held once, until its taker takes them */
	struct attach *attach;
	uint32_t *modules;
	size_t module_cnt, module_cap;
	struct attached_process *next; /* in a mailbox */
};

/* NULL without memory. */
struct attached_process *attached_process__new(uint32_t pid);
/* NULL is fine. */
void attached_process__free(struct attached_process *attached);

/* Takes over one that is held. */
void attached_process__add_module(struct attached_process *attached, struct attach *attach,
				  uint32_t module);
/* What its files say, which may take as long as they like. maps: of it, read just now. */
void attached_process__look_up(struct attached_process *attached, const struct maps *maps);
/* A look at a process that is known. NULL without memory. */
struct attached_process *attached_process__new_look(uint32_t pid, uint64_t start_ns, uint32_t look);
/* At one that dies, by who must not wait: its mappings, where they are there and not too many, else
 * NULL. */
struct attached_process *attached_process__new_last_look(uint32_t pid, uint64_t start_ns);

void attached_process__add_anchor(struct attached_process *attached, const struct anchor *anchor);
/* Adds the module's batches: only before its sites are enabled, for what they hold then is not
 * ours. 0, or -errno where the process could not be read. */
int attached_process__add_batches(struct attached_process *attached, const struct anchor *anchor);

#endif /* TTLOG_ATTACHED_PROCESS_H */
