/* SPDX-License-Identifier: MIT */
/* Who asks: USER of ttlog.ctl.HOST.USER. */
#ifndef TTLOG_FLEET_USER_H
#define TTLOG_FLEET_USER_H

#include "ask_subject.h"

/* as: --as; else the name in the credentials' JWT; else the login name. 0; -EINVAL, and why. */
int fleet_user__find(char ret[ASK_USER_BYTES], const char *as, const char *creds,
		     const char **ret_why);

#endif /* TTLOG_FLEET_USER_H */
