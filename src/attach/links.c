/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "array.h"
#include "kernel_link.h"
#include "links.h"

void leaving__add(struct leaving *leaving, struct kernel_link **link)
{
	if (*link && !array__reserve(leaving->links, leaving->cnt + 1, &leaving->cap))
		leaving->links[leaving->cnt++] = *link;
	else
		kernel_link__free(*link);
	*link = NULL;
}

void leaving__close(struct leaving *leaving)
{
	kernel_link__free_all(leaving->links, leaving->cnt);
	free(leaving->links);
	*leaving = (struct leaving){ 0 };
}

void leaving__add_all(struct leaving *leaving, struct links *links)
{
	while (links) {
		struct links *next = links->next;

		leaving__add(leaving, &links->all);
		leaving__add(leaving, &links->foreign);
		leaving__add(leaving, &links->control);
		leaving__add(leaving, &links->start);
		free(links);
		links = next;
	}
}

struct links *links__find(struct links *links, pid_t pid)
{
	while (links && links->pid != pid)
		links = links->next;
	return links;
}

struct links *links__of(struct links *links, pid_t pid)
{
	struct links *own = links__find(links, pid);

	return own ? own : links__find(links, 0);
}

void links__remove(struct links **links, pid_t pid, struct leaving *leaving)
{
	struct links **at = links, *own;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	own = *at;
	if (!own)
		return;
	*at = own->next;
	own->next = NULL;
	leaving__add_all(leaving, own);
}

size_t links__cnt(const struct links *links)
{
	size_t cnt = 0;

	for (; links; links = links->next)
		cnt++;
	return cnt;
}

void links__share(struct links **links, struct leaving *leaving)
{
	struct links **at = links, *for_all;

	while (*at && (*at)->pid)
		at = &(*at)->next;
	for_all = *at;
	if (!for_all)
		return;
	*at = for_all->next;
	for_all->next = NULL;
	leaving__add_all(leaving, *links);
	*links = for_all;
}
