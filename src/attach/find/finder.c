/* SPDX-License-Identifier: MIT */
/*
 * What it hears, and when it looks. Its thread reads the reports, and only asks the cache; threads of
 * a work queue open files, which may take long. So a file on a server that does not answer keeps
 * some reports waiting, not all.
 */
#include "finder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "finder_parts.h"
#include "work_queue.h"

/* Of each key. */
#define PLACES (FINDER_LOOKS / FINDER_KEYS)

#define KEY_SCAN  (FINDER_KEYS + 1)
#define KEY_SWEEP (FINDER_KEYS + 2)

/* How often map_events are read. */
#define ROUND_MS       50
/* How often to look at all processes, if reports were lost, and for deleted files. */
#define SWEEP_NS       10000000000ull
#define FIRST_QUIET_NS 10000000ull
#define MAX_DOUBLINGS  10u
#define END_WAIT_NS    1000000000ull

/* ---- looks ---- */

static void run_looks(struct finder *finder, uint32_t key)
{
	for (size_t i = key - 1; i < FINDER_LOOKS; i += FINDER_KEYS) {
		struct look look;

		pthread_mutex_lock(&finder->lock);
		look = finder->looks[i];
		finder->looks[i].is_used = false;
		pthread_mutex_unlock(&finder->lock);
		if (look.is_used)
			finder__look(finder, &look);
	}
}

static void run(void *ctx, const struct work *work)
{
	if (work->key == KEY_SCAN)
		(void)finder__scan(ctx);
	else if (work->key == KEY_SWEEP)
		finder__sweep(ctx);
	else
		run_looks(ctx, work->key);
}

static void post(struct finder *finder, uint32_t key)
{
	const struct work work = { .key = key, .what = 1 };

	(void)work_queue__post(finder->queue, &work);
}

/* The key that will do it, or 0: all places are taken. Prefers that of the process. Locked. */
static uint32_t put_look(struct finder *finder, const struct look *look)
{
	for (size_t i = 0; i < FINDER_LOOKS; i++) {
		/* place n belongs to key n % FINDER_KEYS */
		const size_t key = (look->pid + i / PLACES) % FINDER_KEYS;
		const size_t at = i % PLACES * FINDER_KEYS + key;

		if (finder->looks[at].is_used)
			continue;
		finder->looks[at] = *look;
		finder->looks[at].is_used = true;
		return at % FINDER_KEYS + 1;
	}
	finder->dropped_cnt++;
	return 0;
}

static void ask_for_look(struct finder *finder, const struct look *look)
{
	uint32_t key;

	pthread_mutex_lock(&finder->lock);
	key = put_look(finder, look);
	pthread_mutex_unlock(&finder->lock);
	if (key)
		post(finder, key);
}

/* ---- reports ---- */

static void take_exec(void *ctx, const struct find_message *message)
{
	struct finder *finder = ctx;
	struct look look = {
		.pid = message->pid,
		.start_ns = message->start_ns,
		.address = message->address,
		.file = message->file,
	};
	const struct file_known *known;

	pthread_mutex_lock(&finder->lock);
	known = file_cache__find(&finder->cache, &message->file);
	look.is_each = known && known->state == FIND_EACH;
	pthread_mutex_unlock(&finder->lock);
	ask_for_look(finder, &look);
}

/* Whether to look at the file now; a process may be gone before, so later again. Locked. */
static bool is_due(struct file_known *known)
{
	const uint64_t now_ns = clock__now_mono_ns();

	if (now_ns < known->again_ns)
		return false;
	known->again_ns =
		now_ns + (FIRST_QUIET_NS
			  << (known->look_cnt < MAX_DOUBLINGS ? known->look_cnt : MAX_DOUBLINGS));
	known->look_cnt++;
	return true;
}

static void take_map(void *ctx, const struct map_event *event)
{
	struct finder *finder = ctx;
	struct look look = {
		.pid = event->pid,
		.address = event->address,
		.file = { .inode = event->inode,
			  .dev = (uint32_t)event->dev,
			  .generation = event->generation },
	};
	struct file_known *known;
	bool is_due_now;

	if (event->pid == (uint32_t)getpid())
		return;
	pthread_mutex_lock(&finder->lock);
	known = file_cache__get(&finder->cache, &look.file);
	is_due_now = known && is_due(known);
	look.is_each = known && !is_due_now && known->state == FIND_EACH;
	pthread_mutex_unlock(&finder->lock);
	if (is_due_now || look.is_each)
		ask_for_look(finder, &look);
}

/* ---- the thread ---- */

static uint64_t count_missed(struct finder *finder)
{
	uint64_t cnt = exec_events__missed_cnt(finder->execs) + map_events__lost_cnt(finder->maps);

	pthread_mutex_lock(&finder->lock);
	cnt += finder->dropped_cnt;
	finder->counts.missed_cnt = cnt;
	pthread_mutex_unlock(&finder->lock);
	return cnt;
}

static void look_after_losses(struct finder *finder)
{
	const uint64_t missed_cnt = count_missed(finder);

	if (!map_events__add_cpus(finder->maps) && missed_cnt == finder->scanned_missed_cnt)
		return;
	if (missed_cnt != finder->scanned_missed_cnt)
		finder->options.missed(finder->options.ctx, missed_cnt);
	finder->scanned_missed_cnt = missed_cnt;
	post(finder, KEY_SCAN);
}

static void go_round(struct finder *finder)
{
	const uint64_t now_ns = clock__now_mono_ns();

	exec_events__take(finder->execs, take_exec, finder);
	map_events__take(finder->maps, take_map, finder);
	if (now_ns - finder->swept_ns < SWEEP_NS)
		return;
	finder->swept_ns = now_ns;
	look_after_losses(finder);
	post(finder, KEY_SWEEP);
}

static void *run_thread(void *arg)
{
	struct finder *finder = arg;
	struct pollfd fds[] = {
		{ .fd = finder->stop_fd, .events = POLLIN },
		{ .fd = exec_events__fd(finder->execs), .events = POLLIN },
	};

	while (!(fds[0].revents & POLLIN)) {
		(void)poll(fds, ARRAY_SIZE(fds), ROUND_MS);
		go_round(finder);
	}
	return NULL;
}

/* ---- up and down ---- */

static int identify_own(struct finder *finder)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = exec_events__identify(finder->execs, fd, &finder->own);
	(void)close(fd);
	return err;
}

static int open_events(struct finder *finder, const char **ret_failed)
{
	finder->execs = exec_events__new();
	if (!finder->execs) {
		*ret_failed = "the kernel does not tell of programs that start (BPF)";
		return -errno;
	}
	finder->maps = map_events__new();
	if (!finder->maps) {
		*ret_failed = "the kernel does not tell of libraries that are mapped "
			      "(perf_event_open(2))";
		return -errno;
	}
	return identify_own(finder);
}

struct finder *finder__new(const struct finder_options *options, const char **ret_failed)
{
	struct finder *finder = calloc(1, sizeof(*finder));
	int err;

	*ret_failed = "can't start";
	if (!finder)
		return NULL;
	finder->options = *options;
	pthread_mutex_init(&finder->lock, NULL);
	pthread_mutex_init(&finder->attaching, NULL);
	finder->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = finder->stop_fd < 0 ? -errno : open_events(finder, ret_failed);
	if (!err)
		return finder;
	(void)finder__free(finder);
	errno = -err;
	return NULL;
}

int finder__start(struct finder *finder)
{
	int err;

	finder->queue = work_queue__new("ttlog-find", run, finder, 0);
	if (!finder->queue)
		return -errno;
	err = pthread_create(&finder->thread, NULL, run_thread, finder);
	finder->has_thread = !err;
	if (!err)
		(void)pthread_setname_np(finder->thread, "ttlog-found");
	return -err;
}

void finder__count(struct finder *finder, struct finder_counts *ret)
{
	pthread_mutex_lock(&finder->lock);
	*ret = finder->counts;
	pthread_mutex_unlock(&finder->lock);
}

bool finder__free(struct finder *finder)
{
	if (!finder)
		return true;
	if (finder->has_thread) {
		(void)eventfd_write(finder->stop_fd, 1);
		pthread_join(finder->thread, NULL);
	}
	if (finder->queue && !work_queue__stop(finder->queue, END_WAIT_NS))
		return false;
	work_queue__free(finder->queue);
	map_events__free(finder->maps);
	exec_events__free(finder->execs);
	if (finder->stop_fd >= 0)
		(void)close(finder->stop_fd);
	file_cache__fini(&finder->cache);
	marked_files__fini(&finder->marked);
	pthread_mutex_destroy(&finder->attaching);
	pthread_mutex_destroy(&finder->lock);
	free(finder);
	return true;
}
