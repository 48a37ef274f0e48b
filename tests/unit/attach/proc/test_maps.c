/* SPDX-License-Identifier: MIT */
/* maps.c: unusual names. It opens the file of a mapping, or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maps.h"

#define CONTENT "what is mapped"

static void test_maps_parses_entries(void **state)
{
	static const char text[] =
		"55d5-55d6 r-xp 00001000 fe:01 332383                     /usr/bin/a b\n"
		"no entry at all\n"
		"55d8-55d7 r-xp 00000000 00:00 0 \n"
		"55d8-55d9 rw-p 00000000 00:00 0 \n"
		"55da-55db r--p 00000000 00:1f 7                          /tmp/x\\012y \\z (deleted)\n"
		"55dc-55dd r--p 00000000 00:00 0                          [anon: odd (deleted)]\n"
		"55de-55df r--p 00000000 00:00 0                          [heap]\n"
		"7f00000000000000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]";
	struct maps *maps = maps__parse(text, sizeof(text) - 1);

	(void)state;
	assert_non_null(maps);
	assert_int_equal(maps->cnt, 6);
	assert_int_equal(maps->entries[0].start, 0x55d5);
	assert_int_equal(maps->entries[0].end, 0x55d6);
	assert_int_equal(maps->entries[0].offset, 0x1000);
	assert_int_equal(maps->entries[0].dev, makedev(0xfe, 1));
	assert_int_equal(maps->entries[0].inode, 332383);
	assert_true(maps->entries[0].readable && maps->entries[0].executable);
	assert_false(maps->entries[0].writable || maps->entries[0].deleted);
	assert_string_equal(maps->entries[0].path, "/usr/bin/a b");
	assert_true(maps->entries[1].writable);
	assert_false(maps->entries[1].executable);
	assert_string_equal(maps->entries[1].path, "");
	assert_string_equal(maps->entries[2].path, "/tmp/x\ny \\z");
	assert_true(maps->entries[2].deleted);
	assert_string_equal(maps->entries[3].path, "[anon: odd (deleted)]");
	assert_false(maps->entries[3].deleted);
	assert_string_equal(maps->entries[5].path, "[vsyscall]");
	assert_ptr_equal(maps__find(maps, 0x55d5), &maps->entries[0]);
	assert_null(maps__find(maps, 0x55d4));
	assert_null(maps__find(maps, 0x55d6));
	assert_ptr_equal(maps__find(maps, 0xffffffffff600fff), &maps->entries[5]);
	assert_null(maps__find(maps, UINT64_MAX));
	maps__free(maps);
	maps__free(NULL);
	maps = maps__parse("", 0);
	assert_non_null(maps);
	assert_int_equal(maps->cnt, 0);
	assert_null(maps__find(maps, 0));
	maps__free(maps);
}

static void test_maps_reads_our_own(void **state)
{
	struct maps *maps = maps__read(0);
	const struct maps_entry *entry;
	struct stat exe, opened;
	int fd;

	(void)state;
	assert_non_null(maps);
	entry = maps__find(maps, (uintptr_t)test_maps_reads_our_own);
	assert_non_null(entry);
	assert_true(entry->executable);
	assert_false(entry->deleted);
	fd = maps__open(getpid(), entry);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &opened), 0);
	assert_int_equal(stat("/proc/self/exe", &exe), 0);
	assert_int_equal(opened.st_ino, exe.st_ino);
	assert_int_equal(opened.st_dev, exe.st_dev);
	close(fd);
	entry = maps__find(maps, (uintptr_t)&fd);
	assert_string_equal(entry->path, "[stack]");
	assert_int_equal(maps__open(0, entry), -ENODEV);
	maps__free(maps);
}

static void test_maps_of_a_process_that_is_gone(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	errno = 0;
	assert_null(maps__read(pid));
	assert_true(errno == ENOENT || errno == ESRCH);
}

/* Maps a file of that name in a directory of its own. Returns its entry. */
struct mapped {
	char dir[64], path[128];
	void *at;
	struct maps *maps;
	struct maps_entry *entry;
};

static void make_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void read_entry(struct mapped *mapped)
{
	maps__free(mapped->maps);
	mapped->maps = maps__read(0);
	assert_non_null(mapped->maps);
	mapped->entry = (struct maps_entry *)maps__find(mapped->maps, (uintptr_t)mapped->at);
	assert_non_null(mapped->entry);
}

static struct mapped map_file(const char *name)
{
	struct mapped mapped = { .dir = "/tmp/ttlog-test-maps.XXXXXX" };
	int fd;

	assert_non_null(mkdtemp(mapped.dir));
	snprintf(mapped.path, sizeof(mapped.path), "%s/%s", mapped.dir, name);
	make_file(mapped.path, CONTENT);
	fd = open(mapped.path, O_RDONLY | O_CLOEXEC);
	mapped.at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(mapped.at, MAP_FAILED);
	close(fd);
	read_entry(&mapped);
	return mapped;
}

static void unmap_file(struct mapped *mapped)
{
	maps__free(mapped->maps);
	munmap(mapped->at, 1);
	unlink(mapped->path);
	assert_int_equal(rmdir(mapped->dir), 0);
}

static void check_content(int fd)
{
	char content[sizeof(CONTENT)] = "";

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, content, sizeof(content), 0), strlen(CONTENT));
	assert_string_equal(content, CONTENT);
	close(fd);
}

/* Without an entry in map_files, as if the privilege for it is missing. */
static void hide_from_map_files(struct mapped *mapped)
{
	mapped->entry->start += (uint64_t)sysconf(_SC_PAGESIZE);
	mapped->entry->end += (uint64_t)sysconf(_SC_PAGESIZE);
}

static void test_maps_opens_a_file_with_an_odd_name(void **state)
{
	struct mapped mapped = map_file(" a\nb \\ (deleted) c");

	(void)state;
	assert_string_equal(mapped.entry->path, mapped.path);
	check_content(maps__open(0, mapped.entry));
	hide_from_map_files(&mapped);
	check_content(maps__open(0, mapped.entry));
	unmap_file(&mapped);
}

static void test_maps_opens_a_file_that_is_called_deleted(void **state)
{
	struct mapped mapped = map_file("x (deleted)");

	(void)state;
	assert_true(mapped.entry->deleted);
	check_content(maps__open(0, mapped.entry));
	hide_from_map_files(&mapped);
	check_content(maps__open(0, mapped.entry));
	unmap_file(&mapped);
}

static bool map_files_are_allowed(void)
{
	return !access("/proc/self/map_files", X_OK) && geteuid() == 0;
}

static void test_maps_opens_what_was_mapped_not_what_replaced_it(void **state)
{
	struct mapped mapped = map_file("program");
	int fd;

	(void)state;
	assert_int_equal(unlink(mapped.path), 0);
	make_file(mapped.path, "another program");
	read_entry(&mapped);
	assert_true(mapped.entry->deleted);
	assert_string_equal(mapped.entry->path, mapped.path);
	fd = maps__open(0, mapped.entry);
	if (map_files_are_allowed())
		check_content(fd);
	else
		assert_true(fd < 0);
	hide_from_map_files(&mapped);
	assert_true(maps__open(0, mapped.entry) < 0);
	unmap_file(&mapped);
}

static void test_maps_opens_no_fifo(void **state)
{
	struct mapped mapped = map_file("program");

	(void)state;
	assert_int_equal(unlink(mapped.path), 0);
	assert_int_equal(mkfifo(mapped.path, 0600), 0);
	hide_from_map_files(&mapped);
	/* to open it would wait for a writer forever */
	assert_true(maps__open(0, mapped.entry) < 0);
	unmap_file(&mapped);
}

static void test_maps_compares_device_and_inode(void **state)
{
	struct mapped mapped = map_file("program");

	(void)state;
	hide_from_map_files(&mapped);
	mapped.entry->dev++;
	assert_true(maps__open(0, mapped.entry) < 0);
	mapped.entry->dev--;
	mapped.entry->inode++;
	assert_true(maps__open(0, mapped.entry) < 0);
	mapped.entry->inode--;
	check_content(maps__open(0, mapped.entry));
	unmap_file(&mapped);
}

static void test_maps_leaks_no_descriptor(void **state)
{
	struct mapped mapped = map_file("program");
	int before, after;

	(void)state;
	before = dup(0);
	close(before);
	hide_from_map_files(&mapped);
	check_content(maps__open(0, mapped.entry));
	mapped.entry->inode++;
	assert_true(maps__open(0, mapped.entry) < 0);
	mapped.entry->deleted = true;
	assert_true(maps__open(0, mapped.entry) < 0);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	unmap_file(&mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps_parses_entries),
		cmocka_unit_test(test_maps_reads_our_own),
		cmocka_unit_test(test_maps_of_a_process_that_is_gone),
		cmocka_unit_test(test_maps_opens_a_file_with_an_odd_name),
		cmocka_unit_test(test_maps_opens_a_file_that_is_called_deleted),
		cmocka_unit_test(test_maps_opens_what_was_mapped_not_what_replaced_it),
		cmocka_unit_test(test_maps_opens_no_fifo),
		cmocka_unit_test(test_maps_compares_device_and_inode),
		cmocka_unit_test(test_maps_leaks_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
