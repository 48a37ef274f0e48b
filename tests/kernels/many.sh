#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: many.sh COUNT: prints a marked program with COUNT sites, each of which logs once.
set -eu
cat <<END
/* made by tests/kernels/many.sh */
#include <stdio.h>
#include <sys/resource.h>

#define TTLOG_SERVICE "many"
#include <ttlog/ttlog.h>

int main(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return 1;
	printf("files %lu\n", (unsigned long)files.rlim_cur);
END
seq "$1" | sed 's/.*/	TTLOG_INFO("One of many", "number", &);/'
printf '\treturn 0;\n}\n'
