/* SPDX-License-Identifier: MIT */
/*
 * Names places in a file by its debug information. The files come from a server and may be made to
 * crash a reader, to take all memory, or never to end: so a child without rights reads them, for
 * one file each.
 */
#ifndef TTLOG_VIEW_NAME_CHILD_H
#define TTLOG_VIEW_NAME_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in the file. */
struct name_place {
	uint64_t offset;
	bool is_call; /* a return address: the place after a call */
};

struct name_work {
	const char *build_id; /* that of the files */
	int fd, debug_fd;     /* the file that ran, its debug information; -1: not there, one is */
	const struct name_place *places;
	size_t cnt;
};

/* A name of a place: functions inlined there first, innermost first, at last the one that has the
 * code. Texts may be anything. */
struct name_told {
	uint32_t place; /* below cnt */
	uint32_t line;  /* 0: unknown */
	bool is_inlined;
	char symbol[2000]; /* with its offset unless it is inlined; "": unknown */
	char file[2000];   /* "": unknown */
};

/* No more than this may pass for one file. */
#define NAME_CHILD_MAX_S   60
/* Of one place. */
#define NAME_CHILD_INLINED 64u

/*
 * Calls take for what is told, until it returns false. 0, or -errno: -ESTALE: a file has another
 * build id; -ENXIO: it does not tell where the places are; -ETIME: it took too long; -EBADMSG: the child has failed at it. What was told before is
 * right.
 */
int name_child__run(const struct name_work *work,
		    bool (*take)(void *to, const struct name_told *told), void *to);

#endif /* TTLOG_VIEW_NAME_CHILD_H */
