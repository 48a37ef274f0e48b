/* SPDX-License-Identifier: MIT */
/*
 * One foreign probe as the user wrote it: what it looks for, which fields it records, and at which
 * level. Immutable once it is parsed.
 *
 *	--usdt   'PROVIDER:NAME[(FIELD[:TYPE],...)][=LEVEL]'
 *	--uprobe 'FILE:FUNCTION[(ARG[:TYPE],...)][=LEVEL]'
 *	--span   as --uprobe
 *
 * "cxx" is a text that has a mangled name of C++, of a type or a function: files have it as the source
 * does.
 *
 * TYPE may be followed by one or more @OFFSET: the argument is an address, and the field is what is
 * there. "type:str@8" is the text whose address is 8 bytes after the one in the argument.
 *
 * A text of a USDT probe ends at a zero byte; if the next field has the same name with "_len", it
 * also ends after so many bytes.
 *
 * C++ parameters look like a signature. Parentheses at the end are parameters, and so part of the
 * function's name, if another pair follows, or if they have what no field has: a word of C for a
 * type, a space, or one of * & < [ and ::.
 */
#ifndef TTLOG_FOREIGN_PROBE_H
#define TTLOG_FOREIGN_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign_wire.h"

enum foreign_kind {
	FOREIGN_USDT = 1,
	FOREIGN_FUNCTION = 2,
	FOREIGN_SPAN = 3,
};

struct foreign_field {
	char *name;   /* its key; of a function's argument also "arg.member.member" */
	uint8_t type; /* enum ttlog_type; TTLOG_TYPE_NONE: not said */
	bool is_name; /* cxx */
	uint8_t step_cnt;
	int32_t steps[WIRE_MAX_STEPS]; /* @OFFSET: an address is loaded from all but the last */
};

struct foreign_probe {
	enum foreign_kind kind;
	char *text;  /* as given, for messages */
	char *where; /* glob: provider; or file: a path (it has '/'), or a name: libc, libc.so.6 */
	char *real_where; /* of a path: without links and ".."; NULL: there is no such file */
	char *name;       /* glob: probe or function */
	bool has_fields;  /* a signature was given, maybe an empty one */
	bool has_level;
	uint8_t level; /* enum ttlog_level; INFO unless said */
	size_t field_cnt;
	struct foreign_field fields[TTLOG_MAX_FIELDS];
};

/* NULL with errno. EINVAL: ret_error says in one line what is wrong, and where. */
struct foreign_probe *foreign_probe__parse(enum foreign_kind kind, const char *text,
					   char *ret_error, size_t size);
/* NULL is fine. */
void foreign_probe__free(struct foreign_probe *probe);

/* Globs, or exactly that text: "operator[]" finds itself. */
bool foreign_glob__matches(const char *glob, const char *text);
/* Whether it has a character that makes it match other texts, too. */
bool foreign_glob__is_pattern(const char *glob);

/* "--usdt", "--uprobe", "--span": for messages. */
const char *foreign_kind__option(enum foreign_kind kind);
/* All words for types, "i8, i16, ...": for messages. */
#define FOREIGN_TYPES                                                                              \
	"i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, str, cxx, hex, ptr, bool and char"

#endif /* TTLOG_FOREIGN_PROBE_H */
