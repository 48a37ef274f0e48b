/* SPDX-License-Identifier: MIT */
/*
 * Field values: from an expression of the program to the packed bytes of a record.
 *
 * TTLOG__TYPE(x) is the enum ttlog_type of an expression, a constant; it does not evaluate x. 0:
 * the expression has no such type. ttlog__of(x) is its value. Sizes of all types but strings become
 * constants.
 */
#ifndef TTLOG_FIELD_H
#define TTLOG_FIELD_H

#include "abi.h"
#include "cold.h"

#define TTLOG__LIKELY(x)   (__builtin_expect(!!(x), 1) != 0)
#define TTLOG__UNLIKELY(x) (__builtin_expect(!!(x), 0) != 0)

TTLOG__BEGIN_C

/* The argument of the USDT probe, and a word that the record needs too. */
struct ttlog_value {
	uint64_t bits; /* text and bytes: the address; decimals: the units */
	uint32_t word; /* text and bytes: the length word of abi.h; decimals: the scale */
};

struct ttlog_strn {
	const char *text;
	size_t len;
};

struct ttlog_bytes {
	const void *data;
	size_t len;
};

struct ttlog_hex {
	uint64_t value;
};

struct ttlog_decimal {
	int64_t units;
	uint8_t scale;
};

TTLOG__INLINE struct ttlog_strn ttlog__strn(const char *text, size_t len)
{
	struct ttlog_strn value = { text, len };

	return value;
}

TTLOG__INLINE struct ttlog_bytes ttlog__bytes(const void *data, size_t len)
{
	struct ttlog_bytes value = { data, len };

	return value;
}

TTLOG__INLINE struct ttlog_hex ttlog__hex(uint64_t bits)
{
	struct ttlog_hex value = { bits };

	return value;
}

TTLOG__INLINE struct ttlog_decimal ttlog__decimal(int64_t units, unsigned scale)
{
	struct ttlog_decimal value = { units, (uint8_t)scale };

	return value;
}

/* ---- text: measured and copied without libc ---- */

uint32_t ttlog__length_long(const char *text) TTLOG__FAR;
void ttlog__copy_long(char *to, const char *from, uint32_t len) TTLOG__FAR;

#ifdef TTLOG__HAS_SITES
/* The length, at most TTLOG_STR_MAX + 1. */
TTLOG__COLD(uint32_t, ttlog__length_long, (const char *text))
{
	uint32_t len = 0;

	TTLOG__SHARE(ttlog__length_long);
	while (len <= TTLOG_STR_MAX && text[len])
		len++;
	return len;
}

TTLOG__COLD(void, ttlog__copy_long, (char *to, const char *from, uint32_t len))
{
#if defined(__x86_64__)
	uint64_t left = len;

	TTLOG__SHARE(ttlog__copy_long);
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(left) : : "memory");
#else
	TTLOG__SHARE(ttlog__copy_long);
	while (len--)
		*to++ = *from++;
#endif
}
#endif

#if defined(__SSE2__)
typedef char ttlog__chars __attribute__((vector_size(16)));

/* Whether 16 bytes from there lie in one page: then reading past the text's end can't fault. */
TTLOG__INLINE int ttlog__reads_16(const char *text)
{
	return ((uintptr_t)text & 4095) <= 4096 - 16;
}

/* Not a load in C: AddressSanitizer and -Warray-bounds would report the bytes after the text, which
 * are not used. */
TTLOG__INLINE ttlog__chars ttlog__load_16(const char *text)
{
	ttlog__chars chars;

	__asm__("" : "+r"(text));
	__asm__("{movdqu %1, %0|movdqu %0, %1}" : "=x"(chars) : "m"(*(const char(*)[16])text));
	return chars;
}
#endif

TTLOG__INLINE uint32_t ttlog__length(const char *text)
{
	if (__builtin_constant_p(__builtin_strlen(text)))
		return (uint32_t)__builtin_strlen(text);
#if defined(__SSE2__)
	if (TTLOG__LIKELY(ttlog__reads_16(text))) {
		ttlog__chars chars = ttlog__load_16(text);
		ttlog__chars none = { 0 };
		unsigned zeroes =
			(unsigned)__builtin_ia32_pmovmskb128((ttlog__chars)(chars == none));

		if (TTLOG__LIKELY(zeroes))
			return (uint32_t)__builtin_ctz(zeroes);
	}
#endif
	return ttlog__length_long(text);
}

/* There are TTLOG_BATCH_SLACK_BYTES to spare after the text at `to`. */
TTLOG__INLINE void ttlog__copy(char *to, const char *from, uint32_t len)
{
	/* the address may be invalid then */
	if (!len)
		return;
	if (__builtin_constant_p(len) && len <= 64) {
		__builtin_memcpy(to, from, len);
#if defined(__SSE2__)
	} else if (TTLOG__LIKELY(len <= 16 && ttlog__reads_16(from))) {
		ttlog__chars chars = ttlog__load_16(from);

		__builtin_memcpy(to, &chars, 16);
#endif
	} else {
		ttlog__copy_long(to, from, len);
	}
}

/* ---- values ---- */

TTLOG__INLINE struct ttlog_value ttlog__of_unsigned(unsigned long long x)
{
	struct ttlog_value value = { x, 0 };

	return value;
}

TTLOG__INLINE struct ttlog_value ttlog__of_signed(long long x)
{
	return ttlog__of_unsigned((unsigned long long)x);
}

TTLOG__INLINE struct ttlog_value ttlog__of_float(float x)
{
	uint32_t bits;

	__builtin_memcpy(&bits, &x, sizeof(bits));
	return ttlog__of_unsigned(bits);
}

TTLOG__INLINE struct ttlog_value ttlog__of_double(double x)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &x, sizeof(bits));
	return ttlog__of_unsigned(bits);
}

TTLOG__INLINE struct ttlog_value ttlog__of_pointer(const volatile void *x)
{
	return ttlog__of_unsigned((uintptr_t)x);
}

TTLOG__INLINE struct ttlog_value ttlog__of_range(const void *data, size_t len)
{
	struct ttlog_value value = { (uintptr_t)data, TTLOG_STR_NULL };

	if (data && len <= TTLOG_STR_MAX)
		value.word = (uint32_t)len;
	else if (data)
		value.word = TTLOG_STR_MAX | TTLOG_STR_CUT;
	return value;
}

TTLOG__INLINE struct ttlog_value ttlog__of_text(const char *x)
{
	return ttlog__of_range(x, x ? ttlog__length(x) : 0);
}

TTLOG__INLINE struct ttlog_value ttlog__of_strn(struct ttlog_strn x)
{
	return ttlog__of_range(x.text, x.len);
}

TTLOG__INLINE struct ttlog_value ttlog__of_bytes(struct ttlog_bytes x)
{
	return ttlog__of_range(x.data, x.len);
}

TTLOG__INLINE struct ttlog_value ttlog__of_hex(struct ttlog_hex x)
{
	return ttlog__of_unsigned(x.value);
}

TTLOG__INLINE struct ttlog_value ttlog__of_decimal(struct ttlog_decimal x)
{
	struct ttlog_value value = { (uint64_t)x.units, x.scale };

	return value;
}

/* ---- records ---- */

/* How many bytes a value of that type takes. Not a `switch`: see cold.h. */
TTLOG__INLINE uint32_t ttlog__size(uint32_t type, struct ttlog_value value)
{
	/* one digit per type up to BYTES; later types have 8 bytes, and a decimal has its scale */
	const uint64_t digits = 0x2288488442211110u;
	uint32_t bytes = 8 + (type == TTLOG_TYPE_DECIMAL);

	if (type <= TTLOG_TYPE_BYTES)
		bytes = (uint32_t)(digits >> type * 4) & 15;
	if (type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES)
		bytes += value.word & TTLOG_STR_LEN;
	return bytes;
}

/* Writes a value; returns the place for the next one. */
TTLOG__INLINE char *ttlog__put(char *to, uint32_t type, struct ttlog_value value)
{
	uint32_t size = ttlog__size(type, value);

	if (type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES) {
		uint16_t word = (uint16_t)value.word;

		__builtin_memcpy(to, &word, 2);
		ttlog__copy(to + 2, (const char *)(uintptr_t)value.bits, size - 2);
	} else if (type == TTLOG_TYPE_DECIMAL) {
		__builtin_memcpy(to, &value.bits, 8);
		to[8] = (char)value.word;
	} else if (size == 1) {
		*to = (char)value.bits;
	} else if (size == 2) {
		uint16_t bits = (uint16_t)value.bits;

		__builtin_memcpy(to, &bits, 2);
	} else if (size == 4) {
		uint32_t bits = (uint32_t)value.bits;

		__builtin_memcpy(to, &bits, 4);
	} else {
		__builtin_memcpy(to, &value.bits, 8);
	}
	return to + size;
}

TTLOG__END_C

#ifdef __cplusplus
/* ---- C++: overloads ---- */

/* An enum counts as its underlying type; a type with data() and size() as text. */

namespace ttlog_detail
{
template <bool B, class T = void> struct enable_if {
};
template <class T> struct enable_if<true, T> {
	using type = T;
};
template <class T> struct plain {
	using type = T;
};
template <class T> struct plain<T &> : plain<T> {
};
template <class T> struct plain<T &&> : plain<T> {
};
template <class T> struct plain<const T> : plain<T> {
};
template <class T> struct plain<volatile T> : plain<T> {
};
template <class T> struct plain<const volatile T> : plain<T> {
};
/* Needs no `typename`: a macro can't know whether it must write one. */
template <class T> using plain_type = typename plain<T>::type;
template <class T> T &&make();

/* The number of a type; 0: it can't be recorded. */
template <class T, class = void> struct type_of {
	static constexpr unsigned value = 0;
};
template <unsigned N> struct number {
	static constexpr unsigned value = N;
};

template <class T> constexpr unsigned integer_type()
{
	constexpr bool negative = T(-1) < T(0);

	return sizeof(T) == 1   ? (negative ? TTLOG_TYPE_I8 : TTLOG_TYPE_U8)
	       : sizeof(T) == 2 ? (negative ? TTLOG_TYPE_I16 : TTLOG_TYPE_U16)
	       : sizeof(T) == 4 ? (negative ? TTLOG_TYPE_I32 : TTLOG_TYPE_U32)
				: (negative ? TTLOG_TYPE_I64 : TTLOG_TYPE_U64);
}

#define TTLOG__TYPE_OF(T, N)                                                                       \
	template <> struct type_of<T> : number<N> {                                                \
	};
#define TTLOG__INTEGER(T) TTLOG__TYPE_OF(T, integer_type<T>())
TTLOG__TYPE_OF(bool, TTLOG_TYPE_BOOL)
TTLOG__TYPE_OF(char, TTLOG_TYPE_CHAR)
TTLOG__INTEGER(signed char)
TTLOG__INTEGER(unsigned char)
TTLOG__INTEGER(short)
TTLOG__INTEGER(unsigned short)
TTLOG__INTEGER(int)
TTLOG__INTEGER(unsigned)
TTLOG__INTEGER(long)
TTLOG__INTEGER(unsigned long)
TTLOG__INTEGER(long long)
TTLOG__INTEGER(unsigned long long)
TTLOG__INTEGER(wchar_t)
TTLOG__INTEGER(char16_t)
TTLOG__INTEGER(char32_t)
TTLOG__TYPE_OF(float, TTLOG_TYPE_F32)
TTLOG__TYPE_OF(double, TTLOG_TYPE_F64)
TTLOG__TYPE_OF(char *, TTLOG_TYPE_STR)
TTLOG__TYPE_OF(const char *, TTLOG_TYPE_STR)
TTLOG__TYPE_OF(decltype(nullptr), TTLOG_TYPE_PTR)
TTLOG__TYPE_OF(ttlog_strn, TTLOG_TYPE_STR)
TTLOG__TYPE_OF(ttlog_bytes, TTLOG_TYPE_BYTES)
TTLOG__TYPE_OF(ttlog_hex, TTLOG_TYPE_HEX)
TTLOG__TYPE_OF(ttlog_decimal, TTLOG_TYPE_DECIMAL)
#undef TTLOG__INTEGER
#undef TTLOG__TYPE_OF

template <class T>
struct type_of<T, typename enable_if<__is_enum(T)>::type> : type_of<__underlying_type(T)> {
};
template <class T> struct type_of<T *> : number<TTLOG_TYPE_PTR> {
};
template <class T, size_t N> struct type_of<T[N]> : type_of<T *> {
};
template <class T, size_t N> struct type_of<const T[N]> : type_of<const T *> {
};

template <class T> struct is_chars {
	static constexpr bool value = false;
};
template <> struct is_chars<const char *> {
	static constexpr bool value = true;
};
template <> struct is_chars<char *> {
	static constexpr bool value = true;
};
template <class T>
struct type_of<T, typename enable_if<is_chars<decltype(make<const T &>().data())>::value &&
				     (sizeof(make<const T &>().size()) > 0)>::type>
    : number<TTLOG_TYPE_STR> {
};

template <unsigned N> struct tag {
};

template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_F32>)
{
	return ttlog__of_float(x);
}
template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_F64>)
{
	return ttlog__of_double(x);
}
template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_PTR>)
{
	/* a C cast works for function pointers, too */
	return ttlog__of_unsigned((uintptr_t)x);
}
TTLOG__INLINE ttlog_value of(const char *x, tag<TTLOG_TYPE_STR>)
{
	return ttlog__of_text(x);
}
/* Without it, the overload for any T would match better. */
TTLOG__INLINE ttlog_value of(char *x, tag<TTLOG_TYPE_STR>)
{
	return ttlog__of_text(x);
}
TTLOG__INLINE ttlog_value of(const ttlog_strn &x, tag<TTLOG_TYPE_STR>)
{
	return ttlog__of_strn(x);
}
template <class T>
TTLOG__INLINE typename enable_if<(sizeof(make<const T &>().size()) > 0), ttlog_value>::type
of(const T &x, tag<TTLOG_TYPE_STR>)
{
	return ttlog__of_range(x.data(), x.size());
}
template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_BYTES>)
{
	return ttlog__of_bytes(x);
}
template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_HEX>)
{
	return ttlog__of_hex(x);
}
template <class T> TTLOG__INLINE ttlog_value of(const T &x, tag<TTLOG_TYPE_DECIMAL>)
{
	return ttlog__of_decimal(x);
}
template <class T, unsigned N> TTLOG__INLINE ttlog_value of(const T &x, tag<N>)
{
	return ttlog__of_signed((long long)x);
}
} /* namespace ttlog_detail */

#define TTLOG__TYPE(x)               (ttlog_detail::type_of<ttlog_detail::plain_type<decltype(x)>>::value)
#define ttlog__of(x)                 (ttlog_detail::of((x), ttlog_detail::tag<TTLOG__TYPE(x)>()))
#define TTLOG__CONSTANT(name, value) constexpr uint32_t name = (value)

#else

/* ---- C: by _Generic ---- */

/* 5: pointer_type_class in gcc's typeclass.h, which clang has too */
#define TTLOG__TYPE(x)                                                                             \
	_Generic((x),                                                                              \
		_Bool: TTLOG_TYPE_BOOL,                                                            \
		char: TTLOG_TYPE_CHAR,                                                             \
		signed char: TTLOG_TYPE_I8,                                                        \
		unsigned char: TTLOG_TYPE_U8,                                                      \
		short: TTLOG_TYPE_I16,                                                             \
		unsigned short: TTLOG_TYPE_U16,                                                    \
		int: TTLOG_TYPE_I32,                                                               \
		unsigned: TTLOG_TYPE_U32,                                                          \
		long: TTLOG_TYPE_I64,                                                              \
		unsigned long: TTLOG_TYPE_U64,                                                     \
		long long: TTLOG_TYPE_I64,                                                         \
		unsigned long long: TTLOG_TYPE_U64,                                                \
		float: TTLOG_TYPE_F32,                                                             \
		double: TTLOG_TYPE_F64,                                                            \
		char *: TTLOG_TYPE_STR,                                                            \
		const char *: TTLOG_TYPE_STR,                                                      \
		struct ttlog_strn: TTLOG_TYPE_STR,                                                 \
		struct ttlog_bytes: TTLOG_TYPE_BYTES,                                              \
		struct ttlog_hex: TTLOG_TYPE_HEX,                                                  \
		struct ttlog_decimal: TTLOG_TYPE_DECIMAL,                                          \
		default: __builtin_classify_type(x) == 5 ? TTLOG_TYPE_PTR : TTLOG_TYPE_NONE)

#define ttlog__of(x)                                                                               \
	_Generic((x),                                                                              \
		_Bool: ttlog__of_unsigned,                                                         \
		char: ttlog__of_signed,                                                            \
		signed char: ttlog__of_signed,                                                     \
		unsigned char: ttlog__of_unsigned,                                                 \
		short: ttlog__of_signed,                                                           \
		unsigned short: ttlog__of_unsigned,                                                \
		int: ttlog__of_signed,                                                             \
		unsigned: ttlog__of_unsigned,                                                      \
		long: ttlog__of_signed,                                                            \
		unsigned long: ttlog__of_unsigned,                                                 \
		long long: ttlog__of_signed,                                                       \
		unsigned long long: ttlog__of_unsigned,                                            \
		float: ttlog__of_float,                                                            \
		double: ttlog__of_double,                                                          \
		char *: ttlog__of_text,                                                            \
		const char *: ttlog__of_text,                                                      \
		struct ttlog_strn: ttlog__of_strn,                                                 \
		struct ttlog_bytes: ttlog__of_bytes,                                               \
		struct ttlog_hex: ttlog__of_hex,                                                   \
		struct ttlog_decimal: ttlog__of_decimal,                                           \
		default: ttlog__of_pointer)(x)

#define TTLOG__CONSTANT(name, value)                                                               \
	enum {                                                                                     \
		name = (value)                                                                     \
	}
#endif

#endif /* TTLOG_FIELD_H */
