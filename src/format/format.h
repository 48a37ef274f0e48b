/* SPDX-License-Identifier: MIT */
/*
 * The constants of FORMAT.md, for the writer (snapshot/) and the reader (read/).
 */
#ifndef TTLOG_FORMAT_H
#define TTLOG_FORMAT_H

#define FORMAT_NUMBER 1

/* Bits of `incompatible`: a segment of a stream has the first two (FORMAT.md, section 10). */
#define FORMAT_TABLES_APART 1u /* sites and threads come in items of their own */
#define FORMAT_UNORDERED    2u /* only within a chunk are events in the order of time */
#define FORMAT_NULLS        4u /* numbers may be null, and the end of a span may have `ret` */
#define FORMAT_KNOWN_BITS   (FORMAT_TABLES_APART | FORMAT_UNORDERED | FORMAT_NULLS)

#define FORMAT_HEADER_MAX_BYTES  (32u << 20)
#define FORMAT_CHUNK_MAX_BYTES   (4u << 20)
#define FORMAT_END_RESERVE_BYTES 4096u /* the most that the end has besides the header's copy */
#define FORMAT_CHUNK_MAX_EVENTS  65536u
#define FORMAT_BATCH_MAX_EVENTS  65536u
#define FORMAT_MAX_DEPTH         8
#define FORMAT_PACKED_MAX_BITS   56u
#define FORMAT_TRACE_ID_BYTES    16u
#define FORMAT_SPAN_ID_BYTES     8u

/*
 * The memory that a reader allows, by the size of the file (FORMAT.md, section 7). A frame's
 * content: enough for a header that occurs twice and compresses to an eighth, but not 32 MiB for a
 * file of 140 KB. The header's tables: so that 1 MB of input takes at most 64 MiB.
 */
#define FORMAT_CONTENT_BASE_BYTES (8u << 20)
#define FORMAT_CONTENT_PER_BYTE   8u
#define FORMAT_TABLES_BASE_BYTES  (8u << 20)
#define FORMAT_TABLES_PER_BYTE    4u

/* The most memory for one element of each table. */
#define FORMAT_SITE_TABLE_BYTES    176u /* and its module */
#define FORMAT_KEY_TABLE_BYTES     16u  /* of a site */
#define FORMAT_THREAD_TABLE_BYTES  64u
#define FORMAT_MAPPING_TABLE_BYTES 72u
#define FORMAT_FRAME_TABLE_BYTES   128u /* of a stack; also a thread of a crash */

/* Encrypted files (FORMAT.md, section 10). */
#define FORMAT_SEAL_MAGIC           "TTLOGENC"
#define FORMAT_SEAL_MAGIC_BYTES     8u
#define FORMAT_SEAL_VERSION         1u
#define FORMAT_SEAL_FIXED_BYTES     16 /* magic, version, numbers of keys and of bytes of label */
#define FORMAT_SEAL_MAX_RECIPIENTS  64u
#define FORMAT_SEAL_KEY_BYTES       80u /* the file's key, sealed */
#define FORMAT_SEAL_LABEL_MAX_BYTES 1024u
#define FORMAT_SEAL_STREAM_BYTES    24u /* the header of the secretstream */
#define FORMAT_SEAL_TAG_BYTES       17u /* of a message, besides its content */
#define FORMAT_SEAL_PIECE_BYTES     65536u
#define FORMAT_SEAL_HEAD_MAX_BYTES                                                                 \
	(FORMAT_SEAL_FIXED_BYTES + FORMAT_SEAL_MAX_RECIPIENTS * FORMAT_SEAL_KEY_BYTES +            \
	 FORMAT_SEAL_LABEL_MAX_BYTES + FORMAT_SEAL_STREAM_BYTES)

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

/* Stored names: new ones are only added; their numbers are in include/ttlog/abi.h. */
#define FORMAT_LEVELS(X) X(TRACE) X(DEBUG) X(INFO) X(WARN) X(ERROR) X(FATAL)

/* clang-format off */
#define FORMAT_TYPES(X)                                                                            \
	X(NONE, none) X(BOOL, bool) X(CHAR, char) X(I8, i8) X(U8, u8) X(I16, i16) X(U16, u16)      \
	X(I32, i32) X(U32, u32) X(I64, i64) X(U64, u64) X(F32, f32) X(F64, f64) X(PTR, ptr)        \
	X(STR, str) X(BYTES, bytes) X(HEX, hex) X(DECIMAL, decimal)
/* clang-format on */

#endif /* TTLOG_FORMAT_H */
