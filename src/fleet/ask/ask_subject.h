/* SPDX-License-Identifier: MIT */
/*
 * Subjects of requests. One to a host comes on ttlog.ctl.HOST.USER, HOST and USER escaped as in fleet_name.h. The
 * servers' permissions make USER true: a user may publish to his own name only.
 *
 * On ttlog.ctl.all.USER each host that can be asked tells its HOST. No host is called "all": a HOST ends
 * with digits.
 *
 * Answers go to _INBOX.USER.ANYTHING only: else a user could have a host write to other subjects.
 */
#ifndef TTLOG_ASK_SUBJECT_H
#define TTLOG_ASK_SUBJECT_H

#include <stdbool.h>

#include "fleet_name.h"

#define ASK_SUBJECT_BYTES (2 * FLEET_NAME_BYTES + 16)
#define ASK_SUBJECT_ALL   "all"
#define ASK_USER_BYTES    64 /* of the token, with the zero */

/* host and user are tokens; "*" is each. */
void ask_subject__make(char ret[ASK_SUBJECT_BYTES], const char *host, const char *user);

/* The token of a user's name. 0; -EINVAL: there is no name, or it is too long. */
int ask_subject__user(char ret[ASK_USER_BYTES], const char *name);

/* Of a subject that a host gets messages on: who asks. 0; -EINVAL: it has another form. */
int ask_subject__parse(char ret_user[ASK_USER_BYTES], bool *ret_to_all, const char *subject);

/* Whether an answer to that user may go there. */
bool ask_subject__may_answer(const char *user, const char *reply);

#endif /* TTLOG_ASK_SUBJECT_H */
