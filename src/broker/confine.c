/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allowed_paths.h"
#include "array.h"
#include "confine.h"
#include "sandbox.h"

/* ---- system calls ---- */

/* Of glibc, libbpf, libmicrohttpd, libsystemd and this program, whatever their arguments are. */
static const int calls[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(adjtimex),
	SCMP_SYS(brk),
	SCMP_SYS(clock_adjtime), /* without CAP_SYS_TIME, these two only read */
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(connect),
	SCMP_SYS(dup),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fallocate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fcntl),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fgetxattr),
	SCMP_SYS(flock),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(futex),
	SCMP_SYS(getcpu),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpgrp),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getpriority),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(ioctl),
	SCMP_SYS(linkat),
	SCMP_SYS(listen),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(membarrier),
	SCMP_SYS(memfd_create),
	SCMP_SYS(mincore),
	SCMP_SYS(mkdirat),
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(mremap),
	SCMP_SYS(msync),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(openat),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pipe2),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(prlimit64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(read),
	SCMP_SYS(readlinkat),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(sched_setscheduler),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(setpriority),
	SCMP_SYS(setrlimit),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(signalfd4),
	SCMP_SYS(socketpair),
	SCMP_SYS(splice),
	SCMP_SYS(statfs),
	SCMP_SYS(statx),
	SCMP_SYS(sync_file_range),
	SCMP_SYS(sysinfo),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(unlinkat),
	SCMP_SYS(utimensat),
	SCMP_SYS(wait4),
	SCMP_SYS(write),
	SCMP_SYS(writev),
#ifdef __x86_64__
	SCMP_SYS(access),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(getdents),
	SCMP_SYS(link),
	SCMP_SYS(lstat),
	SCMP_SYS(mkdir),
	SCMP_SYS(open),
	SCMP_SYS(poll),
	SCMP_SYS(readlink),
	SCMP_SYS(rename),
	SCMP_SYS(rmdir),
	SCMP_SYS(select),
	SCMP_SYS(stat),
	SCMP_SYS(unlink),
#endif
};

static const struct sandbox_call narrow[] = {
	/* threads, no processes; clone3() hides its flags in memory, and glibc can do without */
	{ SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM },
	/* to ask whether a process is there */
	{ SCMP_SYS(kill), 1, UINT32_MAX, 0 },
	/* the manager of services, its journal, and clients of the control socket */
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_UNIX },
	{ SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME },
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_MAP_LOOKUP_ELEM },
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_MAP_UPDATE_ELEM },
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_MAP_DELETE_ELEM },
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_MAP_GET_NEXT_KEY },
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_OBJ_GET_INFO_BY_FD },
	/* what the kernel calls a file, for programs that are found */
	{ SCMP_SYS(bpf), 0, UINT32_MAX, BPF_PROG_TEST_RUN },
};

int confine__self(const struct allowed_paths *paths, unsigned int *ret_gaps,
		  const char **ret_failed)
{
	int err;

	*ret_gaps = 0;
	*ret_failed = "capabilities";
	err = sandbox__drop_capabilities();
	if (err)
		return err;
	*ret_failed = "Landlock";
	err = allowed_paths__restrict(paths);
	if (err == -ENOTSUP) {
		*ret_gaps |= CONFINE_GAP_PATHS;
		err = 0;
	}
	if (err)
		return err;
	*ret_failed = "seccomp";
	return sandbox__allow_only(calls, ARRAY_SIZE(calls), narrow, ARRAY_SIZE(narrow));
}
