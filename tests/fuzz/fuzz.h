/* SPDX-License-Identifier: MIT */
/*
 * What fuzz_TARGET.c have in common. Each defines LLVMFuzzerTestOneInput, which libFuzzer calls
 * with what it makes up (make fuzz), and replay.c with the corpus (make check).
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

/* A snapshot with this CBOR sequence. Each item becomes a sound frame, so that no checksum stands
 * between the fuzzer and the reader; what is no item any more becomes the last frame. */
int fuzz__snapshot(const void *data, size_t size);

/* How a frame of so many bytes is packed: with all checksums, as the collector does. */
LZ4F_preferences_t fuzz__frame_preferences(size_t len);

/* A folder of this process, empty at first; goes with it. */
const char *fuzz__folder(void);

/* Between these an input may take the viewer's 64 MiB at once (counted under a sanitizer): aborts where
 * it takes more, or where it hangs, by processor time. libFuzzer's own limits count what the sanitizer
 * and earlier inputs take, and the time that others have the processor. */
void fuzz__begin(void);
void fuzz__end(void);

#define FUZZ_WAYS 19u

/* ttlog-view over the file in every way that it can be shown; how many of them say that it cannot
 * be read wholly. Takes ownership of fd. */
unsigned fuzz__view(int fd);

#endif /* TTLOG_TESTS_FUZZ_H */
