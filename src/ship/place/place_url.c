/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "file_place.h"
#include "nats_place.h"
#include "otlp_place.h"
#include "place_url.h"
#include "s3_place.h"

static const struct place_ops *const known[] = {
	&nats_place__ops, &file_place__ops, &s3_place__ops, &otlp_http__ops, &otlp_https__ops,
};

static const struct place_ops *find(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strncmp(text, known[i]->scheme, strlen(known[i]->scheme)))
			return known[i];
	}
	return NULL;
}

static int refuse(struct fleet_error *error)
{
	char schemes[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *before = !i ? "" : i + 1 < ARRAY_SIZE(known) ? ", " : " or ";

		len += (size_t)snprintf(schemes + len, sizeof(schemes) - len, "%s%s", before,
					known[i]->scheme);
	}
	return fleet_error__set(error, -EINVAL, "it does not begin with %s", schemes);
}

int place_url__parse(struct place_url *ret, const char *text, struct fleet_error *error)
{
	const struct place_ops *ops = find(text);
	void *url;

	if (!ops)
		return refuse(error);
	url = ops->parse(text, error);
	if (!url)
		return -errno;
	*ret = (struct place_url){ ops, url };
	return 0;
}

void place_url__fini(struct place_url *url)
{
	if (url->ops)
		url->ops->free_url(url->url);
	*url = (struct place_url){ NULL, NULL };
}
