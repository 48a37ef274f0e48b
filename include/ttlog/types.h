/* SPDX-License-Identifier: MIT */
/*
 * Levels and field types, by number: shared by programs that record and programs that read
 * (read.h).
 */
#ifndef TTLOG_TYPES_H
#define TTLOG_TYPES_H

/* ---- Levels: stored in files, and ordered; new ones are only added. ---- */

enum ttlog_level {
	TTLOG_LEVEL_TRACE = 0,
	TTLOG_LEVEL_DEBUG = 1,
	TTLOG_LEVEL_INFO = 2,
	TTLOG_LEVEL_WARN = 3,
	TTLOG_LEVEL_ERROR = 4,
	TTLOG_LEVEL_FATAL = 5,
};

/* ---- Field types: stored in files. A new one touches field.h, span.h, src/common/value/ and every
 * file that `grep -rl TTLOG_TYPE_DECIMAL src viewer` lists. ---- */

enum ttlog_type {
	TTLOG_TYPE_NONE = 0,
	TTLOG_TYPE_BOOL = 1, /* 1 byte, 0 or 1 */
	TTLOG_TYPE_CHAR = 2, /* 1 byte */
	TTLOG_TYPE_I8 = 3,
	TTLOG_TYPE_U8 = 4,
	TTLOG_TYPE_I16 = 5,
	TTLOG_TYPE_U16 = 6,
	TTLOG_TYPE_I32 = 7,
	TTLOG_TYPE_U32 = 8,
	TTLOG_TYPE_I64 = 9,
	TTLOG_TYPE_U64 = 10,
	TTLOG_TYPE_F32 = 11,     /* 4 bytes, IEEE 754 */
	TTLOG_TYPE_F64 = 12,     /* 8 bytes, IEEE 754 */
	TTLOG_TYPE_PTR = 13,     /* 8 bytes */
	TTLOG_TYPE_STR = 14,     /* uint16_t length and marks, then the bytes */
	TTLOG_TYPE_BYTES = 15,   /* as STR */
	TTLOG_TYPE_HEX = 16,     /* 8 bytes, unsigned; shown in hexadecimal */
	TTLOG_TYPE_DECIMAL = 17, /* int64_t units, then uint8_t scale: units * 10^-scale */
};

#define TTLOG_MAX_FIELDS 16 /* per site */
#define TTLOG_STR_MAX                                                                              \
	4000u /* bytes of a string or byte sequence; longer ones are cut, and marked as cut */

#endif /* TTLOG_TYPES_H */
