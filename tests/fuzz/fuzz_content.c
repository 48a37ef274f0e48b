/* SPDX-License-Identifier: MIT */
/* ttlog-view on what is in a snapshot's frames: a CBOR sequence, as `lz4 -dc SNAPSHOT` gives it. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz__snapshot(data, size);

	fuzz__begin();
	(void)fuzz__view(fd);
	fuzz__end();
	return 0;
}
