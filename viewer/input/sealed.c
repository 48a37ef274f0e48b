/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnostics.h"
#include "options.h"
#include "seal_in.h"
#include "sealed.h"
#include "secret_keys.h"
#include "stream_mark.h"

int sealed__read_keys(const struct options *options, struct secret_keys *ret)
{
	char why[256];
	int err = 0;

	for (size_t i = 0; i < options->identity_cnt && !err; i++)
		err = secret_keys__add_file(ret, options->identities[i], why, sizeof(why));
	if (err)
		diagnostics__print("--identity", why);
	return err;
}

bool sealed__is(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && seal_in__is_sealed(fd);
}

int sealed__open(const char *path)
{
	/* O_NONBLOCK: opening a FIFO would wait */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || sealed__is(fd))
		return fd;
	(void)close(fd);
	return -1;
}

static int fail(int fd, int err)
{
	(void)close(fd);
	errno = -err;
	return -1;
}

static bool is_segment(int fd)
{
	unsigned char bytes[STREAM_MARK_BYTES];
	struct stream_mark mark;

	return pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
	       stream_mark__get(bytes, &mark);
}

int sealed__decrypt(int fd, const struct secret_keys *keys, char *ret_why, size_t why_size)
{
	int memory, err;

	*ret_why = '\0';
	if (!keys->cnt) {
		(void)snprintf(ret_why, why_size,
			       "it is encrypted: give the file of a secret key with --identity");
		return fail(fd, -EKEYREJECTED);
	}
	memory = memfd_create("snapshot", MFD_CLOEXEC);
	if (memory < 0) {
		(void)snprintf(ret_why, why_size, "%s", strerror(errno));
		return fail(fd, -errno);
	}
	err = seal_in__copy(fd, keys, memory, ret_why, why_size);
	(void)close(fd);
	/* a segment without an end is being written, or its collector was killed */
	if (err == -ENODATA && is_segment(memory))
		*ret_why = '\0';
	return err && err != -EUCLEAN && err != -ENODATA ? fail(memory, err) : memory;
}

int sealed__keygen(const struct options *options)
{
	const char *path = options->output ? options->output : KEYGEN_FILE;
	char public[SEAL_KEY_TEXT_BYTES], why[256];

	if (secret_keys__make_file(path, public, why, sizeof(why))) {
		diagnostics__print("--keygen", why);
		return EXIT_UNREADABLE;
	}
	if (puts(public) < 0 || fflush(stdout)) {
		diagnostics__print_errno("stdout", errno);
		return EXIT_UNREADABLE;
	}
	return EXIT_SUCCESS;
}
