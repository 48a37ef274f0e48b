/* SPDX-License-Identifier: MIT */
/*
 * Parent and child, and the pipe between them: first all steps of the stack, then their names, a
 * message each, so that a child that is cut off has told the most important part.
 *
 * The child is a fork and not a program of its own: it needs the crash's memory, and nothing of the
 * locks that other threads may hold but malloc's, which fork keeps usable.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "crash.h"
#include "dwarf.h"
#include "unwind.h"

#define NOBODY           65534
#define NS_PER_MS        1000000ull
#define NS_PER_S         1000000000ull
#define LOOK_EVERY_MS    20
/* On top of what the collector has mapped. Debug information of a gigabyte is mapped, too. */
#define CHILD_MORE_BYTES (8ull << 30)
#define CHILD_CPU_S      1

enum told_kind {
	TOLD_STEP = 1,    /* address only; all of them come first */
	TOLD_INLINED = 2, /* a name of the next step without one, more follow */
	TOLD_NAME = 3,    /* its last */
};

/* Fits a pipe in one piece. */
struct told {
	uint32_t kind; /* enum told_kind */
	uint32_t line;
	uint64_t ip;
	char symbol[2000]; /* with offset; "" unknown */
	char file[2000];   /* "" unknown */
};

_Static_assert(sizeof(struct told) <= PIPE_BUF, "written and read in one piece");

/* ---- the child ---- */

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Above all those that hold a program's semaphores up: they must go when the collector goes. */
static void close_others(const int *fds, size_t cnt, int pipe_fd)
{
	int *kept = calloc(cnt + 1, sizeof(*kept));
	unsigned int next = 0;

	if (!kept)
		_exit(1);
	if (cnt)
		memcpy(kept, fds, cnt * sizeof(*kept));
	kept[cnt] = pipe_fd;
	qsort(kept, cnt + 1, sizeof(*kept), compare_ints);
	for (size_t i = 0; i <= cnt; i++) {
		if (kept[i] < 0 || (unsigned int)kept[i] < next)
			continue;
		if ((unsigned int)kept[i] > next)
			(void)syscall(SYS_close_range, next, kept[i] - 1, 0);
		next = kept[i] + 1;
	}
	(void)syscall(SYS_close_range, next, UINT_MAX, 0);
	free(kept);
}

static void limit(int resource, uint64_t most)
{
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	(void)setrlimit(resource, &limit);
}

static void limit_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages;

	if (file && fscanf(file, "%" SCNu64, &pages) == 1)
		limit(RLIMIT_AS, pages * sysconf(_SC_PAGESIZE) + CHILD_MORE_BYTES);
	if (file)
		(void)fclose(file);
	/* where memory runs out all the same, this is what to give up first */
	file = fopen("/proc/self/oom_score_adj", "we");
	if (file) {
		(void)fputs("1000", file);
		(void)fclose(file);
	}
}

/* From here on it can do no harm but to its answer. Raw system calls: the threads that libc would
 * change with us are not here. */
static void drop_rights(pid_t parent)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	limit(RLIMIT_CPU, CHILD_CPU_S);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit_memory();
	if (geteuid() == 0 &&
	    (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	     syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY)))
		_exit(1);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* after the change of user, which resets it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	/* libdwfl would ask servers for what it does not find */
	(void)unsetenv("DEBUGINFOD_URLS");
}

struct teller {
	int fd;
	uint64_t ip;
};

static void tell(const struct teller *teller, const struct told *told)
{
	if (write(teller->fd, told, sizeof(*told)) != sizeof(*told))
		_exit(1);
}

static void tell_name(void *ctx, const struct dwarf_name *name)
{
	const struct teller *teller = ctx;
	struct told told = {
		.kind = name->is_inlined ? TOLD_INLINED : TOLD_NAME,
		.line = name->file ? name->line : 0,
		.ip = teller->ip,
	};

	if (name->symbol && name->is_inlined)
		(void)snprintf(told.symbol, sizeof(told.symbol), "%s", name->symbol);
	else if (name->symbol)
		/* the offset is not to be lost where a template's name is endless */
		(void)snprintf(told.symbol, sizeof(told.symbol), "%.1900s+0x%" PRIx64, name->symbol,
			       name->offset);
	if (name->file)
		(void)snprintf(told.file, sizeof(told.file), "%s", name->file);
	tell(teller, &told);
}

/* What the kernel found by frame pointers, from `from` on. */
static size_t append_frames(const struct crash *crash, size_t from, struct dwarf_step *steps,
			    size_t cnt)
{
	for (; from < crash->frame_cnt && cnt < CRASH_MAX_FRAMES; from++)
		steps[cnt++] =
			(struct dwarf_step){ .ip = crash->frames[from].ip, .is_call = from != 0 };
	return cnt;
}

/* Where unwinding ended too early, frame pointers may go on: from the last step, if they have it, else
 * instead, if they have more. */
static size_t find_steps(struct dwarf *dwarf, const struct crash *crash, struct dwarf_step *steps)
{
	bool whole;
	size_t cnt = dwarf__walk(dwarf, steps, CRASH_MAX_FRAMES, &whole);

	if (cnt && whole)
		return cnt;
	for (size_t i = 0; cnt && i < crash->frame_cnt; i++) {
		if (crash->frames[i].ip == steps[cnt - 1].ip)
			return append_frames(crash, i + 1, steps, cnt);
	}
	return cnt > crash->frame_cnt ? cnt : append_frames(crash, 0, steps, 0);
}

static void run_child(const struct crash *crash, const int *fds, int pipe_fd)
{
	struct dwarf_step steps[CRASH_MAX_FRAMES];
	struct teller teller = { .fd = pipe_fd };
	struct dwarf *dwarf = dwarf__new(crash, fds);
	size_t cnt;

	if (!dwarf)
		return;
	cnt = find_steps(dwarf, crash, steps);
	for (size_t i = 0; i < cnt; i++)
		tell(&teller, &(struct told){ .kind = TOLD_STEP, .ip = steps[i].ip });
	for (size_t i = 0; i < cnt; i++) {
		teller.ip = steps[i].ip;
		dwarf__name(dwarf, &steps[i], tell_name, &teller);
	}
}

static pid_t start_child(const struct crash *crash, const int *fds, int *ret_fd)
{
	pid_t parent = getpid(), pid;
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	err = errno;
	if (pid == 0) {
		close_others(fds, crash->mapping_cnt, ends[1]);
		drop_rights(parent);
		run_child(crash, fds, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -err;
	}
	*ret_fd = ends[0];
	return pid;
}

/* ---- the parent ---- */

/* What the child has told. */
struct answer {
	uint64_t steps[CRASH_MAX_FRAMES];
	size_t step_cnt;
	size_t named_cnt; /* steps whose names are all there */
	struct crash_frame frames[CRASH_MAX_FRAMES];
	size_t frame_cnt; /* of the steps that are named */
	size_t open_cnt;  /* and of the one that is being named */
};

/* The child read what the program made: nothing that it says is believed to be well formed. */
static void take_told(struct answer *answer, struct told *told)
{
	struct crash_frame *frame;

	told->symbol[sizeof(told->symbol) - 1] = '\0';
	told->file[sizeof(told->file) - 1] = '\0';
	if (told->kind == TOLD_STEP) {
		if (answer->step_cnt < CRASH_MAX_FRAMES)
			answer->steps[answer->step_cnt++] = told->ip;
		return;
	}
	if (answer->named_cnt == answer->step_cnt)
		return;
	if (answer->frame_cnt + answer->open_cnt < CRASH_MAX_FRAMES) {
		frame = &answer->frames[answer->frame_cnt + answer->open_cnt++];
		frame->ip = answer->steps[answer->named_cnt];
		frame->symbol = told->symbol[0] ? strdup(told->symbol) : NULL;
		frame->file = told->file[0] ? strdup(told->file) : NULL;
		frame->line = told->line;
	}
	if (told->kind != TOLD_NAME)
		return;
	answer->frame_cnt += answer->open_cnt;
	answer->open_cnt = 0;
	answer->named_cnt++;
}

/* On a busy machine it is not the child's fault that it takes long. */
static bool is_late(clockid_t clock, uint64_t start_ns)
{
	struct timespec used;

	if (clock__now_mono_ns() - start_ns > UNWIND_MAX_WAIT_MS * NS_PER_MS)
		return true;
	return clock_gettime(clock, &used) ||
	       used.tv_sec * NS_PER_S + used.tv_nsec > UNWIND_MAX_MS * NS_PER_MS;
}

/* Until the child is done, or its time is over. */
static void listen_to_child(pid_t pid, int fd, struct answer *answer)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	uint64_t start_ns = clock__now_mono_ns();
	struct told told;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock))
		return;
	for (;;) {
		int ready = poll(&waiting, 1, LOOK_EVERY_MS);

		if (ready > 0 && read(fd, &told, sizeof(told)) != sizeof(told))
			return;
		if (ready > 0)
			take_told(answer, &told);
		if ((ready < 0 && errno != EINTR) || is_late(clock, start_ns))
			return;
	}
}

/* Those that were told without names come behind those with. */
static void add_unnamed(struct answer *answer)
{
	for (size_t i = 0; i < answer->open_cnt; i++)
		crash_frame__fini(&answer->frames[answer->frame_cnt + i]);
	for (size_t i = answer->named_cnt;
	     i < answer->step_cnt && answer->frame_cnt < CRASH_MAX_FRAMES; i++)
		answer->frames[answer->frame_cnt++].ip = answer->steps[i];
}

/* Build id and offset, where the kernel told them at the crash. */
static void take_known(struct crash_frame *frame, const struct crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		if (crash->frames[i].ip != frame->ip)
			continue;
		frame->offset = crash->frames[i].offset;
		memcpy(frame->build_id, crash->frames[i].build_id, sizeof(frame->build_id));
		return;
	}
}

static void replace_frames(struct crash *crash, struct answer *answer)
{
	for (size_t i = 0; i < answer->frame_cnt; i++)
		take_known(&answer->frames[i], crash);
	for (size_t i = 0; i < crash->frame_cnt; i++)
		crash_frame__fini(&crash->frames[i]);
	memcpy(crash->frames, answer->frames, answer->frame_cnt * sizeof(*crash->frames));
	crash->frame_cnt = answer->frame_cnt;
}

int unwind__crash(struct crash *crash, const int *fds)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	pid_t pid;
	int fd = -1, err = 0;

	if (!answer)
		return -ENOMEM;
	pid = start_child(crash, fds, &fd);
	if (pid < 0) {
		free(answer);
		return pid;
	}
	listen_to_child(pid, fd, answer);
	(void)close(fd);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	add_unnamed(answer);
	if (answer->frame_cnt)
		replace_frames(crash, answer);
	else
		err = -ENODATA;
	free(answer);
	return err;
}
