/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "allowed_paths.h"
#include "array.h"
#include "fleet_rights.h"
#include "sandbox.h"

/* ---- paths ---- */

/* Of the resolver of names, and of OpenSSL. */
static const char *const system_paths[] = {
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/etc/machine-id",
	"/etc/nsswitch.conf",
	"/etc/protocols",
	"/etc/resolv.conf",
	"/etc/services",
	"/etc/ssl",
	"/lib",
	"/lib64",
	"/run/systemd/resolve",
	"/usr/lib",
	"/usr/lib64",
	"/usr/share/zoneinfo",
	"/dev/random",
	"/dev/urandom",
	"/sys/devices/system/cpu",
};

/* The folder of a file: another file may take its place. */
static const char *folder_of(const char *path, char ret[PATH_MAX])
{
	char *slash;

	if (!path)
		return "/nonexistent";
	(void)snprintf(ret, PATH_MAX, "%s", path);
	slash = strrchr(ret, '/');
	if (!slash)
		return ".";
	slash[slash == ret] = '\0';
	return ret;
}

static int restrict_paths(const struct fleet_rights *rights)
{
	char folders[FLEET_RIGHTS_MAX_FILES][PATH_MAX];
	const char *read[ARRAY_SIZE(system_paths) + FLEET_RIGHTS_MAX_FILES + 2];
	const struct allowed_paths paths = { rights->written, read };
	size_t cnt = 0;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(system_paths); i++)
		read[cnt++] = system_paths[i];
	for (size_t i = 0; i < rights->file_cnt; i++)
		read[cnt++] = folder_of(rights->files[i], folders[i]);
	if (rights->read)
		read[cnt++] = rights->read;
	read[cnt] = NULL;
	err = allowed_paths__restrict(&paths);
	return err == -ENOTSUP ? 0 : err;
}

/* ---- system calls ---- */

/* Of glibc, libnats and OpenSSL. */
static const int common_calls[] = {
	SCMP_SYS(bind),
	SCMP_SYS(brk),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(dup),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(futex),
	SCMP_SYS(getcpu),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpeername),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(ioctl),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(membarrier),
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(newfstatat),
	SCMP_SYS(openat),
	SCMP_SYS(pipe2),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(prlimit64),
	SCMP_SYS(pselect6),
	SCMP_SYS(read),
	SCMP_SYS(readlinkat),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(statx),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
#ifdef __x86_64__
	SCMP_SYS(access),
	SCMP_SYS(lstat),
	SCMP_SYS(open),
	SCMP_SYS(pipe),
	SCMP_SYS(poll),
	SCMP_SYS(readlink),
	SCMP_SYS(select),
	SCMP_SYS(stat),
#endif
};

static const struct sandbox_call narrow[] = {
	/* threads, no processes; clone3() hides its flags in memory, and glibc can do without */
	{ SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM },
	/* servers; the resolver of names asks which addresses this machine has */
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_INET },
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_INET6 },
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_NETLINK },
	{ SCMP_SYS(socket), 0, UINT32_MAX, AF_UNIX },
	{ SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME },
};

static int restrict_calls(const struct fleet_rights *rights)
{
	const size_t common_cnt = ARRAY_SIZE(common_calls);
	int *calls = malloc((common_cnt + rights->call_cnt) * sizeof(*calls));
	int err;

	if (!calls)
		return -ENOMEM;
	memcpy(calls, common_calls, sizeof(common_calls));
	memcpy(calls + common_cnt, rights->calls, rights->call_cnt * sizeof(*calls));
	err = sandbox__allow_only(calls, common_cnt + rights->call_cnt, narrow, ARRAY_SIZE(narrow));
	free(calls);
	return err;
}

int fleet_rights__drop(const struct fleet_rights *rights, const char **ret_failed)
{
	int err;

	*ret_failed = "capabilities";
	err = sandbox__drop_capabilities();
	if (err)
		return err;
	*ret_failed = "Landlock";
	err = restrict_paths(rights);
	if (err)
		return err;
	*ret_failed = "seccomp";
	return restrict_calls(rights);
}
