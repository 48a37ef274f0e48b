/* SPDX-License-Identifier: MIT */
/*
 * The constants of FORMAT.md, for the writer here and the reader in read/.
 */
#ifndef TTLOG_FORMAT_H
#define TTLOG_FORMAT_H

#define FORMAT_NUMBER 1

#define FORMAT_HEADER_MAX_BYTES  (32u << 20)
#define FORMAT_CHUNK_MAX_BYTES   (4u << 20)
#define FORMAT_END_RESERVE_BYTES 4096u /* what the end has beside its copy of the header, at most */
#define FORMAT_CHUNK_MAX_EVENTS  65536u
#define FORMAT_BATCH_MAX_EVENTS  65536u
#define FORMAT_MAX_DEPTH         8
#define FORMAT_PACKED_MAX_BITS   56u

/*
 * What a reader takes, by the size of the file (FORMAT.md, section 7). Of a frame's content: enough
 * for a header that is said twice in the file and shrinks to an eighth, and not 32 MiB for a file of
 * 140 KB that claims them. Of the header's tables: what makes 1 MB of input take 64 MiB at most.
 */
#define FORMAT_CONTENT_BASE_BYTES (8u << 20)
#define FORMAT_CONTENT_PER_BYTE   8u
#define FORMAT_TABLES_BASE_BYTES  (8u << 20)
#define FORMAT_TABLES_PER_BYTE    4u

/* What of the tables one of each counts for, at most. */
#define FORMAT_SITE_TABLE_BYTES    176u /* and its module */
#define FORMAT_KEY_TABLE_BYTES     16u  /* of a site */
#define FORMAT_THREAD_TABLE_BYTES  64u
#define FORMAT_MAPPING_TABLE_BYTES 72u
#define FORMAT_FRAME_TABLE_BYTES   128u /* of a stack; also a thread of a crash */

/* RFC 8746 typed arrays, little endian */
enum format_tag {
	FORMAT_TAG_U8 = 64,
	FORMAT_TAG_U16 = 69,
	FORMAT_TAG_U32 = 70,
	FORMAT_TAG_U64 = 71,
	FORMAT_TAG_I8 = 72,
	FORMAT_TAG_I16 = 77,
	FORMAT_TAG_I32 = 78,
	FORMAT_TAG_I64 = 79,
	FORMAT_TAG_F32 = 85,
	FORMAT_TAG_F64 = 86,
};

/* Stored names: they only grow, and each stands at its number in include/ttlog/abi.h. */
#define FORMAT_LEVELS(X) X(TRACE) X(DEBUG) X(INFO) X(WARN) X(ERROR) X(FATAL)

/* clang-format off */
#define FORMAT_TYPES(X)                                                                            \
	X(NONE, none) X(BOOL, bool) X(CHAR, char) X(I8, i8) X(U8, u8) X(I16, i16) X(U16, u16)      \
	X(I32, i32) X(U32, u32) X(I64, i64) X(U64, u64) X(F32, f32) X(F64, f64) X(PTR, ptr)        \
	X(STR, str) X(BYTES, bytes) X(HEX, hex) X(DECIMAL, decimal)
/* clang-format on */

#endif /* TTLOG_FORMAT_H */
