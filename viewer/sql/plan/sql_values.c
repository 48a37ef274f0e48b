/* SPDX-License-Identifier: MIT */
#include "sql_values.h"

int sql_values__init(struct sql_values *ret, struct store *store, const struct sql_columns *columns,
		     size_t column)
{
	int err;

	*ret = (struct sql_values){ .columns = columns, .column = column, .chunk = SIZE_MAX };
	err = sql_bounds__init(&ret->all, store);
	if (!err)
		err = sql_scan__init(&ret->scan, store, &ret->all, false);
	if (err)
		sql_values__fini(ret);
	return err;
}

void sql_values__fini(struct sql_values *values)
{
	sql_scan__fini(&values->scan);
	sql_bounds__fini(&values->all);
	*values = (struct sql_values){ .columns = NULL };
}

/* Chunks are compared by number: a new one may have the address of an old one. */
static void find_source(struct sql_values *values, const struct sql_scan_file *top)
{
	size_t file = sql_scan__file(&values->scan);
	uint32_t group = ttlog_chunk_group(top->events, top->at);
	int field;

	if (values->chunk == top->chunk && values->file == file && values->group == group)
		return;
	values->file = file;
	values->chunk = top->chunk;
	values->group = group;
	values->source = NULL;
	field = sql_columns__field(values->columns, file, top->events->groups[group].site,
				   values->column);
	if (field >= 0)
		values->source = ttlog_pinned_column(top->kept->pinned, group, (unsigned)field);
}

bool sql_values__next(struct sql_values *values, struct ttlog_field *ret, uint64_t *ret_row)
{
	struct sql_scan *scan = &values->scan;

	if (values->is_begun)
		sql_scan__next(scan);
	for (; !sql_scan__is_over(scan); sql_scan__next(scan)) {
		const struct sql_scan_file *top = scan->top;

		find_source(values, top);
		if (!values->source)
			continue;
		ttlog_column_field(values->source, ttlog_chunk_row(top->events, top->at), ret);
		*ret_row = store__row(scan->store, values->file, top->chunk, top->at);
		values->is_begun = true;
		return true;
	}
	values->is_begun = false;
	return false;
}
