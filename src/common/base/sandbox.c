/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#define NOBODY 65534

static int become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	return 0;
}

/* Without inheritable ones there are no ambient ones. */
int sandbox__drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &head, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

int sandbox__drop_privileges(void)
{
	int err = geteuid() == 0 ? become_nobody() : 0;

	return err ? err : sandbox__drop_capabilities();
}

static int allow_reading(scmp_filter_ctx filter)
{
	/* O_TMPFILE, which makes a file, also contains O_DIRECTORY */
	const unsigned int writes = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));
}

int sandbox__allow(const int *calls, size_t cnt)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!filter)
		return -ENOMEM;
	err = allow_reading(filter);
	for (size_t i = 0; !err && i < cnt; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

static int allow_narrow(scmp_filter_ctx filter, const struct sandbox_call *narrow, size_t cnt)
{
	int err = 0;

	for (size_t i = 0; !err && i < cnt; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, narrow[i].call, 1,
				       SCMP_CMP(narrow[i].arg, SCMP_CMP_MASKED_EQ, narrow[i].mask,
						narrow[i].value));
	/* pthread_kill(), abort() */
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				       SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return err;
}

int sandbox__allow_only(const int *calls, size_t cnt, const struct sandbox_call *narrow,
			size_t narrow_cnt)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int err = 0;

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; !err && i < cnt; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = allow_narrow(filter, narrow, narrow_cnt);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
