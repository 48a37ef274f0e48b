/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "fleet_files.h"
#include "fleet_list.h"
#include "fleet_print.h"

#define OUT_BYTES (256u << 10)

/* What could be read of it is shown in any case. Returns whether all could. */
static bool add_url(struct fleet_files *files, const struct client_options *options, size_t number)
{
	const struct client_url *url = &options->urls[number];
	struct nats_link *link = client__connect(options, url);
	struct fleet_error error = { "" };
	int err = link ? fleet_files__add(files, url, number, link, &error) : 0;

	if (err)
		client__say(url->text, error.text);
	nats_link__close(link);
	return link && !err;
}

bool fleet_list__gather(struct fleet_files *ret, const struct client_options *options)
{
	char text[96];
	bool is_whole = true;

	*ret = (struct fleet_files){ .cnt = 0 };
	for (size_t i = 0; i < options->url_cnt; i++)
		is_whole &= add_url(ret, options, i);
	fleet_files__sort(ret);
	if (ret->damaged_cnt) {
		(void)snprintf(text, sizeof(text),
			       "%zu entries are damaged, or name files of other hosts",
			       ret->damaged_cnt);
		client__say("index", text);
	}
	return is_whole && !ret->damaged_cnt;
}

int fleet_list__run(const struct client_options *options)
{
	struct fleet_files files;
	int status = client__begin(options, NULL);

	if (status)
		return status;
	status = fleet_list__gather(&files, options) ? 0 : 1;
	(void)setvbuf(stdout, NULL, _IOFBF, OUT_BYTES);
	if (options->is_json)
		fleet_print__json(stdout, &files);
	else
		fleet_print__text(stdout, &files);
	if (fflush(stdout) && errno != EPIPE) {
		client__say("stdout", strerror(errno));
		status = 1;
	}
	fleet_files__fini(&files);
	return status;
}
