/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask_subject.h"

#define PREFIX "ttlog.ctl."
#define INBOX  "_INBOX."

void ask_subject__make(char ret[ASK_SUBJECT_BYTES], const char *host, const char *user)
{
	(void)snprintf(ret, ASK_SUBJECT_BYTES, PREFIX "%s.%s", host, user);
}

int ask_subject__user(char ret[ASK_USER_BYTES], const char *name)
{
	char token[FLEET_NAME_BYTES];

	if (!name[0] || fleet_name__escape(token, name) >= ASK_USER_BYTES)
		return -EINVAL;
	(void)strcpy(ret, token);
	return 0;
}

/* An escaped name that is no more than one token. */
static bool is_user(const char *token)
{
	char name[FLEET_NAME_BYTES];

	return token[0] && strlen(token) < ASK_USER_BYTES && !fleet_name__unescape(name, token) &&
	       name[0];
}

int ask_subject__parse(char ret_user[ASK_USER_BYTES], bool *ret_to_all, const char *subject)
{
	const char *host, *dot;

	if (strncmp(subject, PREFIX, strlen(PREFIX)) != 0)
		return -EINVAL;
	host = subject + strlen(PREFIX);
	dot = strchr(host, '.');
	if (!dot || dot == host || !is_user(dot + 1))
		return -EINVAL;
	*ret_to_all = !strncmp(host, ASK_SUBJECT_ALL ".", strlen(ASK_SUBJECT_ALL "."));
	(void)strcpy(ret_user, dot + 1);
	return 0;
}

bool ask_subject__may_answer(const char *user, const char *reply)
{
	const size_t len = strlen(user);

	return !strncmp(reply, INBOX, strlen(INBOX)) &&
	       !strncmp(reply + strlen(INBOX), user, len) && reply[strlen(INBOX) + len] == '.' &&
	       strlen(reply) < ASK_SUBJECT_BYTES && fleet_name__is_tokens(reply);
}
