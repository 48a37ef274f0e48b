/* SPDX-License-Identifier: MIT */
/*
 * How a process ended: that part of a header's map (FORMAT.md, section 3).
 */
#ifndef TTLOG_ENDING_OUT_H
#define TTLOG_ENDING_OUT_H

#include <stddef.h>

struct cbor_map;
struct cbor_out;
struct crash;
struct crash_frame;

/* Its name and its number. */
void ending_out__put_signal(struct cbor_map *map, int signal);
/* max_path_bytes: for the paths of mappings that no frame of the crash is in. Returns how many
 * mappings were left out. */
size_t ending_out__put(struct cbor_map *map, const struct crash *crash, size_t max_path_bytes);

/* A map of what is known of it. */
void ending_out__put_frame(struct cbor_out *out, const struct crash_frame *frame);

#endif /* TTLOG_ENDING_OUT_H */
