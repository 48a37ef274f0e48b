/* SPDX-License-Identifier: MIT */
/* ttlog-view on the content of a snapshot's frames: a CBOR sequence, as from `lz4 -dc SNAPSHOT`. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz__snapshot(data, size);

	fuzz__begin();
	(void)fuzz__view(fd);
	fuzz__end();
	return 0;
}
