/* SPDX-License-Identifier: MIT */
/*
 * MARKS marks of two integers each: check-header measures their size. BARE: the file without the
 * header.
 */
#ifndef BARE
#include <ttlog/ttlog.h>
#endif

#define MARK() TTLOG_PROBE(marked, INFO, "Marked", "a", a, "b", b);
#define MARKS_0
#define MARKS_1      MARK()
#define MARKS_2      MARK() MARK()
#define MARKS_10     MARKS_2 MARKS_2 MARKS_2 MARKS_2 MARKS_2
#define MARKS_OF_(n) MARKS_##n
#define MARKS_OF(n)  MARKS_OF_(n)

#ifdef __cplusplus
extern "C"
#endif
	void
	marks(int a, long b);

void marks(int a, long b)
{
	(void)a;
	(void)b;
	MARKS_OF(MARKS)
}
