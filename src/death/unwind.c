/* SPDX-License-Identifier: MIT */
/*
 * The parent's side: starts the child, sends it files and crashes, takes its answers, and ends it
 * when it takes too long. What it had told until then is kept.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "child_process.h"
#include "clock.h"
#include "crash.h"
#include "fd_message.h"
#include "unwind.h"
#include "unwind_answer.h"
#include "unwind_child.h"

#define NS_PER_MS     1000000ull
#define NS_PER_S      1000000000ull
#define LOOK_EVERY_MS 20
/* After so many children that were late, stacks stay as they are until the next rest. */
#define MAX_LATE      3

struct id_list {
	char (*ids)[41];
	size_t cnt, cap;
};

struct unwind {
	struct child_process child; /* pid 0: none */
	uint32_t uid;               /* the user that the child serves */
	struct id_list given;       /* files that the child has */
	struct id_list slow; /* files whose debug information takes too long; until the next rest */
	unsigned late_cnt;   /* children that were ended; until the next rest */
};

/* ---- lists of build ids ---- */

static bool has_id(const struct id_list *list, const char *id)
{
	for (size_t i = 0; i < list->cnt; i++) {
		if (strcmp(list->ids[i], id) == 0)
			return true;
	}
	return false;
}

static void add_id(struct id_list *list, const char *id)
{
	if (!array__reserve(list->ids, list->cnt + 1, &list->cap))
		(void)snprintf(list->ids[list->cnt++], sizeof(*list->ids), "%s", id);
}

static void clear_ids(struct id_list *list)
{
	free(list->ids);
	*list = (struct id_list){ 0 };
}

/* ---- the child ---- */

static void end_child(struct unwind *unwind)
{
	if (!unwind->child.pid)
		return;
	child_process__end(&unwind->child);
	unwind->child.pid = 0;
	clear_ids(&unwind->given);
}

static int start_child(struct unwind *unwind, uint32_t uid)
{
	/* a child that does not listen must not hold us up */
	const struct timeval limit = { .tv_usec = UNWIND_MAX_MS * 1000 };
	/* a crash is sent as one message */
	const int room = sizeof(struct unwind_crash) +
			 UNWIND_MAX_MAPPINGS * sizeof(struct mapping) +
			 UNWIND_MAX_PAGES * sizeof(struct crash_page);
	int err = child_process__start(&unwind->child, CHILD_UNWIND);

	if (err)
		return err;
	(void)setsockopt(unwind->child.socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(unwind->child.socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	unwind->uid = uid;
	return 0;
}

/* ---- questions ---- */

/* 0 if all was sent, or -errno. */
static int send_parts(const struct unwind *unwind, const struct iovec *parts, size_t cnt, int fd)
{
	const ssize_t sent = fd_message__send(unwind->child.socket, parts, cnt, fd, 0);

	return sent < 0 ? (int)sent : 0;
}

static int give_file(struct unwind *unwind, const struct mapping *mapping, int fd)
{
	struct unwind_file file = {
		.kind = UNWIND_FILE,
		.symbols_only = has_id(&unwind->slow, mapping->build_id),
	};
	struct iovec part = { &file, sizeof(file) };
	int err;

	memcpy(file.build_id, mapping->build_id, sizeof(file.build_id));
	(void)snprintf(file.path, sizeof(file.path), "%s", mapping->path);
	err = send_parts(unwind, &part, 1, fd);
	if (!err)
		add_id(&unwind->given, mapping->build_id);
	return err;
}

static int give_files(struct unwind *unwind, const struct crash *crash, unwind_open_fn open,
		      void *ctx)
{
	int err = 0;

	for (size_t i = 0; !err && i < crash->mappings.cnt; i++) {
		const struct mapping *mapping = &crash->mappings.items[i];
		int fd;

		if (!mapping->build_id[0] || has_id(&unwind->given, mapping->build_id))
			continue;
		fd = open(ctx, mapping);
		if (fd < 0)
			continue;
		err = give_file(unwind, mapping, fd);
		(void)close(fd);
	}
	return err;
}

/* What the child uses, without pointers of this process. */
static void fill_crash(struct unwind_crash *message, const struct crash *crash)
{
	struct crash *given = &message->crash;

	given->tid = crash->tid;
	given->register_cnt = crash->register_cnt;
	for (size_t i = 0; i < crash->register_cnt; i++) {
		given->registers[i].value = crash->registers[i].value;
		(void)snprintf(message->registers[i], sizeof(message->registers[i]), "%s",
			       crash->registers[i].name);
	}
	given->frame_cnt = crash->frame_cnt;
	for (size_t i = 0; i < crash->frame_cnt; i++)
		given->frames[i].ip = crash->frames[i].ip;
	given->outer_start = crash->outer_start;
	given->page_cnt = crash->page_cnt;
	if (given->page_cnt > UNWIND_MAX_PAGES)
		given->page_cnt = UNWIND_MAX_PAGES;
	if (crash->thrown_type && crash->is_type_mangled)
		(void)snprintf(message->type, sizeof(message->type), "%s", crash->thrown_type);
}

static int give_crash(const struct unwind *unwind, const struct crash *crash)
{
	struct unwind_crash message = { .kind = UNWIND_CRASH };
	struct mapping *mappings = calloc(crash->mappings.cnt + 1, sizeof(*mappings));
	struct iovec parts[3];
	size_t cnt = 0;
	int err;

	if (!mappings)
		return -ENOMEM;
	for (size_t i = 0; i < crash->mappings.cnt && cnt < UNWIND_MAX_MAPPINGS; i++) {
		if (!has_id(&unwind->given, crash->mappings.items[i].build_id))
			continue;
		mappings[cnt] = crash->mappings.items[i];
		mappings[cnt++].path = NULL;
	}
	fill_crash(&message, crash);
	message.crash.mappings.cnt = cnt;
	parts[0] = (struct iovec){ &message, sizeof(message) };
	parts[1] = (struct iovec){ mappings, cnt * sizeof(*mappings) };
	parts[2] = (struct iovec){ crash->pages, message.crash.page_cnt * sizeof(*crash->pages) };
	err = send_parts(unwind, parts, 3, -1);
	free(mappings);
	return err;
}

/* 0, -EPIPE if the child is gone, or the error if it could not be started. */
static int ask(struct unwind *unwind, const struct crash *crash, uint32_t uid, unwind_open_fn open,
	       void *ctx)
{
	int err = unwind->child.pid ? 0 : start_child(unwind, uid);

	if (err)
		return err;
	err = give_files(unwind, crash, open, ctx);
	if (!err)
		err = give_crash(unwind, crash);
	return err == -ENOMEM ? err : err ? -EPIPE : 0;
}

/* ---- its time ---- */

struct watch {
	pid_t pid;
	clockid_t cpu_clock;
	uint64_t start_ns, looked_ns, cpu_ns;
	uint64_t blocked_ns; /* that it waited for a disk, or was stopped */
};

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec used;

	return clock_gettime(clock, &used) ? 0 : used.tv_sec * NS_PER_S + used.tv_nsec;
}

/* Whether it has, or waits for, a processor. */
static bool is_runnable(pid_t pid)
{
	char path[32], state = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* its name is ours, which has no bracket in it */
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	(void)fclose(file);
	return state == 'R';
}

static void start_watch(struct watch *watch, pid_t pid)
{
	*watch = (struct watch){ .pid = pid, .start_ns = clock__now_mono_ns() };
	if (clock_getcpuclockid(pid, &watch->cpu_clock))
		watch->cpu_clock = -1;
	watch->looked_ns = watch->start_ns;
	watch->cpu_ns = cpu_ns(watch->cpu_clock);
}

/* On a busy machine the child is not to blame for being slow. So what counts is the CPU time that
 * it had, and the time that it did not wait for a CPU. */
static bool is_late(struct watch *watch)
{
	uint64_t now = clock__now_mono_ns(), since_ns = now - watch->looked_ns;

	if (since_ns < LOOK_EVERY_MS * NS_PER_MS)
		return false;
	watch->looked_ns = now;
	/* we may be late ourselves, so no more than the time between two looks */
	if (!is_runnable(watch->pid))
		watch->blocked_ns += LOOK_EVERY_MS * NS_PER_MS;
	return now - watch->start_ns > UNWIND_MAX_WAIT_MS * NS_PER_MS ||
	       cpu_ns(watch->cpu_clock) - watch->cpu_ns + watch->blocked_ns >
		       UNWIND_MAX_MS * NS_PER_MS;
}

/* Until the child is done, or its time is over. 0, -EPIPE if it is gone, -ETIME if it is late. */
static int listen_to_child(const struct unwind *unwind, struct unwind_answer *answer)
{
	struct pollfd waiting = { .fd = unwind->child.socket, .events = POLLIN };
	struct unwind_told told;
	struct watch watch;

	start_watch(&watch, unwind->child.pid);
	for (;;) {
		int ready = poll(&waiting, 1, LOOK_EVERY_MS);

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 &&
		    recv(unwind->child.socket, &told, sizeof(told), MSG_DONTWAIT) != sizeof(told))
			return -EPIPE;
		if (ready > 0 && told.kind == UNWIND_DONE)
			return 0;
		if (ready > 0)
			unwind_answer__take(answer, &told);
		if (is_late(&watch))
			return -ETIME;
	}
}

/* The debug information of the file whose step took too long, if that is known, is not read
 * again. */
static void blame(struct unwind *unwind, const struct crash *crash,
		  const struct unwind_answer *answer)
{
	unwind->late_cnt++;
	if (!answer->step_cnt || answer->symbol_cnt < answer->step_cnt ||
	    answer->named_cnt == answer->step_cnt)
		return;
	for (size_t i = 0; i < crash->mappings.cnt; i++) {
		const struct mapping *mapping = &crash->mappings.items[i];
		uint64_t ip = answer->steps[answer->named_cnt].ip - 1;

		if (ip < mapping->start || ip >= mapping->end)
			continue;
		add_id(&unwind->slow, mapping->build_id);
		unwind->late_cnt--;
		return;
	}
}

/* A child that served earlier crashes may be gone, because of its size or of their files. Then
 * another one is asked. */
static int get_answer(struct unwind *unwind, const struct crash *crash, uint32_t uid,
		      unwind_open_fn open, void *ctx, struct unwind_answer *answer)
{
	bool was_there;
	int err;

	do {
		if (unwind->uid != uid)
			end_child(unwind);
		was_there = unwind->child.pid != 0;
		err = ask(unwind, crash, uid, open, ctx);
		if (!err)
			err = listen_to_child(unwind, answer);
		if (err == -ETIME)
			blame(unwind, crash, answer);
		if (err)
			end_child(unwind);
	} while (err == -EPIPE && was_there && !answer->step_cnt);
	return err;
}

int unwind__crash(struct unwind *unwind, struct crash *crash, uint32_t uid, unwind_open_fn open,
		  void *ctx)
{
	struct unwind_answer *answer;
	int err;

	if (unwind->late_cnt >= MAX_LATE)
		return -EBUSY;
	answer = calloc(1, sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	unwind_answer__init(answer);
	err = get_answer(unwind, crash, uid, open, ctx, answer);
	if (unwind_answer__give(answer, crash))
		err = 0;
	else if (!err)
		err = -ENODATA;
	free(answer);
	return err;
}

void unwind__rest(struct unwind *unwind)
{
	end_child(unwind);
	clear_ids(&unwind->slow);
	unwind->late_cnt = 0;
}

struct unwind *unwind__new(void)
{
	return calloc(1, sizeof(struct unwind));
}

void unwind__free(struct unwind *unwind)
{
	if (!unwind)
		return;
	unwind__rest(unwind);
	free(unwind);
}
