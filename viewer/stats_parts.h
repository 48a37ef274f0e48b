/* SPDX-License-Identifier: MIT */
/*
 * What counting groups of events and showing them share, and nobody else sees.
 */
#ifndef TTLOG_VIEW_STATS_PARTS_H
#define TTLOG_VIEW_STATS_PARTS_H

#include "figures.h"
#include "stats.h"
#include "tally.h"

#define CACHE_SLOTS     4096u
#define STATS_KEY_BYTES 256u /* of a value: those that begin so are one */
#define STATS_PARTS     32u
#define STATS_COLUMNS   32u

enum stats_key {
	KEY_FIELD,
	KEY_LEVEL,
	KEY_TARGET,
	KEY_PROBE,
	KEY_MSG,
	KEY_FILE,
	KEY_FUNC,
	KEY_PID,
	KEY_TID,
	KEY_COMM,
	KEY_LINE,
};

/* So many values of a field wait before its figures are touched. */
#define FIELD_WAITING_MAX 24u

/* The figures of a group's fields of one key. */
struct group_field {
	struct ttlog_text key; /* in the file's header */
	bool is_duration;      /* of spans; the key is that of their one field */
	/* Values that the figures lack until stats__settle: units of that scale, or the bits of
	 * reals, of one type. */
	bool waits_reals, waits_scaled;
	uint8_t waiting_type, waiting_scale;
	uint16_t waiting_cnt;
	struct figures figures;
	uint64_t waiting[FIELD_WAITING_MAX];
};

struct group {
	struct group *next;         /* of the same hash */
	struct group_field *fields; /* in the order in which they were first seen */
	uint32_t field_cnt, field_cap;
	uint64_t hash;
	uint64_t cnt;
	uint64_t first_ns, last_ns;
	bool is_rest;
	bool lacks_fields; /* there was no memory for more of them */
	size_t key_len;
	/* each value: a byte of enum value_kind, two bytes of length, the bytes */
	unsigned char key[];
};

/* The columns of a chunk's group that are numbers, and wanted. */
struct field_columns {
	bool is_there;
	bool is_duration;
	uint32_t group;
	unsigned cnt;
	struct ttlog_text keys[TTLOG_MAX_FIELDS];
	const struct ttlog_column *columns[TTLOG_MAX_FIELDS];
};

enum value_kind {
	VALUE_NONE, /* the event has no such field, or it is null */
	VALUE_TEXT,
	VALUE_NUMBER, /* JSON prints it as it is */
};

struct cache_slot {
	const struct ttlog_site *site;
	const struct ttlog_thread *thread;
	struct group *group;
};

/* Events of one group that are to be counted. */
struct stats_part {
	struct ttlog_event event; /* any of them, the first in time */
	const struct field_columns *columns;
	const uint32_t *rows; /* of all in the event's columns; NULL: the first `cnt` */
	uint32_t cnt;
	uint64_t last_ns;
	struct group *group;
	uint64_t hash;
	size_t key_len;
	unsigned char key[STATS_MAX_KEYS * (STATS_KEY_BYTES + 3)];
};

struct stats {
	char *names; /* the keys' text */
	struct ttlog_text keys[STATS_MAX_KEYS];
	enum stats_key kinds[STATS_MAX_KEYS];
	unsigned key_cnt;
	struct ttlog_text fields[STATS_MAX_KEYS]; /* those of the keys that are fields */
	struct tally_keys tally_keys;
	struct tally *tally;
	struct group **table;
	size_t table_cap, group_cnt;
	struct group *rest;
	uint64_t event_cnt, first_ns, last_ns;
	const char *only_field; /* NULL: figures of all fields */
	size_t budget;          /* bytes left for figures */
	struct stats_part parts[STATS_PARTS];
	unsigned part_cnt;
	struct field_columns columns[STATS_COLUMNS]; /* by group of the chunk */
	struct cache_slot cache[CACHE_SLOTS];
};

/* The groups, largest first, at most so many, settled; *ret_cnt of them. The caller frees. NULL: no
 * memory. */
struct group **stats__sorted(struct stats *stats, size_t most, size_t *ret_cnt);
/* All groups, the rest among them. */
size_t stats__group_cnt(const struct stats *stats);

/* ---- Figures of a group's fields: stats_fields.c ---- */

void field_columns__init(struct field_columns *ret, const struct stats *stats,
			 const struct ttlog_event *event);
/* Values of these rows of the group's fields; NULL: the first `cnt`. Where there is no memory for
 * more fields the group says so. */
void stats__add_fields(struct stats *stats, struct group *group,
		       const struct field_columns *columns, const uint32_t *rows, uint32_t cnt);
/* Sends for the memory that adding so many values will look at: first of the fields, then, once that
 * is there, of what they point to. */
void group__prefetch_fields(const struct group *group, const struct field_columns *columns);
void group__prefetch_figures(const struct group *group, const struct field_columns *columns,
			     uint32_t more);
/* Before a group's figures are looked at: counts the values that still wait. */
void stats__settle(struct stats *stats, struct group *group);
void group__free_fields(struct group *group);

/* ---- How a group is called and shown: stats_group.c ---- */

/* Of each key, how wide the text of its values is over all groups. */
struct group_widths {
	size_t keys[STATS_MAX_KEYS];
};

void group_widths__init(struct group_widths *ret, const struct stats *stats,
			struct group *const *groups, size_t cnt);
/* The names of the keys, and a group's values, each after two blanks; the last one not padded. */
void stats__print_keys(const struct stats *stats, struct out *out,
		       const struct group_widths *widths);
void group__print(const struct group *group, const struct stats *stats, struct out *out,
		  const struct group_widths *widths);
/* {"group":{...} without the end of the object. */
void group__print_json(const struct group *group, const struct stats *stats, struct out *out);

/* A figure as tables show it: exact where that is short, durations with their unit. Writes at most
 * FIGURES_TEXT_BYTES, returns the length. */
size_t group_field__text(const struct group_field *field, enum figure which, char *to);

#endif /* TTLOG_VIEW_STATS_PARTS_H */
