/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "foreign_builder.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "foreign_sites.h"
#include "functions.h"
#include "usdt_sites.h"

static int add(struct foreign_builder *builder, const struct foreign_probes *probes, int fd)
{
	int err = 0;

	if (foreign_probes__has(probes, FOREIGN_USDT))
		err = usdt_sites__add(builder, probes, fd);
	if (!err && (foreign_probes__has(probes, FOREIGN_FUNCTION) ||
		     foreign_probes__has(probes, FOREIGN_SPAN)))
		err = functions__add(builder, probes, fd);
	return err;
}

int foreign_sites__add(struct site_table *table, const struct foreign_probes *probes, int fd,
		       const char *path, struct foreign_report *report)
{
	struct foreign_report told = { 0 };
	struct foreign_builder builder =
		foreign_builder__begin(table, path, report ? report : &told);
	const int err = add(&builder, probes, fd);

	if (err)
		foreign_report__add(builder.report, "%s: its probes can't be recorded: %s", path,
				    strerror(-err));
	foreign_probes__tell(probes, &told);
	foreign_report__fini(&told);
	return err;
}
