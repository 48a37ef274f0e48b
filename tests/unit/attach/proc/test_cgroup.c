/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "array.h"
#include "cgroup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_cgroup_finds_the_unit(void **state)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{ "/system.slice/cron.service", "cron.service" },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service" },
		/* a unit may have groups of its own */
		{ "/system.slice/api.service/worker/3", "api.service" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope",
		  "app-x.scope" },
		{ "/user.slice/user-1000.slice", "user-1000.slice" },
		{ "/init.scope", "init.scope" },
		{ "/", "" },
		{ "", "" },
		{ "/.service", "" },
		{ "/a/b", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char unit[CGROUP_NAME_BYTES];

		cgroup__unit(cases[i].path, unit);
		assert_string_equal(unit, cases[i].unit);
	}
}

static void test_cgroup_finds_the_container(void **state)
{
	static const struct {
		const char *path, *container;
	} cases[] = {
		{ "/system.slice/docker-" ID ".scope", ID },
		{ "/docker/" ID, ID },
		{ "/machine.slice/libpod-" ID ".scope/container", ID },
		{ "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", ID },
		{ "/kubepods/pod1/crio-" ID, ID },
		{ "/lxc.payload.web/system.slice/x.service", "web" },
		{ "/machine.slice/systemd-nspawn@deb.service/payload", "deb" },
		{ "/system.slice/cron.service", "" },
		/* one digit too many, or too few */
		{ "/docker/" ID "0", "" },
		{ "/docker/0123456789abcdef", "" },
		{ "/", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char container[CGROUP_NAME_BYTES];

		cgroup__container(cases[i].path, container);
		assert_string_equal(container, cases[i].container);
	}
}

/* A group may have any name. */
static void test_cgroup_drops_a_name_that_is_too_long(void **state)
{
	char path[CGROUP_PATH_BYTES], name[CGROUP_NAME_BYTES] = "x";

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	strcpy(path + CGROUP_NAME_BYTES + 10, ".service");
	cgroup__unit(path, name);
	assert_string_equal(name, "");
}

static void test_cgroup_reads_the_path_of_a_process(void **state)
{
	char path[CGROUP_PATH_BYTES];
	int err = cgroup__read_path((uint32_t)getpid(), path);

	(void)state;
	if (err == -ENOENT)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(path[0], '/');
	assert_int_equal(cgroup__read_path(0x7fffffff, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup_finds_the_unit),
		cmocka_unit_test(test_cgroup_finds_the_container),
		cmocka_unit_test(test_cgroup_drops_a_name_that_is_too_long),
		cmocka_unit_test(test_cgroup_reads_the_path_of_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
