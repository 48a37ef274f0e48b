/* SPDX-License-Identifier: MIT */
/*
 * Preprocessor machinery: counts fields, and expands a macro for each.
 *
 * Such a macro m(n, r, k, v) gets the number of fields, the number that is left, with this one (n
 * for the first, 1 for the last), the key and the value. TAKE does this for the first 12 fields
 * only.
 */
#ifndef TTLOG_MACRO_H
#define TTLOG_MACRO_H

/* Elsewhere the arguments are checked, and nothing else. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(TTLOG_OFF)
#define TTLOG__HAS_SITES 1
#endif

/* clang-format off */
#define TTLOG__MAP_0(m, n, before)
#define TTLOG__MAP_1(m, n, before, k, v) m(n, 1, k, v)
#define TTLOG__MAP_2(m, n, before, k, v, ...) m(n, 2, k, v) TTLOG__MAP_1(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_3(m, n, before, k, v, ...) m(n, 3, k, v) TTLOG__MAP_2(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_4(m, n, before, k, v, ...) m(n, 4, k, v) TTLOG__MAP_3(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_5(m, n, before, k, v, ...) m(n, 5, k, v) TTLOG__MAP_4(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_6(m, n, before, k, v, ...) m(n, 6, k, v) TTLOG__MAP_5(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_7(m, n, before, k, v, ...) m(n, 7, k, v) TTLOG__MAP_6(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_8(m, n, before, k, v, ...) m(n, 8, k, v) TTLOG__MAP_7(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_9(m, n, before, k, v, ...) m(n, 9, k, v) TTLOG__MAP_8(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_10(m, n, before, k, v, ...) m(n, 10, k, v) TTLOG__MAP_9(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_11(m, n, before, k, v, ...) m(n, 11, k, v) TTLOG__MAP_10(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_12(m, n, before, k, v, ...) m(n, 12, k, v) TTLOG__MAP_11(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_13(m, n, before, k, v, ...) m(n, 13, k, v) TTLOG__MAP_12(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_14(m, n, before, k, v, ...) m(n, 14, k, v) TTLOG__MAP_13(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_15(m, n, before, k, v, ...) m(n, 15, k, v) TTLOG__MAP_14(m, n, v, __VA_ARGS__)
#define TTLOG__MAP_16(m, n, before, k, v, ...) m(n, 16, k, v) TTLOG__MAP_15(m, n, v, __VA_ARGS__)

/* The first 12 fields of more than 12. */
#define TTLOG__TAKE_13(m, n, ...) \
	TTLOG__TWELVE(m, n, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, __VA_ARGS__)
#define TTLOG__TAKE_14(m, n, ...) \
	TTLOG__TWELVE(m, n, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, __VA_ARGS__)
#define TTLOG__TAKE_15(m, n, ...) \
	TTLOG__TWELVE(m, n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, __VA_ARGS__)
#define TTLOG__TAKE_16(m, n, ...) \
	TTLOG__TWELVE(m, n, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, __VA_ARGS__)
#define TTLOG__TWELVE( \
	m, n, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, before, k1, v1, k2, v2, k3, v3, \
	k4, v4, k5, v5, k6, v6, k7, v7, k8, v8, k9, v9, k10, v10, k11, v11, k12, v12, ...) \
	m(n, r1, k1, v1) m(n, r2, k2, v2) m(n, r3, k3, v3) m(n, r4, k4, v4) m(n, r5, k5, v5) \
	m(n, r6, k6, v6) m(n, r7, k7, v7) m(n, r8, k8, v8) m(n, r9, k9, v9) \
	m(n, r10, k10, v10) m(n, r11, k11, v11) m(n, r12, k12, v12)
#define TTLOG__OVER_12_13 0, TTLOG__TAKE_13
#define TTLOG__OVER_12_14 0, TTLOG__TAKE_14
#define TTLOG__OVER_12_15 0, TTLOG__TAKE_15
#define TTLOG__OVER_12_16 0, TTLOG__TAKE_16

#define TTLOG__PICK(\
	a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, \
	a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, \
	a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, \
	a54, a55, a56, a57, a58, a59, a60, a61, a62, a63, a64, pick, ...) \
	pick
#define TTLOG__FIELDS(...) \
	TTLOG__PICK(__VA_ARGS__, \
	MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
	MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
	MANY, MANY, MANY, 16, ODD, 15, ODD, 14, ODD, 13, ODD, 12, ODD, 11, ODD, 10, ODD, 9, ODD, \
	8, ODD, 7, ODD, 6, ODD, 5, ODD, 4, ODD, 3, ODD, 2, ODD, 1, ODD, 0, 0)
/* clang-format on */

/* Expands m for each field after the first argument. n: the number of fields. */
#define TTLOG__EACH(m, n, ...) TTLOG__CAT(TTLOG__MAP_, n)(m, n, __VA_ARGS__)
#define TTLOG__TAKE(m, n, ...)                                                                     \
	TTLOG__SECOND(TTLOG__CAT(TTLOG__OVER_12_, n), TTLOG__CAT(TTLOG__MAP_, n), )                \
	(m, n, __VA_ARGS__)
#define TTLOG__FIRST(...)                  TTLOG__FIRST_(__VA_ARGS__, 0)
#define TTLOG__FIRST_(first, ...)          first
/* With a macro that is defined as "0, X" in front: X; with a name that is no macro: the next. */
#define TTLOG__SECOND(...)                 TTLOG__SECOND_(__VA_ARGS__)
#define TTLOG__SECOND_(first, second, ...) second

#define TTLOG__CAT_(a, b) a##b
#define TTLOG__CAT(a, b)  TTLOG__CAT_(a, b)

#define TTLOG__NAME_TRACE "trace"
#define TTLOG__NAME_DEBUG "debug"
#define TTLOG__NAME_INFO  "info"
#define TTLOG__NAME_WARN  "warn"
#define TTLOG__NAME_ERROR "error"
#define TTLOG__NAME_FATAL "fatal"

/* As glibc's __BEGIN_DECLS: around functions that C++ shares with C. */
#ifdef __cplusplus
#define TTLOG__BEGIN_C            extern "C" {
#define TTLOG__END_C              }
#define TTLOG__ASSERT(cond, what) static_assert(cond, what)
#else
#define TTLOG__BEGIN_C
#define TTLOG__END_C
#define TTLOG__ASSERT(cond, what) _Static_assert(cond, what)
#endif

/* Clang warns about expressions that are not evaluated, which is intended here. */
#ifdef __clang__
#define TTLOG__QUIET                                                                               \
	_Pragma("clang diagnostic push")                                                           \
		_Pragma("clang diagnostic ignored \"-Wunevaluated-expression\"")
#define TTLOG__LOUD _Pragma("clang diagnostic pop")
#else
#define TTLOG__QUIET
#define TTLOG__LOUD
#endif

/* If TTLOG_TARGET or TTLOG_SERVICE is no macro, the name itself is the value: 0, no text. */
#pragma push_macro("TTLOG_TARGET")
#pragma push_macro("TTLOG_SERVICE")
#undef TTLOG_TARGET
#undef TTLOG_SERVICE
enum ttlog__default {
	TTLOG_TARGET = 0,
	TTLOG_SERVICE = 0
};
#pragma pop_macro("TTLOG_TARGET")
#pragma pop_macro("TTLOG_SERVICE")

#endif /* TTLOG_MACRO_H */
