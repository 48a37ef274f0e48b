/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "control_rights.h"

#define ALL_RIGHTS                                                                                 \
	(CONTROL_MAY_STATUS | CONTROL_MAY_LIST | CONTROL_MAY_TRIGGER | CONTROL_MAY_LEVEL |         \
	 CONTROL_MAY_FILTER | CONTROL_MAY_RELOAD)
#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

static const struct {
	const char *name;
	unsigned int rights;
} names[] = {
	{ "status", CONTROL_MAY_STATUS },   { "list", CONTROL_MAY_LIST },
	{ "trigger", CONTROL_MAY_TRIGGER }, { "level", CONTROL_MAY_LEVEL },
	{ "filter", CONTROL_MAY_FILTER },   { "reload", CONTROL_MAY_RELOAD },
	{ "follow", CONTROL_MAY_FOLLOW },   { "all", ALL_RIGHTS },
};

void control_rights__fini(struct control_rights *rights)
{
	free(rights->grants);
	*rights = (struct control_rights){ 0 };
}

const char *control_right__name(enum control_right right)
{
	size_t i = 0;

	while (names[i].rights != right)
		i++;
	return names[i].name;
}

/* ---- --allow ---- */

/* 0: it is none that can be given. */
static unsigned int find_right(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
			return names[i].rights & ALL_RIGHTS;
	}
	return 0;
}

static int parse_rights(const char *text, unsigned int *ret, char *error, size_t error_size)
{
	unsigned int rights = 0, right;
	size_t len;

	for (const char *item = text;; item += len + 1) {
		len = strcspn(item, ",");
		right = find_right(item, len);
		if (!right) {
			(void)snprintf(error, error_size,
				       "'%.*s' is no right: status, list, trigger, level, filter, "
				       "reload or all",
				       (int)len, item);
			return -EINVAL;
		}
		rights |= right;
		if (!item[len])
			break;
	}
	*ret = rights;
	return 0;
}

static int find_id(const char *name, bool is_group, uint32_t *ret)
{
	const struct group *group = is_group ? getgrnam(name) : NULL;
	const struct passwd *user = is_group ? NULL : getpwnam(name);

	if (!group && !user)
		return -ENOENT;
	*ret = is_group ? group->gr_gid : user->pw_uid;
	return 0;
}

int control_rights__allow(struct control_rights *rights, const char *text, char *error,
			  size_t error_size)
{
	const bool is_group = !strncmp(text, "group:", strlen("group:"));
	const char *name = strchr(text, ':'), *equals = strchr(text, '=');
	struct control_grant grant = { .is_group = is_group };
	char own[256];
	int err;

	if ((!is_group && strncmp(text, "user:", strlen("user:"))) || !equals ||
	    equals - name < 2 || equals - name >= (int)sizeof(own)) {
		(void)snprintf(error, error_size,
			       "'%s' is not user:NAME=RIGHT[,RIGHT...] or group:NAME=...", text);
		return -EINVAL;
	}
	(void)snprintf(own, sizeof(own), "%.*s", (int)(equals - name) - 1, name + 1);
	err = parse_rights(equals + 1, &grant.rights, error, error_size);
	if (err)
		return err;
	if (find_id(own, is_group, &grant.id)) {
		(void)snprintf(error, error_size, "there is no %s '%s' here",
			       is_group ? "group" : "user", own);
		return -EINVAL;
	}
	if (array__reserve(rights->grants, rights->grant_cnt + 1, &rights->grant_cap))
		return -ENOMEM;
	rights->grants[rights->grant_cnt++] = grant;
	return 0;
}

void control_rights__find_group(struct control_rights *rights)
{
	const struct group *group = getgrnam(CONTROL_RIGHTS_GROUP);

	rights->has_group = group;
	if (group)
		rights->group = group->gr_gid;
}

/* ---- groups ---- */

static bool contains(const gid_t *groups, size_t cnt, gid_t group)
{
	for (size_t i = 0; i < cnt; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool is_member(const struct passwd *user, gid_t group)
{
	int cnt = GROUPS_MAX;
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	bool found = !groups; /* unknown: says nothing */

	if (groups && getgrouplist(user->pw_name, user->pw_gid, groups, &cnt) >= 0)
		found = contains(groups, (size_t)cnt, group);
	free(groups);
	return found;
}

char *control_rights__find_outsider(const struct control_rights *rights)
{
	for (size_t i = 0; i < rights->grant_cnt; i++) {
		const struct control_grant *grant = &rights->grants[i];
		const struct passwd *user = grant->is_group ? NULL : getpwuid(grant->id);

		if (user && grant->id && grant->id != geteuid() &&
		    (!rights->has_group || !is_member(user, rights->group)))
			return strdup(user->pw_name);
	}
	return NULL;
}

/* ---- clients ---- */

/* The groups of the client, besides its first one; the caller frees them. NULL: none. */
static gid_t *peer_groups(int fd, size_t *ret_cnt)
{
	socklen_t bytes = GROUPS_MAX * sizeof(gid_t);
	gid_t *groups = malloc(bytes);

	*ret_cnt = 0;
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes)) {
		free(groups);
		return NULL;
	}
	*ret_cnt = bytes / sizeof(gid_t);
	return groups;
}

static unsigned int granted(const struct control_rights *rights, const struct ucred *peer,
			    const gid_t *groups, size_t cnt)
{
	unsigned int sum = 0;

	if (rights->has_group &&
	    (peer->gid == rights->group || contains(groups, cnt, rights->group)))
		sum = CONTROL_MAY_STATUS | CONTROL_MAY_LIST;
	for (size_t i = 0; i < rights->grant_cnt; i++) {
		const struct control_grant *grant = &rights->grants[i];

		if (grant->is_group ? peer->gid == grant->id || contains(groups, cnt, grant->id)
				    : peer->uid == grant->id)
			sum |= grant->rights;
	}
	return sum;
}

unsigned int control_rights__of_peer(const struct control_rights *rights, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	unsigned int sum;
	gid_t *groups;
	size_t cnt;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return 0;
	if (peer.uid == 0 || peer.uid == geteuid())
		return ALL_RIGHTS | CONTROL_MAY_FOLLOW;
	if (!rights)
		return 0;
	groups = peer_groups(fd, &cnt);
	sum = granted(rights, &peer, groups, cnt);
	free(groups);
	return sum;
}
