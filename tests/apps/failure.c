/* SPDX-License-Identifier: MIT */
/*
 * libfailure.so, for LD_PRELOAD: makes one call of malloc(3), of a system call or the like fail, in
 * ttlog-collect and in the processes that it forks. Programs that it starts are left alone.
 *
 * A point is a function and the place of its call. The table has all points, and how often each was
 * reached. It is a file that all these processes have mapped, because sandboxed ones can't open it.
 * Its first slot says which point fails, and when: the test writes it, before or while they run.
 *
 * environment (LD_: the unwinding child gets no other)
 *	LD_FAILURE_TABLE	the table; made by the test, of TABLE_BYTES zeros
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#define SUBJECT     "/ttlog-collect"
#define MAX_FRAMES  24
#define OWN_FRAMES  3
#define SLOT_CNT    (1u << 14)
#define TABLE_BYTES ((SLOT_CNT + 1) * sizeof(struct slot))

/* 512 bytes, as test_failures.py has them. */
struct slot {
	uint64_t id; /* 0: free */
	uint32_t hits;
	uint32_t unused;
	char function[24];
	char frames[472]; /* FILE+OFFSET, innermost first */
};
_Static_assert(sizeof(struct slot) == 512, "one file, two languages");

/* The first slot. */
struct wish {
	uint64_t id;
	uint32_t left; /* calls; the call that makes it 0 fails */
	uint32_t failed;
};

struct stack {
	uintptr_t frames[MAX_FRAMES];
	unsigned int cnt;
};

static struct wish *wish;
static struct slot *table; /* after the first slot */
static __thread bool is_inside __attribute__((tls_model("initial-exec")));

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *arg)
{
	struct stack *stack = arg;

	if (stack->cnt == MAX_FRAMES)
		return _URC_END_OF_STACK;
	stack->frames[stack->cnt++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static uint64_t mix(uint64_t id, uint64_t more)
{
	return ((id ^ more) * 1099511628211u) ^ (id >> 29);
}

/* Made of the function and the innermost frames of the program: the same in every run. */
static uint64_t identify(const char *function, const struct stack *stack)
{
	uint64_t id = 14695981039346656037u;
	unsigned int own_cnt = 0;

	for (const char *c = function; *c; c++)
		id = mix(id, (uint8_t)*c);
	for (unsigned int i = 0; i < stack->cnt && own_cnt < OWN_FRAMES; i++) {
		struct dl_find_object object;
		uintptr_t ip = stack->frames[i];

		if (_dl_find_object((void *)ip, &object) || object.dlfo_link_map->l_name[0])
			continue;
		id = mix(id, ip - (uintptr_t)object.dlfo_map_start);
		own_cnt++;
	}
	return id ? id : 1;
}

static void describe(struct slot *slot, const char *function, const struct stack *stack)
{
	size_t len = 0;

	strncpy(slot->function, function, sizeof(slot->function) - 1);
	for (unsigned int i = 0; i < stack->cnt && len < sizeof(slot->frames); i++) {
		struct dl_find_object object;
		const char *name;

		if (_dl_find_object((void *)stack->frames[i], &object))
			continue;
		name = strrchr(object.dlfo_link_map->l_name, '/');
		len += (size_t)snprintf(slot->frames + len, sizeof(slot->frames) - len, "%s+%lx ",
					name ? name + 1 : "ttlog-collect",
					stack->frames[i] - (uintptr_t)object.dlfo_map_start);
	}
}

/* NULL: the table is full. */
static struct slot *find(uint64_t id, const char *function, const struct stack *stack)
{
	for (unsigned int i = 0; i < SLOT_CNT; i++) {
		struct slot *slot = &table[(id + i) % SLOT_CNT];
		uint64_t old = 0;

		if (__atomic_compare_exchange_n(&slot->id, &old, id, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			describe(slot, function, stack);
			return slot;
		}
		if (old == id)
			return slot;
	}
	return NULL;
}

static bool is_wished(uint64_t id)
{
	if (__atomic_load_n(&wish->id, __ATOMIC_ACQUIRE) != id ||
	    __atomic_fetch_sub(&wish->left, 1, __ATOMIC_RELAXED) != 1)
		return false;
	__atomic_store_n(&wish->failed, 1, __ATOMIC_RELEASE);
	return true;
}

/* Whether this call is to fail. */
static __attribute__((noinline)) bool fails(const char *function)
{
	struct stack stack = { .cnt = 0 };
	int old_errno = errno;
	bool result = false;
	struct slot *slot;
	uint64_t id;

	if (!table || is_inside)
		return false;
	is_inside = true;
	(void)_Unwind_Backtrace(add_frame, &stack);
	id = identify(function, &stack);
	slot = find(id, function, &stack);
	if (slot) {
		(void)__atomic_add_fetch(&slot->hits, 1, __ATOMIC_RELAXED);
		result = is_wished(id);
	}
	is_inside = false;
	errno = old_errno;
	return result;
}

/* Pipes, eventfds and the like don't fail. */
static bool fails_on_file(const char *function, int fd)
{
	struct stat info;
	bool is_file;

	if (!table || is_inside)
		return false;
	is_inside = true;
	is_file = !syscall(SYS_fstat, fd, &info) && S_ISREG(info.st_mode);
	is_inside = false;
	return is_file && fails(function);
}

static void open_table(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	void *map = (void *)syscall(SYS_mmap, NULL, TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
				    fd, 0L);

	(void)syscall(SYS_close, fd);
	if (map == MAP_FAILED)
		return;
	wish = map;
	table = (struct slot *)map + 1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("LD_FAILURE_TABLE");
	struct stack stack = { .cnt = 0 };
	char exe[4096];
	ssize_t len = syscall(SYS_readlink, "/proc/self/exe", exe, sizeof(exe) - 1);

	if (!path || len < (ssize_t)strlen(SUBJECT))
		return;
	exe[len] = '\0';
	if (strcmp(exe + len - strlen(SUBJECT), SUBJECT) != 0)
		return;
	/* so that it loads its library now */
	(void)_Unwind_Backtrace(add_frame, &stack);
	open_table(path);
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t cnt, size_t size);
void *__libc_realloc(void *old, size_t size);

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return fails("malloc") ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t cnt, size_t size)
{
	return fails("calloc") ? no_memory() : __libc_calloc(cnt, size);
}

void *realloc(void *old, size_t size)
{
	return fails("realloc") ? no_memory() : __libc_realloc(old, size);
}

/* ---- system calls, and functions that make some ---- */

#define WRAP(type, name, error, bad, parameters, ...)                                              \
	WRAP_IF(fails(#name), type, name, error, bad, parameters, __VA_ARGS__)

#define WRAP_IF(is_it, type, name, error, bad, parameters, ...)                                    \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*next) parameters;                                                     \
                                                                                                   \
		if (!next)                                                                         \
			next = (type(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name);             \
		if (is_it) {                                                                       \
			errno = error;                                                             \
			return bad;                                                                \
		}                                                                                  \
		return next(__VA_ARGS__);                                                          \
	}

/* Functions that return the error. */
#define WRAP_POSIX(name, error, parameters, ...)                                                   \
	int name parameters                                                                        \
	{                                                                                          \
		static int(*next) parameters;                                                      \
                                                                                                   \
		if (!next)                                                                         \
			next = (int(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name);              \
		return fails(#name) ? error : next(__VA_ARGS__);                                   \
	}

WRAP(void *, mmap, ENOMEM, MAP_FAILED,
     (void *address, size_t size, int protection, int flags, int fd, off_t offset), address, size,
     protection, flags, fd, offset)
WRAP(void *, mmap64, ENOMEM, MAP_FAILED,
     (void *address, size_t size, int protection, int flags, int fd, off_t offset), address, size,
     protection, flags, fd, offset)
WRAP(int, madvise, ENOMEM, -1, (void *address, size_t size, int advice), address, size, advice)
WRAP(int, mprotect, ENOMEM, -1, (void *address, size_t size, int protection), address, size,
     protection)
WRAP(FILE *, fopen, EMFILE, NULL, (const char *path, const char *mode), path, mode)
WRAP(FILE *, fopen64, EMFILE, NULL, (const char *path, const char *mode), path, mode)
WRAP(FILE *, fdopen, ENOMEM, NULL, (int fd, const char *mode), fd, mode)
WRAP(DIR *, opendir, EMFILE, NULL, (const char *path), path)
WRAP(DIR *, fdopendir, ENOMEM, NULL, (int fd), fd)
WRAP_IF(fails_on_file("read", fd), ssize_t, read, EIO, -1, (int fd, void *to, size_t size), fd, to,
	size)
WRAP(ssize_t, pread, EIO, -1, (int fd, void *to, size_t size, off_t offset), fd, to, size, offset)
WRAP(ssize_t, pread64, EIO, -1, (int fd, void *to, size_t size, off_t offset), fd, to, size, offset)
WRAP_IF(fails_on_file("write", fd), ssize_t, write, ENOSPC, -1,
	(int fd, const void *from, size_t size), fd, from, size)
WRAP(ssize_t, pwrite, ENOSPC, -1, (int fd, const void *from, size_t size, off_t offset), fd, from,
     size, offset)
WRAP(ssize_t, pwrite64, ENOSPC, -1, (int fd, const void *from, size_t size, off_t offset), fd, from,
     size, offset)
WRAP(size_t, fwrite, ENOSPC, 0, (const void *from, size_t size, size_t cnt, FILE *file), from, size,
     cnt, file)
WRAP(ssize_t, readlink, ENOMEM, -1, (const char *path, char *to, size_t size), path, to, size)
WRAP(ssize_t, readlinkat, ENOMEM, -1, (int dir, const char *path, char *to, size_t size), dir, path,
     to, size)
WRAP(int, fstat, ENOMEM, -1, (int fd, struct stat *ret), fd, ret)
WRAP(int, stat, ENOMEM, -1, (const char *path, struct stat *ret), path, ret)
WRAP(int, fstatat, ENOMEM, -1, (int dir, const char *path, struct stat *ret, int flags), dir, path,
     ret, flags)
WRAP(int, statfs, EIO, -1, (const char *path, struct statfs *ret), path, ret)
WRAP(int, fstatfs, EIO, -1, (int fd, struct statfs *ret), fd, ret)
WRAP(int, ftruncate, ENOSPC, -1, (int fd, off_t size), fd, size)
WRAP(int, fallocate, ENOSPC, -1, (int fd, int mode, off_t offset, off_t size), fd, mode, offset,
     size)
WRAP_POSIX(posix_fallocate, ENOSPC, (int fd, off_t offset, off_t size), fd, offset, size)
WRAP(int, fsync, EIO, -1, (int fd), fd)
WRAP(int, fdatasync, EIO, -1, (int fd), fd)
WRAP(int, fchmod, EPERM, -1, (int fd, mode_t mode), fd, mode)
WRAP(int, flock, ENOLCK, -1, (int fd, int operation), fd, operation)
WRAP(int, linkat, ENOSPC, -1,
     (int from_dir, const char *from, int to_dir, const char *to, int flags), from_dir, from,
     to_dir, to, flags)
WRAP(int, renameat, ENOSPC, -1, (int from_dir, const char *from, int to_dir, const char *to),
     from_dir, from, to_dir, to)
WRAP(int, rename, ENOSPC, -1, (const char *from, const char *to), from, to)
WRAP(int, unlinkat, EIO, -1, (int dir, const char *path, int flags), dir, path, flags)
WRAP(int, unlink, EIO, -1, (const char *path), path)
WRAP(int, mkdir, ENOSPC, -1, (const char *path, mode_t mode), path, mode)
WRAP(int, mkdirat, ENOSPC, -1, (int dir, const char *path, mode_t mode), dir, path, mode)
WRAP(char *, mkdtemp, ENOSPC, NULL, (char *path), path)
WRAP(int, memfd_create, EMFILE, -1, (const char *name, unsigned int flags), name, flags)
WRAP(int, epoll_create1, EMFILE, -1, (int flags), flags)
WRAP(int, epoll_ctl, ENOSPC, -1, (int fd, int operation, int other, struct epoll_event *event), fd,
     operation, other, event)
WRAP(int, epoll_wait, EINTR, -1, (int fd, struct epoll_event *events, int max, int timeout), fd,
     events, max, timeout)
WRAP(int, poll, EINTR, -1, (struct pollfd * fds, nfds_t cnt, int timeout), fds, cnt, timeout)
WRAP(int, timerfd_create, EMFILE, -1, (int clock, int flags), clock, flags)
WRAP(int, timerfd_settime, EINVAL, -1,
     (int fd, int flags, const struct itimerspec *time, struct itimerspec *ret), fd, flags, time,
     ret)
WRAP(int, eventfd, EMFILE, -1, (unsigned int value, int flags), value, flags)
WRAP(int, signalfd, EMFILE, -1, (int fd, const sigset_t *mask, int flags), fd, mask, flags)
WRAP(int, pipe2, EMFILE, -1, (int fds[2], int flags), fds, flags)
WRAP(int, dup3, EMFILE, -1, (int from, int to, int flags), from, to, flags)
WRAP(int, socket, EMFILE, -1, (int domain, int type, int protocol), domain, type, protocol)
WRAP(int, socketpair, EMFILE, -1, (int domain, int type, int protocol, int fds[2]), domain, type,
     protocol, fds)
WRAP(int, setsockopt, ENOBUFS, -1,
     (int fd, int level, int option, const void *value, socklen_t size), fd, level, option, value,
     size)
WRAP(int, listen, EADDRINUSE, -1, (int fd, int backlog), fd, backlog)
WRAP(ssize_t, send, ENOBUFS, -1, (int fd, const void *from, size_t size, int flags), fd, from, size,
     flags)
WRAP(ssize_t, sendmsg, ENOBUFS, -1, (int fd, const struct msghdr *message, int flags), fd, message,
     flags)
WRAP(ssize_t, recv, ENOMEM, -1, (int fd, void *to, size_t size, int flags), fd, to, size, flags)
WRAP(ssize_t, recvmsg, ENOMEM, -1, (int fd, struct msghdr *message, int flags), fd, message, flags)
WRAP(int, inotify_init1, EMFILE, -1, (int flags), flags)
WRAP(int, inotify_add_watch, ENOSPC, -1, (int fd, const char *path, uint32_t mask), fd, path, mask)
WRAP(ssize_t, process_vm_readv, ENOMEM, -1,
     (pid_t pid, const struct iovec *to, unsigned long to_cnt, const struct iovec *from,
      unsigned long from_cnt, unsigned long flags),
     pid, to, to_cnt, from, from_cnt, flags)
WRAP(pid_t, fork, EAGAIN, -1, (void), )
WRAP(pid_t, waitpid, EINTR, -1, (pid_t pid, int *status, int options), pid, status, options)
WRAP(int, getrlimit, EPERM, -1, (__rlimit_resource_t resource, struct rlimit *ret), resource, ret)
WRAP(int, setrlimit, EPERM, -1, (__rlimit_resource_t resource, const struct rlimit *limit),
     resource, limit)
WRAP_POSIX(pthread_create, EAGAIN,
	   (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg),
	   thread, attributes, run, arg)
WRAP_POSIX(posix_spawn, EAGAIN,
	   (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
	    const posix_spawnattr_t *attributes, char *const argv[], char *const env[]),
	   pid, path, actions, attributes, argv, env)

/* ---- functions with variable arguments: as many as any call has ---- */

static long argument(va_list *list)
{
	return va_arg(*list, long);
}

/* (name, error, fixed parameters, their names), and one more parameter that is optional. */
#define WRAP_MORE(name, error, last, parameters, ...)                                              \
	int name parameters                                                                        \
	{                                                                                          \
		static int(*next) parameters;                                                      \
		va_list list;                                                                      \
		long more;                                                                         \
                                                                                                   \
		if (!next)                                                                         \
			next = (int(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name);              \
		va_start(list, last);                                                              \
		more = argument(&list);                                                            \
		va_end(list);                                                                      \
		if (fails(#name)) {                                                                \
			errno = error;                                                             \
			return -1;                                                                 \
		}                                                                                  \
		return next(__VA_ARGS__, more);                                                    \
	}

WRAP_MORE(open, EMFILE, flags, (const char *path, int flags, ...), path, flags)
WRAP_MORE(open64, EMFILE, flags, (const char *path, int flags, ...), path, flags)
WRAP_MORE(openat, EMFILE, flags, (int dir, const char *path, int flags, ...), dir, path, flags)
WRAP_MORE(openat64, EMFILE, flags, (int dir, const char *path, int flags, ...), dir, path, flags)
WRAP_MORE(fcntl, EMFILE, command, (int fd, int command, ...), fd, command)
WRAP_MORE(fcntl64, EMFILE, command, (int fd, int command, ...), fd, command)
WRAP_MORE(ioctl, ENOMEM, request, (int fd, unsigned long request, ...), fd, request)

/* bpf(2), perf_event_open(2) and the like: each has its own name in the table. */
long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	const char *name = number == SYS_bpf               ? "bpf"
			   : number == SYS_perf_event_open ? "perf_event_open"
							   : "syscall";
	long arguments[6];
	va_list list;

	if (!next)
		next = (long (*)(long, ...))(uintptr_t)dlsym(RTLD_NEXT, "syscall");
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = argument(&list);
	va_end(list);
	if (fails(name)) {
		errno = ENOMEM;
		return -1;
	}
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		    arguments[5]);
}

/* Other requests do not fail for a process that is stopped. */
long ptrace(enum __ptrace_request request, ...)
{
	static long (*next)(enum __ptrace_request request, ...);
	long arguments[3];
	va_list list;

	if (!next)
		next = (long (*)(enum __ptrace_request, ...))(uintptr_t)dlsym(RTLD_NEXT, "ptrace");
	va_start(list, request);
	for (int i = 0; i < 3; i++)
		arguments[i] = argument(&list);
	va_end(list);
	if ((request == PTRACE_TRACEME || request == PTRACE_SEIZE || request == PTRACE_ATTACH) &&
	    fails("ptrace")) {
		errno = EPERM;
		return -1;
	}
	return next(request, arguments[0], arguments[1], arguments[2]);
}
