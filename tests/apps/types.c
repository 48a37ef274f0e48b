/* SPDX-License-Identifier: MIT */
/*
 * One event for each field type, with the values at its ends.
 *
 * usage: types
 *
 * Each event's probe has the name of its type; the values are below. Long strings repeat
 * "0123456789", so that a reader can tell where they were cut.
 */
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TTLOG_SERVICE "types"
#include <ttlog/ttlog.h>

#include "app.h"

static char text_3999[3999 + 1];
static char text_4000[4000 + 1];
static char text_4001[4001 + 1];
static char text_5000[5000 + 1];

static void text__fill(char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		text[i] = (char)('0' + i % 10);
}

static void types__log_small(void)
{
	bool yes = true;
	bool no = false;
	char letter = 'x';
	char high = (char)0xff;
	char zero = 0;
	signed char i8_min = SCHAR_MIN;
	signed char i8_max = SCHAR_MAX;
	unsigned char u8_max = UCHAR_MAX;
	short i16_min = SHRT_MIN;
	short i16_max = SHRT_MAX;
	unsigned short u16_max = USHRT_MAX;

	TTLOG_PROBE(type_bool, INFO, "bool", "yes", yes, "no", no);
	TTLOG_PROBE(type_char, INFO, "char", "letter", letter, "high", high, "zero", zero);
	TTLOG_PROBE(type_i8, INFO, "i8", "min", i8_min, "max", i8_max);
	TTLOG_PROBE(type_u8, INFO, "u8", "min", (unsigned char)0, "max", u8_max);
	TTLOG_PROBE(type_i16, INFO, "i16", "min", i16_min, "max", i16_max);
	TTLOG_PROBE(type_u16, INFO, "u16", "min", (unsigned short)0, "max", u16_max);
}

static void types__log_wide(void)
{
	TTLOG_PROBE(type_i32, INFO, "i32", "min", INT_MIN, "max", INT_MAX);
	TTLOG_PROBE(type_u32, INFO, "u32", "min", 0u, "max", UINT_MAX);
	TTLOG_PROBE(type_long, INFO, "long", "min", LONG_MIN, "max", LONG_MAX);
	TTLOG_PROBE(type_ulong, INFO, "ulong", "min", 0ul, "max", ULONG_MAX);
	TTLOG_PROBE(type_i64, INFO, "i64", "min", LLONG_MIN, "max", LLONG_MAX);
	TTLOG_PROBE(type_u64, INFO, "u64", "min", 0ull, "max", ULLONG_MAX);
	TTLOG_PROBE(type_size, INFO, "size", "size", (size_t)SIZE_MAX, "ssize", (ssize_t)-1,
		    "ptrdiff", (ptrdiff_t)PTRDIFF_MIN);
}

static void types__log_floats(void)
{
	TTLOG_PROBE(type_f32, INFO, "f32", "tenth", 0.1f, "max", 3.40282346638528859812e+38f,
		    "denormal", 1.40129846432481707092e-45f, "inf", (float)INFINITY, "nan",
		    (float)NAN, "minus_zero", -0.0f);
	TTLOG_PROBE(type_f64, INFO, "f64", "tenth", 0.1, "max", 1.79769313486231570815e+308,
		    "denormal", 4.94065645841246544177e-324, "inf", (double)INFINITY, "minus_inf",
		    -(double)INFINITY, "nan", (double)NAN, "minus_zero", -0.0, "cents", 150.25);
}

static void types__log_pointers(void)
{
	const void *constant = (const void *)(uintptr_t)0x1234;
	volatile int *all = (volatile int *)UINTPTR_MAX;
	void *null = NULL;

	TTLOG_PROBE(type_ptr, INFO, "ptr", "null", null, "constant", constant, "all", all);
}

struct text {
	char text[16];
};

static struct text types__text(int number)
{
	struct text text = { "temporary 0" };

	text.text[10] = (char)('0' + number);
	return text;
}

static void types__log_strings(void)
{
	char array[8] = "array";
	const char *missing = NULL;
	const char *bytes = "\x00\x01\xfe\xff";

	TTLOG_PROBE(type_str, INFO, "str", "literal", "literal", "array", array, "null", missing,
		    "empty", "");
	TTLOG_PROBE(type_temporary, INFO, "temporary", "first", types__text(1).text, "second",
		    types__text(2).text);
	TTLOG_PROBE(type_utf8, INFO, "utf8", "umlaut", "gr\xc3\xbc\xc3\x9f", "face",
		    "\xf0\x9f\x98\x80", "latin1", "gr\xfc\xdf", "cut", "\xe2\x82");
	TTLOG_PROBE(type_escapes, INFO, "escapes", "escape", "\x1b[31mred\x1b[0m", "newline",
		    "a\nb", "quote", "say \"hi\"", "backslash", "c:\\", "tab", "\t", "percent",
		    "%s%n");
	TTLOG_PROBE(type_strn, INFO, "strn", "part", TTLOG_STRN("abcdef", 3), "zero",
		    TTLOG_STRN("ab\0cd", 5), "none", TTLOG_STRN("x", 0), "null",
		    TTLOG_STRN((const char *)NULL, 0));
	TTLOG_PROBE(type_bytes, INFO, "bytes", "four", TTLOG_BYTES(bytes, 4), "none",
		    TTLOG_BYTES(bytes, 0));
	TTLOG_PROBE(type_long_3999, INFO, "3999 bytes", "text", text_3999);
	TTLOG_PROBE(type_long_4000, INFO, "4000 bytes", "text", text_4000);
	TTLOG_PROBE(type_long_4001, INFO, "4001 bytes", "text", text_4001);
	TTLOG_PROBE(type_long_5000, INFO, "5000 bytes", "text", text_5000, "after", 7);
	TTLOG_PROBE(type_long_bytes, INFO, "5000 bytes", "bytes", TTLOG_BYTES(text_5000, 5000));
}

static void types__log_wrapped(void)
{
	TTLOG_PROBE(type_hex, INFO, "hex", "zero", TTLOG_HEX(0), "byte", TTLOG_HEX(0xffu), "all",
		    TTLOG_HEX(UINT64_MAX), "minus", TTLOG_HEX(-1));
	TTLOG_PROBE(type_decimal, INFO, "decimal", "price", TTLOG_DECIMAL(15025, 2), "minus",
		    TTLOG_DECIMAL(-5, 3), "max", TTLOG_DECIMAL(INT64_MAX, 18), "whole",
		    TTLOG_DECIMAL(42, 0));
}

static void types__log_shapes(void)
{
	TTLOG_PROBE(fields_0, INFO, "no fields");
	TTLOG_PROBE(fields_16, INFO, "sixteen fields", "a", 1, "b", 2u, "c", 3l, "d", 4ul, "e", 5.5,
		    "f", 6.5f, "g", "seven", "h", (short)8, "i", (unsigned short)9, "j",
		    (signed char)10, "k", (unsigned char)11, "l", (bool)1, "m", 13ll, "n", 14ull,
		    "o", TTLOG_HEX(15), "p", "sixteen");
	TTLOG_PROBE(odd_message, INFO, "100% {braces} \"quotes\" %s back\\slash\nnext line\ttab",
		    "key with space", 1, "ke\"y", 2, "k%y", 3);
	TTLOG_PROBE(utf8_message, INFO, "gr\xc3\xbc\xc3\x9f dich", "schl\xc3\xbcssel", 1);
	TTLOG_PROBE(empty_message, INFO, "", "a", 1);
}

int main(void)
{
	text__fill(text_3999, sizeof(text_3999));
	text__fill(text_4000, sizeof(text_4000));
	text__fill(text_4001, sizeof(text_4001));
	text__fill(text_5000, sizeof(text_5000));

	types__log_small();
	types__log_wide();
	types__log_floats();
	types__log_pointers();
	types__log_strings();
	types__log_wrapped();
	types__log_shapes();
	return 0;
}
