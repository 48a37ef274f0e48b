/* SPDX-License-Identifier: MIT */
/* Files that processes map: as long as a file is the same, it is found again without opening it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "maps.h"
#include "module.h"

/* The entry that maps would show for the file. */
static struct maps_entry entry_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (struct maps_entry){ .dev = status.st_dev, .inode = status.st_ino };
}

/* A copy of this program: the test may change it. */
static int copy_self(char path[64])
{
	char command[128];
	int fd;

	snprintf(path, 64, "/tmp/ttlog-module-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", (int)getpid(), path);
	assert_int_equal(system(command), 0);
	return fd;
}

static uint32_t find(struct modules *modules, int fd, const struct maps_entry *entry)
{
	const struct mapped_file file = { .fd = fd, .path = "/program", .entry = entry };
	struct module *module;
	struct stat status;
	int64_t number;

	assert_int_equal(fstat(fd, &status), 0);
	number = modules__find(modules, &status, entry);
	if (number)
		return (uint32_t)number;
	module = module__read(&file, &status, NULL, NULL, 0);
	assert_non_null(module);
	number = modules__add(modules, module, NULL);
	assert_true(number > 0);
	return (uint32_t)number;
}

/* As attach does: by the mapping, unless the file has changed since. */
static uint32_t find_kept(const struct modules *modules, const struct maps_entry *entry)
{
	uint32_t number = modules__find_mapped(modules, entry->dev, entry->inode);

	return number && module__is_unchanged(modules->by_number[number]) ? number : 0;
}

static void test_module_is_known_by_its_mapping(void **state)
{
	struct modules modules = { 0 };
	struct maps_entry entry, other;
	char path[64];
	uint32_t number;
	int fd = copy_self(path);

	(void)state;
	entry = entry_of(fd);
	assert_int_equal(find_kept(&modules, &entry), 0);
	number = find(&modules, fd, &entry);
	assert_int_equal(find_kept(&modules, &entry), number);
	other = entry;
	other.inode++;
	assert_int_equal(find_kept(&modules, &other), 0);
	unlink(path);
	close(fd);
	modules__fini(&modules);
}

static void test_module_that_was_written_over_is_another(void **state)
{
	struct modules modules = { 0 };
	struct maps_entry entry;
	char path[64];
	uint32_t number;
	int fd = copy_self(path);

	(void)state;
	entry = entry_of(fd);
	number = find(&modules, fd, &entry);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 0, 1);
	assert_int_equal(write(fd, "", 1), 1);
	assert_int_equal(find_kept(&modules, &entry), 0);
	assert_int_equal(find(&modules, fd, &entry), number + 1);
	assert_int_equal(find_kept(&modules, &entry), number + 1);
	unlink(path);
	close(fd);
	modules__fini(&modules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_module_is_known_by_its_mapping),
		cmocka_unit_test(test_module_that_was_written_over_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
