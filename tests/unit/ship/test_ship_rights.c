/* SPDX-License-Identifier: MIT */
/* What a shipper can still do. Each case is a child of its own, and its exit status is the result. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/landlock.h>
#include <cmocka.h>

#include "ship_rights.h"
#include "temp_dir.h"

static char dir[] = "/tmp/ttlog-rights-XXXXXX";
static char state_dir[64], spool[64], keys[64], creds[80], place[64], place_url[80];

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

static int open_in(const char *folder, int flags)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return open(path, flags | O_CLOEXEC, 0600);
}

static int drop(void)
{
	struct ship_options options = {
		.from = spool, .state = state_dir, .login.creds = creds, .to_cnt = 1
	};
	struct fleet_error error;
	const char *failed;

	if (place_url__parse(&options.to[0].url, place_url, &error))
		return -1;
	return ship_rights__drop(&options, spool, NULL, &failed);
}

static int status_of(int (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		(void)syscall(SYS_exit_group, drop() ? 100 : child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *nothing(void *ctx)
{
	return ctx;
}

static int can_do_its_work(void)
{
	pthread_t thread;

	if (open_in(spool, O_RDONLY) < 0)
		return 1;
	if (open_in(state_dir, O_RDWR | O_CREAT) < 0)
		return 2;
	if (open_in(keys, O_RDONLY) < 0)
		return 3;
	if (open_in(place, O_RDWR | O_CREAT) < 0)
		return 6;
	if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
		return 4;
	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		return 5;
	return 0;
}

static int is_missing(long result)
{
	return result < 0 && errno == ENOSYS;
}

static int can_do_no_more(void)
{
	char *const arguments[] = { (char *)"true", NULL };

	if (!is_missing(execv("/bin/true", arguments)))
		return 1;
	if (!is_missing(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)))
		return 2;
	if (!is_missing(syscall(SYS_ptrace, 0, 0, 0, 0)))
		return 3;
	if (!is_missing(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)))
		return 4;
	if (!is_missing(listen(0, 1)))
		return 5;
	if (!is_missing(kill(getppid(), SIGTERM)))
		return 6;
	return 0;
}

static int can_open_no_more(void)
{
	if (open_in(dir, O_RDONLY) >= 0 || errno != EACCES)
		return 1;
	if (open_in(spool, O_RDWR) >= 0 || errno != EACCES)
		return 2;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 3;
	return 0;
}

static void test_ship_rights_are_enough(void **state)
{
	(void)state;
	assert_int_equal(status_of(can_do_its_work), 0);
}

static void test_ship_rights_are_no_more(void **state)
{
	(void)state;
	assert_int_equal(status_of(can_do_no_more), 0);
}

static void test_ship_rights_to_paths(void **state)
{
	(void)state;
	if (!has_landlock())
		skip();
	assert_int_equal(status_of(can_open_no_more), 0);
}

static int make_dirs(void **state)
{
	const char *const folders[] = { dir, spool, keys };

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	(void)snprintf(spool, sizeof(spool), "%s/spool", dir);
	(void)snprintf(keys, sizeof(keys), "%s/keys", dir);
	(void)snprintf(place, sizeof(place), "%s/place", dir);
	(void)snprintf(place_url, sizeof(place_url), "file://%s", place);
	(void)snprintf(creds, sizeof(creds), "%s/creds", keys);
	if (mkdir(state_dir, 0700) || mkdir(spool, 0700) || mkdir(keys, 0700) || mkdir(place, 0700))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		(void)close(open_in(folders[i], O_WRONLY | O_CREAT));
	return 0;
}

static int remove_dirs(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ship_rights_are_enough),
		cmocka_unit_test(test_ship_rights_are_no_more),
		cmocka_unit_test(test_ship_rights_to_paths),
	};

	return cmocka_run_group_tests(tests, make_dirs, remove_dirs);
}
