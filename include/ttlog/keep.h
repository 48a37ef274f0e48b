/* SPDX-License-Identifier: MIT */
/*
 * Each mark refers here to the functions of cold.h and to the module's anchor, so that they are
 * emitted; this adds no byte. gcc and clang warn about an inline function that names static ones,
 * except in a system header: so this is one.
 */
#ifndef TTLOG_KEEP_H
#define TTLOG_KEEP_H

#pragma GCC system_header

#include "slow.h"
#include "limit.h"

#ifdef TTLOG__HAS_SITES

TTLOG__BEGIN_C

#define TTLOG__KEPT(name) TTLOG__TEXT(TTLOG__BODY(name))

TTLOG__INLINE void ttlog__keep(void)
{
	__asm__ volatile(""
			 :
			 : TTLOG__KEPT(ttlog__module_anchor), TTLOG__KEPT(ttlog__finish),
			   TTLOG__KEPT(ttlog__append_slowly), TTLOG__KEPT(ttlog__make_batch),
			   TTLOG__KEPT(ttlog__replace_batch), TTLOG__KEPT(ttlog__flush_batch),
			   TTLOG__KEPT(ttlog__flush), TTLOG__KEPT(ttlog__end_thread),
			   TTLOG__KEPT(ttlog__request_snapshot), TTLOG__KEPT(ttlog__length_long),
			   TTLOG__KEPT(ttlog__copy_long), TTLOG__KEPT(ttlog__call_clock),
			   TTLOG__KEPT(ttlog__begin), TTLOG__KEPT(ttlog__prepare),
			   TTLOG__KEPT(ttlog__append_flagged));
}

/* The same for TTLOG_CONTEXT alone: files without it do not emit this function. */
TTLOG__INLINE void ttlog__keep_context(void)
{
	__asm__ volatile("" : : TTLOG__KEPT(ttlog__note_context));
	ttlog__keep();
}

/* The same for TTLOG_PROBE_EVERY and TTLOG_PROBE_LIMIT. */
TTLOG__INLINE void ttlog__keep_rates(void)
{
	__asm__ volatile(""
			 :
			 : TTLOG__KEPT(ttlog__append_rated), TTLOG__KEPT(ttlog__find_rate),
			   TTLOG__KEPT(ttlog__is_second_over));
	ttlog__keep();
}

TTLOG__END_C

#endif /* TTLOG__HAS_SITES */
#endif /* TTLOG_KEEP_H */
