/* SPDX-License-Identifier: MIT */
/*
 * One record of a journal's file (journal.h): put together here, then written by one write(2).
 */
#ifndef TTLOG_JOURNAL_OUT_H
#define TTLOG_JOURNAL_OUT_H

#include <stddef.h>
#include <stdint.h>

enum journal_kind;

struct journal_out {
	int fd; /* of the file; -1: nothing is written */
	char *bytes;
	size_t len, cap;
	int err;
};

struct journal_out journal_out__begin(enum journal_kind kind, int fd);
void journal_out__bytes(struct journal_out *out, const void *bytes, size_t len);
void journal_out__u32(struct journal_out *out, uint32_t value);
void journal_out__u64(struct journal_out *out, uint64_t value);
/* Length and text; NULL is "". */
void journal_out__text(struct journal_out *out, const char *text);
/* Writes it at the end of the file, and frees it. Returns its offset, or -1. */
int64_t journal_out__end(struct journal_out *out);

#endif /* TTLOG_JOURNAL_OUT_H */
