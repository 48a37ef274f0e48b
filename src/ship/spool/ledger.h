/* SPDX-License-Identifier: MIT */
/*
 * What was sent where, and audited when: one SQLite file for a spool. It is safe to lose: then it is
 * found out again from the servers. Any thread.
 */
#ifndef TTLOG_LEDGER_H
#define TTLOG_LEDGER_H

#include <stddef.h>
#include <stdint.h>

struct ledger;

struct ledger_entry {
	const char *destination, *name; /* the key */
	uint64_t inode;
	const char *nuid;   /* of the chunks that were begun last */
	const char *object; /* "": not sent yet */
	const char *digest;
	const char *subject;        /* of its message in the index */
	uint64_t sent_s, audited_s; /* since 1970; 0: not yet */
};

/* A file that is no ledger is made anew. NULL with errno, and ret_why for the user. */
struct ledger *ledger__open(const char *path, const char **ret_why);
void ledger__free(struct ledger *ledger);

/* 0, or -EIO: it could not be written; that is no reason not to go on. */
int ledger__put(struct ledger *ledger, const struct ledger_entry *entry);
int ledger__forget(struct ledger *ledger, const char *name);
/* Files that went while this program was not there. */
int ledger__forget_gone(struct ledger *ledger, int spool_fd);

/* Calls take with the entry, whose texts are valid until it returns. 0; -ENOENT; -EIO. */
int ledger__get(struct ledger *ledger, const char *destination, const char *name,
		void (*take)(void *ctx, const struct ledger_entry *entry), void *ctx);
/* The same for all of a destination. */
int ledger__each(struct ledger *ledger, const char *destination,
		 void (*take)(void *ctx, const struct ledger_entry *entry), void *ctx);

/*
 * Chunks that a bucket may have of no object: those of each put from before its first chunk, and of the
 * object that it takes the place of, until it is known what became of them.
 */
struct ledger_chunks {
	const char *nuid, *object;
};

/* As ledger__put(). */
int ledger__begin_chunks(struct ledger *ledger, const char *destination, const char *nuid,
			 const char *object);
int ledger__end_chunks(struct ledger *ledger, const char *destination, const char *nuid);
/* As ledger__each(). */
int ledger__each_chunks(struct ledger *ledger, const char *destination,
			void (*take)(void *ctx, const struct ledger_chunks *chunks), void *ctx);

#endif /* TTLOG_LEDGER_H */
