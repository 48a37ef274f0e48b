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
#define TTLOG__MAP_0(m, n)
#define TTLOG__MAP_1(m, n, k, v) m(n, 1, k, v)
#define TTLOG__MAP_2(m, n, k, v, ...) m(n, 2, k, v) TTLOG__MAP_1(m, n, __VA_ARGS__)
#define TTLOG__MAP_3(m, n, k, v, ...) m(n, 3, k, v) TTLOG__MAP_2(m, n, __VA_ARGS__)
#define TTLOG__MAP_4(m, n, k, v, ...) m(n, 4, k, v) TTLOG__MAP_3(m, n, __VA_ARGS__)
#define TTLOG__MAP_5(m, n, k, v, ...) m(n, 5, k, v) TTLOG__MAP_4(m, n, __VA_ARGS__)
#define TTLOG__MAP_6(m, n, k, v, ...) m(n, 6, k, v) TTLOG__MAP_5(m, n, __VA_ARGS__)
#define TTLOG__MAP_7(m, n, k, v, ...) m(n, 7, k, v) TTLOG__MAP_6(m, n, __VA_ARGS__)
#define TTLOG__MAP_8(m, n, k, v, ...) m(n, 8, k, v) TTLOG__MAP_7(m, n, __VA_ARGS__)
#define TTLOG__MAP_9(m, n, k, v, ...) m(n, 9, k, v) TTLOG__MAP_8(m, n, __VA_ARGS__)
#define TTLOG__MAP_10(m, n, k, v, ...) m(n, 10, k, v) TTLOG__MAP_9(m, n, __VA_ARGS__)
#define TTLOG__MAP_11(m, n, k, v, ...) m(n, 11, k, v) TTLOG__MAP_10(m, n, __VA_ARGS__)
#define TTLOG__MAP_12(m, n, k, v, ...) m(n, 12, k, v) TTLOG__MAP_11(m, n, __VA_ARGS__)
#define TTLOG__MAP_13(m, n, k, v, ...) m(n, 13, k, v) TTLOG__MAP_12(m, n, __VA_ARGS__)
#define TTLOG__MAP_14(m, n, k, v, ...) m(n, 14, k, v) TTLOG__MAP_13(m, n, __VA_ARGS__)
#define TTLOG__MAP_15(m, n, k, v, ...) m(n, 15, k, v) TTLOG__MAP_14(m, n, __VA_ARGS__)
#define TTLOG__MAP_16(m, n, k, v, ...) m(n, 16, k, v) TTLOG__MAP_15(m, n, __VA_ARGS__)

#define TTLOG__EACH_0(m, n, first)
#define TTLOG__EACH_1(m, n, first, ...) TTLOG__MAP_1(m, n, __VA_ARGS__)
#define TTLOG__EACH_2(m, n, first, ...) TTLOG__MAP_2(m, n, __VA_ARGS__)
#define TTLOG__EACH_3(m, n, first, ...) TTLOG__MAP_3(m, n, __VA_ARGS__)
#define TTLOG__EACH_4(m, n, first, ...) TTLOG__MAP_4(m, n, __VA_ARGS__)
#define TTLOG__EACH_5(m, n, first, ...) TTLOG__MAP_5(m, n, __VA_ARGS__)
#define TTLOG__EACH_6(m, n, first, ...) TTLOG__MAP_6(m, n, __VA_ARGS__)
#define TTLOG__EACH_7(m, n, first, ...) TTLOG__MAP_7(m, n, __VA_ARGS__)
#define TTLOG__EACH_8(m, n, first, ...) TTLOG__MAP_8(m, n, __VA_ARGS__)
#define TTLOG__EACH_9(m, n, first, ...) TTLOG__MAP_9(m, n, __VA_ARGS__)
#define TTLOG__EACH_10(m, n, first, ...) TTLOG__MAP_10(m, n, __VA_ARGS__)
#define TTLOG__EACH_11(m, n, first, ...) TTLOG__MAP_11(m, n, __VA_ARGS__)
#define TTLOG__EACH_12(m, n, first, ...) TTLOG__MAP_12(m, n, __VA_ARGS__)
#define TTLOG__EACH_13(m, n, first, ...) TTLOG__MAP_13(m, n, __VA_ARGS__)
#define TTLOG__EACH_14(m, n, first, ...) TTLOG__MAP_14(m, n, __VA_ARGS__)
#define TTLOG__EACH_15(m, n, first, ...) TTLOG__MAP_15(m, n, __VA_ARGS__)
#define TTLOG__EACH_16(m, n, first, ...) TTLOG__MAP_16(m, n, __VA_ARGS__)

#define TTLOG__TAKE_0(m, n, first)
#define TTLOG__TAKE_1(m, n, first, ...) TTLOG__MAP_1(m, n, __VA_ARGS__)
#define TTLOG__TAKE_2(m, n, first, ...) TTLOG__MAP_2(m, n, __VA_ARGS__)
#define TTLOG__TAKE_3(m, n, first, ...) TTLOG__MAP_3(m, n, __VA_ARGS__)
#define TTLOG__TAKE_4(m, n, first, ...) TTLOG__MAP_4(m, n, __VA_ARGS__)
#define TTLOG__TAKE_5(m, n, first, ...) TTLOG__MAP_5(m, n, __VA_ARGS__)
#define TTLOG__TAKE_6(m, n, first, ...) TTLOG__MAP_6(m, n, __VA_ARGS__)
#define TTLOG__TAKE_7(m, n, first, ...) TTLOG__MAP_7(m, n, __VA_ARGS__)
#define TTLOG__TAKE_8(m, n, first, ...) TTLOG__MAP_8(m, n, __VA_ARGS__)
#define TTLOG__TAKE_9(m, n, first, ...) TTLOG__MAP_9(m, n, __VA_ARGS__)
#define TTLOG__TAKE_10(m, n, first, ...) TTLOG__MAP_10(m, n, __VA_ARGS__)
#define TTLOG__TAKE_11(m, n, first, ...) TTLOG__MAP_11(m, n, __VA_ARGS__)
#define TTLOG__TAKE_12(m, n, first, ...) TTLOG__MAP_12(m, n, __VA_ARGS__)
#define TTLOG__TAKE_13(m, n, first, k, v, ...) m(n, 13, k, v) TTLOG__DROP_13_11(m, n, __VA_ARGS__)
#define TTLOG__TAKE_14(m, n, first, k, v, ...) m(n, 14, k, v) TTLOG__DROP_14_11(m, n, __VA_ARGS__)
#define TTLOG__TAKE_15(m, n, first, k, v, ...) m(n, 15, k, v) TTLOG__DROP_15_11(m, n, __VA_ARGS__)
#define TTLOG__TAKE_16(m, n, first, k, v, ...) m(n, 16, k, v) TTLOG__DROP_16_11(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_11(m, n, k, v, ...) m(n, 12, k, v) TTLOG__DROP_13_10(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_10(m, n, k, v, ...) m(n, 11, k, v) TTLOG__DROP_13_9(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_9(m, n, k, v, ...) m(n, 10, k, v) TTLOG__DROP_13_8(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_8(m, n, k, v, ...) m(n, 9, k, v) TTLOG__DROP_13_7(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_7(m, n, k, v, ...) m(n, 8, k, v) TTLOG__DROP_13_6(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_6(m, n, k, v, ...) m(n, 7, k, v) TTLOG__DROP_13_5(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_5(m, n, k, v, ...) m(n, 6, k, v) TTLOG__DROP_13_4(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_4(m, n, k, v, ...) m(n, 5, k, v) TTLOG__DROP_13_3(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_3(m, n, k, v, ...) m(n, 4, k, v) TTLOG__DROP_13_2(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_2(m, n, k, v, ...) m(n, 3, k, v) TTLOG__DROP_13_1(m, n, __VA_ARGS__)
#define TTLOG__DROP_13_1(m, n, k, v, ...) m(n, 2, k, v)
#define TTLOG__DROP_14_11(m, n, k, v, ...) m(n, 13, k, v) TTLOG__DROP_14_10(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_10(m, n, k, v, ...) m(n, 12, k, v) TTLOG__DROP_14_9(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_9(m, n, k, v, ...) m(n, 11, k, v) TTLOG__DROP_14_8(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_8(m, n, k, v, ...) m(n, 10, k, v) TTLOG__DROP_14_7(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_7(m, n, k, v, ...) m(n, 9, k, v) TTLOG__DROP_14_6(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_6(m, n, k, v, ...) m(n, 8, k, v) TTLOG__DROP_14_5(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_5(m, n, k, v, ...) m(n, 7, k, v) TTLOG__DROP_14_4(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_4(m, n, k, v, ...) m(n, 6, k, v) TTLOG__DROP_14_3(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_3(m, n, k, v, ...) m(n, 5, k, v) TTLOG__DROP_14_2(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_2(m, n, k, v, ...) m(n, 4, k, v) TTLOG__DROP_14_1(m, n, __VA_ARGS__)
#define TTLOG__DROP_14_1(m, n, k, v, ...) m(n, 3, k, v)
#define TTLOG__DROP_15_11(m, n, k, v, ...) m(n, 14, k, v) TTLOG__DROP_15_10(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_10(m, n, k, v, ...) m(n, 13, k, v) TTLOG__DROP_15_9(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_9(m, n, k, v, ...) m(n, 12, k, v) TTLOG__DROP_15_8(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_8(m, n, k, v, ...) m(n, 11, k, v) TTLOG__DROP_15_7(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_7(m, n, k, v, ...) m(n, 10, k, v) TTLOG__DROP_15_6(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_6(m, n, k, v, ...) m(n, 9, k, v) TTLOG__DROP_15_5(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_5(m, n, k, v, ...) m(n, 8, k, v) TTLOG__DROP_15_4(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_4(m, n, k, v, ...) m(n, 7, k, v) TTLOG__DROP_15_3(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_3(m, n, k, v, ...) m(n, 6, k, v) TTLOG__DROP_15_2(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_2(m, n, k, v, ...) m(n, 5, k, v) TTLOG__DROP_15_1(m, n, __VA_ARGS__)
#define TTLOG__DROP_15_1(m, n, k, v, ...) m(n, 4, k, v)
#define TTLOG__DROP_16_11(m, n, k, v, ...) m(n, 15, k, v) TTLOG__DROP_16_10(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_10(m, n, k, v, ...) m(n, 14, k, v) TTLOG__DROP_16_9(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_9(m, n, k, v, ...) m(n, 13, k, v) TTLOG__DROP_16_8(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_8(m, n, k, v, ...) m(n, 12, k, v) TTLOG__DROP_16_7(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_7(m, n, k, v, ...) m(n, 11, k, v) TTLOG__DROP_16_6(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_6(m, n, k, v, ...) m(n, 10, k, v) TTLOG__DROP_16_5(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_5(m, n, k, v, ...) m(n, 9, k, v) TTLOG__DROP_16_4(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_4(m, n, k, v, ...) m(n, 8, k, v) TTLOG__DROP_16_3(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_3(m, n, k, v, ...) m(n, 7, k, v) TTLOG__DROP_16_2(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_2(m, n, k, v, ...) m(n, 6, k, v) TTLOG__DROP_16_1(m, n, __VA_ARGS__)
#define TTLOG__DROP_16_1(m, n, k, v, ...) m(n, 5, k, v)

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
#define TTLOG__EACH(m, n, ...)    TTLOG__CAT(TTLOG__EACH_, n)(m, n, __VA_ARGS__)
#define TTLOG__TAKE(m, n, ...)    TTLOG__CAT(TTLOG__TAKE_, n)(m, n, __VA_ARGS__)
#define TTLOG__FIRST(...)         TTLOG__FIRST_(__VA_ARGS__, 0)
#define TTLOG__FIRST_(first, ...) first

#define TTLOG__CAT_(a, b) a##b
#define TTLOG__CAT(a, b)  TTLOG__CAT_(a, b)

#define TTLOG__NAME_TRACE "trace"
#define TTLOG__NAME_DEBUG "debug"
#define TTLOG__NAME_INFO  "info"
#define TTLOG__NAME_WARN  "warn"
#define TTLOG__NAME_ERROR "error"
#define TTLOG__NAME_FATAL "fatal"

#ifdef __cplusplus
#define TTLOG__ASSERT(cond, what) static_assert(cond, what)
#else
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
