/* SPDX-License-Identifier: MIT */
/*
 * The signature of a crash: equal for equal crashes of one build, and mostly of the next one
 * (FORMAT.md, section 2).
 */
#ifndef TTLOG_SIGNATURE_H
#define TTLOG_SIGNATURE_H

struct crash;

/* Sets crash->signature from the signal and the frames, which have their names. "": there are no
 * frames. */
void signature__set(struct crash *crash);

#endif /* TTLOG_SIGNATURE_H */
