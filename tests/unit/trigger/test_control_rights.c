/* SPDX-License-Identifier: MIT */
/* Who may ask what: the words of --allow, and what the kernel says of the client at the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control_rights.h"

#define OTHER_USER  54321
#define OTHER_GROUP 54322
#define THE_GROUP   54323

static void test_control_rights_parses_allow(void **state)
{
	struct control_rights rights = { 0 };
	char error[256] = "";

	(void)state;
	assert_int_equal(control_rights__allow(&rights, "user:root=trigger,level", error, 256), 0);
	assert_int_equal(control_rights__allow(&rights, "group:root=all", error, 256), 0);
	assert_int_equal(rights.grant_cnt, 2);
	assert_false(rights.grants[0].is_group);
	assert_int_equal(rights.grants[0].id, 0);
	assert_int_equal(rights.grants[0].rights, CONTROL_MAY_TRIGGER | CONTROL_MAY_LEVEL);
	assert_true(rights.grants[1].is_group);
	assert_int_equal(rights.grants[1].rights & (CONTROL_MAY_RELOAD | CONTROL_MAY_FILTER),
			 CONTROL_MAY_RELOAD | CONTROL_MAY_FILTER);
	/* events are for root and the own user alone */
	assert_false(rights.grants[1].rights & CONTROL_MAY_FOLLOW);
	control_rights__fini(&rights);
}

static void test_control_rights_refuses_bad_words(void **state)
{
	static const char *const bad[] = {
		"",
		"root",
		"user:root",
		"user:=status",
		"root=status",
		"user:root=",
		"user:root=follow",
		"user:root=status,",
		"other:root=status",
		"user:root=stat",
		"user:no-such-user-here=status",
		"group:no-such-group-here=status",
	};
	struct control_rights rights = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char error[256] = "";

		assert_int_equal(control_rights__allow(&rights, bad[i], error, sizeof(error)),
				 -EINVAL);
		assert_true(error[0]);
	}
	assert_int_equal(rights.grant_cnt, 0);
	control_rights__fini(&rights);
}

/* The rights of a client with that user and those groups. */
static unsigned int rights_of(const struct control_rights *rights, uid_t uid, gid_t gid, gid_t more)
{
	unsigned int sum;
	int ends[2], status;
	pid_t pid;

	/* the kernel notes who it is when the pair is made */
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int pair[2];

		if (setgroups(1, &more) || setgid(gid) || setuid(uid) ||
		    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
			_exit(1);
		/* as the collector, whose own user is another one */
		sum = control_rights__of_peer(rights, pair[0]);
		_exit(write(ends[1], &sum, sizeof(sum)) != sizeof(sum));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], &sum, sizeof(sum)), sizeof(sum));
	(void)close(ends[0]);
	(void)close(ends[1]);
	return sum;
}

static void test_control_rights_of_clients(void **state)
{
	struct control_grant grants[] = {
		{ .is_group = true, .id = OTHER_GROUP, .rights = CONTROL_MAY_LEVEL },
	};
	const struct control_rights rights = {
		.has_group = true,
		.group = THE_GROUP,
		.grants = grants,
		.grant_cnt = 1,
	};
	unsigned int root;

	(void)state;
	if (geteuid())
		skip();
	root = rights_of(NULL, 0, 0, 0);
	assert_int_equal(root & CONTROL_MAY_FOLLOW, CONTROL_MAY_FOLLOW);
	/* the client is the own user, too: all rights */
	assert_int_equal(rights_of(NULL, OTHER_USER, OTHER_USER, OTHER_USER), root);
	assert_int_equal(rights_of(&rights, OTHER_USER, OTHER_USER, OTHER_USER), root);
}

/* A client of another user: the socket is handed to us. */
static unsigned int rights_of_other(const struct control_rights *rights, gid_t gid, gid_t more)
{
	struct msghdr message = { 0 };
	char control[CMSG_SPACE(sizeof(int))], byte = 0;
	struct iovec iov = { &byte, 1 };
	struct cmsghdr *head;
	unsigned int sum;
	int pair[2], fd, status;
	pid_t pid;

	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int own[2];

		if (setgroups(1, &more) || setgid(gid) || setuid(OTHER_USER) ||
		    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, own))
			_exit(1);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &own[0], sizeof(int));
		_exit(sendmsg(pair[1], &message, 0) != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(recvmsg(pair[0], &message, 0), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	sum = control_rights__of_peer(rights, fd);
	(void)close(fd);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return sum;
}

static void test_control_rights_of_other_users(void **state)
{
	struct control_grant grants[] = {
		{ .is_group = true, .id = OTHER_GROUP, .rights = CONTROL_MAY_LEVEL },
		{ .id = OTHER_USER + 1, .rights = CONTROL_MAY_TRIGGER },
	};
	struct control_rights rights = {
		.has_group = true,
		.group = THE_GROUP,
		.grants = grants,
		.grant_cnt = 2,
	};

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(rights_of_other(NULL, THE_GROUP, THE_GROUP), 0);
	assert_int_equal(rights_of_other(&rights, OTHER_USER, OTHER_USER), 0);
	/* by its first group, and by another one of it */
	assert_int_equal(rights_of_other(&rights, THE_GROUP, OTHER_USER),
			 CONTROL_MAY_STATUS | CONTROL_MAY_LIST);
	assert_int_equal(rights_of_other(&rights, OTHER_USER, THE_GROUP),
			 CONTROL_MAY_STATUS | CONTROL_MAY_LIST);
	assert_int_equal(rights_of_other(&rights, THE_GROUP, OTHER_GROUP),
			 CONTROL_MAY_STATUS | CONTROL_MAY_LIST | CONTROL_MAY_LEVEL);
	grants[1].id = OTHER_USER;
	assert_int_equal(rights_of_other(&rights, OTHER_USER, OTHER_USER), CONTROL_MAY_TRIGGER);
	rights.has_group = false;
	assert_int_equal(rights_of_other(&rights, THE_GROUP, OTHER_USER), CONTROL_MAY_TRIGGER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_rights_parses_allow),
		cmocka_unit_test(test_control_rights_refuses_bad_words),
		cmocka_unit_test(test_control_rights_of_clients),
		cmocka_unit_test(test_control_rights_of_other_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
