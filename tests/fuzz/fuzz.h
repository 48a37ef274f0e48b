/* SPDX-License-Identifier: MIT */
/*
 * Shared by fuzz_TARGET.c. Each defines LLVMFuzzerTestOneInput(): libFuzzer calls it with inputs
 * that it makes up (make fuzz), replay.c with the corpus (make check).
 */
#ifndef TTLOG_TESTS_FUZZ_H
#define TTLOG_TESTS_FUZZ_H

#include <lz4frame.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition);        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A file with these bytes. */
int fuzz__file(const void *data, size_t size);

/* A snapshot with this CBOR sequence. Each item becomes a sound frame, so that no checksum keeps
 * the fuzzer from the reader. Bytes that are no item become the last frame. */
int fuzz__snapshot(const void *data, size_t size);

/* How a frame of `len` bytes is packed: with all checksums, as the collector does. */
LZ4F_preferences_t fuzz__frame_preferences(size_t len);

/* A folder of this process, empty at first; it is removed with the process. */
const char *fuzz__folder(void);

/* Between these, an input may use the viewer's 64 MiB at once (counted with a sanitizer), and some
 * CPU time; beyond, it aborts. libFuzzer's own limits would also count the memory of the sanitizer
 * and of earlier inputs, and the time of other processes. */
void fuzz__begin(void);
void fuzz__end(void);

#define FUZZ_WAYS   21u
/* All but --gdb, which has other reasons to say that something is not there. */
#define FUZZ_SAYING (FUZZ_WAYS - 1)

/* Runs ttlog-view over the file with every kind of output. Returns how many of them report that the
 * file can't be read to its end. Takes ownership of fd. */
unsigned fuzz__view(int fd);

#endif /* TTLOG_TESTS_FUZZ_H */
