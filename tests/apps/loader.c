/* SPDX-License-Identifier: MIT */
/*
 * Loads libraries, has each log, and ends.
 *
 * usage: loader [--fork | --at-once] DIRECTORY
 *
 * Loads each file of DIRECTORY, some of which are copies of libearly.so, and says "start". At a
 * byte, it makes each of these copies log `lib_work` (value: its number), and ends. --fork: with a
 * child that logs nothing until it gets SIGUSR1; the child says "child PID" before that, and
 * "logged" when each library has logged once more. --at-once: each library logs just after it is
 * loaded; then the program unloads them and ends.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>

#include "app.h"

#define USAGE "loader [--fork | --at-once] DIRECTORY"
#define MAX   1000

static int (*works[MAX])(int);
static int cnt;

/* Its constructor logs before this, its destructor after. */
static void try_one(void *library, int number)
{
	int (*work)(int);

	*(void **)&work = dlsym(library, "earlylib__work");
	if (work)
		(void)work(number);
	(void)dlclose(library);
}

static void load_all(const char *path, bool at_once)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[4096];

	while (dir && (entry = readdir(dir))) {
		void *library;

		if (entry->d_name[0] == '.' || cnt == MAX)
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
		if (!library)
			exit(1);
		if (at_once) {
			try_one(library, cnt++);
			continue;
		}
		*(void **)&works[cnt] = dlsym(library, "earlylib__work");
		cnt += works[cnt] != NULL;
	}
	if (!dir || closedir(dir))
		exit(1);
}

static void log_all(void)
{
	for (int i = 0; i < cnt; i++)
		(void)works[i](i);
}

static void be_child(const sigset_t *signals)
{
	int number;

	printf("child %d\n", (int)getpid());
	fflush(stdout);
	(void)sigwait(signals, &number);
	log_all();
	app__say("logged");
}

int main(int argc, char **argv)
{
	bool forks = argc == 3 && !strcmp(argv[1], "--fork");
	bool at_once = argc == 3 && !strcmp(argv[1], "--at-once");
	sigset_t signals;

	if (argc != 2 + forks + at_once)
		app__usage(USAGE);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	load_all(argv[argc - 1], at_once);
	if (at_once)
		return 0;
	app__say("start");
	app__wait();
	log_all();
	if (forks && !fork())
		be_child(&signals);
	return 0;
}
