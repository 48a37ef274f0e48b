/* SPDX-License-Identifier: MIT */
/*
 * Programs to launch, compiled into a temporary directory at their first use, and a record of the
 * callbacks' calls.
 */
#ifndef TTLOG_TESTS_LAUNCH_FIXTURE_H
#define TTLOG_TESTS_LAUNCH_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "broker.h"
#include "broker_server.h"
#include "launch.h"
#include "linker.h"
#include "traced_command.h"

#define MAX_IMAGES 32

/* Every program writes its marks to the file descriptor in $MARKS. */
#define PROGRAM_HEAD                                                                               \
	"#define _GNU_SOURCE\n"                                                                    \
	"#include <errno.h>\n#include <fcntl.h>\n#include <pthread.h>\n#include <signal.h>\n"      \
	"#include <spawn.h>\n#include <stdlib.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"    \
	"static inline void mark(char c)\n"                                                        \
	"{ char *fd = getenv(\"MARKS\"); if (!fd || write(atoi(fd), &c, 1) != 1) abort(); }\n"

static const struct {
	const char *name;
	const char *flags;
	const char *text;
} programs[] = {
	{ "libmark.so", "-shared -fPIC",
	  "__attribute__((constructor)) static void begin(void) { mark('c'); }\n"
	  "void use(void); void use(void) { mark('u'); }\n" },
	{ "linked", "libmark.so -Wl,-rpath,'$ORIGIN'",
	  "void use(void);\n"
	  "int main(void) { use(); mark('m'); return 7; }\n" },
	{ "static", "-static", "int main(void) { mark('m'); return 5; }\n" },
	/* a debugger's helper: _r_debug is copied into the program */
	{ "copies", "-no-pie -fno-pie libmark.so -Wl,-rpath,'$ORIGIN'",
	  "#include <link.h>\n"
	  "extern struct r_debug _r_debug; void use(void);\n"
	  "int main(void) { use(); return _r_debug.r_version ? 3 : 4; }\n" },
	{ "forks", "",
	  "int main(void) { int st; pid_t pid = fork(); if (!pid) _exit(3);\n"
	  "  if (waitpid(pid, &st, 0) != pid) return 1; mark('m');\n"
	  "  return WIFEXITED(st) && WEXITSTATUS(st) == 3 ? 11 : 1; }\n" },
	/* a shell's job control: the child stops itself, the parent sees this and continues it.
	 * Each waits until the other has seen the last change: the next change would hide it */
	{ "stops", "",
	  "int main(void) { int st, seen[2]; char c; pid_t pid;\n"
	  "  if (pipe(seen)) return 6;\n"
	  "  pid = fork();\n"
	  "  if (!pid) { raise(SIGSTOP); mark('2'); read(seen[0], &c, 1);\n"
	  "    raise(SIGTSTP); mark('4'); read(seen[0], &c, 1); _exit(9); }\n"
	  "  for (int i = 0; i < 2; i++) {\n"
	  "    if (waitpid(pid, &st, WUNTRACED) != pid || !WIFSTOPPED(st)) return 1;\n"
	  "    if (WSTOPSIG(st) != (i ? SIGTSTP : SIGSTOP)) return 2;\n"
	  "    mark(i ? '3' : '1'); kill(pid, SIGCONT);\n"
	  "    if (waitpid(pid, &st, WCONTINUED) != pid || !WIFCONTINUED(st)) return 3;\n"
	  "    write(seen[1], \"\", 1); }\n"
	  "  if (waitpid(pid, &st, 0) != pid || !WIFEXITED(st)) return 4;\n"
	  "  return WEXITSTATUS(st) == 9 ? 12 : 5; }\n" },
	/* the program's own SIGTRAP and a queued value must arrive as they were sent */
	{ "signals", "",
	  "static volatile sig_atomic_t trap_code, value;\n"
	  "static void on(int sig, siginfo_t *info, void *ctx) { (void)ctx;\n"
	  "  if (sig == SIGTRAP) trap_code = info->si_code;\n"
	  "  else value = info->si_value.sival_int; }\n"
	  "int main(void) {\n"
	  "  struct sigaction sa = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };\n"
	  "  sigaction(SIGTRAP, &sa, 0); sigaction(SIGUSR2, &sa, 0);\n"
	  "  raise(SIGTRAP); if (trap_code != SI_TKILL) return 1;\n"
	  "#ifdef __x86_64__\n"
	  "  __asm__ volatile(\"int3\"); if (trap_code != SI_KERNEL) return 2;\n"
	  "#endif\n"
	  "  sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 77 });\n"
	  "  return value == 77 ? 13 : 3; }\n" },
	{ "waits", "",
	  "static void on(int sig) { mark(sig == SIGUSR1 ? 'u' : 't'); }\n"
	  "int main(void) { sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1);\n"
	  "  sigprocmask(SIG_BLOCK, &set, &old); signal(SIGUSR1, on); mark('r');\n"
	  "  sigsuspend(&old); return 14; }\n" },
	{ "thread_execs", "-pthread",
	  "static void *run(void *arg) { (void)arg; execl(\"/bin/true\", \"true\", (char *)0);\n"
	  "  return 0; }\n"
	  "int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); for (;;) pause(); }\n" },
	{ "thread_spawns", "-pthread",
	  "static int st = -1; extern char **environ;\n"
	  "static void *run(void *arg) { pid_t pid; char *argv[] = { \"false\", 0 }; (void)arg;\n"
	  "  if (!posix_spawn(&pid, \"/bin/false\", 0, 0, argv, environ)) waitpid(pid, &st, 0);\n"
	  "  return 0; }\n"
	  "int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0);\n"
	  "  return WIFEXITED(st) && WEXITSTATUS(st) == 1 ? 15 : 1; }\n" },
	/* signals that the collector blocks and ignores must be neither here */
	{ "dispositions", "",
	  "int main(void) { sigset_t mask; struct sigaction sa; int i;\n"
	  "  sigprocmask(SIG_SETMASK, 0, &mask);\n"
	  "  for (i = 1; i < 65; i++) {\n"
	  "    if (i == SIGHUP) continue;\n"
	  "    if (sigismember(&mask, i) == 1) return 1;\n"
	  "    if (!sigaction(i, 0, &sa) && sa.sa_handler != SIG_DFL) return 2; }\n"
	  "  return sigismember(&mask, SIGHUP) == 1 ? 16 : 3; }\n" },
};

static char dir[] = "/tmp/ttlog-launch-XXXXXX";

/* The callbacks' calls. They run in the launch thread; the test reads this after the end. */
struct seen {
	pthread_mutex_t lock;
	pid_t pid; /* of CMD, which is the first */
	char images[MAX_IMAGES][32];
	size_t image_cnt;
	const char *carries; /* the image that carries ttlog */
	int mark_fd;         /* gets an 'M' for each call; -1: none */
	bool had_library;
	int trace_err; /* of on_untraced() */
	bool has_ended;
	int status;
	int ended_fd;                    /* closed at the end of CMD */
	int began, asked, ended_linking; /* calls, if CMD is stopped by its linker */
};

/* How begin_run() launches. */
static bool launch_by_linker;
static const sigset_t *extra_mask; /* blocked in CMD, too */
/* by a second process, which runs this, and not what launch__start() is told */
static char *const *broker_command;

static int begin_linking(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops);
static bool has_linked(void *ctx, pid_t pid, struct linker *linker);
static void end_linking(void *ctx, pid_t pid);

static inline bool has_mapping(pid_t pid, const char *what)
{
	char path[64], line[4400];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, what);
	fclose(file);
	return found;
}

static inline void note_pid(struct seen *seen, pid_t pid)
{
	if (!seen->pid)
		seen->pid = pid;
}

/* Marks 'l': the library is mapped, and its constructor has not been called yet. */
static inline void on_mapped(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;

	note_pid(seen, pid);
	if (!has_mapping(pid, "/libmark.so"))
		return;
	pthread_mutex_lock(&seen->lock);
	if (!seen->had_library && seen->mark_fd >= 0 && write(seen->mark_fd, "l", 1) != 1)
		abort();
	seen->had_library = true;
	pthread_mutex_unlock(&seen->lock);
}

static inline bool on_linked(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;
	char path[64], exe[4096];
	const char *name;
	bool carries;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = 0;
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;

	pthread_mutex_lock(&seen->lock);
	if (seen->image_cnt < MAX_IMAGES)
		snprintf(seen->images[seen->image_cnt++], sizeof(seen->images[0]), "%.31s", name);
	if (seen->mark_fd >= 0 && write(seen->mark_fd, "M", 1) != 1)
		abort();
	carries = seen->carries && !strcmp(seen->carries, name);
	pthread_mutex_unlock(&seen->lock);
	return carries;
}

static inline void on_untraced(void *ctx, pid_t pid, int err)
{
	struct seen *seen = ctx;

	(void)pid;
	pthread_mutex_lock(&seen->lock);
	seen->trace_err = err;
	pthread_mutex_unlock(&seen->lock);
}

static inline void on_ended(void *ctx, int wait_status)
{
	struct seen *seen = ctx;

	pthread_mutex_lock(&seen->lock);
	if (seen->has_ended)
		abort();
	seen->has_ended = true;
	seen->status = wait_status;
	pthread_mutex_unlock(&seen->lock);
	close(seen->ended_fd);
}

struct run {
	struct seen seen;
	struct launch *launch;
	int marks[2];
	int ended[2];
	int exit_status;
};

/* After what CMD inherits, and before what it does not. */
static inline void start_broker(const struct command_signals *signals)
{
	const struct broker_policy policy = {
		.is_strict = true,
		.allows_memory = true, /* of the linker: whether it is ready */
		.command = broker_command,
		.command_signals = *signals,
		.loading_fd = -1,
	};

	assert_int_equal(broker__start(&policy), 0);
	assert_true(broker__pid() != getpid());
}

static inline void end_broker(void)
{
	struct broker_connection *own = broker_connection__own();

	if (own) {
		broker_connection__leave(own);
		broker_connection__free(own);
	}
	broker__end();
}

static inline void begin_run(struct run *run, char *const argv[], const char *carries)
{
	struct launch_callbacks callbacks = {
		.mapped = on_mapped,
		.linked = on_linked,
		.untraced = on_untraced,
		.ended = on_ended,
		.ctx = &run->seen,
	};
	struct command_signals signals;
	char text[16];

	if (launch_by_linker) {
		callbacks.begin_linking = begin_linking;
		callbacks.has_linked = has_linked;
		callbacks.end_linking = end_linking;
	}
	memset(run, 0, sizeof(*run));
	pthread_mutex_init(&run->seen.lock, NULL);
	sigemptyset(&signals.mask);
	sigaddset(&signals.mask, SIGHUP);
	if (extra_mask)
		(void)sigorset(&signals.mask, &signals.mask, extra_mask);
	sigemptyset(&signals.defaults);
	sigaddset(&signals.defaults, SIGPIPE);
	/* CMD inherits only the write end of the marks' pipe */
	assert_int_equal(pipe(run->marks), 0);
	assert_int_equal(fcntl(run->marks[0], F_SETFD, FD_CLOEXEC), 0);
	snprintf(text, sizeof(text), "%d", run->marks[1]);
	setenv("MARKS", text, 1);
	if (broker_command)
		start_broker(&signals);
	assert_int_equal(pipe2(run->ended, O_CLOEXEC), 0);
	run->seen.mark_fd = run->marks[1];
	run->seen.ended_fd = run->ended[1];
	run->seen.carries = carries;
	run->launch = launch__start(argv, &signals, &callbacks, &run->exit_status);
}

static inline void wait_ended(struct run *run)
{
	char c;

	assert_int_equal(read(run->ended[0], &c, 1), 0);
	/* pairs with on_ended(): after it this thread may read what the callbacks wrote */
	pthread_mutex_lock(&run->seen.lock);
	pthread_mutex_unlock(&run->seen.lock);
}

static inline void wait_mark(const struct run *run, char mark)
{
	char c = 0;

	while (c != mark)
		assert_int_equal(read(run->marks[0], &c, 1), 1);
}

/* Frees the run. Returns all marks that were made. */
static const char *end_run(struct run *run)
{
	static char marks[128];
	ssize_t n;

	launch__free(run->launch);
	if (broker_command)
		end_broker();
	close(run->marks[1]);
	n = read(run->marks[0], marks, sizeof(marks) - 1);
	assert_true(n >= 0);
	marks[n] = 0;
	close(run->marks[0]);
	close(run->ended[0]);
	return marks;
}

static const char *images_of(const struct run *run)
{
	static char text[MAX_IMAGES * 33];

	text[0] = 0;
	for (size_t i = 0; i < run->seen.image_cnt; i++) {
		strcat(text, i ? " " : "");
		strcat(text, run->seen.images[i]);
	}
	return text;
}

static inline int build_program(size_t i)
{
	char path[256], command[1024];
	const char *cc = getenv("CC");
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.c", dir, programs[i].name);
	file = fopen(path, "w");
	if (!file)
		return -1;
	fputs(PROGRAM_HEAD, file);
	fputs(programs[i].text, file);
	if (fclose(file))
		return -1;
	snprintf(command, sizeof(command), "cd %s && %s -O1 -o %s %s.c %s", dir, cc ? cc : "cc",
		 programs[i].name, programs[i].name, programs[i].flags);
	return system(command);
}

/* The program's path. Its first use compiles it. */
static char *program(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (size_t i = 0; access(path, F_OK) && i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!strcmp(programs[i].name, name))
			assert_int_equal(build_program(i), 0);
	}
	return path;
}

/* Runs a program without arguments to its end. */
static inline const char *run_program(struct run *run, const char *name, const char *carries)
{
	char *argv[] = { program(name), NULL };

	begin_run(run, argv, carries);
	assert_non_null(run->launch);
	wait_ended(run);
	return end_run(run);
}

static inline void run_shell(struct run *run, const char *script, const char *carries)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	begin_run(run, argv, carries);
	assert_non_null(run->launch);
	wait_ended(run);
}

static inline void assert_exit(const struct run *run, int code)
{
	assert_true(run->seen.has_ended);
	assert_true(WIFEXITED(run->seen.status));
	assert_int_equal(WEXITSTATUS(run->seen.status), code);
}

/* In the collector, the probe on the linker stops the program. Here it stops itself. */
static inline int begin_linking(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops)
{
	struct seen *seen = ctx;

	note_pid(seen, pid);
	seen->began++;
	*ret_linker = (struct linker){ 0 };
	*ret_stops = true;
	return 0;
}

/* Called at the second stop. */
static inline bool has_linked(void *ctx, pid_t pid, struct linker *linker)
{
	struct seen *seen = ctx;

	(void)pid;
	(void)linker;
	return ++seen->asked == 2;
}

static inline void end_linking(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;

	(void)pid;
	seen->ended_linking++;
}

/* ---- */

static inline int setup(void **state)
{
	(void)state;
	/* as in the collector */
	signal(SIGPIPE, SIG_IGN);
	/* else the sanitizers' runtime would report that each program is traced */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if (!mkdtemp(dir))
		return -1;
	/* the library, and the program that the scripts name */
	return build_program(0) || build_program(1) ? -1 : 0;
}

static inline int teardown(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

#endif /* TTLOG_TESTS_LAUNCH_FIXTURE_H */
