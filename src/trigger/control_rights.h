/* SPDX-License-Identifier: MIT */
/*
 * Who may ask what on the control socket. The kernel says who a client is (SO_PEERCRED,
 * SO_PEERGROUPS), as it was when it connected.
 *
 * Root and the collector's own user may do all. Members of the group ttlog may ask for the status
 * and the list, and may do what --allow names besides.
 */
#ifndef TTLOG_CONTROL_RIGHTS_H
#define TTLOG_CONTROL_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_RIGHTS_GROUP "ttlog"

enum control_right {
	CONTROL_MAY_STATUS = 1,
	CONTROL_MAY_LIST = 2,
	CONTROL_MAY_TRIGGER = 4,
	CONTROL_MAY_LEVEL = 8,
	CONTROL_MAY_FILTER = 16,
	CONTROL_MAY_RELOAD = 32,
	/* only root and the collector's own user: events may hold secrets */
	CONTROL_MAY_FOLLOW = 64,
};

/* What a group or user may do besides. */
struct control_grant {
	bool is_group;
	uint32_t id;
	unsigned int rights;
};

/* Starts with zeros: root and the own user alone. */
struct control_rights {
	bool has_group; /* the group ttlog exists */
	gid_t group;
	struct control_grant *grants;
	size_t grant_cnt, grant_cap;
};

void control_rights__fini(struct control_rights *rights);

/*
 * Adds "user:NAME=RIGHT[,RIGHT...]" or "group:NAME=...", RIGHT one of status, list, trigger, level,
 * filter, reload, all. 0, -ENOMEM, or -EINVAL with a message for the user.
 */
int control_rights__allow(struct control_rights *rights, const char *text, char *error,
			  size_t error_size);
/* Looks for the group ttlog. */
void control_rights__find_group(struct control_rights *rights);
/* A user with a grant who can't reach the socket, because he is not in the group; NULL: none. The
 * caller frees it. */
char *control_rights__find_outsider(const struct control_rights *rights);

/* The rights of the client at the other end, or-ed. rights: NULL: root and the own user alone. */
unsigned int control_rights__of_peer(const struct control_rights *rights, int fd);
/* "level" of CONTROL_MAY_LEVEL. */
const char *control_right__name(enum control_right right);

#endif /* TTLOG_CONTROL_RIGHTS_H */
