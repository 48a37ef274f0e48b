/* SPDX-License-Identifier: MIT */
/*
 * The ways to die, by name; deaths.h has the result of each.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TTLOG_SERVICE "victim"
#include <ttlog/ttlog.h>

#include "victim.h"

#define DETACHED_CNT    10000
#define JUMP_CNT        200
#define MODULES_CNT     24
#define TIMER_NS        100000 /* 10 kHz */
#define LEAF_CODE       9
#define LIBRARY_WAIT_MS 300000

extern char **environ;

static volatile int zero;

static bool dies_by(const char *name)
{
	return strcmp(victim.death, name) == 0;
}

static bool has_prefix(const char *prefix)
{
	return strncmp(victim.death, prefix, strlen(prefix)) == 0;
}

/* ---- faults ---- */

static void fault(void)
{
	*(volatile int *)(intptr_t)zero = 1;
}

static void end_by_bus(void)
{
	int fd = memfd_create("empty", 0);

	(void)*(volatile char *)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
}

static __attribute__((noinline)) int end_by_stack(volatile char *above)
{
	volatile char room[4096];

	room[0] = above[0];
	return zero ? 0 : end_by_stack(room) + room[0];
}

/* In a memory cgroup that the runner made: DEATH is oom, and the environment has the directory. */
static void end_by_oom(void)
{
	const char *dir = getenv("STRESS_CGROUP");
	char path[256];
	size_t step = 1 << 20;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir ? dir : "");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		victim__complain("no memory cgroup");
	for (;;)
		(void)mmap(NULL, step, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

static void end_by_seccomp(uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
	(void)getppid();
}

/* ---- handlers ---- */

static struct lane *handler_lane;

static void log_and_return(int number)
{
	(void)number;
	victim__log(handler_lane);
}

static void log_and_raise(int number)
{
	victim__log(handler_lane);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	(void)sigaction(number, &action, NULL);
}

/* ---- timers: each busy thread has one, and a lane for its handler ---- */

static __thread struct lane *timer_lane;
static __thread sigjmp_buf *landing;
static __thread volatile int armed;

static void start_timer(long ns)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec spec = { .it_value = { .tv_nsec = ns },
				   .it_interval = { .tv_nsec = ns } };
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &spec, NULL))
		victim__complain("no timer");
}

static void log_by_timer(int number)
{
	(void)number;
	if (timer_lane)
		victim__log(timer_lane);
}

static void jump(int number)
{
	(void)number;
	if (!armed)
		return;
	armed = 0;
	siglongjmp(*landing, 1);
}

/* Handled faults, and a handler that never returns to the code it interrupted. After each, the
 * count of the lane may be one too small, so a new lane goes on. */
static void jump_about(void)
{
	static struct lane *volatile lane;
	static volatile int left = JUMP_CNT;
	sigjmp_buf here;

	landing = &here;
	handle(SIGSEGV, jump, SA_NODEFER);
	handle(SIGUSR1, jump, SA_NODEFER);
	start_timer(TIMER_NS * 2);
	(void)sigsetjmp(here, 1);
	lane = victim__open_lane(0);
	while (left-- > 0) {
		armed = 1;
		if (left % 8 == 0)
			fault();
		for (;;)
			victim__log(lane);
	}
	handle(SIGUSR1, SIG_IGN, 0);
	victim__log_last(lane, 1000);
	if (ttlog__batch->limit_bytes == 0)
		victim__complain("after siglongjmp every event goes alone");
	_exit(13);
}

/* ---- children ---- */

static char *leaf_argv[6];

static char **make_leaf(void)
{
	memcpy(leaf_argv, victim.argv, 5 * sizeof(*leaf_argv));
	leaf_argv[2] = "leaf";
	leaf_argv[3] = "0";
	return leaf_argv;
}

static void run_leaf(void)
{
	(void)execv("/proc/self/exe", make_leaf());
	_exit(99);
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static void fork_child(struct lane *lane)
{
	pid_t pid = fork();

	if (pid == 0) {
		victim__expect((uint32_t)getpid(), SIGSEGV, 0);
		victim__log_last(victim__open_lane(0), 1 + victim__random(3000));
		fault();
	}
	wait_for(pid);
	victim__log_last(lane, 50);
	syscall(SYS_exit_group, 10);
}

static void fork_parent(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		abort();
	if (fork() == 0) {
		struct lane *lane = victim__open_lane(0);

		victim__expect((uint32_t)getpid(), 0, 21);
		for (int i = 0; i < 100; i++)
			victim__log(lane);
		(void)close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		victim__log_last(lane, 1 + victim__random(2000));
		_exit(21);
	}
	fault();
}

static void spawn_child(void)
{
	pid_t pid;

	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, make_leaf(), environ))
		abort();
	victim__expect((uint32_t)pid, 0, LEAF_CODE);
	wait_for(pid);
	_exit(11);
}

static void vfork_child(struct lane *lane)
{
	volatile pid_t pid;

	pid = vfork();
	if (pid == 0) {
		if (!dies_by("vfork")) {
			for (int i = 0; i < 700; i++)
				victim__log(lane);
		}
		if (dies_by("vfork_exec"))
			(void)execv("/proc/self/exe", make_leaf());
		_exit(0);
	}
	if (dies_by("vfork_exec"))
		victim__expect((uint32_t)pid, 0, LEAF_CODE);
	/* the tid is the parent's or the child's: both use one batch */
	wait_for(pid);
	for (int i = 0; i < 700; i++)
		victim__log(lane);
	_exit(12);
}

/* ---- libraries ---- */

/* Loads a library, and waits until the collector has found it. */
static void *load_library(const char *path, library_log_fn *ret)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	library_is_on_fn is_on;

	if (!library) {
		victim__complain(dlerror());
		return NULL;
	}
	*ret = (library_log_fn)(intptr_t)dlsym(library, "library_log");
	is_on = (library_is_on_fn)(intptr_t)dlsym(library, "library_is_on");
	for (int i = 0; !is_on(); i++) {
		if (i == LIBRARY_WAIT_MS) {
			victim__complain("the collector never found a library");
			return NULL;
		}
		usleep(1000);
	}
	return library;
}

static void own_path_of(const char *name, char *ret, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", ret, size - 64);

	ret[len > 0 ? len : 0] = '\0';
	(void)snprintf(strrchr(ret, '/') + 1, 64, "%s", name);
}

static library_log_fn shared_log;
static pthread_barrier_t turn;

static void *log_in_library(void *arg)
{
	struct lane *lane = victim__open_lane(LANE_LIBRARY);

	(void)arg;
	for (unsigned int left = 1 + victim__random(500); left; left--)
		victim__log_in(shared_log, lane);
	lane->flags |= LANE_CLOSED;
	pthread_barrier_wait(&turn);
	/* the library is unloaded meanwhile */
	pthread_barrier_wait(&turn);
	for (;;)
		pause();
	return NULL;
}

/* Again and again: loads, logs from several threads, unloads. The threads keep their batches. */
static void load_and_unload(void)
{
	char path[512];

	own_path_of("libvictim.so", path, sizeof(path));
	pthread_barrier_init(&turn, NULL, 2);
	for (int i = 0; i < 20; i++) {
		struct lane *lane = victim__open_lane(LANE_LIBRARY);
		void *library = load_library(path, &shared_log);
		pthread_t thread;

		if (!library || pthread_create(&thread, NULL, log_in_library, NULL))
			return;
		for (int k = 0; k < 30; k++)
			victim__log_in(shared_log, lane);
		lane->flags |= LANE_CLOSED;
		pthread_barrier_wait(&turn);
		(void)dlclose(library);
		pthread_barrier_wait(&turn);
	}
	if (dies_by("dlclose_segv"))
		fault();
	_exit(14);
}

/* One thread with batches in many libraries; together most of 64 KiB is unflushed. */
static void log_from_many(void)
{
	char name[64], path[512];

	for (int i = 0; i < MODULES_CNT; i++) {
		struct lane *lane = victim__open_lane(LANE_LIBRARY);
		library_log_fn log;

		(void)snprintf(name, sizeof(name), "libvictim%d.so", i);
		own_path_of(name, path, sizeof(path));
		if (!load_library(path, &log))
			return;
		for (int k = 0; k < 900; k++)
			victim__log_in(log, lane);
		lane->flags |= LANE_CLOSED;
	}
	(void)kill(getpid(), SIGKILL);
}

/* ---- the thread that ends the program ---- */

static void *end_at_once(void *arg)
{
	(void)arg;
	victim__log_last(victim__open_lane(0), 1 + victim__random(3));
	return NULL;
}

static void start_detached(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (int i = 0; i < DETACHED_CNT; i++) {
		while (pthread_create(&thread, &attr, end_at_once, NULL))
			usleep(100);
	}
	_exit(8);
}

static void let_main_act(void)
{
	pthread_mutex_lock(&victim.lock);
	victim.killer_done = true;
	pthread_cond_broadcast(&victim.changed);
	pthread_mutex_unlock(&victim.lock);
}

static void let_runner_act(void)
{
	__atomic_store_n(&victim.lanes->ready, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &victim.lanes->ready, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void ends__prepare(void)
{
	victim.all_end = has_prefix("thread_");
	if (dies_by("exec_single")) {
		victim__log_last(victim__open_lane(0), 1 + victim__random(3000));
		run_leaf();
	}
	if (dies_by("abrt_handler"))
		handle(SIGABRT, log_and_return, 0);
	else if (dies_by("segv_handler"))
		handle(SIGSEGV, log_and_return, (int)SA_RESETHAND);
	else if (dies_by("segv_raise"))
		handle(SIGSEGV, log_and_raise, 0);
	else if (has_prefix("timer_"))
		handle(SIGUSR1, log_by_timer, SA_RESTART);
}

void ends__prepare_thread(void)
{
	if (!has_prefix("timer_"))
		return;
	timer_lane = victim__open_lane(LANE_UNORDERED);
	/* no more signals than for eight threads: two CPUs can't handle more */
	start_timer(victim.busy_cnt > 8 ? TIMER_NS * victim.busy_cnt / 8 : TIMER_NS);
}

static void execute_nothing(void)
{
#if defined(__aarch64__)
	__asm__ volatile("udf #0"); /* __builtin_trap() is a brk on arm64: SIGTRAP */
#else
	__builtin_trap();
#endif
}

static void divide_by_zero(void)
{
	zero = 1234 / zero;  /* a compiler makes no division of 1 / x */
	(void)raise(SIGFPE); /* arm64 does not trap */
}

static void end_by_signal(struct lane *lane)
{
	handler_lane = lane;
	if (dies_by("abrt") || dies_by("abrt_handler"))
		abort();
	if (dies_by("bus"))
		end_by_bus();
	if (dies_by("fpe"))
		divide_by_zero();
	if (dies_by("ill"))
		execute_nothing();
	if (dies_by("stack"))
		zero = end_by_stack((volatile char *)&lane);
	if (dies_by("term"))
		(void)kill(getpid(), SIGTERM);
	if (dies_by("kill") || dies_by("timer_kill"))
		(void)kill(getpid(), SIGKILL);
	if (dies_by("oom"))
		end_by_oom();
	if (dies_by("seccomp"))
		end_by_seccomp(SECCOMP_RET_KILL_PROCESS);
	if (dies_by("modules"))
		log_from_many();
	if (has_prefix("segv") || dies_by("timer_segv"))
		fault();
}

static void end_by_exit(void)
{
	if (dies_by("exit") || dies_by("timer_exit"))
		exit(3);
	if (dies_by("exit_status"))
		_exit(4);
	if (dies_by("exit_group"))
		syscall(SYS_exit_group, 5);
	if (dies_by("detached"))
		start_detached();
	if (dies_by("exec_multi"))
		run_leaf();
	if (dies_by("exec_other"))
		(void)execl("/bin/true", "true", (char *)NULL);
	if (has_prefix("dlclose"))
		load_and_unload();
	if (dies_by("jump"))
		jump_about();
}

static void end_by_children(struct lane *lane)
{
	if (dies_by("fork_child"))
		fork_child(lane);
	if (dies_by("fork_parent"))
		fork_parent();
	if (dies_by("spawn"))
		spawn_child();
	if (has_prefix("vfork"))
		vfork_child(lane);
}

void ends__killer(struct lane *lane)
{
	if (dies_by("orphan"))
		return;
	if (strstr(victim.death, "_outside")) {
		let_runner_act();
		return;
	}
	let_main_act();
	if (dies_by("seccomp_thread")) {
		lane->flags |= LANE_CLOSED;
		end_by_seccomp(SECCOMP_RET_KILL_THREAD);
	}
	end_by_exit();
	end_by_children(lane);
	end_by_signal(lane);
}

int ends__main(struct lane *lane)
{
	while (dies_by("orphan")) {
		__atomic_store_n(&victim.lanes->listening,
				 TTLOG_ENABLED(INFO) | (ttlog__listeners() & 0xffff) << 16,
				 __ATOMIC_RELEASE);
		usleep(1000);
	}
	pthread_mutex_lock(&victim.lock);
	while (!victim.killer_done)
		pthread_cond_wait(&victim.changed, &victim.lock);
	pthread_mutex_unlock(&victim.lock);
	victim__log_last(lane, 1 + victim__random(10));
	if (dies_by("main_return"))
		return 6;
	if (dies_by("segv_two"))
		fault();
	if (dies_by("seccomp_thread")) {
		(void)pthread_join(victim.busy[0], NULL);
		_exit(7);
	}
	if (victim.all_end)
		ends__thread();
	for (;;)
		pause();
}

void ends__thread(void)
{
	if (dies_by("thread_gone"))
		(void)syscall(SYS_exit, 0);
	pthread_exit(NULL);
}
