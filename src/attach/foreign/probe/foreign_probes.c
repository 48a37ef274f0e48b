/* SPDX-License-Identifier: MIT */
/* Probes of the user are few. The catalogue has hundreds of lines, but is asked only about probes
 * that the user has chosen. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "foreign_probes.h"
#include "foreign_report.h"

struct probe_list {
	struct foreign_probe **items;
	size_t cnt, cap;
};

struct foreign_probes {
	struct probe_list chosen, known;
	void (*tell)(const char *line); /* NULL: nothing is told */
	pthread_mutex_t lock;           /* protects `told` */
	struct foreign_report told;
	struct debuginfod *debuginfod;
};

struct foreign_probes *foreign_probes__new(void)
{
	struct foreign_probes *probes = calloc(1, sizeof(*probes));

	if (probes)
		pthread_mutex_init(&probes->lock, NULL);
	return probes;
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
	foreign_report__fini(&probes->told);
	pthread_mutex_destroy(&probes->lock);
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

void foreign_probes__tell_to(struct foreign_probes *probes, void (*tell)(const char *line))
{
	probes->tell = tell;
}

void foreign_probes__tell(const struct foreign_probes *probes, const struct foreign_report *report)
{
	struct foreign_probes *own = (struct foreign_probes *)probes;

	if (!probes->tell || !report->cnt)
		return;
	pthread_mutex_lock(&own->lock);
	for (size_t i = 0; i < report->cnt; i++) {
		const size_t cnt = own->told.cnt, more = own->told.more_cnt;

		foreign_report__add(&own->told, "%s", report->lines[i]);
		if (own->told.cnt > cnt)
			own->tell(report->lines[i]);
		else if (!more && own->told.more_cnt)
			own->tell("there is more to say of probes, which is left out");
	}
	pthread_mutex_unlock(&own->lock);
}

static bool takes_path(const struct foreign_probe *probe, const char *path)
{
	return foreign_glob__matches(probe->where, path) ||
	       (probe->real_where && foreign_glob__matches(probe->real_where, path));
}

/* "libc.so.6", also of "libc.so.6.1" */
static bool is_version_of(const char *where, const char *base)
{
	const size_t len = strlen(where);

	return strstr(where, ".so.") && !strncmp(where, base, len) && base[len] == '.';
}

bool foreign_probe__takes_file(const struct foreign_probe *probe, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *suffix = strstr(base, ".so");
	char *other;
	bool takes;

	if (strchr(probe->where, '/')) {
		if (takes_path(probe, path))
			return true;
		/* at start, a path may be as a user or a library gives it */
		other = realpath(path, NULL);
		takes = other && takes_path(probe, other);
		free(other);
		return takes;
	}
	if (foreign_glob__matches(probe->where, base) || is_version_of(probe->where, base))
		return true;
	if (!suffix || suffix == base || (suffix[3] && suffix[3] != '.'))
		return false;
	other = strndup(base, (size_t)(suffix - base));
	takes = other && foreign_glob__matches(probe->where, other);
	free(other);
	return takes;
}

void foreign_probes__set_debuginfod(struct foreign_probes *probes, struct debuginfod *debuginfod)
{
	probes->debuginfod = debuginfod;
}

struct debuginfod *foreign_probes__debuginfod(const struct foreign_probes *probes)
{
	return probes->debuginfod;
}
