/* SPDX-License-Identifier: MIT */
/*
 * The Common Trace Format, version 1.8 (diamon.org/ctf/v1.8.3): a directory with streams of events,
 * written by ctf.c, and `metadata`, which says how to read these, by ctf_metadata.c.
 *
 * A stream is a process, in the order of its CLOCK_MONOTONIC. An event class is a site with those
 * of its fields that have a value: CTF has no null, so a field that is null is left out. All
 * constants of a site together take one byte per event: they are enumerations of a few bits, always
 * 0, whose label is the text.
 */
#ifndef TTLOG_VIEW_CTF_H
#define TTLOG_VIEW_CTF_H

#include <ttlog/read.h>
#include "out.h"

/* New ones only come at the end: ctf.c writes them, ctf_metadata.c declares them in this order. */
#define CTF_MAGIC      0xc1fc1fc1u
#define CTF_UUID_BYTES 16u

/* The number of a class is the id of its events. */
struct ctf_class {
	const struct ttlog_site *site;
	uint16_t absent; /* one bit per field: it has no value */
	uint16_t cut;    /* one bit per field: its bytes were cut; text shows that itself */
};

struct ctf_trace {
	const unsigned char *uuid;
	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	const struct ctf_class *classes;
	size_t class_cnt;
};

/* babeltrace2 counts ns since 1970 in 63 bits, and needs a second to spare: the year 2262. */
#define CTF_LAST_NS (INT64_MAX - 2 * INT64_C(1000000000))

/* The value of the trace's clock at 1970, by the first file's header (or NULL), in the range of the
 * readers. */
int64_t ctf__offset_ns(const struct ttlog_info *header);
void ctf__print_metadata(struct out *out, const struct ctf_trace *trace);

#endif /* TTLOG_VIEW_CTF_H */
