/* SPDX-License-Identifier: MIT */
/* Sites in a header that two files include: the linker merges equal ones into one site. */
#ifndef HEADER_TEST_INLINE_H
#define HEADER_TEST_INLINE_H

/* The same place in the same header, but different marks. */
static inline void inline__differs(void)
{
#ifdef HEADER_TEST_B
	TTLOG_PROBE(differs_b, WARN, "In the other file", "n", EVAL());
#else
	TTLOG_PROBE(differs_a, ERROR, "In the one file", "n", EVAL());
#endif
}

static inline int inline__static(int value)
{
	TTLOG_PROBE(inline_static, INFO, "In a static inline function", "n", EVAL(), "v", value);
	return value;
}

/* In C, two_a.c emits this function. */
inline int inline__folded(int value)
{
	TTLOG_PROBE(inline_folded, INFO, "In an inline function", "n", EVAL(), "v", value);
	TTLOG_PROBE_EVERY(1, inline_every, INFO, "In an inline function", "n", EVAL());
	return value;
}

void two_b__run(void);

#endif /* HEADER_TEST_INLINE_H */
