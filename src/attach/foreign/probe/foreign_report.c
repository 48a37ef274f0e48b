/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "foreign_report.h"

void foreign_report__add(struct foreign_report *report, const char *format, ...)
{
	char line[FOREIGN_REPORT_LINE_BYTES];
	va_list args;

	if (!report)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* names come from files */
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	for (size_t i = 0; i < report->cnt; i++)
		if (!strcmp(report->lines[i], line))
			return;
	if (report->cnt < FOREIGN_REPORT_MAX_LINES)
		report->lines[report->cnt] = strdup(line);
	if (report->cnt < FOREIGN_REPORT_MAX_LINES && report->lines[report->cnt])
		report->cnt++;
	else
		report->more_cnt++;
}

void foreign_report__fini(struct foreign_report *report)
{
	for (size_t i = 0; i < report->cnt; i++)
		free(report->lines[i]);
	*report = (struct foreign_report){ 0 };
}
