/* SPDX-License-Identifier: MIT */
/*
 * A place that files are sent to, whatever it is: what each kind of place does by itself. One thread uses a
 * place. What all have in common (when to send what, back-off, ledger, what is said) is its owner's.
 *
 * Functions return 0 or -errno, with a line for the user.
 */
#ifndef TTLOG_PLACE_H
#define TTLOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_info.h"
#include "fleet_error.h"
#include "fleet_name.h"
#include "index_message.h"
#include "info_helper.h"
#include "ledger.h"
#include "login_files.h"
#include "object_meta.h"
#include "s3_keys.h"
#include "spool.h"

/* Of the command line, for all places. NULL: not given. */
struct place_options {
	unsigned int replicas;
	struct login_files login;
	const char *s3_endpoint, *s3_region;
	struct s3_keys_from s3_keys;
};

/* What a place knows all the time. */
struct place_setting {
	const struct place_options *options;
	const char *text; /* the URL as it was given: the key in the ledger */
	const void *url;  /* what parse() of its kind made of that */
	char host[FLEET_HOST_BYTES];
	size_t number; /* in the spool */
	struct spool *spool;
	struct ledger *ledger;
	struct info_helper *helper;
	struct info_helper *events; /* one that has time for it, if it wants events; else NULL */
	/* A line for the user; an error that may last, which is said once. */
	void (*say)(void *ctx, const char *text);
	void (*say_trouble)(void *ctx, const struct fleet_error *error);
	void *ctx;
};

/* Of a file that was sent; the ledger keeps it. */
struct place_note {
	char object[FLEET_OBJECT_BYTES]; /* its name there; "": it is not there */
	char nuid[OBJECT_NUID_BYTES];    /* names what was begun there last; "": nothing */
	char digest[OBJECT_DIGEST_BYTES];
	char subject[INDEX_SUBJECT_BYTES]; /* of its message in an index */
};

/* A file on its way, or to be read back. */
struct place_file {
	const char *name;   /* here */
	const char *object; /* HOST/SERVICE/FILE: what it is called in all places */
	const struct file_info *info;
	int fd; /* -1: it is read back */
	uint64_t size_bytes;
	bool is_urgent;   /* another file of this place is half sent, and waits for this one */
	bool was_audited; /* it was read back before */
	/* As it was the last time; the place changes what it knows better. */
	struct place_note note;
	/* Before so many bytes go, or come back: 0, or -errno, which ends it: the program ends, or
	 * something is more urgent. */
	int (*before_chunk)(void *ctx, size_t bytes);
	/* Notes that what `note` says was begun, and that the file is not there. */
	void (*begin)(void *ctx);
	void *ctx;
};

struct place {
	const struct place_ops *ops;
	const struct place_setting *setting;
	char server[512]; /* for people, once it is open */
	uint64_t
		retry_after_s; /* of a call that failed: it is not opened again before; 0: it may be */
	uint64_t rejected_records; /* in all, of files that it took */
};

struct place_ops {
	const char *scheme; /* with "://" */
	bool may_forget;    /* what it has acknowledged: all is read back after open() */
	bool wants_events;  /* of a file, not the file */
	bool goes_on; /* with a file that was half sent: what is urgent comes between, not inside */
	size_t under_way_most; /* files, after send() said so; 0: it never does */

	/* The URL: what the others are given; NULL, errno and a line. */
	void *(*parse)(const char *text, struct fleet_error *error);
	void (*free_url)(void *url);
	/* Before rights are given up: a directory that it writes to. NULL: there is none. */
	const char *(*folder)(const void *url);
	/* Before the program begins: -EINVAL: the user must change something. May be NULL. */
	int (*check)(const void *url, const struct place_options *options,
		     struct fleet_error *error);

	/* The setting lives longer. NULL with errno. */
	struct place *(*make)(const struct place_setting *setting);
	void (*free)(struct place *place);

	/* Connects. Closed, it may be opened again; close() in any state. */
	int (*open)(struct place *place, struct fleet_error *error);
	void (*close)(struct place *place);
	/* Whether it is still there. NULL: that is seen when a file is sent. */
	int (*look)(struct place *place, struct fleet_error *error);

	/* 0: all of it is there. -EINPROGRESS: it was read to its end, and stays the place's until settle()
	 * gives it back, or close(). -EBADF: this file can't be sent now; -ENOMSG: the place refuses it for
	 * good; -ECANCELED or what before_chunk()
	 * returned; else the place must be opened again. */
	int (*send)(struct place *place, struct place_file *file, struct fleet_error *error);
	/* One that was under way: 0 and *ret: all of it is there; -EBADF and *ret: this file can't be sent.
	 * *ret NULL: none is done yet, or the place must be opened again. is_waiting: until one is. */
	int (*settle)(struct place *place, bool is_waiting, struct place_file **ret,
		      struct fleet_error *error);
	/* Reads back and compares with what was noted: 0; -ENODATA: it is not there as it was, and error
	 * says what; -EBADF: that can't be known now; else as send(). NULL: it can't be read back. */
	int (*audit)(struct place *place, struct place_file *file, struct fleet_error *error);
	/* After open(): what earlier attempts left. May be NULL. */
	int (*clean)(struct place *place, struct fleet_error *error);
};

#endif /* TTLOG_PLACE_H */
