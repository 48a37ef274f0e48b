/* SPDX-License-Identifier: MIT */
/*
 * A process that the collector attaches to, and the batches that it had before: what is in them was
 * not recorded for this collector, and is where its accounts of the process begin.
 */
#ifndef TTLOG_ARRIVAL_H
#define TTLOG_ARRIVAL_H

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
 * found comes as an arrival.
 */
enum arrival_look {
	ARRIVAL_LOOK_NEW = 1,     /* it records, and was not known before */
	ARRIVAL_LOOK_LIBRARY = 2, /* it has mapped another library */
	ARRIVAL_LOOK_EXEC = 4,    /* it runs another program */
	ARRIVAL_LOOK_CRASH = 8,   /* it dies: its mappings, as long as they are there */
	/* of pid 0: for modules that no process has any more; which then are to be freed */
	ARRIVAL_FIND_UNUSED = 16,
	ARRIVAL_FREE_UNUSED = 32,
	/* of one with ARRIVAL_LOOK_EXEC: what was linked for it alone is no more */
	ARRIVAL_LOOK_UNLINKED = 64,
};

struct arrival {
	uint32_t pid;
	/* Not one that comes but one that is known, and what was found when it was looked at: enum
	 * arrival_look, or-ed; 0: it comes. */
	uint32_t look;
	uint64_t start_ns; /* of a look: as the kernel stamps the process; 0 unknown */
	bool given;        /* on the command line */
	bool announced;    /* "recording pid" will be said by who made this */
	/* Gets, before drain__arrive() returns, whether it was said before. NULL: nobody asks. */
	bool *ret_was_announced;
	size_t source_cnt, source_cap;
	struct source *sources;
	struct ttlog_batch *heads; /* of each */
	size_t anchor_cnt, anchor_cap;
	struct anchor *anchors;
	struct mappings seen; /* as of then: it may be gone when this is read; none: unknown */
	char build_id[41];    /* of its program; "" unknown */
	/* of attach, each held once, until whoever takes the arrival takes them */
	struct attach *attach;
	uint32_t *modules;
	size_t module_cnt, module_cap;
	struct arrival *next; /* in a mailbox */
};

/* NULL without memory. */
struct arrival *arrival__new(uint32_t pid);
/* NULL is fine. */
void arrival__free(struct arrival *arrival);

/* Takes over one that is held. */
void arrival__add_module(struct arrival *arrival, struct attach *attach, uint32_t module);
/* What its files say, which may take as long as they like. maps: of it, read just now. */
void arrival__look_up(struct arrival *arrival, const struct maps *maps);
/* A look at a process that is known. NULL without memory. */
struct arrival *arrival__new_look(uint32_t pid, uint64_t start_ns, uint32_t look);
/* At one that dies, by who must not wait: its mappings, where they are there and not too many, else
 * NULL. */
struct arrival *arrival__new_last_look(uint32_t pid, uint64_t start_ns);

void arrival__add_anchor(struct arrival *arrival, const struct anchor *anchor);
/* Adds the module's batches: only before its sites are enabled, for what they hold then is not
 * ours. 0, or -errno where the process could not be read. */
int arrival__add_batches(struct arrival *arrival, const struct anchor *anchor);

#endif /* TTLOG_ARRIVAL_H */
