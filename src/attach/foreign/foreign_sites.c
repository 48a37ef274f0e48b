/* SPDX-License-Identifier: MIT */
#include "foreign_builder.h"
#include "foreign_probes.h"
#include "foreign_sites.h"
#include "functions.h"
#include "usdt_sites.h"

int foreign_sites__add(struct site_table *table, const struct foreign_probes *probes, int fd,
		       const char *path, struct foreign_report *report)
{
	struct foreign_builder builder = foreign_builder__begin(table, path, report);
	int err = 0;

	if (foreign_probes__has(probes, FOREIGN_USDT))
		err = usdt_sites__add(&builder, probes, fd);
	if (!err && (foreign_probes__has(probes, FOREIGN_FUNCTION) ||
		     foreign_probes__has(probes, FOREIGN_SPAN)))
		err = functions__add(&builder, probes, fd);
	return err;
}
