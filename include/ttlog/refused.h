/* SPDX-License-Identifier: MIT */
/*
 * For compilers and modes that can't have marks: one error says why, and the marks become empty, so
 * that they cause no further errors.
 */
#ifndef TTLOG_REFUSED_H
#define TTLOG_REFUSED_H

#if defined(__cplusplus) && __cplusplus < 201703L
#define TTLOG__REFUSED 1
#error "ttlog: marks need C++17 or later, as -std=c++17 says"
#elif !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#define TTLOG__REFUSED 1
#error "ttlog: marks need C11 or later, or gnu99, as -std=gnu11 says"
#elif defined(__code_model_large__) && defined(__x86_64__) && !defined(__clang__) &&               \
	!defined(TTLOG_OFF)
#define TTLOG__REFUSED 1
#error "ttlog: under -mcmodel=large gcc gives no address to assembly: define TTLOG_OFF for this file"
#endif

#ifdef TTLOG__REFUSED
#define TTLOG_PROBE(...)           ((void)0)
#define TTLOG_TRACE(...)           ((void)0)
#define TTLOG_DEBUG(...)           ((void)0)
#define TTLOG_INFO(...)            ((void)0)
#define TTLOG_WARN(...)            ((void)0)
#define TTLOG_ERROR(...)           ((void)0)
#define TTLOG_FATAL(...)           ((void)0)
#define TTLOG_SPAN(...)            extern int ttlog__refused
#define TTLOG_ENABLED(level)       0
#define TTLOG_SNAPSHOT(reason)     ((void)0)
#define TTLOG_PREPARE()            ((void)0)
#define TTLOG_PREPARE_FOR_FILTER() ((void)0)
#endif

#endif /* TTLOG_REFUSED_H */
