/* SPDX-License-Identifier: MIT */
/* What a collector reads of the files in its output directory: the content of their first frame. */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "header_peek.h"
#include "label.h"

static void check(int fd)
{
	struct label label;

	memset(&label, 0, sizeof(label));
	header_peek__read(fd, &label);
	FUZZ_CHECK(memchr(label.service, '\0', sizeof(label.service)));
	FUZZ_CHECK(memchr(label.signature, '\0', sizeof(label.signature)));
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz__begin();
	check(fuzz__snapshot(data, size));
	check(fuzz__file(data, size));
	fuzz__end();
	return 0;
}
