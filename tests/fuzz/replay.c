/* SPDX-License-Identifier: MIT */
/*
 * Runs a target on every file of a folder, without libFuzzer: a mistake that was mended stays
 * mended.
 *
 * usage: replay_TARGET DIR
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char *read_whole(int fd, size_t *ret_size)
{
	struct stat st;
	char *data;

	FUZZ_CHECK(fd >= 0 && !fstat(fd, &st));
	*ret_size = (size_t)st.st_size;
	/* no byte longer: so a sanitizer finds reads after its end */
	data = malloc(*ret_size ? *ret_size : 1);
	FUZZ_CHECK(data && read(fd, data, *ret_size) == st.st_size);
	close(fd);
	return data;
}

static void run(int dir_fd, const char *name)
{
	size_t size;
	char *data = read_whole(openat(dir_fd, name, O_RDONLY | O_CLOEXEC), &size);

	LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	free(data);
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	size_t cnt = 0;

	if (!dir) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		/* if it dies, this is the last line */
		printf("%s\n", entry->d_name);
		fflush(stdout);
		run(dirfd(dir), entry->d_name);
		cnt++;
	}
	closedir(dir);
	printf("%zu inputs\n", cnt);
	return cnt ? 0 : 1;
}
