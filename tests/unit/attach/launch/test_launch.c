/* SPDX-License-Identifier: MIT */
/*
 * CMD and its process tree under trace, with real processes: the callback comes before any
 * constructor, for every image, and the programs notice nothing.
 *
 * The programs are compiled at the start into a temporary directory.
 */
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

#include "launch.h"
#include "linker.h"

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
	/* a shell's job control: the child stops itself, the parent sees it and goes on with it; each
	 * waits until the other has seen the last change, which the next would hide */
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
	/* its own SIGTRAP and a queued value must come as they were sent */
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
	/* what the collector blocked and ignores must not be so here */
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

/* What the callbacks saw. They run in the launch thread; the test reads it after the end. */
struct seen {
	pthread_mutex_t lock;
	char images[MAX_IMAGES][32];
	size_t image_cnt;
	const char *carries; /* the image that carries ttlog */
	int mark_fd;         /* gets an 'M' a call, -1: none */
	bool had_library;
	int trace_err; /* of on_untraced() */
	bool has_ended;
	int status;
	int ended_fd;                    /* closed at the end of CMD */
	int began, asked, ended_linking; /* calls, where the linker stops it */
};

/* How begin_run() launches. */
static bool launch_by_linker;
static const sigset_t *extra_mask; /* blocked in CMD, too */

static int begin_linking(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops);
static bool has_linked(void *ctx, pid_t pid, struct linker *linker);
static void end_linking(void *ctx, pid_t pid);

static bool has_mapping(pid_t pid, const char *what)
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

/* 'l': the library is mapped, by a linker that has yet to call its constructor. */
static void on_mapped(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;

	if (!has_mapping(pid, "/libmark.so"))
		return;
	pthread_mutex_lock(&seen->lock);
	if (!seen->had_library && seen->mark_fd >= 0 && write(seen->mark_fd, "l", 1) != 1)
		abort();
	seen->had_library = true;
	pthread_mutex_unlock(&seen->lock);
}

static bool on_linked(void *ctx, pid_t pid)
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

static void on_untraced(void *ctx, pid_t pid, int err)
{
	struct seen *seen = ctx;

	(void)pid;
	pthread_mutex_lock(&seen->lock);
	seen->trace_err = err;
	pthread_mutex_unlock(&seen->lock);
}

static void on_ended(void *ctx, int wait_status)
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

static void begin_run(struct run *run, char *const argv[], const char *carries)
{
	struct launch_callbacks callbacks = {
		.mapped = on_mapped,
		.linked = on_linked,
		.untraced = on_untraced,
		.ended = on_ended,
		.ctx = &run->seen,
	};
	struct launch_signals signals;
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
	/* CMD inherits only the writing end of the marks */
	assert_int_equal(pipe(run->marks), 0);
	assert_int_equal(fcntl(run->marks[0], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(pipe2(run->ended, O_CLOEXEC), 0);
	snprintf(text, sizeof(text), "%d", run->marks[1]);
	setenv("MARKS", text, 1);
	run->seen.mark_fd = run->marks[1];
	run->seen.ended_fd = run->ended[1];
	run->seen.carries = carries;
	run->launch = launch__start(argv, &signals, &callbacks, &run->exit_status);
}

static void wait_ended(struct run *run)
{
	char c;

	assert_int_equal(read(run->ended[0], &c, 1), 0);
	/* what on_ended() left behind is ours to read */
	pthread_mutex_lock(&run->seen.lock);
	pthread_mutex_unlock(&run->seen.lock);
}

static void wait_mark(const struct run *run, char mark)
{
	char c = 0;

	while (c != mark)
		assert_int_equal(read(run->marks[0], &c, 1), 1);
}

/* Frees, and returns all marks that were made. */
static const char *end_run(struct run *run)
{
	static char marks[128];
	ssize_t n;

	launch__free(run->launch);
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

static char *program(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Runs a program that takes no argument to its end. */
static const char *run_program(struct run *run, const char *name, const char *carries)
{
	char *argv[] = { program(name), NULL };

	begin_run(run, argv, carries);
	assert_non_null(run->launch);
	wait_ended(run);
	return end_run(run);
}

static void run_shell(struct run *run, const char *script, const char *carries)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	begin_run(run, argv, carries);
	assert_non_null(run->launch);
	wait_ended(run);
}

static void assert_exit(const struct run *run, int code)
{
	assert_true(run->seen.has_ended);
	assert_true(WIFEXITED(run->seen.status));
	assert_int_equal(WEXITSTATUS(run->seen.status), code);
}

/* ---- Before any of its code ---- */

static void test_launch_comes_before_constructors(void **state)
{
	struct run run;

	(void)state;
	/* the callback, the library's constructor, main's call of it, main */
	assert_string_equal(run_program(&run, "linked", "linked"), "lMcum");
	assert_true(run.seen.had_library);
	assert_string_equal(images_of(&run), "linked");
	assert_exit(&run, 7);
	/* and the same where it stays traced */
	assert_string_equal(run_program(&run, "linked", NULL), "lMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_comes_before_static_main(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "static", "static"), "Mm");
	assert_string_equal(images_of(&run), "static");
	assert_exit(&run, 5);
}

static void test_launch_stands_copied_r_debug(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "copies", NULL), "lMcu");
	assert_true(run.seen.had_library);
	assert_exit(&run, 3);
}

static void test_launch_finds_ld_so_as_program(void **state)
{
	struct run run;
	char linker[4096] = "", line[4400];
	FILE *maps = fopen("/proc/self/maps", "r");
	char *argv[] = { linker, program("linked"), NULL };

	(void)state;
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "/ld-linux") || strstr(line, "/ld-musl"))
			sscanf(strchr(line, '/'), "%4095s", linker);
	}
	fclose(maps);
	assert_true(linker[0]);
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "lMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_stands_audit_libraries(void **state)
{
	struct run run;
	char script[256];

	(void)state;
	/* a library without la_version is loaded, in a namespace of its own, with all that it
	 * needs, and thrown out again; the shell's mark, its constructor's, and then as ever */
	snprintf(script, sizeof(script), "LD_AUDIT=%s/libmark.so exec %s/linked 2>/dev/null", dir,
		 dir);
	run_shell(&run, script, NULL);
	assert_string_equal(end_run(&run), "MlcMcum");
	assert_true(run.seen.had_library);
	assert_exit(&run, 7);
}

static void test_launch_tells_nothing_of_a_program_that_cannot_link(void **state)
{
	struct run run;
	char script[512];

	(void)state;
	snprintf(script, sizeof(script),
		 "mkdir %s/alone && cp %s/linked %s/alone && "
		 "exec %s/alone/linked 2>/dev/null",
		 dir, dir, dir, dir);
	run_shell(&run, script, NULL);
	assert_string_equal(images_of(&run), "dash mkdir cp");
	assert_exit(&run, 127);
	end_run(&run);
}

/* ---- Stopped by its linker ---- */

/* The linker's probe is the kernel's; here the program itself brings the stop about. */
static int begin_linking(void *ctx, pid_t pid, struct linker *ret_linker, bool *ret_stops)
{
	struct seen *seen = ctx;

	(void)pid;
	seen->began++;
	*ret_linker = (struct linker){ 0 };
	*ret_stops = true;
	return 0;
}

/* At the second stop. */
static bool has_linked(void *ctx, pid_t pid, struct linker *linker)
{
	struct seen *seen = ctx;

	(void)pid;
	(void)linker;
	return ++seen->asked == 2;
}

static void end_linking(void *ctx, pid_t pid)
{
	struct seen *seen = ctx;

	(void)pid;
	seen->ended_linking++;
}

static void check_stops(const char *script, const char *carries, const char *marks)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	struct run run;

	launch_by_linker = true;
	begin_run(&run, argv, carries);
	launch_by_linker = false;
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), marks);
	assert_exit(&run, 25);
	assert_int_equal(run.seen.began, 1);
	assert_int_equal(run.seen.ended_linking, 1);
}

static void test_launch_waits_for_the_linker(void **state)
{
	const char *script =
		"kill -URG $$; echo 1 >&$MARKS; kill -URG $$; echo 2 >&$MARKS; exit 25";

	(void)state;
	/* nothing is told at the first, and at the second all is linked */
	check_stops(script, NULL, "1\nM2\n");
	check_stops(script, "dash", "1\nM2\n");
	/* and where it ends before */
	check_stops("kill -URG $$; exit 25", NULL, "");
}

static void test_launch_goes_by_calls_where_signals_are_blocked(void **state)
{
	char *argv[] = { program("linked"), NULL };
	sigset_t blocked;
	struct run run;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGURG);
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGCHLD);
	extra_mask = &blocked;
	launch_by_linker = true;
	begin_run(&run, argv, NULL);
	launch_by_linker = false;
	extra_mask = NULL;
	assert_non_null(run.launch);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "lMcum");
	assert_exit(&run, 7);
	assert_int_equal(run.seen.began, 0);
	assert_int_equal(run.seen.ended_linking, 0);
}

/* ---- The tree ---- */

static void test_launch_tells_of_every_image(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "/bin/true; /bin/false; exit 21", NULL);
	end_run(&run);
	assert_string_equal(images_of(&run), "dash true false");
	assert_exit(&run, 21);

	run_shell(&run, "(/bin/true); exec /bin/false", NULL);
	end_run(&run);
	assert_string_equal(images_of(&run), "dash true false");
	assert_exit(&run, 1);
}

static void test_launch_runs_scripts(void **state)
{
	struct run run;
	FILE *file = fopen(program("script"), "w");

	(void)state;
	assert_non_null(file);
	fputs("#!/bin/sh\n/bin/true\nexit 22\n", file);
	fclose(file);
	assert_int_equal(chmod(program("script"), 0700), 0);
	run_program(&run, "script", NULL);
	assert_string_equal(images_of(&run), "dash true");
	assert_exit(&run, 22);
}

static void test_launch_lets_carriers_go(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "/bin/true; exit 23", "dash");
	end_run(&run);
	assert_string_equal(images_of(&run), "dash");
	assert_exit(&run, 23);
}

static void test_launch_stands_fork_without_exec(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "forks", NULL), "Mm");
	assert_exit(&run, 11);
	assert_string_equal(run_program(&run, "forks", "forks"), "Mm");
	assert_exit(&run, 11);
}

static void test_launch_follows_threads(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "thread_execs", NULL);
	assert_string_equal(images_of(&run), "thread_execs true");
	assert_exit(&run, 0);
	run_program(&run, "thread_spawns", NULL);
	assert_string_equal(images_of(&run), "thread_spawns false");
	assert_exit(&run, 15);
}

static void test_launch_stays_with_the_rest(void **state)
{
	struct run run;
	char script[256];
	int fifo;

	(void)state;
	/* the background process goes on after CMD's end, and execs only when it is told to */
	assert_int_equal(mkfifo(program("rest"), 0600), 0);
	snprintf(script, sizeof(script), "(read x <%s/rest; exec /bin/true) & exit 24", dir);
	run_shell(&run, script, NULL);
	assert_exit(&run, 24);
	wait_mark(&run, 'M');
	fifo = open(program("rest"), O_WRONLY);
	assert_true(fifo >= 0);
	assert_int_equal(write(fifo, "\n", 1), 1);
	close(fifo);
	/* the mark of its image, and then what was written down before it */
	wait_mark(&run, 'M');
	pthread_mutex_lock(&run.seen.lock);
	assert_string_equal(images_of(&run), "dash true");
	pthread_mutex_unlock(&run.seen.lock);
	end_run(&run);
}

/* ---- Signals ---- */

static void test_launch_passes_signals_as_they_are(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "signals", NULL);
	assert_exit(&run, 13);
}

static void test_launch_restores_dispositions(void **state)
{
	struct run run;

	(void)state;
	run_program(&run, "dispositions", NULL);
	assert_exit(&run, 16);
}

static void test_launch_keeps_job_control(void **state)
{
	struct run run;

	(void)state;
	assert_string_equal(run_program(&run, "stops", NULL), "M1234");
	assert_exit(&run, 12);
}

static void test_launch_tells_of_death_by_signal(void **state)
{
	struct run run;

	(void)state;
	run_shell(&run, "kill -TRAP $$", NULL);
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGTRAP);

	run_shell(&run, "kill -KILL $$", "dash");
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGKILL);
}

static void test_launch_forwards_signals(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin_run(&run, argv, i ? "waits" : NULL);
		assert_non_null(run.launch);
		assert_true(launch__pid(run.launch) > 0);
		wait_mark(&run, 'r');
		assert_int_equal(launch__signal(run.launch, SIGUSR1), 0);
		wait_ended(&run);
		assert_exit(&run, 14);
		assert_int_equal(launch__signal(run.launch, SIGUSR1), -ESRCH);
		assert_string_equal(end_run(&run), "u");
	}
}

/* ---- Letting go ---- */

static int tracer_of(pid_t pid)
{
	char path[64], line[256];
	int tracer = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "TracerPid: %d", &tracer);
	fclose(file);
	return tracer;
}

static void test_launch_lets_go_when_freed(void **state)
{
	struct run run;
	char *argv[] = { program("waits"), NULL };
	int status;
	pid_t pid;

	(void)state;
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	pid = launch__pid(run.launch);
	wait_mark(&run, 'r');
	assert_int_equal(tracer_of(pid) > 0, 1);
	launch__free(run.launch);
	run.launch = NULL;
	assert_int_equal(tracer_of(pid), 0);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 14);
	assert_false(run.seen.has_ended);
	close(run.ended[1]);
	end_run(&run);
}

static void test_launch_lets_go_in_the_midst_of_linking(void **state)
{
	struct run run;
	char preload[128], *argv[] = { "env", preload, program("linked"), NULL };
	int fifo, status;
	pid_t pid;

	(void)state;
	/* the dynamic linker waits in open() or read() of this "library" */
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/fifo", dir);
	argv[2] = strdup(program("linked"));
	assert_int_equal(mkfifo(program("fifo"), 0600), 0);
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	pid = launch__pid(run.launch);
	fifo = open(program("fifo"), O_WRONLY);
	assert_true(fifo >= 0);
	assert_true(tracer_of(pid) > 0);
	launch__free(run.launch);
	run.launch = NULL;
	assert_int_equal(tracer_of(pid), 0);
	assert_string_equal(images_of(&run), "env");
	close(fifo);
	/* what was left behind in it would kill it */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_false(run.seen.has_ended);
	close(run.ended[1]);
	assert_string_equal(end_run(&run), "Mcum");
	free(argv[2]);
}

static void wait_state(pid_t pid, const char *states)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (!strrchr(text, ')') || !strchr(states, strrchr(text, ')')[2])) {
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
	}
}

static void test_launch_stands_a_stop_in_the_midst_of_linking(void **state)
{
	struct run run;
	char preload[128], linked[128], *argv[] = { "env", preload, linked, NULL };
	pid_t pid;
	int fifo;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/fifo3", dir);
	snprintf(linked, sizeof(linked), "%s", program("linked"));
	assert_int_equal(mkfifo(program("fifo3"), 0600), 0);
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	pid = launch__pid(run.launch);
	fifo = open(program("fifo3"), O_WRONLY);
	assert_true(fifo >= 0);
	/* in read() */
	wait_state(pid, "S");
	assert_int_equal(launch__signal(run.launch, SIGSTOP), 0);
	wait_state(pid, "tT");
	assert_int_equal(launch__signal(run.launch, SIGCONT), 0);
	wait_state(pid, "S");
	close(fifo);
	wait_ended(&run);
	assert_string_equal(end_run(&run), "MlMcum");
	assert_exit(&run, 7);
}

static void test_launch_stands_a_kill_in_the_midst_of_linking(void **state)
{
	struct run run;
	char preload[128], *argv[] = { "env", preload, "true", NULL };
	int fifo;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/fifo2", dir);
	assert_int_equal(mkfifo(program("fifo2"), 0600), 0);
	begin_run(&run, argv, NULL);
	assert_non_null(run.launch);
	fifo = open(program("fifo2"), O_WRONLY);
	assert_true(fifo >= 0);
	assert_int_equal(launch__signal(run.launch, SIGKILL), 0);
	wait_ended(&run);
	close(fifo);
	end_run(&run);
	assert_true(WIFSIGNALED(run.seen.status));
	assert_int_equal(WTERMSIG(run.seen.status), SIGKILL);
	assert_string_equal(images_of(&run), "env");
}

/* ---- Failure ---- */

static void assert_fails(char *const argv[], int err, int exit_status)
{
	struct run run;

	begin_run(&run, argv, NULL);
	assert_int_equal(errno, err);
	assert_null(run.launch);
	assert_int_equal(run.exit_status, exit_status);
	assert_false(run.seen.has_ended);
	assert_int_equal(run.seen.image_cnt, 0);
	close(run.ended[1]);
	end_run(&run);
}

static void test_launch_fails_as_env(void **state)
{
	(void)state;
	assert_fails((char *[]){ "/nonexistent/program", NULL }, ENOENT, 127);
	assert_fails((char *[]){ "no-such-program-anywhere", NULL }, ENOENT, 127);
	assert_fails((char *[]){ "/etc", NULL }, EACCES, 126);
	/* no children are left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- */

static int build_program(size_t i)
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

static int setup(void **state)
{
	(void)state;
	/* as in the collector */
	signal(SIGPIPE, SIG_IGN);
	/* the sanitizers' runtime would report on every program under trace */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (build_program(i))
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_comes_before_constructors),
		cmocka_unit_test(test_launch_comes_before_static_main),
		cmocka_unit_test(test_launch_stands_copied_r_debug),
		cmocka_unit_test(test_launch_finds_ld_so_as_program),
		cmocka_unit_test(test_launch_stands_audit_libraries),
		cmocka_unit_test(test_launch_tells_nothing_of_a_program_that_cannot_link),
		cmocka_unit_test(test_launch_waits_for_the_linker),
		cmocka_unit_test(test_launch_goes_by_calls_where_signals_are_blocked),
		cmocka_unit_test(test_launch_tells_of_every_image),
		cmocka_unit_test(test_launch_runs_scripts),
		cmocka_unit_test(test_launch_lets_carriers_go),
		cmocka_unit_test(test_launch_stands_fork_without_exec),
		cmocka_unit_test(test_launch_follows_threads),
		cmocka_unit_test(test_launch_stays_with_the_rest),
		cmocka_unit_test(test_launch_passes_signals_as_they_are),
		cmocka_unit_test(test_launch_restores_dispositions),
		cmocka_unit_test(test_launch_keeps_job_control),
		cmocka_unit_test(test_launch_tells_of_death_by_signal),
		cmocka_unit_test(test_launch_forwards_signals),
		cmocka_unit_test(test_launch_lets_go_when_freed),
		cmocka_unit_test(test_launch_lets_go_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_stands_a_stop_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_stands_a_kill_in_the_midst_of_linking),
		cmocka_unit_test(test_launch_fails_as_env),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
