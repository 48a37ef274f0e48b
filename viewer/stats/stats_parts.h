/* SPDX-License-Identifier: MIT */
/*
 * What the files of `stats` share.
 */
#ifndef TTLOG_VIEW_STATS_PARTS_H
#define TTLOG_VIEW_STATS_PARTS_H

#include "aggregate.h"
#include "event_key.h"
#include "file_key.h"
#include "group_memo.h"
#include "stats.h"
#include "group_count.h"

#define STATS_KEY_BYTES 256u /* of a value: longer ones that begin alike are one */
#define STATS_PARTS     32u
#define STATS_COLUMNS   32u

/* So many values of a field wait before its aggregate is touched. */
#define FIELD_WAITING_MAX 24u
/* They are copied so many at once: both source and target have room for that at the end. */
#define FIELD_COPY        8u

/* How a column's numbers are read: as units of a scale, or as the bits of doubles. */
struct waiting_kind {
	uint8_t type, scale;
	bool are_reals, are_scaled;
};

/* The aggregate of a group's fields of one key. */
struct group_field {
	struct ttlog_text key; /* in the file's header */
	bool is_duration;      /* of spans; the key is that of their first field */
	/* Values that are not yet in the aggregate: all of one kind. stats__settle() adds them. */
	struct waiting_kind waiting_kind;
	uint16_t waiting_cnt;
	struct aggregate aggregate;
	uint64_t waiting[FIELD_WAITING_MAX + FIELD_COPY];
};

struct group {
	struct group *next;         /* of the same bucket */
	struct group_field *fields; /* in the order of their first event */
	uint32_t field_cnt, field_cap;
	uint32_t *places; /* a hash table of the fields: their numbers plus 1; NULL: they are few */
	uint32_t place_cap;
	uint64_t hash;
	uint64_t cnt;
	uint64_t first_ns, last_ns;
	uint64_t suppressed; /* calls left out before its events */
	bool is_rest;
	bool lacks_fields; /* there was no memory for all */
	uint64_t file_cnt; /* files with these values; see stats__count_files() */
	size_t key_len;
	/* each value: a byte of enum value_kind, two bytes of length, the bytes */
	unsigned char key[];
};

/* Also doubles are read as such. */
typedef uint64_t number_bits __attribute__((may_alias));

/* A numeric field that is wanted. */
struct field_column {
	struct ttlog_text key;
	const struct ttlog_column *column;
	const number_bits *numbers; /* its nums, or the bits of its reals */
	bool can_wait;              /* they are of one scale, and none is null */
	bool is_duration;
	struct waiting_kind kind; /* only then */
	/* The same numbers by cell; NULL: not made. */
	const uint64_t *sorted;
};

/* What is known about a group of a chunk. */
struct group_columns {
	bool is_there;
	uint32_t group;
	const struct ttlog_site *site;
	struct field_column fields[TTLOG_MAX_FIELDS];
	unsigned field_cnt;
	/* Integers that decide, with site and thread, the groups of its events. */
	bool has_numbers;
	const struct ttlog_column *numbers[GROUP_MEMO_NUMBERS];
	unsigned number_cnt;
};

enum value_kind {
	VALUE_NONE, /* the event has no such field */
	VALUE_NULL, /* the event has it, and it is null */
	VALUE_TEXT,
	VALUE_NUMBER, /* JSON prints it as it is */
};

/* Events of one group that wait to be counted. */
struct stats_part {
	struct group *group; /* NULL: look for the key */
	const struct group_columns *columns;
	const uint32_t *rows; /* rows of the columns; NULL: the first `cnt` */
	uint32_t from;        /* of sorted columns */
	uint32_t row;         /* of a single event */
	uint64_t cnt, first_ns, last_ns;
	bool has_memo_key;
	struct group_memo_key memo_key;
	uint64_t hash;
	size_t key_len;
};

struct stats {
	char *names; /* the keys' text */
	struct ttlog_text keys[GROUP_BY_MAX_KEYS];
	enum event_key kinds[GROUP_BY_MAX_KEYS];
	enum file_key of_files[GROUP_BY_MAX_KEYS]; /* FILE_KEY_NONE: kinds says what it is */
	unsigned key_cnt;
	bool are_all_of_files;                       /* the keys */
	bool counts_files;                           /* groups have file_cnt */
	struct ttlog_text fields[GROUP_BY_MAX_KEYS]; /* the keys that are fields */
	struct count_keys count_keys;
	struct group_count *counter;
	struct group **table;
	size_t table_cap, group_cnt;
	struct group *rest;
	uint64_t event_cnt, first_ns, last_ns, suppressed;
	const char *only_field;         /* NULL: aggregates of all fields */
	struct aggregate_memory memory; /* groups' fields take of it, too */
	uint64_t secret;                /* of the hashes */
	struct group_memo memo;
	struct stats_part parts[STATS_PARTS];
	unsigned char part_keys[STATS_PARTS][GROUP_BY_MAX_KEYS * (STATS_KEY_BYTES + 3)];
	unsigned part_cnt;
	struct group_columns columns[STATS_COLUMNS]; /* by group of the chunk */
	/* A chunk's columns by cell, `sorted_cap` values for each field; NULL: none yet. */
	uint64_t *sorted;
	size_t sorted_cap;
};

/* ---- Groups: stats.c ---- */

/* Writes the bytes that identify the event's group, at most sizeof(part_keys[0]). Returns their
 * number. */
size_t stats__make_key(const struct stats *stats, const struct ttlog_event *event,
		       unsigned char *to);
/* A group is found in two steps, the first of which only prefetches. */
uint64_t stats__hash(const struct stats *stats, const unsigned char *key, size_t len);
void stats__prefetch_group(const struct stats *stats, uint64_t hash);
/* The key's group, which is new if there was none; the rest, if there are too many. NULL: no
 * memory. */
struct group *stats__find_group(struct stats *stats, const unsigned char *key, size_t len,
				uint64_t hash);
void stats__add(struct stats *stats, struct group *group, uint64_t cnt, uint64_t first_ns,
		uint64_t last_ns);
/* At most so many groups, the largest first, settled; *ret_cnt of them. The caller frees. NULL: no
 * memory. */
struct group **stats__sorted(struct stats *stats, size_t most, size_t *ret_cnt);

/* ---- Aggregates of a group's fields: stats_fields.c ---- */

/* All but what is sorted. */
void group_columns__init(struct group_columns *ret, const struct stats *stats,
			 const struct ttlog_event *event);
/* Adds the values of a part to its group. If there is no memory for all fields the group notes
 * it. */
void stats__add_fields(struct stats *stats, const struct stats_part *part);
/* Prefetches what stats__add_fields() reads: first the fields, then, once these are there, what
 * they point to. */
void stats_part__prefetch_fields(const struct stats_part *part);
void stats_part__prefetch_aggregates(const struct stats_part *part);
/* Adds the values that still wait. Call it before the group's aggregates are read. */
void stats__settle(struct stats *stats, struct group *group);
void group__free_fields(struct group *group);

/* ---- How a group is called and shown: stats_group.c ---- */

/* The widths of the keys' columns. */
struct group_widths {
	size_t keys[GROUP_BY_MAX_KEYS];
};

void group_widths__init(struct group_widths *ret, const struct stats *stats,
			struct group *const *groups, size_t cnt);
/* Print the names of the keys, and a group's values, each after two blanks; the last one is not
 * padded. */
void stats__print_keys(const struct stats *stats, struct out *out,
		       const struct group_widths *widths);
void group__print(const struct group *group, const struct stats *stats, struct out *out,
		  const struct group_widths *widths);
/* Prints {"group":{...} without the end of the object. */
void group__print_json(const struct group *group, const struct stats *stats, struct out *out);

/* Writes a statistic as tables show it: exact if that is short, durations with their unit. At most
 * AGGREGATE_TEXT_BYTES; returns the length. */
size_t group_field__text(const struct group_field *field, enum statistic which, char *to);

#endif /* TTLOG_VIEW_STATS_PARTS_H */
