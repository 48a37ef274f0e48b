/* SPDX-License-Identifier: MIT */
/*
 * The finished files of a directory, and what each destination has still to do with them. The main
 * thread watches the directory; a thread for each destination takes work. All calls but those of the
 * main thread may come from any thread.
 */
#ifndef TTLOG_SPOOL_H
#define TTLOG_SPOOL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_MAX_DESTINATIONS 9 /* with a webhook */
#define SPOOL_AHEAD_MOST       16

enum spool_task {
	SPOOL_STOP, /* no more work: the program ends */
	SPOOL_SEND,
	SPOOL_AUDIT,
	SPOOL_NOTHING, /* until the time that was given */
};

struct spool_work {
	enum spool_task task;
	char name[NAME_MAX + 1];
	uint64_t inode;
	bool is_crash;
};

struct spool;

struct spool_events {
	/* A file is there no more: from spool__take_changes(). */
	void (*gone)(void *ctx, const char *name);
	/* A file is proven to be at all destinations, or is not any more. Any thread, one at a time; it
	 * calls nothing here. Of files that nothing is known of, once all destinations know what they
	 * had. */
	void (*proven)(void *ctx, const char *name, bool is_proven);
	void *ctx;
};

/* NULL with errno. */
struct spool *spool__open(const char *path, size_t destination_cnt,
			  const struct spool_events *events);
void spool__free(struct spool *spool);

/* ---- main thread ---- */

/* Readable when the directory has changed. */
int spool__watch_fd(const struct spool *spool);
/* 0, or -errno: -ESTALE: the directory itself was moved or removed. */
int spool__take_changes(struct spool *spool);
/* Wakes all; then every task is SPOOL_STOP. */
void spool__stop(struct spool *spool);

/* ---- threads of destinations ---- */

/* The directory, for openat(). */
int spool__dir_fd(const struct spool *spool);

/* What is most urgent: to send the newest crash, then other files by age, then audits that are due.
 * Waits at most until until_ns (CLOCK_MONOTONIC; UINT64_MAX: without end). */
void spool__wait(struct spool *spool, size_t destination, uint64_t until_ns,
		 struct spool_work *ret);

struct spool_names {
	size_t cnt;
	char names[SPOOL_AHEAD_MOST][NAME_MAX + 1];
};

/* What is to be sent next, if nothing comes between: as many files as have so many bytes together, but one
 * at least if there is one. */
void spool__look_ahead(struct spool *spool, size_t destination, uint64_t most_bytes,
		       struct spool_names *ret);
/* Waits for that time, or for the stop: true. */
bool spool__rest(struct spool *spool, uint64_t until_ns);

/* What is known of a file: it is to be sent (again), or audited, at that time; that it is there is not
 * proven. A file that is gone, or another one under that name, is passed over. */
void spool__set(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		enum spool_task next, uint64_t due_ns);
/* It was sent just now, also if it went meanwhile, and is to be audited at that time. */
void spool__set_sent(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		     uint64_t due_ns);
/* It is proven to be there, and audited again at that time. */
void spool__set_proven(struct spool *spool, size_t destination, const char *name, uint64_t inode,
		       uint64_t due_ns);
/* The destination has said what it knows from before; once. */
void spool__know(struct spool *spool);
/* All that was sent is audited now. */
void spool__audit_all(struct spool *spool, size_t destination);

bool spool__has(struct spool *spool, const char *name);
bool spool__is_stopped(struct spool *spool);
/* A crash waits to be sent, or the program ends. */
bool spool__is_urgent(struct spool *spool, size_t destination);

struct spool_counts {
	size_t waiting; /* files that were not sent yet */
	uint64_t waiting_bytes;
	uint64_t oldest_ns; /* the time in the oldest one's name; 0: there is none */
	size_t unaudited;   /* files that were sent, and are to be audited for the first time */
	size_t dropped; /* files that were gone before they were sent; one that is on its way may come back */
	size_t unproven; /* files that were sent, and gone before an audit found them there */
};

void spool__count(struct spool *spool, size_t destination, struct spool_counts *ret);

#endif /* TTLOG_SPOOL_H */
