/* SPDX-License-Identifier: MIT */
/* The name of a group, in tables and in JSON. */
#include "stats_parts.h"

#define COLUMN_MAX_WIDTH 48u

#define FILES_WIDTH 6

#define NO_FIELD "-"
#define IS_NULL  "null"

static struct ttlog_text next_value(const unsigned char **p, enum value_kind *ret_kind)
{
	struct ttlog_text value = { (const char *)*p + 3, (size_t)(*p)[1] | (size_t)(*p)[2] << 8 };

	*ret_kind = (enum value_kind)(*p)[0];
	*p += 3 + value.len;
	return value;
}

static size_t shown_width(struct ttlog_text value, enum value_kind kind)
{
	size_t width = kind == VALUE_NONE   ? strlen(NO_FIELD)
		       : kind == VALUE_NULL ? strlen(IS_NULL)
					    : out__width(value);

	return width < COLUMN_MAX_WIDTH ? width : COLUMN_MAX_WIDTH;
}

void group_widths__init(struct group_widths *ret, const struct stats *stats,
			struct group *const *groups, size_t cnt)
{
	for (unsigned i = 0; i < stats->key_cnt; i++)
		ret->keys[i] = shown_width(stats->keys[i], VALUE_TEXT);
	for (size_t g = 0; g < cnt; g++) {
		const unsigned char *p = groups[g]->key;

		for (unsigned i = 0; !groups[g]->is_rest && i < stats->key_cnt; i++) {
			enum value_kind kind;
			struct ttlog_text value = next_value(&p, &kind);

			if (shown_width(value, kind) > ret->keys[i])
				ret->keys[i] = shown_width(value, kind);
		}
	}
}

void stats__print_keys(const struct stats *stats, struct out *out,
		       const struct group_widths *widths)
{
	if (stats->counts_files)
		out__format(out, "  %*s", FILES_WIDTH, "files");
	for (unsigned i = 0; i < stats->key_cnt; i++) {
		out__text(out, "  ");
		out__plain(out, stats->keys[i]);
		if (i + 1 < stats->key_cnt)
			out__pad(out, widths->keys[i] - shown_width(stats->keys[i], VALUE_TEXT));
	}
}

void group__print(const struct group *group, const struct stats *stats, struct out *out,
		  const struct group_widths *widths)
{
	const unsigned char *p = group->key;

	if (stats->counts_files)
		out__format(out, "  %*llu", FILES_WIDTH, (unsigned long long)group->file_cnt);
	if (group->is_rest)
		out__text(out, "  (all further groups)");
	for (unsigned i = 0; !group->is_rest && i < stats->key_cnt; i++) {
		enum value_kind kind;
		struct ttlog_text value = next_value(&p, &kind);

		out__text(out, "  ");
		if (kind == VALUE_NONE)
			out__text(out, NO_FIELD);
		else if (kind == VALUE_NULL)
			out__text(out, IS_NULL);
		else
			out__plain(out, value);
		if (i + 1 < stats->key_cnt)
			out__pad(out, widths->keys[i] - shown_width(value, kind));
	}
}

/* The keys of which the group's events have a field that is null. In JSON both this and no field
 * are null. */
static void print_nulls(const struct group *group, const struct stats *stats, struct out *out)
{
	const unsigned char *p = group->key;
	bool any = false;

	for (unsigned i = 0; !group->is_rest && i < stats->key_cnt; i++) {
		enum value_kind kind;

		(void)next_value(&p, &kind);
		if (kind != VALUE_NULL)
			continue;
		out__text(out, any ? "," : ",\"null\":[");
		out__json_text(out, stats->keys[i], false);
		any = true;
	}
	if (any)
		out__char(out, ']');
}

void group__print_json(const struct group *group, const struct stats *stats, struct out *out)
{
	const unsigned char *p = group->key;

	out__text(out, "{\"group\":{");
	for (unsigned i = 0; !group->is_rest && i < stats->key_cnt; i++) {
		enum value_kind kind;
		struct ttlog_text value = next_value(&p, &kind);

		if (i)
			out__char(out, ',');
		out__json_text(out, stats->keys[i], false);
		out__char(out, ':');
		if (kind == VALUE_NONE || kind == VALUE_NULL)
			out__text(out, "null");
		else if (kind == VALUE_TEXT || ttlog_text_is(value, "NaN") ||
			 (value.len > 7 && !memcmp(value.p + value.len - 8, "Infinity", 8)))
			out__json_text(out, value, false);
		else
			out__bytes(out, value.p, value.len);
	}
	out__text(out, group->is_rest ? "},\"rest\":true" : "}");
	print_nulls(group, stats, out);
	if (stats->counts_files)
		out__json_u64(out, ",\"files\":", group->file_cnt);
}
