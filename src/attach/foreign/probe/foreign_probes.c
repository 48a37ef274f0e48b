/* SPDX-License-Identifier: MIT */
/* Probes of the user are few. The catalogue has hundreds of lines, but is asked only about probes
 * that the user has chosen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "foreign_probes.h"

struct probe_list {
	struct foreign_probe **items;
	size_t cnt, cap;
};

struct foreign_probes {
	struct probe_list chosen, known;
};

struct foreign_probes *foreign_probes__new(void)
{
	return calloc(1, sizeof(struct foreign_probes));
}

static void free_list(struct probe_list *list)
{
	for (size_t i = 0; i < list->cnt; i++)
		foreign_probe__free(list->items[i]);
	free(list->items);
}

void foreign_probes__free(struct foreign_probes *probes)
{
	if (!probes)
		return;
	free_list(&probes->chosen);
	free_list(&probes->known);
	free(probes);
}

static int add(struct probe_list *list, struct foreign_probe *probe)
{
	if (array__reserve(list->items, list->cnt + 1, &list->cap)) {
		foreign_probe__free(probe);
		return -ENOMEM;
	}
	list->items[list->cnt++] = probe;
	return 0;
}

int foreign_probes__add(struct foreign_probes *probes, struct foreign_probe *probe)
{
	return add(&probes->chosen, probe);
}

int foreign_probes__add_known(struct foreign_probes *probes, struct foreign_probe *probe)
{
	return add(&probes->known, probe);
}

size_t foreign_probes__cnt(const struct foreign_probes *probes)
{
	return probes ? probes->chosen.cnt : 0;
}

const struct foreign_probe *foreign_probes__get(const struct foreign_probes *probes, size_t at)
{
	return probes->chosen.items[at];
}

bool foreign_probes__has(const struct foreign_probes *probes, enum foreign_kind kind)
{
	for (size_t i = 0; i < foreign_probes__cnt(probes); i++)
		if (probes->chosen.items[i]->kind == kind)
			return true;
	return false;
}

static const struct foreign_probe *find(const struct probe_list *list, const char *provider,
					const char *name)
{
	for (size_t i = 0; i < list->cnt; i++) {
		const struct foreign_probe *probe = list->items[i];

		if (probe->kind == FOREIGN_USDT && foreign_glob__matches(probe->where, provider) &&
		    foreign_glob__matches(probe->name, name))
			return probe;
	}
	return NULL;
}

const struct foreign_probe *foreign_probes__find_usdt(const struct foreign_probes *probes,
						      const char *provider, const char *name)
{
	return probes ? find(&probes->chosen, provider, name) : NULL;
}

const struct foreign_probe *foreign_probes__find_known(const struct foreign_probes *probes,
						       const char *provider, const char *name)
{
	const struct foreign_probe *known = probes ? find(&probes->known, provider, name) : NULL;

	return known && known->has_fields ? known : NULL;
}

bool foreign_probes__knows_provider(const struct foreign_probes *probes, const char *provider)
{
	for (size_t i = 0; probes && i < probes->known.cnt; i++)
		if (foreign_glob__matches(provider, probes->known.items[i]->where))
			return true;
	return false;
}

bool foreign_probe__takes_file(const struct foreign_probe *probe, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *suffix = strstr(base, ".so");
	char *stem;
	bool takes;

	if (strchr(probe->where, '/'))
		return foreign_glob__matches(probe->where, path);
	if (foreign_glob__matches(probe->where, base))
		return true;
	if (!suffix || suffix == base || (suffix[3] && suffix[3] != '.'))
		return false;
	stem = strndup(base, (size_t)(suffix - base));
	takes = stem && foreign_glob__matches(probe->where, stem);
	free(stem);
	return takes;
}
